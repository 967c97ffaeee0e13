// Mouse, finger and pen on a board.

import { LIMITS } from "../read/digit.js";

const MEASURED = 100; // milliseconds for which the board's place on the screen is remembered

// Draw on the board with the pointers on its canvas.
export function listenToPointers(board) {
  const { canvas } = board;
  const toBoard = placeOnBoard(canvas);
  // The kind of the pointer that draws: "mouse", "touch" or "pen".
  let kind = "";

  canvas.addEventListener("pointerdown", (event) => {
    // A second finger, a palm beside the pen, or another button draws nothing.
    if (!event.isPrimary || event.button !== 0) return;
    if (typeof board.pen === "number") {
      if (event.pointerType !== "pen" || kind !== "touch") return;
      // The palm came down before the pen.
      board.undo();
    }
    event.preventDefault();
    board.focus();
    canvas.setPointerCapture(event.pointerId);
    kind = event.pointerType;
    board.start(event.pointerId, toBoard(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    if (board.pen !== event.pointerId) return;
    // The button was released where the page could not see it.
    if (event.buttons === 0) return board.lift();
    const steps = event.getCoalescedEvents?.() ?? [];
    board.extend((steps.length ? steps : [event]).map(toBoard));
  });

  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      if (board.pen !== event.pointerId) return;
      // A stroke that is cut short keeps what was drawn.
      if (end === "pointerup") board.extend([toBoard(event)], true);
      if (board.pen !== null) board.lift();
    });
  }

  // A long press draws.
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  // Older browsers do not know touch-action: none.
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
}

// A function from an event to board units. It remembers where the canvas is: asking makes the browser lay out
// the page, which takes too long for each move.
function placeOnBoard(canvas) {
  let box = null;
  let measured = 0;
  return (event) => {
    if (event.type === "pointerdown" || performance.now() > measured + MEASURED) {
      box = canvas.getBoundingClientRect();
      measured = performance.now();
    }
    const unit = (value, low, length) => Math.round(((value - low) / length) * LIMITS.size * 10) / 10;
    return [unit(event.clientX, box.left, box.width), unit(event.clientY, box.top, box.height)];
  };
}
