// Right or wrong: who has agreed to contribute may say so, and the drawing is stored with that label, unless it is taken back.

import { inTime, pause, RETRIES } from "./asking.js";
import { newId, receipt, RECEIPT_CHANGED, STORED } from "./receipt.js";
import { named } from "./words.js";

const GRACE = 8000;  // milliseconds in which a label can be taken back before the drawing is sent
const NO_ANSWER = "The server does not answer; it is not known whether the drawing was kept.";

// `drawing()` gives {revision, digit, strokes} of the board as far as it can be labelled, `tell(sentence, revision)` says something
// of a drawing. Returns a function that offers the buttons when they apply.
export function makeFeedback(root, server, drawing, tell) {
  const find = (selector) => root.querySelector(selector);
  const right = find(".right"), wrong = find(".wrong"), digits = find(".digits"), undo = find(".unsay");
  let labelled = -1;   // the revision about which something was said
  let held = null;     // {question, revision, timer}: said, and not sent yet

  for (const digit of "0123456789") {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = digit;
    button.setAttribute("aria-label", `It was ${named(digit)}`);
    button.addEventListener("click", () => hold(digit));
    digits.append(button);
  }

  function offer() {
    root.hidden = !server?.keep || !receipt.get();
    const { revision, digit } = drawing() ?? {};
    const ready = revision !== undefined && revision !== labelled;
    right.disabled = !(ready && digit);
    wrong.disabled = !ready;
    if (!ready) open(false);
    undo.hidden = !held;
  }

  function open(wide) {
    digits.hidden = !wide;
    wrong.setAttribute("aria-expanded", wide);
  }

  function hold(label) {
    const { revision, strokes } = drawing() ?? {};
    if (revision === undefined) return;
    send();  // what was said of another drawing is settled
    labelled = revision;
    const question = { receipt: receipt.get(), id: newId(), label, strokes, source: "recognise" };
    held = { question, revision, timer: setTimeout(send, GRACE) };
    offer();
    undo.focus({ preventScroll: true });
    tell(`To be saved as ${named(label)}.`, revision);
  }

  function takeBack() {
    clearTimeout(held.timer);
    const { revision } = held;
    [held, labelled] = [null, -1];
    offer();
    tell("Taken back: nothing was sent.", revision);
    if (!wrong.disabled) wrong.focus({ preventScroll: true });
  }

  async function send() {
    if (!held) return;
    const { question, revision, timer } = held;
    clearTimeout(timer);
    held = null;
    offer();
    let reply = null;
    for (const wait of [...RETRIES, 0]) {
      if (receipt.get() !== question.receipt) return;  // stopped meanwhile
      reply = await inTime(server.keep(question));
      if (reply || !wait) break;
      await pause(wait);
    }
    const refused = reply ? reply.error : NO_ANSWER;
    if (refused && labelled === revision) labelled = -1;
    if (!refused) window.dispatchEvent(new CustomEvent(STORED, { detail: reply }));
    tell(refused ?? `${reply.waiting ? "Being saved" : "Saved"} as ${named(question.label)}, thanks.`, refused ? null : revision);
    offer();
  }

  right.addEventListener("click", () => hold(drawing()?.digit));
  wrong.addEventListener("click", () => open(digits.hidden));
  undo.addEventListener("click", takeBack);
  document.addEventListener("visibilitychange", () => { if (document.hidden) send(); });  // the page may not come back
  window.addEventListener(RECEIPT_CHANGED, offer);
  return offer;
}
