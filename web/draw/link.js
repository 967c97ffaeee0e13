// A drawing as the hash of a link. The link itself has the strokes, after `#d=`: no server keeps them.
//
// The format, in base64url: for each stroke its radius, the number of its points (two bytes), and two bytes
// for each coordinate, in steps of 1/64 board unit from 32 units beside the board.

import { LIMITS, parseStrokes } from "../read/digit.js";

const GRAIN = 1 / 64; // board units
const BESIDE = 32; // board units that coordinates reach beside the board
const MOST = 65_535; // the largest number of two bytes
const LONGEST = 64_000; // characters of a link's drawing
const DOT = 6; // board units between two points of a stroke that draws itself, at least
export const MARK = "#d=";

// A line without the points that lie within `tolerance` of it (Ramer 1972, Douglas and Peucker 1973).
function simplified(points, tolerance) {
  const keep = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [first, last] = open.pop();
    const [ax, ay] = points[first];
    const [dx, dy] = [points[last][0] - ax, points[last][1] - ay];
    let most = tolerance;
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

export function encode(strokes, tolerance) {
  const bytes = [];
  const step = (value) => Math.min(MOST, Math.max(0, Math.round((value + BESIDE) / GRAIN)));
  // Once rounded, a full board may have slightly more line than is allowed: its end is left out.
  let length = 0;
  for (const { points, radius } of strokes) {
    const rounded = simplified(points, tolerance).map((point) => point.map(step));
    const fewer = rounded.filter(([x, y], i) => {
      if (i) length += GRAIN * Math.hypot(x - rounded[i - 1][0], y - rounded[i - 1][1]);
      return i === 0 || length < LIMITS.maxLength;
    });
    bytes.push(Math.round(radius), fewer.length >> 8, fewer.length & 255);
    for (const value of fewer.flat()) bytes.push(value >> 8, value & 255);
  }
  const text = btoa(Array.from(bytes, (value) => String.fromCharCode(value)).join(""));
  return MARK + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The strokes in a link's hash, or null where it has none. Throws an Error with a `sentence` where they
// cannot be drawn.
export function decode(hash) {
  if (!hash.startsWith(MARK)) return null;
  try {
    const text = hash.slice(MARK.length);
    if (text.length > LONGEST || !/^[\w-]+$/.test(text)) throw new Error();
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Array.from(letters, (letter) => letter.charCodeAt(0));
    const place = (at) => GRAIN * (256 * bytes[at] + bytes[at + 1]) - BESIDE;
    const strokes = [];
    for (let at = 0; at < bytes.length; ) {
      const [radius, high, low] = bytes.slice(at, at + 3);
      const end = at + 3 + 4 * (256 * high + low);
      if (!(end <= bytes.length)) throw new Error();
      const points = [];
      for (at += 3; at < end; at += 4) points.push([place(at), place(at + 2)]);
      strokes.push({ points, radius });
    }
    parseStrokes(strokes);
    return strokes;
  } catch {
    throw Object.assign(new Error("no drawing"), { sentence: ["share.broken"] });
  }
}

// The strokes with points close enough to be drawn one a frame, but no more than a board takes.
export function filled(strokes) {
  const apart = (points, i) =>
    i ? Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]) : 0;
  const pieces = strokes.flatMap(({ points }) => points.map((_, i) => apart(points, i)));
  const count = 1 + pieces.length;
  const length = pieces.reduce((sum, piece) => sum + piece, 0);
  const dot = Math.max(DOT, length / Math.max(0, LIMITS.maxPoints - count));
  return strokes.map(({ points, radius }) => ({
    radius,
    points: points.flatMap(([x, y], i) => {
      const [px, py] = points[Math.max(0, i - 1)];
      const steps = Math.max(1, Math.ceil(apart(points, i) / dot));
      const between = (from, to, k) => from + ((to - from) * (k + 1)) / steps;
      return Array.from({ length: steps }, (_, k) => [between(px, x, k), between(py, y, k)]);
    }),
  }));
}
