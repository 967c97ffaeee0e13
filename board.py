"""The board: strokes -> a 448x448 picture -> MNIXEL's own 28x28 reduction.

MNIXEL is a collector of digits by Konat23. It draws white discs on a black board of 448x448 pixels, and
halves the board four times with a 5x5 Gaussian pyramid step. The page, the tests and the benchmarks all draw
on this board with `render`.

Coordinates are board units: x grows right, y grows down, and the pixel in row i and column j covers
[j, j+1) x [i, i+1).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

SIZE = 448  # pixels a side, as in MNIXEL
SMALL = 28  # a side of the reduced picture
MIN_RADIUS, MAX_RADIUS, DEFAULT_RADIUS = 5.0, 25.0, 15.0  # MNIXEL's brush slider, board units

# A page sends at most this much; an ordinary digit has 1 to 3 strokes and 20 to 150 points.
MAX_STROKES = 200
MAX_POINTS = 10_000
# The length of all lines together. A digit is 1 to 4 boards long, a furious scribble 50.
MAX_LENGTH = 200 * SIZE  # board units
# A point farther from the board than this is moved to this distance.
FAR = 4 * SIZE  # board units

PYRAMID_KERNEL = (0.05, 0.25, 0.40, 0.25, 0.05)  # Burt and Adelson (1983), a = 0.4


class Stroke(NamedTuple):
    """One line drawn without lifting the pen.

    One point is a dot.
    """

    points: np.ndarray  # float (n, 2), n >= 1: x and y in board units
    radius: float  # of the round brush, board units


def parse_strokes(payload: object) -> list[Stroke]:
    """Check a list of `{"points": [[x, y], ...], "radius": r}` that a page sent, and return it as strokes.

    Points up to four boards outside the board are kept, so that a line leaves it in the right direction.
    Raises ValueError for anything else, with one sentence for the person who sent it.
    """
    if not isinstance(payload, list):
        raise ValueError("A drawing must be a list of strokes.")
    if len(payload) > MAX_STROKES:
        raise ValueError(f"A drawing has at most {MAX_STROKES} strokes; this one has {len(payload)}.")
    strokes, total, length = [], 0, 0.0
    for raw in payload:
        if not isinstance(raw, dict) or not isinstance(raw.get("points"), list) or not raw["points"]:
            raise ValueError('A stroke is {"points": [[x, y], ...], "radius": r} with at least one point.')
        pairs = raw["points"]
        total += len(pairs)
        if total > MAX_POINTS:
            raise ValueError(f"A drawing has at most {MAX_POINTS} points; this one has more.")
        if not all(
            isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs
        ):
            raise ValueError("A point is a pair of finite numbers [x, y] in board units.")
        radius = raw.get("radius", DEFAULT_RADIUS)
        if not _is_number(radius) or not MIN_RADIUS <= radius <= MAX_RADIUS:
            raise ValueError(
                f"The brush radius is a number from {MIN_RADIUS:g} to {MAX_RADIUS:g} board units."
            )
        points = np.clip(np.array(pairs, dtype=np.float64), -FAR, SIZE + FAR)
        length += float(np.hypot(*np.diff(points, axis=0).T).sum())
        if length > MAX_LENGTH:
            raise ValueError(
                f"A drawing has at most {MAX_LENGTH // SIZE} board widths of line; this one has more."
            )
        strokes.append(Stroke(points, float(radius)))
    return strokes


def _is_number(value: Any) -> bool:
    """True for a finite int or float below a million in size; False for bool, NaN and infinity."""
    return type(value) in (int, float) and abs(value) < 1e6


def render(strokes: Sequence[Stroke], size: int = SIZE) -> np.ndarray:
    """Draw strokes with a round brush: uint8 array (size, size), 0 background .. 255 ink.

    A pixel's value is its coverage by the brush, clip(radius + 1/2 - d, 0, 1) at a distance d between its
    centre and the line. Half coverage lies at the radius, so antialiasing neither widens nor narrows the ink.
    Another `size` than 448 scales the drawing with the board.
    """
    scale = np.float32(size / SIZE)
    board = np.zeros((size, size), dtype=np.float32)
    for stroke in strokes:
        _draw_line(board, stroke.points.astype(np.float32) * scale, np.float32(stroke.radius) * scale)
    board *= 255
    return np.rint(board, out=board).astype(np.uint8)


# Lines are drawn in short pieces, which is fast for both slow and quick hands.
_PIECE = 16  # pixels
# The windows of this many pieces, about 200 kB an array, stay in the processor's cache.
_BATCH = 24


def _draw_line(board: np.ndarray, points: np.ndarray, radius: np.float32) -> None:
    """Draw a line through `points` (n, 2) with round ends, in place, as coverage 0..1."""
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    cuts = np.maximum(np.ceil(np.hypot(*(ends - starts).T) / _PIECE), 1).astype(int)
    # The segment that each piece belongs to.
    owner = np.repeat(np.arange(len(cuts)), cuts)
    step = ((ends - starts) / cuts[:, None].astype(np.float32))[owner]
    index = (np.arange(len(owner)) - np.repeat(np.cumsum(cuts) - cuts, cuts)).astype(np.float32)
    begin = starts[owner] + step * index[:, None]
    reach = radius + 1
    low, high = np.minimum(begin, begin + step) - reach, np.maximum(begin, begin + step) + reach
    # The other pieces lie wholly outside the board.
    near = (high > 0).all(axis=1) & (low < board.shape[0]).all(axis=1)
    begin, step = begin[near], step[near]
    for first in range(0, len(begin), _BATCH):
        _draw_pieces(board, begin[first : first + _BATCH], step[first : first + _BATCH], radius)


def _draw_pieces(board: np.ndarray, start: np.ndarray, step: np.ndarray, radius: np.float32) -> None:
    """Draw straight pieces from `start` to `start + step`, each (n, 2), at once, in windows of one size."""
    side = int(np.ceil(2 * (radius + 1) + np.abs(step).max())) + 1
    corner = np.floor(np.minimum(start, start + step) - radius - 1).astype(int)  # (n, 2): x, y of each window
    grid = np.arange(side, dtype=np.float32) + np.float32(0.5)
    x = ((corner[:, 0] - start[:, 0])[:, None] + grid).astype(np.float32)[:, None, :]  # (n, 1, side)
    y = ((corner[:, 1] - start[:, 1])[:, None] + grid).astype(np.float32)[:, :, None]  # (n, side, 1)
    dx, dy = step[:, 0, None, None], step[:, 1, None, None]
    # A dot has length 0.
    length2 = np.maximum(dx * dx + dy * dy, np.float32(1e-12))
    # The place along the piece, (n, side, side): 0 at its start, 1 at its end.
    along = x * (dx / length2) + y * (dy / length2)
    np.clip(along, 0, 1, out=along)
    distance2 = np.square(x - along * dx)
    distance2 += np.square(y - along * dy)
    coverage = np.clip(radius + np.float32(0.5) - np.sqrt(distance2, out=distance2), 0, 1, out=distance2)
    for (left, top), patch in zip(corner.tolist(), coverage, strict=True):
        window = board[max(top, 0) : top + side, max(left, 0) : left + side]
        patch = patch[max(-top, 0) :, max(-left, 0) :][: window.shape[0], : window.shape[1]]
        np.maximum(window, patch, out=window)


def _halved(rows: np.ndarray) -> np.ndarray:
    """One pyramid step along the first axis: zero padding, even rows kept."""
    padded = np.pad(rows, ((2, 2), (0, 0)))
    taps = [weight * padded[tap : tap + len(rows) : 2] for tap, weight in enumerate(PYRAMID_KERNEL)]
    return np.sum(taps, axis=0)


def reduce(board: np.ndarray) -> np.ndarray:
    """MNIXEL's reduction of a board (448, 448) to float64 (28, 28), both 0..255.

    The kernel is separable, so each of the four pyramid steps runs along one axis and then along the other. A
    drawing keeps 1/256 of its sum. Raises ValueError for another shape.
    """
    if board.shape != (SIZE, SIZE):
        raise ValueError(f"MNIXEL's reduction takes a board of {SIZE}x{SIZE}; this one is {board.shape}.")
    board = board.astype(np.float64)
    for _ in range(4):
        board = _halved(_halved(board).T).T
    return np.ascontiguousarray(board)
