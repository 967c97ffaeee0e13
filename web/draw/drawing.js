// What is on a board, and what was on it before: strokes, or a picture that somebody opened.
//
// Coordinates are board units, as in board.py: 448 a side, y down. A stroke is {points: [[x, y], ...],
// radius, times}, with times in milliseconds since the drawing was begun. Every change can be undone: a
// stroke, clearing, a picture, an example.

import { LIMITS } from "../read/digit.js";

const STEP = 2.5; // board units: the network could not see a point nearer than this to the last one
const LAST_STEP = 0.2; // board units: the same for the last point of a stroke
const HISTORY = 500; // changes that can be undone

// The ink of strokes: left, top, right and bottom in board units. With another `pen`, each radius is
// multiplied by it.
export function extent(strokes, pen = 1) {
  const edges = [0, 1].map((axis) =>
    strokes.flatMap(({ points, radius }) => {
      const places = points.map((point) => point[axis]);
      return [Math.min(...places) - pen * radius, Math.max(...places) + pen * radius];
    }),
  );
  return [...edges.map((each) => Math.min(...each)), ...edges.map((each) => Math.max(...each))];
}

export class Drawing {
  strokes = [];
  // The picture that pictures.js read from a file, or null.
  picture = null;
  // Whether a hand's next stroke begins a new drawing: the page drew this one, or it was taught.
  isFinished = false;
  // What draws the last stroke: a pointer's id, "key" or "example"; null while no pen is down.
  pen = null;
  // Whether drawing is switched off for now.
  locked = false;
  #maxPoints;
  #history = [];
  #started = 0;

  constructor(maxPoints = LIMITS.maxPoints) {
    this.#maxPoints = maxPoints;
  }

  isEmpty() {
    return !this.strokes.length && !this.picture;
  }

  canUndo() {
    return this.#history.length > 0;
  }

  // The strokes for the network: {points, radius} each.
  drawing() {
    return this.strokes.map(({ points, radius }) => ({ points, radius }));
  }

  // Start a stroke. Returns whether there was room for it. A hand begins a new drawing over a picture and
  // over a finished drawing. What the page draws by itself leaves no trace in the history.
  begin(who, point, radius) {
    if (this.#isFull() || this.strokes.length >= LIMITS.maxStrokes) return false;
    if (who !== "example") {
      this.#remember();
      if (this.isFinished) this.strokes = [];
      Object.assign(this, { picture: null, isFinished: false });
    }
    if (!this.strokes.length) this.#started = performance.now();
    this.pen = who;
    this.strokes.push({ points: [point], radius, times: [this.#now()], length: 0 });
    return true;
  }

  // Add points to the last stroke. Returns whether there was room for all of them.
  extend(points, isLast = false) {
    const stroke = this.strokes.at(-1);
    for (const point of points) {
      const [x, y] = stroke.points.at(-1);
      const moved = Math.hypot(point[0] - x, point[1] - y);
      if (moved < (isLast ? LAST_STEP : STEP)) continue;
      if (this.#isFull(moved)) return false;
      stroke.points.push(point);
      stroke.times.push(this.#now());
      stroke.length += moved;
    }
    return true;
  }

  // Put something else in place of what is there: a picture, strokes, or nothing.
  replace(content = {}) {
    this.#remember();
    this.#put(content);
  }

  // Put back what was there before the last change. A stroke that is being drawn goes, too.
  undo() {
    this.#put(this.#history.pop());
  }

  // Take a new sheet. This cannot be undone.
  wipe() {
    this.#history = [];
    this.#put({});
  }

  // The strokes from number `first` on turn out to be a drawing of their own. Undo brings back what they were
  // drawn over.
  startAt(first) {
    const [begun] = this.strokes[first].times;
    const later = this.strokes.slice(first);
    this.#history = this.#history.slice(0, this.#history.length - later.length + 1);
    this.#started += begun;
    this.strokes = later.map((stroke) => ({ ...stroke, times: stroke.times.map((time) => time - begun) }));
  }

  #put({ strokes = [], picture = null, isFinished = false }) {
    Object.assign(this, { strokes: [...strokes], picture, isFinished, pen: null });
  }

  #remember() {
    const { strokes, picture, isFinished } = this;
    this.#history = [...this.#history.slice(1 - HISTORY), { strokes: [...strokes], picture, isFinished }];
  }

  #now() {
    return Math.round(performance.now() - this.#started);
  }

  // Whether another point, `extra` board units farther, would be too much.
  #isFull(extra = 0) {
    let points = 0;
    let length = extra;
    for (const stroke of this.strokes) {
      points += stroke.points.length;
      length += stroke.length;
    }
    return points >= this.#maxPoints || length > LIMITS.maxLength;
  }
}
