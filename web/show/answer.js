// The answer beside the board: the digit, a sentence, ten bars, and the picture that the network sees.

import { make, set } from "../dom.js";
import { share, write } from "../words.js";

// Probabilities below which the sentence says "Probably" and names the second digit, too, or says "Perhaps".
const LIKELY = 0.9;
const EVEN = 0.6;
const TORN = 0.6; // an unsure network is torn between two digits that have this much together
const TOP = 3; // digits that have their percentages
const LEAST = 0.01; // a smaller probability is not written
const MOST = 0.99; // a larger probability is written as ">99%"
const QUIET = 500; // milliseconds after the pen is up before the sentence is spoken

// A probability, as write() takes it.
function percent(value) {
  if (value < LEAST) return [];
  return value > MOST ? ["share.over", { share: share(MOST, 0) }] : ["value", { value: share(value, 0) }];
}

// The sentence for an answer, as write() takes it, and its kind: "digit" names one, "torn" two, "none"
// neither.
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

// Whether an answer of the engine names a digit without doubt.
export const isSure = ({ digit, apart, confidences }) =>
  Boolean(digit) && !apart && confidences[0].confidence >= LIKELY;

// Paint 784 numbers from 0 to `full`, or nothing, on a canvas of 28x28.
export function showPixels(canvas, pixels, full = 1) {
  const side = canvas.width;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) {
    image.data.fill(pixels ? Math.round((255 * pixels[i]) / full) : 0, 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// Ten bars, 0 to 9, which are buttons: {row, fill, value} each.
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

// The answer in `root`, the element #prediction. A press of a bar is that element's event "teach", with
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

  // Show the sentence for an answer of the engine, which is {revision, empty: true} for an empty board, or a
  // notice in its place, as write() takes it. While the pen is `moving` the sentence finds no fault with the
  // drawing. Once it is `resting`, the sentence is spoken, too.
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
