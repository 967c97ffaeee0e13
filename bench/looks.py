"""What the page looks like: `python -m bench.looks OUT` photographs it at each size, light and dark, in each state.

`python -m bench.looks OUT NAME...` takes only pictures whose names contain each NAME, such as `1440`, `dark` or `shared`;
`python -m bench.looks --docs docs/images` the few that docs/page.md shows, with few colours.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from web.build import build

ROOT = Path(__file__).parent.parent

SIZES = ((1440, 900), (1024, 768), (768, 1024), (390, 844), (844, 390))
STATES = ("empty", "drawing", "answered", "why", "unsure", "none", "inside", "shared")
DESKTOP, PHONE = (1440, 900), (390, 844)
DOCS = {  # name -> size, whether it is dark, state
    "look-desktop": (DESKTOP, False, "why"),
    "look-dark": (DESKTOP, True, "inside"),
    "look-shared": (DESKTOP, False, "shared"),
    "look-phone": (PHONE, False, "answered"),
    "look-unsure": (PHONE, True, "unsure"),
}
COLOURS = 256
UNSURE = [
    [(180, 100), (150, 235), (290, 235)],
    [(290, 90), (292, 360)],
    [(182, 102), (234, 98)],
]  # a 4, nearly closed


def show(person, state: str, pause: int = 800) -> None:
    """Bring the page of a `person`, which is as `leave` left it, into a state; `pause` milliseconds for what moves to arrive."""
    from tests.harness.person import DRAWINGS, HEART

    page = person.page
    if state == "drawing":
        points = [person.at(point) for point in DRAWINGS["3"][0]]
        page.mouse.move(*points[0])
        page.mouse.down()
        for place in points[1 : len(points) * 3 // 4]:
            page.mouse.move(*place)
    elif state != "empty":
        person.draw({"unsure": UNSURE, "none": HEART}.get(state, DRAWINGS["3"]))
    person.settle()
    if state in ("why", "unsure", "none"):
        page.locator("#why").click()
    if state == "inside":
        page.locator(".inside summary").click()
        page.locator(".strip canvas").nth(2).focus()
    if state == "shared":
        page.locator("#share").click()
    page.wait_for_timeout(pause)


def leave(person, state: str) -> None:
    """Bring the page back from a state to where it was."""
    page = person.page
    if state == "drawing":
        page.mouse.up()
    if state in ("why", "unsure", "none"):
        page.locator("#see").click()
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
    """Pictures of the page at one size in one theme: OUT/name.png for each state and name in `states`."""
    from tests.harness.person import Person

    if not states:
        return
    person = Person(browser, url, size, color_scheme="dark" if dark else "light")
    for state, name in states.items():
        show(person, state)
        picture = Image.open(io.BytesIO(person.page.screenshot(full_page=state == "inside"))).convert("RGB")
        picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            out / f"{name}.png", optimize=True
        )
        leave(person, state)
    for error in person.errors:
        print(f"{size}: {error}", file=sys.stderr)
    person.leave()


def wanted(options: argparse.Namespace, size: tuple[int, int], dark: bool) -> dict[str, str]:
    """State -> name of the pictures that the command line asks for at that size in that theme."""
    if options.docs:
        return {state: name for name, (at, is_dark, state) in DOCS.items() if (at, is_dark) == (size, dark)}
    names = {s: f"{size[0]}x{size[1]}-{'dark' if dark else 'light'}-{s}" for s in STATES}
    return {s: name for s, name in names.items() if all(part in name for part in options.names)}


def main() -> None:
    """Take the pictures."""
    from tests.harness.browser import chromium
    from tests.harness.servers import Server, StaticSite

    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only pictures whose name contains each of these"
    )
    parser.add_argument(
        "--gradio", action="store_true", help="of app.py's page instead of the static edition"
    )
    parser.add_argument("--docs", action="store_true", help="the pictures of docs/page.md")
    parser.add_argument("--lang", default="en", help="the page's language (default en)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if not options.gradio:
            build(Path(folder, "some", "where"), ROOT / "weights")
        server = Server() if options.gradio else StaticSite(Path(folder))
        try:
            url = f"{server.url}?lang={options.lang}"
            for size in SIZES:
                for dark in (False, True):
                    photograph(browser, url, options.out, size, dark, wanted(options, size, dark))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
