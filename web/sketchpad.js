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
import { makeFlight } from "./flight.js";
import { makeInside } from "./inside.js";
import { acceptPictures, paintPicture, readPicture } from "./pictures.js";
import { standApart } from "./separate.js";
import { decode, filled, makeShare } from "./share.js";
import { recall, remember } from "./storage.js";
import { makeWhy } from "./why.js";
import { offerLanguages } from "./words.js";

const NAME = "sketchpad",
  LINK = "link"; // of this board, for the engine, and of what a link would draw
const SEEN = "draw-a-digit seen"; // in this browser's storage, after the first visit
const SLOWER = 16; // times as long as it takes, a painting is put off after the last one while the pen moves
const GREETING = 1000; // milliseconds before a first visit sees an example drawn

// Bring the markup in sketchpad.html to life. `props.weights` is the address that says which weights to use; `server` has the
// functions for contributions, or is null.
export function mount(element, props, server) {
  const find = (selector) => element.querySelector(selector);
  const root = find("#board"),
    topK = find("#top-k"),
    undoButton = find("#undo"),
    clearButton = find("#clear");
  const shown = makeAnswer(find("#prediction"));
  const inside = makeInside(find(".inside"), find(".patch")),
    why = makeWhy(find("#prediction"), ask);

  let notice = null; // a sentence, as write() takes it, about what could not be done; it stands until the drawing changes
  let revision = 0; // of the drawing on the board
  let answer = { revision: 0, empty: true }; // the last one of the engine
  let stopReplay = null; // ends an example that is drawing itself
  let greeting = false; // what is on the board was drawn to greet a first visit
  let lifted = false; // the pen was lifted, and what it drew has not flown to the 28x28 yet
  let opening = 0; // counts what is begun, so that a picture that decodes slowly cannot undo it

  const board = makeBoard(
    root,
    { brush: find("#brush"), undoButton, clearButton },
    {
      changed,
      full: () => tell([FULL]),
      began() {
        if (greeting) {
          stopReplay?.();
          greeting = false;
          board.wipe();
        } else if (stopReplay) board.clear();
      },
      lifted() {
        lifted = true;
        if (answer.revision !== revision) ask(); // what waits is read at once now
        receive(answer); // now it can be told whether the drawing stands in two parts
      },
      background: (paint, picture) => paintPicture(paint, picture, SIZE),
    },
  );

  const flight = makeFlight(find(".pad"), board.canvas, find("#preview canvas"));

  function changed() {
    opening += 1;
    flight.stop();
    lifted = false;
    if (board.pen !== "example") {
      greeting = false;
      stopReplay?.();
    }
    notice = null;
    revision += 1;
    root.dataset.revision = revision;
    root.classList.toggle("used", !board.isEmpty());
    clearButton.disabled = board.isEmpty();
    undoButton.disabled = !board.canUndo();
    ask();
  }

  function ask() {
    if (board.isEmpty()) {
      // what is still being read is older than this and will be dropped
      engine.forget(NAME);
      inside.clear();
      return receive({ revision, empty: true });
    }
    const drawing = board.picture ? { picture: board.picture.pixels } : { strokes: board.drawing() };
    engine.ask(
      NAME,
      { revision, moving: board.pen !== null, inside: inside.isOpen() || why.isOn(), ...drawing },
      receive,
    );
    if (engine.state !== "ready") show();
  }

  function receive(reply) {
    if (reply.revision < answer.revision) return;
    const whole = board.pen === null && reply.revision === revision && !board.picture;
    answer = { ...reply, apart: whole && standApart(board.strokes) };
    show();
    if (whole && lifted && reply.pixels) {
      lifted = false;
      flight.start(board.strokes, reply.pixels);
    }
  }

  function tell(sentence, about = null) {
    // about: the revision that it is about, if it is of no interest later
    if (about !== null && about !== revision) return;
    notice = sentence;
    show();
  }

  // Whether there is something to speak of: a notice, or a drawing whose answer is there and that no pen is at.
  const isResting = () =>
    !greeting && (notice !== null || (revision > 0 && board.pen === null && answer.revision === revision));

  // Bars, pictures and what the layers make of it. While the pen moves they skip what the browser has no time for.
  let frame = 0,
    due = 0;

  function paint(now = Infinity) {
    cancelAnimationFrame(frame);
    frame = 0;
    if (now < due) return paintSoon();
    const began = performance.now();
    shown.paint(answer, Number(topK.value));
    const evidence = why.show(answer);
    if (answer.layers && inside.isOpen()) inside.show(answer.layers, evidence);
    due = performance.now() + SLOWER * (performance.now() - began);
  }

  const paintSoon = () => {
    frame ||= requestAnimationFrame(paint);
  };

  function show() {
    const waiting =
      engine.state === "ready" ? "" : engine.problem || (board.isEmpty() ? "" : "weights.loading");
    shown.show(answer, notice ?? (waiting ? [waiting] : null), isResting());
    if (board.pen !== null) return paintSoon();
    paint();
    offerFeedback();
    offerShare(board.picture !== null);
  }

  const offerFeedback = makeFeedback(
    find(".feedback"),
    server,
    () => {
      const ready =
        !board.example &&
        !board.picture &&
        !board.isEmpty() &&
        answer.revision === revision &&
        answer.confidences;
      return ready ? { revision, digit: answer.apart ? null : answer.digit, strokes: board.strokes } : null;
    },
    tell,
  );

  find(".inside").addEventListener("toggle", ask);

  topK.addEventListener("input", () => {
    topK.nextElementSibling.value = topK.value;
    show();
  });

  const offerShare = makeShare(
    find(".share"),
    find("#share"),
    () => {
      if (greeting || stopReplay || board.picture || !board.strokes.length || !answer.confidences)
        return null;
      const digit = find("#prediction").dataset.digit,
        sentence = find(".sentence").textContent;
      return { strokes: board.strokes, canvas: board.canvas, digit, answered: answer.digit, sentence };
    },
    async (strokes) => (await engine.read(LINK, { revision, strokes })).digit,
    tell,
  );

  function play(strokes) {
    board.replace({ example: true });
    stopReplay = replay(board, strokes, () => {
      stopReplay = null;
      lifted = true;
      receive(answer);
    });
  }

  function openLink() {
    try {
      const strokes = decode(location.hash);
      if (strokes) play(filled(strokes));
      return strokes !== null;
    } catch (error) {
      tell(error.sentence);
      return true;
    }
  }

  // On a first visit an example draws itself once, and stops at the first touch. Programs that drive a browser see it only if they hide.
  function greet({ drawings, radius }) {
    const isFirst = recall(SEEN) === null && remember(SEEN, "1"); // who stores nothing is not greeted each time
    if (!isFirst || navigator.webdriver || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const touched = new AbortController(),
      { signal } = touched;
    const timer = setTimeout(() => {
      if (revision || !element.getClientRects().length) return;
      const { strokes } = drawings[1];
      play(strokes.map((points) => ({ points, radius })));
      greeting = true;
    }, GREETING);
    for (const kind of ["pointerdown", "keydown", "wheel"]) {
      addEventListener(
        kind,
        () => {
          clearTimeout(timer);
          touched.abort();
          if (greeting) stopReplay?.();
        },
        { signal, capture: true },
      );
    }
  }

  const linked = openLink();
  addEventListener("hashchange", openLink);
  makeExamples(find(".examples"), (strokes, radius) =>
    play(strokes.map((points) => ({ points, radius }))),
  ).then((examples) => {
    if (!linked) greet(examples);
  });

  acceptPictures(element, find(".picture input"), async (file) => {
    opening += 1;
    const mine = opening;
    try {
      const picture = await readPicture(file);
      if (mine === opening) board.replace({ picture }); // else something was begun meanwhile
    } catch (error) {
      tell(error.sentence ?? ["picture.unreadable"]);
    }
  });

  function follow() {
    root.dataset.engine = engine.state;
    describeWeights(find(".about"), engine.weights);
    show();
  }

  engine.addEventListener("change", follow);
  engine.open(props.weights);
  board.repaint();
  follow();
  offerLanguages();
}
