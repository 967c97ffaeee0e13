// What a contributor has given: the receipt code, how much is stored, files to keep, and deleting it all.

import { make } from "../dom.js";
import { write } from "../words.js";
import { ask, download, refusal, SERVER_TIMEOUT, STORED, said } from "./contribute.js";
import { lessons } from "./lessons.js";
import { NEXT_PERSON, nextPerson, person, RECEIPT_CHANGED, receipt } from "./receipt.js";
import { picture } from "./thumbnail.js";

const SIDE = 160; // pixels of a drawing in the sheet to save
const GAP = 8; // pixels between two of them
const AGAIN = 5000; // milliseconds until the counts are asked for again, while not everything is stored

export class Collection {
  #find;
  #terms;
  // The drawings of this person that were stored since the page was opened.
  #visit = [];
  #timer = null;
  // How many drawings were stored: an older answer about the counts is dropped.
  #sends = 0;
  // The code that the page wrote into the field for the receipt to delete.
  #written = "";

  // `find` finds the elements of the tab. `terms` is {licence, version}, or null where nothing is taken.
  constructor(find, terms) {
    this.#find = find;
    this.#terms = terms;
    find(".delete").hidden = !terms;
    if (terms?.licence) find("[data-slot=licence]").textContent = terms.licence;
    this.#listenToButtons();
    this.#listenToHandover();
    this.#listenToDeletion();
    window.addEventListener(RECEIPT_CHANGED, () => this.show());
    window.addEventListener(STORED, ({ detail }) => {
      this.#sends += 1;
      this.#count(detail);
    });
  }

  show() {
    const find = this.#find;
    const code = receipt.get();
    find(".mine").hidden = !code || !this.#terms;
    if (code) this.#write(code);
    find(".code").textContent = find(".handover code").textContent = code ?? "";
    find(".receipt-first").hidden = !code;
    write(find(".handover .yes"), code ? "person.yes" : "person.clear");
    find(".png").disabled = !this.#visit.length;
    if (code && this.#terms) this.#ask();
    else clearTimeout(this.#timer);
  }

  // Say something about what was given or is being sent. The sentence is as write() takes it.
  say(...sentence) {
    write(this.#find(".news"), ...sentence);
  }

  // Get a receipt, if there is none yet. Returns what went wrong, as write() takes it, or null.
  async agree() {
    if (receipt.get()) return null;
    const asked = person;
    const reply = await ask("consent", { version: this.#terms.version });
    if (person !== asked) return ["stopped"];
    if (!reply?.receipt) return refusal(reply) ?? ["silent"];
    // Another tab may have agreed meanwhile: this browser is one person.
    if (!receipt.get()) receipt.set(reply.receipt);
    return null;
  }

  // Give the receipt up, which the field for deletion still shows. Returns `key` with the code, as write()
  // takes it.
  leave(key) {
    const code = receipt.get();
    receipt.set(null);
    return [key, { code }];
  }

  // Write a code into the field for the receipt to delete, unless the visitor has typed another one.
  #write(code) {
    const field = this.#find(".receipt");
    if (field.value && field.value !== this.#written) return;
    field.value = this.#written = code;
  }

  // A drawing was stored.
  take(drawing) {
    this.#visit.push(drawing);
    this.#find(".png").disabled = false;
  }

  // --- counts ---

  #count({ saved, waiting, on_hub: onHub, problem }) {
    this.#find(".npz").disabled = !saved && !waiting;
    this.#find(".mine").dataset.saved = saved;
    let key = "saved";
    if (waiting) key = problem ? "saved.unsafe" : "saved.waiting";
    else if (onHub !== undefined) key = onHub === saved ? "saved.hub" : "saved.part";
    write(this.#find(".count"), key, { saved, waiting, hub: onHub });
    clearTimeout(this.#timer);
    if (waiting || onHub < saved) this.#askAgain();
  }

  #askAgain() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), AGAIN);
  }

  async #ask() {
    const code = receipt.get();
    const before = this.#sends;
    if (!code) return;
    const reply = await ask("status", { receipt: code });
    if (receipt.get() !== code) return;
    // The counts that came with a drawing are newer, if it could be counted.
    if (this.#sends !== before) return this.#askAgain();
    if (reply?.consent) return this.say(...this.leave("receipt.unknown"));
    if (reply && !reply.error) this.#count(reply);
    else this.#askAgain();
  }

  // --- files ---

  #listenToButtons() {
    const find = this.#find;
    find(".npz").addEventListener("click", async ({ currentTarget: button }) => {
      button.disabled = true;
      const { file, problem } = await download();
      button.disabled = false;
      this.say(...(problem ?? []));
      if (file) save(file, "MNIST.npz");
    });
    find(".png").addEventListener("click", () =>
      sheet(this.#visit).toBlob((file) => save(file, "my-digits.png")),
    );
    find(".copy").addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(receipt.get());
        write(find(".copy"), "mine.copied");
      } catch {
        // The visitor can copy it by hand.
        getSelection().selectAllChildren(find(".code"));
      }
    });
    find(".stop").addEventListener("click", () => {
      this.say(...this.leave("stopped"));
      find(".delete").open = true;
    });
  }

  // --- another person ---

  #listenToHandover() {
    const handover = this.#find(".handover");
    this.#find(".other").addEventListener("click", () => handover.showModal());
    handover.querySelector(".no").addEventListener("click", () => handover.close());
    handover.querySelector(".yes").addEventListener("click", () => {
      handover.close();
      if (receipt.get()) this.leave();
      lessons.clear();
      nextPerson();
      this.say("person.ready");
    });
    window.addEventListener(NEXT_PERSON, () => {
      this.#visit = [];
      write(this.#find(".count"));
      write(this.#find(".copy"), "mine.copy");
      this.#find(".delete form").reset();
      this.#find(".delete").open = false;
      write(this.#find(".deleted"));
      this.show();
    });
  }

  // --- deletion ---

  #listenToDeletion() {
    const find = this.#find;
    const form = find(".delete form");
    const sure = find(".delete .sure");
    const deleted = find(".deleted");
    // The code that the question is about, whatever is typed since.
    let code = "";
    const askIfSure = (asked) => {
      sure.hidden = !asked;
      form.querySelector("[type=submit]").disabled = asked;
      if (asked) sure.querySelector(".no").focus();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      write(deleted);
      code = find(".receipt").value.trim().toUpperCase();
      if (code) askIfSure(true);
      else write(deleted, "delete.enter");
    });
    sure.querySelector(".no").addEventListener("click", () => {
      askIfSure(false);
      form.querySelector("[type=submit]").focus();
    });
    form.addEventListener("reset", () => askIfSure(false));
    sure.querySelector(".yes").addEventListener("click", async () => {
      askIfSure(false);
      const asked = person;
      this.say();
      const reply = await ask("delete", { receipt: code }, 3 * SERVER_TIMEOUT);
      if (person !== asked) return;
      write(deleted, ...(reply ? said(reply) : ["delete.silent"]));
      deleted.focus();
      if (!reply || reply.error || reply.again) return;
      if (code === receipt.get()) this.leave();
      // The code is of no more use.
      const field = find(".receipt");
      if (field.value.trim().toUpperCase() === code) field.value = this.#written = "";
    });
  }
}

// Drawings on one sheet of white paper, in the order of the digits.
function sheet(drawings) {
  const columns = drawings.length > 10 ? 10 : 5;
  const step = SIDE + GAP;
  const rows = Math.ceil(drawings.length / columns);
  const canvas = make("canvas", { width: columns * step + GAP, height: rows * step + GAP });
  const paint = canvas.getContext("2d");
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, canvas.width, canvas.height);
  drawings
    .toSorted((a, b) => a.label - b.label)
    .forEach(({ strokes }, i) => {
      const place = [i % columns, Math.floor(i / columns)].map((index) => GAP + index * step);
      paint.drawImage(picture(strokes, SIDE), ...place);
    });
  return canvas;
}

function save(file, name) {
  const link = make("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
