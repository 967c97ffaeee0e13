// What the visitor has taught the page: drawings and their digits, which only this browser keeps.
//
// A lesson is {id, label, strokes: [{points, radius}]}, so that it outlives a change of the preprocessing.
// The lesson of a picture is {id, label, pixels}, with 784 pixels 0..255 as the network gets them.

import { recall, remember } from "../storage.js";

const STORED = "draw-a-digit lessons";
// Only the newest lessons are kept, at most this many.
const MOST = 100;

const tenth = (value) => Math.round(value * 10) / 10;

// The lesson of a drawing {id, label, strokes, pixels}, with 784 pixels 0..1. A picture's strokes are null.
function lesson({ id, label, strokes, pixels }) {
  if (!strokes) return { id, label, pixels: Array.from(pixels, (value) => Math.round(255 * value)) };
  const rounded = (points) => points.map((point) => point.map(tenth));
  return { id, label, strokes: strokes.map(({ points, radius }) => ({ points: rounded(points), radius })) };
}

const read = () => JSON.parse(recall(STORED) ?? "[]");

// The lessons. "change" is dispatched when some are added or removed, in this tab or in another one.
class Lessons extends EventTarget {
  // The oldest comes first.
  all = read();
  // Whether they outlive this page. The browser may refuse to store them, or have no room.
  stored = true;

  // Learn drawings. A drawing whose id is known gets its new label.
  add(drawings) {
    const ids = new Set(drawings.map(({ id }) => id));
    this.#keep([...this.all.filter(({ id }) => !ids.has(id)), ...drawings.map(lesson)]);
  }

  remove(id) {
    this.#keep(this.all.filter((each) => each.id !== id));
  }

  clear() {
    this.#keep([]);
  }

  // Read again what the browser has stored.
  refresh() {
    this.all = read();
    this.dispatchEvent(new Event("change"));
  }

  #keep(list) {
    this.all = list.slice(-MOST);
    this.stored = remember(STORED, list.length ? JSON.stringify(this.all) : null);
    this.dispatchEvent(new Event("change"));
  }
}

export const lessons = new Lessons();

window.addEventListener("storage", ({ key }) => {
  // The key is null if the visitor cleared the whole storage.
  if (key === STORED || key === null) lessons.refresh();
});
// A page that comes back from the browser's history has missed these events.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) lessons.refresh();
});
