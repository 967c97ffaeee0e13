// The tabs Data and Model: the digits that may be shown, those closest to the visitor's drawing, and what the network still misreads.
//
// Digits come as a sprite, NAME.png with what is on it in NAME.json. The figures around them are in the page already.

import { make } from "./dom.js";
import { engine } from "./engine.js";
import { fill, isKnown, share, write } from "./words.js";

const SIDE = 28,
  NEAREST = 5,
  AT_ONCE = 12; // AT_ONCE: pictures that the worker reads while a drawing would wait
const rounded = (value, digits, style) => [
  value,
  { style, minimumFractionDigits: digits, maximumFractionDigits: digits },
];
const prediction = () => document.querySelector("#prediction").dataset;

// {digits: [[digit, way, share], ...], mistakes, picture(index)}, each picture an ImageData; the mistakes' come after the digits'.
async function loadSprite(name) {
  const image = make("img", { src: new URL(`${name}.png`, import.meta.url) });
  const [reply] = await Promise.all([fetch(new URL(`${name}.json`, import.meta.url)), image.decode()]),
    about = await reply.json();
  const paint = make("canvas", { width: image.width, height: image.height }).getContext("2d", {
    willReadFrequently: true,
  });
  paint.drawImage(image, 0, 0);
  const at = (index) =>
    [index % about.columns, Math.floor(index / about.columns)].map((place) => place * SIDE);
  return { ...about, picture: (index) => paint.getImageData(...at(index), SIDE, SIDE) };
}

// A sentence in which {way} is the name of a way of writing.
function describe(element, key, way, values) {
  const name = make("span");
  name.dataset.slot = "way";
  if (isKnown(`way.${way}`)) write(name, `way.${way}`);
  else name.textContent = way.replaceAll("_", " ");
  element.replaceChildren(name);
  write(element, key, values);
}

function addDigit(list, picture, key, way, values) {
  const canvas = make("canvas", { width: SIDE, height: SIDE }),
    caption = make("span");
  canvas.setAttribute("aria-hidden", "true");
  const item = make("li", {}, canvas, caption);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  describe(caption, key, way, values);
  item.dataset.digit = values.digit;
  list.append(item);
  return item;
}

// What the network makes of pictures: the last averages of each, as a vector of length 1; zeros where it finds no ink. Of each name only
// the newest question is answered.
let asked = 0;
async function featuresOf(name, pictures) {
  asked += 1;
  const { averages = [] } = await engine.read(name, { revision: asked, pictures }); // none where it could not be read
  return pictures.map((_, i) => {
    const data = averages[i] ?? new Float32Array(1),
      length = Math.hypot(...data) || 1;
    return data.map((value) => value / length);
  });
}

// A function that shows which of the sprite's digits are closest to the drawing on the board. The engine's worker reads the digits, a
// few at a time and from when the tab is opened, so that neither the page nor a drawing waits.
function makeClosest(root, { digits, picture }) {
  const status = root.querySelector(".closest-says"),
    list = root.querySelector(".closest"),
    features = [];
  let reading = null;

  async function readAll() {
    while (features.length < digits.length) {
      const some = digits.slice(features.length, features.length + AT_ONCE);
      features.push(
        ...(await featuresOf(
          "digits",
          some.map((_, i) => picture(features.length + i)),
        )),
      );
    }
  }

  return async () => {
    const { digit: answer, reading: said, revision } = prediction(),
      isReady = engine.state === "ready";
    if (isReady) reading ??= readAll();
    if (revision === list.dataset.revision) return;
    if (!isReady || said === "empty") {
      list.replaceChildren();
      return write(status, isReady ? "data.closest.none" : "data.closest.away");
    }
    if (features.length < digits.length) write(status, "data.closest.busy", { count: digits.length });
    const preview = document.querySelector("#preview canvas").getContext("2d").getImageData(0, 0, SIDE, SIDE);
    const [mine] = await featuresOf("mine", [preview]);
    await reading;
    const alike = features.map((theirs) => theirs.reduce((sum, value, i) => sum + value * (mine[i] ?? 0), 0));
    const best = [...digits.keys()].sort((a, b) => alike[b] - alike[a]).slice(0, NEAREST);
    list.replaceChildren();
    for (const index of best)
      addDigit(list, picture(index), "data.way", digits[index][1], { digit: digits[index][0] });
    const [digit, way] = digits[best[0]],
      isOther = answer !== "" && answer !== digit;
    describe(status, isOther ? "data.closest.other" : "data.closest.found", way, { digit, answer });
    list.dataset.revision = revision;
  };
}

function filterBy(options, galleries, count) {
  const items = galleries.flatMap((gallery) => [...gallery.children]);
  const show = () => {
    const { value } = options.querySelector(":checked");
    for (const item of items) item.hidden = value !== "" && item.dataset.digit !== value;
    write(count, "data.count", { count: items.filter((item) => !item.hidden).length });
  };
  options.querySelector(`[value="${prediction().digit || 0}"]`).checked = true; // the visitor's own, if there is one
  options.addEventListener("change", show);
  show();
}

async function openData(root, server) {
  const sprite = await loadSprite("digits"),
    compare = makeClosest(root, sprite);
  const sets = Object.fromEntries(
    [...root.querySelectorAll("[data-set]")].map((set) => [set.dataset.set, set]),
  );
  for (const set of Object.values(sets)) set.replaceChildren(); // of an opening that came to nothing
  sprite.digits.forEach(([digit, way, part], index) => {
    const item = addDigit(sets.digits, sprite.picture(index), "data.way", way, { digit });
    const bar = make("i"),
      text = make("small");
    bar.style.width = `${Math.min(100, 500 * part)}%`; // a fifth of the digit's drawings is as wide as it gets
    write(text, "share", { share: rounded(part, 0, "percent") });
    item.append(bar, text);
  });
  if (sets.mnixel) {
    const { digits, picture } = await loadSprite("mnixel");
    digits.forEach(([digit], index) => addDigit(sets.mnixel, picture(index), "data.one", "", { digit }));
  }
  const { digits = [] } = (await server?.accepted?.({}).catch(() => null)) ?? {};
  for (const [digit, pixels] of digits) {
    const picture = new ImageData(SIDE, SIDE);
    Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0)).forEach((level, i) =>
      picture.data.set([level, level, level, 255], 4 * i),
    );
    addDigit(sets.contributed, picture, "data.one", "", { digit });
  }
  sets.contributed.closest("section").hidden = !digits.length;
  filterBy(root.querySelector(".filter"), Object.values(sets), root.querySelector(".count"));
  return compare;
}

async function openModel(list) {
  const { digits, mistakes, picture } = await loadSprite("digits");
  mistakes.shown.forEach(([digit, way, read, sure], index) => {
    addDigit(list, picture(digits.length + index), "model.mistake", way, { digit, read, share: share(sure) });
  });
}

// Bring the figures of either tab to life; what takes the network or a request waits until the tab is open.
export function mount(element, props, server) {
  for (const number of element.querySelectorAll("[data-number], [data-share]")) {
    const { number: plain, share: percent } = number.dataset,
      digits = ((plain ?? percent).split(".")[1] ?? "").length;
    write(number, "number", {
      number: plain ? rounded(Number(plain), digits, "decimal") : rounded(percent / 100, digits, "percent"),
    });
  }
  fill(element);
  const mistakes = element.querySelector(".mistakes");
  let opened = null;
  const look = async () => {
    const mine = opened;
    try {
      (await mine)?.();
    } catch {
      // it could not be had: the next opening tries again
      if (mine === opened) opened = null;
    }
  };
  new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (isIntersecting)
      opened ??= mistakes
        ? openModel(mistakes)
        : element.querySelector("[data-set]") && openData(element, server);
    await look();
  }).observe(element);
  engine.addEventListener("change", look);
}
