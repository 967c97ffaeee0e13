// The answer beside the board: the digit, a sentence, ten bars, and what the network sees.

import { showPixels } from "./board.js";
import { share, write } from "./words.js";

const LIKELY = 0.8;      // below it the sentence says "Probably",
const EVEN = 0.5;        // and below this it names the second digit, too
const TORN = 0.6;        // of two digits together, from which an unsure network is torn between them; else it sees none
const QUIET = 500;       // milliseconds after the pen is up before the sentence is spoken

// A probability, as write() takes it.
const percent = (value) => {
  if (value > 0.999) return ["share.over", { share: share(0.999) }];
  return value < 0.001 ? ["share.under", { share: share(0.001) }] : ["share", { share: share(value) }];
};

// What is said of an answer, as write() takes it, and whether it names a digit: "digit", "torn" between two, or "none".
function reading({ empty, error, apart, digit, confidences }) {
  if (error) return { kind: "none", sentence: [error] };
  if (empty) return { kind: "none", sentence: ["reading.empty"] };
  if (apart) return { kind: "none", sentence: ["reading.apart"] };
  const [first, second] = confidences, both = { digit: first.label, other: second.label };
  if (digit && first.confidence < EVEN) return { kind: "digit", sentence: ["reading.perhaps", both] };
  if (digit) return { kind: "digit", sentence: [first.confidence < LIKELY ? "reading.probably" : "reading.sure", { digit }] };
  if (first.confidence + second.confidence < TORN) return { kind: "none", sentence: ["reading.none"] };
  return { kind: "torn", sentence: ["reading.torn", both] };
}

// Ten permanent rows, 0 to 9: {row, fill, value} each.
function makeBars(list) {
  return [..."0123456789"].map((digit) => {
    const row = document.createElement("li"), track = document.createElement("span"), fill = document.createElement("i");
    const name = document.createElement("b"), value = document.createElement("span");
    name.textContent = digit;
    track.className = "track"; value.className = "value";
    track.append(fill);
    row.append(name, track, value);
    list.append(row);
    return { row, fill, value };
  });
}

// show(answer, count, notice, resting): an answer of the engine, or {revision, empty: true}; the `count` most probable digits are
// marked; a notice, as write() takes it, is said in place of the answer's sentence; what is said of a drawing is spoken, too, once it is `resting`.
export function makeAnswer(root) {
  const find = (selector) => root.querySelector(selector);
  const preview = find("#preview canvas"), line = find(".sentence"), spoken = find(".spoken"), bars = makeBars(find(".bars"));
  let timer = null;

  function say(sentence, resting) {
    write(line, ...sentence);
    clearTimeout(timer);
    if (resting) timer = setTimeout(() => write(spoken, ...sentence), QUIET);
  }

  function show(answer, count, notice, resting) {
    const { revision, confidences = [], pixels } = answer;
    const { kind, sentence } = reading(answer);
    root.classList.toggle("resting", resting);
    root.dataset.digit = kind === "digit" ? answer.digit : "";
    root.dataset.confidence = confidences.length ? confidences[0].confidence.toFixed(4) : "";
    root.dataset.revision = revision;
    root.dataset.reading = confidences.length ? kind : "empty";
    find(".digit").textContent = kind === "digit" ? answer.digit : "?";
    say(notice || sentence, resting);
    bars.forEach(({ row }) => row.classList.remove("top", "best"));
    bars.forEach(({ fill, value }) => { fill.style.transform = "scaleX(0)"; write(value); });
    confidences.forEach(({ label, confidence }, rank) => {
      const { row, fill, value } = bars[label];
      fill.style.transform = `scaleX(${confidence})`;
      if (rank >= count) return;
      write(value, ...(kind === "none" ? [] : percent(confidence)));
      row.classList.add("top");
      row.classList.toggle("best", rank === 0);
    });
    showPixels(preview, pixels);
  }
  return { show };
}
