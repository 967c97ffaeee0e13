// Shares a drawing: a dialogue with its picture and its link, and what such a link draws on the page.

import { engine } from "../read/engine.js";
import { label, say, write } from "../words.js";
import { decode, encode, filled, MARK } from "./link.js";

// Board units by which simplifying may move a line. Where the answer changes, the next is tried.
const TOLERANCES = [1.5, 0.75, 0];
const FILE = "my-digit.png";
const NAME = "link"; // the engine's name for the drawing of a link

// --- the picture ---

const WIDE = 1200; // pixels
const HIGH = 630;
const EDGE = 55;
const PICTURE = HIGH - 2 * EDGE;

function paintCard(canvas, { canvas: board, digit, sentence }, address, style) {
  const paint = canvas.getContext("2d");
  const left = EDGE + PICTURE + 60;
  const room = WIDE - left - EDGE;
  const text = (words, y, size, weight, colour) => {
    paint.fillStyle = colour;
    do paint.font = `${weight} ${size}px ${style.fontFamily}`;
    while (paint.measureText(words).width > room && (size -= 1) > 12);
    paint.fillText(words, left, y);
  };
  [canvas.width, canvas.height] = [WIDE, HIGH];
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, WIDE, HIGH);
  paint.save();
  paint.beginPath();
  paint.roundRect(EDGE, EDGE, PICTURE, PICTURE, 24);
  paint.clip();
  paint.drawImage(board, EDGE, EDGE, PICTURE, PICTURE);
  paint.restore();
  text(digit || "?", 370, 400, 700, digit ? style.getPropertyValue("--accent-on-light") : "#9ca3af");
  text(sentence, 455, 46, 600, "#1f2937");
  text(address, HIGH - EDGE - 8, 26, 400, "#4b5563");
}

// --- the dialogue ---

// A link to the strokes, whose drawing gets the same answer. A reading that was called off counts as another
// answer.
async function link(page, strokes, answered) {
  for (const tolerance of TOLERANCES) {
    const hash = encode(strokes, tolerance);
    const { digit } = await engine.read(NAME, { strokes: decode(hash) });
    if (digit === answered) return page + hash;
  }
  return page + encode(strokes, 0);
}

class Dialogue {
  #root;
  // {url, text, picture: Blob}, for copying and sending.
  #shared = null;
  // How often the dialogue was opened: the link of an earlier drawing is dropped.
  #openings = 0;
  #page = location.origin + location.pathname;

  constructor(root) {
    this.#root = root;
    this.#find(".copy").addEventListener("click", () => this.#copy());
    this.#find(".send").addEventListener("click", () => this.#send());
    this.#find(".close").addEventListener("click", () => root.close());
    root.addEventListener("click", ({ target }) => {
      // A press beside the dialogue closes it.
      if (target === root) root.close();
    });
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  // Show the drawing {strokes, canvas, digit, answered, sentence}, its picture and its link.
  async open(drawing) {
    this.#openings += 1;
    const mine = this.#openings;
    this.#reset();
    const card = this.#find("canvas");
    paintCard(card, drawing, this.#page.replace(/^https?:\/\//, ""), getComputedStyle(this.#root));
    label(card, "share.alt", { sentence: drawing.sentence });
    this.#root.showModal();
    try {
      const picture = await new Promise((done) => card.toBlob(done, "image/png"));
      const url = await link(this.#page, drawing.strokes, drawing.answered);
      if (mine === this.#openings) this.#fill({ url, text: drawing.sentence, picture });
    } catch {
      if (mine === this.#openings) write(this.#find(".said"), "share.failed");
    }
  }

  #reset() {
    const download = this.#find(".download");
    this.#shared = null;
    write(this.#find(".said"));
    this.#find("input").value = "";
    delete this.#root.dataset.ready;
    this.#find(".copy").disabled = this.#find(".send").disabled = true;
    URL.revokeObjectURL(download.href);
    download.removeAttribute("href");
  }

  #fill(shared) {
    const field = this.#find("input");
    const copy = this.#find(".copy");
    const send = this.#find(".send");
    this.#shared = shared;
    Object.assign(this.#find(".download"), { href: URL.createObjectURL(shared.picture), download: FILE });
    field.value = shared.url;
    copy.disabled = send.disabled = false;
    send.hidden = !navigator.share;
    if (document.activeElement === field) copy.focus();
    this.#root.dataset.ready = shared.url;
  }

  async #copy() {
    const field = this.#find("input");
    const said = this.#find(".said");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      write(said, "share.copied");
    } catch {
      // Pages without HTTPS and some frames have no clipboard.
      write(said, document.execCommand("copy") ? "share.copied" : "share.uncopied");
    }
  }

  async #send() {
    const { url, text, picture } = this.#shared;
    const files = [new File([picture], FILE, { type: "image/png" })];
    const what = navigator.canShare?.({ files }) ? { url, text, files } : { url, text };
    await navigator.share(what).catch(() => {
      /* called off */
    });
  }
}

// Mount this part: the button Share, and the drawing of the page's address.
export function mount(page, sketchpad) {
  const { board, player, prediction } = sketchpad;
  const button = page.querySelector("#share");
  const dialogue = new Dialogue(page.querySelector("dialog.share"));

  // The drawing that can be shared, or null.
  function drawing() {
    const { confidences, error, digit: answered, lesson } = sketchpad.answer;
    const isAnswered = confidences || error;
    if (player.isRunning || player.kind === "greeting" || !board.strokes.length || !isAnswered) return null;
    const { digit } = prediction.dataset;
    // The page of the friend who gets the picture has not been taught this shape.
    const taught = lesson && say("share.taught", { digit });
    const sentence = taught || prediction.querySelector(".sentence").textContent;
    return { strokes: board.strokes, canvas: board.canvas, digit, answered, sentence };
  }

  button.addEventListener("click", () => {
    const now = drawing();
    if (now) dialogue.open(now);
    else sketchpad.tell(["share.picture"]);
  });

  // A drawing from a link draws itself once. It does not come again when the visitor goes back to the link.
  function followLink() {
    if (!history.state?.isPlayed) openLink();
  }

  function openLink() {
    try {
      const strokes = decode(location.hash);
      if (!strokes) return;
      history.replaceState({ ...history.state, isPlayed: true }, "");
      player.play(filled(strokes), "link");
    } catch (error) {
      sketchpad.tell(error.sentence);
    }
  }

  sketchpad.watch({
    changed() {
      // A reload after the visitor has drawn must not bring the drawing of the link back.
      if (location.hash.startsWith(MARK) && !player.isRunning && player.kind !== "link")
        history.replaceState(history.state, "", location.pathname + location.search);
    },
    shown() {
      button.disabled = !board.picture && !drawing();
    },
  });
  addEventListener("hashchange", followLink);
  openLink();
}
