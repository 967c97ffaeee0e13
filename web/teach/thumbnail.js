// Small pictures of drawings.

import { make } from "../dom.js";
import { SIZE } from "../draw/board.js";
import { showPixels } from "../show/answer.js";
import { label } from "../words.js";

// Ground around a drawing in its thumbnail, as a fraction of its larger side.
const MARGIN = 0.15;

// A canvas with strokes, white on black; `box` is the square of the board that it shows: left, top and side
// in board units.
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
    // A line to where it began makes the dot of a single point.
    for (const point of points) paint.lineTo(...point);
    paint.stroke();
  }
  return canvas;
}

// A lesson as a canvas that its ink fills.
export function thumbnail({ strokes, pixels }, side = 96) {
  if (!strokes) {
    const canvas = make("canvas", { width: 28, height: 28 });
    showPixels(canvas, pixels, 255);
    return canvas;
  }
  const ends = [0, 1].map((axis) => {
    const all = strokes.flatMap(({ points, radius }) => [
      Math.min(...points.map((point) => point[axis])) - radius,
      Math.max(...points.map((point) => point[axis])) + radius,
    ]);
    return [Math.min(...all), Math.max(...all)];
  });
  const length = (1 + 2 * MARGIN) * Math.max(...ends.map(([low, high]) => high - low));
  return picture(strokes, side, [...ends.map(([low, high]) => (low + high - length) / 2), length]);
}

// A thumbnail that says what it shows.
export function named(canvas, digit) {
  canvas.setAttribute("role", "img");
  label(canvas, "memory.lesson", { digit });
  return canvas;
}
