// Starts the static edition, and keeps its files so that it works without a network.

import { mount } from "./main.js";

mount(document.querySelector("#page"));
navigator.serviceWorker?.register("service-worker.js").catch(() => {
  // Without its copies, the page opens only with a network.
});
