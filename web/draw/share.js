// A drawing as a link and as a picture. The strokes stand in the link itself, after `#d=`: no server keeps
// them.
//
// The format, in base64url: for each stroke its radius, the number of its points (two bytes), and two bytes
// for each coordinate, in steps of 1/64 board unit from 32 units beside the board.

import { LIMITS, parseStrokes } from "../read/digit.js";
import { engine } from "../read/engine.js";
import { label, say, write } from "../words.js";

const GRAIN = 1 / 64; // board units
const BESIDE = 32; // board units that coordinates reach beside the board
const MOST = 65_535; // of two bytes
// Board units that simplifying may move a line; the next where the answer changes.
const TOLERANCES = [1.5, 0.75, 0];
const LONGEST = 64_000; // characters of a link's drawing
const DOT = 6; // board units between two points of a stroke that is drawn anew, at least
const MARK = "#d=";
const FILE = "my-digit.png";
const NAME = "link"; // of what a link would draw, for the engine

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

export function encode(strokes, tolerance) {
  const bytes = [];
  const step = (value) => Math.min(MOST, Math.max(0, Math.round((value + BESIDE) / GRAIN)));
  // Rounded, a full board may have a little more line than is allowed: the end of it is left out.
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

// The strokes of a link's hash, null where it names no drawing. Throws an Error with a `sentence` where what
// it names cannot be drawn.
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

function paintCard(canvas, { canvas: board, digit, sentence }, address, style) {
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

// A link to the strokes that is answered as they were. A reading that was called off counts as another
// answer.
async function link(page, strokes, answered) {
  for (const tolerance of TOLERANCES) {
    const hash = encode(strokes, tolerance);
    const { digit } = await engine.read(NAME, { strokes: decode(hash) });
    if (digit === answered) return page + hash;
  }
  return page + encode(strokes, 0);
}

class Dialogue {
  #root;
  // What can be copied and sent: {url, text, picture: Blob}.
  #shared = null;
  // How often the dialogue was opened: what is made of an earlier drawing is dropped.
  #openings = 0;
  #page = location.origin + location.pathname;

  constructor(root) {
    this.#root = root;
    this.#find(".copy").addEventListener("click", () => this.#copy());
    this.#find(".send").addEventListener("click", () => this.#send());
    this.#find(".close").addEventListener("click", () => root.close());
    root.addEventListener("click", ({ target }) => {
      // A press beside the dialogue closes it.
      if (target === root) root.close();
    });
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  // Show the drawing {strokes, canvas, digit, answered, sentence}, its picture and its link.
  async open(drawing) {
    this.#openings += 1;
    const mine = this.#openings;
    this.#reset();
    const card = this.#find("canvas");
    paintCard(card, drawing, this.#page.replace(/^https?:\/\//, ""), getComputedStyle(this.#root));
    label(card, "share.alt", { sentence: drawing.sentence });
    this.#root.showModal();
    try {
      const picture = await new Promise((done) => card.toBlob(done, "image/png"));
      const url = await link(this.#page, drawing.strokes, drawing.answered);
      if (mine === this.#openings) this.#fill({ url, text: drawing.sentence, picture });
    } catch {
      if (mine === this.#openings) write(this.#find(".said"), "share.failed");
    }
  }

  #reset() {
    const download = this.#find(".download");
    this.#shared = null;
    write(this.#find(".said"));
    this.#find("input").value = "";
    delete this.#root.dataset.ready;
    this.#find(".copy").disabled = this.#find(".send").disabled = true;
    URL.revokeObjectURL(download.href);
    download.removeAttribute("href");
  }

  #fill(shared) {
    const field = this.#find("input");
    const copy = this.#find(".copy");
    const send = this.#find(".send");
    this.#shared = shared;
    Object.assign(this.#find(".download"), { href: URL.createObjectURL(shared.picture), download: FILE });
    field.value = shared.url;
    copy.disabled = send.disabled = false;
    send.hidden = !navigator.share;
    if (document.activeElement === field) copy.focus();
    this.#root.dataset.ready = shared.url;
  }

  async #copy() {
    const field = this.#find("input");
    const said = this.#find(".said");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      write(said, "share.copied");
    } catch {
      // no HTTPS, or a frame that may not
      write(said, document.execCommand("copy") ? "share.copied" : "share.uncopied");
    }
  }

  async #send() {
    const { url, text, picture } = this.#shared;
    const files = [new File([picture], FILE, { type: "image/png" })];
    const what = navigator.canShare?.({ files }) ? { url, text, files } : { url, text };
    await navigator.share(what).catch(() => {
      /* called off */
    });
  }
}

// Mount this part: the button Share, and the drawing of the page's address.
export function mount(page, sketchpad) {
  const { board, player, prediction } = sketchpad;
  const button = page.querySelector("#share");
  const dialogue = new Dialogue(page.querySelector("dialog.share"));

  // What can be shared, or null.
  function drawing() {
    const { confidences, digit: answered, lesson } = sketchpad.answer;
    if (player.isRunning || player.kind === "greeting" || !board.strokes.length || !confidences) return null;
    const { digit } = prediction.dataset;
    // Whoever gets the picture has not taught this shape to their page.
    const sentence = lesson
      ? say("share.taught", { digit })
      : prediction.querySelector(".sentence").textContent;
    return { strokes: board.strokes, canvas: board.canvas, digit, answered, sentence };
  }

  button.addEventListener("click", () => {
    const now = drawing();
    if (now) dialogue.open(now);
    else sketchpad.tell(["share.picture"]);
  });

  function openLink() {
    try {
      const strokes = decode(location.hash);
      if (strokes) player.play(filled(strokes), "link");
    } catch (error) {
      sketchpad.tell(error.sentence);
    }
  }

  sketchpad.watch({
    changed() {
      // A reload after the visitor has drawn must not bring the drawing of the link back.
      if (location.hash.startsWith(MARK) && !player.isRunning && player.kind !== "link")
        history.replaceState(history.state, "", location.pathname + location.search);
    },
    shown() {
      button.disabled = !board.picture && !drawing();
    },
  });
  addEventListener("hashchange", openLink);
  openLink();
}
