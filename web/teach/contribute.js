// Contributing: the receipt of a visitor who has agreed, and the page's questions to the server.

import { recall, remember } from "../storage.js";
import { isKnown } from "../words.js";
import { lessons } from "./lessons.js";

// The browser's storage keeps the receipt code, and a random name of the person at the page, under these.
const RECEIPT = "draw-a-digit receipt";
const PERSON = "draw-a-digit person";
// Events on the window: the visitor agreed or stopped, perhaps in another tab; a drawing was stored.
export const RECEIPT_CHANGED = RECEIPT;
export const STORED = "draw-a-digit stored";
export const SERVER_TIMEOUT = 8000; // milliseconds
// A drawing is sent at most this often, with this pause between two attempts.
const ATTEMPTS = 10;
const PAUSE = 2000; // milliseconds

// A random name for a drawing, which the server stores once, however often it is sent.
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

// Hand over to another person. Every tab reloads, so that nothing of this person stays on the page.
export function nextPerson() {
  lessons.clear();
  remember(RECEIPT, null);
  remember(PERSON, newId());
  location.reload();
}

window.addEventListener("storage", ({ key }) => {
  if (key === PERSON) location.reload();
  // The key is null if the visitor cleared the whole storage.
  if (key === RECEIPT || key === null) tell(RECEIPT_CHANGED);
});

// --- questions to the server ---

// With keepalive, the browser finishes sending even if the page is closed.
function post(name, question, limit) {
  const headers = { "Content-Type": "application/json" };
  const [body, signal] = [JSON.stringify(question), AbortSignal.timeout(limit)];
  return fetch(`contributions/${name}`, { method: "POST", headers, keepalive: true, body, signal });
}

// The server's answer, or null if none comes in time. Names: consent, submit, status, delete.
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

// The server's sentence in the visitor's language, as write() takes it. The answer has a code for it.
export const said = ({ code, ...values }) =>
  isKnown(`server.${code}`) ? [`server.${code}`, values] : ["server.refused"];

// Why the server refused, as write() takes it, or null if it did not.
export function refusal(reply) {
  if (!reply) return ["silent"];
  return reply.error === undefined ? null : said(reply);
}

// Send a drawing {id, label, strokes, source} until the server answers. Returns its answer, or null if it
// never does or the visitor stops meanwhile. `silent()` is called after each attempt without an answer.
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
