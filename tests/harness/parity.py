"""Compares web/read/digit.js, in a real browser, with Python on the same drawings and picture files."""

import base64
import hashlib
import io
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

import board
from bench import pendigits
from handwriting import MEASURING, draw, draw_nondigit
from model import LABELS, DigitCNN, EmptyDrawing, SeveralDigits
from tests.harness import ROOT
from tests.harness.calls import encoded

CHUNK = 100  # drawings or pictures in one message to the browser
Drawing = list[board.Stroke]

# The most that an input and a probability may differ.
TENSOR, PROBABILITY = 1e-3, 1e-3
# The shares of drawings, and of pictures, whose answers may differ.
ANSWERS, PICTURE_ANSWERS = 1 / 2000, 1 / 100


# --- what is read ---


def generated(count: int, seed: int = 0) -> list[Drawing]:
    """Drawings of the generator: nine of ten are digits, so that "not sure" is compared, too."""
    rng = np.random.default_rng([seed, 2])
    return [
        draw_nondigit(MEASURING[i % len(MEASURING)], rng) if i % 10 == 9 else draw(i % 10, rng)
        for i in range(count)
    ]


def unseen(count: int, sizes: pendigits.Sizes, seed: int = 0) -> list[Drawing]:
    """Digits of the writers in FREEHAND_DIR; none if it is not set."""
    folder = pendigits.folder()
    if folder is None:
        return []
    digits, _ = pendigits.read(folder)
    rng = np.random.default_rng([seed, 3])
    return [pendigits.on_board(digits[i], sizes, rng) for i in rng.permutation(len(digits))[:count]]


def odd() -> dict[str, Drawing]:
    """Drawings at the limits of the board, the brush and the window around the centre of mass, by name."""
    blob = [[60 + 12 * (i % 6), 60 + 12 * (i // 6)] for i in range(36)]
    tail = [[100.0, 100.0], [400.0, 390.0]]
    heavy = {"at the upper left": [(blob, 25), (tail, 5)]}
    heavy["at the lower right"] = [
        ([[448 - x, 448 - y] for x, y in points], r) for points, r in heavy["at the upper left"]
    ]
    drawings = {f"heavy {where}": lines for where, lines in heavy.items()} | {
        "a dot": [([[224, 224]], 15)],
        "two dots at the corners": [([[30, 30]], 5), ([[418, 418]], 25)],
        "half covered pixels": [([[100, 200], [300, 200]], 15.5), ([[150, 120], [150, 300]], 5.5)],
        "a pen that rests": [([[200, 100], [200, 100], [200, 340], [200, 340]], 14)],
        "beyond the board": [([[-200, 224], [700, 250]], 10), ([[224, -1700], [230, 2000]], 10)],
        "all round the board": [([[26, 26], [422, 26], [422, 422], [26, 422], [26, 26]], 25)],
        "small": [([[200, 200], [210, 190], [205, 220]], 5)],
    }
    return {
        name: [board.Stroke(np.array(points, float), float(radius)) for points, radius in lines]
        for name, lines in drawings.items()
    }


def pictures(count: int, seed: int = 0) -> dict[str, list[bytes]]:
    """Picture files of drawn digits, by kind."""
    rng = np.random.default_rng([seed, 4])
    boards = [board.render(draw(i % 10, rng)) for i in range(count)]
    photographs = [photographed(each, rng) for each in boards]
    large = [Image.fromarray(each).resize((2304, 2305), Image.Resampling.BILINEAR) for each in boards[:2]]
    clear = [with_alpha(np.zeros_like(each), each) for each in boards]
    white = [with_alpha(np.full_like(each, 255), each) for each in boards]
    blue = [Image.fromarray(np.dstack([255 - p, 255 - p, np.full_like(p, 255)])) for p in boards]
    return {
        "board": [encoded(Image.fromarray(each)) for each in boards],
        "dark on light": [encoded(Image.fromarray(255 - each)) for each in boards],
        "photographed: shade and grain": [encoded(Image.fromarray(each)) for each in photographs],
        "photographed, with cut corners": [encoded(with_alpha(p, corners(p.shape))) for p in photographs],
        "black ink on a transparent ground": [encoded(image) for image in clear],
        "white ink on a transparent ground": [encoded(image) for image in white],
        "blue ink": [encoded(image) for image in blue],
        "2304x2305 pixels": [encoded(image) for image in large],
        "JPEG": [encoded(Image.fromarray(255 - each), "JPEG", quality=85) for each in boards],
    }


def photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board as dark ink on paper under uneven light with grain: uint8 (448, 448)."""
    y, x = np.mgrid[0 : board.SIZE, 0 : board.SIZE] / board.SIZE - 0.5
    light = 0.65 + 0.3 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))
    paper = 255 * light * (1 - rng.uniform(0.55, 0.8) * picture / 255.0) + rng.normal(0, 6, picture.shape)
    return paper.clip(0, 255).astype(np.uint8)


def with_alpha(grey: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])


def corners(shape: tuple[int, int]) -> np.ndarray:
    """The alpha channel of a photograph whose four corners are cut."""
    y, x = (np.abs(np.arange(side) - side / 2) / (side / 2) for side in shape)
    return np.where(y[:, None] + x > 1.8, 0, 255).astype(np.uint8)


# --- the two sides ---


@dataclass
class Answer:
    """One side's answer: `board` is a hash; `problem` is a refusal, which leaves the rest empty."""

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
      Object.assign(answer, { digit, margin, tensor: base64(tensor), probabilities: base64(probabilities) });
      answers.push(answer);
    } catch (error) {
      if (!["EmptyDrawing", "SeveralDigits"].includes(error.name)) throw error;
      answers.push({ problem: error.message });
    }
  }
  return answers;
}"""


class Engine:
    """web/read/digit.js and its weights, alone in a page of a real browser."""

    def __init__(self, browser, url: str):
        self.page = browser.new_page()
        self.page.goto(url)
        self.page.evaluate("async () => { window.digit = await import('./digit.js'); }")
        self.page.evaluate("async () => { window.net = await digit.DigitCNN.fromPretrained('weights/'); }")

    def read(self, items: Sequence[Drawing | bytes]) -> Iterator[Answer]:
        """The engine's answers to drawings or picture files."""
        for first in range(0, len(items), CHUNK):
            for raw in self.page.evaluate(READ, [message(item) for item in items[first : first + CHUNK]]):
                arrays = {
                    name: np.frombuffer(base64.b64decode(raw.pop(name)), np.float32)
                    for name in ("tensor", "probabilities")
                    if name in raw
                }
                yield Answer(**raw, **arrays)


def message(item: Drawing | bytes) -> str | list[dict]:
    """A drawing or a picture file as READ takes it."""
    if isinstance(item, bytes):
        return (
            f"data:image/{'png' if item[1:4] == b'PNG' else 'jpeg'};base64,{base64.b64encode(item).decode()}"
        )
    return [{"points": stroke.points.tolist(), "radius": float(stroke.radius)} for stroke in item]


def site() -> dict[str, bytes]:
    """The files that the engine needs, by path, and an empty page."""
    files = {"": b"<!doctype html><title>digit.js</title>"}
    files["digit.js"] = next((ROOT / "web").rglob("digit.js")).read_bytes()
    for name in ("config.json", "model.safetensors"):
        files[f"weights/{name}"] = (ROOT / "weights" / name).read_bytes()
    return files


TYPES = {"js": "text/javascript", "json": "application/json", "": "text/html"}


@contextmanager
def served(files: MutableMapping[str, bytes]) -> Iterator[str]:
    """Serve a mapping of paths to contents, which may change meanwhile; gives the URL, with its slash."""

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
    # Some tests end a client in the middle of a request.
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


# --- how far they agree ---


@dataclass
class Row:
    """The result of comparing one kind of drawing or picture."""

    name: str
    pictures: bool
    total: int = 0
    # Boards that differ in at least one bit.
    boards: int = 0
    # The largest differences of an input and of a probability.
    tensor: float = 0.0
    probability: float = 0.0
    # Answers that differ: another digit, or only one is sure, or only one refuses.
    answers: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether the differences are small enough."""
        if self.pictures:
            return self.answers <= self.total * PICTURE_ANSWERS
        close = self.boards == 0 and self.tensor <= TENSOR and self.probability <= PROBABILITY
        return close and self.answers <= max(1, self.total * ANSWERS)


def compare(name: str, net: DigitCNN, engine: Engine, items: Sequence[Drawing | bytes]) -> Row:
    """Let both sides read drawings or picture files."""
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
    return row


def _in_words(answer: Answer) -> str:
    return answer.problem or f"{answer.digit or 'not sure'} (margin {answer.margin:.4f})"
