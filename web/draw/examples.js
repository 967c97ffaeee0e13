// Strokes that the page draws by itself: an example, a drawing from a link, the greeting of a first visit.

import { recall, remember } from "../storage.js";

// The page draws a point in each frame.
const FRAME = 16; // milliseconds
// A drawing takes at most this many frames: a longer one has more points a frame.
const FRAMES = 400;
// The time before the greeting.
const GREETING = 1000; // milliseconds
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

// Draws strokes on a board, point by point.
export class Player {
  // What the page drew last, "example", "link" or "greeting", until the visitor changes the drawing.
  kind = null;
  // Whether the page is drawing now.
  isRunning = false;
  #board;
  #timer = null;
  #ended;

  // `ended()` is called when a drawing is done or is stopped.
  constructor(board, ended) {
    this.#board = board;
    this.#ended = ended;
  }

  // Replace the drawing with these strokes, {points, radius} each. Visitors who prefer reduced motion see
  // them at once.
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

  // The visitor has changed the drawing, so it is no longer the page's.
  leave() {
    this.stop();
    this.kind = null;
  }
}

// On a first visit, call greet() after a moment, and stop() at the first touch. Visitors who prefer reduced
// motion, and programs that drive a browser, are not greeted.
export function awaitGreeting(greet, stop) {
  // Without storage, a visitor would be greeted each time, so the page never greets them.
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
