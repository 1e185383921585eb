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

export const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;

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

export function bar(shares, actions) {
  const classes = colours(actions);
  const text = actions.map((words, i) => `${words} ${percent(shares[i])}`).join(", ");
  const made = element("div", { class: "bar", role: "img", "aria-label": text, title: text });
  shares.forEach((share, i) => {
    if (share <= 0) return;
    const part = element("span", { class: classes[i] }, share > 0.12 ? percent(share) : "");
    part.style.width = `${100 * share}%`;
    made.append(part);
  });
  return made;
}

export const legend = (actions) => {
  const classes = colours(actions);
  return actions.map((words, i) => element("span", {}, element("span", { class: `key ${classes[i]}` }), words));
};

const RANKS = "23456789TJQKA";

// Hands of two cards as a grid: pairs on the diagonal, suited hands above it. The height of a square's colours is how likely the hand is
// beside the likeliest one. Null where hands are something else.
export function grid(hands, actions, which) {
  if (!hands.length || !hands.every((row) => /^[2-9TJQKA]{2}[so]?$/.test(row.hand))) return null;
  const ranks = [...RANKS].reverse().filter((rank) => hands.some((row) => row.hand.includes(rank)));
  const combos = (name) => (name.length === 2 ? 6 : name.endsWith("s") ? 4 : 12);
  const rows = new Map(hands.map((row) => [row.hand, row]));
  const most = Math.max(...hands.map((row) => row.share / combos(row.hand)));
  const made = element("div", { class: "grid", role: "img", "aria-label": "its hands: the table below has the same in numbers" });
  made.style.setProperty("--ranks", ranks.length);
  const classes = colours(actions);
  ranks.forEach((first, i) => ranks.forEach((second, j) => {
    const name = i === j ? first + second : i < j ? `${first}${second}s` : `${second}${first}o`;
    const row = rows.get(name), cell = element("div", { class: row ? "cell" : "cell absent" });
    if (row) {
      const inside = element("div", { class: "fill" });
      inside.style.height = `${Math.max(6, 100 * row.share / combos(name) / most)}%`;
      row[which].forEach((share, k) => {
        const part = element("span", { class: classes[k] });
        part.style.width = `${100 * share}%`;
        inside.append(part);
      });
      cell.append(inside);
      cell.title = `${name}: ${actions.map((words, k) => `${words} ${percent(row[which][k])}`).join(", ")}; ${percent(row.share)} of its range`;
    }
    cell.append(element("b", {}, name));
    made.append(cell);
  }));
  return made;
}
