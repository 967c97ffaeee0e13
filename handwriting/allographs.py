"""Allographs: the ways in which people write each digit, and the notation for them.

An allograph is a function of dice. It returns strokes in a square of side 1, x right and y down, the digit as
high as the square: a few waypoints that the pen passes, each `(x, y)`, or `corner(x, y)` where the pen turns
sharply. What varies within one way of writing (the size of a bowl, the height of a waist, the gap of an
opening) is thrown with the dice; what varies with the hand (slant, proportions, tremor) is `pen.py`'s. The
shapes themselves are in `digits/`, one file a digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Waypoint = tuple[float, float] | tuple[float, float, bool]  # x, y, whether it is a corner
Waypoints = list[Waypoint]


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


Shape = Callable[[Dice], list[Waypoints]]


class Allograph(NamedTuple):
    """One way of writing a digit. weight: how common it is beside the digit's other ways."""

    digit: int
    name: str
    weight: float
    shape: Shape


ALLOGRAPHS: dict[int, list[Allograph]] = {digit: [] for digit in range(10)}


def way(digit: int, weight: float) -> Callable[[Shape], Shape]:
    """Register the decorated function as an allograph of `digit`, named as the function without the digit."""

    def register(shape: Shape) -> Shape:
        name = shape.__name__.split("_", 1)[1]
        ALLOGRAPHS[digit].append(Allograph(digit, name, weight, shape))
        return shape

    return register


def corner(x: float, y: float) -> Waypoint:
    """A waypoint at which the pen turns sharply."""
    return (x, y, True)


def arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float) -> Waypoints:
    """Waypoints on an ellipse from angle `start` to `stop` in degrees: 0 is right, 90 is below."""
    count = max(2, math.ceil(abs(stop - start) / 45) + 1)
    angles = [math.radians(start + (stop - start) * i / (count - 1)) for i in range(count)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def turned(path: Waypoints, degrees: float, cx: float = 0.5, cy: float = 0.5) -> Waypoints:
    """Waypoints turned clockwise about (cx, cy); corners stay corners."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved = [(point[0] - cx, point[1] - cy, *point[2:]) for point in path]
    return [(cx + cos * x - sin * y, cy + sin * x + cos * y, *rest) for x, y, *rest in moved]


def spiral(cx: float, cy: float, rx: float, ry: float, start: float, stop: float, shrink: float) -> Waypoints:
    """As `arc`, while the radii shrink evenly to `shrink` times what they were."""
    points = arc(0, 0, rx, ry, start, stop)
    scales = np.linspace(1, shrink, len(points)).tolist()
    return [(cx + x * s, cy + y * s) for (x, y), s in zip(points, scales, strict=True)]
