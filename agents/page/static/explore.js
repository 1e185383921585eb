// Explore: a spot, how its solve went, and any of its decisions at any time of that.

import { bar, cards, colours, element, fill, grid, legend, percent, seconds } from "./shapes.js";
import { lockNode, locks, short, withLocks } from "./locks.js";
import { ask, follow } from "./talk.js";

const at = (id) => document.getElementById(id);
const FIELDS = ["game", "board", "oop", "ip", "pot", "stack", "bets", "raises", "rake", "rake_cap", "effort"];
const SHARE_STEPS = 255, MOST_ROWS = 400, SUITS = { c: "♣", d: "♦", h: "♥", s: "♠" };
let exploration = null, spotOf = null, view = null, node = null, last = null, end = () => {}, error = "", missing = "", lost = false;
let line = [], moment = null, asking = false, again = false, chosen = null, sorted = ["weight", -1], pressed = false;

async function attempt(work) {
  try {
    error = "";
    await work();
  } catch (failure) {
    error = failure.message;
  }
  render();
}

// Follows an exploration of some settings.
function open(name, settings) {
  end();
  exploration = name;
  spotOf = settings;
  sessionStorage.setItem("exploration", JSON.stringify([name, settings]));
  end = follow(name, receive, (now) => { lost = now; render(); }, () => {
    sessionStorage.removeItem("exploration");
    exploration = null;
    error = "The server no longer has this spot: solve it again.";
    render();
  }, "explorations");
}

const working = () => exploration && view && ["waiting", "building", "solving"].includes(view.status);
const sameSpot = (a, b) => FIELDS.every((name) => a[name] === b[name]);
const same = (a, b) => sameSpot(a, b) && (a.lock ?? "") === (b.lock ?? "");

// The numbers of the answers that can be shown, and which of them is: the last one, or the first one from a chosen moment on.
const answers = () => (view?.kept ?? []).flatMap((one, i) => (one.shown ? [i] : []));
const following = () => moment === null || moment >= Math.max(...answers());
const shownNumber = () => (following() ? Math.max(...answers()) : answers().find((number) => number >= moment));

function receive(found) {
  const grown = !found.progress || found.status ? found.kept?.length !== view?.kept.length || found.status !== view?.status : false;
  view = found.status ? found : { ...view, progress: found.progress };
  renderStatus();
  if (found.status) renderPlot();
  if (grown && view.kept.length) look();
}

// Asks for the decision at hand; one request at a time, the newest last.
async function look() {
  if (!exploration) return;
  if (asking) { again = true; return; }
  asking = true;
  const spot = exploration, asked = line.join(" / "), newest = following(), kept = newest ? null : shownNumber();
  const ending = at("overlay").querySelector(":checked").value === "change";
  try {
    const found = await ask(`/api/explorations/${spot}/node`, { line: asked, kept });
    const final = !ending ? null : newest ? found : await ask(`/api/explorations/${spot}/node`, { line: asked, kept: null });
    if (spot === exploration && asked === line.join(" / ")) [node, last, missing] = [found, final, ""];
  } catch (failure) {
    if (spot === exploration) missing = failure.message;
    if (spot === exploration && !node && line.length) [line, again] = [[], true]; // a link to what is not there
  }
  asking = false;
  if (again) { again = false; look(); }
  render();
}

function go(to) {
  line = to;
  chosen = null;
  at("deck").hidden = true;
  remember();
  look();
}

function remember() { // a link that leads back here
  history.replaceState(null, "", `#${new URLSearchParams({ ...short(spotOf), line: line.join(" / ") })}`);
}

function render() {
  renderStatus();
  renderPlot();
  renderNode();
}

function renderStatus() {
  at("status").ariaLive = view?.status === "solving" && !error && !missing ? "off" : "polite"; // else it would be read out five times a second
  at("status").className = error || missing || view?.error ? "error" : "";
  at("stop").hidden = !working();
  if (error || missing) at("status").textContent = error || missing;
  else if (lost) at("status").textContent = "The connection is lost; trying again.";
  else if (!view) at("status").textContent = "";
  else if (view.error) at("status").textContent = view.error;
  else {
    const now = view.progress ?? view, best = view.kept.at(-1);
    const words = { waiting: "It waits for what is thought about before.", building: "It builds the tree; the first time this compiles, for up to a minute.", solving: "Solving: ", done: "Solved: " };
    at("status").textContent = words[view.status] + (best ? `${now.iterations.toLocaleString("en")} iterations, ${seconds(now.seconds)}, a best response wins ${left(best)}` : "");
  }
  at("size").textContent = view?.size ?? "";
}

const measure = (kept) => (view.pot === null ? kept.exploitability : 100 * kept.exploitability / view.pot);
const left = (kept) => `${+measure(kept).toPrecision(2)}${view.pot === null ? " chips" : " % of the pot"}`;

function renderPlot() {
  const kept = view?.kept.filter((one) => one.exploitability > 0 && one.seconds > 0) ?? [];
  at("when").hidden = !kept.length;
  if (!view || !kept.length) { fill(at("plot")); return; }
  const scrubber = at("scrubber"), shown = view.kept[shownNumber()];
  scrubber.max = answers().length - 1;
  scrubber.value = answers().indexOf(shownNumber());
  at("shown").textContent = `${shown.iterations.toLocaleString("en")} iterations, ${seconds(shown.seconds)}, ${left(shown)}${following() && view.status === "solving" ? " (the newest)" : ""}`;
  const width = 420, height = 170, margin = 52, bottom = 28;
  const xs = kept.map((one) => Math.log10(one.seconds)), ys = kept.map((one) => Math.log10(measure(one)));
  const bounds = (values) => [Math.floor(Math.min(...values)), Math.max(Math.floor(Math.min(...values)) + 1, Math.ceil(Math.max(...values)))];
  const [x0, x1] = bounds(xs), [y0, y1] = bounds(ys);
  const x = (value) => margin + (width - margin - 16) * (value - x0) / (x1 - x0), y = (value) => 8 + (height - 8 - bottom) * (y1 - value) / (y1 - y0);
  const made = svg("svg", { viewBox: `0 0 ${width} ${height}` });
  for (let decade = x0; decade <= x1; decade++) {
    made.append(svg("line", { x1: x(decade), x2: x(decade), y1: 8, y2: height - bottom, class: "rule" }), svg("text", { x: x(decade), y: height - 10, "text-anchor": decade === x1 ? "end" : "middle" }, seconds(10 ** decade)));
  }
  for (let decade = y0; decade <= y1; decade++) {
    made.append(svg("line", { x1: margin, x2: width - 16, y1: y(decade), y2: y(decade), class: "rule" }), svg("text", { x: margin - 5, y: y(decade) + 4, "text-anchor": "end" }, `${+(10 ** decade).toPrecision(1)}${view.pot === null ? "" : " %"}`));
  }
  made.append(svg("polyline", { points: kept.map((_, i) => `${x(xs[i])},${y(ys[i])}`).join(" "), class: "curve" }));
  if (shown.seconds > 0 && shown.exploitability > 0) {
    made.append(svg("circle", { cx: x(Math.log10(shown.seconds)), cy: y(Math.log10(measure(shown))), r: 5, class: "point" }));
  }
  fill(at("plot"), made);
}

function svg(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

// Fills an element anew; which of its buttons has the focus stays so.
function refill(where, ...children) {
  const focused = [...where.querySelectorAll("button")].indexOf(document.activeElement);
  fill(where, ...children);
  if (focused >= 0) where.querySelectorAll("button")[focused]?.focus();
}

function renderNode() {
  if (pressed) return; // a button that is replaced between press and release is never clicked
  at("hint").hidden = Boolean(node);
  at("node").hidden = !node;
  if (!node) return;
  refill(at("line"), ...[[], ...node.line.map((_, i) => node.line.slice(0, i + 1))].map((to) =>
    element("li", {}, element("button", { type: "button", onclick: () => go(to), "aria-current": String(to.length === node.line.length) }, to.at(-1) ?? "start"))));
  fill(at("situation"), `${node.round}, `, node.board ? cards(node.board) : "", `${node.pot === null ? "" : ` pot ${+node.pot.toPrecision(8)}`}: ${node.seat} acts${node.locked ? " as locked" : ""}`);
  lockNode(node, (body) => ask(`/api/explorations/${exploration}/node`, { ...body, kept: following() ? null : shownNumber() }));
  const classes = colours(node.actions);
  refill(at("choices"), ...node.actions.map((words, i) => element("button", { type: "button", class: `choice ${classes[i]}`, disabled: node.next[i] === "end", onclick: () => take(i) },
    `${words}: ${node.frequencies[i] === null ? "-" : percent(node.frequencies[i])}`)));
  const overlay = at("overlay").querySelector(":checked").value;
  const choose = (name) => { chosen = chosen === name ? null : name; at("table-box").open = true; renderNode(); };
  refill(at("grid"), pairs() ? grid(cells(overlay), "hands: the table below has the same in numbers", choose) : bars());
  if (overlay === "strategy") fill(at("legend"), ...legend(node.actions));
  else if (overlay === "ev") fill(at("legend"), "EV in chips of the pot: ", element("span", {}, spot(0), " 0"), element("span", {}, spot(1), ` ${Math.round(most())}`));
  else fill(at("legend"), following() || !last ? "move the slider back in time to see what changed since" : "how much of a hand's strategy differs from the last answer's");
  renderTable();
}

const pairs = () => node.hands.every((hand) => /^([2-9TJQKA][cdhs]){2}$/.test(hand));

// Hands of small games: a bar each.
const bars = () => element("div", {}, ...node.hands.map((hand, i) => element("div", { class: "strategy" },
  element("span", {}, `${hand}${node.evs[i] === null ? "" : `, EV ${node.evs[i].toFixed(2)}`}`), bar(node.actions.map((_, k) => part(node, i, k)), node.actions))));

const heat = (value) => `hsl(${Math.round(210 - 170 * value)} 70% ${Math.round(80 - 22 * value)}%)`;
const most = () => Math.max(1, ...node.evs.filter((ev) => ev !== null));
function spot(value) {
  const made = element("span", { class: "key" });
  made.style.backgroundColor = heat(value);
  return made;
}

function className(hand) {
  const ranks = "23456789TJQKA", [a, b] = ranks.indexOf(hand[0]) >= ranks.indexOf(hand[2]) ? [0, 2] : [2, 0];
  return hand[0] === hand[2] ? hand[0] + hand[2] : hand[a] + hand[b] + (hand[1] === hand[3] ? "s" : "o");
}

// Squares of the grid: mean of a class's hands, by weight.
function cells(overlay) {
  const found = new Map(), top = most(), classes = colours(node.actions);
  node.hands.forEach((hand, i) => {
    const name = className(hand), sum = found.get(name) ?? { weight: 0, count: 0, shares: node.actions.map(() => 0), ev: 0, known: 0, change: 0 };
    const weight = node.weights[i];
    sum.weight += weight;
    sum.count += 1;
    node.actions.forEach((_, k) => { sum.shares[k] += weight * part(node, i, k); });
    if (node.evs[i] !== null) { sum.ev += weight * node.evs[i]; sum.known += weight; }
    if (last) sum.change += weight * node.actions.reduce((total, _, k) => total + Math.abs(part(node, i, k) - part(last, i, k)), 0) / 2;
    found.set(name, sum);
  });
  const made = new Map();
  for (const [name, sum] of found) {
    if (sum.weight < 1e-3 * sum.count) continue;
    const shares = sum.shares.map((total) => total / sum.weight), ev = sum.known > 0 ? sum.ev / sum.known : null, change = sum.change / sum.weight;
    const parts = overlay === "strategy" ? shares.map((value, k) => [classes[k], value]) : overlay === "ev" ? [[ev === null ? "transparent" : heat(Math.min(1, Math.max(0, ev / top))), 1]] : [[heat(Math.min(1, change)), 1]];
    const text = `${node.actions.map((words, k) => `${words} ${percent(shares[k])}`).join(", ")}${ev === null ? "" : `; EV ${ev.toFixed(2)}`}`;
    made.set(name, { height: sum.weight / sum.count, parts, text });
  }
  return made;
}

const part = (from, hand, action) => from.strategy[hand][action] / SHARE_STEPS;

function take(i) {
  const to = [...node.line, node.texts[i]];
  if (node.next[i] === "decision") { go(to); return; }
  const reveals = node.reveals[i], dead = new Set(node.cards.match(/../g)), ranks = [..."AKQJT98765432"];
  if (reveals) fill(at("deck"), ...reveals.map((text) => element("button", { type: "button", class: "card word", onclick: () => go([...to, text]) }, text)));
  else fill(at("deck"), ...Object.entries(SUITS).flatMap(([suit, sign]) => ranks.map((rank) => element("button",
    { type: "button", class: "hd".includes(suit) ? "card red" : "card", disabled: dead.has(rank + suit), onclick: () => go([...to, rank + suit]) }, rank + sign))));
  at("deck").hidden = false;
}

const COLUMNS = () => ["hand", "weight", "EV", ...node.actions, ...node.actions.map((words) => `EV ${words}`)];

function rows() {
  return node.hands.map((hand, i) => [hand, node.weights[i], node.evs[i], ...node.actions.map((_, k) => part(node, i, k))])
    .map((row, i) => [...row, ...node.actions.map((_, k) => (node.action_evs[i] ? node.action_evs[i][k] * node.unit : null))])
    .filter((row) => row[1] >= 1e-3 && (!chosen || !pairs() || className(row[0]) === chosen));
}

function renderTable() {
  at("table-title").textContent = chosen ? `Table of ${chosen} (choose it again for all)` : "Table of hands";
  if (!at("table-box").open) return;
  const columns = COLUMNS(), by = Math.max(0, columns.indexOf(sorted[0])), all = rows();
  if (all.length > MOST_ROWS) at("table-title").textContent += `: the first ${MOST_ROWS} of ${all.length.toLocaleString("en")}, all are in the CSV`;
  all.sort((a, b) => sorted[1] * (typeof a[by] === "string" ? a[by].localeCompare(b[by]) : (a[by] ?? -1e9) - (b[by] ?? -1e9)));
  refill(at("hands"), element("table", {}, element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", { scope: "col" },
    element("button", { type: "button", onclick: () => { sorted = [name, sorted[0] === name ? -sorted[1] : -1]; renderTable(); } }, name))))),
  element("tbody", {}, ...all.slice(0, MOST_ROWS).map((row) => element("tr", {}, ...row.map((value, i) =>
    element("td", {}, i === 0 ? value : i === 1 ? value.toFixed(3) : i === 2 || i >= 3 + node.actions.length ? (value === null ? "-" : value.toFixed(2)) : percent(value))))))));
}

function csv() {
  const lines = [COLUMNS(), ...rows()].map((row) => row.map((value) => (typeof value === "string" ? `"${value}"` : value === null ? "" : +value.toFixed(4))).join(","));
  const link = element("a", { href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" })), download: "decision.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

at("spot").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const settings = withLocks(Object.fromEntries(new FormData(at("spot")))), made = await ask("/api/explorations", settings);
    if (working()) ask(`/api/explorations/${exploration}/stop`, {}).catch(() => {}); // nobody would see its end
    const stays = spotOf && sameSpot(settings, spotOf) ? line : []; // with other locks its lines are the same
    [node, last, line, moment, chosen, missing] = [null, null, same(settings, link) ? linkedLine() : stays, null, null, ""];
    link = {};
    at("deck").hidden = true;
    open(made.exploration, settings);
    view = made;
    remember();
  });
});
at("spot").elements.game.addEventListener("change", showFields);
at("stop").addEventListener("click", () => attempt(async () => receive(await ask(`/api/explorations/${exploration}/stop`, {}))));
at("scrubber").addEventListener("input", () => {
  moment = at("scrubber").value === at("scrubber").max ? null : answers()[Number(at("scrubber").value)];
  render();
  look();
});
for (const choice of document.querySelectorAll("#overlay input")) choice.addEventListener("change", look);
at("table-box").addEventListener("toggle", () => node && renderTable());
at("csv").addEventListener("click", csv);
at("node").addEventListener("pointerdown", () => { pressed = true; });
for (const ending of ["pointerup", "pointercancel"]) document.addEventListener(ending, () => setTimeout(() => { pressed = false; renderNode(); }));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || event.repeat || !node) return;
  if (event.key === "Backspace" && line.length) go(line.slice(0, -1));
  else if (/^[1-9]$/.test(event.key) && node.next[event.key - 1] && node.next[event.key - 1] !== "end") take(event.key - 1);
});

function showFields() {
  const small = at("spot").elements.game.value !== "spot";
  at("of-spot").hidden = small;
  for (const field of at("of-spot").querySelectorAll("input, textarea")) field.required = !small && field.name !== "raises";
}

// A link leads back to a spot and a decision: at once where this tab has it solved, else when it is solved again. Without one the tab comes
// back to what it solved last.
const [stored, settings] = JSON.parse(sessionStorage.getItem("exploration") ?? "[null, {}]");
let link = location.hash ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : settings;
const linkedLine = () => (link.line ?? "").split(" / ").filter(Boolean);
for (const name of FIELDS) if (name in link) at("spot").elements[name].value = link[name];
locks(link.lock);
showFields();
await attempt(async () => {
  if (!stored || !same(settings, link)) return;
  try {
    view = await ask(`/api/explorations/${stored}`);
  } catch {
    sessionStorage.removeItem("exploration");
    return;
  }
  line = linkedLine();
  open(stored, settings);
  look();
});
