"""Contributed drawings on sheets of pictures, at board size, with everything that would be published of them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import board
from contributions.review import SHORT, Facts, drawn
from contributions.rows import Drawing

COLUMNS, LINES = 3, 4  # of a page
SMALL = 4  # times 28: the picture beside the board
STRIP = 24  # pixels: the times of the points, from left to right
GAP, ASIDE = 12, 150  # pixels between cells, and beside a board
CELL = (board.SIZE + ASIDE + 3 * GAP, board.SIZE + STRIP + 3 * GAP)  # width, height
FRAMES = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}


def save_sheets(shown: Sequence[tuple[Drawing, Facts]], path: Path) -> list[Path]:
    """Write pages of 12 drawings to `path`, name-2, name-3 and so on beside it; returns where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for first in range(0, len(shown), COLUMNS * LINES):
        number = first // (COLUMNS * LINES) + 1
        paths.append(path.with_stem(f"{path.stem}-{number}") if first else path)
        page(shown[first : first + COLUMNS * LINES]).save(paths[-1])
    return paths


def page(shown: Sequence[tuple[Drawing, Facts]]) -> Image.Image:
    """Up to 12 drawings."""
    lines = max(1, -(-len(shown) // COLUMNS))
    sheet = Image.new("RGB", (COLUMNS * CELL[0], lines * CELL[1]), "white")
    for number, (drawing, facts) in enumerate(shown):
        sheet.paste(cell(drawing, facts), (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
    return sheet


def cell(drawing: Drawing, facts: Facts) -> Image.Image:
    """One drawing: its ink with every point, coloured from the first (blue) to the last (red); its 28x28; its times; what is known."""
    picture = Image.new("RGB", CELL, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    left, top, size = GAP, GAP, board.SIZE
    pen.rectangle((left - 4, top - 4, left + size + 3, top + size + 3), fill=FRAMES[facts.verdict])
    ink = drawn(drawing) // 2  # darker, so that the points on it can be seen
    picture.paste(Image.fromarray(ink).convert("RGB"), (left, top))
    points = [point for stroke in drawing.strokes for point in stroke["points"]]
    times = [time for stroke in drawing.strokes for time in stroke["times"]]
    last = max([*times, 1])
    for number, (x, y) in enumerate(points):
        colour = _colour(number / len(points))
        pen.ellipse((left + x - 1.5, top + y - 1.5, left + x + 1.5, top + y + 1.5), fill=colour)
    below = top + size + GAP
    pen.rectangle((left, below, left + size, below + STRIP), fill="#edf2f7")
    for number, time in enumerate(times):
        x = left + round(time / last * (size - 1))
        pen.line((x, below, x, below + STRIP), fill=_colour(number / len(times)))
    beside = left + size + GAP
    small = Image.fromarray(np.frombuffer(drawing.image, np.uint8).reshape(28, 28))
    picture.paste(small.resize((28 * SMALL, 28 * SMALL), Image.Resampling.NEAREST).convert("RGB"), (beside, top))
    strokes = len(drawing.strokes)
    words = [
        f"asked for: {drawing.label}",
        f"network: {facts.opinion or 'not sure'}, {100 * facts.confidence:.0f} %",
        f"margin: {facts.margin:.2f}",
        f"{strokes} stroke{'s' * (strokes != 1)}, {len(points)} points",
        f"radius {', '.join(f'{radius:g}' for radius in sorted({s['radius'] for s in drawing.strokes}))}"[:22],
        f"{last / 1000:.1f} s" if times else "no times",
        f"{drawing.utc[:10]}, {drawing.source}",
        drawing.licence[:22],
        f"writer {drawing.writer[:SHORT]}",
        f"id {drawing.id[:SHORT]}",
        " ".join(name for name in ("blank", "duplicate") if getattr(facts, name)).upper(),
    ]
    pen.multiline_text((beside, top + 28 * SMALL + GAP), "\n".join(words), fill="black", font=font, spacing=6)
    return picture


def _colour(share: float) -> tuple[int, int, int]:
    """Blue at 0, over green to red at 1."""
    red, green, blue = colorsys.hsv_to_rgb(2 / 3 * (1 - share), 1, 1)
    return round(255 * red), round(255 * green), round(255 * blue)
