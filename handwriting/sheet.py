"""A sheet of drawings, by which a person judges the shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import board

from .allographs import ALLOGRAPHS
from .drawing import draw_allograph

CELL = 56  # pixels a drawing
VARIATIONS = 9  # drawings a row
COLUMNS = 3  # rows side by side
LABEL = 150  # pixels for a row's name


def sheet(path: Path) -> None:
    """Write a picture of every shape. Raises ValueError or OSError if that cannot be done."""
    ways = [way for each in ALLOGRAPHS.values() for way in each]
    height, width = -(-len(ways) // COLUMNS), LABEL + VARIATIONS * CELL
    page = Image.new("L", (COLUMNS * width, height * CELL))
    # Drawing takes a while, so a file that cannot be written is found first.
    page.save(path)
    pen, rng = ImageDraw.Draw(page), np.random.default_rng(0)
    for number, way in enumerate(ways):
        x, y = number // height * width, number % height * CELL
        pen.text((x + 6, y + CELL // 2 - 6), f"{way.digit} {way.name}", fill=255)
        for column in range(VARIATIONS):
            page.paste(cell(draw_allograph(way, rng)), (x + LABEL + column * CELL, y))
    page.save(path)
    print(f"{len(ways)} rows of {VARIATIONS} drawings in {path}")


def cell(strokes: list[board.Stroke]) -> Image.Image:
    """A drawing cropped to its ink with a margin, CELL pixels a side."""
    picture = Image.fromarray(board.render(strokes))
    crop = picture.crop(picture.getbbox())
    side = int(1.12 * max(crop.size))
    square = Image.new("L", (side, side))
    square.paste(crop, ((side - crop.width) // 2, (side - crop.height) // 2))
    return square.resize((CELL, CELL), Image.Resampling.BOX)
