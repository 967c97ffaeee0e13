// The board: strokes by mouse, finger, pen and keys on a canvas. What is done with them is its owner's business.
//
// Coordinates are board units, as in board.py: 448 a side, y down. A stroke is {points: [[x, y], ...], radius, times}, times in
// milliseconds since the drawing was begun. Every change can be undone: a stroke, clearing, a picture, an example.
// `hooks`: changed() after every change, full() when nothing more goes on the board, began() before a hand starts a stroke, lifted() after it,
// background(paint, picture) for what lies under the strokes. `maxPoints` bounds a drawing more narrowly than the network does.

import { LIMITS } from "./digit.js";

export const SIZE = LIMITS.size;
export const FULL = "board.full"; // what is then said
const STEP = 2.5; // board units: points nearer than this to the last add nothing that the network could see
const MEASURED = 100; // milliseconds for which the place of the board on the screen is remembered
const HISTORY = 500; // changes that can be undone
const KEY_STEP = 8; // board units an arrow key moves the pen; with Shift a quarter of it

export function makeBoard(root, controls, hooks, maxPoints = LIMITS.maxPoints) {
  const canvas = root.querySelector("canvas"),
    cursor = root.querySelector(".cursor");
  const { brush, undoButton, clearButton } = controls;
  // pen: pointerId, "key" or "example" while a stroke is drawn; picture: what lies under the strokes; example: whether the drawing
  // is nobody's handwriting
  const board = { strokes: [], picture: null, example: false, pen: null, locked: false, canvas };
  let history = []; // what the board was before each change
  let place = [SIZE / 2, SIZE / 2]; // of the keyboard's pen
  let byPointer = false; // the board is being focused by a pointer, not by the Tab key
  let started = 0; // when the drawing was begun

  canvas.width = canvas.height = SIZE * (devicePixelRatio > 1 ? 2 : 1); // more pixels than the screen's cost a frame its time
  const paint = canvas.getContext("2d");
  paint.scale(canvas.width / SIZE, canvas.height / SIZE);
  paint.lineCap = paint.lineJoin = "round";

  function paintStroke(stroke, from = 0) {
    const points = stroke.points,
      start = Math.max(0, from - 1);
    paint.strokeStyle = "#fff";
    paint.lineWidth = 2 * stroke.radius;
    paint.beginPath();
    paint.moveTo(...points[start]);
    for (const point of points.slice(start)) paint.lineTo(...point);
    if (points.length - start === 1) paint.lineTo(points[start][0] + 0.01, points[start][1]); // a dot
    paint.stroke();
  }

  board.repaint = () => {
    paint.fillStyle = "#000";
    paint.fillRect(0, 0, SIZE, SIZE);
    if (board.picture) hooks.background(paint, board.picture);
    board.strokes.forEach((stroke) => paintStroke(stroke));
  };

  function isFull(extra = 0) {
    // whether another point, `extra` board units farther, would be refused
    let points = 0,
      length = extra;
    for (const stroke of board.strokes) {
      points += stroke.points.length;
      length += stroke.length;
    }
    return points >= maxPoints || length > LIMITS.maxLength;
  }

  const remember = () => {
    history = [
      ...history.slice(1 - HISTORY),
      { strokes: [...board.strokes], picture: board.picture, example: board.example },
    ];
  };

  const now = () => Math.round(performance.now() - started);

  board.begin = (who, point, radius) => {
    if (board.locked) return;
    if (isFull() || board.strokes.length >= LIMITS.maxStrokes) return void hooks.full();
    if (who !== "example") {
      remember();
      if (board.picture) {
        board.picture = null;
        board.repaint();
      }
    }
    if (!board.strokes.length) started = performance.now();
    board.pen = who;
    board.strokes.push({ points: [point], radius, times: [now()], length: 0 });
    paintStroke(board.strokes.at(-1));
    hooks.changed();
  };

  function lift() {
    board.pen = null;
    hooks.lifted?.();
  }

  board.extend = (points, last = false) => {
    const stroke = board.strokes.at(-1),
      from = stroke.points.length;
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
      stroke.times.push(now());
      stroke.length += moved;
    }
    if (stroke.points.length > from) {
      paintStroke(stroke, from);
      hooks.changed();
    }
    if (full) {
      board.pen = null;
      hooks.full();
    }
  };

  function put({ strokes = [], picture = null, example = false }) {
    Object.assign(board, { strokes, picture, example, pen: null });
    board.repaint();
  }

  // Put a picture, or an example that begins, in place of what is there.
  board.replace = (content) => {
    remember();
    put(content);
    hooks.changed();
  };

  // A new sheet: what was there cannot be brought back.
  board.wipe = () => {
    history = [];
    put({});
  };

  board.isEmpty = () => !board.strokes.length && !board.picture;
  board.canUndo = () => history.length > 0;

  board.clear = () => {
    if (!board.locked && !board.isEmpty()) board.replace({});
  };

  board.undo = () => {
    if (board.locked || !board.canUndo()) return;
    put(history.pop());
    hooks.changed();
  };

  board.drawing = (timed = false) =>
    board.strokes.map(({ points, radius, times }) =>
      timed ? { points, radius, times } : { points, radius },
    );

  board.focus = () => {
    // as a pointer would: who uses keys sees the pen with the first arrow
    byPointer = true;
    canvas.focus({ preventScroll: true });
    byPointer = false;
  };

  // --- mouse, finger and pen ---

  let box = null,
    measured = 0; // of the canvas on the screen: asking makes the browser lay out the page, too much for each move

  function toBoard(event) {
    if (event.type === "pointerdown" || performance.now() > measured + MEASURED) {
      box = canvas.getBoundingClientRect();
      measured = performance.now();
    }
    const unit = (value, low, length) => Math.round(((value - low) / length) * SIZE * 10) / 10;
    return [unit(event.clientX, box.left, box.width), unit(event.clientY, box.top, box.height)];
  }

  canvas.addEventListener("pointerdown", (event) => {
    // A second finger, a palm beside the pen, or another button draws nothing.
    if (!event.isPrimary || event.button !== 0 || typeof board.pen === "number") return;
    event.preventDefault();
    board.focus();
    root.classList.remove("keyed");
    hooks.began?.();
    liftKey();
    canvas.setPointerCapture(event.pointerId);
    board.begin(event.pointerId, toBoard(event), Number(brush.value));
  });

  canvas.addEventListener("pointermove", (event) => {
    if (board.pen !== event.pointerId) return;
    if (event.buttons === 0) return lift(); // where this page was not told of it
    const steps = event.getCoalescedEvents?.() ?? [];
    board.extend((steps.length ? steps : [event]).map(toBoard));
  });

  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      if (board.pen !== event.pointerId) return;
      if (end === "pointerup") board.extend([toBoard(event)], true); // a stroke that is cut short keeps what was drawn
      lift();
    });
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press draws
  // Older browsers know no touch-action: none.
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

  // --- keyboard ---

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function showCursor(visible) {
    cursor.hidden = !visible;
    cursor.style.left = `${(100 * place[0]) / SIZE}%`;
    cursor.style.top = `${(100 * place[1]) / SIZE}%`;
    cursor.classList.toggle("down", board.pen === "key");
  }

  function liftKey() {
    if (board.pen === "key") lift();
    showCursor(false);
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      board.clear();
      showCursor(true);
    } else if (
      event.key === "Backspace" ||
      (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey))
    )
      board.undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === " ") {
      if (!event.repeat) {
        // held down, the pen stays as it is
        hooks.began?.();
        if (board.pen === "key") lift();
        else if (board.pen === null) board.begin("key", [...place], Number(brush.value));
      }
      showCursor(true);
    } else if (ARROWS[event.key]) {
      const step = event.shiftKey ? KEY_STEP / 4 : KEY_STEP;
      place = place.map((value, axis) => Math.min(SIZE, Math.max(0, value + step * ARROWS[event.key][axis])));
      if (board.pen === "key") board.extend([[...place]], true);
      showCursor(true);
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    root.classList.toggle("keyed", !byPointer);
    if (!byPointer) showCursor(true);
  });
  canvas.addEventListener("blur", () => {
    root.classList.remove("keyed");
    liftKey();
  });

  undoButton.addEventListener("click", () => board.undo());
  clearButton.addEventListener("click", () => board.clear());
  brush.addEventListener("input", () => {
    brush.nextElementSibling.value = brush.value;
  });
  return board;
}

export function showPixels(canvas, pixels, full = 1) {
  // 784 numbers 0..full, or nothing, on a canvas of 28x28
  const context = canvas.getContext("2d"),
    image = context.createImageData(28, 28);
  for (let i = 0; i < 28 * 28; i += 1) {
    image.data.fill(pixels ? Math.round((255 * pixels[i]) / full) : 0, 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
