// Two digits at once, as far as strokes tell: ink in two parts that stand side by side.

const GAP = 12; // board units of empty ground between the parts; of 7,494 digits of 30 people at most 4 have it
const TALL = 0.5; // of the taller part: what is shorter is a dot or a serif

export function standApart(strokes) {
  const extents = strokes.map(({ points, radius }) => {
    const xs = points.map(([x]) => x),
      ys = points.map(([, y]) => y);
    return {
      left: Math.min(...xs) - radius,
      right: Math.max(...xs) + radius,
      top: Math.min(...ys) - radius,
      bottom: Math.max(...ys) + radius,
    };
  });
  const parts = [];
  for (const next of extents.sort((a, b) => a.left - b.left)) {
    const last = parts.at(-1);
    if (!last || next.left > last.right + GAP) parts.push({ ...next });
    else
      Object.assign(last, {
        right: Math.max(last.right, next.right),
        top: Math.min(last.top, next.top),
        bottom: Math.max(last.bottom, next.bottom),
      });
  }
  const heights = parts.map(({ top, bottom }) => bottom - top).sort((a, b) => b - a);
  return heights.length > 1 && heights[1] >= TALL * heights[0];
}
