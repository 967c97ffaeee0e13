// From the drawing to what the network sees: once the pen is up, the square of the ink flies from the board
// to the 28x28 and turns into its pixels. Nothing flies while a pen is down, or if the visitor prefers
// reduced motion.

import { make, set } from "../dom.js";
import { extent } from "../draw/drawing.js";
import { LIMITS } from "../read/digit.js";
import { fitted } from "../read/small.js";

const PAUSE = 120; // milliseconds that the pen has to be up, so that nobody who writes on is disturbed
const DURATION = 500; // milliseconds
const EASING = "cubic-bezier(.4, 0, .2, 1)";
const INK = 0.41; // share of full ink from which the network measures a drawing
const INPUT = 28;

// The square of the board that became `pixels`: {left, top, side} in board units, or null where there is no
// ink.
function square(strokes, pixels) {
  const edges = extent(strokes, 1 / fitted(strokes).scale);
  const [left, top, right, bottom] = edges.map((edge) => Math.min(LIMITS.size, Math.max(0, edge)));
  const inked = [...pixels.keys()].filter((i) => pixels[i] >= INK);
  if (!inked.length) return null;
  const columns = inked.map((i) => i % INPUT);
  const rows = inked.map((i) => Math.floor(i / INPUT));
  const [column, row] = [Math.min(...columns), Math.min(...rows)];
  const length = 1 + Math.max(Math.max(...columns) - column, Math.max(...rows) - row);
  const pixel = Math.max(right - left, bottom - top) / length;
  return { left: left - column * pixel, top: top - row * pixel, side: INPUT * pixel };
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
  // Whether the pen was lifted and its drawing has not flown yet.
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
