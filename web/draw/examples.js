// Strokes that the page draws by itself: an example, or the drawing in a link.

// The page draws a point in each frame.
const FRAME = 16; // milliseconds
// A drawing takes at most this many frames: a longer one has more points a frame.
const FRAMES = 400;

// The page's examples, {digit, strokes} each.
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
  // What the page drew last, "example" or "link", until the visitor changes the drawing.
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
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const atOnce = isStill ? steps.length : Math.ceil(steps.length / FRAMES);
    const go = () => {
      for (const step of steps.splice(0, atOnce)) this.#draw(step);
      if (!steps.length) this.stop();
    };
    this.#timer = setInterval(go, FRAME);
    go();
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
