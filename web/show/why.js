// Why this digit and not that one: where, of the 28x28, the evidence for the answer against another digit was
// added up.
//
// Exact: the network averages the last maps over places and weighs the averages, both of which are linear, so
// the difference of two logits is a difference of biases plus a sum over the 7x7 places before the averages.
// A place sees most of the picture: what is shown is where evidence was added up, not which pixels mattered.

import { make, set } from "../dom.js";
import { engine } from "../read/engine.js";
import { label, write } from "../words.js";
import { reading } from "./answer.js";

export const PLACES = 7; // a side, before the averages
// To which third of the digit, which has the middle 20 of the 28 pixels, a row or column belongs.
const THIRDS = [0, 0, 0, 1, 2, 2, 2];
const CLOSE = 1; // logits between two digits, below which they nearly balance
const REASON = 0.05; // a sum below it is not a reason
export const FOR = [255, 140, 60]; // colour of what spoke for the answer
const AGAINST = [70, 160, 255]; // and of what spoke for the other digit
const signed = (value, digits) => [
  value,
  { signDisplay: "exceptZero", minimumFractionDigits: digits, maximumFractionDigits: digits },
];

// Why digit `a` and not `b`: their logits differ by `bias` plus `sum`, that of the `places`. From what the
// engine gives: the network's layers, and the weights of its last one.
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

// Evidence as colours, on a canvas of 7x7.
export function paintEvidence(canvas, { places }) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(PLACES, PLACES);
  const most = Math.max(1e-6, ...places.map(Math.abs));
  places.forEach((value, i) => {
    image.data.set([...(value > 0 ? FOR : AGAINST), (225 * Math.abs(value)) / most], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

// The button Why in `root`, the answer, and what it shows; asked() when an answer with the network's layers
// is wanted.
export class Why {
  isOn = false;
  #root;
  // The digit that the visitor compares with, or null for the one that comes second.
  #against = null;
  #cells = Array.from({ length: 9 }, () => make("span"));
  // A choice of the digits to compare with.
  #others;

  constructor(root, asked) {
    this.#root = root;
    this.#find(".sums").append(...this.#cells);
    this.#others = this.#find(".versus select");
    this.#others.append(..."0123456789".split("").map((digit) => make("option", { textContent: digit })));
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

  // Show why the network by itself names a digit, if that is wanted, and the lesson that decided. Returns the
  // evidence, or null where no digit is named.
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
      write(this.#find(part), "why.for", { digit, sum: signed(sum, 1), place: place + 1 });
    paintEvidence(this.#find(".places"), evidence);
    this.#cells.forEach((cell, i) => write(cell, "why.sum", { sum: signed(sums[i], 1) }));
    write(this.#find(".versus"), "why.versus", { a });
    for (const option of this.#others.options) set(option, "disabled", option.value === a);
    set(this.#others, "value", b);
    say(".pro", a, best, sums[best]);
    if (sums[worst] < -REASON) say(".contra", b, worst, -sums[worst]);
    else write(this.#find(".contra"));
    write(this.#find(".close-call"), Math.abs(gap) < CLOSE ? "why.close" : "");
    const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    write(this.#find(".exactly"), "why.exactly", { a, b, gap: [gap, tenths] });
  }
}
