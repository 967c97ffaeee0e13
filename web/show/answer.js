// The answer beside the board: the digit, a sentence, ten bars, and the picture that the network sees.

import { make, set } from "../dom.js";
import { share, write } from "../words.js";

// Below this probability, the sentence says "Probably".
const LIKELY = 0.9;
// Below this probability, it says "Perhaps".
const EVEN = 0.6;
// An unsure network asks about the best two digits if they have this much together.
const TORN = 0.6;
// This many digits show their percentages.
const TOP = 3;
// A smaller percentage is not written, and a larger one is ">99%".
const [LEAST, MOST] = [0.01, 0.99];
// The sentence is spoken this long after the pen is lifted.
const QUIET = 500; // milliseconds

// A probability, as write() takes it.
function percent(value) {
  if (value < LEAST) return [];
  return value > MOST ? ["share.over", { share: share(MOST, 0) }] : ["value", { value: share(value, 0) }];
}

// The sentence for an answer, as write() takes it, and its kind: "digit" if it names one digit, "torn" if it
// names two, else "none".
export function reading({ empty, error, apart, digit, confidences, lesson }) {
  const problem = error ?? (empty ? "reading.empty" : apart && !lesson ? "reading.apart" : null);
  if (problem) return { kind: "none", sentence: [problem] };
  const [first, second] = confidences;
  const both = { digit: first.label, other: second.label };
  if (lesson) return { kind: "digit", sentence: ["reading.taught", { digit }] };
  if (digit) {
    const { confidence } = first;
    if (confidence < EVEN) return { kind: "digit", sentence: ["reading.perhaps", both] };
    return { kind: "digit", sentence: [confidence < LIKELY ? "reading.probably" : "reading.sure", both] };
  }
  if (first.confidence + second.confidence < TORN) return { kind: "none", sentence: ["reading.none"] };
  return { kind: "torn", sentence: ["reading.torn", both] };
}

// Whether an answer names a digit without doubt.
export const isSure = ({ digit, apart, confidences }) =>
  Boolean(digit) && !apart && confidences[0].confidence >= LIKELY;

// Paint 784 numbers from 0 to `full` on a canvas of 28x28. Without numbers it becomes black.
export function showPixels(canvas, pixels, full = 1) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(28, 28);
  for (let i = 0; i < 784; i += 1) {
    const level = pixels ? Math.round((255 * pixels[i]) / full) : 0;
    image.data.set([level, level, level, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

// Ten bars, which are buttons: the elements {row, fill, value} of each.
function makeBars(list) {
  return [..."0123456789"].map((digit) => {
    const fill = make("i");
    const value = make("span", { className: "value" });
    const track = make("span", { className: "track" }, fill);
    const button = make("button", {}, make("b", { textContent: digit }), track, value);
    button.dataset.digit = digit;
    button.setAttribute("aria-describedby", "teach-hint");
    const row = make("li", {}, button);
    list.append(row);
    return { row, fill, value };
  });
}

// The answer in `root`, the element #prediction. A press of a bar dispatches "teach" there, with
// {detail: {digit}}.
export class Answer {
  #root;
  #bars;
  #timer = null;

  constructor(root) {
    this.#root = root;
    this.#bars = makeBars(root.querySelector(".bars"));
    root.querySelector(".bars").addEventListener("click", ({ target }) => {
      const digit = target.closest("button")?.dataset.digit;
      if (digit) root.dispatchEvent(new CustomEvent("teach", { bubbles: true, detail: { digit } }));
    });
  }

  // Say the sentence for an answer of the engine, which is {revision, empty: true} for an empty board. A
  // `notice`, as write() takes it, replaces that sentence. While the pen is `moving`, the sentence does not
  // complain about the drawing. Once the pen is `resting`, the sentence is also spoken.
  say(answer, notice, { moving, resting }) {
    const { revision, empty, confidences = [] } = answer;
    const { kind, sentence } = reading(answer);
    const isUnfinished = moving && kind === "none" && !empty;
    const said = notice ?? (isUnfinished ? ["reading.moving"] : sentence);
    const find = (selector) => this.#root.querySelector(selector);
    set(find(".digit"), "textContent", kind === "digit" ? answer.digit : "?");
    write(find(".sentence"), ...said);
    clearTimeout(this.#timer);
    if (resting) this.#timer = setTimeout(() => write(find(".spoken"), ...said), QUIET);
    const attributes = {
      digit: kind === "digit" ? answer.digit : "",
      confidence: confidences.length ? confidences[0].confidence.toFixed(4) : "",
      reading: confidences.length ? kind : "empty",
      revision: String(revision),
      taught: String(Boolean(answer.lesson)),
    };
    for (const name in attributes) set(this.#root.dataset, name, attributes[name]);
  }

  // Paint the bars and the 28x28.
  paint(answer) {
    const { confidences = [], pixels } = answer;
    const { kind } = reading(answer);
    const ranks = new Map(confidences.map(({ label }, rank) => [Number(label), rank]));
    this.#bars.forEach(({ row, fill, value }, label) => {
      const rank = ranks.get(label) ?? Infinity;
      const { confidence } = confidences[rank] ?? { confidence: 0 };
      set(fill.style, "transform", `scaleX(${confidence.toFixed(4)})`);
      write(value, ...(rank < TOP && kind !== "none" ? percent(confidence) : []));
      row.classList.toggle("top", rank < TOP);
      row.classList.toggle("best", rank === 0);
    });
    showPixels(this.#root.querySelector("#preview canvas"), pixels);
  }
}
