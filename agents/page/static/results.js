// Results: the runs that there are.

import { element, fill } from "./shapes.js";
import { ask } from "./talk.js";

const at = (id) => document.getElementById(id);
try {
  const runs = await ask("/api/runs");
  at("status").textContent = runs.length ? "" : "No run is there yet: timebank ablate, match, train and solve leave some.";
  if (runs.length) {
    fill(at("runs"), element("table", {},
      element("thead", {}, element("tr", {}, ...["run", "command", "game", "status", "changed"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...runs.map((run) => element("tr", {},
        element("td", {}, element("a", { href: `/results/${run.name.split("/").map(encodeURIComponent).join("/")}` }, run.name)),
        ...[run.command, run.game, run.status, new Date(1000 * run.changed).toLocaleString()].map((text) => element("td", {}, text)))))));
  }
} catch (failure) {
  at("status").textContent = failure.message;
  at("status").className = "error";
}
