"""Sheets of drawings, by which a person judges them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import board

from .allographs import ALLOGRAPHS
from .drawing import draw_allograph
from .nondigits import KINDS, draw_nondigit

CELL = 56  # pixels a drawing
VARIATIONS = 9  # drawings a row
COLUMNS = 3  # rows side by side
LABEL = 150  # pixels for a row's name


def rows(nondigits: bool, rng: np.random.Generator) -> list[tuple[str, list[np.ndarray]]]:
    """The name of each shape, with a few drawings of it."""
    draw = {kind: partial(draw_nondigit, kind) for kind in KINDS}
    if not nondigits:
        ways = [way for digit in range(10) for way in ALLOGRAPHS[digit]]
        draw = {f"{way.digit} {way.name}": partial(draw_allograph, way) for way in ways}
    return [(name, [cell(each(rng)) for _ in range(VARIATIONS)]) for name, each in draw.items()]


def cell(strokes: list[board.Stroke]) -> np.ndarray:
    """A drawing cropped to its ink with a margin: uint8 (CELL, CELL)."""
    picture = board.render(strokes)
    ys, xs = np.nonzero(picture)
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    side = int(1.12 * max(bottom - top, right - left))
    square = Image.new("L", (side, side))
    crop = Image.fromarray(picture[top:bottom, left:right])
    square.paste(crop, ((side - crop.width) // 2, (side - crop.height) // 2))
    return np.asarray(square.resize((CELL, CELL), Image.Resampling.BOX))


def sheet(path: Path, seed: int, nondigits: bool) -> None:
    """Write a picture of every shape, or of every kind of non-digit. Raises ValueError and OSError."""
    if path.suffix.lower() not in (".png", ".webp", ".gif"):
        raise ValueError(f"a sheet is a picture such as sheet.png; {path.name!r} does not end in .png.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} for the sheet; make it first.")
    # Drawing takes a while, so a file that cannot be written is found first.
    path.open("ab").close()
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
