// Saves a figure of the page as SVG or PNG: what stands in some elements, read from the page as it is drawn.

import { download, element } from "./shapes.js";

const MARGIN = 12, SCALE = 2, FONTS = "system-ui, DejaVu Sans, sans-serif";
const HATCHES = { // of the actions, as page.css draws them: direction of the lines and pixels between them
  "a-fold": ["/", 7], "a-bet0": ["|", 6], "a-bet1": ["-", 6], "a-bet2": ["\\", 5], "a-bet3": [".", 5], "a-bet4": ["/", 4], "a-bet5": ["|", 4],
};
const LINES = { "/": (n) => `M0 ${n}L${n} 0`, "\\": (n) => `M0 0L${n} ${n}`, "|": (n) => `M0 0V${n}`, "-": (n) => `M0 0H${n}`, ".": (n) => `M1 1h${n > 4 ? 1.5 : 1}` };

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const round = (value) => Math.round(10 * value) / 10;
const seen = (colour) => colour && colour !== "transparent" && !/rgba\(.*, 0\)/.test(colour);

// Adds what an element draws to a list of SVG elements; x and y are where the figure begins.
function draw(node, x, y, list) {
  if (node instanceof SVGElement) { drawSvg(node, x, y, list); return; }
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  if (node.hidden || style.display === "none" || !box.width) return;
  const where = `x="${round(box.x - x)}" y="${round(box.y - y)}" width="${round(box.width)}" height="${round(box.height)}"`;
  if (seen(style.backgroundColor)) list.push(`<rect ${where} fill="${style.backgroundColor}"/>`);
  const hatch = Object.keys(HATCHES).find((name) => node.classList.contains(name));
  if (hatch) list.push(`<rect ${where} fill="url(#${hatch})"/>`);
  if (node.classList.contains("cell")) list.push(`<rect ${where} fill="none" stroke="#999" stroke-width=".5"/>`);
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) drawText(child, style, x, y, list);
    else if (child.nodeType === Node.ELEMENT_NODE) draw(child, x, y, list);
  }
}

function drawText(node, style, x, y, list) {
  if (!node.data.trim()) return;
  const range = document.createRange(), lines = new Map();
  for (let i = 0; i < node.length; i++) { // a line of its own where the text wraps
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getClientRects()[0];
    if (!box) continue;
    const key = Math.round(box.bottom), line = lines.get(key) ?? { left: box.left, bottom: box.bottom, text: "" };
    line.text += node.data[i];
    lines.set(key, line);
  }
  const size = parseFloat(style.fontSize);
  for (const line of lines.values()) {
    list.push(`<text x="${round(line.left - x)}" y="${round(line.bottom - y - 0.22 * size)}" font-size="${round(size)}" font-weight="${style.fontWeight}" fill="${style.color}">${escaped(line.text)}</text>`);
  }
}

// A plot of the page: its parts with the colours that the style sheet gives them.
function drawSvg(svg, x, y, list) {
  const box = svg.getBoundingClientRect(), [, , width] = svg.getAttribute("viewBox").split(" ").map(Number), copy = svg.cloneNode(true);
  [...svg.children].forEach((part, i) => {
    const style = getComputedStyle(part);
    for (const name of ["fill", "stroke", "stroke-width", "font-size", "text-anchor"]) copy.children[i].setAttribute(name, style.getPropertyValue(name));
    copy.children[i].removeAttribute("class");
  });
  list.push(`<g transform="translate(${round(box.x - x)} ${round(box.y - y)}) scale(${box.width / width})">${copy.innerHTML.replaceAll(' xmlns="http://www.w3.org/2000/svg"', "")}</g>`);
}

// Breaks a text into lines that are no wider than so many pixels.
function broken(text, most) {
  const pen = document.createElement("canvas").getContext("2d"), lines = [];
  pen.font = `12px ${FONTS}`;
  for (const word of text.split(" ")) {
    if (lines.length && pen.measureText(`${lines.at(-1)} ${word}`).width <= most) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines;
}

// Returns some elements as the text of an SVG, with lines of text below them, and its size.
function figureOf(elements, texts) {
  const boxes = elements.map((one) => one.getBoundingClientRect());
  const x = Math.min(...boxes.map((box) => box.left)) - MARGIN, y = Math.min(...boxes.map((box) => box.top)) - MARGIN;
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - x + MARGIN), bottom = Math.max(...boxes.map((box) => box.bottom)) - y;
  const notes = texts.flatMap((text) => broken(text, width - 2 * MARGIN));
  const height = Math.ceil(bottom + MARGIN + 16 * notes.length), list = [], front = getComputedStyle(document.body);
  for (const one of elements) draw(one, x, y, list);
  notes.forEach((text, i) => list.push(`<text x="${MARGIN}" y="${round(bottom + 16 * (i + 1))}" font-size="12" fill="${front.color}">${escaped(text)}</text>`));
  const patterns = Object.entries(HATCHES).map(([name, [sign, size]]) => `<pattern id="${name}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><path d="${LINES[sign](size)}" stroke="#0003" stroke-width="1.5" fill="none"/></pattern>`);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONTS}"><defs>${patterns.join("")}</defs><rect width="${width}" height="${height}" fill="${getComputedStyle(elements[0].closest("section")).backgroundColor}"/>${list.join("")}</svg>`;
  return { text, width, height };
}

async function asPng({ text, width, height }) {
  const picture = new Image(), canvas = document.createElement("canvas");
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  [canvas.width, canvas.height] = [SCALE * width, SCALE * height];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

// Returns two buttons that save a figure; `parts` returns its elements, `notes` the lines below it, `name` that of the file.
export const saveButtons = (parts, notes, name) => element("span", { class: "save" },
  element("button", { type: "button", onclick: async () => download(await asPng(figureOf(parts(), notes())), "image/png", `${name}.png`) }, "Save PNG"), " ",
  element("button", { type: "button", onclick: () => download(figureOf(parts(), notes()).text, "image/svg+xml", `${name}.svg`) }, "Save SVG"));
