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
import { makeInside } from "./inside.js";
import { acceptPictures, paintPicture, readPicture } from "./pictures.js";
import { standApart } from "./separate.js";
import { offerLanguages } from "./words.js";

const NAME = "sketchpad";  // of this board, for the engine

// Bring the markup in sketchpad.html to life. `props.weights` is the address that says which weights to use; `server` has the
// functions for contributions, or is null.
export function mount(element, props, server) {
  const find = (selector) => element.querySelector(selector);
  const root = find("#board"), topK = find("#top-k"), undoButton = find("#undo"), clearButton = find("#clear");
  const shown = makeAnswer(find("#prediction"));
  const inside = makeInside(find(".inside"), find(".patch"));

  let notice = null;                         // a sentence, as write() takes it, about what could not be done; it stands until the drawing changes
  let revision = 0;                          // of the drawing on the board
  let answer = { revision: 0, empty: true }; // the last one of the engine
  let stopReplay = null;                     // ends an example that is drawing itself
  let opening = 0;                           // counts what is begun, so that a picture that decodes slowly cannot undo it

  const board = makeBoard(root, { brush: find("#brush"), undoButton, clearButton }, {
    changed,
    full: () => tell([FULL]),
    began() {
      if (stopReplay) board.clear();
    },
    lifted: () => receive(answer),  // now it can be told whether the drawing stands in two parts
    background: (paint, picture) => paintPicture(paint, picture, SIZE),
  });

  function changed() {
    opening += 1;
    if (board.pen !== "example") stopReplay?.();
    notice = null;
    revision += 1;
    root.dataset.revision = revision;
    root.classList.toggle("used", !board.isEmpty());
    clearButton.disabled = board.isEmpty();
    undoButton.disabled = !board.canUndo();
    ask();
  }

  function ask() {
    if (board.isEmpty()) {  // what is still being read is older than this and will be dropped
      engine.forget(NAME);
      inside.clear();
      return receive({ revision, empty: true });
    }
    const drawing = board.picture ? { picture: board.picture.pixels } : { strokes: board.drawing() };
    engine.ask(NAME, { revision, inside: inside.isOpen(), ...drawing }, receive);
    if (engine.state !== "ready") show();
  }

  function receive(reply) {
    if (reply.revision < answer.revision) return;
    const whole = board.pen === null && reply.revision === revision && !board.picture;
    if (reply.layers) inside.update(reply.layers);
    answer = { ...reply, layers: null, apart: whole && standApart(board.strokes) };
    show();
  }

  function tell(sentence, about = null) {  // about: the revision that it is about, if it is of no interest later
    if (about !== null && about !== revision) return;
    notice = sentence;
    show();
  }

  // Whether there is something to speak of: a notice, or a drawing whose answer is there and that no pen is at.
  const isResting = () => notice !== null || (revision > 0 && board.pen === null && answer.revision === revision);

  function show() {
    const waiting = engine.state === "ready" ? "" : engine.problem || (board.isEmpty() ? "" : "weights.loading");
    shown.show(answer, Number(topK.value), notice ?? (waiting ? [waiting] : null), isResting());
    offerFeedback();
  }

  const offerFeedback = makeFeedback(find(".feedback"), server, () => {
    const ready = !board.example && !board.picture && !board.isEmpty() && answer.revision === revision && answer.confidences;
    return ready ? { revision, digit: answer.apart ? null : answer.digit, strokes: board.strokes } : null;
  }, tell);

  find(".inside").addEventListener("toggle", ask);

  topK.addEventListener("input", () => {
    topK.nextElementSibling.value = topK.value;
    show();
  });

  makeExamples(find(".examples"), (strokes, radius) => {
    board.replace({ example: true });
    stopReplay = replay(board, strokes, radius, () => { stopReplay = null; });
  });

  acceptPictures(element, find(".picture input"), async (file) => {
    opening += 1;
    const mine = opening;
    try {
      const picture = await readPicture(file);
      if (mine === opening) board.replace({ picture });  // else something was begun meanwhile
    } catch (error) {
      tell(error.sentence ?? ["picture.unreadable"]);
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
  offerLanguages();
}
