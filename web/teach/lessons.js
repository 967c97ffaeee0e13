// What the visitor has taught the page: drawings, each with the digit that it is. They are kept in this
// browser and nowhere else.
//
// A lesson is {id, label, strokes: [{points, radius}]}, which outlives a change of the preprocessing. For a
// picture it is {id, label, pixels: 784 numbers 0..255}, the input of the network.

import { recall, remember } from "../storage.js";

const STORED = "draw-a-digit lessons";
// So many lessons are kept: the newest.
const MOST = 100;

const tenth = (value) => Math.round(value * 10) / 10;

// What is kept of a drawing {id, label, strokes, pixels}: `strokes` are null for a picture, `pixels` are 784
// numbers 0..1.
function lesson({ id, label, strokes, pixels }) {
  if (!strokes) return { id, label, pixels: Array.from(pixels, (value) => Math.round(255 * value)) };
  const rounded = (points) => points.map((point) => point.map(tenth));
  return { id, label, strokes: strokes.map(({ points, radius }) => ({ points: rounded(points), radius })) };
}

const read = () => JSON.parse(recall(STORED) ?? "[]");

// Dispatches "change" when lessons come or go, in this tab or in another one.
class Lessons extends EventTarget {
  // The lessons, the oldest first.
  all = read();
  // Whether they outlive this page: the browser may store nothing for it, or have no room.
  stored = true;

  // Learn drawings. One that is known under its id gets its new label.
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

  // Another tab may have stored more, or all may have been cleared.
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
  // The key is null where everything was cleared.
  if (key === STORED || key === null) lessons.refresh();
});
// A page that comes back from the browser's history has not heard what other tabs stored meanwhile.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) lessons.refresh();
});
