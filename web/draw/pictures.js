// Pictures instead of strokes: opened from a file, pasted, or dropped on the page.

import { make } from "../dom.js";

const MOST = 1024; // pixels a side: a larger picture is reduced, to spare a phone's memory

// The picture in a file: {pixels: ImageData, image: canvas}.
async function readPicture(file) {
  // This also turns a photograph upright.
  const image = await createImageBitmap(file);
  const scale = Math.min(1, MOST / Math.max(image.width, image.height));
  const side = (length) => Math.max(1, Math.round(length * scale));
  const copy = make("canvas", { width: side(image.width), height: side(image.height) });
  const context = copy.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, copy.width, copy.height);
  return { pixels: context.getImageData(0, 0, copy.width, copy.height), image: copy };
}

// Paint a picture of readPicture whole, in the middle of a square of `side` units.
export function paintPicture(paint, { image }, side) {
  // Both black and white ink of a transparent picture can be seen on grey.
  paint.fillStyle = "#7f7f7f";
  paint.fillRect(0, 0, side, side);
  const scale = side / Math.max(image.width, image.height);
  const width = image.width * scale;
  const height = image.height * scale;
  paint.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
}

// Call show(picture) or refuse() for every picture that is chosen in `input`, or that is pasted into
// or dropped on the page while `element` is visible.
export function acceptPictures(element, input, show, refuse) {
  // A picture is not taken while another tab of the page is open.
  const isVisible = () => element.getClientRects().length > 0;
  const open = (file) => readPicture(file).then(show, refuse);

  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    // The same file can be opened again.
    input.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file || !isVisible()) return;
    event.preventDefault();
    open(file);
  });
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      // A file that is dropped beside the board must not replace the page.
      event.preventDefault();
      if (kind === "drop" && isVisible()) open(event.dataTransfer.files[0]);
    });
  }
}
