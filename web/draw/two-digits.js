// Whether strokes are two digits.

import { extent } from "./board.js";

// The smallest gap between two digits. Of 7,494 digits by 30 people, at most 4 have a gap as wide.
const GAP = 12; // board units
// The least height of a second digit, as a share of the other's. A shorter part is a dot, a bar or a serif.
const TALL = 0.5;

// Whether the ink is two parts side by side.
export function standApart(strokes) {
  const boxes = strokes.map((stroke) => extent([stroke])).sort(([a], [b]) => a - b);
  const parts = [];
  let end = -Infinity;
  for (const [left, top, right, bottom] of boxes) {
    if (left > end + GAP) parts.push({ top, bottom });
    const part = parts.at(-1);
    Object.assign(part, { top: Math.min(part.top, top), bottom: Math.max(part.bottom, bottom) });
    end = Math.max(end, right);
  }
  const [tallest, second] = parts.map(({ top, bottom }) => bottom - top).sort((a, b) => b - a);
  return second >= TALL * tallest;
}

// Whether the strokes from number `first` on are about as tall as those before them: the bar of a 7 is not.
export function isAnother(strokes, first) {
  const height = (some) => {
    const [, top, , bottom] = extent(some);
    return bottom - top;
  };
  return height(strokes.slice(first)) >= TALL * height(strokes.slice(0, first));
}
