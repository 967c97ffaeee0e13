// Mouse, finger and pen on a board.

import { LIMITS } from "../read/digit.js";

// Draw on the board with the pointers on its canvas.
export function listenToPointers(board) {
  const { canvas } = board;
  // The type of the pointer that draws: "mouse", "touch" or "pen".
  let kind = "";
  // The canvas's place when a stroke begins. Asking at each move would make the browser lay out the page.
  let box = null;
  const unit = (value, low, length) => Math.round(((value - low) / length) * LIMITS.size * 10) / 10;
  const toBoard = ({ clientX, clientY }) => [
    unit(clientX, box.left, box.width),
    unit(clientY, box.top, box.height),
  ];

  canvas.addEventListener("pointerdown", (event) => {
    // A second finger, a palm beside the pen and other mouse buttons draw nothing.
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
    box = canvas.getBoundingClientRect();
    board.start(event.pointerId, toBoard(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    if (board.pen !== event.pointerId) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    board.extend((steps.length ? steps : [event]).map(toBoard));
  });

  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      if (board.pen !== event.pointerId) return;
      // A stroke that the browser cancels keeps its points.
      if (end === "pointerup") board.extend([toBoard(event)], true);
      if (board.pen !== null) board.lift();
    });
  }

  // Without this, Chrome may take the next tap on a button for part of the stroke's gesture, and drop it.
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
  // A long press draws, and must not open a menu.
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}
