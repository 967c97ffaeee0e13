// Why this digit and not that one: where, of the 28x28, the evidence for the answer against another digit was added up.
//
// Exact: the network averages the last maps over places and weighs the averages, both of which are linear, so the difference of two
// logits is a difference of biases plus a sum over the 7x7 places before the averages. A place sees most of the picture: what is
// shown is where evidence was added up, not which pixels mattered.

import { reading } from "./answer.js";
import { make, set } from "./dom.js";
import { engine } from "./engine.js";
import { label, write } from "./words.js";

export const PLACES = 7; // a side, before the averages
const THIRDS = [0, 0, 0, 1, 2, 2, 2]; // of the digit, which has the middle 20 of the 28 pixels: to which a row or a column belongs
const CLOSE = 1; // logits between two digits, below which they nearly balance
const SMALL = 0.05; // a sum below it is no reason
export const FOR = [255, 140, 60];
const AGAINST = [70, 160, 255]; // colours of what spoke for the answer, and for the other digit
const signed = (value, digits) => [
  value,
  { signDisplay: "exceptZero", minimumFractionDigits: digits, maximumFractionDigits: digits },
];

// Why digit `a` and not `b`: their logits differ by `bias` plus `sum`, that of the `places`. From what the engine gives: the network's
// layers, and the weights of its last one.
export function weigh(layers, dense, a, b) {
  const of = (name) => layers.find((layer) => layer.name === name);
  const { data, channels, width: side } = of("conv5"),
    { width: n } = of("average"),
    { data: logits } = of("logits");
  const places = new Float64Array(side * side),
    count = channels * n * n;
  const spans = Array.from({ length: n }, (_, i) => [
    Math.floor((i * side) / n),
    Math.ceil(((i + 1) * side) / n),
  ]); // of the averages
  for (let k = 0; k < count; k += 1) {
    const [top, bottom] = spans[Math.floor(k / n) % n],
      [left, right] = spans[k % n];
    const share =
      (dense.weight[a * count + k] - dense.weight[b * count + k]) / ((bottom - top) * (right - left));
    const map = Math.floor(k / (n * n)) * side * side;
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) places[y * side + x] += share * data[map + y * side + x];
  }
  return {
    a,
    b,
    places,
    sum: places.reduce((p, q) => p + q),
    bias: dense.bias[a] - dense.bias[b],
    gap: logits[a] - logits[b],
  };
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
  const context = canvas.getContext("2d"),
    image = context.createImageData(PLACES, PLACES);
  const most = Math.max(1e-6, ...places.map(Math.abs));
  places.forEach((value, i) =>
    image.data.set([...(value > 0 ? FOR : AGAINST), (225 * Math.abs(value)) / most], 4 * i),
  );
  context.putImageData(image, 0, 0);
}

// The two buttons see and why in `root`, the answer; asked() when an answer with the network's layers is wanted.
export function makeWhy(root, asked) {
  const find = (selector) => root.querySelector(selector);
  const canvas = find(".places"),
    numbers = find(".sums"),
    see = find("#see"),
    button = find("#why");
  const versus = find(".versus"),
    pro = find(".pro"),
    contra = find(".contra"),
    close = find(".close-call"),
    exactly = find(".sum"),
    others = find(".others");
  const cells = Array.from({ length: 9 }, () => make("span"));
  const names = [...root.querySelectorAll(".bars button")];
  let on = false,
    against = null; // against: a digit, or null for the one that comes second
  numbers.append(...cells);
  root.style.setProperty("--for", `rgb(${FOR})`); // of the squares beside the sentences
  root.style.setProperty("--against", `rgb(${AGAINST})`);

  function turn(to, other) {
    on = to;
    root.classList.toggle("why", on);
    see.setAttribute("aria-pressed", !on);
    button.setAttribute("aria-pressed", on);
    if (document.activeElement === document.body || !document.activeElement.getClientRects().length)
      other.focus({ preventScroll: true });
    asked();
  }

  // Show why, if that is wanted; returns the evidence, or null where no digit is named.
  function show(answer) {
    const { layers, confidences, empty } = answer,
      isNamed = Boolean(layers) && reading(answer).kind !== "none";
    if (empty) against = null;
    let evidence = null;
    if (isNamed) {
      const [first, second] = confidences.map(({ label }) => label);
      evidence = weigh(layers, engine.dense, first, against && against !== first ? against : second);
    }
    const shown = Boolean(on && evidence);
    for (const part of [canvas, numbers]) set(part, "hidden", !shown);
    for (const name of names) set(name, "disabled", !shown || name.textContent === evidence.a);
    if (on) explain(evidence, empty);
    return evidence;
  }

  function explain(evidence, empty) {
    if (!evidence) {
      write(pro, empty ? "why.empty" : "why.none");
      return [versus, contra, close, exactly, others].forEach((part) => write(part));
    }
    paintEvidence(canvas, evidence);
    const { a, b, sum, gap } = evidence,
      sums = regions(evidence.places);
    const best = sums.indexOf(Math.max(...sums)),
      worst = sums.indexOf(Math.min(...sums));
    cells.forEach((cell, i) => write(cell, "why.sum", { sum: signed(sums[i], 1) }));
    write(versus, "why.versus", { a, b });
    write(pro, "why.for", { digit: a, sum: signed(sums[best], 1), place: best + 1 });
    if (sums[worst] < -SMALL)
      write(contra, "why.for", { digit: b, sum: signed(-sums[worst], 1), place: worst + 1 });
    else write(contra);
    write(close, Math.abs(gap) < CLOSE ? "why.close" : "");
    const [all, ahead] = [sum, gap].map((value) => Math.round(100 * value) / 100); // so that the figures shown add up, too
    write(exactly, "why.exactly", {
      a,
      b,
      sum: signed(all, 2),
      bias: signed(ahead - all, 2),
      gap: signed(ahead, 2),
    });
    write(others, "why.others");
  }

  see.addEventListener("click", () => turn(false, button));
  button.addEventListener("click", () => turn(true, see));
  for (const name of names) {
    label(name, "why.compare", { digit: name.textContent });
    name.addEventListener("click", () => {
      against = name.textContent;
      asked();
    });
  }
  return { show, isOn: () => on };
}
