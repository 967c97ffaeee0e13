// Right or wrong: who has agreed to contribute may say so, and the drawing is stored with that label.

import { inTime, pause, RETRIES } from "./asking.js";
import { newId, receipt, RECEIPT_CHANGED, STORED } from "./receipt.js";
import { named } from "./words.js";

const NO_ANSWER = "The server does not answer; it is not known whether the drawing was kept.";

// `drawing()` gives {revision, digit, strokes} of the board as far as it can be labelled, `tell(sentence)` says something of it.
// Returns a function that offers the buttons when they apply.
export function makeFeedback(root, server, drawing, tell) {
  const right = root.querySelector(".right"), wrong = root.querySelector(".wrong");
  let labelled = -1;         // the revision about which something was said
  let id = "", idOf = -1;    // of the drawing that is sent, and the revision that it is of

  function offer() {
    root.hidden = !server?.keep || !receipt.get();
    const { revision, digit } = drawing() ?? {};
    const ready = revision !== undefined && revision !== labelled;
    right.disabled = !(ready && digit);
    wrong.disabled = !ready;
  }

  async function label(digit) {
    const { revision, strokes } = drawing();
    if (idOf !== revision) [id, idOf] = [newId(), revision];  // the same drawing is stored once, however often it is sent
    labelled = revision;
    offer();
    const question = { receipt: receipt.get(), id, label: digit, strokes, source: "recognise" };
    let reply = null;
    for (const wait of [...RETRIES, 0]) {
      if (receipt.get() !== question.receipt) break;  // stopped meanwhile
      reply = await inTime(server.keep(question));
      if (reply || !wait) break;
      await pause(wait);
    }
    const refused = reply ? reply.error : NO_ANSWER;
    if (refused && labelled === revision) labelled = -1;
    if (!refused) window.dispatchEvent(new CustomEvent(STORED, { detail: reply }));
    tell(refused ?? `${reply.waiting ? "Being saved" : "Saved"} as ${named(digit)}, thanks.`, refused ? null : revision);
  }

  right.addEventListener("click", () => label(drawing().digit));
  wrong.addEventListener("change", () => {
    if (wrong.value) label(wrong.value);
    wrong.value = "";
  });
  window.addEventListener(RECEIPT_CHANGED, offer);
  return offer;
}
