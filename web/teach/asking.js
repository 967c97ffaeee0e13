// How the server is asked: in time, and again.

const PAUSES = [300, 600, 1200, 2500, 5000]; // milliseconds before asking again when the server does not answer
export const SERVER_TIMEOUT = 8000; // milliseconds for an answer

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What the question resolves to, or null (undefined when late) when it fails or takes longer than `limit`.
export const inTime = (question, limit = SERVER_TIMEOUT) =>
  Promise.race([question, pause(limit)]).catch(() => null);

// Ask until there is an answer, which is returned, or `isOver()`; null after so many attempts. silent() after each without answer.
export async function insist(question, attempts, isOver, silent = () => {}) {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt) await pause(PAUSES[attempt - 1] ?? PAUSES.at(-1));
    if (isOver()) return null;
    const reply = await inTime(question());
    if (reply) return reply;
    silent();
  }
  return null;
}
