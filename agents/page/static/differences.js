// After thinking minus before: what thinking changed, hand by hand and action by action.

import { colours } from "./shapes.js";

const LEAST = 0.005; // of a hand's strategy: less is not told
const difference = (row, i) => row.after[i] - row.before[i];

export const moved = (row, i) => `${difference(row, i) > 0 ? "+" : ""}${(100 * difference(row, i)).toFixed(Math.abs(difference(row, i)) < 0.0995 ? 1 : 0)}%`;

export function differenceText(row, actions) {
  const said = actions.flatMap((words, i) => (Math.abs(difference(row, i)) < LEAST ? [] : [`${words} ${moved(row, i)}`]));
  return said.join(", ") || "as before";
}

// Squares of the grid: actions taken more often fill the upper half, those taken less often the lower one, each as wide as its difference.
export const differenceCells = (rows, actions) => new Map(rows.map((row) => {
  const classes = colours(actions), parts = (sign) => actions.map((_, i) => [classes[i], Math.max(0, sign * difference(row, i))]).filter(([, share]) => share >= LEAST);
  const most = Math.max(...actions.map((_, i) => difference(row, i)));
  return [row.hand, { height: 1, parts: parts(1), less: parts(-1), text: differenceText(row, actions), note: most >= LEAST ? `${Math.round(100 * most)}` : "" }];
}));
