// The page: one session at a time, its table, and the drawer beside it.

import { showThought } from "./drawer.js";
import { saveButtons } from "./save_figure.js";
import { cards, element, fill, hidden, seconds } from "./shapes.js";
import { ask, follow } from "./talk.js";

const at = (id) => document.getElementById(id);
const PATIENCE = 0.5; // seconds before a game that waits says so
const LONGEST = 20, SHORTEST = 0.01, STEPS = 40; // of the slider; its first step is no time at all
let tables = [], session = null, view = null, end = () => {}, chosen = null, lost = false, error = "", dragging = false, sending = false;

const fromSlider = (step) => (step === 0 ? 0 : SHORTEST * (LONGEST / SHORTEST) ** ((step - 1) / (STEPS - 1)));
const toSlider = (value) => (value <= 0 ? 0 : Math.max(1, Math.round(1 + (STEPS - 1) * Math.log(value / SHORTEST) / Math.log(LONGEST / SHORTEST))));
const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

async function attempt(work) {
  try {
    error = "";
    await work();
  } catch (failure) {
    error = failure.message;
    render();
  }
}

// A key that is pressed twice acts once: what changes the hand waits for the answer.
async function send(what, body = {}) {
  const asked = session, changes = !["seconds", "stop"].includes(what);
  if (!asked || (changes && sending)) return;
  if (changes) sending = true;
  try {
    await attempt(async () => {
      const found = await ask(`/api/sessions/${asked}/${what}`, body);
      if (asked === session) receive(found);
    });
  } finally {
    if (changes) sending = false;
  }
}

function receive(found) {
  if (found.progress && !found.status) {
    if (view) view.progress = found.progress;
  } else if (!view || found.version >= view.version) {
    const moved = !view || found.log?.length !== view.log?.length || found.hand !== view.hand;
    view = found;
    if (moved) chosen = null;
  }
  render();
}

function open(name) {
  end();
  session = name;
  view = null;
  chosen = null;
  sessionStorage.setItem("session", name);
  end = follow(name, receive, (now) => { lost = now; render(); }, () => {
    lost = false;
    session = view = null;
    sessionStorage.removeItem("session");
    error = "The server no longer has this game: begin a new one.";
    render();
  });
}

const begin = () => attempt(async () => {
  const made = await ask("/api/sessions", { table: at("game").value });
  sessionStorage.setItem("table", at("game").value);
  open(made.session);
  receive(made);
});

function render() {
  renderStatus();
  if (!view || !view.log) {
    for (const id of ["its", "board", "pot", "mine", "actions", "log", "total"]) fill(at(id));
    at("amount").hidden = true;
    for (const id of ["undo", "deal", "stop", "time"]) at(id).hidden = true;
    showThought(null);
    return;
  }
  renderTable();
  renderActions();
  renderLog();
  const last = Math.max(-1, ...Object.keys(view.thoughts).map(Number)), shown = chosen ?? last;
  showThought(view.thoughts[shown], document.querySelector("#overlay input:checked").value, view.thinks);
  at("longer").dataset.move = shown;
  at("longer").disabled = view.status === "thinking";
}

function renderStatus() {
  const status = at("status");
  status.className = error || view?.error ? "error" : "";
  status.ariaLive = view?.status === "thinking" && !error && !lost ? "off" : "polite"; // else it would be read out five times a second
  if (error) status.textContent = error;
  else if (lost) status.textContent = "The connection is lost; trying again.";
  else if (!view) status.textContent = session ? "" : "Choose a game.";
  else if (view.error) status.textContent = view.error;
  else if (view.progress?.waits && view.progress.seconds > PATIENCE) status.textContent = "It waits for another game or spot: one thing is thought about at a time.";
  else if (view.status === "loading") status.textContent = "Loading the agent: the first time this compiles, for up to a minute.";
  else if (view.status === "thinking") {
    const done = view.progress;
    status.textContent = view.seconds && view.thinks && !done.waits ? `It thinks: ${done.seconds.toFixed(1)} s, ${done.iterations.toLocaleString("en")} iterations`
      : "It acts.";
  } else if (view.status === "over") {
    const won = view.result.chips;
    status.textContent = won > 0 ? `You win ${view.result.words}.` : won < 0 ? `You lose ${view.result.words}.` : "You get your chips back.";
  } else status.textContent = view.call ? `Your turn: ${number(view.call)} to call.` : "Your turn.";
}

function seat(where, who, shown, i) {
  const chips = view.paid ? `${number(view.paid[i])} in the pot${view.behind ? `, ${number(view.behind[i])} behind` : ""}` : "";
  fill(at(where), element("span", {}, element("span", { class: "who" }, who), " ", shown), element("span", { class: "chips" }, chips));
}

function renderTable() {
  const count = view.yours.split(" ").length;
  seat("its", `Agent, ${view.seats[1]}`, view.result ? cards(view.result.its) : hidden(count), 1);
  seat("mine", `You, ${view.seats[0]}`, cards(view.yours), 0);
  fill(at("board"), view.board ? cards(view.board) : null);
  at("pot").textContent = view.pot === undefined ? "" : `${view.round}, pot ${number(view.pot)}${view.blind ? ` (${number(view.pot / view.blind)} bb)` : ""}`;
  fill(at("total"), view.played ? `${view.played} ${view.played === 1 ? "hand" : "hands"}, ${view.total >= 0 ? "+" : ""}${number(view.total)} chips. ` : "");
  at("undo").hidden = !view.undo;
  at("deal").hidden = view.status !== "over";
  at("stop").hidden = !(view.status === "thinking" && view.thinks && view.seconds > 0.3);
  at("time").hidden = !view.thinks;
  if (!dragging) {
    at("slider").value = toSlider(view.seconds);
    at("seconds").textContent = seconds(view.seconds);
  }
}

const act = (text) => send("act", { action: text });

function renderActions() {
  const offered = view.actions ?? [], key = JSON.stringify(offered);
  if (at("actions").dataset.key !== key) { // what is focused stays so while nothing changes
    at("actions").dataset.key = key;
    fill(at("actions"), ...offered.map((action, i) => element("button", { type: "button", class: "main", onclick: () => act(action.text) },
      action.words, i < 9 ? " " : null, i < 9 ? element("kbd", {}, String(i + 1)) : null)));
  }
  const amounts = view.amounts;
  at("amount").hidden = !amounts;
  if (!amounts) return;
  Object.assign(at("chips"), { min: amounts.least, max: amounts.most });
  const now = JSON.stringify(amounts);
  if (at("amount").dataset.key === now) return;
  at("amount").dataset.key = now;
  at("chips").value = amounts.least;
  at("bet").textContent = amounts.verb === "raise" ? "Raise to" : "Bet";
  fill(at("fractions"), ...[1 / 3, 1 / 2, 3 / 4, 1, 3 / 2].map((fraction) => {
    const chips = Math.round(amounts.faced + fraction * amounts.pot);
    if (chips < amounts.least || chips > amounts.most) return null;
    return element("button", { type: "button", onclick: () => { at("chips").value = chips; } }, `${Math.round(100 * fraction)}%`);
  }));
}

function renderLog() {
  const last = Math.max(-1, ...Object.keys(view.thoughts).map(Number)), shown = chosen ?? last;
  const key = JSON.stringify([view.log, shown, view.hand]);
  if (at("log").dataset.key === key) return;
  at("log").dataset.key = key;
  fill(at("log"), ...view.log.map((line) => {
    const told = line.thought !== null && line.thought !== undefined;
    const who = { board: "Board: ", you: "You: ", agent: "Agent: " }[line.who];
    return element("li", { class: line.who }, who, line.words, told ? " " : null,
      told ? element("button", { type: "button", "aria-pressed": String(line.thought === shown), onclick: () => { chosen = line.thought; render(); } }, "why") : null);
  }));
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
  const pressed = { u: "undo", n: "deal", s: "stop" }[event.key];
  if (pressed && !at(pressed).hidden) send(pressed);
  else if (/^[1-9]$/.test(event.key) && view?.actions?.[event.key - 1]) act(view.actions[event.key - 1].text);
});
at("begin").addEventListener("click", begin);
at("game").addEventListener("change", () => { at("about").textContent = tables.find((table) => table.name === at("game").value).about; });
for (const what of ["undo", "deal", "stop"]) at(what).addEventListener("click", () => send(what));
at("longer").addEventListener("click", () => { chosen = Number(at("longer").dataset.move); send("longer", { move: chosen }); });
at("slider").addEventListener("input", () => {
  dragging = true;
  at("seconds").textContent = seconds(fromSlider(Number(at("slider").value)));
});
at("slider").addEventListener("change", () => {
  dragging = false;
  send("seconds", { seconds: fromSlider(Number(at("slider").value)) });
});
at("amount").addEventListener("submit", (event) => {
  event.preventDefault();
  act(`${view.amounts.verb} ${at("chips").value}`);
});
at("save-grid").append(saveButtons(() => [at("grid"), at("legend")], () => [at("thinking").textContent, `grid: ${document.querySelector("#overlay input:checked").parentElement.textContent.trim()}`], "hands"));
for (const choice of document.querySelectorAll("#overlay input")) choice.addEventListener("change", render);

await attempt(async () => {
  tables = await ask("/api/tables");
  fill(at("game"), ...tables.map((table) => element("option", { value: table.name }, table.title)));
  const before = sessionStorage.getItem("table");
  if (tables.some((table) => table.name === before)) at("game").value = before;
  at("about").textContent = tables.find((table) => table.name === at("game").value).about;
  const kept = sessionStorage.getItem("session");
  if (kept) {
    try {
      const found = await ask(`/api/sessions/${kept}`);
      open(kept);
      receive(found);
      return;
    } catch {
      sessionStorage.removeItem("session"); // the server was started anew
    }
  }
  render();
});
