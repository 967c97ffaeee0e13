// The network, live: what each layer makes of the drawing, painted anew with each answer.
//
// A layer is one canvas with its maps side by side. Pointing at a map, tapping it, or moving to it with the arrow keys shows it large
// and says one sentence; one of its pixels (the one pointed at, else the strongest) is marked, beside the patch of the picture that it sees.

import { set } from "./answer.js";
import { FOR, paintEvidence } from "./why.js";
import { label, write } from "./words.js";

// What is shown of the engine's layers: maps in a row, and how much of the 28x28 one pixel sees and how far two pixels' views lie
// apart (each 3x3 convolution adds two of its own pixels to a view, each pooling one and doubles the distance).
const LAYERS = [
  { name: "input", across: 1, sees: 1, step: 1, title: "inside.input", says: "inside.input.says" },
  { name: "conv2", across: 4, sees: 5, step: 1, title: "inside.conv2", says: "inside.conv2.says" },
  { name: "conv4", across: 8, sees: 14, step: 2, title: "inside.conv4", says: "inside.conv4.says" },
  { name: "conv5", across: 10, sees: 24, step: 4, title: "inside.conv5", says: "inside.conv5.says" },
  { name: "evidence", across: 1, sees: 24, step: 4, title: "inside.evidence", says: "inside.evidence.says" },
  { name: "logits", across: 10, sees: 28, step: 0, title: "inside.logits", says: "inside.logits.says" },
];
const INPUT = 28, GAP = 1;  // pixels: of the picture's side, and between two maps
const WIDE = 20, HIGH = 100;  // of a logit's column
const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GREY = Uint32Array.from({ length: 256 }, (_, value) => (0xff << 24) | (value * 0x010101));

// Paint maps first..end of a layer side by side; each is as bright as its own strongest pixel allows.
function paintMaps(canvas, { data, width: side }, across, first, end) {
  const width = Math.min(across, end - first) * (side + GAP) - GAP, height = Math.ceil((end - first) / across) * (side + GAP) - GAP;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"), image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  for (let map = first; map < end; map += 1) {
    const start = map * side * side, corner = Math.floor((map - first) / across) * (side + GAP) * width + ((map - first) % across) * (side + GAP);
    let peak = 1e-6;
    for (let i = start; i < start + side * side; i += 1) if (data[i] > peak) peak = data[i];
    for (let y = 0, i = start; y < side; y += 1) {
      for (let x = 0; x < side; x += 1, i += 1) pixels[corner + y * width + x] = GREY[Math.max(0, Math.round((255 * data[i]) / peak))];
    }
  }
  context.putImageData(image, 0, 0);
}

// Ten columns, up or down from a line, with the digits below.
function paintLogits(canvas, { data }) {
  if (canvas.width !== 10 * WIDE) Object.assign(canvas, { width: 10 * WIDE, height: HIGH });
  const paint = canvas.getContext("2d"), most = Math.max(...data.map(Math.abs), 1), best = data.indexOf(Math.max(...data)), middle = 0.55 * HIGH;
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

// The strip in `root`, a <details>; `patch` is laid over the preview where a map's pixel looks.
export function makeInside(root, patch) {
  const find = (selector) => root.querySelector(selector);
  const strip = find(".strip"), lens = find(".lens"), view = find(".lens-view"), spot = find(".spot");
  const which = find(".lens-which"), sentence = find(".lens-sentence"), patchSays = find(".lens-patch");
  const canvases = new Map();
  let layers = null, evidence = null, chosen = null;  // chosen: {layer, map, pixel}, pixel null for the strongest

  const mapsOf = ({ name }) => {
    if (name === "evidence") return evidence && { channels: 1, width: 7, data: evidence.places };
    return layers?.find((layer) => layer.name === name);
  };

  for (const layer of LAYERS) {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas"), title = document.createElement("figcaption");
    write(title, layer.title);
    canvas.tabIndex = 0;
    canvas.className = layer.name;
    canvas.setAttribute("role", "img");
    label(canvas, layer.title);
    figure.append(canvas, title);
    strip.append(figure);
    canvases.set(layer.name, canvas);
    const at = (event) => {
      const box = canvas.getBoundingClientRect(), maps = mapsOf(layer);
      if (!maps) return;
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      if (layer.name === "logits") return choose(layer, Math.floor(10 * x));
      const side = maps.width + GAP, column = Math.floor(x * canvas.width), row = Math.floor(y * canvas.height);
      const inMap = [column % side, row % side].map((place) => Math.min(place, maps.width - 1));
      choose(layer, Math.floor(row / side) * layer.across + Math.floor(column / side), inMap[1] * maps.width + inMap[0]);
    };
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", (event) => {  // a finger that is lifted leaves what it tapped
      if (event.pointerType === "mouse" && document.activeElement !== canvas) choose(null);
    });
    canvas.addEventListener("focus", () => { if (chosen?.layer !== layer) choose(layer, 0); });
    canvas.addEventListener("blur", () => { if (chosen?.layer === layer) choose(null); });  // a pointer has chosen the next one by then
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || !chosen) return;
      event.preventDefault();
      choose(layer, chosen.map + way[0] + way[1] * layer.across);
    });
  }

  function mark(box) {
    set(patch, "hidden", !box);
    if (!box) return;
    const [left, top] = [Math.max(0, box.x), Math.max(0, box.y)], end = (start) => Math.min(INPUT, start + box.side);
    const share = (pixels) => `${(100 * pixels) / INPUT}%`;
    Object.assign(patch.style, { left: share(left), top: share(top), width: share(end(box.x) - left), height: share(end(box.y) - top) });
  }

  function choose(layer, map = 0, pixel = null) {
    const maps = layer && mapsOf(layer);
    if (!layer) chosen = null;
    else if (map >= 0 && map < (maps?.channels ?? 1)) chosen = { layer, map, pixel };
    show();
  }

  function strongest({ data, width }, map) {
    const values = data.subarray(map * width * width, (map + 1) * width * width).map(Math.abs);
    return values.indexOf(Math.max(...values));
  }

  function show() {
    const maps = chosen && mapsOf(chosen.layer), isMap = maps && chosen.layer.name !== "logits";
    root.classList.toggle("chosen", Boolean(isMap));
    write(sentence, maps ? chosen.layer.says : layers ? "inside.point" : "", evidence ?? {});
    if (!isMap) {
      if (maps) write(which, "inside.logit", { digit: String(chosen.map), logit: [maps.data[chosen.map], TENTHS] }); else write(which);
      write(patchSays);
      return mark(null);
    }
    const { layer, map } = chosen, { width: side, channels } = maps;
    if (layer.name === "evidence") {
      lens.width = lens.height = side;
      paintEvidence(lens, evidence);
    } else paintMaps(lens, maps, 1, map, map + 1);
    const pixel = chosen.pixel ?? strongest(maps, map), x = pixel % side, y = Math.floor(pixel / side), share = (part) => `${(100 * part) / side}%`;
    Object.assign(spot.style, { left: share(x), top: share(y), width: share(1), height: share(1) });
    const box = { x: x * layer.step + (layer.step - layer.sees) / 2, y: y * layer.step + (layer.step - layer.sees) / 2, side: layer.sees };
    paintView(box);
    mark(layer.sees > 1 ? box : null);
    if (channels > 1) write(which, "inside.map", { map: map + 1, maps: channels }); else write(which);
    if (layer.sees > 1) write(patchSays, "inside.patch", { side: layer.sees }); else write(patchSays);
  }

  function paintView({ x, y, side }) {  // the patch of the picture, large
    const { data } = mapsOf(LAYERS[0]);
    view.width = view.height = side;
    const context = view.getContext("2d"), image = context.createImageData(side, side), pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < side * side; i += 1) {
      const column = Math.floor(x) + (i % side), row = Math.floor(y) + Math.floor(i / side);
      const isInside = Math.min(column, row) >= 0 && Math.max(column, row) < INPUT;
      pixels[i] = GREY[isInside ? Math.round(255 * data[row * INPUT + column]) : 0];
    }
    context.putImageData(image, 0, 0);
  }

  function repaint() {
    for (const layer of LAYERS) {
      const canvas = canvases.get(layer.name), maps = mapsOf(layer);
      if (layer.name === "logits") paintLogits(canvas, maps);
      else if (layer.name !== "evidence") paintMaps(canvas, maps, layer.across, 0, maps.channels);
      else {
        if (canvas.width !== 7) canvas.width = canvas.height = 7;
        if (evidence) paintEvidence(canvas, evidence);
        else canvas.getContext("2d").clearRect(0, 0, 7, 7);
      }
    }
    show();
  }

  return {
    isOpen: () => root.open,
    show(...shown) {  // the engine's layers, and the evidence of why.js
      [layers, evidence] = shown;
      repaint();
    },
    clear() {
      layers = evidence = null;
      for (const canvas of canvases.values()) canvas.width = canvas.width;  // erases it
      show();
    },
  };
}
