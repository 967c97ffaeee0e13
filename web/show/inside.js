// The network, live: what each layer makes of the drawing, painted anew with each answer.
//
// A layer is one canvas with its maps side by side. Pointing at a map, tapping it, or moving to it with the
// arrow keys shows it large and says one sentence; one of its pixels (the one pointed at, else the strongest)
// is marked, beside the patch of the picture that it sees.

import { make, set } from "../dom.js";
import { label, write } from "../words.js";
import { FOR, PLACES, paintEvidence, Why } from "./why.js";

// What is shown of the engine's layers: maps in a row, and how much of the 28x28 one pixel sees and how far
// two pixels' views lie apart (each 3x3 convolution adds two of its own pixels to a view, each pooling one
// and doubles the distance).
const LAYERS = [
  { name: "input", across: 1, sees: 1, step: 1 },
  { name: "conv2", across: 4, sees: 5, step: 1 },
  { name: "conv4", across: 8, sees: 14, step: 2 },
  { name: "conv5", across: 10, sees: 24, step: 4 },
  { name: "evidence", across: 1, sees: 24, step: 4 },
  { name: "logits", across: 10, sees: 28, step: 0 },
];
const INPUT = 28,
  GAP = 1; // pixels: of the picture's side, and between two maps
const WIDE = 20,
  HIGH = 100; // of a logit's column
const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GREY = Uint32Array.from({ length: 256 }, (_, value) => (0xff << 24) | (value * 0x010101));

// Paint a layer's maps side by side; each is as bright as its own strongest pixel allows.
function paintMaps(canvas, { data, channels, width: side }, across) {
  const width = across * (side + GAP) - GAP,
    height = Math.ceil(channels / across) * (side + GAP) - GAP;
  if (canvas.width !== width) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"),
    image = context.createImageData(width, height),
    pixels = new Uint32Array(image.data.buffer);
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

// Ten columns, up or down from a line, with the digits below.
function paintLogits(canvas, { data }) {
  const paint = canvas.getContext("2d"),
    most = Math.max(...data.map(Math.abs), 1),
    best = data.indexOf(Math.max(...data)),
    middle = 0.55 * HIGH;
  paint.fillStyle = "#000";
  paint.fillRect(0, 0, canvas.width, HIGH);
  paint.font = "600 13px system-ui, sans-serif";
  paint.textAlign = "center";
  data.forEach((value, digit) => {
    paint.fillStyle = digit === best ? `rgb(${FOR})` : "#c8c8c8";
    const length = (value / most) * 0.5 * HIGH * (value < 0 ? 0.5 : 1);
    paint.fillRect(digit * WIDE + 4, middle - Math.max(length, 0), WIDE - 8, Math.max(1, Math.abs(length)));
    paint.fillText(digit, (digit + 0.5) * WIDE, HIGH - 4);
  });
}

// Show a square of one canvas on another.
function cut(canvas, from, x, y, side) {
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(from, -x, -y);
}

function strongest({ data, width }, map) {
  const values = data.subarray(map * width * width, (map + 1) * width * width).map(Math.abs);
  return values.indexOf(Math.max(...values));
}

// Which map or logit it is, as write() takes it.
function whichOf(maps, isMap, map) {
  if (maps && !isMap) return ["inside.logit", { digit: String(map), logit: [maps.data[map], TENTHS] }];
  return maps?.channels > 1 ? ["inside.map", { map: map + 1, maps: maps.channels }] : [];
}

// The strip in `root`, a <details>; `patch` is laid over the preview where a map's pixel looks.
function makeInside(root, patch) {
  const find = (selector) => root.querySelector(selector);
  const lens = find(".lens"),
    view = find(".lens-view"),
    spot = find(".spot");
  const which = find(".lens-which"),
    sentence = find(".lens-sentence"),
    patchSays = find(".lens-patch");
  const layers = new Map(),
    canvases = new Map(); // by name
  let evidence = null,
    chosen = null; // chosen: {layer, map, pixel}, pixel null for the strongest

  for (const layer of LAYERS) {
    const canvas = make("canvas", { className: layer.name, tabIndex: 0 }),
      title = make("figcaption");
    if (layer.name === "evidence") canvas.width = canvas.height = PLACES;
    if (layer.name === "logits") Object.assign(canvas, { width: 10 * WIDE, height: HIGH });
    canvas.setAttribute("role", "img");
    label(canvas, `inside.${layer.name}`);
    write(title, `inside.${layer.name}`);
    find(".strip").append(make("figure", {}, canvas, title));
    canvases.set(layer.name, canvas);
    const at = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect(),
        maps = layers.get(layer.name);
      if (!maps) return;
      const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
      if (layer.name === "logits") return choose(layer, Math.floor(10 * x));
      const side = maps.width + GAP,
        column = Math.floor(x * canvas.width),
        row = Math.floor(y * canvas.height);
      const inMap = [column % side, row % side].map((place) => Math.min(place, maps.width - 1));
      choose(
        layer,
        Math.floor(row / side) * layer.across + Math.floor(column / side),
        inMap[1] * maps.width + inMap[0],
      );
    };
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", (event) => {
      // a finger that is lifted leaves what it tapped
      if (event.pointerType === "mouse" && document.activeElement !== canvas) choose(null);
    });
    canvas.addEventListener("focus", () => {
      if (chosen?.layer !== layer) choose(layer);
    });
    canvas.addEventListener("blur", () => {
      if (chosen?.layer === layer) choose(null);
    }); // a pointer has chosen the next one by then
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || !chosen) return;
      event.preventDefault();
      choose(layer, chosen.map + way[0] + way[1] * layer.across);
    });
  }

  function choose(layer, map = 0, pixel = null) {
    if (!layer) chosen = null;
    else if (map >= 0 && map < (layers.get(layer.name)?.channels ?? 1)) chosen = { layer, map, pixel };
    show();
  }

  function show() {
    const { layer, map } = chosen ?? {},
      maps = layers.get(layer?.name),
      isMap = maps && layer.name !== "logits";
    root.classList.toggle("chosen", Boolean(isMap));
    set(patch, "hidden", !isMap || layer.sees === 1);
    write(sentence, maps ? `inside.${layer.name}.says` : layers.size ? "inside.point" : "", evidence ?? {});
    write(which, ...whichOf(maps, isMap, map));
    write(patchSays, ...(isMap && layer.sees > 1 ? ["inside.patch", { side: layer.sees }] : []));
    if (!isMap) return;
    const { width: side } = maps,
      { name, across, sees, step } = layer,
      share = (part) => `${(100 * part) / side}%`;
    const pixel = chosen.pixel ?? strongest(maps, map),
      column = pixel % side,
      row = Math.floor(pixel / side);
    // Of the patch that the pixel sees.
    const [x, y] = [column, row].map((place) => place * step + (step - sees) / 2);
    cut(
      lens,
      canvases.get(name),
      (map % across) * (side + GAP),
      Math.floor(map / across) * (side + GAP),
      side,
    );
    cut(view, canvases.get("input"), x, y, sees);
    Object.assign(spot.style, { left: share(column), top: share(row), width: share(1), height: share(1) });
    const edges = [y, INPUT - x - sees, INPUT - y - sees, x];
    patch.style.inset = edges.map((edge) => `${(100 * Math.max(0, edge)) / INPUT}%`).join(" ");
  }

  function clear(canvas) {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }

  return {
    show(shown, found) {
      // the engine's layers, and the evidence of why.js
      evidence = found;
      for (const layer of shown) layers.set(layer.name, layer);
      if (evidence) layers.set("evidence", { channels: 1, width: PLACES, data: evidence.places });
      else layers.delete("evidence");
      for (const { name, across } of LAYERS) {
        const canvas = canvases.get(name);
        if (name === "logits") paintLogits(canvas, layers.get(name));
        else if (name !== "evidence") paintMaps(canvas, layers.get(name), across);
        else if (evidence) paintEvidence(canvas, evidence);
        else clear(canvas);
      }
      show();
    },
    clear() {
      evidence = null;
      layers.clear();
      canvases.forEach(clear);
      show();
    },
  };
}

// Mount this part and Why, which share the network's layers: they follow the sketchpad from now on.
export function mount(page, sketchpad) {
  const ask = () => sketchpad.reading.ask();
  const root = page.querySelector(".inside");
  const inside = makeInside(root, page.querySelector(".patch"));
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
