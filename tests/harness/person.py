"""A person at the page in a real browser, who draws by mouse or finger and reads what the page shows."""

import io
import json
import math
import time

import numpy as np
import pytest
from PIL import Image

from tests.harness import ROOT

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
EXAMPLES = json.loads((ROOT / "web" / "draw" / "examples.json").read_text())["drawings"]
DRAWINGS = {drawing["digit"]: drawing["strokes"] for drawing in EXAMPLES}

# This is not a digit.
HEART = [
    [(224, 380), (120, 260), (90, 180), (130, 110), (200, 120), (224, 180)],
    [(224, 180), (250, 120), (320, 110), (358, 180), (330, 260), (224, 380)],
]


def varied(digit: str, seed: int) -> list[list[list[float]]]:
    """An example drawing, a little scaled, moved and turned, as by another hand."""
    rng = np.random.default_rng(seed)
    scale, angle = rng.uniform(0.55, 1.05), rng.uniform(-0.12, 0.12)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    room = 60 * (1.4 - scale)
    shift = 224 + rng.uniform(-room, room, 2)
    return [((np.array(stroke) - 224) @ turn.T + shift).clip(4, 444).tolist() for stroke in DRAWINGS[digit]]


def on_screen(box: dict, point) -> tuple[float, float]:
    """The place on the screen of a point of the board (448 a side), whose canvas has this bounding box."""
    return box["x"] + point[0] / 448 * box["width"], box["y"] + point[1] / 448 * box["height"]


def apart(points) -> list:
    """The points of a line without those that are close to the one before: 30 board units in a large line."""
    least = min(30, np.ptp(points, axis=0).max() / 8)
    kept = [points[0]]
    for point in points[1:-1]:
        if math.dist(point, kept[-1]) >= least:
            kept.append(point)
    return [*kept, *points[1:][-1:]]


def press_and_move(page, places) -> None:
    """Press the mouse at the first place and move through the others."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)


def drag(page, places) -> None:
    """Press the mouse at the first place, move through the others, release at the last."""
    press_and_move(page, places)
    page.mouse.up()


def until(page, expression: str, arg=None, seconds: float = 30) -> None:
    """Wait until a JavaScript expression is true. Playwright's own way needs `unsafe-eval` in the page."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        assert time.monotonic() < deadline, f"not true within {seconds} s: {expression}"
        time.sleep(0.02)


# Notes each drawing that the page hands to its worker.
NOTE_READ = """
window.read = [];
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...rest) {
  if (message.board) window.read.push(message);
  return post.call(this, message, ...rest);
};
"""


class Person:
    """A visitor with a browser tab. `errors` has the errors of the page."""

    board = "#board"

    def __init__(
        self,
        browser,
        url: str,
        size: str | tuple[int, int] = "desktop",
        touch: bool = False,
        before: str = "",
        ready: bool = True,
        locale: str = "en",
        **context,
    ):
        viewport = SIZES[size] if isinstance(size, str) else {"width": size[0], "height": size[1]}
        self.context = browser.new_context(
            viewport=viewport,
            has_touch=touch,
            is_mobile=touch,
            device_scale_factor=2 if touch else 1,
            locale=locale,
            **context,
        )
        self.page = self.context.new_page()
        self.page.add_init_script(NOTE_READ + before)
        self.touch = self.context.new_cdp_session(self.page) if touch else None
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.goto(url)
        self.page.wait_for_selector("#board canvas", state="attached")
        if ready:
            self.is_ready()

    @property
    def read(self) -> list[dict]:
        """The drawings that the worker got so far: revision, and strokes (None for a picture)."""
        return self.page.evaluate(
            "window.read.map(({revision, strokes}) => ({revision, strokes: strokes ?? null}))"
        )

    @property
    def width(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth")

    def box(self, selector: str) -> dict:
        return self.page.locator(selector).first.bounding_box()

    def at(self, point) -> tuple[float, float]:
        """Where a point of the board (448 a side) is on the screen."""
        return on_screen(self.box(f"{self.board} canvas"), point)

    def fingers(self, kind: str, *points) -> None:
        """Touch the screen at points of the board: touchStart, touchMove, touchEnd or touchCancel."""
        places = [(*self.at(point), number) for number, point in enumerate(points)]
        spots = [{"x": x, "y": y, "id": number} for x, y, number in places]
        self.touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    def hold(self, points) -> None:
        """Draw a stroke without lifting the pen. A quick hand leaves points that are well apart."""
        points = apart(points)
        if self.touch:
            self.fingers("touchStart", points[0])
            for point in points[1:]:
                self.fingers("touchMove", point)
        else:
            box = self.box(f"{self.board} canvas")
            press_and_move(self.page, [on_screen(box, point) for point in points])

    def lift(self) -> None:
        self.fingers("touchEnd") if self.touch else self.page.mouse.up()

    def stroke(self, points) -> None:
        self.hold(points)
        self.lift()

    def draw(self, strokes) -> None:
        for points in strokes:
            self.stroke(points)

    def press(self, selector: str) -> None:
        (self.page.tap if self.touch else self.page.click)(selector)

    def open_picture(self, content: bytes | np.ndarray) -> None:
        """Open a picture: the bytes of a file, or pixels."""
        if isinstance(content, np.ndarray):
            buffer = io.BytesIO()
            Image.fromarray(content).save(buffer, "PNG")
            content = buffer.getvalue()
        file = {"name": "digit.png", "mimeType": "image/png", "buffer": content}
        self.page.set_input_files(".picture input", file)

    def is_ready(self) -> None:
        """Wait until the network can be asked."""
        self.page.wait_for_selector("#board[data-engine=ready]", state="attached")

    def reload(self) -> None:
        self.page.reload()
        self.is_ready()

    def says(self, part: str, where: str = ".sentence") -> None:
        """Wait until an element, by default the sentence of the answer, contains a text."""
        said = "([where, part]) => document.querySelector(where).textContent.includes(part)"
        until(self.page, said, [where, part])

    def reads(self, digit: str) -> None:
        """Wait until the answer is this digit."""
        until(self.page, "digit => document.querySelector('#prediction')?.dataset.digit === digit", digit)

    def settle(self) -> dict:
        """Wait until the answer describes what is on the board; returns what the page shows then."""
        until(
            self.page,
            "document.querySelector('#prediction').dataset.revision"
            " === document.querySelector('#board').dataset.revision",
        )
        return self.shown()

    def shown(self) -> dict:
        return self.page.evaluate(
            """() => {
              const prediction = document.querySelector('#prediction');
              const board = document.querySelector('#board');
              const preview = document.querySelector('#preview canvas');
              // The number in "scaleX(...)".
              const share = (row) => Number(row.querySelector('i').style.transform.slice(7, -1));
              const data = preview.getContext('2d').getImageData(0, 0, 28, 28).data;
              return {
                digit: prediction.dataset.digit, confidence: prediction.dataset.confidence,
                revision: Number(prediction.dataset.revision), board: Number(board.dataset.revision),
                big: prediction.querySelector('.digit').textContent,
                sentence: prediction.querySelector('.sentence').textContent,
                bars: [...prediction.querySelectorAll('.bars .top')].sort((a, b) => share(b) - share(a))
                  .map((row) => row.querySelector('button').dataset.digit),
                preview: Array.from({length: 784}, (_, i) => data[4 * i]),
                scroll: [window.scrollX, window.scrollY],
              };
            }"""
        )

    def check_with_axe(self, where: str) -> None:
        """Assert that axe-core, with which the page was opened (`before`), finds nothing on the page."""
        run = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
        found = self.page.evaluate(run)
        violations = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
        assert violations == [], f"{where}: {violations}"

    def leave(self) -> None:
        self.context.close()


def visits(kind: type[Person] = Person):
    """A fixture that opens a page for a visitor. No visitor may see an error."""

    @pytest.fixture
    def visit(browser):
        people: list[Person] = []

        def open_page(url: str, *arguments, **options) -> Person:
            people.append(kind(browser, url, *arguments, **options))
            return people[-1]

        yield open_page
        for person in people:
            assert person.errors == []
            person.leave()

    return visit
