// The page's side of the network: one worker for the whole page, which reads drawings so that the page never stutters.
//
// Every question is sent at once, and the worker reads the newest of each board: the newest drawing wins. Each answer carries the
// revision of the drawing that it describes.

const WORKER_TIMEOUT = 10_000; // milliseconds for an answer; after that the worker counts as dead and a new one is started
const RESTARTS = 1; // of the worker for one drawing
const TOO_LONG = "drawing.slow"; // the keys of what is then said
const RETRY = 5_000; // milliseconds before the weights are asked for again
const AWAY = "weights.away";
const UNABLE = "weights.unable";
const MEANT = { AlteredWeights: "weights.altered", EmptyDrawing: "picture.blank" }; // names of digit.js's errors

class Engine extends EventTarget {
  state = "loading"; // "ready" once the weights are there, "none" where they cannot run
  problem = ""; // the key of a sentence: why it is not ready
  dense = null; // the network's last layer: {weight: Float32Array(10 * features), bias: Float32Array(10)}
  weights = null; // what runs: {weights: "OWNER/NAME@commit" or "embedded", parameters, accuracy, problem, base}

  #address = null;
  #worker = null;
  #failures = 0; // of workers whose scripts could be had
  #bases = []; // places of the weights that have not been tried yet
  #timer = null; // until the next place is tried, the weights are asked for again, or a worker is started
  #boards = new Map(); // name -> {question: the newest without an answer, receive, timer, restarts: made for it}

  // Start, once a page: `address` gives {base or bases, weights, parameters, accuracy, problem}; bases are tried in turn.
  open(address) {
    if (this.#address) return;
    this.#address = new URL(address, document.baseURI);
    this.#start();
  }

  // Have a board's drawing read: {revision, strokes, reduce} or {revision, picture}; receive({revision, ...}) may hear of
  // fewer drawings than were asked about, but always of the last.
  ask(name, question, receive) {
    const board = this.#boards.get(name) ?? {};
    this.#boards.set(name, Object.assign(board, { question, receive, restarts: 0 }));
    this.#send(name, board);
  }

  // The answer to one question; it stays out when another of that name comes before.
  read(name, question) {
    return new Promise((done) => {
      this.ask(name, question, done);
    });
  }

  // What was asked about a board interests nobody any more.
  forget(name) {
    clearTimeout(this.#boards.get(name)?.timer);
    this.#boards.delete(name);
  }

  #send(name, board) {
    if (this.state !== "ready" || !board.question) return;
    this.#worker.postMessage({ board: name, ...board.question });
    clearTimeout(board.timer);
    board.timer = setTimeout(() => this.#lost(board), WORKER_TIMEOUT);
  }

  #lost(board) {
    const { question, receive } = board;
    if (board.restarts++ === RESTARTS) {
      board.question = null;
      receive({ revision: question.revision, error: TOO_LONG });
    }
    this.#restart();
  }

  #hear(said) {
    if (said.ready) {
      clearTimeout(this.#timer);
      this.weights = { ...this.weights, base: said.ready };
      this.dense = said.dense;
      this.#become("ready");
      this.#boards.forEach((board, name) => this.#send(name, board));
    } else if ("failed" in said) {
      console.warn(said.failed); // for who runs the page
      if (this.state !== "ready") this.#next(said.name);
    } else {
      const board = this.#boards.get(said.board);
      if (said.revision === board?.question?.revision) {
        clearTimeout(board.timer);
        board.question = null;
      }
      board?.receive(said.error ? { ...said, error: MEANT[said.error] ?? "drawing.unread" } : said);
    }
  }

  #start() {
    try {
      this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    } catch {
      return this.#become("none", UNABLE);
    }
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = async (event) => {
      // its scripts did not come, or this browser does not understand them
      event.preventDefault();
      this.#worker = null;
      this.#become("loading", AWAY);
      const names = ["worker.js", "digit.js"],
        asked = names.map((name) => fetch(new URL(name, import.meta.url)).catch(() => null));
      const came = (await Promise.all(asked)).every((reply) => reply?.ok);
      if (came && this.#failures++) return this.#become("none", UNABLE);
      this.#wait(() => this.#restart(), came ? 0 : RETRY);
    };
    this.#load();
  }

  async #load() {
    try {
      const reply = await fetch(this.#address, { cache: "no-store" });
      const said = await reply.json(),
        bases = said.bases ?? [said.base];
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
    if (!this.#worker) return; // a new one will load
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

  #wait(action, milliseconds) {
    // one thing at a time is waited for
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #restart() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#boards.forEach(({ timer }) => clearTimeout(timer));
    this.#become("loading");
    this.#start();
  }

  #become(state, problem = "") {
    [this.state, this.problem] = [state, problem];
    this.dispatchEvent(new Event("change"));
  }
}

export const engine = new Engine();
