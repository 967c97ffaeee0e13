// From your drawing to what the network sees: once the pen is up, the ink's square flies from the board to
// the 28x28 and turns into its pixels. Nothing else moves, nothing flies while a pen is down, or where motion
// is not wanted.

import { make, set } from "../dom.js";
import { LIMITS } from "../read/digit.js";
import { fitted } from "../read/small.js";

const PAUSE = 120; // milliseconds that the pen has to be up: who writes on is not disturbed
const DURATION = 500; // milliseconds
const EASING = "cubic-bezier(.4, 0, .2, 1)";
const INK = 0.41; // of full ink: from where the network measures a drawing
const INPUT = 28;

// The square of the board that became `pixels`: {left, top, side} in board units; null where there is none.
function square(strokes, pixels) {
  const { scale } = fitted(strokes);
  const extents = strokes.flatMap(({ points, radius }) => {
    const reach = radius / scale;
    return points.map(([x, y]) => [x - reach, y - reach, x + reach, y + reach]);
  });
  const edge = (axis, pick) =>
    Math.min(LIMITS.size, Math.max(0, pick(...extents.map((extent) => extent[axis]))));
  const [left, top, right, bottom] = [
    edge(0, Math.min),
    edge(1, Math.min),
    edge(2, Math.max),
    edge(3, Math.max),
  ];
  let column = INPUT,
    row = INPUT,
    width = 0,
    height = 0;
  pixels.forEach((value, i) => {
    if (value < INK) return;
    [column, row] = [Math.min(column, i % INPUT), Math.min(row, Math.floor(i / INPUT))];
    [width, height] = [Math.max(width, (i % INPUT) + 1), Math.max(height, Math.floor(i / INPUT) + 1)];
  });
  const pixel = Math.max(right - left, bottom - top) / Math.max(width - column, height - row, 1);
  return width ? { left: left - column * pixel, top: top - row * pixel, side: INPUT * pixel } : null;
}

// The flights of a sketchpad, inside the element `pad`. Each waits a moment after the pen is up, and for the
// answer to the whole drawing.
export class Flight {
  #pad;
  #board;
  #seen;
  #ink = make("canvas", { width: 8 * INPUT, height: 8 * INPUT });
  #small = make("canvas", { width: INPUT, height: INPUT });
  #box;
  // The pen was lifted, and what it drew has not flown yet.
  #isDue = false;
  #timer = null;
  #flights = [];

  // Mount this part: it follows the sketchpad from now on.
  static mount(page, sketchpad) {
    const flight = new Flight(page.querySelector(".pad"), sketchpad);
    sketchpad.watch({
      changed: () => flight.stop(),
      lifted: () => {
        flight.#isDue = true;
      },
      shown: ({ pixels }) => {
        const { board } = sketchpad;
        if (!flight.#isDue || !pixels || board.picture || !sketchpad.isWhole()) return;
        flight.#isDue = false;
        if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
          flight.#timer = setTimeout(() => flight.fly(board.strokes, pixels), PAUSE);
      },
    });
  }

  constructor(pad, { board, prediction }) {
    this.#pad = pad;
    this.#board = board.canvas;
    this.#seen = prediction.querySelector("#preview canvas");
    this.#box = make("div", { className: "flight", hidden: true }, this.#ink, this.#small);
    this.#box.setAttribute("aria-hidden", "true");
    pad.append(this.#box);
  }

  fly(strokes, pixels) {
    const from = square(strokes, pixels);
    if (!from) return;
    const ground = this.#pad.getBoundingClientRect();
    const start = this.#board.getBoundingClientRect();
    const end = this.#seen.getBoundingClientRect();
    const scale = this.#board.width / LIMITS.size;
    const unit = start.width / LIMITS.size;
    const { width, height } = this.#ink;
    const cut = [from.left, from.top, from.side, from.side].map((length) => length * scale);
    const context = this.#ink.getContext("2d");
    context.fillRect(0, 0, width, height);
    context.drawImage(this.#board, ...cut, 0, 0, width, height);
    this.#small.getContext("2d").drawImage(this.#seen, 0, 0);
    Object.assign(this.#box.style, {
      left: `${end.left - ground.left}px`,
      top: `${end.top - ground.top}px`,
      width: `${end.width}px`,
      height: `${end.height}px`,
    });
    this.#box.hidden = false;
    const x = start.left + from.left * unit - end.left;
    const y = start.top + from.top * unit - end.top;
    const first = `translate(${x}px, ${y}px) scale(${(from.side * unit) / end.width})`;
    const fade = [{ opacity: 0 }, { opacity: 0, offset: 0.35 }, { opacity: 1, offset: 0.75 }, { opacity: 1 }];
    this.#flights = [
      this.#box.animate([{ transform: first }, { transform: "none" }], {
        duration: DURATION,
        easing: EASING,
      }),
      this.#small.animate(fade, { duration: DURATION }),
    ];
    this.#flights[0].onfinish = () => {
      this.#box.hidden = true;
    };
  }

  stop() {
    clearTimeout(this.#timer);
    this.#isDue = false;
    for (const flight of this.#flights) flight.cancel();
    this.#flights = [];
    set(this.#box, "hidden", true);
  }
}

export const mount = Flight.mount;
