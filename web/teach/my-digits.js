// Your digits: the page asks for the ten digits in shuffled order, learns them, and says how many it read
// before.
//
// No reading is shown meanwhile, so that visitors do not draw for the network. Nothing is sent before the ten
// are drawn and the visitor has agreed to give them. A drawing stays on the page until the server says that
// it is stored.

import { make } from "../dom.js";
import { Board, FULL } from "../draw/board.js";
import { standApart } from "../draw/two-digits.js";
import { engine } from "../read/engine.js";
import { label, write } from "../words.js";
import { agree, leave, showCollection } from "./collection.js";
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

// Ten digits in shuffled order, and their drawings: {id, label, strokes, source, read, isStored} each.
class Round {
  #order = Array.from(DIGITS, (digit) => [Math.random(), digit])
    .sort(([a], [b]) => a - b)
    .map(([, digit]) => digit);
  // A drawing for each digit that was asked for, null for one that was skipped.
  results = [];
  // Whether the visitor has chosen to send them. From then on, the server may have any of them.
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

// Mount this part. `contributions` is {licence, version}, or {error, code} if the server takes none, or null
// without a server.
export function mount(page, contributions) {
  const root = page.querySelector("#your-digits");
  const find = (selector) => root.querySelector(selector);
  const say = (...sentence) => write(find(".news"), ...sentence);
  const remark = (key, values) => write(find(".remark"), key, values);
  const hooks = { changed: () => remark(), full: () => remark(FULL) };
  const board = new Board(find(".desk"), hooks, MAX_POINTS);
  const refused = contributions?.error;
  let round = new Round();
  let isSending = false;

  // --- ten drawings ---

  function begin() {
    round = new Round();
    find(".ten").hidden = false;
    find(".learnt").hidden = find(".give").hidden = true;
    say();
    turn();
    board.focus();
  }

  // Ask for the next digit.
  function turn() {
    const { asked, results } = round;
    board.wipe();
    board.root.dataset.target = find(".target").textContent = asked;
    write(find(".task"), "task");
    find(".steps").role = "img";
    label(find(".steps"), "steps", { number: results.length + 1, total: DIGITS.length });
    const marks = Array.from(DIGITS, (_, index) => {
      if (index === results.length) return "now";
      return index > results.length ? "" : results[index] ? "drawn" : "skipped";
    });
    find(".steps").replaceChildren(...marks.map((className) => make("span", { className })));
  }

  function next() {
    if (round.isOver) return;
    const { strokes } = board;
    const { asked } = round;
    const line = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    if (line < DOT) return remark(strokes.length ? "doubt.dot" : "doubt.empty", { digit: asked });
    if (standApart(strokes)) return remark("reading.apart");
    advance({ id: newId(), label: asked, strokes, source: "collector" });
    if (!round.isOver) board.focus();
  }

  function advance(drawing) {
    if (round.isOver) return;
    round.results.push(drawing);
    if (round.isOver) learn();
    else turn();
  }

  // --- what the page has learnt ---

  // All drawings are read before any is learnt, so that "before" is true.
  async function learn() {
    const { drawn } = round;
    for (const drawing of drawn) {
      if (engine.state !== "ready") break;
      drawing.read = (await engine.read(NAME, { strokes: drawing.strokes })).digit;
    }
    lessons.add(drawn);
    sumUp();
    find(".ten").hidden = true;
    find(".learnt").hidden = false;
    offerGift();
    find(".done").focus({ preventScroll: true });
    find(".learnt").scrollIntoView({ block: "nearest" });
  }

  // Say how many of the drawings that are left were read before.
  function sumUp() {
    const { drawn } = round;
    const right = drawn.filter(({ label: digit, read }) => digit === read).length;
    const total = drawn.length;
    const isFew = total < DIGITS.length;
    let sentence = isFew ? "digits.few" : "digits.read";
    if (right === total) sentence = isFew ? "digits.few.all" : "digits.read.all";
    // Nothing is read before the network has loaded.
    if (drawn.some(({ read }) => read === undefined)) sentence = "digits.learnt";
    if (!total) sentence = "digits.none";
    write(find(".done"), sentence, { total, right });
  }

  // A drawing with the digit that was read. It can be left out until it is sent.
  function entry({ id, label: digit, strokes, read }) {
    const caption = make("span");
    const isWrong = read !== undefined && read !== digit;
    if (!isWrong) caption.textContent = digit;
    else write(caption, read ? "digits.read.as" : "digits.unread", { digit, read });
    const picture = named(thumbnail({ strokes }), digit);
    const leaver = round.isGiven ? [] : [cross("digits.leave.out", digit, () => leaveOut(id))];
    return make("li", { className: isWrong ? "misread" : "" }, picture, caption, ...leaver);
  }

  function leaveOut(id) {
    lessons.remove(id);
    round.leaveOut(id);
    sumUp();
    offerGift();
    find(".done").focus({ preventScroll: true });
  }

  // --- giving them to the dataset ---

  // Show the drawings, and ask for those that are not stored.
  function offerGift() {
    const { drawn } = round;
    find(".learnt .thumbs").replaceChildren(...drawn.map(entry));
    const isWaiting = !find(".learnt").hidden && drawn.some(({ isStored }) => !isStored);
    find(".give").hidden = !contributions || refused || !isWaiting;
    if (refused && isWaiting) say(...refusal(contributions));
    // A contributor has read the terms.
    const hasAgreed = receipt.get() !== null;
    for (const part of find(".give").querySelectorAll(".terms, details")) part.hidden = hasAgreed;
    write(find(".agree"), isSending ? "saving" : hasAgreed ? "give.send" : "agree");
    find(".agree").disabled = isSending;
  }

  async function give() {
    isSending = round.isGiven = true;
    say();
    offerGift();
    const problem = (await agree(contributions.version)) ?? (await send());
    isSending = false;
    say(...(problem ?? ["give.thanks"]));
    offerGift();
  }

  // Send what has not been stored yet. Returns what went wrong, as write() takes it, or null.
  async function send() {
    const code = receipt.get();
    for (const drawing of round.drawn) {
      if (drawing.isStored) continue;
      const reply = await submit(drawing, () => say("silent.again"));
      // If another person got a receipt meanwhile, the rest is not theirs.
      if (receipt.get() !== code) return ["stopped"];
      if (!reply) return ["silent.kept"];
      if (reply.code === "unknown") return leave("receipt.unknown");
      if (reply.error) return refusal(reply);
      drawing.isStored = true;
    }
    return null;
  }

  // A double click is one press: its second half would hit the next digit.
  const press = (selector, action) =>
    find(selector).addEventListener("click", ({ detail }) => detail < 2 && action());
  press(".next", next);
  press(".skip", () => advance(null));
  press(".again", begin);
  press(".agree", give);
  board.canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat) return;
    event.preventDefault();
    next();
  });
  const offerHandover = () => {
    find(".other").hidden = !lessons.all.length && !receipt.get();
  };
  window.addEventListener(RECEIPT_CHANGED, () => {
    offerGift();
    offerHandover();
  });
  lessons.addEventListener("change", offerHandover);
  showCollection(find, say, refused ? null : contributions);
  offerHandover();
  turn();
}
