// A drawing as a link and as a picture. The strokes stand in the link itself, after `#d=`: no server keeps them.
//
// The format, in base64url: a byte for its version, then for each stroke its radius, the number of its points (two bytes) and as many
// bytes for each coordinate as the version says.

import { LIMITS, parseStrokes } from "./digit.js";
import { label, write } from "./words.js";

const GRAINS = { 1: 2, 2: 1 / 64 }; // version -> board units of a coordinate's steps
const BESIDE = 32; // board units that coordinates reach beside the board
const TRIES = [
  [1.5, 1],
  [0.75, 1],
  [0, 1],
]; // board units that simplifying may move a line, and version; the next where the answer changes
const LONGEST = 64_000; // characters of a link's drawing
const DOT = 6; // board units between two points of a stroke that is drawn anew, at least
const MARK = "#d=";
const FILE = "my-digit.png";

// --- strokes <-> link ---

// A line without the points that lie within `tolerance` of it (Ramer 1972, Douglas and Peucker 1973).
function simplified(points, tolerance) {
  const keep = new Set([0, points.length - 1]),
    open = [[0, points.length - 1]];
  while (open.length) {
    const [first, last] = open.pop(),
      [ax, ay] = points[first],
      [dx, dy] = [points[last][0] - ax, points[last][1] - ay];
    let most = tolerance,
      farthest = 0;
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

export function encode(strokes, tolerance, version) {
  const bytes = [version],
    grain = GRAINS[version],
    most = 256 ** version - 1;
  const step = (value) => Math.min(most, Math.max(0, Math.round((value + BESIDE) / grain)));
  let length = 0; // rounded, a full board may have a little more line than is allowed: the end of it is left out
  for (const { points, radius } of strokes) {
    const rounded = simplified(points, tolerance).map((point) => point.map(step));
    const fewer = rounded.filter(([x, y], i) => {
      if (i) length += grain * Math.hypot(x - rounded[i - 1][0], y - rounded[i - 1][1]);
      return i === 0 || length < LIMITS.maxLength;
    });
    bytes.push(Math.round(radius), fewer.length >> 8, fewer.length & 255);
    for (const value of fewer.flat()) bytes.push(...(version === 1 ? [value] : [value >> 8, value & 255]));
  }
  const text = btoa(Array.from(bytes, (value) => String.fromCharCode(value)).join(""));
  return MARK + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The strokes of a link's hash, null where it names no drawing. Throws an Error with a `sentence` where it names none that can be drawn.
export function decode(hash) {
  if (!hash.startsWith(MARK)) return null;
  const strokes = [];
  try {
    const text = hash.slice(MARK.length);
    if (text.length > LONGEST || !/^[\w-]+$/.test(text)) throw new Error();
    const bytes = Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
    const version = bytes.shift(),
      grain = GRAINS[version];
    const place = (at) => grain * (version === 1 ? bytes[at] : 256 * bytes[at] + bytes[at + 1]) - BESIDE;
    if (!grain || !bytes.length) throw new Error();
    for (let at = 0; at < bytes.length; ) {
      const [radius, high, low] = bytes.slice(at, at + 3),
        end = at + 3 + 2 * version * (256 * high + low);
      if (!(end <= bytes.length)) throw new Error();
      const points = [];
      for (at += 3; at < end; at += 2 * version) points.push([place(at), place(at + version)]);
      strokes.push({ points, radius });
    }
    parseStrokes(strokes);
    return strokes;
  } catch {
    throw Object.assign(new Error("no drawing"), { sentence: ["share.broken"] });
  }
}

// The strokes with points near enough to each other to be drawn one a frame, and as many as a board takes.
export function filled(strokes) {
  const apart = (points, i) =>
    i ? Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]) : 0;
  let count = 1,
    length = 0;
  for (const { points } of strokes) {
    count += points.length;
    points.forEach((_, i) => {
      length += apart(points, i);
    });
  }
  const dot = Math.max(DOT, length / Math.max(0, LIMITS.maxPoints - count));
  return strokes.map(({ points, radius }) => ({
    radius,
    points: points.flatMap(([x, y], i) => {
      const [px, py] = points[Math.max(0, i - 1)],
        steps = Math.max(1, Math.ceil(apart(points, i) / dot));
      return Array.from({ length: steps }, (_, k) => [
        px + ((x - px) * (k + 1)) / steps,
        py + ((y - py) * (k + 1)) / steps,
      ]);
    }),
  }));
}

// --- the picture ---

const WIDE = 1200,
  HIGH = 630,
  EDGE = 55,
  PICTURE = HIGH - 2 * EDGE;

function paintCard(canvas, board, { digit, sentence }, address, style) {
  const paint = canvas.getContext("2d"),
    left = EDGE + PICTURE + 60,
    room = WIDE - left - EDGE;
  const text = (words, y, size, weight, colour) => {
    paint.fillStyle = colour;
    do paint.font = `${weight} ${size}px ${style.fontFamily}`;
    while (paint.measureText(words).width > room && (size -= 1) > 12);
    paint.fillText(words, left, y);
  };
  [canvas.width, canvas.height] = [WIDE, HIGH];
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, WIDE, HIGH);
  paint.save();
  paint.beginPath();
  paint.roundRect(EDGE, EDGE, PICTURE, PICTURE, 24);
  paint.clip();
  paint.drawImage(board, EDGE, EDGE, PICTURE, PICTURE);
  paint.restore();
  text(digit || "?", 370, 400, 700, digit ? style.getPropertyValue("--accent-on-light") : "#9ca3af");
  text(sentence, 455, 46, 600, "#1f2937");
  text(address, HIGH - EDGE - 8, 26, 400, "#4b5563");
}

// --- the dialogue ---

// The button and the dialogue in `root`. `drawing()` gives {strokes, canvas, digit, sentence}, or null where there is nothing to share;
// `read(strokes)` resolves to the digit that the network answers; tell(sentence) says why a picture cannot be shared.
export function makeShare(root, button, drawing, read, tell) {
  const find = (selector) => root.querySelector(selector);
  const field = find("input"),
    card = find("canvas"),
    said = find(".said"),
    send = find(".send"),
    download = find(".download");
  const page = location.origin + location.pathname;
  const copy = find(".copy");
  let shared = null; // {url, text, picture: Blob}
  let openings = 0; // so that what is made of an earlier drawing is dropped

  async function link({ strokes, answered }) {
    for (const [tolerance, version] of TRIES) {
      const hash = encode(strokes, tolerance, version);
      if ((await read(decode(hash))) === answered) return page + hash;
    }
    return page + encode(strokes, 0, 2);
  }

  button.addEventListener("click", async () => {
    const now = drawing();
    if (!now) return tell(["share.picture"]);
    openings += 1;
    const mine = openings;
    shared = null;
    write(said);
    field.value = "";
    delete root.dataset.ready;
    copy.disabled = send.disabled = true;
    URL.revokeObjectURL(download.href);
    download.removeAttribute("href");
    paintCard(card, now.canvas, now, page.replace(/^https?:\/\//, ""), getComputedStyle(root));
    label(card, "share.alt", { sentence: now.sentence });
    root.showModal();
    try {
      const picture = await new Promise((done) => card.toBlob(done, "image/png"));
      if (mine !== openings) return;
      Object.assign(download, { href: URL.createObjectURL(picture), download: FILE });
      const url = await link(now);
      if (mine !== openings) return;
      field.value = url;
      shared = { url, text: now.sentence, picture };
      copy.disabled = send.disabled = false;
      send.hidden = !navigator.share;
      if (document.activeElement === field) copy.focus();
      root.dataset.ready = url;
    } catch {
      if (mine === openings) write(said, "share.failed");
    }
  });

  copy.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      write(said, "share.copied");
    } catch {
      // no HTTPS, or a frame that may not
      write(said, document.execCommand("copy") ? "share.copied" : "share.uncopied");
    }
  });

  send.addEventListener("click", async () => {
    const files = [new File([shared.picture], FILE, { type: "image/png" })],
      { url, text } = shared;
    await navigator
      .share(navigator.canShare?.({ files }) ? { url, text, files } : { url, text })
      .catch(() => {
        /* called off */
      });
  });

  find(".close").addEventListener("click", () => root.close());
  root.addEventListener("click", (event) => {
    if (event.target === root) root.close();
  }); // beside it
  return (isPicture) => {
    button.disabled = !isPicture && !drawing();
  };
}
