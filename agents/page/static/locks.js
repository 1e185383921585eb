// Locked decisions: what is played there is given, and Solve solves the rest.

import { element, fill } from "./shapes.js";

const at = (id) => document.getElementById(id);
const LONGEST = 200; // characters of a lock that an address has
let locked = new Map(), solved = "", node = null, filled = null, fetchNode = null; // by line, what is played there; the decision at hand

// Takes the locks of an address or of what was solved last: JSON by line. The tab may remember others, which were made since and are not
// solved yet; `name` tells the spot and its locks from others.
export function locks(text, name) {
  solved = name;
  const pending = parsed(sessionStorage.getItem("locks"));
  locked = new Map(Object.entries(parsed(pending.solved === solved ? pending.locks : text)));
  list();
}

function parsed(text) { // somebody may have written it
  try {
    const found = JSON.parse(text || "{}");
    return found.constructor === Object ? Object.fromEntries(Object.entries(found).filter(([, value]) => typeof value === "string")) : {};
  } catch {
    return {};
  }
}

// A spot is solved with the locks of now.
export function solvedAs(name) {
  solved = name;
  remember();
}

function remember() { // over a reload
  try {
    sessionStorage.setItem("locks", JSON.stringify({ solved, locks: JSON.stringify(Object.fromEntries(locked)) }));
  } catch { // more than a tab may keep: they live until it is closed
    sessionStorage.removeItem("locks");
  }
}

// Settings of a solve with its locks, if there are any.
export const withLocks = (settings) => (locked.size ? { ...settings, lock: JSON.stringify(Object.fromEntries(locked)) } : settings);

// Settings as an address has them: locks hand by hand would be too long.
export function short(settings) {
  const { lock, ...rest } = settings;
  if (!lock) return rest;
  const kept = Object.entries(JSON.parse(lock)).filter(([, text]) => text.length <= LONGEST);
  return kept.length ? { ...rest, lock: JSON.stringify(Object.fromEntries(kept)) } : rest;
}

// Shows the lock of the decision at hand; `ask` asks the server for it.
export function lockNode(shown, ask) {
  node = shown;
  fetchNode = ask;
  if (!at("lock-box").open || filled !== lineText()) prefill();
}

const lineText = () => node.line.join(" / ");
const everyCard = () => node.line.map((step, i) => (node.dealt.includes(i) ? "*" : step)).join(" / ");

// Percentages that add up to 100, to a tenth.
function tenths(shares) {
  const exact = shares.map((share) => 1000 * (share ?? 1 / shares.length)), steps = exact.map(Math.floor);
  const order = exact.map((value, i) => [steps[i] - value, i]).sort((a, b) => a[0] - b[0]);
  for (let left = 1000 - steps.reduce((sum, step) => sum + step, 0), k = 0; left > 0; left--, k++) steps[order[k % order.length][1]] += 1;
  return steps.map((step) => step / 10);
}

function prefill() {
  filled = lineText();
  at("lock-told").textContent = "";
  at("lock-cards").hidden = !node.dealt.length;
  at("lock-every").checked = false;
  const shares = tenths(node.frequencies);
  fill(at("lock-shares"), ...node.texts.map((text, i) => element("label", {}, `${node.actions[i]}, % `,
    element("input", { type: "number", min: 0, max: 100, step: 0.1, value: shares[i], required: true, "data-action": text }))));
}

function list() {
  at("locks").hidden = !locked.size;
  fill(at("locks").querySelector("ul"), ...[...locked].map(([line, text]) => element("li", {}, `${line || "start"}: ${text.length > 60 ? "as solved, hand by hand" : text} `,
    element("button", { type: "button", "aria-label": `remove the lock of ${line || "start"}`, onclick: () => { locked.delete(line); list(); remember(); } }, "remove"))));
}

function lock(line, text) {
  locked.set(line, text);
  list();
  remember();
  at("lock-told").textContent = "Locked. Solve solves the rest.";
}

at("lock").addEventListener("submit", (event) => {
  event.preventDefault();
  const shares = [...at("lock-shares").querySelectorAll("input")].map((field) => [field.dataset.action, Number(field.value)]);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  if (Math.abs(sum - 100) > 0.005) at("lock-told").textContent = `The shares must add up to 100 %, got ${+sum.toFixed(2)} %.`;
  else lock(at("lock-every").checked && node.dealt.length ? everyCard() : lineText(), shares.filter(([, share]) => share > 0).map(([action, share]) => `${action} ${share}%`).join(", "));
});
at("lock-solved").addEventListener("click", async () => {
  const line = lineText();
  try {
    lock(line, (await fetchNode({ line, lock: true })).lock);
  } catch (failure) {
    at("lock-told").textContent = failure.message;
  }
});
at("lock-box").addEventListener("toggle", () => node && at("lock-box").open && prefill());
