// Inside: the maps of each layer, painted again with each answer.
//
// A layer is one canvas with its maps side by side. Pointing at a map, tapping it, or moving to it with the
// arrow keys shows it large with one sentence. One of its pixels is marked (the one pointed at, else the
// strongest), and the patch of the picture that this pixel sees is beside it.

import { make, set } from "../dom.js";
import { label, rounded, write } from "../words.js";
import { FOR, PLACES, paintEvidence, Why } from "./why.js";

// The layers that are shown: maps in a row, pixels of the 28x28 that one of their pixels sees, and the
// distance between the views of two neighbours. A 3x3 convolution adds two of its own pixels to a view;
// pooling adds one and doubles the distance.
const LAYERS = [
  { name: "input", across: 1, sees: 1, step: 1 },
  { name: "conv2", across: 4, sees: 5, step: 1 },
  { name: "conv4", across: 8, sees: 14, step: 2 },
  { name: "conv5", across: 10, sees: 24, step: 4 },
  { name: "evidence", across: 1, sees: 24, step: 4 },
  { name: "logits", across: 10, sees: 28, step: 0 },
];
const INPUT = 28; // pixels of the picture's side
const GAP = 1; // pixels between two maps
const WIDE = 20; // pixels of a logit's column
const HIGH = 100;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GREY = Uint32Array.from({ length: 256 }, (_, value) => (0xff << 24) | (value * 0x010101));

// Paint a layer's maps side by side; each is as bright as its own strongest pixel allows.
function paintMaps(canvas, { data, channels, width: side }, across) {
  const width = across * (side + GAP) - GAP;
  const height = Math.ceil(channels / across) * (side + GAP) - GAP;
  if (canvas.width !== width) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let map = 0, i = 0; map < channels; map += 1) {
    const corner = (side + GAP) * (Math.floor(map / across) * width + (map % across));
    const peak = Math.max(1e-6, ...data.subarray(i, i + side * side));
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1, i += 1)
        pixels[corner + y * width + x] = GREY[Math.max(0, Math.round((255 * data[i]) / peak))];
    }
  }
  context.putImageData(image, 0, 0);
}

// Paint ten columns, up or down from a line, with their digits below.
function paintLogits(canvas, { data }) {
  const paint = canvas.getContext("2d");
  const most = Math.max(...data.map(Math.abs), 1);
  const best = data.indexOf(Math.max(...data));
  const middle = 0.55 * HIGH;
  paint.fillStyle = "#000";
  paint.fillRect(0, 0, canvas.width, HIGH);
  paint.font = "600 13px system-ui, sans-serif";
  paint.textAlign = "center";
  data.forEach((value, digit) => {
    paint.fillStyle = digit === best ? `rgb(${FOR})` : "#c8c8c8";
    const length = (value / most) * 0.5 * HIGH * (value < 0 ? 0.5 : 1);
    const top = middle - Math.max(length, 0);
    paint.fillRect(digit * WIDE + 4, top, WIDE - 8, Math.max(1, Math.abs(length)));
    paint.fillText(digit, (digit + 0.5) * WIDE, HIGH - 4);
  });
}

// Copy a square of one canvas to another.
function cut(canvas, from, x, y, side) {
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(from, -x, -y);
}

function strongest({ data, width }, map) {
  const values = data.subarray(map * width * width, (map + 1) * width * width).map(Math.abs);
  return values.indexOf(Math.max(...values));
}

// The name of a map or logit, as write() takes it.
function whichOf(maps, isMap, map) {
  if (maps && !isMap) return ["inside.logit", { digit: String(map), logit: rounded(maps.data[map], 1) }];
  return maps?.channels > 1 ? ["inside.map", { map: map + 1, maps: maps.channels }] : [];
}

// The strip of layers in `root`, a <details>; `patch` is laid over the preview where a map's pixel looks.
class Inside {
  #root;
  #patch;
  // By the name of each layer: its maps, and its canvas.
  #layers = new Map();
  #canvases = new Map();
  #evidence = null;
  // What is shown large: {layer, map, pixel}. A pixel of null stands for the strongest.
  #chosen = null;

  constructor(root, patch) {
    this.#root = root;
    this.#patch = patch;
    for (const layer of LAYERS) this.#add(layer);
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #add(layer) {
    const canvas = make("canvas", { className: layer.name, tabIndex: 0 });
    const title = make("figcaption");
    if (layer.name === "evidence") canvas.width = canvas.height = PLACES;
    if (layer.name === "logits") Object.assign(canvas, { width: 10 * WIDE, height: HIGH });
    canvas.setAttribute("role", "img");
    label(canvas, `inside.${layer.name}`);
    write(title, `inside.${layer.name}`);
    this.#find(".strip").append(make("figure", {}, canvas, title));
    this.#canvases.set(layer.name, canvas);
    const point = (event) => this.#point(layer, canvas, event);
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("pointerleave", (event) => {
      // A finger that is lifted leaves the map that it tapped.
      if (event.pointerType === "mouse" && document.activeElement !== canvas) this.#choose(null);
    });
    canvas.addEventListener("focus", () => {
      if (this.#chosen?.layer !== layer) this.#choose(layer);
    });
    canvas.addEventListener("blur", () => {
      if (this.#chosen?.layer === layer) this.#choose(null);
    });
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || !this.#chosen) return;
      event.preventDefault();
      this.#choose(layer, this.#chosen.map + way[0] + way[1] * layer.across);
    });
  }

  // Choose the pixel under a pointer.
  #point(layer, canvas, { clientX, clientY }) {
    const box = canvas.getBoundingClientRect();
    const maps = this.#layers.get(layer.name);
    if (!maps) return;
    const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    if (layer.name === "logits") return this.#choose(layer, Math.floor(10 * x));
    const side = maps.width + GAP;
    const column = Math.floor(x * canvas.width);
    const row = Math.floor(y * canvas.height);
    const [left, top] = [column % side, row % side].map((place) => Math.min(place, maps.width - 1));
    const map = Math.floor(row / side) * layer.across + Math.floor(column / side);
    this.#choose(layer, map, top * maps.width + left);
  }

  #choose(layer, map = 0, pixel = null) {
    const count = this.#layers.get(layer?.name)?.channels ?? 1;
    if (!layer) this.#chosen = null;
    else if (map >= 0 && map < count) this.#chosen = { layer, map, pixel };
    this.#showChosen();
  }

  #showChosen() {
    const { layer, map } = this.#chosen ?? {};
    const maps = this.#layers.get(layer?.name);
    const isMap = maps && layer.name !== "logits";
    const sentence = maps ? `inside.${layer.name}.says` : this.#layers.size ? "inside.point" : "";
    this.#root.classList.toggle("chosen", Boolean(isMap));
    set(this.#patch, "hidden", !isMap || layer.sees === 1);
    write(this.#find(".lens-sentence"), sentence, this.#evidence ?? {});
    write(this.#find(".lens-which"), ...whichOf(maps, isMap, map));
    const seen = isMap && layer.sees > 1 ? ["inside.patch", { side: layer.sees }] : [];
    write(this.#find(".lens-patch"), ...seen);
    if (isMap) this.#enlarge(maps);
  }

  // Show the chosen map large, its pixel, and what that pixel sees.
  #enlarge(maps) {
    const { layer, map, pixel } = this.#chosen;
    const { name, across, sees, step } = layer;
    const side = maps.width;
    const at = pixel ?? strongest(maps, map);
    const [column, row] = [at % side, Math.floor(at / side)];
    const [x, y] = [column, row].map((place) => place * step + (step - sees) / 2);
    const [left, top] = [map % across, Math.floor(map / across)].map((place) => place * (side + GAP));
    cut(this.#find(".lens"), this.#canvases.get(name), left, top, side);
    cut(this.#find(".lens-view"), this.#canvases.get("input"), x, y, sees);
    const share = (part) => `${(100 * part) / side}%`;
    const spot = { left: share(column), top: share(row), width: share(1), height: share(1) };
    Object.assign(this.#find(".spot").style, spot);
    const edges = [y, INPUT - x - sees, INPUT - y - sees, x];
    this.#patch.style.inset = edges.map((edge) => `${(100 * Math.max(0, edge)) / INPUT}%`).join(" ");
  }

  // Show the engine's layers, and the evidence of Why, if any.
  show(layers, evidence) {
    this.#evidence = evidence;
    for (const layer of layers) this.#layers.set(layer.name, layer);
    if (evidence) this.#layers.set("evidence", { channels: 1, width: PLACES, data: evidence.places });
    else this.#layers.delete("evidence");
    for (const { name, across } of LAYERS) {
      const canvas = this.#canvases.get(name);
      if (name === "logits") paintLogits(canvas, this.#layers.get(name));
      else if (name !== "evidence") paintMaps(canvas, this.#layers.get(name), across);
      else if (evidence) paintEvidence(canvas, evidence);
      else this.#wipe(canvas);
    }
    this.#showChosen();
  }

  clear() {
    this.#evidence = null;
    this.#layers.clear();
    this.#canvases.forEach(this.#wipe);
    this.#showChosen();
  }

  #wipe(canvas) {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }
}

// Mount this part and Why, which share the network's layers. They follow the sketchpad from now on.
export function mount(page, sketchpad) {
  const ask = () => sketchpad.reading.ask();
  const root = page.querySelector(".inside");
  const inside = new Inside(root, page.querySelector(".patch"));
  const why = new Why(sketchpad.prediction, ask);
  root.addEventListener("toggle", ask);
  sketchpad.watch({
    wantsLayers: () => root.open || why.isOn,
    painted(answer) {
      const evidence = why.show(answer);
      if (answer.empty) inside.clear();
      else if (answer.layers && root.open) inside.show(answer.layers, evidence);
    },
  });
}
