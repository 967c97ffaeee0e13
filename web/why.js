// Why this digit and not that one: where, of the 28x28, the evidence for the answer against another digit was added up.
//
// Exact: the network averages the last maps over places and weighs the averages, both of which are linear, so the difference of two
// logits is a difference of biases plus a sum over the 7x7 places before the averages. A place sees most of the picture: what is
// shown is where evidence was added up, not which pixels mattered.

import { reading } from "./answer.js";

const PLACES = 7;                       // a side
const THIRDS = [0, 0, 0, 1, 2, 2, 2];  // of the digit, which has the middle 20 of the 28 pixels: to which a row or a column belongs
const SMALL = 0.05;                     // sums below it are not written over the picture
const FOR = [255, 140, 60], AGAINST = [70, 160, 255];  // colours of what spoke for the answer, and for the other digit
const REGIONS = [
  "the upper left", "the upper middle", "the upper right", "the middle left", "the middle", "the middle right",
  "the lower left", "the lower middle", "the lower right",
];
const WORDS = {
  empty: "Draw a digit, and here stands what spoke for it.",
  none: "No digit is named, so there is nothing to weigh.",
  pro: (a, b, sum, where) => `${a} and not ${b}: ${sum} from ${where}.`,
  contra: (b, sum, where) => `For ${b}: ${sum} from ${where}.`,
  exactly: (sum, bias, gap) =>
    `Where the evidence was added up: ${sum} over 49 places, ${bias} of bias; together ${gap}, exactly the gap of the two logits.`,
  others: "Tap a bar to compare.",
  compare: (digit) => `Weigh against ${digit}`,
};

const signed = (digits) => new Intl.NumberFormat("en", { signDisplay: "exceptZero", minimumFractionDigits: digits, maximumFractionDigits: digits });
const tenths = signed(1), hundredths = signed(2);

// Nine sums over the thirds of the picture, row by row.
function regions(places) {
  const sums = new Float64Array(9);
  places.forEach((value, i) => { sums[3 * THIRDS[Math.floor(i / PLACES)] + THIRDS[i % PLACES]] += value; });
  return sums;
}

// Evidence as colours, on a canvas of 7x7.
export function paintEvidence(canvas, { places }) {
  const context = canvas.getContext("2d"), image = context.createImageData(PLACES, PLACES);
  const most = Math.max(1e-6, ...places.map(Math.abs));
  places.forEach((value, i) => image.data.set([...(value > 0 ? FOR : AGAINST), 225 * Math.abs(value) / most], 4 * i));
  context.putImageData(image, 0, 0);
}

// The two buttons see and why in `root`, the answer; asked() when another digit is to be weighed, which is then `against`.
export function makeWhy(root, asked) {
  const find = (selector) => root.querySelector(selector);
  const canvas = find(".places"), numbers = find(".sums"), line = find(".reason"), exactly = find(".exactly");
  const see = find("#see"), button = find("#why"), cells = REGIONS.map(() => document.createElement("span"));
  const names = [...root.querySelectorAll(".bars button")];
  const why = { against: null, show };  // against: a label, or null for the digit that comes second
  let on = false;
  numbers.append(...cells);

  function turn(to, other) {
    on = to;
    root.classList.toggle("why", on);
    see.setAttribute("aria-pressed", !on);
    button.setAttribute("aria-pressed", on);
    if (document.activeElement === document.body || !document.activeElement.getClientRects().length) other.focus({ preventScroll: true });
    asked();
  }

  // Show the evidence of an answer; returns what there is to be said of it, "" unless it is wanted.
  function show(answer) {
    const { evidence, empty } = answer, { kind } = reading(answer), says = evidence && kind !== "none";
    if (empty) why.against = null;
    for (const part of [canvas, numbers]) part.hidden = !(on && says);
    names.forEach((name) => { name.disabled = !(on && says) || name.textContent === evidence.a; });
    if (!on) return "";
    exactly.textContent = "";
    if (!says) return (line.textContent = empty ? WORDS.empty : WORDS.none);
    paintEvidence(canvas, evidence);
    const { a, b, bias, sum, gap } = evidence, sums = regions(evidence.places);
    const best = sums.indexOf(Math.max(...sums)), worst = sums.indexOf(Math.min(...sums));
    cells.forEach((cell, i) => { cell.textContent = Math.abs(sums[i]) < SMALL ? "" : tenths.format(sums[i]); });
    const contra = sums[worst] < -SMALL ? ` ${WORDS.contra(b, tenths.format(-sums[worst]), REGIONS[worst])}` : "";
    line.textContent = WORDS.pro(a, b, tenths.format(sums[best]), REGIONS[best]) + contra;
    exactly.textContent = `${WORDS.exactly(...[sum, bias, gap].map(hundredths.format))} ${WORDS.others}`;
    canvas.setAttribute("aria-label", line.textContent);
    return line.textContent;
  }

  see.addEventListener("click", () => { turn(false, button); });
  button.addEventListener("click", () => { turn(true, see); });
  names.forEach((name) => {
    name.setAttribute("aria-label", WORDS.compare(name.textContent));
    name.addEventListener("click", () => {
      why.against = name.textContent;
      asked();
    });
  });
  return why;
}
