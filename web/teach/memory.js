// Teaching on the first tab: a tap on a digit's bar says what the drawing on the board is, and the page knows
// it from then on.
//
// What it has learnt is listed under the board. Whenever a remembered drawing decided an answer, that drawing
// is shown beside it.

import { make, set } from "../dom.js";
import { standApart } from "../draw/two-digits.js";
import { engine } from "../read/engine.js";
import { label, write } from "../words.js";
import { Correction } from "./contribute.js";
import { lessons } from "./lessons.js";
import { NEXT_PERSON, newId } from "./receipt.js";
import { named, thumbnail } from "./thumbnail.js";

// A button that says `word` and does `action`.
function makeButton(word, action, className = "") {
  const button = make("button", { type: "button", className });
  write(button, word);
  button.addEventListener("click", action);
  return button;
}

// What the page knows of the visitor: how many drawings, and, opened, each of them.
class Tray {
  #root;
  #said = make("span");
  #details = make("details", { className: "tray" });
  #list = make("ul", { className: "thumbs" });
  #use = make("input", { type: "checkbox" });
  #where = make("small");
  #sure = make("div", { className: "sure", hidden: true });
  #question = make("p");
  #forget;

  // remove(id) forgets one lesson, empty() is called after all were forgotten.
  constructor(root, remove, empty) {
    this.#root = root;
    this.remove = remove;
    this.#forget = makeButton("memory.forget", () => this.#asked(true));
    this.#forget.id = "forget";
    const yes = makeButton("memory.forget.yes", () => {
      this.#asked(false);
      lessons.clear();
      empty();
    });
    const no = makeButton("memory.forget.no", () => this.#asked(false));
    this.#sure.append(this.#question, make("div", { className: "row" }, no, yes));
    const use = make("span");
    write(use, "memory.use");
    const row = make(
      "div",
      { className: "row" },
      make("label", {}, this.#use, use),
      this.#forget,
      this.#where,
    );
    this.#details.append(make("summary", {}, this.#said), this.#list, row, this.#sure);
    root.append(this.#details);
    this.#use.addEventListener("change", () => {
      lessons.used = this.#use.checked;
    });
    this.#details.addEventListener("toggle", () => this.show());
    lessons.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const count = lessons.all.length;
    this.#root.dataset.count = count;
    this.#root.hidden = !count;
    write(this.#said, lessons.used ? "memory.knows" : "memory.unused", { count });
    write(this.#where, lessons.stored ? "memory.here" : "memory.visit");
    write(this.#question, "memory.forget.sure", { count });
    this.#use.checked = lessons.used;
    if (!count) this.#asked(false);
    // The newest first. They are painted for a visitor who looks at them.
    if (this.#details.open)
      this.#list.replaceChildren(...lessons.all.map((lesson) => this.#entry(lesson)).reverse());
  }

  #entry(lesson) {
    const { id, label: digit } = lesson;
    const button = make("button", { type: "button", textContent: "×" });
    label(button, "memory.remove", { digit });
    button.addEventListener("click", () => this.remove(id));
    const picture = thumbnail(lesson);
    picture.setAttribute("aria-hidden", "true");
    return make("li", {}, picture, make("b", { textContent: digit }), button);
  }

  #asked(asked) {
    const changes = this.#sure.hidden === asked;
    this.#sure.hidden = !asked;
    this.#forget.disabled = asked;
    if (changes) (asked ? this.#sure.querySelector("button") : this.#forget).focus({ preventScroll: true });
  }
}

// Under the answer: how to teach, or the drawing that the answer is due to, and a way to take back what was
// just done.
class Beside {
  #hint;
  #picture = make("span", { className: "lesson" });
  #forget;
  #undo;
  #lesson;
  // Takes back what was done last, until the drawing changes.
  #back = null;

  // `root` holds the hint. forget(id) forgets the lesson that is shown.
  constructor(root, forget) {
    this.#hint = root.firstElementChild;
    this.#forget = makeButton("memory.forget.one", () => forget(this.#lesson.id));
    this.#undo = makeButton("undo", () => this.#back());
    this.#undo.classList.add("unteach");
    root.append(this.#picture, this.#undo, this.#forget);
    this.#arrange();
  }

  // Show the lesson with this id, or none.
  show(id) {
    const lesson = lessons.all.find((entry) => entry.id === id);
    if (this.#lesson === lesson) return;
    this.#lesson = lesson;
    this.#picture.replaceChildren(...(lesson ? [named(thumbnail(lesson), lesson.label)] : []));
    this.#arrange();
  }

  offerUndo(back) {
    this.#back = back;
    this.#arrange();
  }

  #arrange() {
    set(this.#undo, "hidden", !this.#back);
    set(this.#forget, "hidden", !this.#lesson || this.#back !== null);
    set(this.#hint, "hidden", Boolean(this.#lesson || this.#back));
  }
}

// Bring teaching to the page: a press of a bar is the event "teach" of #prediction, and what has been learnt
// is listed in #memory.
export function mount(page, sketchpad) {
  const { board, player, prediction, reading } = sketchpad;
  const tell = (sentence) => sketchpad.tell(sentence);
  // The drawing that was taught last: {id, strokes, picture}.
  let last = null;
  // The digit that was tapped before the drawing was answered, or null.
  let tapped = null;

  // Whether that is what is on the board: undoing later strokes brings it back.
  const isLast = () =>
    last !== null &&
    board.picture === last.picture &&
    board.strokes.length === last.strokes.length &&
    board.strokes.every((stroke, index) => stroke === last.strokes[index]);

  const correction = new Correction((sentence, id) => {
    if (last?.id !== id || !isLast()) return;
    tell(sentence);
    beside.offerUndo(null);
  });
  const beside = new Beside(prediction.querySelector(".teach"), forget);
  new Tray(page.querySelector("#memory"), forget, () => board.focus());

  function offerUndo(back) {
    beside.offerUndo(() => {
      back();
      beside.offerUndo(null);
      tell(null);
    });
  }

  function teach(digit) {
    const { picture } = board;
    tapped = null;
    if (board.isEmpty()) return tell(["teach.nothing"]);
    // The answer says whether it can be learnt.
    if (engine.state === "ready" && !reading.isCurrent()) {
      tapped = digit;
      return;
    }
    // Without the network, strokes are learnt unread.
    const { error = null, pixels = null } = reading.isCurrent() ? reading.answer : {};
    if (error === "reading.apart" || standApart(board.strokes)) return tell(["reading.apart"]);
    if (error || (picture && !pixels)) return tell(["teach.unread"]);
    last = { picture, strokes: [...board.strokes], id: isLast() ? last.id : newId() };
    const { id } = last;
    const strokes = picture ? null : last.strokes;
    const before = lessons.all.filter((lesson) => lesson.id === id);
    lessons.used = true;
    lessons.add([{ id, label: digit, strokes, pixels }]);
    // What a picture or the page itself drew is not the handwriting of a contributor.
    const isSent = strokes && !player.kind && correction.hold({ id, label: digit, strokes });
    tell([isSent ? "teach.sending" : "teach.learnt", { digit }]);
    // The next stroke draws it again.
    const wasFinished = board.isFinished;
    board.isFinished = true;
    offerUndo(() => {
      board.isFinished = wasFinished;
      correction.drop();
      lessons.remove(id);
      lessons.restore(before);
    });
  }

  function forget(id) {
    const gone = lessons.remove(id);
    tell(["memory.forgotten"]);
    offerUndo(() => lessons.restore(gone));
  }

  const know = () => engine.teach(lessons.used ? lessons.all : []);

  for (const bar of prediction.querySelectorAll("[data-digit]"))
    bar.setAttribute("aria-describedby", "teach-hint");
  prediction.addEventListener("teach", ({ detail }) => teach(detail.digit));
  lessons.addEventListener("change", () => {
    know();
    reading.ask();
  });
  // What was forgotten on purpose is neither sent nor brought back.
  lessons.addEventListener("clear", () => {
    last = null;
    correction.drop();
    beside.offerUndo(null);
    tell(null);
  });
  window.addEventListener(NEXT_PERSON, () => {
    last = null;
    correction.drop();
    sketchpad.startOver();
  });
  know();
  sketchpad.watch({
    changed() {
      tapped = null;
      correction.send();
      beside.offerUndo(null);
    },
    painted({ lesson }) {
      beside.show(lesson);
    },
    shown() {
      if (tapped !== null) teach(tapped);
    },
  });
}
