// The static edition: the drawing board on a page without a server, kept for when there is no network.

import { mount } from "./sketchpad.js";
import { mount as mountTab } from "./tabs.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const tabs = [...document.querySelectorAll("[role=tab]")];

function open(chosen) {
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  }
}

tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", ({ key }) => {
    if (!(key in STEPS)) return;
    const next = tabs[Math.max(0, Math.min(tabs.length - 1, place + STEPS[key]))];
    open(next);
    next.focus();
  });
});

mount(document.querySelector("#recognise"), { weights: "weights/current.json" }, null);
for (const name of ["data", "model"]) mountTab(document.getElementById(name), {}, null);
navigator.serviceWorker?.register("service-worker.js").catch(() => { /* then the page needs the network to open */ });
