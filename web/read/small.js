// Small drawings, read as if they had been drawn with a pen that fits them.
//
// A digit as small as a fingertip runs together under a pen as broad as usual. The network crops and scales
// what it gets, so enlarging the strokes and keeping the pen is the same as keeping the strokes and thinning
// the pen, which may not become thinner than the brush.

import { LIMITS } from "./digit.js";

// Shares of a drawing's longer side: a pen with a larger radius is broad, and one with this radius fits.
const BROAD = 0.12;
const FITTING = 0.065;
const MOST = 8; // times that a drawing is enlarged
// A drawing whose longer side is smaller is a dot, and stays one.
const LEAST = 4; // board units

// The strokes as the network should get them: {strokes, scale}, enlarged about the middle of the board where
// they are small.
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
