// MNIXEL's collector in the page: asks for the ten digits in shuffled packages and has the server store what is drawn.
// What a contributor can do with what is stored is in my-digits.js.
//
// The rules: a drawing stays on the board until the server has said that it is stored; it is sent under one id, however often;
// nothing is sent before consent, and nothing that the network doubts before the visitor was asked.

import { make } from "../dom.js";
import { Board, FULL } from "../draw/board.js";
import { engine } from "../read/engine.js";
import { showPixels } from "../show/answer.js";
import { fill, label, write } from "../words.js";
import { insist, inTime } from "./asking.js";
import { byDigit, makeMine, picture, SIDE } from "./my-digits.js";
import { newId, RECEIPT_CHANGED, receipt, STORED } from "./receipt.js";
import { refusal } from "./refusal.js";

const NAME = "collector"; // of this board, for the engine
const NEXT = "next"; // of what is about to be sent
const PACKAGE = 10;
const ATTEMPTS = 12; // of sending, before the visitor may go on otherwise
const MAX_POINTS = 1500; // of a drawing, with their times: the server stores 32 kB
const SURE = 0.9; // probability from which the network's other opinion is worth a question
const DOT = 20; // board units: less line than that is a dot
const PATIENCE = 3000; // milliseconds that the network's opinion is waited for
const EMPTY = "doubt.empty"; // the one question whose answer cannot be to keep the drawing

// Ask the server: consent, submit, status, delete.
async function ask(name, question) {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(`contributions/${name}`, {
    method: "POST",
    headers,
    body: JSON.stringify(question),
  });
  return reply.json();
}
const names = ["consent", "submit", "status", "delete"];
const server = Object.fromEntries(names.map((name) => [name, (question) => ask(name, question)]));

// Bring the tab to life. `contributions` has the licence and the version of the terms, or {error, code}, why no drawings are taken.
export function mount(page, _sketchpad, contributions) {
  const element = page.querySelector("#your-digits");
  element.querySelector(".collector").hidden = !contributions;
  if (!contributions) return;
  const props = { ...contributions, closed: contributions.error ? contributions : null };
  const find = (selector) => element.querySelector(selector);
  const root = find(".board"),
    preview = find(".seen canvas"),
    question = find(".question");
  const undoButton = find(".undo"),
    clearButton = find(".clear"),
    skipButton = find(".skip"),
    nextButton = find(".next");

  let order = []; // the digits of this package, shuffled
  let results = []; // "kept" or "skipped", as far as it has come
  let visit = []; // [digit, canvas] of what this person has had stored since the page was opened
  let revision = 0; // of the drawing
  let seen = 0; // of the drawing whose picture is shown
  let id = ""; // of the drawing as it is, the same in every attempt to send it
  let sending = false;
  let sends = 0; // how often something was sent
  let turns = 0; // digits that were asked for and are done with
  let polling = null; // while something waits to be saved

  const board = new Board(
    root,
    { brush: find(".brush"), undoButton, clearButton },
    {
      changed,
      full: () => count(FULL),
    },
    MAX_POINTS,
  );

  function changed() {
    revision += 1;
    id = newId();
    root.classList.toggle("used", board.strokes.length > 0);
    question.hidden = true;
    controls();
    look();
  }

  function controls() {
    clearButton.disabled = sending || board.isEmpty();
    undoButton.disabled = sending || !board.canUndo();
    skipButton.disabled = nextButton.disabled = sending;
    for (const button of element.querySelectorAll(".other")) button.disabled = sending;
    find(".png").disabled = !visit.length;
    board.locked = sending;
    write(nextButton, sending ? "saving" : "next");
  }

  // --- what is stored, and what the network takes it for ---------------------------------------------------------------

  function look() {
    if (board.strokes.length)
      return engine.ask(NAME, { revision, strokes: board.drawing(), reduce: true }, receive);
    engine.forget(NAME);
    receive({ revision });
  }

  function receive(reply) {
    if (reply.revision < seen) return;
    seen = reply.revision;
    showPixels(preview, reply.reduced, 255);
  }

  // A question about the drawing, as write() takes it, or null when there is nothing to ask.
  async function doubt(digit) {
    if (!board.strokes.length) return [EMPTY, { digit }];
    if (board.strokes.reduce((sum, stroke) => sum + stroke.length, 0) < DOT) return ["doubt.dot", { digit }];
    const read = engine.state === "ready" ? engine.read(NEXT, { strokes: board.drawing() }) : null;
    const { digit: other, confidences } = (await inTime(read, PATIENCE)) ?? {};
    if (other === null) return ["doubt.none", { digit }];
    if (other && other !== digit && confidences[0].confidence >= SURE)
      return ["doubt.other", { digit, other }];
    return null;
  }

  // --- packages --------------------------------------------------------------------------------------------------------

  const target = () => order[results.length];

  function begin() {
    order = Array.from("0123456789", (digit) => [Math.random(), digit])
      .sort(([a], [b]) => a - b)
      .map(([, digit]) => digit);
    results = [];
    show("work");
    turn();
  }

  function turn() {
    question.hidden = true;
    board.wipe();
    changed();
    find(".target").textContent = target();
    write(find(".task"), "task");
    root.dataset.target = target();
    label(find(".steps"), "steps", { number: results.length + 1, total: PACKAGE });
    const marks = order.map((_, index) => results[index] ?? (index === results.length ? "now" : ""));
    find(".steps").replaceChildren(...marks.map((className) => make("span", { className })));
  }

  function advance(result) {
    results.push(result);
    turns += 1;
    root.dataset.turns = turns;
    if (results.length < PACKAGE) return turn();
    const kept = results.filter((entry) => entry === "kept").length;
    const drawn = byDigit(visit.slice(visit.length - kept));
    write(find(".done"), "package", { kept, skipped: PACKAGE - kept });
    find(".thumbs").hidden = !kept;
    find(".thumbs").replaceChildren(...drawn.map(([, picture]) => picture));
    label(find(".thumbs"), "package.digits", { digits: drawn.map(([digit]) => digit).join(", ") });
    show("package");
    find(".more").focus({ preventScroll: true });
  }

  function show(section) {
    const place = find(`.${section}`),
      isNew = place.hidden;
    for (const name of ["consent", "work", "package"]) find(`.${name}`).hidden = name !== section;
    const code = receipt.get();
    find(".mine").hidden = !code;
    find(".receipt").value ||= code ?? "";
    find(".code").textContent = find(".handover code").textContent = code ?? "";
    if (isNew) place.scrollIntoView({ block: "nearest" }); // the page may have been scrolled in what was there before
  }

  // --- keeping ---------------------------------------------------------------------------------------------------------

  async function send(confirmed) {
    if (sending) return;
    sending = true;
    question.hidden = true;
    controls();
    const code = receipt.get(),
      asked = confirmed ? null : await doubt(target());
    if (asked || !code || receipt.get() !== code) {
      // there is a question, or the visitor has stopped meanwhile
      sending = false;
      controls();
      return asked && code ? raise(asked) : undefined;
    }
    sends += 1;
    const drawing = { receipt: code, id, label: target(), strokes: board.drawing(true), source: "collector" };
    const isStopped = () => receipt.get() !== code;
    const reply = await insist(
      () => server.submit(drawing),
      ATTEMPTS,
      isStopped,
      () => count("silent.again"),
    );
    sending = false;
    controls();
    if (isStopped()) return; // what is on the board stays there
    if (!reply) return count("silent.next");
    if (reply.error) {
      if (!reply.consent) return count(...refusal(reply));
      count();
      return leave(true);
    }
    stored(reply);
    visit.push([target(), picture(SIDE, SIDE, (paint) => paint.drawImage(board.canvas, 0, 0, SIDE, SIDE))]);
    advance("kept");
    if (results.length < PACKAGE && document.activeElement !== board.canvas) board.focus();
  }

  function raise(sentence) {
    const isEmpty = sentence[0] === EMPTY;
    write(question.querySelector("p"), ...sentence);
    question.querySelector(".keep").hidden = isEmpty;
    write(question.querySelector(".again"), isEmpty ? "question.draw" : "question.change");
    question.hidden = false;
    question.focus(); // itself, and none of its buttons: a second press of Enter must not answer it
  }

  const count = (key, values) => write(find(".count"), key, values);

  function stored({ saved, waiting, on_hub, problem }) {
    for (const format of ["npz", "parquet"]) find(`.${format}`).disabled = saved === 0 && !waiting;
    if (saved === undefined) return; // kept, but the server could not count just now
    element.querySelector(".collector").dataset.saved = saved;
    let key = "saved";
    if (waiting) key = problem ? "saved.unsafe" : "saved.waiting";
    else if (on_hub !== undefined) key = on_hub === saved ? "saved.hub" : "saved.part";
    count(key, { saved, waiting, hub: on_hub });
    clearTimeout(polling);
    if (waiting || (on_hub !== undefined && on_hub < saved)) poll(waiting ? 2000 : 8000);
  }

  function poll(milliseconds) {
    clearTimeout(polling);
    polling = setTimeout(status, milliseconds);
  }

  async function status() {
    const code = receipt.get(),
      before = sends;
    if (!code) return;
    const reply = await inTime(server.status({ receipt: code }));
    if (receipt.get() !== code) return;
    if (sends !== before) return poll(2000); // what came with a drawing is newer, if it could be counted
    if (reply?.consent) return leave(true);
    if (reply && !reply.error) stored(reply);
    else poll(5000);
  }

  function leave(isUnknown) {
    // the code itself is kept aside: it may be the only way to delete something elsewhere
    clearTimeout(polling);
    receipt.set(null);
    say(isUnknown ? "receipt.unknown" : "", { code: receipt.before() });
    find(".receipt").value = receipt.before() ?? "";
  }

  function say(key, values) {
    find(".closed").hidden = !key;
    write(find(".closed"), key, values);
  }

  // A double click is one press: the second half would hit the digit after.
  nextButton.addEventListener("click", (event) => {
    if (event.detail < 2) send(false);
  });
  skipButton.addEventListener("click", (event) => {
    if (event.detail < 2) advance("skipped");
  });
  question.querySelector(".keep").addEventListener("click", () => send(true));
  question.querySelector(".again").addEventListener("click", () => {
    question.hidden = true;
    board.focus();
  });
  question.addEventListener("keydown", (event) => {
    if (event.key === "Escape") find(".again").click();
  });
  board.canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.repeat) {
      event.preventDefault();
      send(false);
    }
  });
  find(".more").addEventListener("click", begin);

  // --- consent, and another person --------------------------------------------------------------------------------------

  fill(element);
  find("[data-slot=licence]").textContent = props.licence ?? "";
  find(".agree").disabled = false; // a press before this script was here would have been lost
  if (props.closed) {
    find(".agree").hidden = true;
    for (const button of element.querySelectorAll(".other")) button.hidden = true;
    say(...refusal(props.closed));
  }

  find(".agree").addEventListener("click", async () => {
    if (!receipt.get()) {
      // else another tab of this browser has agreed meanwhile
      find(".agree").disabled = true;
      const reply = await inTime(server.consent({ version: props.version }));
      find(".agree").disabled = false;
      if (!reply?.receipt) return say(...(reply?.error ? refusal(reply) : ["silent"]));
      if (!receipt.get()) receipt.set(reply.receipt);
    }
    say();
    resume();
    board.focus();
  });

  function resume() {
    if (order.length && results.length < PACKAGE) show("work");
    else begin();
    status();
  }

  window.addEventListener(RECEIPT_CHANGED, () => {
    // also when another tab agreed or stopped
    if (!receipt.get()) show("consent");
    else if (find(".consent").hidden) show(find(".work").hidden ? "package" : "work");
    else say();
  });

  window.addEventListener(STORED, (event) => {
    sends += 1;
    stored(event.detail);
  });

  find(".stop").addEventListener("click", () => {
    leave(false);
    say("stopped");
    find(".delete").open = true;
  });
  // Another person is another writer, who agrees for themselves: nothing of who was here stays on the page.
  const handover = find(".handover");
  for (const button of element.querySelectorAll(".other"))
    button.addEventListener("click", () => handover.showModal());
  handover.querySelector(".no").addEventListener("click", () => handover.close());
  handover.querySelector(".yes").addEventListener("click", () => {
    handover.close();
    leave(false);
    order = [];
    visit = [];
    count();
    controls();
    mine.reset();
    say("person.ready");
    find(".agree").focus({ preventScroll: true });
  });
  const mine = makeMine(find, server, () => visit, leave);
  board.repaint();
  if (receipt.get() && !props.closed) resume();
  else show("consent");
}
