// The drawing board in the page. Strokes go to the server while they are drawn; what comes back is shown at once.
//
// `element`, `server` and `props` come from gr.HTML. Coordinates are board units, as in board.py: 448 a side, y down.
// The rules: every change of the drawing raises `revision`; at most one request is under way; an answer carries the
// revision that it describes, and one that is older than what is shown is dropped; a drawing is never lost to an error.

const find = (selector) => element.querySelector(selector);
const board = find("#board"), canvas = find("#board canvas"), cursor = find(".cursor");
const prediction = find("#prediction"), preview = find("#preview canvas");
const brush = find("#brush"), topK = find("#top-k"), undoButton = find("#undo"), clearButton = find("#clear");
const fileInput = find(".picture input");

const LIMITS = props.limits, SIZE = LIMITS.size;
const PATIENCE = 8000;   // milliseconds for an answer; after that the question is asked again
const STEP = 2.5;        // board units: points nearer than this to the last add nothing that the network could see
const KEY_STEP = 8;      // board units an arrow key moves the pen; with Shift a quarter of it
const RETRIES = [300, 600, 1200, 2500, 5000];  // milliseconds before asking again when the server does not answer

let strokes = [];        // [{points: [[x, y], ...], radius}]
let notice = "";         // a sentence about what could not be done; it stands until the drawing changes
let picture = null;      // {data, image}: an opened picture instead of strokes
let revision = 0;        // of the drawing on the board
let answer = null;       // the last one from the server
let pen = null;          // pointerId, "key" or "example" while a stroke is being drawn
let replay = null;       // the timer of an example that is drawing itself
let place = [SIZE / 2, SIZE / 2];  // of the keyboard's pen
let opening = 0;         // counts what the visitor begins, so that a picture that decodes slowly cannot undo it
let byPointer = false;   // the board is being focused by a pointer, not by the Tab key

// --- drawing ---------------------------------------------------------------------------------------------------------

const paint = canvas.getContext("2d");
paint.scale(canvas.width / SIZE, canvas.height / SIZE);
paint.lineCap = paint.lineJoin = "round";

function paintStroke(stroke, from = 0) {
  const points = stroke.points, start = Math.max(0, from - 1);
  paint.strokeStyle = "#fff";
  paint.lineWidth = 2 * stroke.radius;
  paint.beginPath();
  paint.moveTo(...points[start]);
  for (const point of points.slice(start)) paint.lineTo(...point);
  if (points.length - start === 1) paint.lineTo(points[start][0] + 0.01, points[start][1]);  // a dot
  paint.stroke();
}

function repaint() {
  paint.fillStyle = picture?.seeThrough ? "#7f7f7f" : "#000";  // on grey both black and white ink can be seen
  paint.fillRect(0, 0, SIZE, SIZE);
  if (picture) {
    const { width, height } = picture.image, scale = SIZE / Math.max(width, height);
    paint.drawImage(picture.image, (SIZE - width * scale) / 2, (SIZE - height * scale) / 2, width * scale, height * scale);
  }
  strokes.forEach((stroke) => paintStroke(stroke));
}

const isEmpty = () => strokes.length === 0 && !picture;

function changed() {
  notice = "";
  revision += 1;
  board.dataset.revision = revision;
  board.classList.toggle("used", !isEmpty());
  undoButton.disabled = clearButton.disabled = isEmpty();
  ask();
}

function isFull(extra = 0) {  // whether the server would refuse another point, `extra` board units farther
  let points = 0, length = extra;
  for (const stroke of strokes) {
    points += stroke.points.length;
    length += stroke.length;
  }
  return points >= LIMITS.max_points || length > LIMITS.max_length;
}

function begin(who, point, radius) {
  opening += 1;
  if (isFull() || strokes.length >= LIMITS.max_strokes) return tell(FULL);
  if (picture) clearBoard();
  pen = who;
  strokes.push({ points: [point], radius, length: 0 });
  paintStroke(strokes.at(-1));
  changed();
}

function extend(points, last = false) {
  const stroke = strokes.at(-1), from = stroke.points.length;
  let full = false;
  for (const point of points) {
    const [x, y] = stroke.points.at(-1);
    const moved = Math.hypot(point[0] - x, point[1] - y);
    if (moved < STEP && !(last && moved > 0.2)) continue;
    if (isFull(moved)) {
      full = true;
      break;
    }
    stroke.points.push(point);
    stroke.length += moved;
  }
  if (stroke.points.length > from) {
    paintStroke(stroke, from);
    changed();
  }
  if (full) {
    pen = null;
    tell(FULL);
  }
}

function clearBoard() {
  strokes = []; picture = null; pen = null;
  repaint();
}

function clear() {
  opening += 1;
  stopReplay();
  if (isEmpty()) return;
  clearBoard();
  changed();
}

function undo() {
  stopReplay();
  if (isEmpty()) return;
  picture = null; pen = null;
  strokes.pop();
  repaint();
  changed();
}

// --- mouse, finger and pen -------------------------------------------------------------------------------------------

function toBoard(event) {
  const box = canvas.getBoundingClientRect();
  const unit = (value, low, length) => Math.round(((value - low) / length) * SIZE * 10) / 10;
  return [unit(event.clientX, box.left, box.width), unit(event.clientY, box.top, box.height)];
}

canvas.addEventListener("pointerdown", (event) => {
  // A second finger, a palm beside the pen, or another button draws nothing.
  if (!event.isPrimary || event.button !== 0 || typeof pen === "number") return;
  event.preventDefault();
  byPointer = true;
  canvas.focus({ preventScroll: true });
  byPointer = false;
  board.classList.remove("keyed");
  if (replay) clear();
  liftKey();
  canvas.setPointerCapture(event.pointerId);
  begin(event.pointerId, toBoard(event), Number(brush.value));
});

canvas.addEventListener("pointermove", (event) => {
  if (pen !== event.pointerId) return;
  if (event.buttons === 0) { pen = null; return; }  // lifted where this page was not told of it
  const steps = event.getCoalescedEvents?.() ?? [];
  extend((steps.length ? steps : [event]).map(toBoard));
});

for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(end, (event) => {
    if (pen !== event.pointerId) return;
    if (end === "pointerup") extend([toBoard(event)], true);  // a stroke that is cut short keeps what was drawn
    pen = null;
  });
}
canvas.addEventListener("contextmenu", (event) => event.preventDefault());  // a long press draws
// Older browsers know no touch-action: none.
canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

// --- keyboard --------------------------------------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function showCursor(visible) {
  cursor.hidden = !visible;
  cursor.style.left = `${(100 * place[0]) / SIZE}%`;
  cursor.style.top = `${(100 * place[1]) / SIZE}%`;
  cursor.classList.toggle("down", pen === "key");
}

function liftKey() {
  if (pen === "key") pen = null;
  showCursor(false);
}

canvas.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { clear(); showCursor(true); }
  else if (event.key === "Backspace" || (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey))) undo();
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === " ") {
    if (replay) clear();
    if (event.repeat) { /* held down: the pen stays as it is */ }
    else if (pen === "key") pen = null;
    else if (pen === null) begin("key", [...place], Number(brush.value));
    showCursor(true);
  } else if (ARROWS[event.key]) {
    const step = event.shiftKey ? KEY_STEP / 4 : KEY_STEP;
    place = place.map((value, axis) => Math.min(SIZE, Math.max(0, value + step * ARROWS[event.key][axis])));
    if (pen === "key") extend([[...place]], true);
    showCursor(true);
  } else return;
  event.preventDefault();
});
canvas.addEventListener("focus", () => {
  board.classList.toggle("keyed", !byPointer);
  if (!byPointer) showCursor(true);
});
canvas.addEventListener("blur", () => { board.classList.remove("keyed"); liftKey(); });

undoButton.addEventListener("click", undo);
clearButton.addEventListener("click", clear);
brush.addEventListener("input", () => { brush.nextElementSibling.value = brush.value; });
topK.addEventListener("input", () => { topK.nextElementSibling.value = topK.value; show(); });

// --- asking and showing ----------------------------------------------------------------------------------------------

let asking = false, attempt = 0, timer = null;

async function ask() {
  if (isEmpty()) {  // nothing to ask: what is still under way is older than this and will be dropped
    answer = { revision, empty: true };
    return show();
  }
  if (asking || timer) return;
  asking = true;
  const asked = revision;
  let reply = null;
  try {
    const drawing = strokes.map(({ points, radius }) => ({ points, radius }));
    const question = server.recognise({ revision: asked, strokes: drawing, picture: picture?.data ?? null });
    reply = await Promise.race([question, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  } catch (error) {
    console.warn("recognise:", error);
  }
  asking = false;
  if (!reply || typeof reply !== "object" || reply.revision !== asked) {
    if (revision !== asked && isEmpty()) return;
    const wait = RETRIES[Math.min(attempt, RETRIES.length - 1)];
    attempt += 1;
    if (attempt > 1) say("The server does not answer. Your drawing is kept; asking again.");
    timer = setTimeout(() => { timer = null; ask(); }, wait);
    return;
  }
  attempt = 0;
  if (!answer || reply.revision > answer.revision) {
    answer = reply;
    show();
  }
  if (revision !== asked) ask();
}

const FULL = "The board is full: undo or clear to go on.";

function tell(sentence) {
  notice = sentence;
  show();
}

function say(sentence) {
  const line = find(".sentence");
  if (line.textContent !== sentence) line.textContent = sentence;  // else a screen reader says it again
}

const named = (digit) => `${digit === "8" ? "an" : "a"} ${digit}`;

const percent = (value) => (value >= 0.9995 ? "100 %" : value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(1)} %`);

function show() {
  const { empty, error, digit, confidences = [], pixels } = answer ?? { empty: true };
  prediction.dataset.digit = digit ?? "";
  prediction.dataset.confidence = confidences.length ? confidences[0].confidence.toFixed(4) : "";
  prediction.dataset.revision = answer?.revision ?? 0;
  find(".digit").textContent = digit ?? "?";
  prediction.classList.toggle("blank", !confidences.length);
  if (notice) say(notice);
  else if (error) say(error);
  else if (empty) say("Draw a digit, 0 to 9.");
  else if (digit) say(`This is ${named(digit)}.`);
  else say(`Not sure: ${named(confidences[0].label)}, or ${named(confidences[1].label)}?`);
  const bars = find(".bars");
  bars.style.setProperty("--rows", topK.value);  // so that the page does not move when the first stroke is answered
  bars.replaceChildren(...confidences.slice(0, Number(topK.value)).map(({ label, confidence }) => {
    const row = document.createElement("li"), track = document.createElement("span"), fill = document.createElement("i");
    const name = document.createElement("b"), value = document.createElement("span");
    [name.textContent, value.textContent] = [label, percent(confidence)];
    track.className = "track"; value.className = "value";
    fill.style.width = `${100 * confidence}%`;
    track.append(fill);
    row.append(name, track, value);
    return row;
  }));
  showPixels(pixels);
}

function showPixels(pixels) {
  const context = preview.getContext("2d"), image = context.createImageData(28, 28);
  for (let i = 0; i < 28 * 28; i += 1) {
    image.data.fill(pixels ? pixels[i] : 0, 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// --- examples --------------------------------------------------------------------------------------------------------

function stopReplay() {
  clearInterval(replay);
  replay = null;
  if (pen === "example") pen = null;
}

function play(drawing) {
  clear();
  const steps = drawing.flatMap((points) => points.map((point, index) => ({ point, first: index === 0 })));
  const draw = () => {
    const { point, first } = steps.shift();
    if (first) { pen = null; begin("example", point, props.example_radius); } else extend([point], true);
    if (!steps.length) stopReplay();
  };
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) while (steps.length) draw();
  else replay = setInterval(draw, 16);
}

for (const { digit, strokes: drawing } of props.examples) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", `Draw an example ${digit}`);
  const lines = drawing.map((points) => `<polyline points="${points.map((point) => point.join(",")).join(" ")}"/>`);
  button.innerHTML = `<svg viewBox="0 0 ${SIZE} ${SIZE}" aria-hidden="true">${lines.join("")}</svg>`;
  button.addEventListener("click", () => play(drawing));
  find(".examples").append(button);
}

// --- pictures --------------------------------------------------------------------------------------------------------

async function open(file) {
  opening += 1;
  const mine = opening;
  let image;
  try {
    image = await createImageBitmap(file);  // also turns a photograph upright
  } catch {
    return tell("This browser cannot open that file as a picture; try a PNG or a JPEG. The board is as it was.");
  }
  if (mine !== opening) return;  // meanwhile something else was begun
  stopReplay();
  const scale = Math.min(1, LIMITS.max_picture / Math.max(image.width, image.height));
  const copy = document.createElement("canvas");
  copy.width = Math.max(LIMITS.min_picture, Math.round(image.width * scale));
  copy.height = Math.max(LIMITS.min_picture, Math.round(image.height * scale));
  const context = copy.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, copy.width, copy.height);
  clearBoard();
  const alpha = context.getImageData(0, 0, copy.width, copy.height).data.filter((_, index) => index % 4 === 3);
  picture = { data: copy.toDataURL("image/png"), image: copy, seeThrough: alpha.some((value) => value < 250) };
  repaint();
  changed();
}

fileInput.addEventListener("change", () => {
  if (fileInput.files.length) open(fileInput.files[0]);
  fileInput.value = "";  // so that the same file can be opened again
});

const isPicture = (file) => file.type.startsWith("image/");
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find(isPicture);
  if (!file || !element.isConnected) return;
  event.preventDefault();
  open(file);
});
element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file) open(file);
});

repaint();
show();
