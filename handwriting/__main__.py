"""Look at the drawings, or count them.

python -m handwriting sheet OUT.png [--seed N] [--nondigits]    one row a way of writing, or a kind of non-digit
python -m handwriting speed [--count N] [--workers N]           drawings a second
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from PIL import Image, ImageDraw

import board

from .allographs import ALLOGRAPHS
from .drawing import draw_allograph, drawings

CELL, VARIATIONS, COLUMNS = 56, 9, 3  # pixels a drawing; drawings a row; rows side by side
LABEL = 150  # pixels for a row's name


def rows(nondigits: bool, rng: np.random.Generator) -> list[tuple[str, list[np.ndarray]]]:
    """Names with a few rendered drawings each."""
    if nondigits:
        from .nondigits import KINDS, draw_nondigit

        return [(kind, [_cell(draw_nondigit(kind, rng)) for _ in range(VARIATIONS)]) for kind in KINDS]
    ways = [way for digit in range(10) for way in ALLOGRAPHS[digit]]
    return [(f"{way.digit} {way.name}", [_cell(draw_allograph(way, rng)) for _ in range(VARIATIONS)]) for way in ways]


def _cell(strokes: list[board.Stroke]) -> np.ndarray:
    """A drawing cropped to its ink with a margin, so that a person sees its shape: uint8 (CELL, CELL)."""
    picture = board.render(strokes)
    ys, xs = np.nonzero(picture)
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    side = int(1.12 * max(bottom - top, right - left))
    square = Image.new("L", (side, side))
    crop = Image.fromarray(picture[top:bottom, left:right])
    square.paste(crop, ((side - crop.width) // 2, (side - crop.height) // 2))
    return np.asarray(square.resize((CELL, CELL), Image.Resampling.BOX))


def sheet(path: str, seed: int, nondigits: bool) -> None:
    """Write a PNG that shows every way of writing, or every kind of non-digit, several times."""
    named = rows(nondigits, np.random.default_rng(seed))
    height = -(-len(named) // COLUMNS)
    width = LABEL + VARIATIONS * CELL
    page = Image.new("L", (COLUMNS * width, height * CELL))
    pen = ImageDraw.Draw(page)
    for number, (name, cells) in enumerate(named):
        x, y = number // height * width, number % height * CELL
        pen.text((x + 6, y + CELL // 2 - 6), name, fill=255)
        for column, cell in enumerate(cells):
            page.paste(Image.fromarray(cell), (x + LABEL + column * CELL, y))
    page.save(path)
    print(f"{len(named)} rows of {VARIATIONS} drawings in {path}")


def speed(count: int, workers: int | None) -> None:
    """Print how many drawings are made a second."""
    start = time.perf_counter()
    drawings(count, 0, workers)
    took = time.perf_counter() - start
    print(f"{count} drawings in {took:.1f} s: {count / took:.0f} a second")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="Look at the drawings, or count them.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("sheet", help="a picture of every way of writing")
    show.add_argument("out", metavar="OUT.png")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("--nondigits", action="store_true", help="the drawings that are no digits")
    count = commands.add_parser("speed", help="drawings a second")
    count.add_argument("--count", type=int, default=5000)
    count.add_argument("--workers", type=int, help="processes; default: one a core")
    options = parser.parse_args()
    if options.command == "sheet":
        sheet(options.out, options.seed, options.nondigits)
    else:
        speed(options.count, options.workers)


if __name__ == "__main__":
    main()
