// Explore: a spot, how its solve went, and any of its decisions at any time of that.

import { handTable, kindMenu, saveHands } from "./hand_table.js";
import { lockNode, locks, short, solvedAs, withLocks } from "./locks.js";
import { askWorth, closeDeck, openDeck, renderDeck } from "./next_cards.js";
import { cells, isPair, overlayLegend, part } from "./overlays.js";
import { setUpPresets } from "./presets.js";
import { saveButtons } from "./save_figure.js";
import { bar, cards, colours, element, fill, grid, percent, seconds } from "./shapes.js";
import { ask, follow } from "./talk.js";
import { actionWords, amount, chooseUnit, figure, potWords } from "./units.js";

const at = (id) => document.getElementById(id);
const FIELDS = ["game", "board", "oop", "ip", "pot", "stack", "chip", "bets", "raises", "rake", "rake_cap", "effort", "target", "seconds"];
const PATIENCE = 30; // times as long as a look takes until the next that nobody asks for: to read a decision takes as long as an iteration
let nextLook = 0;
let exploration = null, spotOf = null, view = null, node = null, last = null, end = () => {}, error = "", missing = "", lost = false;
let line = [], moment = null, asking = false, again = false, chosen = null, pressed = false, opening = null;

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
  nextLook = 0;
  sessionStorage.setItem("exploration", JSON.stringify([name, settings]));
  end = follow(name, receive, (now) => { lost = now; render(); }, () => {
    sessionStorage.removeItem("exploration");
    exploration = null;
    error = "The server no longer has this spot: solve it again.";
    render();
  }, "explorations");
}

const overlayChosen = () => at("overlay").querySelector(":checked").value;
const working = () => exploration && view && ["waiting", "building", "solving"].includes(view.status);
const sameSpot = (a, b) => FIELDS.every((name) => (a[name] ?? "") === (b[name] ?? "")); // an older link has no chip
const nameOf = (settings) => JSON.stringify([...FIELDS, "lock"].map((name) => settings[name] ?? ""));
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
  if (grown && view.kept.length && (!working() || performance.now() >= nextLook)) look();
}

// Asks for the decision at hand; one request at a time, the newest last.
async function look() {
  if (!exploration) return;
  if (asking) { again = true; return; }
  asking = true;
  const answersThen = view?.kept.length ?? 0, begun = performance.now();
  const spot = exploration, asked = line.join(" / "), newest = following(), kept = newest ? null : shownNumber();
  const ending = overlayChosen() === "change", equity = overlayChosen() === "equity" || at("table-box").open; // on a flop they take long
  try {
    const found = await ask(`/api/explorations/${spot}/node`, { line: asked, kept, equity });
    const final = !ending ? null : newest ? found : await ask(`/api/explorations/${spot}/node`, { line: asked, kept: null });
    if (spot === exploration && asked === line.join(" / ")) {
      [node, last, missing] = [found, final, ""];
      at("node").dataset.answers = answersThen; // how new it is
      if (opening !== null) take(node.texts.indexOf(opening));
      opening = null;
    }
  } catch (failure) {
    if (spot === exploration) missing = failure.message;
    if (spot === exploration && !node && line.length) [line, again] = [[], true]; // a link to what is not there
  }
  asking = false;
  if (spot === exploration) nextLook = performance.now() + PATIENCE * (performance.now() - begun);
  if (again) { again = false; look(); }
  render();
}

// Shows where a line leads: a decision, or of the one at hand where a card came, which may be another one.
function go(to) {
  const comes = to.length && node?.dealt.includes(to.length) && to.every((step, i) => step === node.line[i]);
  [line, opening] = comes ? [to.slice(0, -1), to.at(-1)] : [to, null];
  chosen = null;
  closeDeck();
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
  at("when").hidden = at("save-plot").hidden = !kept.length;
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
  fill(at("situation"), `${node.round}, `, node.board ? cards(node.board) : "", `${node.pot === null ? "" : ` pot ${potWords(node.pot)}`}: ${node.seats?.[node.player] ?? node.seat} acts${node.locked ? " as locked" : ""}`);
  fill(at("players"), ...(node.players ?? []).map((one, p) => element("span", {}, `${node.seats[p]}: EV ${amount(one.ev, node.pot)}${one.equity === null ? "" : `, equity ${percent(one.equity)}`}${one.eqr === null ? "" : `, EQR ${percent(one.eqr)}`}`)));
  lockNode(node, (body) => ask(`/api/explorations/${exploration}/node`, { ...body, kept: following() ? null : shownNumber() }));
  const classes = colours(node.actions);
  refill(at("choices"), ...node.actions.map((words, i) => element("button", { type: "button", class: `choice ${classes[i]}`, disabled: node.next[i] === "end", onclick: () => take(i) },
    `${actionWords(words, node.pot)}: ${node.frequencies[i] === null ? "-" : percent(node.frequencies[i])}`)));
  const choose = (name) => { chosen = chosen === name ? null : name; at("table-box").open = true; renderNode(); };
  refill(at("grid"), pairs() ? grid(cells(node, last, overlayChosen()), "hands: the table below has the same in numbers", choose) : bars());
  fill(at("legend"), ...overlayLegend(node, overlayChosen(), !following() && last));
  renderTable();
}

const pairs = () => node.hands.every(isPair);

// Hands of small games: a bar each.
const bars = () => element("div", {}, ...node.hands.map((hand, i) => element("div", { class: "strategy" },
  element("span", {}, `${hand}${node.evs[i] === null ? "" : `, EV ${figure(node.evs[i], node.pot)}`}`), bar(node.actions.map((_, k) => part(node, i, k)), node.actions))));

function take(i) {
  const to = [...node.line, node.texts[i]];
  if (node.next[i] === "decision") { go(to); return; }
  const spot = exploration, asked = (to) => ask(`/api/explorations/${spot}/cards`, { line: to.join(" / "), kept: following() ? null : shownNumber() });
  openDeck(to, new Set(node.cards.match(/../g)), node.reveals[i], asked, go);
}

function renderTable() {
  const title = chosen ? `Table of ${chosen} (choose it again for all)` : "Table of hands";
  at("table-title").textContent = title;
  if (!at("table-box").open) return;
  const [table, missed] = handTable(node, chosen, kindMenu(at("kind"), node), renderTable);
  at("table-title").textContent = missed ? `${title}: ${missed}` : title;
  refill(at("hands"), table);
}

at("spot").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const settings = withLocks(Object.fromEntries(new FormData(at("spot")))), made = await ask("/api/explorations", settings);
    if (working()) ask(`/api/explorations/${exploration}/stop`, {}).catch(() => {}); // nobody would see its end
    const stays = spotOf && sameSpot(settings, spotOf) ? line : []; // with other locks its lines are the same
    [node, last, line, moment, chosen, missing] = [null, null, same(settings, link) ? linkedLine() : stays, null, null, ""];
    link = {};
    closeDeck();
    open(made.exploration, settings);
    solvedAs(nameOf(settings));
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
at("table-box").addEventListener("toggle", () => { if (node) renderTable(); if (at("table-box").open && !node?.equities) look(); });
at("kind").addEventListener("change", renderTable);
at("csv").addEventListener("click", () => saveHands(node, chosen, at("kind").value));
at("ask-worth").addEventListener("click", () => attempt(() => askWorth(() => (view.kept[shownNumber()]?.iterations ?? 0).toLocaleString("en"))));
const about = () => [`${spotOf.game === "spot" ? spotOf.board : spotOf.game}, ${node?.line.join(" / ") || "the first decision"}`, at("shown").textContent];
at("save-plot").append(saveButtons(() => [at("plot")], about, "convergence"));
at("save-grid").append(saveButtons(() => [at("grid"), at("legend")], about, "grid"));
chooseUnit(at("unit"), at("blind"), () => { renderNode(); renderDeck(); });
at("node").addEventListener("pointerdown", () => { pressed = true; });
for (const ending of ["pointerup", "pointercancel"]) document.addEventListener(ending, () => setTimeout(() => { pressed = false; renderNode(); }));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || event.repeat || !node) return;
  if (event.key === "Backspace" && line.length) go(line.slice(0, -1));
  else if (/^[1-9]$/.test(event.key) && node.next[event.key - 1] && node.next[event.key - 1] !== "end") take(event.key - 1);
});

addEventListener("hashchange", () => location.reload()); // a link that is typed or pasted here

function showFields() {
  const small = at("spot").elements.game.value !== "spot";
  at("of-spot").hidden = small;
  for (const field of at("of-spot").querySelectorAll("input, textarea")) field.required = !small && !["raises", "chip"].includes(field.name);
}

// A link leads back to a spot and a decision: at once where this tab has it solved, else when it is solved again. Without one the tab comes
// back to what it solved last.
const [stored, settings] = JSON.parse(sessionStorage.getItem("exploration") ?? "[null, {}]");
let link = location.hash ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : settings;
if (same(short(settings), link)) link = { ...settings, line: link.line ?? "" }; // locks that are too long for a link
const linkedLine = () => (link.line ?? "").split(" / ").filter(Boolean);
for (const name of FIELDS) if (name in link) at("spot").elements[name].value = link[name];
locks(link.lock, nameOf(link));
showFields();
setUpPresets(at("spot"), at("estimate"));
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
