// A contributor's collection: its receipt code, its size, its file, and how to delete it.

import { make } from "../dom.js";
import { write } from "../words.js";
import {
  ask,
  download,
  nextPerson,
  RECEIPT_CHANGED,
  receipt,
  refusal,
  SERVER_TIMEOUT,
  STORED,
  said,
} from "./contribute.js";
import { askFirst } from "./widgets.js";

// While not everything is stored, it is counted again after this time.
const AGAIN = 5000; // milliseconds

// Give the receipt up. The field for deletion still shows its code. Returns `key` with the code, as write()
// takes it.
export function leave(key) {
  const code = receipt.get();
  receipt.set(null);
  return [key, { code }];
}

// Get a receipt under this version of the terms, unless there is one. Returns what went wrong, as write()
// takes it, or null.
export async function agree(version) {
  if (receipt.get()) return null;
  const reply = await ask("consent", { version });
  // Another tab may have agreed meanwhile: this browser is one person.
  if (reply?.receipt && !receipt.get()) receipt.set(reply.receipt);
  return refusal(reply);
}

// Bring the visitor's collection to life. `find` finds the elements of the tab, `say` says a sentence there,
// and `terms` is {licence}, or null if the page takes no contributions.
export function showCollection(find, say, terms) {
  let timer = null;
  // The number of questions for the counts. Only the answer to the newest is shown.
  let asked = 0;

  function show() {
    const code = receipt.get();
    find(".mine").hidden = !code || !terms;
    find(".code").textContent = find(".handover code").textContent = code ?? "";
    find(".receipt-first").hidden = !code;
    write(find(".handover .yes"), code ? "person.yes" : "person.clear");
    // This does not replace what the visitor has typed.
    if (code) find(".receipt").defaultValue = code;
    count();
  }

  // Show how much is stored, and again until everything is.
  async function count() {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    const code = receipt.get();
    if (!code || !terms) return;
    const reply = await ask("status", { receipt: code });
    if (mine !== asked) return;
    if (reply?.code === "unknown") return say(...leave("receipt.unknown"));
    const isKnown = reply && !reply.error;
    if (isKnown) write(find(".count"), reply.waiting ? "saved.waiting" : "saved", reply);
    if (!isKnown || reply.waiting) timer = setTimeout(count, AGAIN);
  }

  async function save() {
    const { file, problem } = await download();
    say(...(problem ?? []));
    if (file) make("a", { href: URL.createObjectURL(file), download: "MNIST.npz" }).click();
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(receipt.get());
      write(find(".copy"), "mine.copied");
    } catch {
      // The visitor can copy the selected code by hand.
      getSelection().selectAllChildren(find(".code"));
    }
  }

  function stop() {
    say(...leave("stopped"));
    find(".delete").open = true;
  }

  async function deleteAll() {
    const [field, deleted] = [find(".receipt"), find(".deleted")];
    const code = field.value.trim().toUpperCase();
    say();
    const reply = await ask("delete", { receipt: code }, 3 * SERVER_TIMEOUT);
    write(deleted, ...(reply ? said(reply) : ["delete.silent"]));
    deleted.focus();
    if (!reply || reply.error || reply.again) return;
    if (code === receipt.get()) receipt.set(null);
    // Nothing is left under the code, so the field forgets it.
    if (code === field.defaultValue) field.defaultValue = "";
    field.form.reset();
  }

  find(".delete").hidden = !terms;
  if (terms) find("[data-slot=licence]").textContent = terms.licence;
  find(".npz").addEventListener("click", save);
  find(".copy").addEventListener("click", copy);
  find(".stop").addEventListener("click", stop);
  find(".other").addEventListener("click", () => find(".handover").showModal());
  find(".handover .no").addEventListener("click", () => find(".handover").close());
  find(".handover .yes").addEventListener("click", nextPerson);
  askFirst(find(".delete [type=submit]"), find(".delete .sure"), deleteAll);
  window.addEventListener(RECEIPT_CHANGED, show);
  window.addEventListener(STORED, count);
  show();
}
