// My digits: what a contributor takes home, the receipt code to copy, and the deletion of everything.

import { make } from "../dom.js";
import { write } from "../words.js";
import { inTime, SERVER_TIMEOUT } from "./asking.js";
import { receipt } from "./receipt.js";
import { answered, refusal } from "./refusal.js";

const NAMES = { npz: "MNIST.npz", parquet: "my-digits.parquet", png: "my-digits.png" };
export const SIDE = 160; // pixels of a drawing in the sheet to save
const GAP = 8; // between two

export function picture(width, height, draw) {
  const canvas = make("canvas", { width, height });
  draw(canvas.getContext("2d"), canvas);
  return canvas;
}

export const byDigit = (drawn) => [...drawn].sort(([a], [b]) => a - b);

// In the collector, whose elements `find` finds: `drawn()` gives [digit, canvas] of what was stored since the page was opened,
// and leave() forgets the receipt. Returns {reset}, for another person.
export function makeMine(find, server, drawn, leave) {
  async function download(format, button) {
    button.disabled = true;
    const body = JSON.stringify({ receipt: receipt.get(), format });
    const headers = { "Content-Type": "application/json" };
    const reply = await fetch("contributions/collection", { method: "POST", headers, body }).catch(
      () => null,
    );
    const file = reply?.ok ? await reply.blob().catch(() => null) : null;
    button.disabled = false;
    if (!file) {
      const said = await reply?.json().catch(() => null);
      return write(find(".unsaved"), ...(said?.error ? refusal(said) : ["silent"]));
    }
    save(file, format);
  }

  function save(file, format) {
    write(find(".unsaved"));
    const link = make("a", { href: URL.createObjectURL(file), download: NAMES[format] });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  for (const format of ["npz", "parquet"]) {
    find(`.${format}`).addEventListener("click", ({ currentTarget }) => download(format, currentTarget));
  }

  find(".png").addEventListener("click", () => {
    const digits = byDigit(drawn()),
      columns = digits.length > 10 ? 10 : 5,
      step = SIDE + GAP;
    const rows = Math.ceil(digits.length / columns);
    picture(columns * step + GAP, rows * step + GAP, (paint, { width, height }) => {
      paint.fillStyle = "#fff";
      paint.fillRect(0, 0, width, height);
      digits.forEach(([, digit], i) =>
        paint.drawImage(digit, GAP + (i % columns) * step, GAP + Math.floor(i / columns) * step),
      );
    }).toBlob((file) => save(file, "png"));
  });

  find(".copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(receipt.get());
      write(find(".copy"), "mine.copied");
    } catch {
      getSelection().selectAllChildren(find(".code")); // to be copied by hand
    }
  });

  const form = find(".delete form"),
    sure = find(".sure");
  let code = ""; // that is to be deleted: what was written when the question was asked

  function askIfSure(asked) {
    sure.hidden = !asked;
    form.querySelector("[type=submit]").disabled = asked;
    if (asked) sure.querySelector(".no").focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    write(find(".deleted"));
    code = find(".receipt").value.trim().toUpperCase();
    if (code) askIfSure(true);
    else write(find(".deleted"), "delete.enter");
  });
  sure.querySelector(".no").addEventListener("click", () => {
    askIfSure(false);
    form.querySelector("[type=submit]").focus();
  });
  sure.querySelector(".yes").addEventListener("click", async () => {
    const line = find(".deleted");
    askIfSure(false);
    const reply = await inTime(server.delete({ receipt: code }), 3 * SERVER_TIMEOUT);
    write(line, ...(reply ? answered(reply) : ["delete.silent"]));
    line.focus();
    if (reply?.said && !reply.again && code === receipt.get()) leave();
  });

  return {
    reset() {
      write(find(".copy"), "mine.copy");
      askIfSure(false);
      form.reset();
      write(find(".deleted"));
      find(".delete").open = false;
    },
  };
}
