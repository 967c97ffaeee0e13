// Inside: the maps of three layers, painted again with each answer.
//
// A layer is one canvas with its maps side by side. The map that was last pointed at, tapped or reached with
// the arrow keys is shown large, with one sentence. A frame marks one of its pixels: the one pointed at, or
// the strongest. Beside the map is the 28x28, with a frame around the square that this pixel sees.

import { make } from "../dom.js";
import { label, write } from "../words.js";
import { showPixels } from "./answer.js";

// `across` is the number of maps in a row of the canvas, `sees` the side of the square of the 28x28 that one
// pixel of a map sees, and `step` the distance between the squares of two neighbours. A 3x3 convolution
// enlarges the square by two of its own pixels; pooling enlarges it by one and doubles the distance.
const LAYERS = [
  { name: "conv2", across: 4, sees: 5, step: 1 },
  { name: "conv4", across: 8, sees: 14, step: 2 },
  { name: "conv5", across: 10, sees: 24, step: 4 },
];
// The side of the picture, and the gap between two maps.
const [INPUT, GAP] = [28, 1]; // pixels
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GREY = Uint32Array.from({ length: 256 }, (_, value) => (0xff << 24) | (value * 0x010101));

// Paint a layer's maps side by side. The strongest pixel of each map is white.
function paintMaps({ canvas, across, maps: { data, channels, width: side } }) {
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

// Mount this part: it follows the sketchpad from now on.
export function mount(page, sketchpad) {
  const root = page.querySelector(".inside");
  const find = (selector) => root.querySelector(selector);
  // Each layer with its canvas, and with its maps once a drawing was read.
  const layers = LAYERS.map((layer) => {
    const canvas = make("canvas", { className: layer.name, tabIndex: 0, role: "img" });
    return { ...layer, canvas, maps: null };
  });
  // The map that is shown large, and its framed pixel; null stands for the strongest pixel.
  let chosen = { layer: layers[0], map: 0, pixel: null };

  function choose(layer, map = 0, pixel = null) {
    const count = layer.maps?.channels ?? 1;
    if (map >= 0 && map < count) chosen = { layer, map, pixel };
    showChosen();
  }

  // Choose the pixel under a pointer.
  function point(layer, { clientX, clientY }) {
    const { canvas, maps, across } = layer;
    if (!maps) return;
    const box = canvas.getBoundingClientRect();
    const side = maps.width + GAP;
    const column = Math.floor(((clientX - box.left) / box.width) * canvas.width);
    const row = Math.floor(((clientY - box.top) / box.height) * canvas.height);
    const [x, y] = [column % side, row % side].map((place) => Math.min(place, maps.width - 1));
    choose(layer, Math.floor(row / side) * across + Math.floor(column / side), y * maps.width + x);
  }

  // Show the chosen map large, one of its pixels, and the square of the picture that this pixel sees.
  function showChosen() {
    const { layer, map, pixel } = chosen;
    const { name, across, sees, step, canvas, maps } = layer;
    find(".closer").hidden = !maps;
    if (!maps) return;
    const side = maps.width;
    const at = pixel ?? strongest(maps, map);
    const place = [at % side, Math.floor(at / side)];
    const corner = [map % across, Math.floor(map / across)].map((index) => index * (side + GAP));
    const lens = find(".lens");
    lens.width = lens.height = side;
    lens.getContext("2d").drawImage(canvas, -corner[0], -corner[1]);
    frame(find(".spot"), ...place, 1, side);
    frame(find(".patch"), ...place.map((index) => index * step + (step - sees) / 2), sees, INPUT);
    write(find(".lens-which"), "inside.map", { map: map + 1, maps: maps.channels });
    write(find(".lens-sentence"), `inside.${name}.says`);
    write(find(".lens-patch"), "inside.patch", { side: sees });
  }

  // Show an answer's layers and its picture, or nothing.
  function show(answered = [], pixels = null) {
    for (const layer of layers) {
      layer.maps = answered.find(({ name }) => name === layer.name);
      if (layer.maps) paintMaps(layer);
      else layer.canvas.getContext("2d").clearRect(0, 0, layer.canvas.width, layer.canvas.height);
    }
    showPixels(find(".lens-input"), pixels);
    showChosen();
  }

  for (const layer of layers) {
    const { canvas, name, across } = layer;
    const title = make("figcaption");
    label(canvas, `inside.${name}`);
    write(title, `inside.${name}`);
    find(".strip").append(make("figure", {}, canvas, title));
    canvas.addEventListener("pointermove", (event) => point(layer, event));
    canvas.addEventListener("pointerdown", (event) => point(layer, event));
    canvas.addEventListener("focus", () => chosen.layer === layer || choose(layer));
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way) return;
      event.preventDefault();
      choose(layer, chosen.map + way[0] + way[1] * across);
    });
  }
  root.addEventListener("toggle", () => sketchpad.reading.ask());
  sketchpad.watch({
    wantsLayers: () => root.open,
    painted({ empty, layers: answered, pixels }) {
      if (empty) show();
      else if (answered && root.open) show(answered, pixels);
    },
  });
}
