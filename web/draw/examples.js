// Strokes that the page draws by itself: an example, a drawing from a link, the greeting of a first visit.

import { recall, remember } from "../storage.js";

const FRAME = 16; // milliseconds between two points
// A drawing takes at most so many frames: a longer one has more points a frame.
const FRAMES = 400;
const GREETING = 1000; // milliseconds before a first visit sees an example drawn
// The browser's storage has this name after the first visit.
const SEEN = "draw-a-digit seen";

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The page's examples: {digit, strokes} each.
export async function loadExamples() {
  const reply = await fetch(new URL("examples.json", import.meta.url));
  const { radius, drawings } = await reply.json();
  return drawings.map(({ digit, strokes }) => ({
    digit,
    strokes: strokes.map((points) => ({ points, radius })),
  }));
}

// Draws strokes on a board, a point a frame. `kind` is what was drawn last, "example", "link" or "greeting",
// until the visitor changes the drawing. `isRunning` is whether it is under way.
export class Player {
  kind = null;
  isRunning = false;
  #board;
  #timer = null;
  #ended;

  // `ended()` is called when a drawing is done or is stopped.
  constructor(board, ended) {
    this.#board = board;
    this.#ended = ended;
  }

  // Draw strokes {points, radius} in place of what is there, or all at once where motion is not wanted.
  play(strokes, kind) {
    this.stop();
    Object.assign(this, { kind, isRunning: true });
    this.#board.replace({ isFinished: true });
    const steps = strokes.flatMap(({ points, radius }) =>
      points.map((point, index) => ({ point, radius, isFirst: index === 0 })),
    );
    const atOnce = isStill() ? steps.length : Math.ceil(steps.length / FRAMES);
    const go = () => {
      for (const step of steps.splice(0, atOnce)) this.#draw(step);
      if (!steps.length) this.stop();
    };
    this.#timer = setInterval(go, FRAME);
    if (isStill()) go();
  }

  #draw({ point, radius, isFirst }) {
    if (isFirst) this.#board.begin("example", point, radius);
    else this.#board.extend([point], true);
  }

  stop() {
    if (!this.isRunning) return;
    clearInterval(this.#timer);
    this.isRunning = false;
    if (this.#board.pen === "example") this.#board.lift();
    this.#ended();
  }

  // The visitor has changed the drawing.
  leave() {
    this.stop();
    this.kind = null;
  }
}

// On a first visit call greet() soon, and stop() at the first touch. Visitors who prefer reduced motion and
// programs that drive a browser are not greeted.
export function awaitGreeting(greet, stop) {
  // A browser that stores nothing would be greeted each time, so it never is.
  const isFirst = recall(SEEN) === null && remember(SEEN, "1");
  if (!isFirst || navigator.webdriver || isStill()) return;
  const timer = setTimeout(greet, GREETING);
  const touch = () => {
    clearTimeout(timer);
    stop();
  };
  for (const kind of ["pointerdown", "keydown", "wheel"])
    addEventListener(kind, touch, { once: true, capture: true });
}
