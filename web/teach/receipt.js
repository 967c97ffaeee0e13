// The receipt code of who has agreed to contribute. It stays in this browser, and so does a code that a server no longer knew.

import { recall, remember } from "../storage.js";

const RECEIPT = "draw-a-digit receipt",
  BEFORE = `${RECEIPT} before`;
export const RECEIPT_CHANGED = RECEIPT; // event on the window, also when another tab agrees or stops
export const STORED = "draw-a-digit stored"; // event on the window, with the server's counts

export const receipt = {
  get: () => recall(RECEIPT),
  before: () => recall(BEFORE),
  set(code) {
    const old = receipt.get();
    if (old && old !== code) remember(BEFORE, old);
    remember(RECEIPT, code);
    window.dispatchEvent(new Event(RECEIPT_CHANGED));
  },
};

window.addEventListener("storage", ({ key }) => {
  if (key === RECEIPT || key === null) window.dispatchEvent(new Event(RECEIPT_CHANGED)); // null: all was cleared
});

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
