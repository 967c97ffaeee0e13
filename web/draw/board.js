// The board: a drawing on a canvas, by mouse, finger, pen and keys, with its buttons.
//
// A drawing is strokes, or a picture that the visitor opened. Coordinates are board units, as in board.py:
// 448 a side, y down. A stroke is {points: [[x, y], ...], radius, times}, with times in milliseconds since
// the drawing began. Every change can be undone: a stroke, clearing, a picture, an example.

import { LIMITS } from "../read/digit.js";
import { listenToKeys } from "./keys.js";
import { paintPicture } from "./pictures.js";
import { listenToPointers } from "./pointers.js";

export const SIZE = LIMITS.size;
// The sentence for a board without room.
export const FULL = "board.full";
// A point that is nearer to the last one is left out, because the network could not see it.
const STEP = 2.5; // board units
// The same for the last point of a stroke.
const LAST_STEP = 0.2; // board units
// The most line on a board. The network takes a little more, because a link rounds coordinates.
const MOST_LINE = 0.995 * LIMITS.maxLength; // board units

// The bounding box of the strokes' ink: left, top, right and bottom in board units.
export function extent(strokes) {
  const edges = [0, 1].map((axis) =>
    strokes.flatMap(({ points, radius }) => {
      const places = points.map((point) => point[axis]);
      return [Math.min(...places) - radius, Math.max(...places) + radius];
    }),
  );
  return [...edges.map((each) => Math.min(...each)), ...edges.map((each) => Math.max(...each))];
}

export class Board {
  strokes = [];
  // The picture that pictures.js read from a file, or null.
  picture = null;
  // Whether the visitor's next stroke begins a new drawing: the page drew this one, or it was taught.
  isFinished = false;
  // The pen that is down: a pointer's id, "key" or "example"; or null.
  pen = null;
  #hooks;
  #maxPoints;
  #brush;
  #undo;
  #clear;
  #paint;
  #keys;
  #history = [];
  #started = 0;

  // `desk` is the element of the board and its controls. Of `hooks`, changed() is called after every change,
  // full() when the board has no more room, began() before a hand starts a stroke and lifted() after it.
  // `maxPoints` may be less than the network's limit.
  constructor(desk, hooks, maxPoints = LIMITS.maxPoints) {
    const find = (selector) => desk.querySelector(selector);
    this.#hooks = hooks;
    this.#maxPoints = maxPoints;
    this.root = find(".board");
    this.canvas = find(".board canvas");
    [this.#brush, this.#undo, this.#clear] = [".slider input", ".undo", ".clear"].map(find);
    // More pixels than the screen has would slow each frame down.
    this.canvas.width = this.canvas.height = SIZE * (devicePixelRatio > 1 ? 2 : 1);
    this.#paint = this.canvas.getContext("2d");
    this.#paint.scale(this.canvas.width / SIZE, this.canvas.height / SIZE);
    this.#paint.lineCap = this.#paint.lineJoin = "round";
    this.#keys = listenToKeys(this);
    listenToPointers(this);
    this.#undo.addEventListener("click", () => this.undo());
    this.#clear.addEventListener("click", () => this.clear());
    this.#repaint();
  }

  isEmpty() {
    return !this.strokes.length && !this.picture;
  }

  // Begin a stroke of the visitor's.
  start(who, point) {
    this.#hooks.began?.();
    this.begin(who, point, Number(this.#brush.value));
  }

  // Begin a stroke. The visitor's begins a new drawing over a picture or a finished drawing. The page's own
  // strokes are not in the history.
  begin(who, point, radius) {
    if (this.#isFull() || this.strokes.length >= LIMITS.maxStrokes) return void this.#hooks.full();
    if (who !== "example") {
      this.#remember();
      if (this.isFinished) this.strokes = [];
      Object.assign(this, { picture: null, isFinished: false });
    }
    if (!this.strokes.length) this.#started = performance.now();
    this.pen = who;
    this.strokes.push({ points: [point], radius, times: [this.#now()], length: 0 });
    this.#changed();
  }

  // Add points to the last stroke, as long as there is room.
  extend(points, isLast = false) {
    const stroke = this.strokes.at(-1);
    const before = stroke.points.length;
    for (const point of points) {
      const [x, y] = stroke.points.at(-1);
      const moved = Math.hypot(point[0] - x, point[1] - y);
      if (moved < (isLast ? LAST_STEP : STEP)) continue;
      if (this.#isFull(moved)) {
        this.pen = null;
        break;
      }
      stroke.points.push(point);
      stroke.times.push(this.#now());
      stroke.length += moved;
    }
    if (stroke.points.length > before) {
      this.#paintStroke(stroke, before);
      this.#hooks.changed();
    }
    if (this.pen === null) this.#hooks.full();
  }

  lift() {
    this.pen = null;
    const stroke = this.strokes.at(-1);
    this.#paintStroke(stroke, stroke.points.length);
    this.#hooks.lifted?.();
  }

  // Make the strokes from number `first` on a drawing of their own. Undo brings back the drawing below them.
  startAt(first) {
    const [begun] = this.strokes[first].times;
    const later = this.strokes.slice(first);
    this.#history = this.#history.slice(0, this.#history.length - later.length + 1);
    this.#started += begun;
    this.strokes = later.map((stroke) => ({ ...stroke, times: stroke.times.map((time) => time - begun) }));
    this.#changed();
  }

  // Replace the drawing with a picture, with strokes or with nothing.
  replace(content = {}) {
    this.#remember();
    this.#put(content);
    this.#changed();
  }

  // Put back the drawing before the last change. This also removes a stroke that is being drawn.
  undo() {
    if (!this.#history.length) return;
    this.#put(this.#history.pop());
    this.#changed();
  }

  clear() {
    if (!this.isEmpty()) this.replace();
  }

  // Take a new sheet. This cannot be undone.
  wipe() {
    this.#history = [];
    this.#put({});
    this.#changed();
  }

  // Take the focus, and hide the keyboard's pen until the first key.
  focus() {
    this.canvas.focus({ preventScroll: true });
    this.#keys.rest();
  }

  #put({ strokes = [], picture = null, isFinished = false }) {
    Object.assign(this, { strokes: [...strokes], picture, isFinished, pen: null });
  }

  #remember() {
    const { strokes, picture, isFinished } = this;
    this.#history.push({ strokes: [...strokes], picture, isFinished });
  }

  #now() {
    return Math.round(performance.now() - this.#started);
  }

  // Whether another point, `extra` board units farther, would be too much.
  #isFull(extra = 0) {
    const total = (value) => this.strokes.reduce((sum, stroke) => sum + value(stroke), 0);
    if (total(({ points }) => points.length) >= this.#maxPoints) return true;
    return total(({ length }) => length) + extra > MOST_LINE;
  }

  #changed() {
    this.#repaint();
    this.#hooks.changed();
  }

  #repaint() {
    this.#paint.fillStyle = "#000";
    this.#paint.fillRect(0, 0, SIZE, SIZE);
    if (this.picture) paintPicture(this.#paint, this.picture, SIZE);
    for (const stroke of this.strokes) this.#paintStroke(stroke);
    this.root.classList.toggle("used", !this.isEmpty());
    this.#clear.disabled = this.isEmpty();
    this.#undo.disabled = !this.#history.length;
  }

  // Paint a stroke from the point `from` on, as a curve through the middles of its segments. Straight
  // segments would show corners where the pen was fast. The last half segment is painted with the next point,
  // or when the pen is lifted.
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
