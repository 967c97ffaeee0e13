"""Pictures of the page in a real browser, for the documents."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

import board
from tests.harness.browser import chromium
from tests.harness.person import DRAWINGS, HEART, Person
from tests.harness.servers import StaticSite
from web.assets import examples
from web.build import build

ROOT = Path(__file__).parent.parent
DESKTOP, PHONE = (1440, 900), (390, 844)
STATES = ("empty", "drawing", "answered", "why", "unsure", "none", "taught", "inside", "shared")
# The documents' pictures: name -> size, whether the theme is dark, state.
DOCS = {
    "page": (DESKTOP, False, "answered"),
    "look-desktop": (DESKTOP, False, "why"),
    "look-dark": (DESKTOP, True, "inside"),
    "look-shared": (DESKTOP, False, "shared"),
    "look-phone": (PHONE, False, "answered"),
    "look-unsure": (PHONE, True, "unsure"),
    "look-taught": (DESKTOP, False, "taught"),
}
# A nearly closed 4 that looks like a 9.
UNSURE = [[(180, 100), (150, 235), (290, 235)], [(290, 90), (292, 360)], [(182, 102), (234, 98)]]
# The animation.
WIDTH, COLOURS = 640, 48  # pixels, and the size of its palette
STEP = 3  # points of the pen between two frames
FRAME, PAUSE = 60, 2200  # milliseconds


def show(person: Person, state: str, pause: int = 800) -> None:
    """Bring the empty page into a state, and wait `pause` milliseconds until nothing moves."""
    page = person.page
    if state == "drawing":
        points = [person.at(point) for point in DRAWINGS["3"][0]]
        page.mouse.move(*points[0])
        page.mouse.down()
        for place in points[1 : len(points) * 3 // 4]:
            page.mouse.move(*place)
    elif state != "empty":
        person.draw({"unsure": UNSURE, "none": HEART, "taught": HEART}.get(state, DRAWINGS["3"]))
    person.settle()
    if state in ("why", "unsure", "none"):
        page.locator("#why").click()
    if state == "taught":
        page.locator('#prediction button[data-digit="7"]').click()
    if state == "inside":
        page.locator(".inside summary").click()
        page.locator(".strip canvas").nth(2).focus()
    if state == "shared":
        page.locator("#share").click()
    page.wait_for_timeout(pause)


def leave(person: Person, state: str) -> None:
    """Empty the page again."""
    page = person.page
    if state == "drawing":
        page.mouse.up()
    if state in ("why", "unsure", "none"):
        page.locator("#why").click()
    if state == "inside":
        page.locator(".inside summary").click()
        page.evaluate("scrollTo(0, 0)")
    if state == "shared":
        page.keyboard.press("Escape")
    if state != "empty":
        page.locator("#clear").click()


def photograph(
    browser, url: str, out: Path, size: tuple[int, int], dark: bool, states: dict[str, str]
) -> None:
    """Write OUT/NAME.png for each name -> state of the page, at one size and in one theme."""
    person = Person(browser, url, size, color_scheme="dark" if dark else "light")
    for name, state in states.items():
        show(person, state)
        picture = Image.open(io.BytesIO(person.page.screenshot(full_page=state == "inside"))).convert("RGB")
        picture = picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        picture.save(out / f"{name}.png", optimize=True)
        leave(person, state)
    for error in person.errors:
        print(f"{size}: {error}", file=sys.stderr)
    person.leave()


def animation(person: Person, path: Path) -> None:
    """A GIF: a 5 is read, a heart is not; it is taught as a 7, and another heart is read as one."""
    frames: list[Image.Image] = []
    times: list[int] = []

    def shoot(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(person.page.screenshot())).convert("RGB")
        height = round(WIDTH * picture.height / picture.width)
        frames.append(picture.resize((WIDTH, height), Image.Resampling.LANCZOS))
        times.append(milliseconds)

    def draw(strokes: list) -> None:
        for stroke in strokes:
            points = [person.at(point) for point in stroke]
            person.page.mouse.move(*points[0])
            person.page.mouse.down()
            for number, point in enumerate(points[1:]):
                person.page.mouse.move(*point, steps=4)
                if number % STEP == 0:
                    # The answer and its bars need a moment.
                    person.page.wait_for_timeout(40)
                    shoot(FRAME)
            person.page.mouse.up()
        person.settle()
        person.page.wait_for_timeout(800)
        shoot(PAUSE)

    shoot(400)
    draw(DRAWINGS["5"])
    person.press("#clear")
    draw(HEART)
    person.page.locator('#prediction button[data-digit="7"]').click()
    person.page.wait_for_timeout(500)
    shoot(PAUSE)
    draw([[(0.75 * x + 70, 0.85 * y + 20) for x, y in stroke] for stroke in HEART])
    # All frames share one palette, so that they differ only where something changed.
    palette = frames[-1].quantize(COLOURS)
    still = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    still[0].save(path, save_all=True, append_images=still[1:], duration=times, loop=0, optimize=True)


def example(path: Path) -> None:
    """A drawn 2, dark on light: the picture that the README's snippets open."""
    strokes = next(drawing["strokes"] for drawing in examples()["drawings"] if drawing["digit"] == "2")
    drawn = board.render([board.Stroke(np.array(stroke), examples()["radius"]) for stroke in strokes])
    Image.fromarray(255 - drawn).save(path)


@contextmanager
def running() -> Iterator[tuple]:
    """A browser, and the address of the static edition. Raises LookupError without a browser."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        build(Path(folder, "some", "where"), ROOT / "weights")
        server = StaticSite(Path(folder))
        try:
            yield browser, f"{server.url}?lang=en"
        finally:
            server.kill()


def write(folder: Path) -> None:
    """Every picture of the documents. Raises LookupError without a browser."""
    example(folder / "digit.png")
    with running() as (browser, url):
        for place in dict.fromkeys((size, dark) for size, dark, _ in DOCS.values()):
            states = {name: state for name, (*at, state) in DOCS.items() if tuple(at) == place}
            photograph(browser, url, folder, *place, states)
        animation(Person(browser, url), folder / "drawing.gif")
