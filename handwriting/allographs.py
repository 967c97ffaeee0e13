"""The copybook: shapes in a table, a line each, and the notation in which they are written there.

`allographs.txt` holds the ways to write each digit and explains the notation, `nondigits.txt` holds some
drawings that are not digits. A shape's own variation is thrown for each drawing. What varies from hand to
hand (slant, proportions, care) is in `hand.py`, and what hands do to any shape is in `operators.py`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).parent
NUMBER = re.compile(r"(-?\d+)((?:~-?\d+[a-z]?)*)")

Waypoint = tuple[float, float] | tuple[float, float, bool]  # x, y, whether it is a corner
Waypoints = list[Waypoint]


class TableError(ValueError):
    """A line of a table cannot be read. The message is one sentence with the file and the line."""


class Shape:
    """Strokes in the notation of allographs.txt; a drawing of them takes `throws` random numbers.

    Raises TableError for text that is not in the notation.
    """

    def __init__(self, text: str):
        self._middles: list[float] = []
        self._spreads: list[tuple[int, str | int, float]] = []  # number, what is thrown, how far it moves
        self._strokes = [[self._token(token) for token in stroke.split()] for stroke in text.split("|")]
        if not all(self._strokes):
            raise TableError("there is a stroke without points; write a few, such as 50,0 50,100")
        thrown = {key: column for column, key in enumerate(dict.fromkeys(key for _, key, _ in self._spreads))}
        self.throws = len(thrown)
        self._matrix = np.zeros((len(self._middles), self.throws))
        for number, key, size in self._spreads:
            self._matrix[number, thrown[key]] += size

    def paths(self, throws: np.ndarray) -> list[Waypoints]:
        """The waypoints of each stroke, in a square of side 1, for throws -1..1 of shape (self.throws,)."""
        numbers = self._middles + self._matrix @ throws
        paths = []
        for stroke in self._strokes:
            path: Waypoints = []
            for kind, place in stroke:
                values = numbers[place].tolist()
                if kind == "arc":
                    path += box_arc(*values)
                else:
                    x, y = values[0] / 100, values[1] / 100
                    path.append((x, y, True) if kind == "corner" else (x, y))
            paths.append(path)
        return paths

    def _token(self, token: str) -> tuple[str, slice]:
        """A waypoint, a corner or an arc: its kind, and where its numbers are."""
        kind = "arc" if token[0] == "o" else "corner" if token[-1] == "!" else "point"
        parts = token.removeprefix("o").removesuffix("!").split(",")
        if not (6 <= len(parts) <= 8 if kind == "arc" else len(parts) == 2):
            form = "oLEFT,TOP,RIGHT,BOTTOM,FROM,TO" if kind == "arc" else "X,Y in hundredths"
            raise TableError(f"{token!r} has {len(parts)} numbers; write {form}")
        # An arc's radii keep their size and it is not tilted, unless it says so.
        parts += ["100", "0"][len(parts) - 6 :] if kind == "arc" else []
        return kind, self._numbers(parts)

    def _numbers(self, parts: list[str]) -> slice:
        start = len(self._middles)
        for part in parts:
            match = NUMBER.fullmatch(part)
            if not match:
                raise TableError(f"{part!r} is not a number such as 50, 50~8 or 50~8a")
            for size, letter in re.findall(r"~(-?\d+)([a-z]?)", match[2]):
                self._spreads.append((len(self._middles), letter or len(self._spreads), float(size)))
            self._middles.append(float(match[1]))
        return slice(start, len(self._middles))


class Allograph(NamedTuple):
    """A way to write a digit."""

    digit: int
    name: str
    weight: int  # its share beside the digit's other allographs
    shape: Shape


class Row(NamedTuple):
    """A line of a table."""

    first: str  # a digit, or a group of drawings that are not digits
    name: str
    number: int  # a weight or an angle; 0 if the line has none
    shape: Shape


def read_table(path: Path, digits: bool = False) -> list[Row]:
    """The rows of a table; each needs a digit and a weight if it is of `digits`. Raises TableError."""
    rows: list[Row] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        try:
            match = re.fullmatch(r"(\w+) ([a-z][\w-]*)(?: (\d+))? ([-\do].*)", line)
            if not match:
                raise TableError("a line begins as 7 plain 20 10,0 80,0!")
            row = Row(match[1], match[2], int(match[3] or 0), Shape(match[4]))
            if any(other[:2] == row[:2] for other in rows):
                raise TableError(f"there are two shapes called {row.first} {row.name}; rename one")
            if digits and (row.first not in list("0123456789") or not row.number):
                raise TableError(f"{row.first} {row.name} needs a digit 0 to 9 and a weight above 0")
        except TableError as error:
            raise TableError(f"{path.name}, line {number}: {error}.") from error
        rows.append(row)
    return rows


def read_allographs(path: Path = FOLDER / "allographs.txt") -> dict[int, list[Allograph]]:
    """The allographs of each digit 0..9, in the order of the table. Raises TableError."""
    rows = read_table(path, digits=True)
    return {
        digit: [Allograph(digit, *row[1:]) for row in rows if row.first == str(digit)] for digit in range(10)
    }


try:
    ALLOGRAPHS, NONDIGITS = read_allographs(), read_table(FOLDER / "nondigits.txt")
except TableError as error:
    # A command that imports this package has not begun yet, so it cannot say what is wrong.
    sys.exit(f"handwriting: {error}")


# --- for shapes that are written in Python ---


class Dice:
    """Random numbers for one drawing."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        """A number drawn evenly from low .. high."""
        return low + (high - low) * self.rng.random()

    def often(self, share: float) -> bool:
        """True in that share of the throws."""
        return bool(self.rng.random() < share)

    def side(self) -> int:
        """1 or -1."""
        return 1 if self.often(0.5) else -1


Drawer = Callable[[Dice], list[Waypoints]]


def corner(x: float, y: float) -> Waypoint:
    """A waypoint at which the pen turns sharply."""
    return (x, y, True)


def arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float, end: float = 1) -> Waypoints:
    """Waypoints on an ellipse from one angle to another in degrees: 0 right, 90 below, so growing ones go
    clockwise.

    The radii shrink or grow evenly to `end` times what they were.
    """
    count = max(1, math.ceil(abs(stop - start) / 45))
    shares = [i / count for i in range(count + 1)]
    polar = [(math.radians(start + (stop - start) * i), 1 + (end - 1) * i) for i in shares]
    return [(cx + s * rx * math.cos(a), cy + s * ry * math.sin(a)) for a, s in polar]


def box_arc(
    left: float, top: float, right: float, bottom: float, start: float, stop: float, end: float, tilt: float
) -> Waypoints:
    """An arc of the ellipse that fills a box, tilted clockwise; the box and `end` in hundredths."""
    x, y = (left + right) / 200, (top + bottom) / 200
    path = arc(x, y, (right - left) / 200, (bottom - top) / 200, start, stop, end / 100)
    return turned(path, tilt, x, y) if tilt else path


def turned(path: Waypoints, degrees: float, cx: float = 0.5, cy: float = 0.5) -> Waypoints:
    """Waypoints turned clockwise about (cx, cy); corners stay corners."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved = [(point[0] - cx, point[1] - cy, *point[2:]) for point in path]
    return [(cx + cos * x - sin * y, cy + sin * x + cos * y, *rest) for x, y, *rest in moved]
