// Pictures instead of strokes: opened from a file, pasted, or dropped on the page.

import { make } from "../dom.js";

const MOST = 1024; // pixels a side: a larger picture is reduced, to spare a phone's memory
const LEAST = 8; // pixels a side of the opened picture, as in Python

// The picture in a file: {pixels: ImageData, image: canvas, seeThrough: whether it is transparent anywhere}.
// Throws an Error, which may have a `sentence` that says why.
async function readPicture(file) {
  // This also turns a photograph upright.
  const image = await createImageBitmap(file);
  const { width, height } = image;
  if (Math.min(width, height) < LEAST)
    throw Object.assign(new Error("small"), { sentence: ["picture.small", { width, height, least: LEAST }] });
  const scale = Math.min(1, MOST / Math.max(width, height));
  const side = (length) => Math.max(LEAST, Math.round(length * scale));
  const copy = make("canvas", { width: side(width), height: side(height) });
  const context = copy.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, copy.width, copy.height);
  image.close();
  const pixels = context.getImageData(0, 0, copy.width, copy.height);
  const seeThrough = pixels.data.some((value, index) => index % 4 === 3 && value < 250);
  return { pixels, image: copy, seeThrough };
}

// Paint a picture of readPicture whole, in the middle of a square of `side` units.
export function paintPicture(paint, { image, seeThrough }, side) {
  // Both black and white ink can be seen on grey.
  paint.fillStyle = seeThrough ? "#7f7f7f" : "#000";
  paint.fillRect(0, 0, side, side);
  const scale = side / Math.max(image.width, image.height);
  const width = image.width * scale;
  const height = image.height * scale;
  paint.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
}

// Call show(picture) or refuse(sentence) for every picture that is chosen in `input`, or that is pasted into
// or dropped on the page while `element` is visible. Returns a function that calls off a picture that is
// being read.
export function acceptPictures(element, input, show, refuse) {
  let newest = 0;
  // A picture is not taken while another tab of the page is open.
  const isVisible = () => element.getClientRects().length > 0;

  async function open(file) {
    newest += 1;
    const mine = newest;
    try {
      const picture = await readPicture(file);
      if (mine === newest) show(picture);
    } catch (error) {
      refuse(error.sentence ?? ["picture.unreadable"]);
    }
  }

  const openChosen = () => {
    if (input.files.length) open(input.files[0]);
    // The same file can be opened again.
    input.value = "";
  };
  input.addEventListener("change", openChosen);
  // A visitor may have chosen one before the page had started.
  openChosen();
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file || !isVisible()) return;
    event.preventDefault();
    open(file);
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    // A file that is dropped beside the board must not replace the page.
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length && isVisible()) open(event.dataTransfer.files[0]);
  });
  return () => {
    newest += 1;
  };
}
