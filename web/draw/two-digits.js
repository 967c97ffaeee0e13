// Whether strokes are two digits: ink in two parts that stand side by side.

import { extent } from "./drawing.js";

const GAP = 12; // board units between the parts: at most 4 of 7,494 digits by 30 people have such a gap
const TALL = 0.5; // share of the taller part's height: a shorter part is a dot or a serif

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
