// Reads drawings beside the page: loads the weights, then answers each question with what the network says of it.

import { Board, DigitCNN, parseStrokes, ranked, reduce } from "./digit.js";

let net = null;
const boards = new Map();  // name -> its Board, which draws only what came since the last question

async function load(bases) {
  let failed = "";
  for (const base of bases) {
    try {
      net = await DigitCNN.fromPretrained(base);
      return postMessage({ ready: base });
    } catch (error) {
      failed ||= error.message;
    }
  }
  postMessage({ failed });
}

async function answer({ board: name, revision, strokes, picture, reduce: reduced, inside, against }) {
  const found = { board: name, revision };
  try {
    let image = picture;
    if (strokes) {
      if (!boards.has(name)) boards.set(name, new Board());
      image = boards.get(name);
      image.draw(parseStrokes(strokes));
      if (reduced) found.reduced = reduce(image.data);
    }
    const pixels = await net.preprocess(image);
    const { probabilities, logits, margin, digit } = net.predict(pixels), confidences = ranked(probabilities, 10);
    if (inside) found.layers = await net.activations();
    const [a, second] = confidences.map(({ label }) => label), b = against && against !== a ? against : second;
    found.evidence = { a, b, gap: logits[a] - logits[b], ...net.evidence(a, b) };
    return { ...found, pixels, margin, digit, confidences };
  } catch (error) {
    return { ...found, error: error.message };
  }
}

onmessage = async ({ data }) => {
  if (data.load) await load(data.load);
  else postMessage(await answer(data));
};
