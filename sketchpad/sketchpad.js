// The page's drawing board with its answer. Strokes go to the server while they are drawn; what comes back is shown at once.
//
// `element`, `server` and `props` come from gr.HTML; board.js stands before this file. The rules: every change of the drawing
// raises `revision`; at most one request is under way; an answer carries the revision that it describes, and one that is older
// than what is shown is dropped; a drawing is never lost to an error.

const find = (selector) => element.querySelector(selector);
const root = find("#board"), prediction = find("#prediction"), preview = find("#preview canvas");
const brush = find("#brush"), topK = find("#top-k"), undoButton = find("#undo"), clearButton = find("#clear");
const fileInput = find(".picture input"), feedback = find(".feedback");

const LIMITS = props.limits, SIZE = LIMITS.size;

let notice = "";         // a sentence about what could not be done; it stands until the drawing changes
let picture = null;      // {data, image}: an opened picture instead of strokes
let replaced = null;     // the picture that strokes were begun upon
let revision = 0;        // of the drawing on the board
let answer = null;       // the last one from the server
let replay = null;       // the timer of an example that is drawing itself
let example = false;     // whether the drawing is an example, and so nobody's handwriting
let opening = 0;         // counts what the visitor begins, so that a picture that decodes slowly cannot undo it

// --- drawing ---------------------------------------------------------------------------------------------------------

const board = makeBoard(root, { brush, undoButton, clearButton }, LIMITS, {
  changed,
  full: () => tell(FULL),
  lifted,
  began() {
    opening += 1;
    if (replay) clear();
    if (!picture) return;
    [picture, replaced] = [null, picture];
    board.repaint();
  },
  background(paint) {
    if (!picture) return;
    paint.fillStyle = picture.seeThrough ? "#7f7f7f" : "#000";  // on grey both black and white ink can be seen
    paint.fillRect(0, 0, SIZE, SIZE);
    const { width, height } = picture.image, scale = SIZE / Math.max(width, height);
    paint.drawImage(picture.image, (SIZE - width * scale) / 2, (SIZE - height * scale) / 2, width * scale, height * scale);
  },
  clear,
  undo,
});

const isEmpty = () => board.strokes.length === 0 && !picture;

function changed() {
  notice = "";
  revision += 1;
  if (isEmpty()) example = false;
  root.dataset.revision = revision;
  root.classList.toggle("used", !isEmpty());
  undoButton.disabled = clearButton.disabled = isEmpty();
  ask();
}

function clearBoard() {
  picture = replaced = null;
  example = false;
  board.wipe();
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
  board.pen = null;
  board.strokes.pop();
  if (!board.strokes.length) [picture, replaced] = [replaced, null];
  board.repaint();
  changed();
}

topK.addEventListener("input", () => {
  topK.nextElementSibling.value = topK.value;
  const place = topK.getBoundingClientRect().top;
  show();
  scrollBy(0, topK.getBoundingClientRect().top - place);  // the slider stays under the finger that moves it
});

// --- asking and showing ----------------------------------------------------------------------------------------------

const BUSY = 1000;  // milliseconds after which a busy server is asked again, at the soonest
const PACE = 33;  // milliseconds between two questions while the pen is down: nobody reads faster
let asking = false, attempt = 0, timer = null, due = 0, paced = false;

function later(milliseconds, forPace = false) {
  paced = forPace;
  timer = setTimeout(() => { timer = null; ask(); }, milliseconds);
}

function lifted() {  // the answer is wanted at once
  if (!timer || !paced) return;
  clearTimeout(timer);
  timer = null;
  ask();
}

async function ask() {
  if (isEmpty()) {  // nothing to ask: what is still under way is older than this and will be dropped
    answer = { revision, empty: true };
    return show();
  }
  if (asking || timer) return;
  const soon = board.pen === null ? 0 : due - performance.now();
  if (soon > 1) return later(soon, true);
  asking = true;
  const asked = revision, start = performance.now();
  let reply = null;
  try {
    reply = await inTime(server.recognise({ revision: asked, strokes: board.drawing(), picture: picture?.data ?? null }));
  } catch (error) {
    console.warn("recognise:", error);
  }
  asking = false;
  if (!reply || typeof reply !== "object" || reply.revision !== asked) {
    if (revision !== asked && isEmpty()) return;
    const wait = RETRIES[Math.min(attempt, RETRIES.length - 1)];
    attempt += 1;
    if (attempt > 1) say("The server does not answer. Your drawing is kept; asking again.");
    return later(wait);
  }
  if (reply.busy) {  // the last answer stays; who asks again does so at another time than the others
    say(reply.error);
    return later(BUSY * (1 + Math.random()));
  }
  attempt = 0;
  due = performance.now() + Math.max(PACE, performance.now() - start) / 2;  // a slow server is asked less often
  if (!answer || reply.revision > answer.revision) {
    answer = reply;
    show();
  }
  if (revision !== asked) ask();
}

function tell(sentence) {
  notice = sentence;
  show();
}

function say(sentence) {
  const line = find(".sentence");
  if (line.textContent !== sentence) line.textContent = sentence;  // else a screen reader says it again
}

const named = (digit) => `${digit === "8" ? "an" : "a"} ${digit}`;

const LIKELY = 0.8;  // below it the sentence says "Probably"

const percent = (value) => (value > 0.999 ? "> 99.9 %" : value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(1)} %`);

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
  else if (digit) say(`${confidences[0].confidence < LIKELY ? "Probably" : "This is"} ${named(digit)}.`);
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
  showPixels(preview, pixels);
  offerFeedback();
}

// --- right or wrong --------------------------------------------------------------------------------------------------

// Who has agreed to contribute may say whether the answer is right: the drawing is then kept with that label.
const rightButton = find(".right"), wrongChoice = find(".wrong");
let judged = -1;               // the revision about which something was said
let id = "", named_at = -1;    // of the drawing that is sent, and the revision that it is of

function offerFeedback() {
  feedback.hidden = !receipt.get();
  const ready = !example && !picture && !isEmpty() && judged !== revision && answer?.revision === revision && Boolean(answer.confidences);
  rightButton.disabled = !(ready && answer.digit);
  wrongChoice.disabled = !ready;
}

async function label(digit) {
  const mine = revision;
  if (named_at !== mine) [id, named_at] = [newId(), mine];  // the same drawing is kept once, however often it is sent
  judged = mine;
  offerFeedback();
  const question = { receipt: receipt.get(), id, label: digit, strokes: board.drawing(true), confirmed: true, source: "recognise" };
  let reply = null;
  for (const wait of [...RETRIES, 0]) {
    if (receipt.get() !== question.receipt) break;  // stopped meanwhile
    reply = await inTime(server.keep(question)).catch(() => null);
    if (reply || !wait) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  const refused = !reply ? "The server does not answer; it is not known whether the drawing was kept." : reply.error ?? reply.ask;
  if (refused && judged === mine) judged = -1;
  if (!refused) window.dispatchEvent(new CustomEvent(KEPT, { detail: reply }));
  if (revision === mine || refused) tell(refused ?? `${reply.waiting ? "Being saved" : "Saved"} as ${named(digit)}, thanks.`);
}

rightButton.addEventListener("click", () => label(answer.digit));
wrongChoice.addEventListener("change", () => {
  if (wrongChoice.value) label(wrongChoice.value);
  wrongChoice.value = "";
});
window.addEventListener(RECEIPT, offerFeedback);

// --- examples --------------------------------------------------------------------------------------------------------

function stopReplay() {
  clearInterval(replay);
  replay = null;
  if (board.pen === "example") board.pen = null;
}

function play(drawing) {
  clear();
  example = true;
  const steps = drawing.flatMap((points) => points.map((point, index) => ({ point, first: index === 0 })));
  const draw = () => {
    const { point, first } = steps.shift();
    if (first) { board.pen = null; board.begin("example", point, props.example_radius); } else board.extend([point], true);
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
  board.repaint();
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

board.repaint();
show();
