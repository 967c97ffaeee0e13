"""Operators: what hands do to any allograph, so that forms which nobody wrote down are drawn, too.

Each operator changes the lines of one drawing in the unit square (float arrays (n, 2), points `FINE` apart, x
right, y down) in one way: an end runs on or stops short, a corner becomes a loop, a stroke is split, the
whole is squared. `vary` throws for each of them. None may turn a digit into another one: lengths and angles
stay below what people would disagree about, and each operator says which digits it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import curves
from .curves import FINE

Lines = list[np.ndarray]


class Operator(NamedTuple):
    """share: of the drawings that it changes. digits: those it is for; what is for one digit only is not for
    drawings that are no digits."""

    name: str
    share: float
    change: Callable[[Lines, np.random.Generator], Lines]
    digits: tuple[int, ...]


OPERATORS: dict[str, Operator] = {}


ALL = tuple(range(10))


def operator(share: float, digits: tuple[int, ...] = ALL) -> Callable[[Callable], Callable]:
    """Register the decorated function as an operator under its own name."""

    def register(change: Callable) -> Callable:
        name = change.__name__.replace("_", "-")
        OPERATORS[name] = Operator(name, share, change, digits)
        return change

    return register


def vary(lines: Lines, digit: int | None, rng: np.random.Generator) -> Lines:
    """The lines of one drawing, changed by operators at random. `digit` is None for a non-digit drawing."""
    for op in OPERATORS.values():
        meant = digit in op.digits if digit is not None else len(op.digits) > 1
        if meant and rng.random() < op.share:
            lines = op.change(lines, rng)
    return lines


def blended(lines: Lines, others: Lines, rng: np.random.Generator) -> Lines:
    """A drawing between two allographs of a digit where their strokes run alike; otherwise the first one."""
    if len(lines) != len(others):
        return lines
    share, mixed = rng.uniform(0.2, 0.8), []
    for line, other in zip(lines, others, strict=True):
        if min(len(line), len(other)) < 2:
            return lines
        count = max(len(line), len(other))
        a, b, c = (_resampled(each, count) for each in (line, other, other[::-1]))
        gap = min(b, c, key=lambda each: np.square(each - a).sum()) - a
        if np.hypot(gap[:, 0], gap[:, 1]).max() > 0.35:
            return lines
        mixed.append(curves.even(a + share * gap, FINE))
    return mixed


def _resampled(line: np.ndarray, count: int) -> np.ndarray:
    """The line as `count` points; they lie evenly already."""
    at, have = np.linspace(0, len(line) - 1, count), np.arange(len(line))
    return np.stack([np.interp(at, have, line[:, 0]), np.interp(at, have, line[:, 1])], axis=1)


# --- the whole drawing --------------------------------------------------------------------------------------


@operator(0.25)
def squared(lines: Lines, rng: np.random.Generator) -> Lines:
    """Everything is pushed towards the edges of the box, or towards its middle."""
    low, high = _box(lines)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.05)
    power = np.exp(rng.normal(0, 0.16, 2).clip(-0.35, 0.35))
    scaled = [(line - middle) / half for line in lines]
    return [middle + half * np.sign(u) * np.abs(u) ** power for u in scaled]


@operator(0.35)
def swollen(lines: Lines, rng: np.random.Generator) -> Lines:
    """One part is drawn larger or smaller than the rest: a bowl, a loop, a foot."""
    for _ in range(int(rng.integers(1, 3))):
        line = lines[int(rng.integers(len(lines)))]
        centre = line[int(rng.integers(len(line)))] + rng.normal(0, 0.1, 2)
        reach, by = rng.uniform(0.12, 0.3), rng.uniform(-0.35, 0.45)
        lines = [_swell(line, centre, reach, by) for line in lines]
    return lines


def _swell(line: np.ndarray, centre: np.ndarray, reach: float, by: float) -> np.ndarray:
    away = line - centre
    near = np.exp(-0.5 * np.square(away).sum(axis=1, keepdims=True) / reach**2)
    return centre + away * (1 + by * near)


@operator(0.15)
def tilted(lines: Lines, rng: np.random.Generator) -> Lines:
    """Level lines rise or fall, upright ones stay."""
    by = np.clip(rng.normal(0, 0.16), -0.35, 0.35)
    return [line + np.stack([0 * line[:, 0], by * (line[:, 0] - 0.5)], axis=1) for line in lines]


@operator(0.15)
def stretched(lines: Lines, rng: np.random.Generator) -> Lines:
    """Wider or narrower than hands usually write."""
    by = np.exp(np.clip(rng.normal(0, 0.3), -0.5, 0.55))
    return [np.stack([0.5 + by * (line[:, 0] - 0.5), line[:, 1]], axis=1) for line in lines]


@operator(0.12)
def bowed(lines: Lines, rng: np.random.Generator) -> Lines:
    """The upright axis, or the level one, is bent like a bow."""
    by, across = np.clip(rng.normal(0, 0.28), -0.6, 0.6), rng.random() < 0.3
    kept, moved = (0, 1) if across else (1, 0)
    bent = []
    for line in lines:
        line = line.copy()
        line[:, moved] += by * np.square(line[:, kept] - 0.5)
        bent.append(line)
    return bent


@operator(0.12)
def leaning(lines: Lines, rng: np.random.Generator) -> Lines:
    """A slant beyond the usual."""
    by = np.clip(rng.normal(0.15, 0.35), -0.5, 0.8)
    return [line - np.stack([by * (line[:, 1] - 0.5), 0 * line[:, 1]], axis=1) for line in lines]


# --- parts of strokes ---------------------------------------------------------------------------------------


@operator(0.06)
def split(lines: Lines, rng: np.random.Generator) -> Lines:
    """The pen is lifted on the way; it sets down again a little off, early or late."""
    number = _long_line(lines, rng)
    line = lines[number]
    at, gap = int(len(line) * rng.uniform(0.2, 0.8)), int(rng.integers(-3, 4))
    if at < 4 or at + gap > len(line) - 4:
        return lines
    second = line[at + gap :] + rng.normal(0, 0.02, 2)
    return [*lines[:number], line[:at], second, *lines[number + 1 :]]


@operator(0.15, digits=(0, 1, 2, 3, 4, 5, 6, 8, 9))  # a 7 whose foot runs on to its bar is a 2 for many
def joined(lines: Lines, rng: np.random.Generator) -> Lines:
    """The pen stays down on the way to the next stroke."""
    near = [i for i in range(len(lines) - 1) if np.hypot(*(lines[i + 1][0] - lines[i][-1])) < 0.6]
    if not near:
        return lines
    number = near[int(rng.integers(len(near)))]
    a, b = lines[number], lines[number + 1]
    bow = rng.normal(0, 0.08, 2) * np.hypot(*(b[0] - a[-1]))
    way = curves.through(np.array([a[-1], (a[-1] + b[0]) / 2 + bow, b[0]]), [False] * 3)
    line = np.concatenate([a, curves.even(way, FINE)[1:-1], b])
    return [*lines[:number], line, *lines[number + 2 :]]


@operator(0.05)
def doubled(lines: Lines, rng: np.random.Generator) -> Lines:
    """A part of a line is gone over a second time."""
    line = lines[_long_line(lines, rng)]
    start = rng.uniform(0, 0.6)
    part = curves.even(line, FINE, start, min(start + rng.uniform(0.2, 0.5), 1.0))
    return [
        *lines,
        part + rng.normal(0, 0.022, 2) + np.linspace(-1, 1, len(part))[:, None] * rng.normal(0, 0.015, 2),
    ]


@operator(0.12)
def looped(lines: Lines, rng: np.random.Generator) -> Lines:
    """A sharp turn becomes a small loop."""
    number = _long_line(lines, rng)
    line = lines[number]
    turn = _turns(line)
    sharp = np.flatnonzero(np.abs(turn) > 0.9)
    if not len(sharp):
        return lines
    at = int(rng.choice(sharp))
    before, after = line[: at + 1], line[at + 1 :]
    if len(before) < 4 or len(after) < 4:
        return lines
    heading, rest = _heading(before[-4:]), turn[at]
    swing = rest - np.sign(rest) * 2 * np.pi  # the long way round, so that the line crosses itself
    radius = rng.uniform(0.015, 0.06)
    count = max(8, int(abs(swing) * radius / FINE))
    loop = before[-1] + np.cumsum(
        _steps(heading + np.linspace(0, swing, count), abs(swing) * radius / count), axis=0
    )
    return [
        *lines[:number],
        np.concatenate([before, loop, after + (loop[-1] - before[-1]) * 0.5]),
        *lines[number + 1 :],
    ]


@operator(0.15)
def blunted(lines: Lines, rng: np.random.Generator) -> Lines:
    """Sharp turns become bends."""
    return [curves.rounded(line, rng.uniform(2.5, 5.0)) for line in lines]


@operator(0.06)
def angular(lines: Lines, rng: np.random.Generator) -> Lines:
    """Bends become straight pieces."""
    piece = rng.uniform(0.14, 0.3)
    return [
        curves.even(curves.even(line, piece), FINE) if curves.length(line) > 2 * piece else line
        for line in lines
    ]


@operator(0.15, digits=(7,))
def barred(lines: Lines, rng: np.random.Generator) -> Lines:
    """A bar through the stem, at any height between head and foot."""
    stem = lines[_longest(lines)]
    at = stem[int(len(stem) * rng.uniform(0.45, 0.78))]
    return [*lines, _across(at, rng.normal(-0.08, 0.22), rng.uniform(0.07, 0.3), rng.uniform(0.07, 0.3))]


@operator(0.1, digits=(0,))
def slashed(lines: Lines, rng: np.random.Generator) -> Lines:
    """A slash through the ring, which may leave it at both ends."""
    low, high = _box(lines)
    middle = (low + high) / 2 + rng.normal(0, 0.04, 2)
    angle = np.radians(rng.uniform(15, 85)) * (1 if rng.random() < 0.75 else -1)
    half = 0.5 * np.hypot(*((high - low) * [np.cos(angle), np.sin(angle)])) * rng.uniform(0.7, 2.6)
    return [*lines, _across(middle, -angle, half * rng.uniform(0.8, 1.1), half * rng.uniform(0.8, 1.1))]


@operator(0.12, digits=(1,))
def footed(lines: Lines, rng: np.random.Generator) -> Lines:
    """A bar under the stem."""
    stem = lines[_longest(lines)]
    at = stem[np.argmax(stem[:, 1])] + rng.normal(0, 0.02, 2)
    return [*lines, _across(at, rng.normal(0, 0.1), rng.uniform(0.06, 0.3), rng.uniform(0.06, 0.3))]


def _across(at: np.ndarray, angle: float, left: float, right: float) -> np.ndarray:
    """A straight line through `at` that reaches `left` and `right` of it; `angle` is clockwise from level."""
    way = np.array([np.cos(angle), np.sin(angle)])
    return curves.even(np.array([at - left * way, at + right * way]), FINE)


# --- ends ---------------------------------------------------------------------------------------------------


@operator(0.2, digits=(0, 1, 3, 4, 5, 6, 7, 8, 9))  # a 2 without its foot is a 7
def cut_short(lines: Lines, rng: np.random.Generator) -> Lines:
    """A stroke begins late or ends early, so that bowls stay open and bars stop short."""
    return _at_an_end(lines, rng, lambda line: line[: len(line) - int(len(line) * rng.uniform(0.03, 0.14))])


@operator(0.2, digits=(0, 2, 3, 4, 5, 6, 7, 8, 9))
def overshot(lines: Lines, rng: np.random.Generator) -> Lines:
    """A stroke goes on as it was bent, so that bowls close beyond their beginning."""

    def change(line: np.ndarray) -> np.ndarray:
        bend = np.mean(_turns(line)[-10:-1]) * rng.uniform(0.4, 1.2)
        return _run_on(line, rng.uniform(0.04, 0.24), 0.0, float(np.clip(bend, -0.35, 0.35)))

    return _at_an_end(lines, rng, change)


@operator(0.3)
def tail(lines: Lines, rng: np.random.Generator) -> Lines:
    """An end runs on, straight or bent: an entry or exit stroke."""

    def change(line: np.ndarray) -> np.ndarray:
        size = rng.uniform(0.04, 0.26)
        return _run_on(line, size, rng.normal(0, 0.3), rng.normal(0, 0.06))

    return _at_an_end(lines, rng, change)


@operator(0.25, digits=(0, 2, 3, 4, 5, 6, 7, 8, 9))  # a 1 with a hook may be a 7
def hook(lines: Lines, rng: np.random.Generator) -> Lines:
    """An end turns sharply: a barb, a serif, the way to the next digit."""

    def change(line: np.ndarray) -> np.ndarray:
        turn = rng.uniform(0.7, 2.9) * (1 if rng.random() < 0.5 else -1)
        return _run_on(line, rng.uniform(0.03, 0.18), turn, rng.normal(0, 0.08))

    return _at_an_end(lines, rng, change)


@operator(0.06, digits=(0, 2, 3, 4, 5, 6, 7, 8, 9))  # ... and with a ring a 9
def curled(lines: Lines, rng: np.random.Generator) -> Lines:
    """An end curls up into a small ring or a part of one."""

    def change(line: np.ndarray) -> np.ndarray:
        radius = rng.uniform(0.025, 0.07)
        bend = FINE / radius * (1 if rng.random() < 0.5 else -1)
        return _run_on(line, radius * rng.uniform(2, 6.5), 0.0, bend)

    return _at_an_end(lines, rng, change)


@operator(0.015)
def specked(lines: Lines, rng: np.random.Generator) -> Lines:
    """The pen touches the paper beside the drawing."""
    low, high = _box(lines)
    place = low - 0.1 + rng.random(2) * (high - low + 0.2)
    return [*lines, place + np.array([[0.0, 0.0], rng.normal(0, 0.02, 2)])]


# --- what they share ----------------------------------------------------------------------------------------


def _box(lines: Lines) -> tuple[np.ndarray, np.ndarray]:
    every = np.concatenate(lines)
    return every.min(axis=0), every.max(axis=0)


def _long_line(lines: Lines, rng: np.random.Generator) -> int:
    """The number of a line, the longer ones more often."""
    sizes = np.array([len(line) for line in lines], dtype=float)
    return int(rng.choice(len(lines), p=sizes / sizes.sum()))


def _longest(lines: Lines) -> int:
    return max(range(len(lines)), key=lambda number: len(lines[number]))


def _at_an_end(lines: Lines, rng: np.random.Generator, change: Callable[[np.ndarray], np.ndarray]) -> Lines:
    """`change` done to the end of one line, or, half of the time, to its beginning."""
    number, backwards = int(rng.integers(len(lines))), rng.random() < 0.5
    line = lines[number]
    if len(line) < 12:
        return lines
    changed = change(line[::-1])[::-1] if backwards else change(line)
    return [*lines[:number], changed, *lines[number + 1 :]]


def _run_on(line: np.ndarray, size: float, turn: float, bend: float) -> np.ndarray:
    """The line longer by `size`, after a turn of `turn` radians, and bent by `bend` radians a point."""
    count = max(2, int(size / FINE))
    headings = _heading(line[-5:]) + turn + bend * np.arange(1, count + 1)
    return np.concatenate([line, line[-1] + np.cumsum(_steps(headings, FINE), axis=0)])


def _steps(headings: np.ndarray, size: float) -> np.ndarray:
    return size * np.stack([np.cos(headings), np.sin(headings)], axis=1)


def _heading(line: np.ndarray) -> float:
    """The direction in which a short line goes, radians."""
    x, y = line[-1] - line[0]
    return float(np.arctan2(y, x))


def _turns(line: np.ndarray, over: int = 3) -> np.ndarray:
    """How much the line turns at each point (n,), radians, measured over `over` points on either side."""
    turns = np.zeros(len(line))
    if len(line) > 2 * over:
        step = line[over:] - line[:-over]
        angles = np.arctan2(step[:, 1], step[:, 0])
        turns[over:-over] = (angles[over:] - angles[:-over] + np.pi) % (2 * np.pi) - np.pi
    return turns
