// Why this digit and not that one: where in the 28x28 the network found its evidence for the answer, against
// the second digit.
//
// This is exact. The network averages its last maps over places and weighs the averages, and both steps are
// linear. So the difference of two logits is a difference of biases plus a sum over the 7x7 places of the
// last maps. A place sees most of the picture: the colours show where evidence was added up, not which pixels
// mattered.

import { set } from "../dom.js";
import { engine } from "../read/engine.js";
import { rounded, write } from "../words.js";
import { reading } from "./answer.js";

// The side of the last maps.
const PLACES = 7;
// The colours of evidence for the answer, and of evidence for the other digit.
const FOR = [255, 140, 60];
const AGAINST = [70, 160, 255];

// Why digit `a` and not `b`: their logits differ by `gap`, which is `bias` plus `sum`, the sum of `places`.
// `layers` are the network's, and `dense` has the weights of the last layer.
export function weigh(layers, dense, a, b) {
  const of = (name) => layers.find((layer) => layer.name === name);
  const { data, channels, width: side } = of("conv5");
  const { width: n } = of("average");
  const { data: logits } = of("logits");
  const places = new Float64Array(side * side);
  const count = channels * n * n;
  // The rows and columns that each average spans.
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
  return { places, sum, bias: dense.bias[a] - dense.bias[b], gap: logits[a] - logits[b] };
}

// Paint evidence as colours on a canvas of 7x7.
function paint(canvas, places) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(PLACES, PLACES);
  const most = Math.max(1e-6, ...places.map(Math.abs));
  places.forEach((value, i) => {
    image.data.set([...(value > 0 ? FOR : AGAINST), (225 * Math.abs(value)) / most], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

// Mount this part: the button Why in the answer, and what it shows.
export function mount(page, sketchpad) {
  const root = page.querySelector("#prediction");
  const places = root.querySelector(".places");
  const reason = root.querySelector(".reason");
  let isOn = false;

  root.querySelector("#why").addEventListener("click", ({ currentTarget }) => {
    isOn = !isOn;
    root.classList.toggle("why", isOn);
    currentTarget.setAttribute("aria-pressed", isOn);
    sketchpad.reading.ask();
  });

  sketchpad.watch({
    wantsLayers: () => isOn,
    painted(answer) {
      const { layers, alone, empty, lesson, digit } = answer;
      // Where a lesson decides, the network by itself may name another digit, or none.
      const isNamed = layers && reading({ ...answer, ...alone, lesson: null }).kind !== "none";
      set(places, "hidden", !isOn || !isNamed);
      // A screen reader reads the reason as part of the button.
      if (!isOn) return write(reason);
      if (isNamed) {
        const [a, b] = alone.confidences.map((each) => each.label);
        const { places: evidence, gap } = weigh(layers, engine.dense, a, b);
        paint(places, evidence);
        write(reason, "why.exactly", { a, b, gap: rounded(gap, 1) });
      } else write(reason, empty ? "why.empty" : "why.none");
      if (lesson) write(reason, "why.taught", { digit });
    },
  });
}
