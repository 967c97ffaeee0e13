// Reads drawings beside the page: loads the weights, then answers each question with what the network says of it.

import { Board, DigitCNN, parseStrokes, ranked } from "./digit.js";

let net = null;
const boards = new Map();  // name -> its Board, which draws only what came since the last question

async function load(base) {
  try {
    net = await DigitCNN.fromPretrained(base);
    postMessage({ ready: base, dense: net.dense });
  } catch (error) {
    postMessage({ failed: error.message });
  }
}

// Of one board only the newest question counts. An answer is begun by a message to itself, which arrives behind all questions
// that came meanwhile.
const waiting = new Map();  // name of a board -> its newest question
const turn = new MessageChannel();
turn.port1.onmessage = async () => {
  const [next] = waiting.values();
  if (!next) return;
  waiting.delete(next.board);
  postMessage(await answer(next));
  if (waiting.size) turn.port2.postMessage(null);
};

async function answer({ board: name, revision, strokes, picture, reduce: reduced, inside }) {
  const found = { board: name, revision };
  try {
    let image = picture;
    if (strokes) {
      if (!boards.has(name)) boards.set(name, new Board());
      image = boards.get(name);
      image.draw(parseStrokes(strokes));
      if (reduced) found.reduced = (await import("./reduce.js")).reduce(image.data);
    }
    const pixels = await net.preprocess(image);
    const { probabilities, margin, digit } = net.predict(pixels);
    if (inside) found.layers = await net.activations();
    return { ...found, pixels, margin, digit, confidences: ranked(probabilities, 10) };
  } catch (error) {
    return { ...found, error: error.message };
  }
}

onmessage = ({ data }) => {
  if (data.load) return load(data.load);
  if (!waiting.size) turn.port2.postMessage(null);
  waiting.set(data.board, data);
};
