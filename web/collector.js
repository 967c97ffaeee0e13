// MNIXEL's collector in the page: asks for the ten digits in shuffled packages and has the server store what is drawn.
//
// The rules: a drawing stays on the board until the server has said that it is stored; it is sent under one id, however often;
// nothing is sent before consent, and nothing that the network doubts before the visitor was asked.

import { inTime, PATIENCE, pause, RETRIES } from "./asking.js";
import { FULL, makeBoard, showPixels } from "./board.js";
import { engine } from "./engine.js";
import { newId, receipt, RECEIPT_CHANGED, STORED } from "./receipt.js";
import { named } from "./words.js";

const NAME = "collector";   // of this board, for the engine
const PACKAGE = 10;
const ATTEMPTS = 12;        // of sending, before the visitor may go on otherwise
const MAX_POINTS = 1500;    // of a drawing, with their times: the server stores 32 kB
const SURE = 0.9;           // probability from which the network's other opinion is worth a question
const DOT = 20;             // board units: less line than that is a dot
const OPINION = 3000;       // milliseconds that the network's opinion is waited for
const NAMES = { npz: "MNIST.npz", parquet: "my-digits.parquet" };

// Bring the markup in collector.html to life. `props` has the terms and their version, why no drawings are taken (`closed`), and
// the address of the weights; `server` the functions consent, keep, status and forget.
export function mount(element, props, server) {
  const find = (selector) => element.querySelector(selector);
  const root = find(".board"), preview = find(".seen canvas"), question = find(".question");
  const undoButton = find(".undo"), clearButton = find(".clear"), skipButton = find(".skip"), nextButton = find(".next");

  let seen = { revision: 0 };  // the engine's last answer
  const waiting = [];          // who waits for the answer to the drawing as it is
  let order = [];       // the digits of this package, shuffled
  let results = [];     // "kept" or "skipped", as far as it has come
  let revision = 0;     // of the drawing
  let id = "";          // of the drawing as it is, the same in every attempt to send it
  let sending = false;
  let sends = 0;        // how often something was sent
  let turns = 0;        // digits that were asked for and are done with
  let polling = null;   // while something waits to be saved

  const board = makeBoard(root, { brush: find(".brush"), undoButton, clearButton }, {
    changed,
    full: () => count(FULL),
  }, MAX_POINTS);

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
    board.locked = sending;
    nextButton.textContent = sending ? "Saving …" : "Next";
  }

  // --- what is stored, and what the network takes it for ---------------------------------------------------------------

  function look() {
    if (board.strokes.length) return engine.ask(NAME, { revision, strokes: board.drawing(), reduce: true }, receive);
    engine.forget(NAME);
    receive({ revision });
  }

  function receive(reply) {
    if (reply.revision < seen.revision) return;
    seen = reply;
    showPixels(preview, reply.reduced, 255);
    if (seen.revision === revision) waiting.splice(0).forEach((resume) => resume());
  }

  // What the network says of the drawing as it is; null when it cannot say.
  async function opinion() {
    if (engine.state !== "ready") return null;
    if (seen.revision !== revision) await inTime(new Promise((resume) => waiting.push(resume)), OPINION);
    return seen.revision === revision && seen.confidences ? seen : null;
  }

  // A question about the drawing, {sentence, mayKeep}, or null when there is nothing to ask.
  async function doubt(label) {
    if (!board.strokes.length) return { sentence: `The board is empty. Draw ${named(label)}, or skip it.`, mayKeep: false };
    const keep = `Keep it as ${named(label)}?`;
    if (board.strokes.reduce((sum, stroke) => sum + stroke.length, 0) < DOT) return { sentence: `That is only a dot. ${keep}`, mayKeep: true };
    const { digit, confidences } = (await opinion()) ?? {};
    if (digit === null) return { sentence: `I can't see ${named(label)} here. ${keep}`, mayKeep: true };
    if (digit && digit !== label && confidences[0].confidence >= SURE) return { sentence: `This looks like ${named(digit)}. ${keep}`, mayKeep: true };
    return null;
  }

  // --- packages --------------------------------------------------------------------------------------------------------

  const target = () => order[results.length];

  function begin() {
    order = [..."0123456789"];
    for (let i = order.length - 1; i > 0; i -= 1) {  // Fisher and Yates
      const j = Math.floor(Math.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    results = [];
    show("work");
    turn();
  }

  function turn() {
    question.hidden = true;
    board.wipe();
    changed();
    find(".task").firstChild.textContent = target() === "8" ? "Draw an " : "Draw a ";
    find(".target").textContent = target();
    root.dataset.target = target();
    find(".steps").setAttribute("aria-label", `digit ${results.length + 1} of ${PACKAGE}`);
    find(".steps").replaceChildren(...order.map((_, index) => {
      const step = document.createElement("span");
      step.className = results[index] ?? (index === results.length ? "now" : "");
      return step;
    }));
  }

  function advance(result) {
    results.push(result);
    turns += 1;
    root.dataset.turns = turns;
    if (results.length < PACKAGE) return turn();
    const kept = results.filter((entry) => entry === "kept").length;
    find(".done").textContent = `That was a package of ten: ${kept} drawn, ${PACKAGE - kept} skipped. Thank you!`;
    show("package");
    find(".more").focus();
  }

  function show(section) {
    for (const name of ["consent", "work", "package"]) find(`.${name}`).hidden = name !== section;
    const code = receipt.get();
    find(".mine").hidden = !code;
    find(".code").textContent = code ?? "";
  }

  // --- keeping ---------------------------------------------------------------------------------------------------------

  async function send(confirmed) {
    if (sending) return;
    sending = true;
    question.hidden = true;
    controls();
    const code = receipt.get(), asked = confirmed ? null : await doubt(target());
    if (asked || !code || receipt.get() !== code) {  // there is a question, or the visitor has stopped meanwhile
      sending = false;
      controls();
      return asked && code ? ask(asked) : undefined;
    }
    sends += 1;
    const drawing = { receipt: code, id, label: target(), strokes: board.drawing(true), source: "collector" };
    let reply = null;
    const stopped = () => receipt.get() !== drawing.receipt;
    for (let attempt = 0; !reply && attempt < ATTEMPTS && !stopped(); attempt += 1) {
      reply = await inTime(server.keep(drawing));
      if (reply) break;
      count("The server does not answer. Your drawing is kept here and sent again.");
      await pause(RETRIES[Math.min(attempt, RETRIES.length - 1)]);
    }
    sending = false;
    controls();
    if (stopped()) return;  // what is on the board stays there
    if (!reply) return count("The server does not answer. Your drawing is still on the board; press Next to send it again.");
    if (reply.error) {
      if (reply.consent) leave("This server does not know your receipt code any more.");
      return count(reply.error);
    }
    stored(reply);
    advance("kept");
    if (results.length < PACKAGE && document.activeElement !== board.canvas) board.focus();
  }

  function ask({ sentence, mayKeep }) {
    question.querySelector("p").textContent = sentence;
    question.querySelector(".keep").hidden = !mayKeep;
    question.querySelector(".again").textContent = mayKeep ? "Change it" : "Draw it";
    question.hidden = false;
    question.focus();  // itself, and none of its buttons: a second press of Enter must not answer it
  }

  function count(sentence) { if (find(".count").textContent !== sentence) find(".count").textContent = sentence; }

  function stored({ saved, waiting, on_hub, problem }) {
    if (saved === undefined) return;  // kept, but the server could not count just now
    element.querySelector(".collector").dataset.saved = saved;
    const also = on_hub === undefined || waiting ? "" : on_hub === saved ? ", on the Hub too" : `, ${on_hub} of them on the Hub too`;
    const why = problem && waiting ? ` They are not safe before that: ${problem}` : "";
    count(`${saved} ${saved === 1 ? "digit" : "digits"} of yours saved${also}${waiting ? `, ${waiting} on the way to be saved` : ""}.${why}`);
    clearTimeout(polling);
    if (waiting || (on_hub !== undefined && on_hub < saved)) poll(waiting ? 2000 : 8000);
  }

  function poll(milliseconds) {
    clearTimeout(polling);
    polling = setTimeout(status, milliseconds);
  }

  async function status() {
    const code = receipt.get(), before = sends;
    if (!code) return;
    const reply = await inTime(server.status({ receipt: code }));
    if (receipt.get() !== code) return;
    if (sends !== before) return poll(2000);  // what came with a drawing is newer, if it could be counted
    if (reply?.consent) return leave("This server does not know your receipt code any more.");
    if (reply && !reply.error) stored(reply);
    else poll(5000);
  }

  function leave(why = "") {  // the code itself is kept aside: it may be the only way to delete something elsewhere
    clearTimeout(polling);
    receipt.set(null);
    say(why && `${why} Your code was ${receipt.before()}. Agree again to go on; what is on the board stays.`);
    find(".receipt").value = receipt.before() ?? "";
  }

  function say(sentence) {
    find(".closed").hidden = !sentence;
    find(".closed").textContent = sentence;
  }

  // A double click is one press: the second half would hit the digit after.
  nextButton.addEventListener("click", (event) => { if (event.detail < 2) send(false); });
  skipButton.addEventListener("click", (event) => { if (event.detail < 2) advance("skipped"); });
  question.querySelector(".keep").addEventListener("click", () => send(true));
  question.querySelector(".again").addEventListener("click", () => {
    question.hidden = true;
    board.focus();
  });
  board.canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.repeat) { event.preventDefault(); send(false); }
  });
  find(".more").addEventListener("click", begin);

  // --- consent, export, deletion ---------------------------------------------------------------------------------------

  find(".terms").textContent = props.terms;
  find(".agree").disabled = false;  // a press before this script was here would have been lost
  if (props.closed) {
    find(".agree").hidden = true;
    find(".closed").hidden = false;
    find(".closed").textContent = props.closed;
  }

  find(".agree").addEventListener("click", async () => {
    if (!receipt.get()) {  // else another tab of this browser has agreed meanwhile
      find(".agree").disabled = true;
      const reply = await inTime(server.consent({ version: props.version }));
      find(".agree").disabled = false;
      if (!reply?.receipt) return say(reply?.error ?? "The server does not answer; try again in a moment.");
      if (!receipt.get()) receipt.set(reply.receipt);
    }
    say("");
    resume();
    board.focus();
  });

  function resume() {
    if (order.length && results.length < PACKAGE) show("work"); else begin();
    status();
  }

  window.addEventListener(RECEIPT_CHANGED, () => {  // also when another tab agreed or stopped
    if (!receipt.get()) show("consent");
    else if (find(".consent").hidden) show(find(".work").hidden ? "package" : "work");
    else say("");
  });

  window.addEventListener(STORED, (event) => {
    sends += 1;
    stored(event.detail);
  });

  async function download(format, button) {
    button.disabled = true;
    const body = JSON.stringify({ receipt: receipt.get(), format });
    const headers = { "Content-Type": "application/json" };
    const reply = await fetch("contributions/collection", { method: "POST", headers, body }).catch(() => null);
    const file = reply?.ok ? await reply.blob().catch(() => null) : null;
    button.disabled = false;
    if (!file) {
      const said = await reply?.json().catch(() => null);
      return count(said?.error ?? "The server does not answer; try again in a moment.");
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = NAMES[format];
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  for (const format of ["npz", "parquet"]) find(`.${format}`).addEventListener("click", (event) => download(format, event.currentTarget));

  find(".copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(receipt.get());
      find(".copy").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(find(".code"));  // to be copied by hand
    }
  });
  find(".stop").addEventListener("click", () => {
    leave();
    say("You have stopped: nothing more is sent. What you gave stays, unless you delete it with your code, below.");
    find(".delete").open = true;
  });
  question.addEventListener("keydown", (event) => { if (event.key === "Escape") find(".again").click(); });

  const form = find(".delete form"), sure = find(".sure");
  let code = "";  // that is to be deleted: what was written when the question was asked

  function askIfSure(asked) {
    sure.hidden = !asked;
    form.querySelector("[type=submit]").disabled = asked;
    if (asked) sure.querySelector(".no").focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find(".deleted").textContent = "";
    code = find(".receipt").value.trim().toUpperCase();
    if (code) askIfSure(true); else find(".deleted").textContent = "Enter your receipt code.";
  });
  sure.querySelector(".no").addEventListener("click", () => {
    askIfSure(false);
    form.querySelector("[type=submit]").focus();
  });
  sure.querySelector(".yes").addEventListener("click", async () => {
    const line = find(".deleted");
    askIfSure(false);
    const reply = await inTime(server.forget({ receipt: code }), 3 * PATIENCE);
    line.textContent = reply?.error ?? reply?.said ?? "The server does not answer; it is not known whether it was deleted. Try again in a moment.";
    line.focus();
    if (reply?.said && !reply.again && code === receipt.get()) leave();
  });

  engine.open(props.weights);
  board.repaint();
  if (receipt.get() && !props.closed) resume(); else show("consent");
}
