// Teaching on the first tab: a tap on a digit's bar says which digit the drawing is, and the page learns it.
//
// The lessons are listed under the board. A lesson that was just taught, or that decides an answer, is also
// shown under the answer.

import { make } from "../dom.js";
import { standApart } from "../draw/two-digits.js";
import { engine } from "../read/engine.js";
import { write } from "../words.js";
import { newId, receipt, refusal, submit } from "./contribute.js";
import { lessons } from "./lessons.js";
import { askFirst, cross, named, thumbnail } from "./widgets.js";

// The visitor can take a correction back for this long before it is sent.
const GRACE = 8000; // milliseconds

// Under the board: the number of drawings that the page knows, and a list of them that unfolds.
function mountTray(root, forget, forgetAll) {
  const find = (selector) => root.querySelector(selector);
  const details = find("details");

  function entry(lesson) {
    const { id, label: digit } = lesson;
    const picture = thumbnail(lesson);
    picture.setAttribute("aria-hidden", "true");
    const leave = cross("memory.remove", digit, () => forget(id));
    return make("li", {}, picture, make("b", { textContent: digit }), leave);
  }

  function show() {
    const count = lessons.all.length;
    root.dataset.count = count;
    root.hidden = !count;
    write(find("summary"), "memory.knows", { count });
    write(find("small"), lessons.stored ? "memory.here" : "memory.visit");
    write(find("#forget"), count === 1 ? "memory.forget.one" : "memory.forget");
    write(find(".sure p"), "memory.forget.sure", { count });
    // The newest comes first. A folded list is left empty, because painting the drawings takes time.
    const shown = details.open ? lessons.all.toReversed() : [];
    find(".thumbs").replaceChildren(...shown.map(entry));
  }

  askFirst(find("#forget"), find(".sure"), forgetAll);
  details.addEventListener("toggle", show);
  lessons.addEventListener("change", show);
  show();
}

// Under the answer: a hint how to teach, or a lesson and the button that forgets it. Returns the function
// that shows the lesson with an id, or the hint.
function mountBeside(root, forget) {
  const [hint, picture, button] = root.children;
  let shown;
  button.addEventListener("click", () => forget(shown.id));
  return (id) => {
    const lesson = lessons.all.find((each) => each.id === id);
    if (lesson === shown) return;
    shown = lesson;
    picture.replaceChildren(...(lesson ? [named(thumbnail(lesson), lesson.label)] : []));
    button.hidden = !lesson;
    hint.hidden = Boolean(lesson);
  };
}

// Mount this part: a press of a bar is the event "teach" of #prediction, and #memory lists the lessons.
export function mount(page, sketchpad) {
  const { board, player, prediction, reading } = sketchpad;
  const tell = (...sentence) => sketchpad.tell(sentence);
  // The drawing that was taught last: {id, strokes, picture, isSent}.
  let last = null;
  // A contributor's correction that will be sent, or null.
  let held = null;
  let timer = null;

  // Whether that drawing is on the board, where undoing later strokes may bring it back.
  const isLast = () =>
    last !== null &&
    board.picture === last.picture &&
    board.strokes.length === last.strokes.length &&
    board.strokes.every((stroke, index) => stroke === last.strokes[index]);

  function teach(digit) {
    const { picture } = board;
    if (board.isEmpty()) return tell("teach.nothing");
    // Strokes can be learnt before the network has read them.
    const { error = null, pixels = null } = reading.isCurrent() ? reading.answer : {};
    if (error === "reading.apart" || standApart(board.strokes)) return tell("reading.apart");
    if (error || (picture && !pixels)) return tell("teach.unread");
    if (!isLast()) last = { id: newId(), picture, strokes: [...board.strokes], isSent: false };
    const drawing = { id: last.id, label: digit, strokes: picture ? null : last.strokes, pixels };
    lessons.add([drawing]);
    // The next stroke begins a new drawing.
    board.isFinished = true;
    clearTimeout(timer);
    // Pictures and the page's own drawings are not the contributor's handwriting.
    const isGiven = !picture && !player.kind && !last.isSent && receipt.get();
    held = isGiven ? { ...drawing, source: "recognise" } : null;
    if (held) timer = setTimeout(send, GRACE);
    tell(held ? "teach.sending" : "teach.learnt", { digit });
  }

  async function send() {
    const [drawing, sent] = [held, last];
    if (!drawing) return;
    held = null;
    sent.isSent = true;
    const reply = await submit(drawing);
    const problem = refusal(reply);
    sent.isSent = !problem;
    // A visitor who has stopped contributing or drawn something else is not told.
    if (!receipt.get() || last !== sent || !isLast()) return;
    tell(...(problem ?? [reply.waiting ? "teach.waiting" : "teach.saved"]));
  }

  function forget(id) {
    if (id === last?.id) board.isFinished = false;
    lessons.remove(id);
    tell("memory.forgotten");
  }

  function forgetAll() {
    lessons.clear();
    tell("memory.forgotten");
    board.focus();
  }

  const showLesson = mountBeside(prediction.querySelector(".teach"), forget);
  mountTray(page.querySelector("#memory"), forget, forgetAll);
  engine.teach(lessons.all);
  prediction.addEventListener("teach", ({ detail }) => teach(detail.digit));
  lessons.addEventListener("change", () => {
    // A forgotten drawing is not sent.
    if (!lessons.all.some(({ id }) => id === held?.id)) held = null;
    engine.teach(lessons.all);
    reading.ask();
  });
  // A visitor who leaves the page can take nothing back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) send();
  });
  sketchpad.watch({
    changed: send,
    painted: ({ lesson }) => showLesson(lesson ?? (isLast() ? last.id : null)),
  });
}
