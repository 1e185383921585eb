// The table of hands, sorted by any column, and the same as a file.

import { download, element, fill, percent } from "./shapes.js";
import { className, equityOf, isPair, part } from "./overlays.js";
import { actionWords, figure, inUnit, unitName } from "./units.js";

const MOST_ROWS = 400, LEAST_WEIGHT = 1e-3, LEAST_EQUITY = 0.01;
let sorted = ["weight", -1];

// Columns: what names them, what they are called, what they hold, and the value of hand i.
function columns(node) {
  const pot = node.pot, ev = (i) => node.evs[i], words = node.actions.map((text) => actionWords(text, pot));
  const realized = (i) => (ev(i) === null || !(equityOf(node, i) >= LEAST_EQUITY) ? null : ev(i) / (equityOf(node, i) * pot));
  return [
    ["hand", "hand", "text", (i) => node.hands[i]],
    ...(node.made ? [["class", "class", "text", (i) => node.classes[node.made[i]]]] : []),
    ["weight", "weight", "weight", (i) => node.weights[i]],
    ["ev", `EV, ${unitName(pot)}`, "chips", ev],
    ...(node.equities ? [["equity", "equity", "share", (i) => equityOf(node, i)], ["eqr", "EQR", "share", realized]] : []),
    ...words.map((name, k) => [`action ${k}`, name, "share", (i) => part(node, i, k)]),
    ...words.map((name, k) => [`ev ${k}`, `EV ${name}, ${unitName(pot)}`, "chips", (i) => (node.action_evs[i] ? node.action_evs[i][k] * node.unit : null)]),
  ];
}

const shown = (value, kind, pot) => (value === null ? "-" : kind === "text" ? value : kind === "weight" ? value.toFixed(3) : kind === "share" ? percent(value) : figure(value, pot));
const isKind = (node, i, kind) => !kind || !node.made || node.kinds[node.made[i]].includes(kind);
const hands = (node, chosen, kind) => node.hands.map((_, i) => i).filter((i) => node.weights[i] >= LEAST_WEIGHT && (!chosen || !isPair(node.hands[i]) || className(node.hands[i]) === chosen) && isKind(node, i, kind));

// Fills a menu with the kinds of hands that are there; the one that was chosen stays so, even where no hand is of it. Returns it.
export function kindMenu(menu, node) {
  const kind = menu.value, kinds = [...new Set([...(node.kinds ?? []).flat(), ...(kind ? [kind] : [])])].sort();
  menu.parentElement.hidden = !node.made;
  if (kinds.join() !== menu.dataset.kinds) { // an open menu that is filled anew would close
    fill(menu, element("option", { value: "" }, "all hands"), ...kinds.map((name) => element("option", { value: name }, name)));
    menu.dataset.kinds = kinds.join();
    menu.value = kind;
  }
  return kind;
}

// Returns the table of a class of hands or of all, of a kind or of all, and how many hands it leaves out.
export function handTable(node, chosen, kind, again) {
  const all = columns(node), by = all.find(([key]) => key === sorted[0]) ?? all[0], ids = hands(node, chosen, kind);
  const value = new Map(ids.map((i) => [i, by[3](i)]));
  ids.sort((a, b) => sorted[1] * (by[2] === "text" ? value.get(a).localeCompare(value.get(b)) : (value.get(a) ?? -1e9) - (value.get(b) ?? -1e9)));
  const head = element("tr", {}, ...all.map(([key, name, kind]) => element("th", { scope: "col", class: kind === "text" ? "text" : null, "aria-sort": key === sorted[0] ? (sorted[1] > 0 ? "ascending" : "descending") : null },
    element("button", { type: "button", onclick: () => { sorted = [key, sorted[0] === key ? -sorted[1] : -1]; again(); } }, name))));
  const body = ids.slice(0, MOST_ROWS).map((i) => element("tr", {}, ...all.map(([, , kind, of]) => element("td", { class: kind === "text" ? "text" : null }, shown(of(i), kind, node.pot)))));
  return [element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)), ids.length > MOST_ROWS ? `the first ${MOST_ROWS} of ${ids.length.toLocaleString("en")}, all are in the CSV` : ""];
}

export function saveHands(node, chosen, kind) {
  const all = columns(node), text = (value) => (typeof value === "string" ? `"${value}"` : value === null ? "" : +value.toFixed(4));
  const lines = hands(node, chosen, kind).map((i) => all.map(([, , kind, of]) => text(kind === "chips" && of(i) !== null ? inUnit(of(i), node.pot) : of(i))));
  download([all.map(([, name]) => text(name)), ...lines].map((row) => row.join(",")).join("\n") + "\n", "text/csv", "decision.csv");
}
