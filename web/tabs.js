// The tabs Data and Model: the digits that may be shown, those closest to the visitor's drawing, and what the network still misreads.
//
// Digits come as a sprite, NAME.png with what is on it in NAME.json. The figures around them are in the page already.

import { engine } from "./engine.js";
import { fill, isKnown, share, write } from "./words.js";

const SIDE = 28, NEAREST = 5;
const idle = () => new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve));

// A sprite's pictures: {digits, mistakes, picture(index)}, each an ImageData.
async function loadSprite(name) {
  const image = new Image(), canvas = document.createElement("canvas");
  image.src = new URL(`${name}.png`, import.meta.url);
  const [reply] = await Promise.all([fetch(new URL(`${name}.json`, import.meta.url)), image.decode()]);
  const about = await reply.json(), paint = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(canvas, { width: image.width, height: image.height });
  paint.drawImage(image, 0, 0);
  const at = (index) => [index % about.columns, Math.floor(index / about.columns)].map((place) => place * SIDE);
  return { ...about, picture: (index) => paint.getImageData(...at(index), SIDE, SIDE) };
}

// Pictures with a sentence under them, in which {way} is the name of a way of writing.
function addDigit(list, pictures, key, way, values) {
  const item = document.createElement("li"), caption = document.createElement("span");
  for (const picture of pictures) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d").putImageData(picture, 0, 0);
    item.append(canvas);
  }
  describe(caption, key, way, values);
  item.append(caption);
  item.dataset.digit = values.digit;
  list.append(item);
  return item;
}

function describe(element, key, way, values) {
  const name = document.createElement("span");
  name.dataset.slot = "way";
  if (isKnown(`way.${way}`)) write(name, `way.${way}`);
  else name.textContent = way.replaceAll("_", " ");
  element.replaceChildren(name);
  write(element, key, values);
}

// What the network makes of a picture: its averages, as a vector of length 1; null where it finds no ink.
let asked = 0;
const featuresOf = (picture) => new Promise((resolve) => {
  asked += 1;
  engine.ask("tabs", { revision: asked, inside: true, picture }, ({ layers }) => {
    const { data } = layers?.find(({ name }) => name === "average") ?? {}, length = Math.hypot(...(data ?? []));
    resolve(length > 0 ? data.map((value) => value / length) : null);
  });
});

// Finds the digits of `sprite` that are closest to the drawing on the page's board. The work is done in the engine's worker, a digit at a
// time, so that neither the page nor a drawing waits.
function makeClosest(root, sprite) {
  const status = root.querySelector(".closest-says"), list = root.querySelector(".closest");
  let features = null, busy = false;

  return async function compare() {
    const preview = document.querySelector("#preview canvas"), { reading, revision } = document.querySelector("#prediction").dataset;
    if (busy || revision === list.dataset.revision) return;
    if (engine.state !== "ready" || reading === "empty") {
      list.replaceChildren();
      return write(status, engine.state === "ready" ? "data.closest.none" : "data.closest.away");
    }
    busy = true;
    const mine = await featuresOf(preview.getContext("2d").getImageData(0, 0, SIDE, SIDE));
    if (!features) write(status, "data.closest.busy", { count: sprite.digits.length });
    for (features ??= []; features.length < sprite.digits.length; await idle()) features.push(await featuresOf(sprite.picture(features.length)));
    const alike = (theirs) => (theirs && mine ? theirs.reduce((sum, value, i) => sum + value * mine[i], 0) : 0);
    const ranked = features.map((theirs, index) => [alike(theirs), index]).sort(([a], [b]) => b - a);
    const ways = new Map();
    for (const [, index] of ranked) {
      const [digit, way] = sprite.digits[index];
      if (!ways.has(digit + way)) ways.set(digit + way, index);
    }
    const best = [...ways.values()].slice(0, NEAREST);
    list.replaceChildren();
    for (const index of best) addDigit(list, [sprite.picture(index)], "data.way", sprite.digits[index][1], { digit: sprite.digits[index][0] });
    describe(status, "data.closest.found", sprite.digits[best[0]][1], { digit: sprite.digits[best[0]][0] });
    list.dataset.revision = revision;
    busy = false;
  };
}

// Every way of writing once, with one picture or two and how often it is drawn.
function showWays(list, { digits, picture }) {
  digits.forEach(([digit, way, part], index) => {
    if (index && digits[index - 1][1] === way && digits[index - 1][0] === digit) return;
    const twice = digits[index + 1]?.[1] === way && digits[index + 1][0] === digit;
    const item = addDigit(list, [picture(index), ...(twice ? [picture(index + 1)] : [])], "data.way", way, { digit });
    const bar = document.createElement("i"), text = document.createElement("small");
    bar.style.width = `${Math.min(100, 500 * part)}%`;  // a fifth is as wide as the picture
    write(text, "share", { share: share(part, 0) });
    item.append(bar, text);
  });
}

function makeFilter(root, galleries, count) {
  const show = (digit) => {
    const items = galleries.flatMap((gallery) => [...gallery.children]);
    for (const item of items) item.hidden = digit !== "" && item.dataset.digit !== digit;
    write(count, "data.count", { count: items.filter((item) => !item.hidden).length });
  };
  const first = document.querySelector("#prediction").dataset.digit || "0";  // the visitor's own, if there is one
  for (const digit of ["", ..."0123456789"]) {
    const option = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "data-digit", value: digit, checked: digit === first });
    input.addEventListener("change", () => show(digit));
    if (digit) text.textContent = digit; else write(text, "data.all");
    option.append(input, text);
    root.append(option);
  }
  return () => show(root.querySelector(":checked").value);
}

function fromBase64(text) {
  const picture = new ImageData(SIDE, SIDE);
  [...atob(text)].forEach((level, i) => picture.data.set([level, level, level, "\xff"].map((c) => c.charCodeAt(0)), 4 * i));
  return picture;
}

async function openData(root, server) {
  const sprite = await loadSprite("digits"), sets = Object.fromEntries([...root.querySelectorAll("[data-set]")].map((set) => [set.dataset.set, set]));
  const refilter = makeFilter(root.querySelector(".filter"), Object.values(sets), root.querySelector(".count"));
  const compare = makeClosest(root, sprite);
  showWays(sets.digits, sprite);
  if (sets.mnixel) {
    const { digits, picture } = await loadSprite("mnixel");
    digits.forEach(([digit], index) => addDigit(sets.mnixel, [picture(index)], "data.one", "", { digit }));
  }
  const { digits = [] } = (await server?.accepted?.({}).catch(() => null)) ?? {};
  digits.forEach(([digit, pixels]) => addDigit(sets.contributed, [fromBase64(pixels)], "data.one", "", { digit }));
  sets.contributed.closest("section").hidden = !digits.length;
  refilter();
  return compare;
}

async function openModel(list) {
  const { digits, mistakes, picture } = await loadSprite("digits");
  mistakes.shown.forEach(([digit, way, read, sure], index) => {
    addDigit(list, [picture(digits.length + index)], "model.mistake", way, { digit, read, share: share(sure) });
  });
}

// Bring the figures of either tab to life; what takes the network or a request waits until the tab is open.
export function mount(element, props, server) {
  for (const number of element.querySelectorAll("[data-number], [data-share]")) {
    const { number: plain, share: percent } = number.dataset, digits = ((plain ?? percent).split(".")[1] ?? "").length;
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    write(number, "number", { number: plain ? [Number(plain), format] : share(percent / 100, digits) });
  }
  fill(element);
  let opened = null;
  const visible = async () => {
    const mistakes = element.querySelector(".mistakes");
    opened ??= element.querySelector("[data-set]") ? openData(element, server) : mistakes && openModel(mistakes);
    (await opened)?.();
  };
  new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && visible()).observe(element);
  engine.addEventListener("change", async () => (await opened)?.());
}
