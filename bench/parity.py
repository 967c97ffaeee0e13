"""How far web/digit.js and Python agree, in a real browser: `python -m bench.parity --drawings 10000`.

Both read the same drawings (as strokes) and the same picture files. Prints a table and every difference, and writes
docs/parity.json. Exits with 1 when the two are farther apart than tests/test_engine.py allows.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

import board
from bench import freehand, sets, unipen
from handwriting import MEASURING, draw, draw_nondigit
from model import LABELS, DigitCNN, EmptyDrawing, SeveralDigits
from reports import tables

ROOT = Path(__file__).parent.parent
CHUNK = 100  # drawings or pictures in one message to the browser
Drawing = list[board.Stroke]

TENSOR, PROBABILITY = 1e-3, 1e-3  # the most that an input and a probability may differ
ANSWERS = 1 / 2000  # share of drawings whose answers may differ
PICTURE_ANSWERS = 1 / 100  # the same of pictures


# --- what is read -----------------------------------------------------------------------------------------------------


def generated(count: int, seed: int = 0) -> list[Drawing]:
    """Drawings of the generator: nine of ten are digits, so that "not sure" is compared, too."""
    rng = np.random.default_rng([seed, 2])
    return [
        draw_nondigit(MEASURING[i % len(MEASURING)], rng) if i % 10 == 9 else draw(i % 10, rng)
        for i in range(count)
    ]


def unseen(count: int, sizes: freehand.Sizes, seed: int = 0) -> list[Drawing]:
    """Digits of the writers in FREEHAND_DIR; none when it is not set."""
    folder = freehand.folder()
    if folder is None:
        return []
    digits, _ = freehand.read(folder)
    rng = np.random.default_rng([seed, 3])
    chosen = (
        rng.permutation(len(digits))[:count]
        if count <= len(digits)
        else rng.integers(len(digits), size=count)
    )
    return [freehand.on_board(digits[i], sizes, rng) for i in chosen]


def collections(count: int, seed: int = 0) -> dict[str, list[Drawing]]:
    """Digits of UNIPEN's collections in UNIPEN_DIR, a row for each that may be looked at; none when it is not set."""
    root, rng = unipen.folder(), np.random.default_rng([seed, 5])
    rows = {}
    for name in [name for name in unipen.LOOKED_AT if root and name in unipen.collections(root)]:
        digits, _ = unipen.read(root, name)
        chosen = rng.permutation(len(digits))[:count]
        rows[f"UNIPEN {name}"] = [freehand.on_board(digits[i].strokes, freehand.NATURAL, rng) for i in chosen]
    return rows


def pictures(count: int, seed: int = 0) -> dict[str, list[bytes]]:
    """Rows of picture files: those of bench.accuracy as PNG, then transparent ones, large ones and JPEG."""
    rng = np.random.default_rng([seed, 4])
    drawings = unseen(count, freehand.NATURAL, seed) or [draw(i % 10, rng) for i in range(count)]
    digits = [[stroke.points for stroke in drawing] for drawing in drawings]
    rows = {name: row.pictures for name, row in sets.made_hard(digits, np.zeros(count, int))}
    plain, photographs = next(iter(rows.values())), list(rows.values())[-1]
    files = {name: [encoded(Image.fromarray(picture)) for picture in row] for name, row in rows.items()}
    layers = {
        "black ink on a transparent ground": [
            with_alpha(np.zeros_like(picture), picture) for picture in plain
        ],
        "white ink on a transparent ground (LA)": [
            with_alpha(np.full_like(picture, 255), picture) for picture in plain
        ],
        "photographed, with cut corners": [
            with_alpha(picture, corners(picture.shape)) for picture in photographs
        ],
        "blue ink": [Image.fromarray(np.dstack([255 - p, 255 - p, np.full_like(p, 255)])) for p in plain],
    }
    files |= {name: [encoded(image) for image in row] for name, row in layers.items()}
    large = [
        Image.fromarray(picture).resize((2304, 2305), Image.Resampling.BILINEAR)
        for picture in plain[: count // 10]
    ]
    files["2304x2305 pixels"] = [encoded(image) for image in large]
    files["JPEG, dark on light"] = [encoded(Image.fromarray(255 - p), "JPEG", quality=85) for p in plain]
    files["JPEG, photographed"] = [encoded(Image.fromarray(p), "JPEG", quality=85) for p in photographs]
    return files


def with_alpha(grey: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])


def corners(shape: tuple[int, int]) -> np.ndarray:
    """Opaque but for the four corners, as a photograph with rounded ones."""
    y, x = (np.abs(np.arange(side) - side / 2) / (side / 2) for side in shape)
    return np.where(y[:, None] + x > 1.8, 0, 255).astype(np.uint8)


def encoded(image: Image.Image, form: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


# --- who reads --------------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """What one side says: `board` is a hash, `problem` the sentence of a refusal, which leaves the rest empty."""

    problem: str = ""
    digit: str | None = None
    margin: float = 0.0
    tensor: np.ndarray = field(default_factory=lambda: np.zeros(784, np.float32))
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros(10, np.float32))
    board: str = ""


def in_python(net: DigitCNN, item: Drawing | bytes) -> Answer:
    """Python's answer to a drawing or a picture file."""
    drawn = None if isinstance(item, bytes) else board.render(item)
    try:
        tensor = net.preprocess(Image.open(io.BytesIO(item)) if drawn is None else drawn)
    except (EmptyDrawing, SeveralDigits) as error:
        return Answer(str(error))
    (probabilities,), (margin,) = net.predict(tensor[None])
    digit = LABELS[int(probabilities.argmax())] if margin >= net.config.threshold else None
    hashed = "" if drawn is None else hashlib.sha256(drawn.tobytes()).hexdigest()
    return Answer("", digit, float(margin), tensor.numpy().ravel(), probabilities, hashed)


READ = """async (items) => {
  const { parseStrokes, render } = digit, answers = [];
  const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const base64 = (floats) => btoa(String.fromCharCode(...new Uint8Array(floats.buffer)));
  for (const item of items) {
    try {
      const answer = {};
      let image = item;
      if (typeof item === "string") {
        image = await createImageBitmap(await (await fetch(item)).blob());
      } else {
        answer.board = await hex(render(parseStrokes(item)));
      }
      const tensor = await net.preprocess(image), { probabilities, margin, digit } = net.predict(tensor);
      answers.push({ ...answer, digit, margin, tensor: base64(tensor), probabilities: base64(probabilities) });
    } catch (error) {
      if (!["EmptyDrawing", "SeveralDigits"].includes(error.name)) throw error;
      answers.push({ problem: error.message });
    }
  }
  return answers;
}"""


class Engine:
    """web/digit.js with its weights, in a page of a real browser that is served nothing else."""

    def __init__(self, browser, url: str):
        self.page = browser.new_page()
        self.page.goto(url)
        self.page.evaluate("async () => { window.digit = await import('./digit.js'); }")
        self.page.evaluate("async () => { window.net = await digit.DigitCNN.fromPretrained('weights/'); }")

    def read(self, items: Sequence[Drawing | bytes]) -> Iterator[Answer]:
        """The engine's answers to drawings or picture files."""
        for first in range(0, len(items), CHUNK):
            for raw in self.page.evaluate(READ, [_message(item) for item in items[first : first + CHUNK]]):
                arrays = {
                    name: np.frombuffer(base64.b64decode(raw.pop(name)), np.float32)
                    for name in ("tensor", "probabilities")
                    if name in raw
                }
                yield Answer(**raw, **arrays)


def _message(item: Drawing | bytes) -> str | list[dict]:
    """A drawing or a picture file as the page is given it."""
    if isinstance(item, bytes):
        return (
            f"data:image/{'png' if item[1:4] == b'PNG' else 'jpeg'};base64,{base64.b64encode(item).decode()}"
        )
    return [{"points": stroke.points.tolist(), "radius": float(stroke.radius)} for stroke in item]


def site() -> dict[str, bytes]:
    """The files that the engine needs, by path, with a page that loads nothing."""
    files = {"": b"<!doctype html><title>digit.js</title>"}
    files |= {name: (ROOT / "web" / name).read_bytes() for name in ("digit.js", "reduce.js")}
    return files | {
        f"weights/{name}": (ROOT / "weights" / name).read_bytes()
        for name in ("config.json", "model.safetensors")
    }


TYPES = {"js": "text/javascript", "json": "application/json", "": "text/html"}


@contextmanager
def served(files: MutableMapping[str, bytes]) -> Iterator[str]:
    """Serve files by path, as the mapping has them when they are asked for; gives the URL, which ends in a slash."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path.lstrip("/"))
            self.send_response(404 if body is None else 200)
            kind = TYPES.get(self.path.rpartition("/")[2].rpartition(".")[2], "application/octet-stream")
            self.send_header("content-type", kind)
            self.send_header("cache-control", "no-store")
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


# --- how far they agree -----------------------------------------------------------------------------------------------


@dataclass
class Row:
    """What the comparison of one kind of drawing or picture came to."""

    name: str
    pictures: bool
    total: int = 0
    boards: int = 0  # that differ in at least one bit
    tensor: float = 0.0  # the most that an input differs
    probability: float = 0.0
    answers: int = 0  # that differ: another digit, or only one is sure, or only one refuses
    differences: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether it is as it has to be."""
        if self.pictures:
            return self.answers <= self.total * PICTURE_ANSWERS
        close = self.boards == 0 and self.tensor <= TENSOR and self.probability <= PROBABILITY
        return close and self.answers <= max(1, self.total * ANSWERS)


def compare(
    name: str,
    net: DigitCNN,
    engine: Engine,
    items: Sequence[Drawing | bytes],
    say: Callable[[str], None] = print,
) -> Row:
    """Let both sides read `items`, drawings or picture files; every difference is said and kept."""
    row = Row(name, bool(items) and isinstance(items[0], bytes))
    for number, (item, theirs) in enumerate(zip(items, engine.read(items), strict=True)):
        ours = in_python(net, item)
        tensor = float(np.abs(ours.tensor - theirs.tensor).max())
        probability = float(np.abs(ours.probabilities - theirs.probabilities).max())
        row.total += 1
        row.boards += ours.board != theirs.board and not ours.problem
        row.tensor, row.probability = max(row.tensor, tensor), max(row.probability, probability)
        same = (ours.digit, ours.problem) == (theirs.digit, theirs.problem)
        row.answers += not same
        if not same or ours.board != theirs.board or tensor > TENSOR or probability > PROBABILITY:
            row.differences.append(
                f"{name}, number {number}: {_in_words(ours)} in Python, {_in_words(theirs)} in the browser; "
                f"inputs differ by {tensor:.1e}, probabilities by {probability:.1e}"
                + ("" if ours.board == theirs.board else ", and so do the boards")
            )
            say(row.differences[-1])
    return row


def _in_words(answer: Answer) -> str:
    return answer.problem or f"{answer.digit or 'not sure'} (margin {answer.margin:.4f})"


def main() -> None:
    """Compare at scale, print the table and write it to docs/parity.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drawings", type=int, default=10_000, help="of each kind")
    parser.add_argument("--pictures", type=int, default=500, help="of each kind")
    options = parser.parse_args()
    from tests.harness.browser import chromium

    drawings = {
        "generator": generated(options.drawings),
        "unseen writers, natural sizes": unseen(options.drawings, freehand.NATURAL),
        "unseen writers, small": unseen(options.drawings, freehand.SMALL),
        **collections(options.drawings),
    }
    net, rows = DigitCNN.from_pretrained(ROOT / "weights"), []
    with chromium() as browser, served(site()) as url:
        engine = Engine(browser, url)
        for name, items in {**drawings, **pictures(options.pictures)}.items():
            if items:
                rows.append(compare(name, net, engine, items))
                print(f"{name}: {len(items):,} compared", file=sys.stderr)
    results = {"sha256": net.config.sha256, "rows": [asdict(row) for row in rows]}
    print(tables.parity(results))
    tables.store("parity", results)
    if not all(row.agrees for row in rows):
        sys.exit("bench.parity: the browser and Python are too far apart; see above.")


if __name__ == "__main__":
    main()
