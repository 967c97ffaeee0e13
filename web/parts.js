// Parts of the page that are loaded when they are wanted. The board works without them, and the page says why
// one is missing.

import { write } from "./words.js";

const RETRY = 5_000; // milliseconds before a part is fetched again

// The sentence for a file that does not load: the network is away, or the server has a newer page.
async function whyAway(address) {
  const reply = await fetch(address, { cache: "no-store" }).catch(() => null);
  return reply?.status === 404 ? "part.changed" : "part.away";
}

export class Part {
  #address;
  #mount;
  #line;
  #module = null;
  #show = null;
  #tries = 0;
  #isComing = false;
  #timer = null;

  // `address` is a module's, relative to this one. mount(module) may fail when it fetches something, and
  // is called until it succeeds. What it returns, if anything, is called each time that the part is wanted.
  // `line` is the element that says why the part is missing.
  constructor(address, mount, line = null) {
    this.#address = new URL(address, import.meta.url);
    this.#mount = mount;
    this.#line = line;
    addEventListener("online", () => this.#tries && this.want());
  }

  async want() {
    if (this.#isComing) return;
    this.#isComing = true;
    clearTimeout(this.#timer);
    try {
      // Some browsers remember that a module did not come, so it is fetched under another address.
      if (this.#tries) this.#address.search = `?again=${this.#tries}`;
      this.#module ??= await import(this.#address.href);
      this.#show ??= (await this.#mount(this.#module)) ?? (() => {});
      this.#show();
      this.#tries = 0;
      this.#say();
    } catch (error) {
      // Whoever runs the page reads this.
      console.warn(error);
      this.#tries += 1;
      this.#say(await whyAway(this.#address));
      this.#timer = setTimeout(() => this.want(), RETRY);
    }
    this.#isComing = false;
  }

  #say(key = "") {
    if (!this.#line) return;
    this.#line.hidden = !key;
    write(this.#line, key);
  }
}
