"""Turns a drawing that was shared on the page into a line for allographs.txt. Trace only your own drawings.

The link holds the strokes after `#d=` in base64url. Each has its radius (one byte), the number of its points
(two bytes) and two bytes a coordinate, in steps of 1/64 board unit, counted from 32 units beside the board.
"""

import base64

import numpy as np

from . import curves

MARK = "#d="
# The largest distance between the line and the curve through its waypoints, as a share of the height.
FAR = 0.025
# A line that turns by more than this is at a corner.
SHARP = 1.0  # radians
# A turn is measured over this share of the height on either side of a point.
REACH = 0.05


def trace(link: str) -> str:
    """The strokes of a shared drawing in the notation of allographs.txt. Raises ValueError."""
    strokes = strokes_of(link)
    every = np.concatenate(strokes)
    low, high = every.min(axis=0), every.max(axis=0)
    size = max(high[1] - low[1], (high[0] - low[0]) / 1.5)
    if size < 20:
        raise ValueError("this drawing is a dot: share one that is larger.")
    middle = [(high[0] + low[0]) / 2 - size / 2, low[1]]
    return " | ".join(_waypoints((stroke - middle) / size) for stroke in strokes)


def strokes_of(link: str) -> list[np.ndarray]:
    """The strokes (n, 2) of a link, board units. Raises ValueError."""
    strokes, at = [], 0
    try:
        text = link.strip().partition(MARK)[2]
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        while at < len(data):
            count = int.from_bytes(data[at + 1 : at + 3])
            numbers = np.frombuffer(data, ">u2", 2 * count, at + 3)
            strokes.append(numbers.reshape(-1, 2) / 64 - 32)
            at += 3 + 4 * count
    except ValueError:
        strokes = []
    if not strokes or not all(map(len, strokes)):
        raise ValueError("there is no whole drawing in this link: copy the whole link.")
    return strokes


def _waypoints(line: np.ndarray) -> str:
    """The fewest waypoints found whose curve stays within FAR of the line."""
    line = curves.even(line, curves.FINE)
    corners = _corners(line)
    chosen = sorted({0, *corners, len(line) - 1})
    while len(line) > 2:
        curve = curves.through(line[chosen], [index in corners for index in chosen])
        gaps = np.hypot(*(line[:, None] - curves.even(curve, 0.01)).transpose(2, 0, 1)).min(axis=1)
        gaps[chosen] = 0
        if gaps.max() <= FAR:
            break
        chosen = sorted({*chosen, int(gaps.argmax())})
    places = np.rint(100 * line[chosen]).astype(int)
    return " ".join(f"{x},{y}{'!' * (i in corners)}" for i, (x, y) in zip(chosen, places, strict=True))


def _corners(line: np.ndarray) -> set[int]:
    """The indexes of the sharpest point in each sharp turn; the ends are not corners."""
    reach = round(REACH / curves.FINE)
    turn = np.abs(curves.turns(line, reach))
    sharp = [i for i in range(1, len(line) - 1) if turn[i] > SHARP]
    return {i for i in sharp if turn[i] == turn[max(0, i - 2 * reach) : i + 2 * reach + 1].max()}
