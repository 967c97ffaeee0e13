// What the server said, in the visitor's words: its English sentence comes with a code.

import { isKnown } from "../words.js";

// Why it did not do what was asked, as write() takes it; undefined when it did.
export const refusal = (reply) => (reply.error === undefined ? undefined : answered(reply));

// An answer with a code, as write() takes it.
export const answered = ({ code, ...values }) =>
  isKnown(`server.${code}`) ? [`server.${code}`, values] : ["server.refused"];
