// Where a card comes: the deck to choose from, what each card is worth in a table, and the same as a heat map over the deck.

import { bar, element, fill, percent } from "./shapes.js";
import { heat } from "./overlays.js";
import { actionWords, figure, unitName } from "./units.js";

const SUITS = { c: "♣", d: "♦", h: "♥", s: "♠" }, RANKS = [..."AKQJT98765432"];
const at = (id) => document.getElementById(id);
let place = null, sorted = ["ev0", -1], measure = "ev0"; // of the deck that is open: its line, dead cards, and what the server said of them

const name = (card) => card[0] + SUITS[card[1]];

export function closeDeck() {
  place = null;
  for (const id of ["deck", "worth"]) at(id).hidden = true;
}

// Opens the deck behind a line. `reveals` are what chance may reveal in a small game, null in hold'em; `ask` returns what cards are worth.
export function openDeck(line, dead, reveals, ask, go) {
  place = { line, dead, reveals, ask, go, row: null };
  at("worth").hidden = Boolean(reveals);
  at("ask-worth").textContent = "What is each card worth?";
  renderDeck();
}

// What the deck and the table can be sorted and coloured by: a name, and a row's value.
function measures(row) {
  const main = mainAction(row), seats = row.seats;
  return new Map([
    ["ev0", [`EV ${seats[0]}, ${unitName(row.pot)}`, (one) => one.ev?.[0] ?? null, (value) => figure(value, row.pot)]],
    ["ev1", [`EV ${seats[1]}, ${unitName(row.pot)}`, (one) => one.ev?.[1] ?? null, (value) => figure(value, row.pot)]],
    ["equity", [`equity ${seats[0]}`, (one) => one.equity[0], percent]],
    ["main", [`${actionWords(row.actions[main], row.pot)}, ${seats[row.player]}`, (one) => one.frequencies?.[main] ?? null, percent]],
  ]);
}

// The action that is taken most often on all cards together.
function mainAction(row) {
  const often = row.actions.map((_, k) => row.cards.reduce((sum, one) => sum + one.share * (one.frequencies?.[k] ?? 0), 0));
  return often.indexOf(Math.max(...often));
}

export function renderDeck() {
  if (!place) return;
  const { line, dead, reveals, row, go } = place, to = (card) => () => go([...line, card]);
  at("deck").hidden = false;
  at("deck").classList.toggle("heat", Boolean(row));
  if (reveals) fill(at("deck"), ...reveals.map((text) => element("button", { type: "button", class: "card word", onclick: to(text) }, text)));
  else {
    const worth = row && worthByCard(row);
    fill(at("deck"), ...Object.keys(SUITS).flatMap((suit) => RANKS.map((rank) => cardButton(rank + suit, dead.has(rank + suit), to(rank + suit), worth))));
  }
  fill(at("worth-box"), ...(row ? [choice(row), table(row, go, line), element("p", {}, `After ${row.iterations} iterations.${row.cards.some((one) => one.cards.length > 1) ? " Cards that suits make equal share a row." : ""}`)] : []));
}

function worthByCard(row) {
  const [, of, text] = measures(row).get(measure), known = row.cards.map(of).filter((value) => value !== null);
  const low = Math.min(...known), high = Math.max(...known);
  return new Map(row.cards.flatMap((one) => one.cards.map((card) => [card, of(one) === null ? null : { colour: heat(high > low ? (of(one) - low) / (high - low) : 0.5), text: text(of(one)) }])));
}

function cardButton(card, isDead, onclick, worth) {
  const here = worth?.get(card), red = "hd".includes(card[1]);
  const made = element("button", { type: "button", class: red ? "card red" : "card", disabled: isDead || (worth && !here), onclick }, name(card), here ? element("small", {}, here.text) : null);
  if (here) made.style.backgroundColor = here.colour;
  return made;
}

const choice = (row) => element("label", {}, "The deck's colours (blue is least, orange is most): ", element("select", { id: "measure", onchange: (event) => { measure = event.target.value; renderDeck(); } },
  ...[...measures(row)].map(([key, [text]]) => element("option", { value: key, selected: key === measure }, text))));

function table(row, go, line) {
  const all = measures(row), words = row.actions.map((text) => actionWords(text, row.pot));
  const value = (one) => (sorted[0] === "cards" ? -RANKS.indexOf(one.cards[0][0]) : sorted[0] === "share" ? one.share : all.get(sorted[0])[1](one)) ?? -1e9;
  const heads = [["cards", "card"], ["share", "comes"], ...[...all].map(([key, [text]]) => [key, text])];
  const head = heads.map(([key, text]) => element("th", { scope: "col", "aria-sort": key === sorted[0] ? (sorted[1] > 0 ? "ascending" : "descending") : null },
    element("button", { type: "button", onclick: () => { sorted = [key, sorted[0] === key ? -sorted[1] : -1]; renderDeck(); } }, text)));
  const body = [...row.cards].sort((a, b) => sorted[1] * (value(a) - value(b))).map((one) => element("tr", {},
    element("td", {}, ...one.cards.map((card) => element("button", { type: "button", class: "link", onclick: () => go([...line, card]) }, name(card)))),
    element("td", {}, percent(one.share)),
    ...[...all.values()].map(([, of, text]) => element("td", {}, of(one) === null ? "-" : text(of(one)))),
    element("td", { class: "wide" }, one.frequencies ? bar(one.frequencies, row.actions, words) : "-")));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, ...head, element("th", { scope: "col" }, `actions, ${row.seats[row.player]}`))), element("tbody", {}, ...body)));
}

// The button asks once: the table stays as it was until it is asked again.
export async function askWorth(iterations) {
  const asked = place;
  if (!asked) return;
  at("ask-worth").disabled = true;
  try {
    const row = await asked.ask(asked.line);
    if (asked !== place) return; // another deck is open by now
    place.row = { ...row, iterations: iterations() };
    at("ask-worth").textContent = "Work it out anew";
  } finally {
    at("ask-worth").disabled = false;
  }
  renderDeck();
}
