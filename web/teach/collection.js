// What a contributor has given: the receipt code, how much is stored, the file of it, and deleting it all.

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

// While not everything is stored, the page asks again after this time how much is.
const AGAIN = 5000; // milliseconds

export class Collection {
  #find;
  #terms;
  #timer = null;
  // How often the counts were asked for: only the newest answer is shown.
  #asked = 0;

  // `find` finds the elements of the tab. `terms` is {licence, version}, or null where nothing is taken.
  constructor(find, terms) {
    this.#find = find;
    this.#terms = terms;
    find(".delete").hidden = !terms;
    if (terms?.licence) find("[data-slot=licence]").textContent = terms.licence;
    find(".npz").addEventListener("click", () => this.#download());
    find(".copy").addEventListener("click", () => this.#copy());
    find(".stop").addEventListener("click", () => {
      this.say(...this.leave("stopped"));
      find(".delete").open = true;
    });
    find(".other").addEventListener("click", () => find(".handover").showModal());
    find(".handover .no").addEventListener("click", () => find(".handover").close());
    find(".handover .yes").addEventListener("click", nextPerson);
    askFirst(find(".delete [type=submit]"), find(".delete .sure"), () => this.#delete());
    window.addEventListener(RECEIPT_CHANGED, () => this.#show());
    window.addEventListener(STORED, () => this.#count());
    this.#show();
  }

  // Say something about what was given or is being sent. The sentence is as write() takes it.
  say(...sentence) {
    write(this.#find(".news"), ...sentence);
  }

  // Get a receipt, if there is none yet. Returns what went wrong, as write() takes it, or null.
  async agree() {
    if (receipt.get()) return null;
    const reply = await ask("consent", { version: this.#terms.version });
    // Another tab may have agreed meanwhile: this browser is one person.
    if (reply?.receipt && !receipt.get()) receipt.set(reply.receipt);
    return refusal(reply);
  }

  // Give the receipt up, which the field for deletion still shows. Returns `key` with the code, as write()
  // takes it.
  leave(key) {
    const code = receipt.get();
    receipt.set(null);
    return [key, { code }];
  }

  #show() {
    const find = this.#find;
    const code = receipt.get();
    find(".mine").hidden = !code || !this.#terms;
    find(".code").textContent = find(".handover code").textContent = code ?? "";
    find(".receipt-first").hidden = !code;
    write(find(".handover .yes"), code ? "person.yes" : "person.clear");
    // It does not replace what the visitor has typed.
    if (code) find(".receipt").defaultValue = code;
    this.#count();
  }

  // Ask how much is stored, and again while not everything is.
  async #count() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const asked = this.#asked;
    const code = receipt.get();
    if (!code || !this.#terms) return;
    const reply = await ask("status", { receipt: code });
    if (asked !== this.#asked) return;
    if (reply?.code === "unknown") return this.say(...this.leave("receipt.unknown"));
    const isKnown = reply && !reply.error;
    if (isKnown) write(this.#find(".count"), reply.waiting ? "saved.waiting" : "saved", reply);
    if (!isKnown || reply.waiting) this.#timer = setTimeout(() => this.#count(), AGAIN);
  }

  async #download() {
    const { file, problem } = await download();
    this.say(...(problem ?? []));
    if (file) make("a", { href: URL.createObjectURL(file), download: "MNIST.npz" }).click();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(receipt.get());
      write(this.#find(".copy"), "mine.copied");
    } catch {
      // The visitor can copy it by hand.
      getSelection().selectAllChildren(this.#find(".code"));
    }
  }

  async #delete() {
    const [field, deleted] = [this.#find(".receipt"), this.#find(".deleted")];
    const code = field.value.trim().toUpperCase();
    this.say();
    const reply = await ask("delete", { receipt: code }, 3 * SERVER_TIMEOUT);
    write(deleted, ...(reply ? said(reply) : ["delete.silent"]));
    deleted.focus();
    if (!reply || reply.error || reply.again) return;
    if (code === receipt.get()) this.leave();
    // The code is of no more use.
    if (code === field.defaultValue) field.defaultValue = "";
    field.form.reset();
  }
}
