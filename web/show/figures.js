// The tabs Data and Model: the digits that may be shown, the closest to the visitor's drawing, and the
// misread ones. The figures around them are in the page already.
//
// Digits come as a sprite: NAME.png, with a list of what is on it in NAME.json.

import { make } from "../dom.js";
import { engine } from "../read/engine.js";
import { fill, isKnown, rounded, share, write } from "../words.js";

const SIDE = 28; // pixels of a digit
const NEAREST = 5; // digits that are shown as closest
const AT_ONCE = 12; // pictures that the worker reads at once, while a drawing has to wait
const FULL_BAR = 0.2; // share of a digit's drawings at which its bar is full
const prediction = () => document.querySelector("#prediction").dataset;

// {digits: [[digit, way, share], ...], mistakes, picture(index)}. A picture is an ImageData; those of the
// mistakes come after those of the digits.
async function loadSprite(name) {
  const image = make("img", { src: new URL(`${name}.png`, import.meta.url) });
  const [reply] = await Promise.all([fetch(new URL(`${name}.json`, import.meta.url)), image.decode()]);
  const about = await reply.json();
  const paint = make("canvas", { width: image.width, height: image.height }).getContext("2d", {
    willReadFrequently: true,
  });
  paint.drawImage(image, 0, 0);
  const picture = (index) => {
    const [left, top] = [index % about.columns, Math.floor(index / about.columns)];
    return paint.getImageData(left * SIDE, top * SIDE, SIDE, SIDE);
  };
  return { ...about, picture };
}

// Write a sentence in which {way} is the name of a way of writing.
function describe(element, key, way, values) {
  const name = make("span");
  name.dataset.slot = "way";
  if (isKnown(`way.${way}`)) write(name, `way.${way}`);
  else name.textContent = way.replaceAll("_", " ");
  element.replaceChildren(name);
  write(element, key, values);
}

function addDigit(list, picture, key, way, values) {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  const caption = make("span");
  canvas.setAttribute("aria-hidden", "true");
  const item = make("li", {}, canvas, caption);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  describe(caption, key, way, values);
  item.dataset.digit = values.digit;
  list.append(item);
  return item;
}

// The network's last averages for each picture, as a vector of length 1, or zeros where there is no ink. For
// each name only the newest question is answered.
async function featuresOf(name, pictures) {
  // Pictures that could not be read have none.
  const { averages = [] } = await engine.read(name, { pictures });
  return pictures.map((_, i) => {
    const data = averages[i] ?? new Float32Array(1);
    const length = Math.hypot(...data) || 1;
    return data.map((value) => value / length);
  });
}

// Shows which of a sprite's digits are closest to the drawing on the board. The engine's worker reads the
// digits, a few at a time and from when the tab is opened, so that neither the page nor a drawing waits.
class Closest {
  #sprite;
  #list;
  #status;
  // The features of the sprite's digits that have been read.
  #features = [];
  // A promise that all of them are.
  #reading = null;
  // The drawing and the answer that are shown.
  #shown = "";

  constructor(root, sprite) {
    this.#sprite = sprite;
    this.#list = root.querySelector(".closest");
    this.#status = root.querySelector(".closest-says");
  }

  async #readAll() {
    const { digits, picture } = this.#sprite;
    const features = this.#features;
    while (features.length < digits.length) {
      const some = digits.slice(features.length, features.length + AT_ONCE);
      const pictures = some.map((_, i) => picture(features.length + i));
      features.push(...(await featuresOf("digits", pictures)));
    }
  }

  async show() {
    const { digit: answer, reading, revision, taught } = prediction();
    const isTaught = taught === "true";
    const isReady = engine.state === "ready";
    if (isReady) this.#reading ??= this.#readAll();
    // A lesson changes the answer to the same drawing.
    const asked = [revision, answer, taught].join();
    if (asked === this.#shown) return;
    if (!isReady || reading === "empty") {
      this.#list.replaceChildren();
      this.#shown = "";
      return write(this.#status, isReady ? "data.closest.none" : "data.closest.away");
    }
    const { digits, picture } = this.#sprite;
    if (this.#features.length < digits.length)
      write(this.#status, "data.closest.busy", { count: digits.length });
    const preview = document.querySelector("#preview canvas").getContext("2d").getImageData(0, 0, SIDE, SIDE);
    const [mine] = await featuresOf("mine", [preview]);
    await this.#reading;
    const dot = (theirs) => theirs.reduce((sum, value, i) => sum + value * (mine[i] ?? 0), 0);
    const alike = this.#features.map(dot);
    const best = [...digits.keys()].sort((a, b) => alike[b] - alike[a]).slice(0, NEAREST);
    this.#list.replaceChildren();
    addDigit(this.#list, preview, "data.mine", "", {}).className = "yours";
    for (const index of best)
      addDigit(this.#list, picture(index), "data.way", digits[index][1], { digit: digits[index][0] });
    const [digit, way] = digits[best[0]];
    let sentence = answer === "" || answer === digit ? "data.closest.found" : "data.closest.other";
    if (isTaught) sentence = "data.closest.taught";
    describe(this.#status, sentence, way, { digit, answer });
    this.#shown = asked;
  }
}

function filterBy(options, galleries, count) {
  const items = galleries.flatMap((gallery) => [...gallery.children]);
  const show = () => {
    const { value } = options.querySelector(":checked");
    for (const item of items) item.hidden = value !== "" && item.dataset.digit !== value;
    write(count, "data.count", { count: items.filter((item) => !item.hidden).length });
  };
  // The digit that the visitor drew, or 0.
  options.querySelector(`[value="${prediction().digit || 0}"]`).checked = true;
  options.addEventListener("change", show);
  show();
}

function addWays(list, { digits, picture }) {
  digits.forEach(([digit, way, part], index) => {
    const item = addDigit(list, picture(index), "data.way", way, { digit });
    const bar = make("i");
    const text = make("small");
    bar.style.width = `${Math.min(100, (100 * part) / FULL_BAR)}%`;
    write(text, "share", { share: share(part, 0) });
    item.append(bar, text);
  });
}

// Show the digits that visitors contributed: [digit, 784 bytes in base64] each.
async function addContributed(list) {
  const reply = await fetch("contributions/accepted", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  }).catch(() => null);
  const { digits = [] } = (reply?.ok && (await reply.json().catch(() => null))) || {};
  for (const [digit, pixels] of digits) {
    const picture = new ImageData(SIDE, SIDE);
    Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0)).forEach((level, i) =>
      picture.data.set([level, level, level, 255], 4 * i),
    );
    addDigit(list, picture, "data.one", "", { digit });
  }
  list.closest("section").hidden = !digits.length;
}

// Write a tab's numbers in the visitor's language.
function fillNumbers(root) {
  for (const number of root.querySelectorAll("[data-number], [data-share]")) {
    const { number: plain, share: percent } = number.dataset;
    const digits = ((plain ?? percent).split(".")[1] ?? "").length;
    const value = plain ? rounded(Number(plain), digits) : share(percent / 100, digits);
    write(number, "number", { number: value });
  }
  fill(root);
}

let closest = null;

// The tab Data is shown. Throws while what it needs does not come.
export async function showData(root, contributions) {
  fillNumbers(root);
  if (!closest) {
    const sets = {};
    for (const set of root.querySelectorAll("[data-set]")) sets[set.dataset.set] = set;
    const sprites = await Promise.all(["gallery", ...(sets.mnixel ? ["mnixel"] : [])].map(loadSprite));
    // An earlier attempt may have failed half-way.
    for (const set of Object.values(sets)) set.replaceChildren();
    addWays(sets.gallery, sprites[0]);
    sprites[1]?.digits.forEach(([digit], index) =>
      addDigit(sets.mnixel, sprites[1].picture(index), "data.one", "", { digit }),
    );
    if (contributions && !contributions.error) await addContributed(sets.contributed);
    filterBy(root.querySelector(".filter"), Object.values(sets), root.querySelector(".count"));
    closest = new Closest(root, sprites[0]);
    engine.addEventListener("change", () => closest.show());
  }
  closest.show();
}

// The tab Model is shown. Throws while what it needs does not come.
export async function showModel(root) {
  fillNumbers(root);
  const about = root.querySelector(".about");
  if (about.dataset.following === undefined) engine.addEventListener("change", () => describeWeights(about));
  about.dataset.following = "";
  describeWeights(about);
  const list = root.querySelector(".mistakes");
  if (!list || list.children.length) return;
  const { digits, mistakes, picture } = await loadSprite("gallery");
  mistakes.shown.forEach(([digit, way, read, sure], index) => {
    addDigit(list, picture(digits.length + index), "model.mistake", way, { digit, read, share: share(sure) });
  });
}

// Say which weights the page uses, once they have come.
function describeWeights(line) {
  const { weights: origin, parameters, problem, base, bases = [] } = engine.weights ?? {};
  if (!origin || !parameters) return;
  const isCopy = bases.length > 1 && base && !bases[0].startsWith(base);
  const key = origin === "embedded" ? "about.embedded" : isCopy ? "about.copy" : "about.origin";
  write(line.querySelector(".parameters"), key, { parameters, origin });
  write(line.querySelector(".stale"), problem ? "about.stale" : "");
}
