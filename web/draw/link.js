// A drawing as the hash of a link. The strokes are in the link itself, after `#d=`, so no server keeps them.
//
// They are bytes in base64url. Each stroke has its radius (one byte), its number of points (two bytes), and
// its coordinates (two bytes each), in steps of 1/64 board unit from 32 units outside the board.

import { parseStrokes } from "../read/digit.js";

const GRAIN = 1 / 64; // board units
// Coordinates reach this far outside the board.
const BESIDE = 32; // board units
// The largest number in two bytes.
const MOST = 65_535;
// A line may move this far: 1/32 of a pixel of the 28x28.
const TOLERANCE = 0.5; // board units
// The distance of two points when the page draws the strokes.
const DOT = 10; // board units
export const MARK = "#d=";

// A line without those points that lie within TOLERANCE of it (Ramer 1972, Douglas and Peucker 1973).
function simplified(points) {
  const keep = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [first, last] = open.pop();
    const [ax, ay] = points[first];
    const [dx, dy] = [points[last][0] - ax, points[last][1] - ay];
    let most = TOLERANCE;
    let farthest = 0;
    for (let i = first + 1; i < last; i += 1) {
      const [x, y] = [points[i][0] - ax, points[i][1] - ay];
      const along = Math.min(1, Math.max(0, (x * dx + y * dy) / (dx * dx + dy * dy || 1)));
      const off = Math.hypot(x - along * dx, y - along * dy);
      if (off > most) [most, farthest] = [off, i];
    }
    if (farthest) {
      keep.add(farthest);
      open.push([first, farthest], [farthest, last]);
    }
  }
  return points.filter((_, i) => keep.has(i));
}

// Strokes as the hash of a link.
export function encode(strokes) {
  const bytes = [];
  const step = (value) => Math.min(MOST, Math.max(0, Math.round((value + BESIDE) / GRAIN)));
  for (const { points, radius } of strokes) {
    const fewer = simplified(points);
    bytes.push(Math.round(radius), fewer.length >> 8, fewer.length & 255);
    for (const value of fewer.flat().map(step)) bytes.push(value >> 8, value & 255);
  }
  const text = btoa(Array.from(bytes, (value) => String.fromCharCode(value)).join(""));
  return MARK + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The strokes in a link's hash, or null if the hash is not a drawing's. Throws if they cannot be drawn.
export function decode(hash) {
  if (!hash.startsWith(MARK)) return null;
  const text = hash.slice(MARK.length);
  if (!text) throw new Error("The link is empty.");
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Array.from(letters, (letter) => letter.charCodeAt(0));
  const place = (at) => GRAIN * (256 * bytes[at] + bytes[at + 1]) - BESIDE;
  const strokes = [];
  for (let at = 0; at < bytes.length; ) {
    const [radius, high, low] = bytes.slice(at, at + 3);
    const end = at + 3 + 4 * (256 * high + low);
    const points = [];
    for (at += 3; at < end; at += 4) points.push([place(at), place(at + 2)]);
    strokes.push({ points, radius });
  }
  // In a link that was cut off, some coordinates are not numbers.
  parseStrokes(strokes);
  return strokes;
}

// The strokes with more points, so close that the page can draw one a frame.
export function filled(strokes) {
  const between = (from, to, part) => from.map((value, axis) => value + (to[axis] - value) * part);
  return strokes.map(({ points, radius }) => ({
    radius,
    points: points.flatMap((point, i) => {
      const before = points[Math.max(0, i - 1)];
      const steps = Math.max(1, Math.ceil(Math.hypot(point[0] - before[0], point[1] - before[1]) / DOT));
      return Array.from({ length: steps }, (_, k) => between(before, point, (k + 1) / steps));
    }),
  }));
}
