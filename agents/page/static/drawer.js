// What the agent thought at one of its moves.

import { differenceCells, differenceText, moved } from "./differences.js";
import { bar, element, fill, grid, isClass, legend, percent, seconds, strategyCells } from "./shapes.js";

const at = (id) => document.getElementById(id);

export function showThought(told, which, thinks) {
  at("hint").hidden = Boolean(told);
  at("thought").hidden = !told;
  if (!told) return;
  at("thinking").textContent = `${told.line.length ? `After ${told.line.join(" / ")}: ` : "At the start: "}${told.thinking}.`;
  const rows = told.iterations ? [["without thinking", told.before], [`in ${seconds(told.seconds)}`, told.after]] : [["its policy", told.after]];
  if (told.longer) rows.push([`in ${seconds(told.longer.seconds)}`, told.longer.after]);
  fill(at("strategies"), ...rows.map(([name, shares]) => element("div", { class: "strategy" }, element("span", {}, name), bar(shares, told.actions))));
  const facts = [
    ["time", `${seconds(told.seconds)}${told.asked === null ? "" : ` of ${seconds(told.asked)}`}`],
    ["iterations", told.iterations.toLocaleString("en") + (told.longer ? `, then ${told.longer.iterations.toLocaleString("en")}` : "")],
    ["plan", told.plan], ["outcome", told.outcome.replace("_", " ")],
    ["worth to it", told.worth],
    ["note", told.surprises],
  ];
  fill(at("facts"), ...facts.filter(([, text]) => text).flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
  at("longer").hidden = !thinks || Boolean(told.longer) || !told.asked;
  const two = told.hands.length > 0 && told.hands.every((row) => isClass(row.hand));
  const hands = told.hands.map((row) => ({ hand: row.hand, share: row.share, shares: row[which] })), differs = which === "difference";
  const squares = () => (differs ? differenceCells(told.hands, told.actions) : strategyCells(hands, told.actions));
  fill(at("grid"), two ? grid(squares(), "its hands: the table below has the same in numbers") : classes(told, which));
  fill(at("legend"), ...legend(told.actions), differs ? "upper half: what it does more often after thinking, lower half: less often; width: by how much" : null);
  fill(at("hands"), table(told));
  at("opponent").textContent = told.opponent.map((row) => `${row.hand} ${percent(row.share)}`).join(", ") || "no hand";
}

// Hands of small games: a bar each, or what changed in words.
const classes = (told, which) => which === "difference" ? element("ul", {}, ...told.hands.map((row) => element("li", {}, `${row.hand}: ${differenceText(row, told.actions)}`))) : element("div", {}, ...told.hands.map((row) =>
  element("div", { class: "strategy" }, element("span", {}, `${row.hand}, ${percent(row.share)} of its range`), bar(row[which], told.actions))));

const table = (told) => element("table", {},
  element("thead", {}, element("tr", {}, ...["hand", "of its range", ...told.actions.flatMap((words) => [`${words}, before`, "after", "difference"])]
    .map((text) => element("th", { scope: "col" }, text)))),
  element("tbody", {}, ...told.hands.map((row) => element("tr", {},
    ...[row.hand, percent(row.share), ...told.actions.flatMap((_, i) => [percent(row.before[i]), percent(row.after[i]), moved(row, i)])]
      .map((text) => element("td", {}, text))))));
