"""Signs, figures, scribbles and rows of digits: drawings that are neither letters nor a digit.

Two groups: those that teach refusal and those that measure it. Kinds that are alike are still apart: two
digits side by side teach, three in a row and a digit struck out measure; a round scribble teaches, a straight
one measures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .allographs import Dice, Shape, Waypoints, arc, corner, turned
from .drawing import choose

TEACHING: dict[str, Shape] = {}
MEASURING: dict[str, Shape] = {}


def teaching(name: str) -> Callable[[Shape], Shape]:
    """Register the decorated function as a kind that may be trained on."""
    return lambda shape: TEACHING.setdefault(name, shape)


def measuring(name: str) -> Callable[[Shape], Shape]:
    """Register the decorated function as a kind that is only measured."""
    return lambda shape: MEASURING.setdefault(name, shape)


def _polygon(points: Sequence[tuple[float, float]], gap: float = 0.0) -> Waypoints:
    """A closed line of straight sides.

    `gap` is the share of the last side that is left open (below 0: it overlaps).
    """
    (x0, y0), (x1, y1) = points[-1], points[0]
    end = (x0 + (x1 - x0) * (1 - gap), y0 + (y1 - y0) * (1 - gap))
    return [points[0], *(corner(*point) for point in points[1:]), end]


def _turned(paths: list[Waypoints], degrees: float) -> list[Waypoints]:
    return [turned(path, degrees) for path in paths]


# --- shapes that teach --------------------------------------------------------------------------------------


@teaching("triangle")
def _triangle(d):
    return _turned(
        [_polygon([(0.5, 0.0), (d(0.0, 0.2), d(0.8, 1)), (d(0.8, 1), d(0.8, 1))], d(-0.1, 0.3))], d(-30, 30)
    )


@teaching("square")
def _square(d):
    h = d(0.45, 1.0)
    ring = [(0.0, 0.5 - h / 2), (0.0, 0.5 + h / 2), (1.0, 0.5 + h / 2), (1.0, 0.5 - h / 2)]
    return [_polygon(ring, d(-0.1, 0.35))]


@teaching("star")
def _star(d):
    tips = [
        (0.5 + 0.5 * math.sin(a), 0.5 - 0.5 * math.cos(a)) for a in (i * 4 * math.pi / 5 for i in range(5))
    ]
    return _turned([_polygon(tips, d(-0.05, 0.1))], d(-25, 25))


@teaching("heart")
def _heart(d):
    dent = d(0.15, 0.3)
    left = [(0.5, dent), (0.35, 0.02), (0.12, 0.04), (0.02, 0.3), (0.2, 0.65), corner(0.5, 1.0)]
    return [left + [(0.8, 0.65), (0.98, 0.3), (0.88, 0.04), (0.65, 0.02), (0.5, dent)]]


@teaching("plus")
def _plus(d):
    return _turned([[(0.5, 0.0), (0.5, 1.0)], [(d(0, 0.1), d(0.45, 0.55)), (d(0.9, 1.0), 0.5)]], d(-15, 15))


@teaching("spiral")
def _spiral(d):
    turns, points = d(2.3, 3.6), []
    side = 1 if d.often(0.5) else -1
    start = d(0, 360)
    for i in range(int(turns * 8)):
        a, r = math.radians(start + side * 45 * i), 0.04 + 0.46 * i / (turns * 8)
        points.append((0.5 + r * math.cos(a), 0.5 + r * math.sin(a)))
    return [points]


@teaching("zigzag")
def _zigzag(d):
    teeth, h = int(d(4, 8)), d(0.15, 0.5)
    line = [corner(i / teeth, 0.5 + h * (0.5 if i % 2 else -0.5) + d(-0.05, 0.05)) for i in range(teeth + 1)]
    return _turned([line], d(-40, 40))


@teaching("smiley")
def _smiley(d):
    ring = arc(0.5, 0.5, d(0.4, 0.5), 0.5, -90, -90 - 365)
    y, r = d(0.3, 0.42), d(0.18, 0.28)
    mouth = arc(0.5, d(0.55, 0.65), r, r * d(0.4, 0.9), 20, 160)
    eyes = [[(0.33, y), (0.33, y + d(0.01, 0.12))], [(0.67, y), (0.67, y + d(0.01, 0.12))]]
    return [ring, mouth, *eyes]


@teaching("parallel lines")
def _parallel(d):
    count, lean, gap = int(d(2, 5.99)), d(-0.1, 0.3), d(0.16, 0.4)
    lines = [
        [(i * gap + lean + d(-0.03, 0.03), d(0, 0.1)), (i * gap + d(-0.03, 0.03), d(0.9, 1))]
        for i in range(count)
    ]
    return _turned(lines, 90 if d.often(0.4) else 0)


@teaching("dash")
def _dash(d):
    return [[(0.0, 0.5), (0.5, 0.5 + d(-0.03, 0.03)), (1.0, 0.5 + d(-0.12, 0.12))]]


@teaching("dot")
def _dot(d):
    return [[(0.5, 0.5)]]


@teaching("round scribble")
def _scribble(d):
    count, x, y, points = int(d(18, 45)), 0.5, 0.5, []
    a, turn, r = d(0, 6.3), d(0.5, 1.1) * (1 if d.often(0.5) else -1), d(0.12, 0.3)
    for _ in range(count):
        a += turn + d(-0.7, 0.7)
        x, y = x + r * math.cos(a) + d(-0.03, 0.05), y + r * math.sin(a) + d(-0.03, 0.03)
        points.append((x, y))
    return [points]


@teaching("hatching")
def _hatching(d):
    count = int(d(7, 13))
    line = [corner(i / count + d(-0.02, 0.02), (i % 2) * d(0.75, 1.0) + d(-0.05, 0.1)) for i in range(count)]
    return _turned([line], d(-60, 60))


@teaching("two digits")
def _two_digits(d):
    return _row(d, 2)


@teaching("question mark")
def _question(d):
    hook = [(d(0.15, 0.28), 0.22), (0.3, 0.03), (0.55, 0.0), (0.75, 0.18), (0.6, 0.38), (0.48, 0.52)]
    hook.append((0.48, d(0.62, 0.72)))
    return [hook, [(0.48, d(0.88, 0.95)), (0.49, 0.98)]]


@teaching("at")
def _at(d):
    inner = arc(0.5, 0.5, 0.17, 0.2, -30, -360)
    return [
        inner + [(0.68, 0.65), (0.85, 0.68), (0.97, 0.45)] + arc(0.5, 0.5, 0.47, 0.5, -20, -315 + d(-20, 20))
    ]


@teaching("percent")
def _percent(d):
    r = d(0.13, 0.19)
    return [arc(0.22, 0.22, r, r, -90, -450), [(0.85, 0.0), (0.15, 1.0)], arc(0.8, 0.8, r, r, -90, -450)]


@teaching("cursive")
def _cursive(d):
    """Loops in a row, like a word."""
    count, h, line = int(d(3, 6)), d(0.3, 0.6), [(0.0, 0.6)]
    for i in range(count):
        x, top = i * 0.3, h * d(0.6, 1.1)
        line += [
            (x + 0.2, 0.6 - top * 0.6),
            (x + 0.14, 0.6 - top),
            (x + 0.06, 0.6 - top * 0.5),
            (x + 0.22, 0.62),
        ]
    return [line]


@teaching("cube")
def _cube(d):
    s = d(0.25, 0.35)
    front, back = [(0, s), (0, 1), (1 - s, 1), (1 - s, s)], [(s, 0), (s, 1 - s), (1, 1 - s), (1, 0)]
    return [_polygon(front), _polygon(back), *[[a, b] for a, b in zip(front, back, strict=True)]]


# --- shapes that measure ------------------------------------------------------------------------------------


@measuring("arrow")
def _arrow(d):
    w = d(0.16, 0.28)
    head = [(1 - w * d(0.9, 1.3), 0.5 - w), corner(1.0, 0.5), (1 - w * d(0.9, 1.3), 0.5 + w)]
    return _turned([[(0.0, 0.5), (1.0, 0.5)], head], d(-60, 60) + (180 if d.often(0.5) else 0))


@measuring("check mark")
def _check(d):
    x = d(0.3, 0.42)
    return [[(d(0.0, 0.1), d(0.5, 0.65)), corner(x, d(0.92, 1.0)), (1.0, d(0.0, 0.15))]]


@measuring("house")
def _house(d):
    y = d(0.35, 0.45)
    walls = _polygon([(0.1, y), (0.1, 1.0), (0.9, 1.0), (0.9, y)])
    roof = [(d(-0.05, 0.1), y), corner(0.5, 0.0), (d(0.9, 1.05), y)]
    door = [(0.42, 1.0), corner(0.42, 0.7), corner(0.6, 0.7), (0.6, 1.0)]
    return [walls, roof, door] if d.often(0.6) else [walls, roof]


@measuring("wave")
def _wave(d):
    h, periods = d(0.1, 0.3), d(1.8, 3.2)
    line = [(i / 20, 0.5 + h * math.sin(2 * math.pi * periods * i / 20)) for i in range(21)]
    return _turned([line], d(-20, 20))


@measuring("dots")
def _dots(d):
    dots = []
    for i in range(int(d(3, 7))):
        x, y = 0.25 * (i % 3) + d(0, 0.12), 0.4 * (i // 3) + d(0, 0.15)
        dots.append([(x, y), (x + 0.02, y + 0.01)])
    return dots


@measuring("hash")
def _hash(d):
    a, b = d(0.3, 0.4), d(0.6, 0.7)
    upright = [[(x + d(0.0, 0.12), 0.0), (x - d(0.0, 0.1), 1.0)] for x in (a, b)]
    return upright + [[(0.0, y), (1.0, y + d(-0.05, 0.03))] for y in (a, b)]


@measuring("equals")
def _equals(d):
    gap = d(0.25, 0.45)
    return [
        [(0.0, 0.3), (1.0, 0.3 + d(-0.05, 0.05))],
        [(d(-0.05, 0.08), 0.3 + gap), (d(0.9, 1.05), 0.3 + gap)],
    ]


@measuring("divided by")
def _divided(d):
    return [[(0.5, 0.2), (0.51, 0.22)], [(0.0, 0.5), (1.0, d(0.47, 0.53))], [(0.5, 0.8), (0.51, 0.82)]]


@measuring("straight scribble")
def _strokes_across(d):
    return [[corner(d(0, 1), d(0, 1)) for _ in range(int(d(9, 22)))]]


@measuring("grid")
def _grid(d):
    n = int(d(3, 5.99))
    places = [i / (n - 1) for i in range(n)]
    return [[(x, 0.0), (x, 1.0)] for x in places] + [[(0.0, y), (1.0, y)] for y in places]


@measuring("three digits")
def _three_digits(d):
    return _row(d, 3)


@measuring("struck-out digit")
def _struck_out(d):
    """A digit under a cross or under lines to and fro."""
    paths = choose(int(d(0, 10)), d.rng).shape(d)
    if d.often(0.5):
        return paths + [[(0.0, 0.05), (1.0, 0.95)], [(1.0, 0.05), (0.0, 0.95)]]
    return paths + [
        [corner(-0.05 + 1.1 * (i % 2), 0.1 + 0.1 * i + d(-0.03, 0.03)) for i in range(int(d(6, 10)))]
    ]


@measuring("flower")
def _flower(d):
    petals, r = int(d(5, 7)), d(0.15, 0.2)
    rings = []
    for i in range(petals):
        a = 2 * math.pi * i / petals
        rings.append(arc(0.5 + 0.33 * math.cos(a), 0.5 + 0.33 * math.sin(a), r, r, 0, 360))
    return [arc(0.5, 0.5, 0.15, 0.15, 0, 370), *rings]


@measuring("asterisk")
def _asterisk(d):
    """Three or four lines through one middle."""
    count, start = int(d(3, 4.99)), d(0, 60)
    return [
        line for i in range(count) for line in _turned([[(0.0, 0.5), (1.0, 0.5)]], start + 180 * i / count)
    ]


@measuring("stairs")
def _stairs(d):
    steps = int(d(4, 7))
    line = [(0.0, 1.0)]
    for i in range(steps):
        line += [corner(i / steps, 1 - (i + 1) / steps), corner((i + 1) / steps, 1 - (i + 1) / steps)]
    return [[(1 - p[0], *p[1:]) for p in line]] if d.often(0.5) else [line]


def _row(d: Dice, count: int) -> list[Waypoints]:
    """Digits side by side, such as 12 or 470."""
    paths, left = [], 0.0
    for _ in range(count):
        digit = choose(int(d(0, 10)), d.rng).shape(d)
        xs = [point[0] for path in digit for point in path]
        shift, sink = left - min(xs), d(-0.08, 0.08)
        paths += [[(point[0] + shift, point[1] + sink, *point[2:]) for point in path] for path in digit]
        left += max(xs) - min(xs) + d(0.12, 0.35)
    middle = left / 2 - 0.5  # about 0.5, where the hand turns and leans
    return [[(point[0] - middle, *point[1:]) for point in path] for path in paths]
