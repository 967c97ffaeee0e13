// How the server is asked: in time, and again.

export const RETRIES = [300, 600, 1200, 2500, 5000];  // milliseconds before asking again when the server does not answer
export const SERVER_TIMEOUT = 8000;                   // milliseconds for an answer

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What the question resolves to, or null (undefined when late) when it fails or takes longer than `limit`.
export const inTime = (question, limit = SERVER_TIMEOUT) => Promise.race([question, pause(limit)]).catch(() => null);
