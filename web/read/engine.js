// The page's side of the network: one worker for the whole page, which reads drawings so that the page never
// stutters.
//
// Every question is sent at once, and the worker reads the newest of each board. An answer carries the
// revision of the drawing that it describes; one that is older than what the board has heard already, or was
// told to forget, is dropped here.

// Milliseconds for an answer; after that the worker counts as dead and a new one is started.
const WORKER_TIMEOUT = 10_000;
// How often the worker is restarted for one drawing.
const RESTARTS = 1;
// Milliseconds before the weights are asked for again.
const RETRY = 5_000;
// Keys of the sentences that the page shows.
const TOO_LONG = "drawing.slow";
const AWAY = "weights.away";
const UNABLE = "weights.unable";
// The names of digit.js's errors -> the keys of the sentences for them.
const MEANT = {
  AlteredWeights: "weights.altered",
  EmptyDrawing: "picture.blank",
  SeveralDigits: "reading.apart",
};

// A board's questions, the newest of which counts.
class Asker {
  // The newest question, while it has no answer.
  question = null;
  receive = null;
  // How often the worker was restarted for this question.
  restarts = 0;
  timer = null;
  // The revision of the last question.
  #last = 0;
  // The revision of the oldest answer that is still wanted.
  #oldest = 0;

  ask(question, receive) {
    Object.assign(this, { question, receive, restarts: 0 });
    this.#last = question.revision;
  }

  forget() {
    clearTimeout(this.timer);
    this.question = null;
    this.#oldest = this.#last + 1;
  }

  hear(said) {
    if (said.revision < this.#oldest) return;
    this.#oldest = said.revision;
    if (said.revision === this.question?.revision) {
      clearTimeout(this.timer);
      this.question = null;
    }
    this.receive(said);
  }
}

class Engine extends EventTarget {
  // "ready" once the weights are there, "none" where they cannot run.
  state = "loading";
  // Why it is not ready, as the key of a sentence.
  problem = "";
  // The network's last layer: {weight: Float32Array(10 * features), bias: Float32Array(10)}.
  dense = null;
  // What runs: {weights: "OWNER/NAME@commit" or "embedded", parameters, accuracy, problem, base}.
  weights = null;

  #address = null;
  #worker = null;
  // How many workers failed although their scripts came.
  #failures = 0;
  // The places of the weights that have not been tried yet.
  #bases = [];
  // It runs until the next place is tried, the weights are asked for again, or a worker is started.
  #timer = null;
  // The name of each board -> its Asker.
  #askers = new Map();
  #reads = 0;
  // What the visitor has taught: {id, label, strokes or pixels} each.
  #lessons = [];
  // The ids of the lessons whose drawings the worker has.
  #told = new Set();

  // Start, once a page: `address` gives {base or bases, weights, parameters, accuracy, problem}; bases are
  // tried in turn.
  open(address) {
    if (this.#address) return;
    this.#address = new URL(address, document.baseURI);
    this.#start();
  }

  // Have a board's drawing read: {revision, strokes} or {revision, picture}, with revisions that never fall.
  // `receive` may skip intermediate drawings but always gets the newest.
  ask(name, question, receive) {
    if (!this.#askers.has(name)) this.#askers.set(name, new Asker());
    const asker = this.#askers.get(name);
    asker.ask(question, receive);
    this.#send(name, asker);
  }

  // The answer to one question of a name; it never comes when another one is asked before.
  read(name, question) {
    this.#reads += 1;
    return new Promise((done) => {
      this.ask(name, { ...question, revision: this.#reads }, done);
    });
  }

  // Have the network know these lessons from the next question on.
  teach(lessons) {
    this.#lessons = lessons;
    if (this.state === "ready") this.#tellLessons();
  }

  #tellLessons() {
    const known = ({ id, label }) => ({ id, label });
    const lessons = this.#lessons.map((lesson) => (this.#told.has(lesson.id) ? known(lesson) : lesson));
    this.#worker.postMessage({ lessons });
    this.#told = new Set(lessons.map(({ id }) => id));
  }

  // Drop what was asked about a board.
  forget(name) {
    this.#askers.get(name)?.forget();
  }

  #send(name, asker) {
    if (this.state !== "ready" || !asker.question) return;
    this.#worker.postMessage({ board: name, ...asker.question });
    clearTimeout(asker.timer);
    asker.timer = setTimeout(() => this.#lose(asker), WORKER_TIMEOUT);
  }

  #lose(asker) {
    const { question, restarts } = asker;
    asker.restarts += 1;
    if (question && restarts === RESTARTS) asker.hear({ revision: question.revision, error: TOO_LONG });
    this.#restart();
  }

  #hear(said) {
    if (said.ready) {
      clearTimeout(this.#timer);
      this.weights = { ...this.weights, base: said.ready };
      this.dense = said.dense;
      this.#tellLessons();
      this.#become("ready");
      this.#askers.forEach((asker, name) => this.#send(name, asker));
    } else if ("failed" in said) {
      // The console tells the page's owner more than visitors need.
      console.warn(said.failed);
      if (this.state !== "ready") this.#next(said.name);
    } else {
      const error = said.error && (MEANT[said.error] ?? "drawing.unread");
      this.#askers.get(said.board)?.hear(error ? { ...said, error } : said);
    }
  }

  #start() {
    try {
      this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    } catch {
      return this.#become("none", UNABLE);
    }
    this.#told.clear();
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => this.#fail(event);
    this.#load();
  }

  // The worker's scripts did not come, or this browser does not understand them.
  async #fail(event) {
    event.preventDefault();
    this.#worker = null;
    this.#become("loading", AWAY);
    const asked = ["worker.js", "digit.js"].map((name) =>
      fetch(new URL(name, import.meta.url)).catch(() => null),
    );
    const came = (await Promise.all(asked)).every((reply) => reply?.ok);
    if (came && this.#failures++) return this.#become("none", UNABLE);
    this.#wait(() => this.#restart(), came ? 0 : RETRY);
  }

  async #load() {
    try {
      const reply = await fetch(this.#address, { cache: "no-store" });
      const said = await reply.json();
      const bases = said.bases ?? [said.base];
      if (!reply.ok || !bases.length || !bases.every((base) => typeof base === "string"))
        throw new Error("no weights are named");
      this.weights = said;
      this.#bases = bases.map((base) => new URL(base, document.baseURI).href);
      this.#next();
    } catch {
      this.#again(AWAY);
    }
  }

  // Load from the next place. One that keeps silent must not keep the page from the one after it.
  #next(problem = "") {
    // A new worker will load them.
    if (!this.#worker) return;
    clearTimeout(this.#timer);
    const base = this.#bases.shift();
    if (!base) return this.#again(MEANT[problem] ?? AWAY);
    this.#worker.postMessage({ load: base });
    if (this.#bases.length) this.#wait(() => this.#next(problem), RETRY);
  }

  #again(problem) {
    if (this.state === "none" || !this.#worker) return;
    this.#become("loading", problem);
    this.#wait(() => this.#load(), RETRY);
  }

  // One thing at a time is waited for.
  #wait(action, milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #restart() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#askers.forEach(({ timer }) => clearTimeout(timer));
    this.#become("loading");
    this.#start();
  }

  #become(state, problem = "") {
    [this.state, this.problem] = [state, problem];
    this.dispatchEvent(new Event("change"));
  }
}

export const engine = new Engine();
