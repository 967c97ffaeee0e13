// What the visitor has taught the page: drawings, each with the digit that it is. They are kept in this
// browser and nowhere else.
//
// A lesson is {id, label, at, strokes: [{points, radius}]}. For a picture, and for a drawing of very many
// points, it is {id, label, at, pixels: 784 numbers 0..255}, the input of the network. Strokes outlive a
// change of the preprocessing, and pixels are always small.

import { recall, remember } from "../storage.js";

const STORED = "draw-a-digit lessons";
const UNUSED = "draw-a-digit lessons unused";
const MOST = 100;
const MOST_OF_A_DIGIT = 20;
// A longer drawing would take more than 20 kB of the browser's storage, so its strokes are not kept.
const MAX_POINTS = 1500;

const tenth = (value) => Math.round(value * 10) / 10;

// What a lesson remembers of a drawing.
function content({ strokes, pixels }) {
  const count = strokes?.flatMap(({ points }) => points).length ?? Infinity;
  if (count > MAX_POINTS && pixels) return { pixels: Array.from(pixels, (value) => Math.round(255 * value)) };
  const rounded = (points) => points.map((point) => point.map(tenth));
  return { strokes: strokes.map(({ points, radius }) => ({ points: rounded(points), radius })) };
}

const isLesson = (entry) =>
  typeof entry?.id === "string" &&
  /^\d$/.test(entry.label) &&
  (Array.isArray(entry.strokes) || entry.pixels?.length === 784);

// The lessons of a list that are kept: the newest.
function newest(list) {
  const counts = {};
  const kept = list.toReversed().filter(({ label }) => {
    counts[label] = (counts[label] ?? 0) + 1;
    return counts[label] <= MOST_OF_A_DIGIT;
  });
  return kept.slice(0, MOST).reverse();
}

// Dispatches "change" when lessons come or go or their use is switched on or off, in this tab or in another
// one, and "clear" when all are forgotten at once.
class Lessons extends EventTarget {
  // Whether they outlive this page: the browser may store nothing for it, or have no room.
  stored = true;
  #list = this.#read();

  // The lessons, the oldest first.
  get all() {
    return this.#list;
  }

  // Whether they take part in answers.
  get used() {
    return recall(UNUSED) === null;
  }

  set used(used) {
    remember(UNUSED, used ? null : "1");
    this.#tell();
  }

  // Add drawings {id, label, strokes, pixels}: the board's strokes, or null for a picture, and 784 numbers
  // 0..1. A drawing that is known under its id gets a new label.
  add(drawings) {
    const at = Date.now();
    const lessons = drawings.map((drawing) => ({
      id: drawing.id,
      label: drawing.label,
      at,
      ...content(drawing),
    }));
    const ids = new Set(lessons.map(({ id }) => id));
    this.#write(newest([...this.#latest().filter(({ id }) => !ids.has(id)), ...lessons]));
  }

  // Put back what remove() returned.
  restore(lessons) {
    this.#write(newest([...this.#latest(), ...lessons].sort((a, b) => a.at - b.at)));
  }

  // Forget those with these ids; returns them.
  remove(...ids) {
    const gone = this.#list.filter(({ id }) => ids.includes(id));
    this.#write(this.#latest().filter(({ id }) => !ids.includes(id)));
    return gone;
  }

  // Forget everything.
  clear() {
    remember(UNUSED, null);
    this.#write([]);
    this.dispatchEvent(new Event("clear"));
  }

  // Another tab may have stored more, or all may have been cleared.
  refresh() {
    this.#list = this.#latest();
    this.#tell();
    if (!this.#list.length) this.dispatchEvent(new Event("clear"));
  }

  #latest() {
    return this.stored ? this.#read() : this.#list;
  }

  #read() {
    try {
      return JSON.parse(recall(STORED) ?? "[]").filter(isLesson);
    } catch {
      return [];
    }
  }

  #write(list) {
    this.#list = list;
    this.stored = remember(STORED, list.length ? JSON.stringify(list) : null);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const lessons = new Lessons();

window.addEventListener("storage", ({ key }) => {
  // The key is null where everything was cleared.
  if ([STORED, UNUSED, null].includes(key)) lessons.refresh();
});
// A page that comes back from the browser's history has not heard what other tabs stored meanwhile.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) lessons.refresh();
});
