// The lessons in the worker: the network reads each of them once and remembers its features.

import { fitted } from "../read/small.js";

export class Taught {
  // id -> {label, strokes or pixels, features}, in the order in which they were taught. The features are a
  // Float32Array, null for a lesson that cannot be read, and undefined until it is read.
  #lessons = new Map();
  #net = null;
  #mine = null;
  #ids = [];

  // Know exactly these: [{id, label, strokes or pixels}]. A lesson that is known already keeps its features.
  set(lessons) {
    const before = this.#lessons;
    this.#lessons = new Map(lessons.map((lesson) => [lesson.id, { ...before.get(lesson.id), ...lesson }]));
    this.#mine = null;
  }

  // `net` with the lessons: a network that knows them.
  async by(net) {
    if (!this.#mine || net !== this.#net) await this.#learn(net);
    return this.#mine;
  }

  // The id of the lesson at a place, as predict() of that network names it, or null.
  idOf(place) {
    return this.#ids[place] ?? null;
  }

  async #learn(net) {
    for (const lesson of this.#lessons.values()) {
      // Features mean nothing to other weights.
      if (lesson.features === undefined || net !== this.#net) lesson.features = await features(net, lesson);
    }
    this.#net = net;
    const known = [...this.#lessons.values()].filter(({ features }) => features);
    this.#ids = known.map(({ id }) => id);
    this.#mine = net.withLessons(known);
  }
}

async function features(net, { strokes, pixels }) {
  try {
    if (pixels) return net.features(Float32Array.from(pixels, (value) => value / 255));
    return net.features(await net.preprocess(fitted(strokes).strokes));
  } catch {
    // It was taught before the network was there to read it. The others are used all the same.
    return null;
  }
}
