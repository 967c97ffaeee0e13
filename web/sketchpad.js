// The drawing board with its answer: what is drawn or opened is read in this browser, while it is drawn.
//
// Every change of the drawing raises `revision`; an answer carries the revision that it describes, and one that is older than
// what is shown is dropped. A drawing is never lost to an error.

import { describeWeights } from "./about.js";
import { makeAnswer } from "./answer.js";
import { FULL, makeBoard, SIZE } from "./board.js";
import { engine } from "./engine.js";
import { makeExamples, replay } from "./examples.js";
import { makeFeedback } from "./feedback.js";
import { acceptPictures, paintPicture, readPicture } from "./pictures.js";

const NAME = "sketchpad";  // of this board, for the engine

// Bring the markup in sketchpad.html to life. `props.weights` is the address that says which weights to use; `server` has the
// functions for contributions, or is null.
export function mount(element, props, server) {
  const find = (selector) => element.querySelector(selector);
  const root = find("#board"), topK = find("#top-k"), undoButton = find("#undo"), clearButton = find("#clear");
  const shown = makeAnswer(find("#prediction"));

  let notice = "";                           // a sentence about what could not be done; it stands until the drawing changes
  let picture = null;                        // an opened picture instead of strokes
  let replaced = null;                       // the picture that strokes were begun upon
  let revision = 0;                          // of the drawing on the board
  let answer = { revision: 0, empty: true }; // the last one of the engine
  let stopReplay = null;                     // ends an example that is drawing itself
  let example = false;                       // whether the drawing is an example, and so nobody's handwriting
  let opening = 0;                           // counts what is begun, so that a picture that decodes slowly cannot undo it

  const board = makeBoard(root, { brush: find("#brush"), undoButton, clearButton }, {
    changed,
    full: () => tell(FULL),
    began() {
      opening += 1;
      if (stopReplay) clear();
      if (!picture) return;
      [picture, replaced] = [null, picture];
      board.repaint();
    },
    background: (paint) => picture && paintPicture(paint, picture, SIZE),
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
    stopReplay?.();
    if (isEmpty()) return;
    clearBoard();
    changed();
  }

  function undo() {
    stopReplay?.();
    if (isEmpty()) return;
    board.pen = null;
    board.strokes.pop();
    if (!board.strokes.length) [picture, replaced] = [replaced, null];
    board.repaint();
    changed();
  }

  function ask() {
    if (isEmpty()) {  // what is still being read is older than this and will be dropped
      engine.forget(NAME);
      return receive({ revision, empty: true });
    }
    engine.ask(NAME, picture ? { revision, picture: picture.pixels } : { revision, strokes: board.drawing() }, receive);
    if (engine.state !== "ready") show();
  }

  function receive(reply) {
    if (reply.revision < answer.revision) return;
    answer = reply;
    show();
  }

  function tell(sentence, about = null) {  // about: the revision that it is about, if it is of no interest later
    if (about !== null && about !== revision) return;
    notice = sentence;
    show();
  }

  function show() {
    const waiting = engine.state === "ready" ? "" : engine.problem || (isEmpty() ? "" : "The network is being loaded …");
    shown.show(answer, Number(topK.value), notice || waiting);
    offerFeedback();
  }

  const offerFeedback = makeFeedback(find(".feedback"), server, () => {
    const ready = !example && !picture && !isEmpty() && answer.revision === revision && answer.confidences;
    return ready ? { revision, digit: answer.digit, strokes: board.drawing(true) } : null;
  }, tell);

  topK.addEventListener("input", () => {
    topK.nextElementSibling.value = topK.value;
    const place = topK.getBoundingClientRect().top;
    show();
    scrollBy(0, topK.getBoundingClientRect().top - place);  // the slider stays under the finger that moves it
  });

  makeExamples(find(".examples"), (strokes, radius) => {
    clear();
    example = true;
    stopReplay = replay(board, strokes, radius, () => { stopReplay = null; });
  });

  acceptPictures(element, find(".picture input"), async (file) => {
    opening += 1;
    const mine = opening;
    try {
      const opened = await readPicture(file);
      if (mine !== opening) return;  // meanwhile something else was begun
      stopReplay?.();
      clearBoard();
      picture = opened;
      board.repaint();
      changed();
    } catch (error) {
      tell(error.message);
    }
  });

  engine.addEventListener("change", () => {
    root.dataset.engine = engine.state;
    describeWeights(find(".about"), engine.weights);
    show();
  });
  root.dataset.engine = engine.state;
  engine.open(props.weights);
  board.repaint();
  show();
}
