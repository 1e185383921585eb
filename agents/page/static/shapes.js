// Small pieces of the page: elements, cards, bars of a strategy, and the grid of hands.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export const fill = (where, ...children) => where.replaceChildren(...children.filter((child) => child !== null));

// Cards as people write them, "A♥ K♦ | 2♣": each in a box of its own. Hands of other games are words.
export function cards(text) {
  const made = element("span", { class: "cards" });
  for (const word of text.split(" ")) {
    if (word === "|" || word === "") continue;
    const red = /[♥♦]$/.test(word), card = /[♥♦♣♠]$/.test(word);
    made.append(element("span", { class: `card${red ? " red" : ""}${card ? "" : " word"}` }, word));
  }
  return made;
}

export const hidden = (count) => element("span", { class: "cards", "aria-label": "hidden cards" },
  ...Array.from({ length: count }, () => element("span", { class: "card back" }, "?")));

export const fixed = (number, digits) => Number(number.toFixed(digits)).toFixed(digits); // -0.001 is 0.00, without a minus
export const percent = (share) => `${fixed(100 * share, share > 0 && share < 0.0995 ? 1 : 0)}%`;

export function seconds(value) {
  if (value === 0) return "no time";
  return value < 1 ? `${+(1000 * value).toPrecision(2)} ms` : `${+value.toPrecision(2)} s`;
}

// The class of each action's colour: fold, check or call, and bets from the smallest on.
export function colours(actions) {
  let bets = 0;
  return actions.map((words) => {
    const first = words.split(" ")[0].toLowerCase();
    if (first === "fold") return "a-fold";
    if (["check", "call", "pass"].includes(first)) return "a-pass";
    return `a-bet${Math.min(bets++, 5)}`;
  });
}

// Shares of actions as a bar; `words` are what the actions are called, where not as their colours' names.
export function bar(shares, actions, words = actions) {
  const classes = colours(actions);
  const text = words.map((words, i) => `${words} ${percent(shares[i])}`).join(", ");
  const made = element("div", { class: "bar", role: "img", "aria-label": text, title: text });
  shares.forEach((share, i) => {
    if (share <= 0) return;
    const part = element("span", { class: classes[i] }, share > 0.12 ? percent(share) : "");
    part.style.width = `${100 * share}%`;
    made.append(part);
  });
  return made;
}

export const legend = (actions, words = actions) => {
  const classes = colours(actions);
  return words.map((text, i) => element("span", {}, element("span", { class: `key ${classes[i]}` }), text));
};

export function download(content, type, name) {
  const link = element("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const RANKS = "23456789TJQKA";
export const combos = (name) => (name.length === 2 ? 6 : name.endsWith("s") ? 4 : 12);
export const isClass = (name) => /^[2-9TJQKA]{2}[so]?$/.test(name);

// Classes of two cards as a grid: pairs on the diagonal, suited hands above it. `cells` has a class's height (1 fills its square), the
// parts that fill it as [CSS class or colour, share], what is said of it, and a note on it, if any. Where it has `less`, parts of the same kind,
// they fill its lower half, and its parts the upper one.
export function grid(cells, label, choose = null) {
  const names = [...cells.keys()];
  const ranks = [...RANKS].reverse().filter((rank) => names.some((name) => name.slice(0, 2).includes(rank)));
  const made = element("div", { class: "grid", role: "group", "aria-label": label });
  made.style.setProperty("--ranks", ranks.length);
  ranks.forEach((first, i) => ranks.forEach((second, j) => {
    const name = i === j ? first + second : i < j ? `${first}${second}s` : `${second}${first}o`;
    const cell = cells.get(name);
    const square = element(choose ? "button" : "div", { class: cell ? "cell" : "cell absent", ...(choose ? { type: "button", tabindex: "-1", onclick: () => choose(name) } : {}) });
    if (cell) {
      square.append(filled(cell.parts, cell.less ? "fill upper" : "fill", cell.less ? 0.5 : cell.height));
      if (cell.less) square.append(filled(cell.less, "fill", 0.5));
      square.title = `${name}: ${cell.text}`;
    }
    square.append(element("b", {}, name), cell?.note ? element("i", {}, cell.note) : "");
    made.append(square);
  }));
  return made;
}

function filled(parts, look, height) {
  const inside = element("div", { class: look });
  inside.style.height = `${Math.max(6, 100 * height)}%`;
  for (const [colour, share] of parts) {
    const part = element("span", colour.startsWith("a-") ? { class: colour } : {});
    if (!colour.startsWith("a-")) part.style.backgroundColor = colour;
    part.style.width = `${100 * share}%`;
    inside.append(part);
  }
  return inside;
}

// What is likely, in the colours of the actions: rows of hand, share of the range, and shares of the actions.
export function strategyCells(rows, actions) {
  const most = Math.max(...rows.map((row) => row.share / combos(row.hand))), classes = colours(actions);
  return new Map(rows.map((row) => [row.hand, {
    height: row.share / combos(row.hand) / most,
    parts: row.shares.map((share, i) => [classes[i], share]),
    text: `${actions.map((words, i) => `${words} ${percent(row.shares[i])}`).join(", ")}; ${percent(row.share)} of the range`,
  }]));
}
