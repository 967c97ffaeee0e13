// The lessons in the worker: the network reads each of them once and remembers its features.

import { fitted } from "../read/small.js";

export class Taught {
  // id -> {label, strokes or pixels}, in the order in which they were taught.
  #lessons = new Map();
  // id -> Float32Array, or null for a lesson that cannot be read.
  #features = new Map();
  #net = null;
  #mine = null;
  #ids = [];

  // Know exactly these: [{id, label, strokes or pixels}]. A lesson that is known already needs no drawing.
  set(lessons) {
    const before = this.#lessons;
    this.#lessons = new Map(lessons.map((lesson) => [lesson.id, { ...before.get(lesson.id), ...lesson }]));
    for (const id of this.#features.keys()) if (!this.#lessons.has(id)) this.#features.delete(id);
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
    // Features mean nothing to other weights.
    if (net !== this.#net) this.#features.clear();
    this.#net = net;
    for (const [id, { strokes, pixels }] of this.#lessons) {
      if (!this.#features.has(id)) this.#features.set(id, await features(net, strokes, pixels));
    }
    const known = [...this.#lessons].filter(([id]) => this.#features.get(id));
    this.#ids = known.map(([id]) => id);
    this.#mine = net.withLessons(
      known.map(([id, { label }]) => ({ features: this.#features.get(id), label })),
    );
  }
}

async function features(net, strokes, pixels) {
  try {
    if (pixels) return net.features(Float32Array.from(pixels, (value) => value / 255));
    return net.features(await net.preprocess(fitted(strokes).strokes));
  } catch {
    // The others are used all the same. An earlier version of the page may have stored this one.
    return null;
  }
}
