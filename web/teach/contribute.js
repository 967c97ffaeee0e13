// Contributing: questions to the server, and drawings that are sent until it has said that they are stored.

import { isKnown } from "../words.js";
import { person, RECEIPT_CHANGED, receipt } from "./receipt.js";

// An event on the window, with the server's counts, after a drawing was stored.
export const STORED = "draw-a-digit stored";
const GRACE = 8000; // milliseconds in which a correction can be taken back before it is sent
const ATTEMPTS = 6; // to send a correction
export const SERVER_TIMEOUT = 8000; // milliseconds
const PAUSES = [300, 600, 1200, 2500, 5000]; // milliseconds before asking again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The value of a promise, or nothing when it fails or takes longer than `limit` milliseconds.
export const inTime = (promise, limit = SERVER_TIMEOUT) =>
  Promise.race([promise, pause(limit)]).catch(() => null);

// The browser finishes sending (keepalive), also when the page is closed.
function post(name, question) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(question);
  return fetch(`contributions/${name}`, { method: "POST", headers, keepalive: true, body });
}

async function answer(name, question) {
  const reply = await post(name, question);
  const said = await reply.json();
  if (!reply.ok && said.error === undefined) throw new Error(`status ${reply.status}`);
  return said;
}

// The server's answer, or nothing when none comes in time. Names: consent, submit, status, delete.
export const ask = (name, question, limit) => inTime(answer(name, question), limit);

// The file of a contributor's digits as {file}, or {problem}, a sentence as write() takes it.
export async function download() {
  const reply = await post("collection", { receipt: receipt.get() }).catch(() => null);
  const file = reply?.ok ? await reply.blob().catch(() => null) : null;
  if (file) return { file };
  return { problem: refusal(await reply?.json().catch(() => null)) };
}

// The server's answer in the visitor's language, as write() takes it: its English sentence comes with a code.
export const said = ({ code, ...values }) =>
  isKnown(`server.${code}`) ? [`server.${code}`, values] : ["server.refused"];

// Why the server did not do what it was asked, as write() takes it; null when it did.
export function refusal(reply) {
  if (!reply) return ["silent"];
  return reply.error === undefined ? null : said(reply);
}

// Send a drawing {id, label, strokes, source} under the same id until the server has answered. Returns its
// answer, or null when it keeps silent or the visitor has stopped meanwhile. `silent()` is called after each
// attempt without an answer.
export async function submit({ id, label, strokes, source }, attempts, silent = () => {}) {
  const code = receipt.get();
  const timed = strokes.map(({ points, radius, times }) => ({ points, radius, times }));
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt) await pause(PAUSES[attempt - 1] ?? PAUSES.at(-1));
    if (!code || receipt.get() !== code) return null;
    const reply = await ask("submit", { receipt: code, id, label, strokes: timed, source });
    const isCurrent = receipt.get() === code;
    if (reply && !reply.error && isCurrent) window.dispatchEvent(new CustomEvent(STORED, { detail: reply }));
    if (reply) return reply;
    silent();
  }
  return null;
}

// A drawing that a contributor labelled on the first tab. It is sent after a moment in which the label can be
// taken back.
export class Correction {
  #drawing = null;
  #timer = null;
  #sent = new Set();
  #tell;

  // tell(sentence, id) says what becomes of that drawing, as write() takes it. From the first call on, the
  // label cannot be taken back.
  constructor(tell) {
    this.#tell = tell;
    // A visitor who leaves the page takes nothing back.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.send();
    });
    window.addEventListener(RECEIPT_CHANGED, () => {
      if (!this.#drawing || receipt.get()) return;
      this.#tell(["teach.learnt", { digit: this.#drawing.label }], this.#drawing.id);
      this.drop();
    });
  }

  // Returns whether the drawing will be sent: a contributor's is, once.
  hold(drawing) {
    if (this.#drawing?.id !== drawing.id) this.send();
    if (!receipt.get() || this.#sent.has(drawing.id)) return false;
    this.drop();
    this.#drawing = { ...drawing, source: "recognise" };
    this.#timer = setTimeout(() => this.send(), GRACE);
    return true;
  }

  drop() {
    clearTimeout(this.#timer);
    this.#drawing = null;
  }

  async send() {
    const drawing = this.#drawing;
    if (!drawing) return;
    this.drop();
    this.#sent.add(drawing.id);
    this.#tell(["teach.waiting"], drawing.id);
    const giver = person;
    const reply = await submit(drawing, ATTEMPTS);
    // A visitor who has stopped meanwhile is not told of it.
    if (!receipt.get() || giver !== person) return;
    if (refusal(reply)) this.#sent.delete(drawing.id);
    this.#tell(refusal(reply) ?? [reply.waiting ? "teach.waiting" : "teach.saved"], drawing.id);
  }
}
