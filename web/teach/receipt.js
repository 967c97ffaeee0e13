// The receipt code of a visitor who has agreed to contribute. It stays in this browser, as does the last code
// before it.

import { recall, remember } from "../storage.js";

const RECEIPT = "draw-a-digit receipt";
const BEFORE = `${RECEIPT} before`;
// An event on the window, also when another tab agrees or stops.
export const RECEIPT_CHANGED = RECEIPT;

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
