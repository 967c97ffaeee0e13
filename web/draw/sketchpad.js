// The tab Draw: the board, and the answer beside it.
//
// The board has the drawing, the reading has its revision and the answer, and the player draws examples. The
// sketchpad ties them together and shows them. A drawing is never lost to an error.

import { engine } from "../read/engine.js";
import { Reading } from "../read/reading.js";
import { Answer, isSure } from "../show/answer.js";
import { Board, FULL } from "./board.js";
import { loadExamples, Player } from "./examples.js";
import { acceptPictures } from "./pictures.js";
import { isAnother, standApart } from "./two-digits.js";

const PAINT = 50; // milliseconds until an answer is painted while the pen moves: the pen needs the time more
const PAUSE = 2000; // milliseconds without a pen after which a stroke may be another digit

export class Sketchpad {
  #answer;
  // It runs until the answer is painted, while a pen is down.
  #timer = null;
  // A sentence, as write() takes it, in place of the answer's until the drawing changes.
  #notice = null;
  // The parts that follow the drawing.
  #watchers = [];
  // The time at which the drawing was last changed or the pen lifted.
  #lifted = 0;
  // Number of the first stroke after a sure answer and a pause, which may begin another digit.
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
      () => this.tell(["picture.unreadable"]),
    );
    engine.addEventListener("change", () => this.show());
    this.#offerExamples(find("#example"));
    this.show();
  }

  // Have another part follow the drawing. All its functions are optional: changed() is called after each
  // change, lifted() when the pen is up, painted(answer) with the bars, shown(answer) when no pen is down.
  // wantsLayers() says whether it wants the network's layers.
  watch(watcher) {
    this.#watchers.push(watcher);
    this.reading.ask();
  }

  #each(name, ...given) {
    for (const watcher of this.#watchers) watcher[name]?.(...given);
  }

  // Say something in place of the answer.
  tell(sentence) {
    this.#notice = sentence;
    this.show();
  }

  // Whether the whole drawing has been answered and no pen is down.
  isWhole() {
    return this.board.pen === null && this.reading.isCurrent();
  }

  // The answer as it is shown. Only a whole drawing can stand in two parts.
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

  // A hand is about to draw.
  #begin() {
    const { board, player } = this;
    player.stop();
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
    // Strokes that wait are read at once now.
    if (!reading.isCurrent()) reading.ask();
    this.show();
  }

  show() {
    const { board, reading } = this;
    Object.assign(board.root.dataset, { revision: reading.revision, engine: engine.state });
    const isWaiting = engine.state !== "ready" && !board.isEmpty();
    const problem = engine.state === "ready" ? "" : engine.problem || (isWaiting ? "weights.loading" : "");
    const isResting = this.#notice !== null || (reading.revision > 0 && this.isWhole());
    const notice = this.#notice ?? (problem ? [problem] : null);
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
}
