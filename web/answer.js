// The answer beside the board: the digit, a sentence, the bars, and what the network sees.

import { showPixels } from "./board.js";
import { named } from "./words.js";

const LIKELY = 0.8;  // below it the sentence says "Probably"

const percent = (value) => (value > 0.999 ? "> 99.9 %" : value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(1)} %`);

function sentenceOf({ empty, error, digit, confidences }) {
  if (error) return error;
  if (empty) return "Draw a digit, 0 to 9.";
  if (digit) return `${confidences[0].confidence < LIKELY ? "Probably" : "This is"} ${named(digit)}.`;
  return `Not sure: ${named(confidences[0].label)}, or ${named(confidences[1].label)}?`;
}

function bar({ label, confidence }) {
  const row = document.createElement("li"), track = document.createElement("span"), fill = document.createElement("i");
  const name = document.createElement("b"), value = document.createElement("span");
  [name.textContent, value.textContent] = [label, percent(confidence)];
  track.className = "track"; value.className = "value";
  fill.style.width = `${100 * confidence}%`;
  track.append(fill);
  row.append(name, track, value);
  return row;
}

// show(answer, rows, notice): an answer of the engine, or {revision, empty: true}; a notice is said in place of its sentence.
export function makeAnswer(root) {
  const find = (selector) => root.querySelector(selector);
  const preview = find("#preview canvas"), bars = find(".bars"), line = find(".sentence");

  function show(answer, rows, notice = "") {
    const { revision, digit, confidences = [], pixels } = answer;
    root.dataset.digit = digit ?? "";
    root.dataset.confidence = confidences.length ? confidences[0].confidence.toFixed(4) : "";
    root.dataset.revision = revision;
    root.classList.toggle("blank", !confidences.length);
    find(".digit").textContent = digit ?? "?";
    const sentence = notice || sentenceOf(answer);
    if (line.textContent !== sentence) line.textContent = sentence;  // else a screen reader says it again
    bars.style.setProperty("--rows", rows);  // so that the page does not move when the first stroke is answered
    bars.replaceChildren(...confidences.slice(0, rows).map(bar));
    showPixels(preview, pixels);
  }
  return { show };
}
