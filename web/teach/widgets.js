// Small pictures of drawings with their buttons, and a question before something is deleted.

import { make } from "../dom.js";
import { extent } from "../draw/board.js";
import { showPixels } from "../show/answer.js";
import { label } from "../words.js";

// The side of a thumbnail.
const SIDE = 96; // pixels
// The margin around a drawing in its thumbnail, as a share of the drawing's longer side.
const MARGIN = 0.15;

// A lesson's ink on a canvas, white on black.
export function thumbnail({ strokes, pixels }) {
  if (!strokes) {
    const canvas = make("canvas", { width: 28, height: 28 });
    showPixels(canvas, pixels, 255);
    return canvas;
  }
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  const [left, top, right, bottom] = extent(strokes);
  const length = (1 + 2 * MARGIN) * Math.max(right - left, bottom - top);
  const paint = canvas.getContext("2d");
  paint.fillRect(0, 0, SIDE, SIDE);
  paint.scale(SIDE / length, SIDE / length);
  paint.translate((length - left - right) / 2, (length - top - bottom) / 2);
  paint.lineCap = paint.lineJoin = "round";
  paint.strokeStyle = "#fff";
  for (const { points, radius } of strokes) {
    paint.lineWidth = 2 * radius;
    paint.beginPath();
    paint.moveTo(...points[0]);
    // A line from a point to itself is a dot.
    for (const point of points) paint.lineTo(...point);
    paint.stroke();
  }
  return canvas;
}

// The button that takes a drawing of a digit out of a list; `key` names it.
export function cross(key, digit, action) {
  const button = make("button", { textContent: "×" });
  label(button, key, { digit });
  button.addEventListener("click", action);
  return button;
}

// Name a thumbnail, for visitors who cannot see it.
export function named(canvas, digit) {
  canvas.setAttribute("role", "img");
  label(canvas, "memory.lesson", { digit });
  return canvas;
}

// Have `button` show a question with the buttons .no and .yes, and call act() after a yes.
export function askFirst(button, question, act) {
  const ask = (isAsked) => {
    question.hidden = !isAsked;
    button.disabled = isAsked;
    question.scrollIntoView({ block: "nearest" });
    (isAsked ? question.querySelector(".no") : button).focus({ preventScroll: true });
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ask(true);
  });
  question.querySelector(".no").addEventListener("click", () => ask(false));
  question.querySelector(".yes").addEventListener("click", () => {
    ask(false);
    act();
  });
}
