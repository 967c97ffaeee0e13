"""Pictures of the page as a visitor sees it, in a real browser: two screenshots and the README's animation."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

import board
from tests.harness.browser import chromium
from tests.harness.person import DRAWINGS, Person
from tests.harness.servers import Server
from web.assets import examples

WIDTH, COLOURS = 640, 48  # of the animation: pixels, and palette entries
STEP = 3  # points of the drawing between two frames
FRAME, PAUSE = 60, 2200  # milliseconds that a frame is shown; the last one


def example(path: Path) -> None:
    """A drawn 2, dark on light: the picture that the README's snippets open."""
    strokes = next(drawing["strokes"] for drawing in examples()["drawings"] if drawing["digit"] == "2")
    drawn = board.render([board.Stroke(np.array(stroke), examples()["radius"]) for stroke in strokes])
    Image.fromarray(255 - drawn).save(path)


def draw(folder: Path) -> None:
    """Write page.png, page-phone.png and drawing.gif. Raises LookupError without a browser."""
    with chromium() as browser:
        server = Server()
        try:
            for name, size, touch, digit in (
                ("page", "desktop", False, "2"),
                ("page-phone", "phone", True, "5"),
            ):
                person = Person(browser, server.url, size, touch)
                person.draw(DRAWINGS[digit])
                person.settle()
                person.page.wait_for_timeout(300)  # the bars grow, and the drawing flies to the 28x28
                person.page.wait_for_selector(".flight", state="hidden")
                person.page.screenshot(path=folder / f"{name}.png")
                person.leave()
            animation(Person(browser, server.url), folder / "drawing.gif")
        finally:
            server.kill()


def animation(person: Person, path: Path, digits: str = "25") -> None:
    """A GIF in which digits are drawn and read: one frame for every few points of the pen."""
    frames: list[Image.Image] = []
    times: list[int] = []

    def shoot(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(person.page.screenshot())).convert("RGB")
        frames.append(
            picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)
        )
        times.append(milliseconds)

    for digit in digits:
        shoot(400)
        for stroke in DRAWINGS[digit]:
            points = [person.at(point) for point in stroke]
            person.page.mouse.move(*points[0])
            person.page.mouse.down()
            for number, point in enumerate(points[1:]):
                person.page.mouse.move(*point)
                if number % STEP == 0:
                    person.page.wait_for_timeout(40)  # the answer and its bars come
                    shoot(FRAME)
            person.page.mouse.up()
        person.settle()
        person.page.wait_for_timeout(300)
        shoot(PAUSE)
        person.press("#clear")
        person.page.wait_for_timeout(300)
    palette = frames[-1].quantize(COLOURS)  # one palette, so that frames differ only where something changed
    still = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    still[0].save(path, save_all=True, append_images=still[1:], duration=times, loop=0, optimize=True)
