// The page's side of the network: one worker for the whole page, which reads drawings so that the page never stutters.
//
// Of one board at most one drawing is being read, and of those that come meanwhile only the newest is read next. So the
// newest drawing wins, and each answer carries the revision of the drawing that it describes.

const PATIENCE = 10_000;  // milliseconds for an answer; after that the worker counts as dead and a new one is started
const RETRY = 5_000;      // milliseconds before the weights are asked for again
const AWAY = "weights.away";
const UNABLE = "weights.unable";
const MEANT = [[/SHA-256/, "weights.altered"], [/no ink/, "picture.blank"]];  // what a visitor can meet of digit.js's sentences

const keyOf = (sentence, otherwise) => MEANT.find(([pattern]) => pattern.test(sentence))?.[1] ?? otherwise;

class Engine extends EventTarget {
  state = "loading";  // "ready" once the weights are there, "none" where they cannot run
  problem = "";       // the key of a sentence: why it is not ready
  weights = null;     // what runs: {weights: "OWNER/NAME@commit" or "embedded", parameters, accuracy, problem, base}

  #address = null;
  #worker = null;
  #timer = null;  // until the weights are asked for again
  #boards = new Map();  // name -> {asked: under way, next: the newest since, receive, timer}

  // Start, once a page: `address` gives {base or bases, weights, parameters, accuracy, problem}; bases are tried in turn.
  open(address) {
    if (this.#address) return;
    this.#address = new URL(address, document.baseURI);
    this.#start();
  }

  // Have a board's drawing read: {revision, strokes, reduce} or {revision, picture}; receive({revision, ...}) may hear of
  // fewer drawings than were asked about, but always of the last.
  ask(name, question, receive) {
    const board = this.#boards.get(name) ?? { asked: null, next: null };
    this.#boards.set(name, board);
    [board.next, board.receive] = [question, receive];
    this.#send(name, board);
  }

  // What was asked about a board interests nobody any more.
  forget(name) {
    const board = this.#boards.get(name);
    if (board) board.next = null;
  }

  #send(name, board) {
    if (this.state !== "ready" || board.asked || !board.next) return;
    [board.asked, board.next] = [board.next, null];
    this.#worker.postMessage({ board: name, ...board.asked });
    board.timer = setTimeout(() => this.#restart(), PATIENCE);
  }

  #hear(said) {
    if (said.ready) {
      clearTimeout(this.#timer);
      this.weights = { ...this.weights, base: said.ready };
      this.#become("ready");
      this.#boards.forEach((board, name) => this.#send(name, board));
    } else if ("failed" in said) {
      console.warn(said.failed);  // for who runs the page
      this.#again(keyOf(said.failed, AWAY));
    } else {
      const board = this.#boards.get(said.board);
      clearTimeout(board.timer);
      board.asked = null;
      board.receive(said.error ? { ...said, error: keyOf(said.error, "drawing.unread") } : said);
      this.#send(said.board, board);
    }
  }

  #start() {
    const script = new URL("worker.js", import.meta.url);
    try {
      this.#worker = new Worker(script, { type: "module" });
    } catch {
      return this.#become("none", UNABLE);
    }
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = async (event) => {  // its script did not come, or this browser does not understand it
      event.preventDefault();
      const reply = await fetch(script).catch(() => null);
      if (reply?.ok) return this.#become("none", UNABLE);
      this.#become("loading", AWAY);
      this.#timer = setTimeout(() => this.#restart(), RETRY);
    };
    this.#load();
  }

  async #load() {
    try {
      const reply = await fetch(this.#address, { cache: "no-store" });
      const said = await reply.json(), bases = said.bases ?? [said.base];
      if (!reply.ok || !bases.length || !bases.every((base) => typeof base === "string")) throw new Error("no weights are named");
      this.weights = said;
      const load = bases.map((base) => new URL(base, document.baseURI).href);
      this.#worker.postMessage({ load });
      // A first place that keeps silent must not keep the page from what lies beside it.
      if (load.length > 1) this.#timer = setTimeout(() => this.#worker.postMessage({ load: load.slice(1) }), RETRY);
    } catch {
      this.#again(AWAY);
    }
  }

  #again(problem) {
    if (this.state === "none") return;
    this.#become("loading", problem);
    this.#timer = setTimeout(() => this.#load(), RETRY);
  }

  #restart() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    for (const board of this.#boards.values()) {
      clearTimeout(board.timer);
      [board.asked, board.next] = [null, board.next ?? board.asked];
    }
    this.#become("loading");
    this.#start();
  }

  #become(state, problem = "") {
    [this.state, this.problem] = [state, problem];
    this.dispatchEvent(new Event("change"));
  }
}

export const engine = new Engine();
