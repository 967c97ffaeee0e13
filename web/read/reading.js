// The drawing on the board and the newest answer to it.
//
// Every change of the drawing raises `revision`; an answer carries the revision that it describes. The engine
// drops answers that come late, so what is shown never goes back to an older drawing.

import { engine } from "./engine.js";

// The engine's name for the board.
const NAME = "sketchpad";

export class Reading {
  revision = 0;
  answer = { revision: 0, empty: true };
  #question;
  #answered;

  // `question()` gives the engine's question, or null for an empty board. `answered()` is called after each
  // new answer.
  constructor(question, answered) {
    this.#question = question;
    this.#answered = answered;
  }

  // Whether the answer describes the drawing as it is now.
  isCurrent() {
    return this.answer.revision === this.revision;
  }

  change() {
    this.revision += 1;
    this.ask();
  }

  ask() {
    const { revision } = this;
    const question = this.#question();
    if (question) return engine.ask(NAME, { revision, ...question }, (reply) => this.#receive(reply));
    engine.forget(NAME, revision);
    this.#receive({ revision, empty: true });
  }

  #receive(reply) {
    this.answer = reply;
    this.#answered();
  }
}
