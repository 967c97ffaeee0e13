"""A sheet of drawings on which a person can judge the shapes."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import board

from .allographs import ALLOGRAPHS
from .drawing import draw_allograph

# The side of a drawing, and the width of a row's name.
CELL, LABEL = 56, 150  # pixels
# Drawings in a row, and rows side by side.
VARIATIONS, COLUMNS = 9, 3


def sheet(path: Path) -> None:
    """Write a picture of every shape. Raises ValueError or OSError if that cannot be done."""
    ways = [way for each in ALLOGRAPHS.values() for way in each]
    height, width = -(-len(ways) // COLUMNS), LABEL + VARIATIONS * CELL
    page = Image.new("L", (COLUMNS * width, height * CELL))
    # Drawing takes a while, so try whether the file can be written first.
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
