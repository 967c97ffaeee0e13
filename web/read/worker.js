// Reads drawings beside the page: loads the weights, then answers each question about a drawing.

import { Taught } from "../teach/taught.js";
import { DigitCNN, ranked } from "./digit.js";
import { fitted } from "./small.js";

let net = null;
const taught = new Taught();

async function load(base) {
  try {
    net = await DigitCNN.fromPretrained(base);
    postMessage({ ready: base, dense: net.dense });
  } catch (error) {
    postMessage({ failed: error.message, name: error.name });
  }
}

// Only the newest question of each board counts. After an answer, the worker sends itself a message, which
// arrives after all questions that have come meanwhile, and only then begins the next answer. While the pen
// moves, the worker rests half of the time, so that the page stays quick.

// The name of each board -> its newest question.
const waiting = new Map();
const turn = new MessageChannel();
let timer = null;
// The time until which the worker rests.
let rested = 0;
let isBusy = false;

function begin() {
  const rest = rested - performance.now();
  const questions = [...waiting.values()];
  clearTimeout(timer);
  if (isBusy || !questions.length) return;
  if (rest > 0 && questions.every(({ moving }) => moving)) timer = setTimeout(begin, rest);
  else turn.port2.postMessage(null);
}

turn.port1.onmessage = async () => {
  const [next] = waiting.values();
  const began = performance.now();
  if (!next || isBusy) return;
  isBusy = true;
  waiting.delete(next.board);
  const said = await answer(next);
  postMessage(said, said.layers?.map(({ data }) => data.buffer) ?? []);
  rested = 2 * performance.now() - began;
  isBusy = false;
  begin();
};

// The last layer's averages for a picture.
async function averages(picture) {
  net.predict(await net.preprocess(picture));
  return net.activations().find(({ name }) => name === "average").data;
}

async function answer({ board: name, revision, strokes, picture, pictures, inside }) {
  const found = { board: name, revision };
  try {
    if (pictures) return { ...found, averages: await Promise.all(pictures.map(averages)) };
    const pixels = await net.preprocess(strokes ? fitted(strokes).strokes : picture);
    const mine = await taught.by(net);
    const { probabilities, margin, digit, lesson: place, own } = mine.predict(pixels);
    const lesson = taught.idOf(place);
    if (inside) found.layers = mine.activations();
    // The network's answer without the lessons.
    const alone = { digit: own.digit, confidences: ranked(own.probabilities, 10) };
    return { ...found, pixels, margin, digit, lesson, alone, confidences: ranked(probabilities, 10) };
  } catch (error) {
    return { ...found, error: error.name };
  }
}

addEventListener("message", ({ data }) => {
  if (data.load) return load(data.load);
  if (data.lessons) return taught.set(data.lessons);
  waiting.set(data.board, data);
  begin();
});
