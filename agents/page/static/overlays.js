// What the squares of the grid show of a decision: its strategy, EV, equity, or how much it still changes.

import { colours, element, legend, percent } from "./shapes.js";
import { actionWords, amount, figure, unitName } from "./units.js";

const SHARE_STEPS = 255;
export const part = (from, hand, action) => from.strategy[hand][action] / SHARE_STEPS;
export const isPair = (hand) => /^([2-9TJQKA][cdhs]){2}$/.test(hand);
export const equityOf = (node, i) => (node.equities?.[i] ?? null) === null ? null : node.equities[i] / 1000;

// From blue over white to orange, which the colour-blind tell apart: black text can be read on all of it.
const LOW = [104, 168, 214], MIDDLE = [246, 244, 238], HIGH = [240, 148, 60];
export function heat(value) {
  const [from, to, share] = value < 0.5 ? [LOW, MIDDLE, 2 * value] : [MIDDLE, HIGH, 2 * value - 1];
  return `rgb(${from.map((start, i) => Math.round(start + (to[i] - start) * share)).join(" ")})`;
}

export function className(hand) {
  const ranks = "23456789TJQKA", [a, b] = ranks.indexOf(hand[0]) >= ranks.indexOf(hand[2]) ? [0, 2] : [2, 0];
  return hand[0] === hand[2] ? hand[0] + hand[2] : hand[a] + hand[b] + (hand[1] === hand[3] ? "s" : "o");
}

const most = (node) => Math.max(1e-9, ...node.evs.filter((ev) => ev !== null));
const bounded = (value) => Math.min(1, Math.max(0, value));

function spot(value) {
  const made = element("span", { class: "key" });
  made.style.backgroundColor = heat(value);
  return made;
}

// Squares of the grid: the mean of a class's hands, by weight; `last` is the last answer's decision, for the change until then.
export function cells(node, last, overlay) {
  const sums = new Map(), top = most(node), classes = colours(node.actions), words = node.actions.map((text) => actionWords(text, node.pot));
  node.hands.forEach((hand, i) => {
    const name = className(hand), sum = sums.get(name) ?? { weight: 0, count: 0, shares: node.actions.map(() => 0), ev: 0, known: 0, change: 0, equity: 0, even: 0 };
    const weight = node.weights[i], equity = equityOf(node, i);
    sum.weight += weight;
    sum.count += 1;
    node.actions.forEach((_, k) => { sum.shares[k] += weight * part(node, i, k); });
    if (node.evs[i] !== null) { sum.ev += weight * node.evs[i]; sum.known += weight; }
    if (equity !== null) { sum.equity += weight * equity; sum.even += weight; }
    if (last) sum.change += weight * node.actions.reduce((total, _, k) => total + Math.abs(part(node, i, k) - part(last, i, k)), 0) / 2;
    sums.set(name, sum);
  });
  const made = new Map();
  for (const [name, sum] of sums) {
    if (sum.weight < 1e-3 * sum.count) continue;
    const shares = sum.shares.map((total) => total / sum.weight), change = sum.change / sum.weight;
    const ev = sum.known > 0 ? sum.ev / sum.known : null, equity = sum.even > 0 ? sum.equity / sum.even : null;
    const warm = (value) => [[value === null ? "transparent" : heat(bounded(value)), 1]];
    const parts = { strategy: () => shares.map((value, k) => [classes[k], value]), ev: () => warm(ev === null ? null : ev / top), equity: () => warm(equity), change: () => warm(change) }[overlay]();
    const note = { ev: () => (ev === null ? "" : figure(ev, node.pot)), equity: () => (equity === null ? "" : percent(equity)) }[overlay]?.() ?? "";
    const text = `${words.map((action, k) => `${action} ${percent(shares[k])}`).join(", ")}${ev === null ? "" : `; EV ${amount(ev, node.pot)}`}${equity === null ? "" : `; equity ${percent(equity)}`}`;
    made.set(name, { height: sum.weight / sum.count, parts, text, note });
  }
  return made;
}

// What stands below the grid; `back` says whether an earlier answer is shown.
export function overlayLegend(node, overlay, back) {
  const ends = (text, low, high) => [text, element("span", {}, spot(0), ` ${low}`), element("span", {}, spot(1), ` ${high}`)];
  if (overlay === "strategy") return legend(node.actions, node.actions.map((words) => actionWords(words, node.pot)));
  if (overlay === "ev") return ends(`EV, ${unitName(node.pot)}, of the pot from here on: `, figure(0, node.pot), figure(most(node), node.pot));
  if (overlay === "equity") return node.equities ? ends("equity, share of the pot at showdown if nobody bets any more: ", "0%", "100%") : [node.pot === null ? "this game has no equities" : "equities of this decision are being worked out"];
  return [back ? "how much of a hand's strategy differs from the last answer's" : "move the slider back in time to see what changed since"];
}
