// Why this digit and not that one: where in the 28x28 the network added up its evidence for the answer
// against another digit.
//
// This is exact. The network averages its last maps over places and weighs the averages, and both are linear.
// So the difference of two logits is a difference of biases plus a sum over the 7x7 places before the
// averages. A place sees most of the picture: the colours show where evidence was added up, not which pixels
// mattered.

import { make, set } from "../dom.js";
import { engine } from "../read/engine.js";
import { label, rounded, write } from "../words.js";
import { reading } from "./answer.js";

export const PLACES = 7; // places a side, before the averages
// The third of the digit to which a row or column of places belongs: the digit has the middle 20 of the 28
// pixels.
const THIRDS = [0, 0, 0, 1, 2, 2, 2];
const CLOSE = 1; // logits: two digits that differ by less nearly balance
const REASON = 0.05; // a smaller sum is not a reason
// Colours of the evidence for the answer, and for the other digit.
export const FOR = [255, 140, 60];
const AGAINST = [70, 160, 255];
const signed = (value) => rounded(value, 1, { signDisplay: "exceptZero" });

// Why digit `a` and not `b`: their logits differ by `bias` plus `sum`, the sum of `places`. `layers` are the
// network's, and `dense` has the weights of the last one.
export function weigh(layers, dense, a, b) {
  const of = (name) => layers.find((layer) => layer.name === name);
  const { data, channels, width: side } = of("conv5");
  const { width: n } = of("average");
  const { data: logits } = of("logits");
  const places = new Float64Array(side * side);
  const count = channels * n * n;
  // The rows, or columns, that each average spans.
  const spans = Array.from({ length: n }, (_, i) => [
    Math.floor((i * side) / n),
    Math.ceil(((i + 1) * side) / n),
  ]);
  for (let k = 0; k < count; k += 1) {
    const [top, bottom] = spans[Math.floor(k / n) % n];
    const [left, right] = spans[k % n];
    const weight = dense.weight[a * count + k] - dense.weight[b * count + k];
    const part = weight / ((bottom - top) * (right - left));
    const map = Math.floor(k / (n * n)) * side * side;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) places[y * side + x] += part * data[map + y * side + x];
    }
  }
  const sum = places.reduce((p, q) => p + q);
  return { a, b, places, sum, bias: dense.bias[a] - dense.bias[b], gap: logits[a] - logits[b] };
}

// Nine sums over the thirds of the picture, row by row.
function regions(places) {
  const sums = new Float64Array(9);
  places.forEach((value, i) => {
    sums[3 * THIRDS[Math.floor(i / PLACES)] + THIRDS[i % PLACES]] += value;
  });
  return sums;
}

// Paint evidence as colours on a canvas of 7x7.
export function paintEvidence(canvas, { places }) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(PLACES, PLACES);
  const most = Math.max(1e-6, ...places.map(Math.abs));
  places.forEach((value, i) => {
    image.data.set([...(value > 0 ? FOR : AGAINST), (225 * Math.abs(value)) / most], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

// The button Why in the answer `root`, and what it shows. asked() is called when it wants an answer with the
// network's layers.
export class Why {
  isOn = false;
  #root;
  // The digit that the visitor compares with, or null for the second digit.
  #against = null;
  #cells = Array.from({ length: 9 }, () => make("span"));
  // The <select> of the digits to compare with.
  #others;

  constructor(root, asked) {
    this.#root = root;
    this.#find(".sums").append(...this.#cells);
    this.#others = this.#find(".versus select");
    for (const digit of "0123456789") this.#others.append(make("option", { textContent: digit }));
    label(this.#others, "why.compare");
    // The squares beside the sentences have these colours.
    root.style.setProperty("--for", `rgb(${FOR})`);
    root.style.setProperty("--against", `rgb(${AGAINST})`);
    this.#find("#why").addEventListener("click", ({ currentTarget }) => {
      this.isOn = !this.isOn;
      root.classList.toggle("why", this.isOn);
      currentTarget.setAttribute("aria-pressed", this.isOn);
      asked();
    });
    this.#others.addEventListener("change", () => {
      this.#against = this.#others.value;
      asked();
    });
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  // Show why the network by itself names a digit, and the lesson that decided, if the visitor wants to know.
  // Returns the evidence, or null where no digit is named.
  show(answer) {
    const { layers, alone, empty } = answer;
    const confidences = alone?.confidences;
    const isNamed = Boolean(layers) && reading({ ...answer, ...alone, lesson: null }).kind !== "none";
    if (empty) this.#against = null;
    let evidence = null;
    if (isNamed) {
      const [first, second] = confidences.map((each) => each.label);
      const other = this.#against && this.#against !== first ? this.#against : second;
      evidence = weigh(layers, engine.dense, first, other);
    }
    const isShown = this.isOn && evidence !== null;
    for (const part of [".places", ".sums", ".versus"]) set(this.#find(part), "hidden", !isShown);
    if (isShown) this.#explain(evidence);
    else if (this.isOn) this.#explainNothing(empty);
    if (this.isOn && answer.lesson) write(this.#find(".pro"), "why.taught", { digit: answer.digit });
    return evidence;
  }

  #explainNothing(isEmpty) {
    for (const part of [".contra", ".close-call", ".exactly"]) write(this.#find(part));
    write(this.#find(".pro"), isEmpty ? "why.empty" : "why.none");
  }

  #explain(evidence) {
    const { a, b, gap } = evidence;
    const sums = regions(evidence.places);
    const best = sums.indexOf(Math.max(...sums));
    const worst = sums.indexOf(Math.min(...sums));
    const say = (part, digit, place, sum) =>
      write(this.#find(part), "why.for", { digit, sum: signed(sum), place: place + 1 });
    paintEvidence(this.#find(".places"), evidence);
    this.#cells.forEach((cell, i) => write(cell, "why.sum", { sum: signed(sums[i]) }));
    write(this.#find(".versus"), "why.versus", { a });
    for (const option of this.#others.options) set(option, "disabled", option.value === a);
    set(this.#others, "value", b);
    say(".pro", a, best, sums[best]);
    if (sums[worst] < -REASON) say(".contra", b, worst, -sums[worst]);
    else write(this.#find(".contra"));
    write(this.#find(".close-call"), Math.abs(gap) < CLOSE ? "why.close" : "");
    write(this.#find(".exactly"), "why.exactly", { a, b, gap: rounded(gap, 1) });
  }
}
