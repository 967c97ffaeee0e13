// The network, live: what each layer makes of the drawing, painted anew with each answer.
//
// A layer is one canvas with its maps side by side. Pointing at a map, or moving to it with the arrow keys, shows it large, marks the
// part of the picture that one of its pixels sees, and says one sentence.

import { label, write } from "./words.js";

// What is shown of the engine's layers: maps in a row, and how much of the 28x28 one pixel sees and how far two pixels' views lie
// apart (each 3x3 convolution adds two of its own pixels to a view, each pooling one and doubles the distance).
const LAYERS = [
  { name: "input", across: 1, sees: 1, step: 1, title: "inside.input", says: "inside.input.says" },
  { name: "conv2", across: 4, sees: 5, step: 1, title: "inside.conv2", says: "inside.conv2.says" },
  { name: "conv4", across: 8, sees: 14, step: 2, title: "inside.conv4", says: "inside.conv4.says" },
  { name: "conv5", across: 12, sees: 24, step: 4, title: "inside.conv5", says: "inside.conv5.says" },
  { name: "average", across: 12, sees: 28, step: 0, title: "inside.average", says: "inside.average.says" },
];
const GAP = 1;  // pixel between two maps
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The strip in `root`, a <details>; `patch` is laid over the preview where a map's pixel looks.
export function makeInside(root, patch) {
  const strip = root.querySelector(".strip"), lens = root.querySelector(".lens");
  const which = root.querySelector(".lens-which"), sentence = root.querySelector(".lens-sentence");
  const canvases = new Map(), large = lens.getContext("2d");
  let layers = null, chosen = null, frame = 0;

  for (const layer of LAYERS) {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas"), title = document.createElement("figcaption");
    write(title, layer.title);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    label(canvas, layer.says);
    figure.append(canvas, title);
    strip.append(figure);
    canvases.set(layer.name, canvas);
    const at = (event) => {
      const box = canvas.getBoundingClientRect(), { width: side = 1 } = find(layer.name) ?? {};
      const [x, y] = [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
      choose(layer, Math.floor(y / (side + GAP)) * layer.across + Math.floor(x / (side + GAP)));
    };
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", () => { if (document.activeElement !== canvas) choose(null); });
    canvas.addEventListener("focus", () => choose(layer, chosen?.layer === layer ? chosen.map : 0));
    canvas.addEventListener("blur", () => choose(null));
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || !chosen) return;
      event.preventDefault();
      choose(layer, chosen.map + way[0] + way[1] * layer.across);
    });
  }

  const find = (name) => layers?.find((layer) => layer.name === name);

  function mark(box) {
    patch.hidden = !box;
    if (!box) return;
    const [left, top] = [Math.max(0, box.x), Math.max(0, box.y)], end = (start) => Math.min(28, start + box.side);
    const share = (pixels) => `${(100 * pixels) / 28}%`;
    Object.assign(patch.style, { left: share(left), top: share(top), width: share(end(box.x) - left), height: share(end(box.y) - top) });
  }

  function choose(layer, map = 0) {
    const maps = layer && find(layer.name);
    if (!maps || map < 0 || map >= maps.channels) {
      if (!layer) chosen = null;
    } else chosen = { layer, map };
    show();
  }

  function show() {
    root.classList.toggle("chosen", chosen !== null);
    const maps = chosen && find(chosen.layer.name);
    if (!maps) {
      write(which);
      write(sentence, layers ? "inside.point" : "");
      return mark(null);
    }
    const { layer, map } = chosen, { width: side, channels } = maps;
    lens.width = lens.height = side;
    paint(large, maps, map, 0, 0, peakOf(maps, map));
    write(which, channels > 1 ? "inside.map" : "", { map: map + 1, maps: channels });
    write(sentence, layer.says);
    const middle = Math.floor(side / 2) * layer.step + layer.step / 2;
    mark(layer.sees > 1 && layer.step ? { x: middle - layer.sees / 2, y: middle - layer.sees / 2, side: layer.sees } : null);
  }

  const peakOf = ({ data, width: side }, map) => Math.max(1e-6, ...data.subarray(map * side * side, (map + 1) * side * side));

  function paint(context, { data, width: side }, map, left, top, peak) {
    const image = context.createImageData(side, side);
    for (let i = 0; i < side * side; i += 1) {
      image.data.fill(Math.min(255, Math.round((255 * data[map * side * side + i]) / peak)), 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, left, top);
  }

  function repaint() {
    frame = 0;
    if (!layers) return;
    for (const { name, across } of LAYERS) {
      const maps = find(name), canvas = canvases.get(name), { width: side, channels } = maps;
      const width = across * (side + GAP) - GAP, height = Math.ceil(channels / across) * (side + GAP) - GAP;
      if (canvas.width !== width) Object.assign(canvas, { width, height });
      const context = canvas.getContext("2d");
      for (let map = 0; map < channels; map += 1) {
        paint(context, maps, map, (map % across) * (side + GAP), Math.floor(map / across) * (side + GAP), peakOf(maps, map));
      }
    }
    show();
  }

  return {
    isOpen: () => root.open,
    update(next) {  // the engine's layers; painted once a frame at most
      layers = next;
      frame ||= requestAnimationFrame(repaint);
    },
    clear() {
      cancelAnimationFrame(frame);
      [layers, chosen, frame] = [null, null, 0];
      for (const canvas of canvases.values()) canvas.width = canvas.width;  // erases it
      show();
    },
  };
}
