// Your digits: the page asks for the ten digits in shuffled order, learns them, and says how many it read
// before.
//
// No reading is shown meanwhile, so that nobody draws for the network. Nothing is sent before the ten are
// drawn and the visitor has agreed to give them. A drawing stays here until the server has said that it is
// stored.

import { make } from "../dom.js";
import { Board, FULL } from "../draw/board.js";
import { standApart } from "../draw/two-digits.js";
import { engine } from "../read/engine.js";
import { label, write } from "../words.js";
import { Collection } from "./collection.js";
import { newId, RECEIPT_CHANGED, receipt, refusal, submit } from "./contribute.js";
import { lessons } from "./lessons.js";
import { cross, named, thumbnail } from "./widgets.js";

const DIGITS = "0123456789";
// The engine's name for this board.
const NAME = "digits";
// The most points of a drawing. The server stores 32 kB, which are some 1,800 points with their times.
const MAX_POINTS = 1500;
// A shorter line is a dot.
const DOT = 20; // board units

// The ten digits in the order in which they are asked for, and the drawings of them: {id, label, strokes,
// source, read, isStored} each.
class Round {
  #order = Array.from(DIGITS, (digit) => [Math.random(), digit])
    .sort(([a], [b]) => a - b)
    .map(([, digit]) => digit);
  // A drawing for each digit that was asked for, null for one that was skipped.
  results = [];
  // Whether the visitor has chosen to send them. The server may have a drawing although it has not said so.
  isGiven = false;

  get asked() {
    return this.#order[this.results.length];
  }

  get isOver() {
    return this.results.length === DIGITS.length;
  }

  // The drawings, in the order of the digits.
  get drawn() {
    return this.results.filter(Boolean).sort((a, b) => a.label - b.label);
  }

  leaveOut(id) {
    this.results = this.results.filter((drawing) => drawing?.id !== id);
  }
}

class MyDigits {
  #find;
  #board;
  #collection;
  #contributions;
  #round = new Round();
  #isSending = false;

  // `root` is the tab. `contributions` is what the server says about contributing: {licence, version}, or
  // {error, code} where it takes none; null where there is no server.
  constructor(root, contributions) {
    this.#find = (selector) => root.querySelector(selector);
    const find = this.#find;
    const hooks = { changed: () => this.#remark(), full: () => this.#remark(FULL) };
    this.#board = new Board(find(".desk"), hooks, MAX_POINTS);
    this.#contributions = contributions;
    this.#collection = new Collection(find, contributions?.error ? null : contributions);
    this.#listen();
    this.#turn();
  }

  #listen() {
    // A double click is one press: its second half would hit the next digit.
    const press = (selector, action) =>
      this.#find(selector).addEventListener("click", (event) => {
        if (event.detail < 2) action();
      });
    press(".next", () => this.#next());
    press(".skip", () => this.#advance(null));
    press(".again", () => this.#begin());
    press(".agree", () => this.#give());
    this.#board.canvas.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.repeat) return;
      event.preventDefault();
      this.#next();
    });
    const offerHandover = () => {
      this.#find(".other").hidden = !lessons.all.length && !receipt.get();
    };
    window.addEventListener(RECEIPT_CHANGED, () => {
      this.#offerGift();
      offerHandover();
    });
    lessons.addEventListener("change", offerHandover);
    offerHandover();
  }

  // --- ten drawings ---

  #begin() {
    this.#round = new Round();
    this.#find(".ten").hidden = false;
    this.#find(".learnt").hidden = this.#find(".give").hidden = true;
    this.#collection.say();
    this.#turn();
    this.#board.focus();
  }

  #turn() {
    const { asked, results } = this.#round;
    this.#board.wipe();
    this.#find(".target").textContent = asked;
    this.#board.root.dataset.target = asked;
    write(this.#find(".task"), "task");
    const steps = this.#find(".steps");
    steps.setAttribute("role", "img");
    label(steps, "steps", { number: results.length + 1, total: DIGITS.length });
    const marks = Array.from(DIGITS, (_, index) => {
      if (index === results.length) return "now";
      return index > results.length ? "" : results[index] ? "drawn" : "skipped";
    });
    steps.replaceChildren(...marks.map((className) => make("span", { className })));
  }

  #remark(key, values) {
    write(this.#find(".remark"), key, values);
  }

  #next() {
    if (this.#round.isOver) return;
    const { strokes } = this.#board;
    const { asked } = this.#round;
    const line = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    if (line < DOT) return this.#remark(strokes.length ? "doubt.dot" : "doubt.empty", { digit: asked });
    if (standApart(strokes)) return this.#remark("reading.apart");
    this.#advance({ id: newId(), label: asked, strokes, source: "collector" });
    if (!this.#round.isOver) this.#board.focus();
  }

  #advance(drawing) {
    if (this.#round.isOver) return;
    this.#round.results.push(drawing);
    if (this.#round.isOver) this.#learn();
    else this.#turn();
  }

  // --- what it has learnt ---

  // All of them are read before any is learnt, so that "before" is true.
  async #learn() {
    const { drawn } = this.#round;
    for (const drawing of drawn) {
      if (engine.state !== "ready") break;
      drawing.read = (await engine.read(NAME, { strokes: drawing.strokes })).digit;
    }
    lessons.add(drawn);
    const find = this.#find;
    const right = drawn.filter(({ label: digit, read }) => digit === read).length;
    const total = drawn.length;
    let sentence = total < DIGITS.length ? "digits.few" : "digits.read";
    if (right === total) sentence = "digits.read.all";
    // Nothing was read while the network was not there.
    if (drawn.some(({ read }) => read === undefined)) sentence = "digits.learnt";
    if (!total) sentence = "digits.none";
    write(find(".done"), sentence, { total, right });
    find(".ten").hidden = true;
    find(".learnt").hidden = false;
    this.#offerGift();
    find(".done").focus({ preventScroll: true });
    find(".learnt").scrollIntoView({ block: "nearest" });
  }

  // A drawing with the digit that was read. It can be left out as long as it was not sent.
  #entry({ id, label: digit, strokes, read }) {
    const caption = make("span");
    const isWrong = read !== undefined && read !== digit;
    if (!isWrong) caption.textContent = digit;
    else write(caption, read ? "digits.read.as" : "digits.unread", { digit, read });
    const picture = named(thumbnail({ strokes }), digit);
    const entry = make("li", { className: isWrong ? "misread" : "" }, picture, caption);
    if (!this.#round.isGiven) entry.append(cross("digits.leave.out", digit, () => this.#leaveOut(id)));
    return entry;
  }

  #leaveOut(id) {
    lessons.remove(id);
    this.#round.leaveOut(id);
    this.#offerGift();
    this.#find(".done").focus({ preventScroll: true });
  }

  // --- giving them to the dataset ---

  // Show the drawings, and ask for those that are not stored.
  #offerGift() {
    const find = this.#find;
    const { drawn } = this.#round;
    find(".learnt .thumbs").replaceChildren(...drawn.map((drawing) => this.#entry(drawing)));
    const isWaiting = !find(".learnt").hidden && drawn.some(({ isStored }) => !isStored);
    const refused = this.#contributions?.error;
    find(".give").hidden = !this.#contributions || refused || !isWaiting;
    if (refused && isWaiting) this.#collection.say(...refusal(this.#contributions));
    // A contributor has read the terms.
    const hasAgreed = receipt.get() !== null;
    for (const part of find(".give").querySelectorAll(".terms, details")) part.hidden = hasAgreed;
    write(find(".agree"), this.#isSending ? "saving" : hasAgreed ? "give.send" : "agree");
    find(".agree").disabled = this.#isSending;
  }

  async #give() {
    this.#isSending = this.#round.isGiven = true;
    this.#collection.say();
    this.#offerGift();
    const problem = (await this.#collection.agree()) ?? (await this.#send());
    this.#isSending = false;
    this.#collection.say(...(problem ?? ["give.thanks"]));
    this.#offerGift();
  }

  // Send what has not been stored yet. Returns what went wrong, as write() takes it, or null.
  async #send() {
    const code = receipt.get();
    for (const drawing of this.#round.drawn) {
      if (drawing.isStored) continue;
      const reply = await submit(drawing, () => this.#collection.say("silent.again"));
      // The rest does not belong to a receipt that somebody got meanwhile.
      if (receipt.get() !== code) return ["stopped"];
      if (!reply) return ["silent.kept"];
      if (reply.code === "unknown") return this.#collection.leave("receipt.unknown");
      if (reply.error) return refusal(reply);
      drawing.isStored = true;
    }
    return null;
  }
}

export function mount(page, contributions) {
  new MyDigits(page.querySelector("#your-digits"), contributions);
}
