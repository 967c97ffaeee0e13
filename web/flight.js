// From your drawing to what the network sees: once the pen is up, the ink's square flies from the board to the 28x28 and turns into
// its pixels. Nothing else moves, nothing flies while a pen is down, or where motion is not wanted.

import { SIZE } from "./board.js";
import { make, set } from "./dom.js";

const PAUSE = 120; // milliseconds that the pen has to be up: who writes on is not disturbed
const DURATION = 500; // milliseconds
const INK = 0.41; // of full ink: from where the network measures a drawing
const INPUT = 28;

// The square of the board that became `pixels`: {left, top, side} in board units; null where there is none.
function square(strokes, pixels) {
  const extents = strokes.flatMap(({ points, radius }) =>
    points.map(([x, y]) => [x - radius, y - radius, x + radius, y + radius]),
  );
  const edge = (axis, pick) => Math.min(SIZE, Math.max(0, pick(...extents.map((extent) => extent[axis]))));
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

// Flights in `pad`, from `board` to the canvas `seen`: start(strokes, pixels), which waits a moment, and stop().
export function makeFlight(pad, board, seen) {
  const ink = make("canvas", { width: 8 * INPUT, height: 8 * INPUT }),
    small = make("canvas", { width: INPUT, height: INPUT });
  const box = make("div", { className: "flight", hidden: true }, ink, small);
  box.setAttribute("aria-hidden", "true");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = null,
    flights = [];
  pad.append(box);

  function fly(strokes, pixels) {
    const from = square(strokes, pixels);
    if (!from) return;
    const ground = pad.getBoundingClientRect(),
      start = board.getBoundingClientRect(),
      end = seen.getBoundingClientRect();
    const scale = board.width / SIZE,
      unit = start.width / SIZE,
      context = ink.getContext("2d");
    context.fillRect(0, 0, ink.width, ink.height);
    context.drawImage(
      board,
      from.left * scale,
      from.top * scale,
      from.side * scale,
      from.side * scale,
      0,
      0,
      ink.width,
      ink.height,
    );
    small.getContext("2d").drawImage(seen, 0, 0);
    Object.assign(box.style, {
      left: `${end.left - ground.left}px`,
      top: `${end.top - ground.top}px`,
      width: `${end.width}px`,
      height: `${end.height}px`,
    });
    box.hidden = false;
    const x = start.left + from.left * unit - end.left,
      y = start.top + from.top * unit - end.top,
      grown = (from.side * unit) / end.width;
    const way = { duration: DURATION, easing: "cubic-bezier(.4, 0, .2, 1)" };
    flights = [
      box.animate([{ transform: `translate(${x}px, ${y}px) scale(${grown})` }, { transform: "none" }], way),
      small.animate(
        [{ opacity: 0 }, { opacity: 0, offset: 0.35 }, { opacity: 1, offset: 0.75 }, { opacity: 1 }],
        { duration: DURATION },
      ),
    ];
    flights[0].onfinish = () => {
      box.hidden = true;
    };
  }

  function stop() {
    clearTimeout(timer);
    flights.forEach((flight) => flight.cancel());
    flights = [];
    set(box, "hidden", true);
  }

  return {
    stop,
    start(strokes, pixels) {
      stop();
      if (!still.matches) timer = setTimeout(() => fly(strokes, pixels), PAUSE);
    },
  };
}
