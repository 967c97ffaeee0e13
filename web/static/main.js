// The static edition: the drawing board on a page without a server, kept for when there is no network.

import { mount } from "./sketchpad.js";

mount(document.querySelector("#sketchpad"), { weights: "weights/current.json" }, null);
navigator.serviceWorker?.register("service-worker.js").catch(() => { /* then the page needs the network to open */ });
