// Right or wrong: who has agreed to contribute may say so, and the drawing is stored with that label, unless it is taken back.

import { insist } from "./asking.js";
import { make } from "./dom.js";
import { newId, RECEIPT_CHANGED, receipt, STORED } from "./receipt.js";
import { refusal } from "./refusal.js";
import { label } from "./words.js";

const ATTEMPTS = 6; // of sending
const GRACE = 8000; // milliseconds in which a label can be taken back before the drawing is sent

// `drawing()` gives {revision, digit, strokes} of the board as far as it can be labelled, `tell([key, values], revision)` says something
// of a drawing. Returns a function that offers the buttons when they apply.
export function makeFeedback(root, server, drawing, tell) {
  const find = (selector) => root.querySelector(selector);
  const right = find(".right"),
    wrong = find(".wrong"),
    digits = find(".digits"),
    undo = find(".unsay");
  // The drawing that was spoken of last: {strokes, id, state}, "held" until it is sent, then "sent"; "open" when it may be labelled
  // again, under the same id, so that it is stored once.
  let known = null;
  let held = null; // {question, revision, timer}: said, and not sent yet

  for (const digit of "0123456789") {
    const button = make("button", { type: "button", textContent: digit });
    label(button, "feedback.digit", { digit });
    button.addEventListener("click", () => hold(digit));
    digits.append(button);
  }

  // Whether it is the drawing that was spoken of: undoing what came after brings the very strokes back.
  const isKnown = ({ strokes }) =>
    known?.strokes.length === strokes.length &&
    known.strokes.every((stroke, index) => stroke === strokes[index]);

  function offer() {
    root.hidden = !server?.keep || !receipt.get();
    const now = drawing(),
      ready = now !== null && !(isKnown(now) && known.state !== "open");
    right.disabled = !(ready && now.digit);
    wrong.disabled = !ready;
    if (!ready) open(false);
    undo.hidden = !held;
  }

  function open(wide) {
    digits.hidden = !wide;
    wrong.setAttribute("aria-expanded", wide);
  }

  function hold(name) {
    const now = drawing();
    if (!now) return;
    send(); // what was said of another drawing is settled
    known = { strokes: [...now.strokes], id: isKnown(now) ? known.id : newId(), state: "held" };
    const strokes = now.strokes.map(({ points, radius, times }) => ({ points, radius, times }));
    const question = { receipt: receipt.get(), id: known.id, label: name, strokes, source: "recognise" };
    held = { question, about: known, revision: now.revision, timer: setTimeout(send, GRACE) };
    offer();
    undo.focus({ preventScroll: true });
    tell(["feedback.held", { digit: name }], now.revision);
  }

  function drop(key) {
    clearTimeout(held.timer);
    const { revision, about } = held;
    about.state = "open";
    held = null;
    offer();
    tell([key], revision);
  }

  async function send() {
    if (!held) return;
    const { question, about, revision, timer } = held;
    clearTimeout(timer);
    held = null;
    about.state = "sent";
    offer();
    const isStopped = () => receipt.get() !== question.receipt;
    const reply = await insist(() => server.keep(question), ATTEMPTS, isStopped);
    if (!reply && isStopped()) return;
    const refused = reply ? refusal(reply) : ["feedback.silent"];
    if (refused) about.state = "open";
    else window.dispatchEvent(new CustomEvent(STORED, { detail: reply }));
    tell(
      refused ?? [reply.waiting ? "feedback.waiting" : "feedback.saved", { digit: question.label }],
      refused ? null : revision,
    );
    offer();
  }

  right.addEventListener("click", () => hold(drawing()?.digit));
  wrong.addEventListener("click", () => open(digits.hidden));
  undo.addEventListener("click", () => {
    drop("feedback.back");
    if (!wrong.disabled) wrong.focus({ preventScroll: true });
  });
  // Whoever leaves the page does not take back: as far as the browser still sends it.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) send();
  });
  window.addEventListener(RECEIPT_CHANGED, () => {
    if (held && receipt.get() !== held.question.receipt) drop("feedback.stopped");
    else offer();
  });
  return offer;
}
