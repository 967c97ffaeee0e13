// Small drawings, read as if they had been drawn with a pen that fits them.
//
// A digit as small as a fingertip runs together under a pen as broad as usual. The network crops and scales
// what it gets, so enlarging the strokes and keeping the pen is the same as keeping the strokes and thinning
// the pen, which may not become thinner than the brush.

import { LIMITS } from "./digit.js";

// Radius of the pen, as a share of the drawing's longer side, from which a drawing is enlarged.
const BROAD = 0.12;
// The share that the radius has afterwards.
const FITTING = 0.065;
// A drawing is enlarged at most so many times.
const MOST = 8;
// A drawing whose longer side is smaller is a dot, and stays one.
const LEAST = 4; // board units

// The strokes as the network should get them: {strokes, scale}, enlarged about the middle of the board where
// they are small.
export function fitted(strokes) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  let radius = 0;
  for (const stroke of strokes) {
    radius = Math.max(radius, stroke.radius);
    for (const [x, y] of stroke.points) {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
  }
  const [left, top, right, bottom] = box;
  const side = Math.max(right - left, bottom - top);
  if (side < LEAST || radius <= BROAD * side) return { strokes, scale: 1 };
  const scale = Math.min(MOST, radius / (FITTING * side));
  const place = (value, middle) => LIMITS.size / 2 + (value - middle) * scale;
  const enlarged = strokes.map((stroke) => ({
    radius: stroke.radius,
    points: stroke.points.map(([x, y]) => [place(x, (left + right) / 2), place(y, (top + bottom) / 2)]),
  }));
  return { strokes: enlarged, scale };
}
