// The receipt code of who has agreed to contribute. It stays in this browser, and so does a code that a server no longer knew.

const RECEIPT = "draw-a-digit receipt", BEFORE = `${RECEIPT} before`;
export const RECEIPT_CHANGED = RECEIPT;              // event on the window, also when another tab agrees or stops
export const STORED = "draw-a-digit stored";         // event on the window, with the server's counts

let here = null, before = null;  // for this visit, where the browser stores nothing

export const receipt = {
  get() {
    try { return localStorage.getItem(RECEIPT) ?? here; } catch { return here; }
  },
  set(code) {
    const old = receipt.get();
    here = code;
    try {
      if (old && old !== code) {
        before = old;
        localStorage.setItem(BEFORE, old);
      }
      if (code) localStorage.setItem(RECEIPT, code); else localStorage.removeItem(RECEIPT);
    } catch { /* for this visit only */ }
    window.dispatchEvent(new Event(RECEIPT_CHANGED));
  },
  before() {
    try { return localStorage.getItem(BEFORE) ?? before; } catch { return before; }
  },
};

window.addEventListener("storage", (event) => {
  if (event.key !== RECEIPT && event.key !== null) return;  // null: all was cleared
  here = localStorage.getItem(RECEIPT);
  window.dispatchEvent(new Event(RECEIPT_CHANGED));
});

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
