// The answer beside the board: the digit, a sentence, ten bars, and what the network sees.

import { showPixels } from "./board.js";
import { make, set } from "./dom.js";
import { share, write } from "./words.js";

const LIKELY = 0.9; // below it the sentence says "Probably" and names the second digit, too,
const EVEN = 0.6; // and below this "Perhaps"
const TORN = 0.6; // of two digits together, from which an unsure network is torn between them; else it sees none
const QUIET = 500; // milliseconds after the pen is up before the sentence is spoken

// A probability, as write() takes it.
const percent = (value) => {
  if (value > 0.999) return ["share.over", { share: share(0.999) }];
  return value < 0.001 ? ["share.under", { share: share(0.001) }] : ["share", { share: share(value) }];
};

// What is said of an answer, as write() takes it, and whether it names a digit: "digit", "torn" between two, or "none".
export function reading({ empty, error, apart, digit, confidences }) {
  const problem = error ?? (empty ? "reading.empty" : apart ? "reading.apart" : null);
  if (problem) return { kind: "none", sentence: [problem] };
  const [first, second] = confidences,
    both = { digit: first.label, other: second.label };
  const sure =
    first.confidence < EVEN
      ? "reading.perhaps"
      : first.confidence < LIKELY
        ? "reading.probably"
        : "reading.sure";
  if (digit) return { kind: "digit", sentence: [sure, both] };
  if (first.confidence + second.confidence < TORN) return { kind: "none", sentence: ["reading.none"] };
  return { kind: "torn", sentence: ["reading.torn", both] };
}

// Ten permanent rows, 0 to 9: {row, fill, value} each.
function makeBars(list) {
  return [..."0123456789"].map((digit) => {
    const button = make("button", { type: "button", textContent: digit, disabled: true }); // why.js knows what for
    const fill = make("i"),
      value = make("span", { className: "value" });
    const row = make("li", {}, make("b", {}, button), make("span", { className: "track" }, fill), value);
    list.append(row);
    return { row, fill, value };
  });
}

// show(answer, notice, resting): an answer of the engine, or {revision, empty: true}; a notice, as write() takes it, is said in place of
// the answer's sentence; what is said of a drawing is spoken, too, once it is `resting`. paint(answer, count): the bars, of which the
// `count` most probable are marked, and the picture.
export function makeAnswer(root) {
  const find = (selector) => root.querySelector(selector);
  const preview = find("#preview canvas"),
    digit = find(".digit"),
    line = find(".sentence"),
    spoken = find(".spoken"),
    bars = makeBars(find(".bars"));
  let timer = null;

  function say(sentence, resting) {
    write(line, ...sentence);
    clearTimeout(timer);
    if (resting) timer = setTimeout(() => write(spoken, ...sentence), QUIET);
  }

  function show(answer, notice, resting) {
    const { revision, confidences = [] } = answer,
      { kind, sentence } = reading(answer);
    root.classList.toggle("resting", resting);
    set(digit, "textContent", kind === "digit" ? answer.digit : "?");
    say(notice || sentence, resting);
    const said = {
      digit: kind === "digit" ? answer.digit : "",
      confidence: confidences.length ? confidences[0].confidence.toFixed(4) : "",
      reading: confidences.length ? kind : "empty",
      revision: String(revision),
    };
    for (const name in said) set(root.dataset, name, said[name]);
  }

  function paint(answer, count) {
    const { confidences = [], pixels } = answer,
      { kind } = reading(answer);
    const ranks = new Map(confidences.map(({ label }, rank) => [Number(label), rank]));
    bars.forEach(({ row, fill, value }, label) => {
      const rank = ranks.get(label) ?? Infinity,
        { confidence } = confidences[rank] ?? { confidence: 0 };
      set(fill.style, "transform", `scaleX(${confidence.toFixed(4)})`);
      write(value, ...(rank < count && kind !== "none" ? percent(confidence) : []));
      row.classList.toggle("top", rank < count);
      row.classList.toggle("best", rank === 0);
    });
    showPixels(preview, pixels);
  }
  return { show, paint };
}
