// The page's side of the network: one worker for the whole page reads drawings, so that the page never
// stutters.
//
// Every question is sent at once, and the worker reads the newest one of each board. An answer carries the
// revision of the drawing that it describes. An answer that is older than the last one, or than a revision
// that the board was told to forget, is dropped here.

// The pause before a failed worker, or weights that did not come, are tried again.
const RETRY = 5_000; // milliseconds
// A worker that is silent for longer is replaced.
const SILENCE = 10_000; // milliseconds
// Keys of the sentences that the page shows.
const AWAY = "weights.away";
const UNABLE = "weights.unable";
// The names of digit.js's errors -> the keys of the sentences for them.
const MEANT = {
  AlteredWeights: "weights.altered",
  EmptyDrawing: "picture.blank",
  SeveralDigits: "reading.apart",
};

class Engine extends EventTarget {
  // "loading", "ready", or "none" in a browser that cannot run the network.
  state = "loading";
  // The key of a sentence that says why it is not ready.
  problem = "";
  // The network's last layer: {weight: Float32Array(10 * features), bias: Float32Array(10)}.
  dense = null;
  // The weights in use: {weights: "OWNER/NAME@commit" or "embedded", parameters, accuracy, problem, base}.
  weights = null;

  #address = null;
  #worker = null;
  // The places of the weights that have not been tried yet.
  #bases = [];
  // Runs until the next place is tried, or the weights are asked for again.
  #timer = null;
  // The name of each board -> {question, receive, oldest}: its newest question until it is answered, and the
  // revision of the oldest answer that is still wanted.
  #asked = new Map();
  #reads = 0;
  // Runs while a question has no answer.
  #watchdog = null;
  // How many workers in a row were silent.
  #silent = 0;
  // The visitor's lessons: [{id, label, strokes or pixels}, ...].
  #lessons = [];

  // Start, once on each page. `address` gives {base or bases, weights, parameters, accuracy, problem}; the
  // bases are tried in turn.
  open(address) {
    this.#address = new URL(address, document.baseURI);
    this.#start();
  }

  // Have a board's drawing read: {revision, strokes} or {revision, picture}, with revisions that never fall.
  // `receive` may skip intermediate drawings but always gets the newest.
  ask(name, question, receive) {
    const { oldest = 0 } = this.#asked.get(name) ?? {};
    this.#asked.set(name, { question, receive, oldest });
    if (this.state !== "ready") return;
    this.#worker.postMessage({ board: name, ...question });
    this.#watch();
  }

  // The answer to one question under a name. It never comes if another question is asked before.
  read(name, question) {
    this.#reads += 1;
    return new Promise((done) => this.ask(name, { ...question, revision: this.#reads }, done));
  }

  // Drop all questions about a board up to this revision.
  forget(name, revision) {
    this.#asked.set(name, { question: null, oldest: revision });
  }

  // Have the network know these lessons from the next question on.
  teach(lessons) {
    this.#lessons = lessons;
    if (this.state === "ready") this.#worker.postMessage({ lessons });
  }

  #hear(said) {
    if (said.ready) {
      clearTimeout(this.#timer);
      this.weights = { ...this.weights, base: said.ready };
      this.dense = said.dense;
      this.#become("ready");
      this.teach(this.#lessons);
      for (const [board, { question }] of this.#asked) {
        if (question) this.#worker.postMessage({ board, ...question });
      }
      this.#watch();
    } else if ("failed" in said) {
      // The console tells the page's owner more than visitors need.
      console.warn(said.failed);
      if (this.state !== "ready") this.#next(said.name);
    } else {
      this.#silent = 0;
      this.#answer(said);
      this.#watch();
    }
  }

  #answer(said) {
    const asked = this.#asked.get(said.board);
    if (said.revision < asked.oldest) return;
    asked.oldest = said.revision;
    if (said.revision === asked.question?.revision) asked.question = null;
    if (said.error) said.error = MEANT[said.error] ?? "drawing.unread";
    asked.receive(said);
  }

  #watch() {
    clearTimeout(this.#watchdog);
    const isAsked = [...this.#asked.values()].some(({ question }) => question);
    if (isAsked) this.#watchdog = setTimeout(() => this.#replace(), SILENCE);
  }

  // Replace a silent worker. If the next one is silent, too, the page says that it cannot read the drawing.
  #replace() {
    this.#silent += 1;
    for (const [board, { question }] of this.#silent > 1 ? this.#asked : [])
      if (question) this.#answer({ board, revision: question.revision, error: "silent" });
    this.#worker.terminate();
    this.#become("loading", AWAY);
    this.#start();
  }

  #start() {
    try {
      this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    } catch {
      return this.#become("none", UNABLE);
    }
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      if (this.state === "ready") return;
      event.preventDefault();
      // Only a script that has loaded gives a message: this browser does not understand it.
      if (event.message) return this.#become("none", UNABLE);
      this.#become("loading", AWAY);
      setTimeout(() => this.#start(), RETRY);
    };
    this.#load();
  }

  async #load() {
    try {
      const reply = await fetch(this.#address, { cache: "no-store" });
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      this.weights = await reply.json();
      const bases = this.weights.bases ?? [this.weights.base];
      this.#bases = bases.map((base) => new URL(base, document.baseURI).href);
      this.#next();
    } catch {
      this.#again(AWAY);
    }
  }

  // Load from the next place. A silent one must not hold up the place after it.
  #next(problem = "") {
    const base = this.#bases.shift();
    if (!base) return this.#again(MEANT[problem] ?? AWAY);
    this.#worker.postMessage({ load: base });
    if (this.#bases.length) this.#wait(() => this.#next(problem));
    else clearTimeout(this.#timer);
  }

  #again(problem) {
    this.#become("loading", problem);
    this.#wait(() => this.#load());
  }

  // Only one action waits at a time.
  #wait(action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, RETRY);
  }

  #become(state, problem = "") {
    [this.state, this.problem] = [state, problem];
    this.dispatchEvent(new Event("change"));
  }
}

export const engine = new Engine();
