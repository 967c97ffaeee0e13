"""UNIPEN's isolated digits (section 1a of train_r01_v07, CC BY 4.0) as a benchmark. Nothing trains on them.

`UNIPEN_DIR` names a folder with the distribution (Zenodo, 10.5281/zenodo.1195803). Files in
`data/1a/COLLECTION/` list the pen-down components of each digit; files in `include/` have the components.
"""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

# UNIPEN's section of isolated digits.
SECTION = "1a"
# We looked at the mistakes in these collections. The others count as unseen.
LOOKED_AT = ("aga", "apa", "app", "art", "gmd", "ibm", "val")
# A digit that is this many times larger than its largest stroke was put together from several.
FAR = 3.0
# A stroke is straight if it stays this close to the line between its ends, as a share of the line's length.
STRAIGHT = 0.12


class Digit(NamedTuple):
    """One digit. Its strokes are float (n, 2) in the tablet's units, x right and y down.

    The writer is named by the data file, which has digits of one person.
    """

    label: int
    strokes: list[np.ndarray]
    writer: str


def folder() -> Path | None:
    """The folder with the distribution, or None."""
    named = os.environ.get("UNIPEN_DIR")
    return Path(named) if named and (Path(named) / "data" / SECTION).is_dir() else None


def collections(root: Path, looked_at: bool) -> list[str]:
    """The names of the collections whose mistakes were looked at, or of the others."""
    names = sorted(path.name for path in (root / "data" / SECTION).iterdir() if path.is_dir())
    return [name for name in names if (name in LOOKED_AT) == looked_at]


def read(root: Path, collection: str) -> list[Digit]:
    """The digits of a collection, without those that `cut` and `is_whole` reject."""
    digits = []
    top = root / "data" / SECTION
    for path in sorted((top / collection).rglob("*")):
        if not path.is_file():
            continue
        blocks = _blocks(path)
        files = [root / "include" / body.strip() for key, body in blocks if key == "INCLUDE"]
        components = [component for file in files for component in _components(file)]
        for key, body in blocks:
            match = re.match(r'\s*CHARACTER\s+(\S+)\s+\S+\s+"(\d)"', body) if key == "SEGMENT" else None
            if match:
                label, strokes = int(match[2]), cut(components, match[1])
                if strokes and is_whole(label, strokes):
                    digits.append(Digit(label, strokes, path.relative_to(top).as_posix()))
    return digits


def _blocks(path: Path) -> list[tuple[str, str]]:
    """The keywords of a UNIPEN file, each with the text up to the next keyword."""
    text = path.read_bytes().decode("latin-1").replace("\r", "\n")
    return re.findall(r"^\.([A-Z_0-9]+)((?:.*\n?)(?:(?!\.[A-Z]).*\n?)*)", text, re.MULTILINE)


@lru_cache(maxsize=64)
def _components(path: Path) -> tuple[np.ndarray, ...]:
    """The pen-down components (n, 2) of a file and of the files that it includes, y down."""
    components, columns = [], ("X", "Y")
    if not path.is_file():
        return ()
    for key, body in _blocks(path):
        if key == "INCLUDE":
            # An include names a path inside the folder `include`.
            root = next(parent for parent in path.parents if parent.name == "include")
            components += _components(root / body.strip())
        elif key == "COORD":
            columns = tuple(body.split())
        elif key == "PEN_DOWN":
            components.append(_points(body, columns))
    return tuple(components)


def _points(body: str, columns: tuple[str, ...]) -> np.ndarray:
    """The points (n, 2) of a component, y down, without an incomplete point at the end."""
    values = np.array(body.split(), dtype=float)
    rows = values[: len(values) // len(columns) * len(columns)].reshape(-1, len(columns))
    return rows[:, [columns.index("X"), columns.index("Y")]] * (1, -1)


def cut(components: list[np.ndarray], delineation: str) -> list[np.ndarray] | None:
    """The strokes in a delineation, for example `5`, `5-6` or `5:3-6:20` (component:point).

    None if a component is missing, if the strokes have no extent, or if they lie far apart.
    """
    strokes = []
    for part in delineation.split(","):
        first, _, last = part.partition("-")
        (a, from_point), (b, to_point) = _place(first), _place(last or first)
        if not 0 <= a <= b < len(components):
            return None
        for number in range(a, b + 1):
            start = from_point if number == a and from_point is not None else 0
            stop = to_point + 1 if number == b and to_point is not None else None
            strokes.append(components[number][start:stop])
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        return None
    height, width = np.ptp(np.concatenate(strokes), axis=0)[::-1]
    largest = max(np.ptp(stroke, axis=0).max() for stroke in strokes)
    return strokes if largest > 0 and max(height, width) <= FAR * largest else None


def is_whole(label: int, strokes: list[np.ndarray]) -> bool:
    """False if the digit is a single straight line, unless it is an upright 1."""
    line = strokes[0]
    across, down = span = line[-1] - line[0]
    length = float(np.hypot(across, down))
    if len(strokes) > 1 or length == 0:
        return True
    off = np.abs((line - line[0]) @ (-down, across)) / length
    straight = off.max() <= STRAIGHT * length and np.ptp((line - line[0]) @ span) <= 1.2 * length**2
    return not straight or (label == 1 and abs(down) > abs(across))


def _place(text: str) -> tuple[int, int | None]:
    """The component at one end of a delineation, and the point if it names one."""
    component, _, point = text.partition(":")
    return int(component), int(point) if point else None
