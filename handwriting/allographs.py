"""The copybook: two tables of shapes, one shape a line, and their notation.

`allographs.txt` holds the ways to write each digit and explains the notation. `nondigits.txt` holds drawings
that are not digits. A shape's numbers vary from drawing to drawing. `hand.py` has the differences between
hands (slant, proportions, care), and `operators.py` the changes that hands make to any shape.
"""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).parent
NUMBER = re.compile(r"(-?\d+)((?:~-?\d+[a-z]?)*)")
# A line is a digit, a name, a weight and strokes, or a group, a name, perhaps degrees, and strokes.
DIGIT_LINE = r"(\d) ([a-z]\w*) ([1-9]\d*) ([-\do].*)"
NONDIGIT_LINE = r"(teach|measure) ([\w-]+)(?: (\d+))? ([-\do].*)"

Waypoint = tuple[float, float] | tuple[float, float, bool]  # x, y, whether it is a corner
Waypoints = list[Waypoint]


class Shape:
    """Strokes in the notation of allographs.txt. Each drawing of them takes `throws` random numbers.

    Raises ValueError for text that is not in the notation.
    """

    def __init__(self, text: str):
        self._middles: list[float] = []
        self._spreads: list[tuple[int, str | int, float]] = []  # number, what is thrown, how far it moves
        self._strokes = [[self._token(token) for token in stroke.split()] for stroke in text.split("|")]
        if not all(self._strokes):
            raise ValueError("a stroke has no points")
        thrown = {key: column for column, key in enumerate(dict.fromkeys(key for _, key, _ in self._spreads))}
        self.throws = len(thrown)
        self._matrix = np.zeros((len(self._middles), self.throws))
        for number, key, size in self._spreads:
            self._matrix[number, thrown[key]] += size

    def paths(self, throws: np.ndarray) -> list[Waypoints]:
        """The waypoints of each stroke, in a square of side 1, for `throws` of -1..1, (self.throws,)."""
        numbers = self._middles + self._matrix @ throws
        paths = []
        for stroke in self._strokes:
            path: Waypoints = []
            for token, place in stroke:
                values = numbers[place].tolist()
                if token[0] == "o":
                    path += box_arc(values[:4], *values[4:])
                else:
                    x, y = values[0] / 100, values[1] / 100
                    path.append((x, y, True) if token[-1] == "!" else (x, y))
            paths.append(path)
        return paths

    def _token(self, token: str) -> tuple[str, slice]:
        """The token of a waypoint, a corner or an arc, and the place of its numbers."""
        start = len(self._middles)
        parts = token.removeprefix("o").removesuffix("!").split(",")
        numbers = [NUMBER.fullmatch(part) for part in parts]
        if not all(numbers) or len(parts) not in ((6, 7, 8) if token[0] == "o" else (2,)):
            raise ValueError(f"{token!r} is neither X,Y nor oLEFT,TOP,RIGHT,BOTTOM,FROM,TO in whole numbers")
        for match in numbers:
            for size, letter in re.findall(r"~(-?\d+)([a-z]?)", match[2]):
                self._spreads.append((len(self._middles), letter or len(self._spreads), float(size)))
            self._middles.append(float(match[1]))
        return token, slice(start, len(self._middles))


class Allograph(NamedTuple):
    """A way to write a digit."""

    digit: int
    name: str
    weight: int  # relative to the digit's other allographs
    shape: Shape


def read_table(path: Path, form: str) -> list[tuple[str, str, int, Shape]]:
    """The four groups of `form` in each line of a table. A missing number is 0.

    Raises ValueError with a sentence that names the file and the line.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        try:
            match = re.fullmatch(form, line)
            if not match:
                raise ValueError("a line begins as 7 plain 20 50,0, in nondigits.txt as teach star 28 50,0")
            rows.append((match[1], match[2], int(match[3] or 0), Shape(match[4])))
        except ValueError as error:
            raise ValueError(f"{path.name}, line {number} cannot be read: {error}.") from error
    return rows


def read_allographs(path: Path) -> dict[int, list[Allograph]]:
    """The allographs of each digit 0..9, in the order of the table. Raises ValueError."""
    found: dict[int, list[Allograph]] = {digit: [] for digit in range(10)}
    for digit, *rest in read_table(path, DIGIT_LINE):
        found[int(digit)].append(Allograph(int(digit), *rest))
    return found


ALLOGRAPHS = read_allographs(FOLDER / "allographs.txt")
NONDIGITS = read_table(FOLDER / "nondigits.txt", NONDIGIT_LINE)


# --- for shapes in Python ---


class Dice:
    """Random numbers for one drawing."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        """A uniform random number from low to high."""
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
    """Waypoints on an ellipse from one angle to another, degrees clockwise from the right.

    The radii shrink or grow evenly to `end` times their size.
    """
    count = max(1, math.ceil(abs(stop - start) / 45))
    shares = [i / count for i in range(count + 1)]
    polar = [(math.radians(start + (stop - start) * i), 1 + (end - 1) * i) for i in shares]
    return [(cx + s * rx * math.cos(a), cy + s * ry * math.sin(a)) for a, s in polar]


def box_arc(box: Sequence[float], start: float, stop: float, end: float = 100, tilt: float = 0) -> Waypoints:
    """An arc of the ellipse that fills a box (left, top, right, bottom), tilted clockwise.

    The box and `end` are in hundredths.
    """
    left, top, right, bottom = box
    x, y = (left + right) / 200, (top + bottom) / 200
    path = arc(x, y, (right - left) / 200, (bottom - top) / 200, start, stop, end / 100)
    return turned(path, tilt, x, y) if tilt else path


def turned(path: Waypoints, degrees: float, cx: float = 0.5, cy: float = 0.5) -> Waypoints:
    """Waypoints turned clockwise about (cx, cy); corners stay corners."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved = [(point[0] - cx, point[1] - cy, *point[2:]) for point in path]
    return [(cx + cos * x - sin * y, cy + sin * x + cos * y, *rest) for x, y, *rest in moved]
