// Pictures instead of strokes: opened from a file, pasted, or dropped on the page.

import { make } from "../dom.js";

// Larger pictures are reduced, to spare a phone's memory.
const MOST = 1024; // pixels a side

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

// Paint a picture as large as it fits, in the middle of a square of `side` units.
export function paintPicture(paint, { image }, side) {
  // A transparent picture may have black or white ink. Both can be seen on grey.
  paint.fillStyle = "#7f7f7f";
  paint.fillRect(0, 0, side, side);
  const scale = side / Math.max(image.width, image.height);
  const width = image.width * scale;
  const height = image.height * scale;
  paint.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
}

// Call show(picture), or refuse() for a file that does not open, whenever a file is chosen in `input`, or is
// pasted or dropped on the page while `element` is visible. Only the newest file is shown.
export function acceptPictures(element, input, show, refuse) {
  // Another tab of the page takes no pictures.
  const isVisible = () => element.getClientRects().length > 0;
  let newest = null;
  const open = (file) => {
    newest = file;
    const unless = (act) => (picture) => file === newest && act(picture);
    readPicture(file).then(unless(show), unless(refuse));
  };

  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    // Without this, choosing the same file again would not be a change.
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
      // The browser would open the file in place of the page.
      event.preventDefault();
      if (kind === "drop" && isVisible()) open(event.dataTransfer.files[0]);
    });
  }
}
