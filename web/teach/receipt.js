// The receipt code of a visitor who has agreed to contribute, which this browser keeps until they stop, and
// whether another person has taken over since.

import { recall, remember } from "../storage.js";

const RECEIPT = "draw-a-digit receipt";
// An event on the window, also when another tab agrees or stops.
export const RECEIPT_CHANGED = RECEIPT;

// An event on the window when the next person takes over, also in another tab. Nothing of the person before
// may stay on the page.
export const NEXT_PERSON = "draw-a-digit next person";
const handovers = new BroadcastChannel(NEXT_PERSON);

// Counts the people at this page. What was begun for an earlier person is dropped.
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

// The code, or null.
export const receipt = {
  get: () => recall(RECEIPT),
  set(code) {
    remember(RECEIPT, code);
    tell();
  },
};

window.addEventListener("storage", ({ key }) => {
  // The key is null where everything was cleared.
  if (key === RECEIPT || key === null) tell();
});

// A random name for a drawing. Under that name it is stored once, however often it is sent.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
