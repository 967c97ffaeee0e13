// Starts the page: first the board, then everything else as separate parts, so that a part that does not load
// never stops the drawing.

import { MARK } from "./draw/link.js";
import { Sketchpad } from "./draw/sketchpad.js";
import { part } from "./parts.js";
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
    part(`./${name}.js`, ({ mount }) => mount(page, sketchpad))();

  const tab = (id, address, mount) => part(address, mount, find(`#${id} .away`));
  const tabs = {
    "your-digits": tab("your-digits", "./teach/my-digits.js", ({ mount }) => mount(page, contributions)),
    data: tab("data", "./show/figures.js", ({ mountData }) => mountData(find("#data"), contributions)),
    model: tab("model", "./show/figures.js", ({ mountModel }) => mountModel(find("#model"))),
  };
  mountTabs(page, (name) => tabs[name]?.());
  engine.open(page.dataset.weights);
  if (!location.hash.startsWith(MARK)) sketchpad.greet();
}
