// The board: a drawing on a canvas, by mouse, finger, pen and keys, with its buttons.
//
// Its owner gives it `hooks`: changed() is called after every change, full() when the board has no more room,
// began() before a hand starts a stroke, lifted() after it, background(paint, picture) to paint the ground.

import { LIMITS } from "../read/digit.js";
import { Drawing } from "./drawing.js";
import { listenToKeys } from "./keys.js";
import { listenToPointers } from "./pointers.js";

export const SIZE = LIMITS.size;
export const FULL = "board.full"; // the sentence for a board without room

export class Board extends Drawing {
  #brush;
  #hooks;
  #paint;
  #keys;

  // The second argument has elements. `maxPoints` allows fewer points than the network does.
  constructor(root, { brush, undoButton, clearButton }, hooks, maxPoints) {
    super(maxPoints);
    this.#brush = brush;
    this.#hooks = hooks;
    this.canvas = root.querySelector("canvas");
    // More pixels than the screen has would cost each frame its time.
    this.canvas.width = this.canvas.height = SIZE * (devicePixelRatio > 1 ? 2 : 1);
    this.#paint = this.canvas.getContext("2d");
    this.#paint.scale(this.canvas.width / SIZE, this.canvas.height / SIZE);
    this.#paint.lineCap = this.#paint.lineJoin = "round";
    this.#keys = listenToKeys(this, root);
    listenToPointers(this);
    undoButton.addEventListener("click", () => this.undo());
    clearButton.addEventListener("click", () => this.clear());
    brush.addEventListener("input", () => {
      brush.nextElementSibling.value = brush.value;
    });
    this.repaint();
  }

  // A hand begins a stroke.
  start(who, point) {
    if (this.locked) return;
    this.#hooks.began?.();
    this.begin(who, point, Number(this.#brush.value));
  }

  begin(who, point, radius) {
    const before = this.strokes.length;
    const hadPicture = this.picture !== null;
    if (!super.begin(who, point, radius)) return void this.#hooks.full();
    if (hadPicture || this.strokes.length <= before) this.repaint();
    else this.#paintStroke(this.strokes.at(-1));
    this.#hooks.changed();
  }

  extend(points, isLast = false) {
    const stroke = this.strokes.at(-1);
    const before = stroke.points.length;
    const hadRoom = super.extend(points, isLast);
    if (!hadRoom) this.pen = null;
    if (stroke.points.length > before) {
      this.#paintStroke(stroke, before);
      this.#hooks.changed();
    }
    if (!hadRoom) this.#hooks.full();
  }

  lift() {
    this.pen = null;
    const stroke = this.strokes.at(-1);
    this.#paintStroke(stroke, stroke.points.length);
    this.#hooks.lifted?.();
  }

  startAt(first) {
    super.startAt(first);
    this.#changed();
  }

  replace(content) {
    super.replace(content);
    this.#changed();
  }

  undo() {
    if (this.locked || !this.canUndo()) return;
    super.undo();
    this.#changed();
  }

  clear() {
    if (!this.locked && !this.isEmpty()) this.replace();
  }

  wipe() {
    super.wipe();
    this.repaint();
  }

  // Take the focus as if a pointer had given it: the keyboard's pen is not shown before the first key.
  focus() {
    this.canvas.focus({ preventScroll: true });
    this.#keys.rest();
  }

  #changed() {
    this.repaint();
    this.#hooks.changed();
  }

  repaint() {
    this.#paint.fillStyle = "#000";
    this.#paint.fillRect(0, 0, SIZE, SIZE);
    if (this.picture) this.#hooks.background(this.#paint, this.picture);
    for (const stroke of this.strokes) this.#paintStroke(stroke);
  }

  // Paint a stroke from the point `from` on, as a curve through the middles of its pieces: straight pieces
  // would have corners where the pen was fast. The last half piece waits for the next point, or for the pen
  // to be lifted.
  #paintStroke({ points, radius }, from = 1) {
    const paint = this.#paint;
    const last = points.length - 1;
    const middle = (i) => [0, 1].map((axis) => (points[i - 1][axis] + points[i][axis]) / 2);
    paint.strokeStyle = "#fff";
    paint.lineWidth = 2 * radius;
    paint.beginPath();
    if (last === 0) {
      paint.moveTo(...points[0]);
      // A single point becomes a dot.
      paint.lineTo(points[0][0] + 0.01, points[0][1]);
      return paint.stroke();
    }
    const first = Math.max(1, from - 1);
    paint.moveTo(...(first === 1 ? points[0] : middle(first)));
    paint.lineTo(...middle(first));
    for (let i = first; i < last; i += 1) paint.quadraticCurveTo(...points[i], ...middle(i + 1));
    if (this.pen === null) paint.lineTo(...points[last]);
    paint.stroke();
  }
}
