"""pendigits, pen strokes of 30 writers, as a benchmark (Alpaydin and Alimoglu, UCI, CC BY 4.0).

Nothing trains on them. `FREEHAND_DIR` names the folder with `pendigits-orig.tra.Z`, the original version of
"Pen-Based Recognition of Handwritten Digits": 7,494 digits as UNIPEN text, with y upwards.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

import board

FILE = "pendigits-orig.tra.Z"


class Sizes(NamedTuple):
    """Ranges of a digit's longer side (share of the board's side) and of the brush (board units)."""

    longer_side: tuple[float, float]
    radius: tuple[float, float]


NATURAL = Sizes((0.35, 0.90), (8, 24))
SMALL = Sizes((0.20, 0.33), (5, 12))


def folder() -> Path | None:
    """The folder with the strokes, or None."""
    named = os.environ.get("FREEHAND_DIR")
    return Path(named) if named and (Path(named) / FILE).is_file() else None


def read(path: Path) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Every digit as a list of strokes (n, 2), x right and y down, and the labels (N,)."""
    packed = subprocess.run(["gzip", "-dc", str(path / FILE)], check=True, capture_output=True)
    digits, labels = [], []
    for segment in packed.stdout.decode("latin-1").split(".SEGMENT")[1:]:
        labels.append(int(re.search(r'"(\d)"', segment).group(1)))
        components = [part.split(".PEN_UP")[0].split() for part in segment.split(".PEN_DOWN")[1:]]
        digits.append([np.array(values, float).reshape(-1, 2) * (1, -1) for values in components])
    return digits, np.array(labels)


def on_board(digit: list[np.ndarray], sizes: Sizes, rng: np.random.Generator) -> list[board.Stroke]:
    """A digit at a random place on the board, of a random size and with a random brush."""
    points = np.concatenate(digit)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = rng.uniform(*sizes.longer_side) * board.SIZE / max(extent.max(), 1)
    corner = rng.uniform(0, board.SIZE - extent * scale)
    radius = rng.uniform(*sizes.radius)
    return [board.Stroke((stroke - low) * scale + corner, radius) for stroke in digit]
