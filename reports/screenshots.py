"""Takes the documents' pictures of the page, in a real browser."""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.harness.browser import launch
from tests.harness.person import DRAWINGS, HEART, Person
from tests.harness.servers import StaticSite
from web.build import build

ROOT = Path(__file__).parent.parent
# This 4 is nearly closed, so it looks like a 9.
UNSURE = [[(180, 100), (150, 235), (290, 235)], [(290, 90), (292, 360)], [(182, 102), (234, 98)]]
THREE, TEACH_SEVEN = DRAWINGS["3"], '#prediction button[data-digit="7"]'
# State of the page -> the drawing, and the control that is then pressed.
STATES = {
    "empty": ([], None),
    "answered": (THREE, None),
    "why": (THREE, "#why"),
    "unsure": (UNSURE, "#why"),
    "none": (HEART, "#why"),
    "taught": (HEART, TEACH_SEVEN),
    "inside": (THREE, ".inside summary"),
    "shared": (THREE, "#share"),
}
DESKTOP, PHONE = (1440, 900), (390, 844)
# Name of the picture -> size, theme, state.
PICTURES = {
    "page": (DESKTOP, "light", "answered"),
    "look-desktop": (DESKTOP, "light", "why"),
    "look-dark": (DESKTOP, "dark", "inside"),
    "look-shared": (DESKTOP, "light", "shared"),
    "look-phone": (PHONE, "light", "answered"),
    "look-unsure": (PHONE, "dark", "unsure"),
    "look-taught": (DESKTOP, "light", "taught"),
}
# The animation has this width and this many colours, and a frame for every third point of the pen.
WIDTH, COLOURS, STEP = 640, 48, 3
FRAME, PAUSE = 60, 2200  # milliseconds


def show(person: Person, state: str, pause: int = 800) -> None:
    """Bring the empty page into a state, then wait `pause` milliseconds until nothing moves."""
    drawing, pressed = STATES[state]
    person.draw(drawing)
    person.settle()
    if pressed:
        person.page.locator(pressed).click()
    if state == "inside":
        person.page.locator(".strip canvas").nth(2).focus()
    person.page.wait_for_timeout(pause)


def animation(person: Person, path: Path) -> None:
    """Record a GIF: a 5 is read, a heart is not; it is taught as a 7, and the next heart is read as a 7."""
    page, frames, times = person.page, [], []

    def shoot(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        height = round(WIDTH * picture.height / picture.width)
        frames.append(picture.resize((WIDTH, height), Image.Resampling.LANCZOS))
        times.append(milliseconds)

    def draw(strokes: list) -> None:
        for stroke in strokes:
            person.hold(stroke[:1])
            for number, point in enumerate(stroke[1:]):
                page.mouse.move(*person.at(point), steps=4)
                if number % STEP == 0:
                    # The answer needs a moment to appear.
                    page.wait_for_timeout(40)
                    shoot(FRAME)
            person.lift()
        person.settle()
        page.wait_for_timeout(800)
        shoot(PAUSE)

    shoot(400)
    draw(DRAWINGS["5"])
    person.press("#clear")
    draw(HEART)
    page.locator(TEACH_SEVEN).click()
    page.wait_for_timeout(500)
    shoot(PAUSE)
    draw([[(0.75 * x + 70, 0.85 * y + 20) for x, y in stroke] for stroke in HEART])
    # All frames share one palette, so that they differ only where something changed.
    palette = frames[-1].quantize(COLOURS)
    still = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    still[0].save(path, save_all=True, append_images=still[1:], duration=times, loop=0, optimize=True)


def write(folder: Path) -> None:
    """Write every picture of the documents. Raises LookupError without a browser."""
    with tempfile.TemporaryDirectory() as site, sync_playwright() as playwright:
        browser = launch(playwright)
        build(Path(site, "some", "where"), ROOT / "weights")
        server = StaticSite(Path(site))
        try:
            for name, (size, theme, state) in PICTURES.items():
                person = Person(browser, server.url, size, color_scheme=theme)
                show(person, state)
                taken = io.BytesIO(person.page.screenshot(full_page=state == "inside"))
                picture = Image.open(taken).convert("RGB")
                picture = picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
                picture.save(folder / f"{name}.png", optimize=True)
                person.leave()
            animation(Person(browser, server.url), folder / "drawing.gif")
        finally:
            server.kill()
