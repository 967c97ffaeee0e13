// Starts the page: the board at once, and everything else apart from it, so that a part that does not come
// never stops the drawing.

import { MARK } from "./draw/link.js";
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

  // A part that is mounted once.
  function once(address, line, ...given) {
    let isMounted = false;
    const mountOnce = async (module) => {
      if (!isMounted) await module.mount(page, ...given);
      isMounted = true;
    };
    return new Part(address, mountOnce, line);
  }

  for (const name of ["draw/share", "show/why", "show/inside", "show/flight", "teach/memory"])
    once(`./${name}.js`, null, sketchpad).want();

  const line = (name) => find(`#${name} .away`);
  const figures = (name, open) => new Part("./show/figures.js", open, line(name));
  const tabs = {
    "your-digits": once("./teach/my-digits.js", line("your-digits"), contributions),
    data: figures("data", (module) => module.showData(find("#data"), contributions)),
    model: figures("model", (module) => module.showModel(find("#model"))),
  };
  mountTabs(page, (name) => tabs[name]?.want());
  engine.open(page.dataset.weights);
  if (!location.hash.startsWith(MARK)) sketchpad.greet();
}
