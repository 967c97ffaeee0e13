// The tab Draw: the board, and the answer beside it.
//
// The board has the drawing, the reading has its revision and the answer, and the player draws examples. The
// sketchpad connects them. No error ever loses a drawing.

import { engine } from "../read/engine.js";
import { Reading } from "../read/reading.js";
import { Answer, isSure } from "../show/answer.js";
import { Board, FULL } from "./board.js";
import { awaitGreeting, loadExamples, Player } from "./examples.js";
import { acceptPictures } from "./pictures.js";
import { isAnother, standApart } from "./two-digits.js";

// While a pen is down, answers are painted this much later, so that they do not slow the pen down.
const PAINT = 50; // milliseconds
// After a pause as long as this, a stroke may be another digit.
const PAUSE = 2000; // milliseconds

export class Sketchpad {
  #answer;
  // Paints the answer later, while a pen is down.
  #timer = null;
  // A sentence, as write() takes it, that replaces the answer's until the drawing changes.
  #notice = null;
  // The parts that follow the drawing.
  #watchers = [];
  // When the drawing last changed or the pen was last lifted, in milliseconds.
  #lifted = 0;
  // The number of the stroke that may begin another digit: the first after a sure answer and a pause.
  #first = null;

  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.prediction = find("#prediction");
    this.#answer = new Answer(this.prediction);
    this.board = new Board(find(".desk"), {
      changed: () => this.#change(),
      full: () => this.tell([FULL]),
      began: () => this.#begin(),
      lifted: () => this.#lift(),
    });
    this.player = new Player(this.board, () => this.show());
    this.reading = new Reading(
      () => this.#question(),
      () => this.show(),
    );
    acceptPictures(
      root,
      find(".picture input"),
      (picture) => this.board.replace({ picture }),
      () => this.#refuse(),
    );
    engine.addEventListener("change", () => this.show());
    this.#offerExamples(find("#example"));
    this.show();
  }

  // Have another part follow the drawing. Its functions are optional: changed() is called after each change,
  // lifted() when the pen is lifted, painted(answer) when the bars are painted, and shown(answer) when no pen
  // is down. wantsLayers() says whether the part wants the network's layers.
  watch(watcher) {
    this.#watchers.push(watcher);
    this.reading.ask();
  }

  #each(name, ...given) {
    for (const watcher of this.#watchers) watcher[name]?.(...given);
  }

  // Say a sentence in place of the answer.
  tell(sentence) {
    this.#notice = sentence;
    this.show();
  }

  // Refuse a file, and say whether a drawing of the visitor's is on the board.
  #refuse() {
    const isTheirs = this.board.strokes.length > 0 && !this.player.kind;
    this.tell([isTheirs ? "picture.unreadable.kept" : "picture.unreadable"]);
  }

  // Whether the whole drawing has been answered and no pen is down.
  isWhole() {
    return this.board.pen === null && this.reading.isCurrent();
  }

  // The answer as it is shown: `apart` is true for a whole drawing in two parts.
  get answer() {
    const { answer } = this.reading;
    return this.isWhole() && standApart(this.board.strokes) ? { ...answer, apart: true } : answer;
  }

  #question() {
    const { board } = this;
    if (board.isEmpty()) return null;
    const inside = this.#watchers.some((watcher) => watcher.wantsLayers?.());
    const drawing = board.picture ? { picture: board.picture.pixels } : { strokes: board.strokes };
    return { moving: board.pen !== null, inside, ...drawing };
  }

  // The visitor is about to draw.
  #begin() {
    const { board, player } = this;
    player.stop();
    if (player.kind === "greeting") board.wipe();
    if (isSure(this.answer) && !board.picture && performance.now() - this.#lifted > PAUSE)
      this.#first = board.strokes.length;
  }

  #change() {
    const { board, player } = this;
    if (board.pen !== "example" && !(board.isFinished && board.isEmpty())) player.leave();
    this.#notice = null;
    this.#lifted = performance.now();
    if (this.#first !== null && board.strokes.length <= this.#first) this.#first = null;
    this.#each("changed");
    this.reading.change();
    this.show();
  }

  #lift() {
    const { board, reading } = this;
    const first = this.#first;
    this.#lifted = performance.now();
    this.#each("lifted");
    if (first !== null && isAnother(board.strokes, first)) {
      this.#first = null;
      board.startAt(first);
    }
    // The drawing is read now, without the pauses of a moving pen.
    if (!reading.isCurrent()) reading.ask();
    this.show();
  }

  show() {
    const { board, reading } = this;
    Object.assign(board.root.dataset, { revision: reading.revision, engine: engine.state });
    const isWaiting = engine.state !== "ready" && !board.isEmpty();
    const problem = engine.state === "ready" ? "" : engine.problem || (isWaiting ? "weights.loading" : "");
    const isGreeting = this.player.kind === "greeting";
    const isGreeted = isGreeting && !this.player.isRunning;
    const isResting = !isGreeting && (this.#notice !== null || (reading.revision > 0 && this.isWhole()));
    const notice = this.#notice ?? (problem ? [problem] : isGreeted ? ["reading.greeted"] : null);
    this.#answer.say(this.answer, notice, { resting: isResting, moving: board.pen !== null });
    if (board.pen !== null) this.#timer ??= setTimeout(() => this.#paint(), PAINT);
    else {
      this.#paint();
      this.#each("shown", this.answer);
    }
  }

  // Paint the bars, the 28x28 and the layers.
  #paint() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#answer.paint(this.answer);
    this.#each("painted", this.answer);
  }

  #offerExamples(button) {
    let last = null;
    button.addEventListener("click", async () => {
      const others = (await loadExamples()).filter(({ digit }) => digit !== last);
      const { digit, strokes } = others[Math.floor(Math.random() * others.length)];
      last = digit;
      this.player.play(strokes, "example");
    });
  }

  // On a first visit an example draws itself once, and stops at the first touch.
  greet() {
    const greet = async () => {
      const { strokes } = (await loadExamples())[1];
      if (!this.reading.revision && this.prediction.getClientRects().length)
        this.player.play(strokes, "greeting");
    };
    awaitGreeting(greet, () => this.player.kind === "greeting" && this.player.stop());
  }
}
