"""Non-digit drawings, no two alike: random lines, signs, digits with something around them.

All of them teach refusal. What is random here takes any number of forms, so that the network learns what a
digit is rather than what a list of other things looks like.
"""

from __future__ import annotations

import math

from .allographs import Dice, Shape, Waypoints, arc, corner, turned
from .drawing import choose

TEACHING: dict[str, Shape] = {}


def teaching(name: str):
    """Register the decorated function as a kind that may be trained on."""
    return lambda shape: TEACHING.setdefault(name, shape)


def _digit(d: Dice) -> list[Waypoints]:
    return choose(int(d(0, 10)), d.rng).shape(d)


def _moved(paths: list[Waypoints], x: float, y: float, size: float) -> list[Waypoints]:
    """Paths shrunk about the middle of the square and shifted."""
    return [
        [(0.5 + x + size * (p[0] - 0.5), 0.5 + y + size * (p[1] - 0.5), *p[2:]) for p in path]
        for path in paths
    ]


# --- random lines -------------------------------------------------------------------------------------------


@teaching("random strokes")
def _strokes(d):
    """Three to six strokes anywhere, straight or bent."""
    paths = []
    for _ in range(int(d(3, 6.99))):
        x, y, a, size = d(0.1, 0.9), d(0.1, 0.9), d(0, 6.3), d(0.15, 0.5)
        way = (math.cos(a) * size, math.sin(a) * size)
        bow = d(-0.4, 0.4)
        paths.append(
            [(x - way[0], y - way[1]), (x - way[1] * bow, y + way[0] * bow), (x + way[0], y + way[1])]
        )
    return paths


@teaching("random curve")
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


@teaching("random corners")
def _corners(d):
    """Straight lines from place to place, seven or eight of them."""
    return [[corner(d(0, 1), d(0, 1)) for _ in range(int(d(7, 9)))]]


@teaching("random arcs")
def _arcs(d):
    """Several rings and bows on top of each other."""
    paths = []
    for _ in range(int(d(3, 5.99))):
        start = d(0, 360)
        paths.append(arc(d(0.2, 0.8), d(0.2, 0.8), d(0.1, 0.35), d(0.1, 0.35), start, start + d(150, 380)))
    return paths


# --- digits that are not alone ------------------------------------------------------------------------------


@teaching("digit in a frame")
def _framed(d):
    inside = _moved(_digit(d), d(-0.05, 0.05), d(-0.05, 0.05), d(0.35, 0.55))
    if d.often(0.5):
        return [*inside, arc(0.5, 0.5, d(0.5, 0.6), d(0.5, 0.6), -90, -90 - d(340, 380))]
    w, h = d(0.42, 0.6), d(0.42, 0.6)
    ring = [(0.5 - w, 0.5 - h), *(corner(0.5 + x * w, 0.5 + y * h) for x, y in ((1, -1), (1, 1), (-1, 1)))]
    return [*inside, [*ring, (0.5 - w, 0.5 - h + d(-0.05, 0.1))]]


@teaching("digits above each other")
def _stacked(d):
    pair = [*_moved(_digit(d), d(-0.05, 0.05), -0.3, 0.5), *_moved(_digit(d), d(-0.05, 0.05), 0.3, 0.5)]
    if d.often(0.5):
        pair.append([(d(0.1, 0.25), 0.5), (d(0.75, 0.9), d(0.47, 0.53))])
    return pair


@teaching("digits on each other")
def _overlaid(d):
    return [
        *_digit(d),
        *_moved(_digit(d), d(0.28, 0.5) * (1 if d.often(0.5) else -1), d(-0.1, 0.1), d(0.8, 1.1)),
    ]


@teaching("digit and sign")
def _signed(d):
    """A digit with a sign before it: plus, minus, a dot and a second digit."""
    digit, x, size = _digit(d), -d(0.55, 0.75), d(0.12, 0.2)
    sign = [[(0.5 + x - size, 0.5), (0.5 + x + size, 0.5 + d(-0.04, 0.04))]]
    if d.often(0.5):
        return [*digit, *sign, [(0.5 + x, 0.5 - size), (0.5 + x, 0.5 + size)]]
    point = [(0.5 + x / 2, 0.98), (0.5 + x / 2 + 0.02, 1.0)]
    return [*digit, point, *_moved(_digit(d), x - d(0.1, 0.3), 0, d(0.8, 1.0))]


# --- signs --------------------------------------------------------------------------------------------------


@teaching("sigma sign")
def _sigma(d):
    x = d(0.4, 0.6)
    return [
        [
            (0.9, d(0.0, 0.15)),
            corner(0.85, 0.0),
            corner(0.1, 0.0),
            corner(x, 0.5),
            corner(0.1, 1.0),
            (0.9, 1.0),
        ]
    ]


@teaching("omega sign")
def _omega(d):
    w = d(0.32, 0.44)
    bow = arc(0.5, 0.42, w, 0.42, 120, 420)
    return [[(0.05, 1.0), corner(0.5 - w * 0.5, 1.0), *bow, corner(0.5 + w * 0.5, 1.0), (0.95, 1.0)]]


@teaching("lambda sign")
def _lambda(d):
    top = (d(0.2, 0.32), d(0.0, 0.08))
    return [[top, (0.45, 0.3), (0.7, 0.8), (0.92, d(0.92, 1.0))], [(0.5, d(0.4, 0.5)), (d(0.05, 0.2), 1.0)]]


@teaching("brace")
def _brace(d):
    x = d(0.0, 0.12)
    half = [(0.75, 0.0), (0.5, 0.06), (0.5, 0.3), (0.46, 0.46), (0.3 - x, 0.5)]
    line = [*half[:-1], corner(*half[-1]), *[(px, 1 - py) for px, py in half[-2::-1]]]
    pair = [line, [(1.6 - p[0], *p[1:]) for p in line]]
    return pair if d.often(0.6) else [pair[0], [(p[0] + 0.3, *p[1:]) for p in line]]


@teaching("root sign")
def _root(d):
    return [
        [
            (0.0, d(0.5, 0.6)),
            corner(0.12, 0.5),
            corner(0.28, 1.0),
            corner(d(0.4, 0.5), 0.05),
            (d(1.0, 1.3), 0.0),
        ]
    ]


@teaching("euro sign")
def _euro(d):
    bow = arc(0.55, 0.5, 0.35, 0.5, -50, -310)
    return [bow, [(0.0, 0.4), (d(0.5, 0.7), 0.4)], [(0.0, 0.58), (d(0.5, 0.65), 0.58)]]


@teaching("crossed ring")
def _crossed(d):
    """A ring with a cross in it that leaves it, as a target or a compass."""
    r = d(0.28, 0.42)
    cross = [[(0.0, 0.5), (1.0, 0.5)], [(0.5, 0.0), (0.5, 1.0)]]
    return [arc(0.5, 0.5, r, r, 0, 370), *[turned(line, d(-40, 40) if d.often(0.3) else 0) for line in cross]]


@teaching("tree")
def _tree(d):
    trunk = [[(0.5, 0.0), (0.5, 1.0)]]
    for i in range(int(d(3, 4.99))):
        y = 0.25 + 0.16 * i
        trunk += [
            [(0.5, y), (0.5 - d(0.2, 0.4), y + d(0.1, 0.25))],
            [(0.5, y), (0.5 + d(0.2, 0.4), y + d(0.1, 0.25))],
        ]
    return trunk


@teaching("umbrella")
def _umbrella(d):
    roof = [*arc(0.5, 0.5, 0.5, 0.5, 180, 360), corner(1.0, 0.5), (0.0, d(0.48, 0.54))]
    return [roof, [(0.5, 0.5), (0.5, 0.9), (0.42, 1.0), (0.34, d(0.88, 0.94))]]


@teaching("envelope")
def _envelope(d):
    h = d(0.28, 0.4)
    ring = [(0.0, 0.5 - h), corner(1.0, 0.5 - h), corner(1.0, 0.5 + h), corner(0.0, 0.5 + h), (0.0, 0.5 - h)]
    return [ring, [(0.0, 0.5 - h), corner(0.5, d(0.45, 0.6)), (1.0, 0.5 - h)]]
