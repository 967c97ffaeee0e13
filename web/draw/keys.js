// Drawing by keyboard: arrows move a pen, Space puts it down or lifts it, Backspace undoes, Escape clears.

import { LIMITS } from "../read/digit.js";

const { size: SIZE } = LIMITS;
// An arrow key moves the pen this far; with Shift, it moves a quarter of it.
const STEP = 8; // board units
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Draw on the board by keyboard while its canvas has the focus. Returns {rest()}, which lifts and hides the
// pen.
export function listenToKeys(board) {
  const { canvas, root } = board;
  const cursor = root.querySelector(".cursor");
  let place = [SIZE / 2, SIZE / 2];

  function show(visible) {
    cursor.hidden = !visible;
    cursor.style.left = `${(100 * place[0]) / SIZE}%`;
    cursor.style.top = `${(100 * place[1]) / SIZE}%`;
    cursor.classList.toggle("down", board.pen === "key");
  }

  function rest() {
    if (board.pen === "key") board.lift();
    root.classList.remove("keyed");
    show(false);
  }

  function move([x, y], step) {
    const held = (value) => Math.min(SIZE, Math.max(0, value));
    place = [held(place[0] + step * x), held(place[1] + step * y)];
    if (board.pen === "key") board.extend([[...place]], true);
  }

  function pressSpace(isRepeated) {
    // A key that is held down repeats, and must not lift the pen again.
    if (isRepeated) return;
    if (board.pen === "key") board.lift();
    else if (typeof board.pen !== "number") board.start("key", [...place]);
  }

  // The action of a key, or nothing.
  function action({ key, repeat, shiftKey, ctrlKey, metaKey, altKey }) {
    const isCommand = ctrlKey || metaKey;
    if (key === "Escape") return () => board.clear();
    if (key === "Backspace" || (key.toLowerCase() === "z" && isCommand)) return () => board.undo();
    if (isCommand || altKey) return null;
    if (key === " ") return () => pressSpace(repeat);
    return ARROWS[key] && (() => move(ARROWS[key], shiftKey ? STEP / 4 : STEP));
  }

  canvas.addEventListener("keydown", (event) => {
    const act = action(event);
    if (!act) return;
    event.preventDefault();
    root.classList.add("keyed");
    act();
    show(true);
  });
  canvas.addEventListener("focus", () => {
    if (!canvas.matches(":focus-visible")) return;
    root.classList.add("keyed");
    show(true);
  });
  canvas.addEventListener("blur", rest);
  return { rest };
}
