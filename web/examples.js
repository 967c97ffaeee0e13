// Digits that the page draws by itself.

import { SIZE } from "./board.js";
import { make } from "./dom.js";
import { label } from "./words.js";

const FRAME = 16; // milliseconds between two points
const FRAMES = 400; // at most: of a longer drawing more points are drawn at once

// A button for each example in examples.json; play(strokes, radius) when it is pressed. Resolves to the examples: {radius, drawings}.
export async function makeExamples(container, play) {
  const reply = await fetch(new URL("examples.json", import.meta.url));
  const { radius, drawings } = await reply.json();
  for (const { digit, strokes } of drawings) {
    const path = strokes.map((points) => `M${points.join(" ")}`).join("");
    const innerHTML = `<svg viewBox="0 0 ${SIZE} ${SIZE}" aria-hidden="true"><path d="${path}"/></svg>`;
    const button = make("button", { type: "button", innerHTML });
    label(button, "example", { digit });
    button.addEventListener("click", () => play(strokes, radius));
    container.append(button);
  }
  return { radius, drawings };
}

// Draw strokes {points, radius} on the board, a point a frame, or at once where motion is not wanted; returns a function that
// stops it, or null when it is drawn already.
export function replay(board, strokes, done) {
  const steps = strokes.flatMap(({ points, radius }) =>
    points.map((point, index) => ({ point, radius, first: index === 0 })),
  );
  const many = Math.ceil(steps.length / FRAMES);
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    if (board.pen === "example") board.pen = null;
    done();
  };
  const step = () => {
    const { point, radius, first } = steps.shift();
    if (first) {
      board.pen = null;
      board.begin("example", point, radius);
    } else board.extend([point], true);
    if (!steps.length) stop();
  };
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) while (steps.length) step();
  else
    timer = setInterval(() => {
      for (let i = 0; i < many && steps.length; i += 1) step();
    }, FRAME);
  return steps.length ? stop : null;
}
