"""Drawings that are not digits, for teaching and for measuring refusal.

Training uses only the kinds in `TEACHING`, so the kinds in `MEASURING` are new to the network. None of them
can be read as a digit, as O, l, S, Z, B, g, q, & or psi could. nondigits.txt has the shapes that look much
the same every time; this file has the random ones.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

import board

from . import hand as hands
from . import operators
from .allographs import NONDIGITS, Dice, Drawer, Shape, Waypoints, arc, corner, turned
from .drawing import choose, in_chunks, to_input
from .hand import any_hand

_GROUPS: dict[str, dict[str, Drawer]] = {"teach": {}, "measure": {}}


def _from_table(shape: Shape, turn: float, d: Dice) -> list[Waypoints]:
    paths = shape.paths(d.rng.uniform(-1, 1, shape.throws))
    return _turned(paths, d(-turn, turn)) if turn else paths


for _group, _name, _turn, _shape in NONDIGITS:
    _GROUPS[_group][_name.replace("_", " ")] = partial(_from_table, _shape, _turn)


def kind(group: str, name: str) -> Callable[[Drawer], Drawer]:
    """Register the decorated function as a kind of the group "teach" or "measure"."""
    return lambda drawer: _GROUPS[group].setdefault(name, drawer)


def _digit(d: Dice) -> list[Waypoints]:
    return _from_table(choose(int(d(0, 10)), d.rng).shape, 0, d)


def _moved(paths: list[Waypoints], x: float, y: float, size: float) -> list[Waypoints]:
    """Paths shrunk about the middle of the square and shifted."""
    dx, dy = 0.5 + x, 0.5 + y
    return [[(dx + size * (p[0] - 0.5), dy + size * (p[1] - 0.5), *p[2:]) for p in path] for path in paths]


def _turned(paths: list[Waypoints], degrees: float) -> list[Waypoints]:
    return [turned(path, degrees) for path in paths]


@kind("teach", "random strokes")
def _strokes(d):
    """Three to six strokes anywhere, straight or bent."""
    paths = []
    for _ in range(int(d(3, 6.99))):
        x, y, a, size, bow = d(0.1, 0.9), d(0.1, 0.9), d(0, 6.3), d(0.15, 0.5), d(-0.4, 0.4)
        u, v = math.cos(a) * size, math.sin(a) * size
        paths.append([(x - u, y - v), (x - v * bow, y + u * bow), (x + u, y + v)])
    return paths


@kind("teach", "random curve")
def _curve(d):
    """One line that wanders, crossing itself now and then."""
    x, y, a, line = 0.5, 0.5, d(0, 6.3), []
    turn = d(-0.6, 0.6)
    for _ in range(int(d(18, 30))):
        turn = 0.7 * turn + d(-0.75, 0.75)
        a += turn
        x, y = x + 0.2 * math.cos(a) + 0.12 * (0.5 - x), y + 0.2 * math.sin(a) + 0.12 * (0.5 - y)
        line.append((x, y))
    return [line]


@kind("teach", "random corners")
def _corners(d):
    """Straight lines from place to place, seven or eight of them."""
    return [[corner(d(0, 1), d(0, 1)) for _ in range(int(d(7, 9)))]]


@kind("measure", "straight scribble")
def _across(d):
    return [[corner(d(0, 1), d(0, 1)) for _ in range(int(d(9, 22)))]]


@kind("teach", "random arcs")
def _arcs(d):
    """Several rings and bows on top of each other."""
    paths = []
    for _ in range(int(d(3, 5.99))):
        start = d(0, 360)
        paths.append(arc(d(0.2, 0.8), d(0.2, 0.8), d(0.1, 0.35), d(0.1, 0.35), start, start + d(150, 380)))
    return paths


@kind("teach", "round scribble")
def _scribble(d):
    x, y, points = 0.5, 0.5, []
    a, turn, r = d(0, 6.3), d(0.5, 1.1) * d.side(), d(0.12, 0.3)
    for _ in range(int(d(18, 45))):
        a += turn + d(-0.7, 0.7)
        x, y = x + r * math.cos(a) + d(-0.03, 0.05), y + r * math.sin(a) + d(-0.03, 0.03)
        points.append((x, y))
    return [points]


@kind("teach", "spiral")
def _spiral(d):
    turns, side, start = d(2.3, 3.6), d.side(), d(0, 360)
    return [arc(0.5, 0.5, 0.04, 0.04, start, start + side * 360 * turns, 12.5)]


@kind("teach", "zigzag")
def _zigzag(d):
    teeth, h = int(d(4, 8)), d(0.15, 0.5)
    line = [corner(i / teeth, 0.5 + h * (0.5 if i % 2 else -0.5) + d(-0.05, 0.05)) for i in range(teeth + 1)]
    return _turned([line], d(-40, 40))


# --- digits that are not alone ---


@kind("teach", "digit in a frame")
def _framed(d):
    inside = _moved(_digit(d), d(-0.05, 0.05), d(-0.05, 0.05), d(0.35, 0.55))
    if d.often(0.5):
        return [*inside, arc(0.5, 0.5, d(0.5, 0.6), d(0.5, 0.6), -90, -90 - d(340, 380))]
    w, h = d(0.42, 0.6), d(0.42, 0.6)
    ring = [(0.5 - w, 0.5 - h), *(corner(0.5 + x * w, 0.5 + y * h) for x, y in ((1, -1), (1, 1), (-1, 1)))]
    return [*inside, [*ring, (0.5 - w, 0.5 - h + d(-0.05, 0.1))]]


@kind("teach", "digits above each other")
def _stacked(d):
    pair = [*_moved(_digit(d), d(-0.05, 0.05), -0.3, 0.5), *_moved(_digit(d), d(-0.05, 0.05), 0.3, 0.5)]
    if d.often(0.5):
        pair.append([(d(0.1, 0.25), 0.5), (d(0.75, 0.9), d(0.47, 0.53))])
    return pair


@kind("teach", "digits on each other")
def _overlaid(d):
    return [*_digit(d), *_moved(_digit(d), d(0.28, 0.5) * d.side(), d(-0.1, 0.1), d(0.8, 1.1))]


@kind("teach", "digit and sign")
def _signed(d):
    """A digit with a sign before it: plus, minus, a dot and a second digit."""
    digit, x, size = _digit(d), 0.5 - d(0.55, 0.75), d(0.12, 0.2)
    sign = [[(x - size, 0.5), (x + size, 0.5 + d(-0.04, 0.04))]]
    if d.often(0.5):
        return [*digit, *sign, [(x, 0.5 - size), (x, 0.5 + size)]]
    point = [(0.25 + x / 2, 0.98), (0.27 + x / 2, 1.0)]
    return [*digit, point, *_moved(_digit(d), x - 0.5 - d(0.1, 0.3), 0, d(0.8, 1.0))]


@kind("teach", "two digits")
def _two_digits(d):
    return _row(d, 2)


@kind("measure", "three digits")
def _three_digits(d):
    return _row(d, 3)


def _row(d: Dice, count: int) -> list[Waypoints]:
    """Digits side by side, such as 12 or 470."""
    paths, left = [], 0.0
    for _ in range(count):
        digit = _digit(d)
        xs = [point[0] for path in digit for point in path]
        paths += _moved(digit, left - min(xs), d(-0.08, 0.08), 1)
        left += max(xs) - min(xs) + d(0.12, 0.35)
    # The hand turns and leans about 0.5.
    return _moved(paths, 0.5 - left / 2, 0, 1)


@kind("measure", "struck-out digit")
def _struck_out(d):
    """A digit under a cross or under lines to and fro."""
    if d.often(0.5):
        return [*_digit(d), [(0.0, 0.05), (1.0, 0.95)], [(1.0, 0.05), (0.0, 0.95)]]
    lines = [corner(-0.05 + 1.1 * (i % 2), 0.1 + 0.1 * i + d(-0.03, 0.03)) for i in range(int(d(6, 10)))]
    return [*_digit(d), lines]


TEACHING: tuple[str, ...] = tuple(_GROUPS["teach"])
MEASURING: tuple[str, ...] = tuple(_GROUPS["measure"])
KINDS: tuple[str, ...] = TEACHING + MEASURING
_DRAWERS = _GROUPS["teach"] | _GROUPS["measure"]


def draw_nondigit(kind: str, rng: np.random.Generator) -> list[board.Stroke]:
    """Strokes of one of `KINDS` by a random hand, anywhere on the board. Raises KeyError for another kind."""
    hand = any_hand(rng)
    lines = hands.trace(_DRAWERS[kind](Dice(rng)), hand, rng)
    lines = operators.vary(lines, None, hand.own(0), rng)
    return hands.place(hands.write(lines, hand, rng), hand, rng)


def nondigits(count: int, seed: int, workers: int | None = None) -> np.ndarray:
    """`count` drawings of the kinds in TEACHING: uint8 images (count, 28, 28), 255 for the network's 1.

    The number of `workers` (default: one per core) does not change the result.
    """
    indices = np.arange(count) % len(TEACHING)
    np.random.default_rng([seed, 1]).shuffle(indices)
    return in_chunks(_nondigit, indices, [seed, 1], workers)


def _nondigit(_: int, index: int, rng: np.random.Generator) -> np.ndarray:
    return to_input(draw_nondigit(TEACHING[index], rng), rng)
