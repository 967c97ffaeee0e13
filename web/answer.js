// The answer beside the board: the digit, a sentence, ten bars, and what the network sees.

import { showPixels } from "./board.js";
import { named } from "./words.js";

const LIKELY = 0.8;      // below it the sentence says "Probably",
const EVEN = 0.5;        // and below this it names the second digit, too
const TORN = 0.6;        // of two digits together, from which an unsure network is torn between them; else it sees none
const QUIET = 500;       // milliseconds after the pen is up before the sentence is spoken

const percent = (value) => (value > 0.999 ? "> 99.9 %" : value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(1)} %`);

// Text that is written anew makes the browser lay out the page, too much for each answer.
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// What is said of an answer, and whether it names a digit: "digit", "torn" between two, or "none".
function reading({ empty, error, apart, digit, confidences }) {
  if (error) return { kind: "none", sentence: error };
  if (empty) return { kind: "none", sentence: "Draw a digit, 0 to 9." };
  if (apart) return { kind: "none", sentence: "One digit at a time, please." };
  const [first, second] = confidences;
  if (digit && first.confidence < EVEN) return { kind: "digit", sentence: `Perhaps ${named(digit)}, or ${named(second.label)}.` };
  if (digit) return { kind: "digit", sentence: `${first.confidence < LIKELY ? "Probably" : "This is"} ${named(digit)}.` };
  if (first.confidence + second.confidence < TORN) return { kind: "none", sentence: "That doesn't look like a digit to me." };
  return { kind: "torn", sentence: `Is it ${named(first.label)} or ${named(second.label)}?` };
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
// marked; a notice is said in place of the answer's sentence; what is said of a drawing is spoken, too, once it is `resting`.
export function makeAnswer(root) {
  const find = (selector) => root.querySelector(selector);
  const preview = find("#preview canvas"), digit = find(".digit"), line = find(".sentence"), spoken = find(".spoken"), bars = makeBars(find(".bars"));
  let timer = null;

  function say(sentence, resting) {
    write(line, sentence);
    clearTimeout(timer);
    if (resting && spoken.textContent !== sentence) timer = setTimeout(() => { spoken.textContent = sentence; }, QUIET);
  }

  function show(answer, count, notice, resting) {
    const { revision, confidences = [], pixels } = answer;
    const { kind, sentence } = reading(answer);
    root.classList.toggle("resting", resting);
    write(digit, kind === "digit" ? answer.digit : "?");
    say(notice || sentence, resting);
    const ranks = new Map(confidences.map(({ label }, rank) => [Number(label), rank]));
    bars.forEach(({ row, fill, value }, label) => {
      const rank = ranks.get(label) ?? Infinity, { confidence } = confidences[rank] ?? { confidence: 0 };
      fill.style.transform = `scaleX(${confidence.toFixed(4)})`;
      write(value, rank < count && kind !== "none" ? percent(confidence) : "");
      row.classList.toggle("top", rank < count);
      row.classList.toggle("best", rank === 0);
    });
    Object.assign(root.dataset, {
      digit: kind === "digit" ? answer.digit : "",
      confidence: confidences.length ? confidences[0].confidence.toFixed(4) : "",
      reading: confidences.length ? kind : "empty",
      revision,
    });
    showPixels(preview, pixels);
  }
  return { show };
}
