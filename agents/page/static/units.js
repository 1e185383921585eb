// Chips in the unit that the reader chose: chips, big blinds, or percent of the pot at the decision. A tab remembers it.

import { fixed } from "./shapes.js";

const NAMES = { chips: "chips", blinds: "bb", pot: "% of the pot" };
const DIGITS = { chips: 2, blinds: 2, pot: 1 };
let kind = sessionStorage.getItem("unit") ?? "chips", blind = Number(sessionStorage.getItem("blind")) || 2;
if (!(kind in NAMES)) kind = "chips";

// Ties the choice to its fields, and calls `changed` when it changes.
export function chooseUnit(choice, field, changed) {
  const show = () => { field.parentElement.hidden = kind !== "blinds"; };
  choice.value = kind;
  field.value = blind;
  show();
  choice.addEventListener("change", () => {
    kind = choice.value;
    sessionStorage.setItem("unit", kind);
    show();
    changed();
  });
  field.addEventListener("input", () => {
    if (!(Number(field.value) > 0)) return; // what is half typed
    blind = Number(field.value);
    sessionStorage.setItem("blind", String(blind));
    changed();
  });
}

// Games without a pot are told in chips.
const unitAt = (pot) => (pot ? kind : "chips");
export const unitName = (pot) => NAMES[unitAt(pot)];
export const inUnit = (chips, pot) => ({ chips, blinds: chips / blind, pot: (100 * chips) / pot })[unitAt(pot)];
export const figure = (chips, pot) => (chips === null ? "-" : fixed(inUnit(chips, pot), DIGITS[unitAt(pot)]));
export const amount = (chips, pot) => (chips === null ? "-" : `${+inUnit(chips, pot).toFixed(DIGITS[unitAt(pot)])}${unitAt(pot) === "pot" ? " %" : ` ${unitName(pot)}`}`);

// A pot: in chips where they are told in per cent of it.
export const potWords = (pot) => (unitAt(pot) === "blinds" ? amount(pot, pot) : `${+pot.toPrecision(8)} chips`);

// "bet 100" as "bet 50 bb" or "bet 50 %".
export const actionWords = (words, pot) => (unitAt(pot) === "chips" ? words : words.replace(/[0-9.]+/, (chips) => amount(Number(chips), pot)));
