// Starts the page: the board at once, and everything else apart from it, so that a part that does not load
// never stops the drawing.

import { Sketchpad } from "./draw/sketchpad.js";
import { Part } from "./parts.js";
import { engine } from "./read/engine.js";
import { mountTabs } from "./tabs.js";
import { offerLanguages } from "./words.js";

// Bring the page in index.html to life, in both editions. Its data-contributions says what the server takes,
// if there is one.
export function mount(page) {
  const find = (selector) => page.querySelector(selector);
  find(".unstarted").remove();
  offerLanguages();
  const sketchpad = new Sketchpad(find("#draw"));
  const contributions = JSON.parse(page.dataset.contributions ?? "null");

  for (const name of ["draw/share", "show/why", "show/inside", "show/flight", "teach/memory"])
    new Part(`./${name}.js`, ({ mount }) => mount(page, sketchpad)).want();

  const part = (id, address, mount) => new Part(address, mount, find(`#${id} .away`));
  const tabs = {
    "your-digits": part("your-digits", "./teach/my-digits.js", ({ mount }) => mount(page, contributions)),
    data: part("data", "./show/figures.js", ({ mountData }) => mountData(find("#data"), contributions)),
    model: part("model", "./show/figures.js", ({ mountModel }) => mountModel(find("#model"))),
  };
  mountTabs(page, (name) => tabs[name]?.want());
  engine.open(page.dataset.weights);
}
