// Parts of the page that are loaded when they are wanted. The board works without them, and the page says why
// one is missing.

import { write } from "./words.js";

// A part that did not load is fetched again after this time.
const RETRY = 5_000; // milliseconds

// Returns want(), which loads the module at `address` and calls mount(module), again and again until both
// succeed. mount() may return a function, which each want() calls. `line` is the element that says why the
// part is missing.
export function part(address, mount, line = null) {
  const url = new URL(address, import.meta.url);
  let [module, show] = [null, null];
  let [tries, isComing, timer] = [0, false, null];

  function say(key = "") {
    if (!line) return;
    line.hidden = !key;
    write(line, key);
  }

  async function want() {
    if (isComing) return;
    isComing = true;
    clearTimeout(timer);
    try {
      // Some browsers remember that a module did not load, so it is fetched under another address.
      if (tries) url.search = `?again=${tries}`;
      module ??= await import(url.href);
      show ??= (await mount(module)) ?? (() => {});
      show();
      tries = 0;
      say();
    } catch (error) {
      // The console tells the page's owner more than the line tells visitors.
      console.warn(error);
      tries += 1;
      const reply = await fetch(url, { cache: "no-store" }).catch(() => null);
      // A server that does not have the file has a newer page.
      say(reply?.status === 404 ? "part.changed" : "part.away");
      timer = setTimeout(want, RETRY);
    }
    isComing = false;
  }

  addEventListener("online", () => tries && want());
  return want;
}
