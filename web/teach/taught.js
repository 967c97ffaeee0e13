// The lessons in the worker. The network reads each lesson once, and its features are kept.

import { fitted } from "../read/small.js";

export class Taught {
  // id -> {label, strokes or pixels, features}, the oldest first. The features are a Float32Array, null for a
  // lesson that cannot be read, and undefined until it is read.
  #lessons = new Map();
  #net = null;
  #mine = null;
  #ids = [];

  // Replace the lessons with these, {id, label, strokes or pixels} each. Known lessons keep their features.
  set(lessons) {
    const before = this.#lessons;
    this.#lessons = new Map(lessons.map((lesson) => [lesson.id, { ...before.get(lesson.id), ...lesson }]));
    this.#mine = null;
  }

  // A network with `net`'s weights that also knows the lessons.
  async by(net) {
    if (!this.#mine || net !== this.#net) await this.#learn(net);
    return this.#mine;
  }

  // The id of the lesson that predict() of that network names by its place, or null.
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
    // The lesson was taught before the network could read it. The other lessons are used all the same.
    return null;
  }
}
