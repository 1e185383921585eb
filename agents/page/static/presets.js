// Presets of the spot's form, and what solving it will take, told before anything is built.

import { ask } from "./talk.js";

const PRESETS = {
  quick: { bets: "75%", raises: "a", target: "1", seconds: "20" },
  standard: { bets: "33%,75%,a", raises: "75%,a", target: "0.3", seconds: "120" },
  deep: { bets: "33%,75%,150%,a", raises: "60%,a", target: "0.1", seconds: "1200" },
};
const PATIENCE = 400; // ms after the last key

// Fills the fields of a preset when it is chosen, and tells what the settings at hand take, in `told`.
export function setUpPresets(form, told) {
  let timer = null, asked = 0;
  const tell = async () => {
    const number = ++asked, settings = Object.fromEntries(new FormData(form));
    try {
      const answer = await ask("/api/estimate", settings);
      if (number === asked) told.textContent = answer.text ?? answer.refused;
    } catch {
      if (number === asked) told.textContent = ""; // Solve will say what is wrong
    }
  };
  form.elements.effort.addEventListener("change", () => {
    for (const [name, value] of Object.entries(PRESETS[form.elements.effort.value])) form.elements[name].value = value;
  });
  for (const event of ["input", "change"]) {
    form.addEventListener(event, () => {
      clearTimeout(timer);
      timer = setTimeout(tell, PATIENCE);
    });
  }
  tell();
}
