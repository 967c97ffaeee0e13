// Inside: the maps of each layer, painted again with each answer.
//
// A layer is one canvas with its maps side by side. The map that was last pointed at, tapped or reached with
// the arrow keys is shown large, with one sentence. One of its pixels is framed (the one pointed at, else the
// strongest), and beside the map is the picture, with a frame around what that pixel sees.

import { make } from "../dom.js";
import { label, write } from "../words.js";

// The layers that are shown: maps in a row, pixels of the 28x28 that one of their pixels sees, and the
// distance between the views of two neighbours. A 3x3 convolution adds two of its own pixels to a view;
// pooling adds one and doubles the distance.
const LAYERS = [
  { name: "conv2", across: 4, sees: 5, step: 1 },
  { name: "conv4", across: 8, sees: 14, step: 2 },
  { name: "conv5", across: 10, sees: 24, step: 4 },
];
const INPUT = 28; // pixels of the picture's side
const GAP = 1; // pixels between two maps
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

function strongest({ data, width }, map) {
  const values = data.subarray(map * width * width, (map + 1) * width * width);
  return values.indexOf(Math.max(...values));
}

// Put a frame around a square of a picture that is `whole` pixels wide.
function frame(element, left, top, side, whole) {
  const edges = [top, whole - left - side, whole - top - side, left];
  element.style.inset = edges.map((edge) => `${(100 * Math.max(0, edge)) / whole}%`).join(" ");
}

// The strip of layers in `root`, a <details>.
class Inside {
  #root;
  // By the name of each layer: its maps, and its canvas.
  #layers = new Map();
  #canvases = new Map();
  // What is shown large. A pixel of null stands for the strongest.
  #chosen = { layer: LAYERS[0], map: 0, pixel: null };

  constructor(root) {
    this.#root = root;
    for (const layer of LAYERS) this.#add(layer);
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #add(layer) {
    const canvas = make("canvas", { className: layer.name, tabIndex: 0, role: "img" });
    const title = make("figcaption");
    label(canvas, `inside.${layer.name}`);
    write(title, `inside.${layer.name}`);
    this.#find(".strip").append(make("figure", {}, canvas, title));
    this.#canvases.set(layer.name, canvas);
    const point = (event) => this.#point(layer, canvas, event);
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("focus", () => {
      if (this.#chosen.layer !== layer) this.#choose(layer);
    });
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way) return;
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
    const side = maps.width + GAP;
    const column = Math.floor(x * canvas.width);
    const row = Math.floor(y * canvas.height);
    const [left, top] = [column % side, row % side].map((place) => Math.min(place, maps.width - 1));
    const map = Math.floor(row / side) * layer.across + Math.floor(column / side);
    this.#choose(layer, map, top * maps.width + left);
  }

  #choose(layer, map = 0, pixel = null) {
    const count = this.#layers.get(layer.name)?.channels ?? 1;
    if (map >= 0 && map < count) this.#chosen = { layer, map, pixel };
    this.#showChosen();
  }

  // Show the chosen map large, one of its pixels, and what that pixel sees.
  #showChosen() {
    const { layer, map, pixel } = this.#chosen;
    const { name, across, sees, step } = layer;
    const maps = this.#layers.get(name);
    this.#find(".closer").hidden = !maps;
    if (!maps) return;
    const side = maps.width;
    const at = pixel ?? strongest(maps, map);
    const place = [at % side, Math.floor(at / side)];
    const corner = [map % across, Math.floor(map / across)].map((index) => index * (side + GAP));
    const lens = this.#find(".lens");
    lens.width = lens.height = side;
    lens.getContext("2d").drawImage(this.#canvases.get(name), -corner[0], -corner[1]);
    frame(this.#find(".spot"), ...place, 1, side);
    frame(this.#find(".patch"), ...place.map((index) => index * step + (step - sees) / 2), sees, INPUT);
    write(this.#find(".lens-which"), "inside.map", { map: map + 1, maps: maps.channels });
    write(this.#find(".lens-sentence"), `inside.${name}.says`);
    write(this.#find(".lens-patch"), "inside.patch", { side: sees });
  }

  // Show the engine's layers.
  show(layers) {
    for (const layer of layers) this.#layers.set(layer.name, layer);
    for (const { name, across } of LAYERS)
      paintMaps(this.#canvases.get(name), this.#layers.get(name), across);
    paintMaps(this.#find(".lens-input"), this.#layers.get("input"), 1);
    this.#showChosen();
  }

  clear() {
    this.#layers.clear();
    for (const canvas of this.#canvases.values())
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    this.#showChosen();
  }
}

// Mount this part: it follows the sketchpad from now on.
export function mount(page, sketchpad) {
  const root = page.querySelector(".inside");
  const inside = new Inside(root);
  root.addEventListener("toggle", () => sketchpad.reading.ask());
  sketchpad.watch({
    wantsLayers: () => root.open,
    painted({ empty, layers }) {
      if (empty) inside.clear();
      else if (layers && root.open) inside.show(layers);
    },
  });
}
