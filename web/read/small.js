// Reads small drawings as if the pen had been thinner.
//
// The lines of a digit as small as a fingertip run together under an ordinary pen. The network crops and
// scales its input, so enlarging the strokes has the same effect as thinning the pen, which may not become
// thinner than the brush.

import { LIMITS } from "./digit.js";

// A pen's radius as a share of the drawing's longer side: a larger one than BROAD is too broad.
const BROAD = 0.12;
const FITTING = 0.065;
// No drawing is enlarged more than this.
const MOST = 8; // times
// A drawing whose longer side is smaller is a dot, and stays one.
const LEAST = 4; // board units

// The strokes for the network: {strokes, scale}. A small drawing is enlarged around the middle of the board.
export function fitted(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const radius = Math.max(...strokes.map((stroke) => stroke.radius));
  const side = Math.max(width, height);
  if (side < LEAST || radius <= BROAD * side) return { strokes, scale: 1 };
  const scale = Math.min(MOST, radius / (FITTING * side));
  const place = (value, middle) => LIMITS.size / 2 + (value - middle) * scale;
  const enlarged = strokes.map((stroke) => ({
    radius: stroke.radius,
    points: stroke.points.map(([x, y]) => [place(x, left + width / 2), place(y, top + height / 2)]),
  }));
  return { strokes: enlarged, scale };
}
