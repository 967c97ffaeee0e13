// The static edition: the drawing board on a page without a server, kept for when there is no network.

import { mount } from "./sketchpad.js";
import { mount as mountTab } from "./tabs.js";

const tabs = [...document.querySelectorAll("[role=tab]")],
  steps = { ArrowLeft: -1, ArrowRight: 1, Home: -9, End: 9 };

function open(chosen) {
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  }
  chosen.focus();
}

tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener(
    "keydown",
    ({ key }) => steps[key] && open(tabs[Math.max(0, Math.min(tabs.length - 1, place + steps[key]))]),
  );
});

mount(document.querySelector("#recognise"), { weights: "weights/current.json" }, null);
for (const name of ["data", "model"]) mountTab(document.getElementById(name), {}, null);
navigator.serviceWorker?.register("service-worker.js").catch(() => {
  /* then the page needs the network to open */
});
