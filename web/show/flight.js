// The flight: once the pen is lifted, the square that the network gets flies from the board to the 28x28 and
// becomes its pixels. Nothing flies while a pen is down, or if the visitor prefers reduced motion.

import { make, set } from "../dom.js";
import { extent, SIZE } from "../draw/board.js";

// The flight waits this long after the pen is lifted, so as not to disturb a visitor who writes on.
const PAUSE = 120; // milliseconds
const DURATION = 500; // milliseconds
const EASING = "cubic-bezier(.4, 0, .2, 1)";
// The side of the picture, and the longer side of the ink in it.
const [INPUT, INK] = [28, 20]; // pixels
const FADE = [{ opacity: 0 }, { opacity: 0, offset: 0.35 }, { opacity: 1, offset: 0.75 }, { opacity: 1 }];

// Mount this part: it follows the sketchpad from now on. A drawing flies once all of it has its answer.
export function mount(page, sketchpad) {
  const { board, prediction } = sketchpad;
  const pad = page.querySelector(".pad");
  const seen = prediction.querySelector("#preview canvas");
  const ink = make("canvas", { width: 8 * INPUT, height: 8 * INPUT });
  const small = make("canvas", { width: INPUT, height: INPUT });
  const box = make("div", { className: "flight", hidden: true, ariaHidden: "true" }, ink, small);
  // Whether the pen was lifted and the drawing has not flown yet.
  let isDue = false;
  let timer = null;
  let flights = [];
  pad.append(box);

  function fly() {
    const [left, top, right, bottom] = extent(board.strokes);
    const side = (Math.max(right - left, bottom - top) * INPUT) / INK;
    const corner = [(left + right - side) / 2, (top + bottom - side) / 2];
    const ground = pad.getBoundingClientRect();
    const start = board.canvas.getBoundingClientRect();
    const end = seen.getBoundingClientRect();
    const cut = [...corner, side, side].map((length) => (length * board.canvas.width) / SIZE);
    const context = ink.getContext("2d");
    context.fillRect(0, 0, ink.width, ink.height);
    context.drawImage(board.canvas, ...cut, 0, 0, ink.width, ink.height);
    small.getContext("2d").drawImage(seen, 0, 0);
    Object.assign(box.style, {
      left: `${end.left - ground.left}px`,
      top: `${end.top - ground.top}px`,
      width: `${end.width}px`,
      height: `${end.height}px`,
    });
    box.hidden = false;
    const unit = start.width / SIZE;
    const [x, y] = [start.left + corner[0] * unit - end.left, start.top + corner[1] * unit - end.top];
    const first = `translate(${x}px, ${y}px) scale(${(side * unit) / end.width})`;
    const flight = [{ transform: first }, { transform: "none" }];
    flights = [
      box.animate(flight, { duration: DURATION, easing: EASING }),
      small.animate(FADE, { duration: DURATION }),
    ];
    flights[0].onfinish = () => {
      box.hidden = true;
    };
  }

  sketchpad.watch({
    changed() {
      clearTimeout(timer);
      isDue = false;
      for (const flight of flights) flight.cancel();
      set(box, "hidden", true);
    },
    lifted() {
      isDue = true;
    },
    shown({ pixels }) {
      if (!isDue || !pixels || board.picture || !sketchpad.isWhole()) return;
      isDue = false;
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) timer = setTimeout(fly, PAUSE);
    },
  });
}
