// Contributing: the receipt of a visitor who has agreed, and what the page asks the server.

import { recall, remember } from "../storage.js";
import { isKnown } from "../words.js";
import { lessons } from "./lessons.js";

// The names of the receipt code and of the person at the page in the browser's storage.
const RECEIPT = "draw-a-digit receipt";
const PERSON = "draw-a-digit person";
// Events on the window: somebody agreed or stopped, also in another tab; a drawing was stored.
export const RECEIPT_CHANGED = RECEIPT;
export const STORED = "draw-a-digit stored";
export const SERVER_TIMEOUT = 8000; // milliseconds
// How often a drawing is sent, and how long the page waits between two attempts.
const ATTEMPTS = 10;
const PAUSE = 2000; // milliseconds

// A random name for a drawing. Under that name it is stored once, however often it is sent.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- who is at the page ---

const tell = (name) => window.dispatchEvent(new Event(name));

// The code that this browser keeps until the contributor stops, or null.
export const receipt = {
  get: () => recall(RECEIPT),
  set(code) {
    remember(RECEIPT, code);
    tell(RECEIPT_CHANGED);
  },
};

// Hand over to another person. Each tab loads the page again, so nothing of the person before stays on it.
export function nextPerson() {
  lessons.clear();
  remember(RECEIPT, null);
  remember(PERSON, newId());
  location.reload();
}

window.addEventListener("storage", ({ key }) => {
  if (key === PERSON) location.reload();
  // The key is null where everything was cleared.
  if (key === RECEIPT || key === null) tell(RECEIPT_CHANGED);
});

// --- questions to the server ---

// The browser finishes sending (keepalive), also when the page is closed.
function post(name, question, limit) {
  const headers = { "Content-Type": "application/json" };
  const [body, signal] = [JSON.stringify(question), AbortSignal.timeout(limit)];
  return fetch(`contributions/${name}`, { method: "POST", headers, keepalive: true, body, signal });
}

// The server's answer, or null when none comes in time. Names: consent, submit, status, delete.
export async function ask(name, question, limit = SERVER_TIMEOUT) {
  try {
    const reply = await post(name, question, limit);
    const answer = await reply.json();
    return reply.ok || answer.error !== undefined ? answer : null;
  } catch {
    return null;
  }
}

// The file of a contributor's digits as {file}, or {problem}, a sentence as write() takes it.
export async function download() {
  try {
    const reply = await post("collection", { receipt: receipt.get() }, 10 * SERVER_TIMEOUT);
    return reply.ok ? { file: await reply.blob() } : { problem: refusal(await reply.json()) };
  } catch {
    return { problem: ["silent"] };
  }
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
export async function submit({ id, label, strokes, source }, silent = () => {}) {
  const code = receipt.get();
  const timed = strokes.map(({ points, radius, times }) => ({ points, radius, times }));
  for (let attempt = 0; attempt < ATTEMPTS && code && receipt.get() === code; attempt += 1) {
    const reply = await ask("submit", { receipt: code, id, label, strokes: timed, source });
    if (reply && !reply.error) tell(STORED);
    if (reply) return reply;
    silent();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return null;
}
