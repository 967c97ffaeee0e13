// The tabs Data and Model: digits that the program drew, those closest to the visitor's drawing, and those
// that the network misread. The charts around them are in the page already.

import { make } from "../dom.js";
import { engine } from "../read/engine.js";
import { rounded, share, write } from "../words.js";

// The side of a digit.
const SIDE = 28; // pixels
// This many digits are shown as closest.
const NEAREST = 5;
// The worker reads this many pictures at once, while a drawing has to wait.
const AT_ONCE = 12;
// The bar of an allograph is full at this share of the digit's drawings.
const FULL_BAR = 0.2;
const prediction = () => document.querySelector("#prediction").dataset;

// The digits that web/gallery.py drew: {digits: [[digit, way, share], ...], mistakes, picture(index)}. A
// picture is an ImageData; the mistakes' pictures follow those of the digits.
async function loadGallery() {
  const image = make("img", { src: new URL("gallery.png", import.meta.url) });
  const [reply] = await Promise.all([fetch(new URL("gallery.json", import.meta.url)), image.decode()]);
  const about = await reply.json();
  const { width, height } = image;
  const paint = make("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  paint.drawImage(image, 0, 0);
  const picture = (index) => {
    const [left, top] = [index % about.columns, Math.floor(index / about.columns)];
    return paint.getImageData(left * SIDE, top * SIDE, SIDE, SIDE);
  };
  return { ...about, picture };
}

// Write a sentence in which {way} is the name of an allograph.
function describe(element, key, way, values) {
  const name = make("span");
  name.dataset.slot = "way";
  write(name, way && `way.${way}`);
  element.replaceChildren(name);
  write(element, key, values);
}

// Add a picture of a digit to a list, with a sentence below it, which is the digit if there is no key.
function addDigit(list, picture, digit, key = "value", way = "", values = {}) {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  const caption = make("span");
  canvas.setAttribute("aria-hidden", "true");
  const item = make("li", {}, canvas, caption);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  describe(caption, key, way, { digit, value: digit, ...values });
  item.dataset.digit = digit;
  list.append(item);
  return item;
}

// The averages of the network's last maps for each picture, as a vector of length 1. Of the questions under
// one name, only the newest is answered.
async function featuresOf(name, pictures) {
  const { averages } = await engine.read(name, { pictures });
  return averages.map((data) => data.map((value) => value / Math.hypot(...data)));
}

// Returns a function that shows which of the gallery's digits are closest to the drawing on the board. The
// worker reads the gallery a few digits at a time, once the tab is opened, so that a drawing never waits.
function findClosest(root, { digits, picture }) {
  const list = root.querySelector(".closest");
  const status = root.querySelector(".closest-says");
  const features = [];
  // Resolves when all features are there.
  let reading = null;

  async function readAll() {
    while (features.length < digits.length) {
      const some = digits.slice(features.length, features.length + AT_ONCE);
      const pictures = some.map((_, i) => picture(features.length + i));
      features.push(...(await featuresOf("gallery", pictures)));
    }
  }

  return async () => {
    const { digit: answer, reading: kind, taught } = prediction();
    if (engine.state === "ready") reading ??= readAll();
    if (engine.state !== "ready" || kind === "empty") {
      list.replaceChildren();
      return write(status, "data.closest.none");
    }
    if (features.length < digits.length) write(status, "data.closest.busy", { count: digits.length });
    const preview = document.querySelector("#preview canvas").getContext("2d").getImageData(0, 0, SIDE, SIDE);
    const [mine] = await featuresOf("mine", [preview]);
    await reading;
    const alike = features.map((theirs) => theirs.reduce((sum, value, i) => sum + value * mine[i], 0));
    const best = [...digits.keys()].sort((a, b) => alike[b] - alike[a]).slice(0, NEAREST);
    list.replaceChildren();
    addDigit(list, preview, "", "data.mine").className = "yours";
    for (const index of best) addDigit(list, picture(index), digits[index][0], "data.way", digits[index][1]);
    const [digit, way] = digits[best[0]];
    let sentence = answer === "" || answer === digit ? "data.closest.found" : "data.closest.other";
    if (taught === "true") sentence = "data.closest.taught";
    describe(status, sentence, way, { digit, answer });
  };
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

function addGallery(list, { digits, picture }) {
  digits.forEach(([digit, way, part], index) => {
    const item = addDigit(list, picture(index), digit, "data.way", way);
    const bar = make("i");
    const text = make("small");
    bar.style.width = `${Math.min(100, (100 * part) / FULL_BAR)}%`;
    write(text, "value", { value: share(part, 0) });
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
    addDigit(list, picture, digit);
  }
  list.closest("section").hidden = !digits.length;
}

// Write a tab's numbers in the visitor's language.
function fillNumbers(root) {
  for (const number of root.querySelectorAll("[data-number], [data-share]")) {
    const { number: plain, share: percent } = number.dataset;
    const digits = ((plain ?? percent).split(".")[1] ?? "").length;
    write(number, "value", { value: plain ? rounded(Number(plain), digits) : share(percent / 100, digits) });
  }
}

// Fill the tab Data. Throws if the gallery does not load. Returns the function that updates the tab whenever
// it is opened.
export async function mountData(root, contributions) {
  fillNumbers(root);
  const lists = ["gallery", "contributed"].map((name) => root.querySelector(`[data-set=${name}]`));
  const gallery = await loadGallery();
  addGallery(lists[0], gallery);
  if (contributions && !contributions.error) await addContributed(lists[1]);
  filterBy(root.querySelector(".filter"), lists, root.querySelector(".count"));
  const show = findClosest(root, gallery);
  engine.addEventListener("change", show);
  return show;
}

// Fill the tab Model. Throws if the gallery does not load.
export async function mountModel(root) {
  fillNumbers(root);
  const list = root.querySelector(".mistakes");
  const { digits, mistakes, picture } = list ? await loadGallery() : { mistakes: { shown: [] } };
  mistakes.shown.forEach(([digit, way, read, sure], index) => {
    const values = { read, share: share(sure) };
    addDigit(list, picture(digits.length + index), digit, "model.mistake", way, values);
  });
  const describeAgain = () => describeWeights(root.querySelector(".about"));
  engine.addEventListener("change", describeAgain);
  describeAgain();
}

// Say which weights the page uses, once they are loaded.
function describeWeights(line) {
  const { weights: origin, parameters, problem, base, bases = [] } = engine.weights ?? {};
  if (!origin || !parameters) return;
  const isCopy = bases.length > 1 && base && !bases[0].startsWith(base);
  const key = origin === "embedded" ? "about.embedded" : isCopy ? "about.copy" : "about.origin";
  write(line.querySelector(".parameters"), key, { parameters, origin });
  write(line.querySelector(".stale"), problem ? "about.stale" : "");
}
