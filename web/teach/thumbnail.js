// Small pictures of drawings.

import { make } from "../dom.js";
import { extent, SIZE } from "../draw/board.js";
import { showPixels } from "../show/answer.js";
import { label } from "../words.js";

// Ground around a drawing in its thumbnail, as a fraction of its larger side.
const MARGIN = 0.15;

// A canvas with strokes, white on black. It shows a square of the board: left, top and side in board units.
export function picture(strokes, side, [left, top, length] = [0, 0, SIZE]) {
  const canvas = make("canvas", { width: side, height: side });
  const paint = canvas.getContext("2d");
  paint.fillRect(0, 0, side, side);
  paint.scale(side / length, side / length);
  paint.translate(-left, -top);
  paint.lineCap = paint.lineJoin = "round";
  paint.strokeStyle = "#fff";
  for (const { points, radius } of strokes) {
    paint.lineWidth = 2 * radius;
    paint.beginPath();
    paint.moveTo(...points[0]);
    // A line back to its first point makes a single point a dot.
    for (const point of points) paint.lineTo(...point);
    paint.stroke();
  }
  return canvas;
}

// A lesson as a canvas that is filled by its ink.
export function thumbnail({ strokes, pixels }, side = 96) {
  if (!strokes) {
    const canvas = make("canvas", { width: 28, height: 28 });
    showPixels(canvas, pixels, 255);
    return canvas;
  }
  const [left, top, right, bottom] = extent(strokes);
  const length = (1 + 2 * MARGIN) * Math.max(right - left, bottom - top);
  return picture(strokes, side, [(left + right - length) / 2, (top + bottom - length) / 2, length]);
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
