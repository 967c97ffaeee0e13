// Shares a drawing: a dialogue with its picture and a link to it, and the page's answer to that link.

import { label, say, write } from "../words.js";
import { decode, encode, filled, MARK } from "./link.js";

const FILE = "my-digit.png";
// The picture, the margin around the board in it, and the board's side.
const [WIDE, HIGH, EDGE] = [1200, 630, 55]; // pixels
const SIDE = HIGH - 2 * EDGE;

function paintCard(canvas, { canvas: board, digit, sentence }, address, fontFamily) {
  const paint = canvas.getContext("2d");
  const left = EDGE + SIDE + 60;
  const room = WIDE - left - EDGE;
  const text = (words, y, size, weight, colour) => {
    paint.fillStyle = colour;
    do paint.font = `${weight} ${size}px ${fontFamily}`;
    while (paint.measureText(words).width > room && (size -= 1) > 12);
    paint.fillText(words, left, y);
  };
  [canvas.width, canvas.height] = [WIDE, HIGH];
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, WIDE, HIGH);
  paint.save();
  paint.beginPath();
  paint.roundRect(EDGE, EDGE, SIDE, SIDE, 24);
  paint.clip();
  paint.drawImage(board, EDGE, EDGE, SIDE, SIDE);
  paint.restore();
  text(digit || "?", 370, 400, 700, digit ? "#c2410c" : "#9ca3af");
  text(sentence, 455, 46, 600, "#1f2937");
  text(address, HIGH - EDGE - 8, 26, 400, "#4b5563");
}

// Bring the dialogue to life. Returns open(), which shows a drawing {strokes, canvas, digit, sentence}.
function listen(root) {
  const find = (selector) => root.querySelector(selector);
  const page = location.origin + location.pathname;
  const [card, field, said] = ["canvas", "input", ".said"].map(find);
  let text = "";

  async function copy() {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      write(said, "share.copied");
    } catch {
      // Pages without HTTPS and some frames have no clipboard. The link is selected, to be copied by hand.
      write(said, "share.uncopied");
    }
  }

  async function send() {
    const picture = await new Promise((done) => card.toBlob(done));
    const link = { url: field.value, text };
    const both = { ...link, files: [new File([picture], FILE, { type: "image/png" })] };
    await navigator.share(navigator.canShare?.(both) ? both : link).catch(() => {
      // The visitor has cancelled.
    });
  }

  find(".copy").addEventListener("click", copy);
  find(".send").addEventListener("click", send);
  find(".send").hidden = !navigator.share;
  root.addEventListener("click", ({ target }) => {
    // A press beside the dialogue also closes it.
    if (target === root || target.matches(".close")) root.close();
  });

  return (drawing) => {
    text = drawing.sentence;
    paintCard(card, drawing, page.replace(/^https?:\/\//, ""), getComputedStyle(root).fontFamily);
    label(card, "share.alt", { sentence: text });
    field.value = page + encode(drawing.strokes);
    Object.assign(find(".download"), { href: card.toDataURL(), download: FILE });
    write(said);
    root.showModal();
  };
}

// Mount this part: the button Share, and the drawing in the page's address.
export function mount(page, sketchpad) {
  const { board, player, prediction } = sketchpad;
  const button = page.querySelector("#share");
  const open = listen(page.querySelector("dialog.share"));

  // The drawing that can be shared, or null.
  function drawing() {
    const { confidences, error, lesson } = sketchpad.answer;
    const isAnswered = confidences || error;
    if (player.isRunning || player.kind === "greeting" || !board.strokes.length || !isAnswered) return null;
    const { digit } = prediction.dataset;
    // The friend's page has not been taught this shape.
    const taught = lesson && say("share.taught", { digit });
    const sentence = taught || prediction.querySelector(".sentence").textContent;
    return { strokes: board.strokes, canvas: board.canvas, digit, sentence };
  }

  button.addEventListener("click", () => {
    const now = drawing();
    if (now) open(now);
    else sketchpad.tell(["share.picture"]);
  });

  function openLink() {
    try {
      const strokes = decode(location.hash);
      if (!strokes) return;
      history.replaceState({ ...history.state, isPlayed: true }, "");
      player.play(filled(strokes), "link");
    } catch {
      sketchpad.tell(["share.broken"]);
    }
  }

  sketchpad.watch({
    changed() {
      // Once the visitor has drawn, a reload must not bring back the drawing in the link.
      if (location.hash.startsWith(MARK) && !player.isRunning && player.kind !== "link")
        history.replaceState(history.state, "", location.pathname + location.search);
    },
    shown() {
      button.disabled = !board.picture && !drawing();
    },
  });
  // The drawing is played once, also when the visitor comes back to its link.
  addEventListener("hashchange", () => history.state?.isPlayed || openLink());
  openLink();
}
