// The receipt code of a visitor who has agreed to contribute. It stays in this browser, as does the last code
// before it. And whether another person has taken over since.

import { recall, remember } from "../storage.js";

const RECEIPT = "draw-a-digit receipt";
const BEFORE = `${RECEIPT} before`;
// An event on the window, also when another tab agrees or stops.
export const RECEIPT_CHANGED = RECEIPT;

// An event on the window when the next person takes over, also in another tab. Nothing of the one before may
// stay on the page.
export const NEXT_PERSON = "draw-a-digit next person";
const handovers = new BroadcastChannel(NEXT_PERSON);

// Number of the person who is at this page: what was begun for an earlier one is dropped.
export let person = 0;

function handOver() {
  person += 1;
  window.dispatchEvent(new Event(NEXT_PERSON));
}

handovers.onmessage = handOver;

export function nextPerson() {
  handovers.postMessage(null);
  handOver();
}

const tell = () => window.dispatchEvent(new Event(RECEIPT_CHANGED));

export const receipt = {
  get: () => recall(RECEIPT),
  before: () => recall(BEFORE),
  set(code) {
    const old = receipt.get();
    if (old && old !== code) remember(BEFORE, old);
    remember(RECEIPT, code);
    tell();
  },
};

window.addEventListener("storage", ({ key }) => {
  // A key of null says that everything was cleared.
  if (key === RECEIPT || key === null) tell();
});

// A random name for a drawing, under which it is stored once, however often it is sent.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
