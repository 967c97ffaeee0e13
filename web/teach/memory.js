// Teaching on the first tab: a tap on a digit's bar says what the drawing on the board is, and the page knows
// it from then on.
//
// The lessons are listed under the board. When a lesson decides an answer, it is shown beside that answer.

import { make, set } from "../dom.js";
import { standApart } from "../draw/two-digits.js";
import { engine } from "../read/engine.js";
import { write } from "../words.js";
import { Correction } from "./contribute.js";
import { lessons } from "./lessons.js";
import { NEXT_PERSON, newId } from "./receipt.js";
import { cross, named, thumbnail } from "./thumbnail.js";

// Under the board: how many drawings the page knows, and, opened, each of them.
class Tray {
  #root;
  #details;
  #sure;
  #forgetAll;
  #remove;

  // remove(id) forgets one lesson, empty() is called after all were forgotten.
  constructor(root, remove, empty) {
    this.#root = root;
    this.#details = this.#find("details");
    this.#sure = this.#find(".sure");
    this.#forgetAll = this.#find("#forget");
    this.#remove = remove;
    this.#forgetAll.addEventListener("click", () => this.#askIfSure(true));
    this.#find(".no").addEventListener("click", () => this.#askIfSure(false));
    this.#find(".yes").addEventListener("click", () => {
      this.#askIfSure(false);
      lessons.clear();
      empty();
    });
    this.#find("input").addEventListener("change", ({ target }) => {
      lessons.used = target.checked;
    });
    this.#details.addEventListener("toggle", () => this.#show());
    lessons.addEventListener("change", () => this.#show());
    this.#show();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #show() {
    const count = lessons.all.length;
    this.#root.dataset.count = count;
    this.#root.hidden = !count;
    write(this.#find("summary"), lessons.used ? "memory.knows" : "memory.unused", { count });
    write(this.#find("small"), lessons.stored ? "memory.here" : "memory.visit");
    write(this.#find(".sure p"), "memory.forget.sure", { count });
    this.#find("input").checked = lessons.used;
    if (!count) this.#askIfSure(false);
    // The newest come first. They are painted only for a visitor who looks at them.
    const shown = this.#details.open ? lessons.all.toReversed() : [];
    this.#find(".thumbs").replaceChildren(...shown.map((lesson) => this.#entry(lesson)));
  }

  #entry(lesson) {
    const { id, label: digit } = lesson;
    const picture = thumbnail(lesson);
    picture.setAttribute("aria-hidden", "true");
    const forget = cross("memory.remove", digit, () => this.#remove(id));
    return make("li", {}, picture, make("b", { textContent: digit }), forget);
  }

  #askIfSure(asked) {
    if (this.#sure.hidden !== asked) return;
    this.#sure.hidden = !asked;
    this.#forgetAll.disabled = asked;
    (asked ? this.#find(".no") : this.#forgetAll).focus({ preventScroll: true });
  }
}

// Under the answer: how to teach, or the lesson that decided the answer, and a way to take back the last
// change.
class Beside {
  #hint;
  #picture;
  #undo;
  #forget;
  #lesson;
  // Takes back what was done last, until the drawing changes.
  #back = null;

  // forget(id) forgets the lesson that is shown.
  constructor(root, forget) {
    [this.#hint, this.#picture, this.#undo, this.#forget] = root.children;
    this.#undo.addEventListener("click", () => this.#back());
    this.#forget.addEventListener("click", () => forget(this.#lesson.id));
  }

  // Show the lesson with this id, or none.
  show(id) {
    const lesson = lessons.all.find((entry) => entry.id === id);
    if (this.#lesson === lesson) return;
    this.#lesson = lesson;
    this.#picture.replaceChildren(...(lesson ? [named(thumbnail(lesson), lesson.label)] : []));
    this.#arrange();
  }

  // Offer to call back(), in a button that says `sentence`, as write() takes it; null offers nothing.
  offerUndo(back, ...sentence) {
    this.#back = back;
    if (back) write(this.#undo, ...sentence);
    this.#arrange();
  }

  #arrange() {
    set(this.#undo, "hidden", !this.#back);
    set(this.#forget, "hidden", !this.#lesson || this.#back !== null);
    set(this.#hint, "hidden", Boolean(this.#lesson || this.#back));
  }
}

// Mount this part: a press of a bar is the event "teach" of #prediction, and #memory lists the lessons.
export function mount(page, sketchpad) {
  const { board, player, prediction, reading } = sketchpad;
  const tell = (sentence) => sketchpad.tell(sentence);
  // The drawing that was taught last: {id, strokes, picture}.
  let last = null;
  // The digit that was tapped before the drawing was answered, or null.
  let tapped = null;

  // Whether that drawing is on the board: undoing later strokes brings it back.
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

  function offerUndo(back, ...sentence) {
    const undo = () => {
      back();
      beside.offerUndo(null);
      tell(null);
    };
    beside.offerUndo(undo, ...sentence);
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
    // Pictures and what the page itself drew are not the handwriting of a contributor.
    const isSent = strokes && !player.kind && correction.hold({ id, label: digit, strokes });
    tell([isSent ? "teach.sending" : "teach.learnt", { digit }]);
    // The next stroke begins a new drawing.
    const wasFinished = board.isFinished;
    board.isFinished = true;
    const unteach = () => {
      board.isFinished = wasFinished;
      correction.drop();
      lessons.remove(id);
      lessons.restore(before);
    };
    offerUndo(unteach, "teach.not", { digit });
  }

  function forget(id) {
    const gone = lessons.remove(id);
    tell(["memory.forgotten"]);
    offerUndo(() => lessons.restore(gone), "memory.restore");
  }

  // What was forgotten on purpose is neither sent nor brought back.
  function letGo() {
    last = null;
    correction.drop();
    beside.offerUndo(null);
    tell(null);
  }

  const know = () => engine.teach(lessons.used ? lessons.all : []);
  know();
  prediction.addEventListener("teach", ({ detail }) => teach(detail.digit));
  lessons.addEventListener("change", () => {
    know();
    reading.ask();
  });
  lessons.addEventListener("clear", letGo);
  window.addEventListener(NEXT_PERSON, () => {
    letGo();
    sketchpad.startOver();
  });
  sketchpad.watch({
    changed() {
      tapped = null;
      correction.send();
      beside.offerUndo(null);
    },
    painted: ({ lesson }) => beside.show(lesson),
    shown() {
      if (tapped !== null) teach(tapped);
    },
  });
}
