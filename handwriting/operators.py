"""Operators: random changes to any allograph, to draw forms that nobody wrote down.

Each operator changes the lines of one drawing in the unit square: float arrays (n, 2) of points `FINE` apart,
with x to the right and y down. An operator must not turn a digit into another one, so the changes are small,
and each operator lists its digits.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import curves
from .curves import FINE

Lines = list[np.ndarray]


class Operator(NamedTuple):
    """A change to `share` of the drawings of `digits`. With a single digit, it never changes non-digits."""

    share: float
    change: Callable[[Lines, np.random.Generator], Lines]
    digits: tuple[int, ...]


OPERATORS: dict[str, Operator] = {}
ALL = tuple(range(10))
# A habit shows in this share of a hand's drawings.
KEPT = 0.85


def operator(share: float, digits: tuple[int, ...] = ALL) -> Callable[[Callable], Callable]:
    """Register the decorated function as an operator."""

    def register(change: Callable) -> Callable:
        OPERATORS[change.__name__] = Operator(share, change, digits)
        return change

    return register


def vary(lines: Lines, digit: int | None, own: np.random.Generator, rng: np.random.Generator) -> Lines:
    """The lines of one drawing after a throw for each operator; `digit` is None for a non-digit.

    `own` has the hand's random numbers for this digit. They make some operators habits of this hand, which
    show in nearly all its drawings, and always alike. Over all hands, each operator changes its share.
    """
    for op in OPERATORS.values():
        meant = digit in op.digits if digit is not None else len(op.digits) > 1
        habit, seed = own.random() < op.share, own.integers(2**32)
        chance = KEPT if habit else op.share * (1 - KEPT) / (1 - op.share)
        if meant and rng.random() < chance:
            lines = op.change(lines, np.random.default_rng(seed) if habit else rng)
    return lines


def blended(lines: Lines, others: Lines, share: float) -> Lines:
    """A drawing `share` of the way from one to another, or the first if their strokes differ too much."""
    if len(lines) != len(others):
        return lines
    mixed = []
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
    """A line of evenly spaced points, resampled to `count` points."""
    at, have = np.linspace(0, len(line) - 1, count), np.arange(len(line))
    return np.stack([np.interp(at, have, line[:, 0]), np.interp(at, have, line[:, 1])], axis=1)


# --- the whole drawing ---


@operator(0.25)
def squared(lines: Lines, rng: np.random.Generator) -> Lines:
    """All points move towards the edges of the box, or towards its middle."""
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


# --- parts of strokes ---


@operator(0.15)
def blunted(lines: Lines, rng: np.random.Generator) -> Lines:
    """Sharp turns become bends."""
    return [curves.rounded(line, rng.uniform(2.5, 5.0)) for line in lines]


@operator(0.4, digits=(7,))
def barred(lines: Lines, rng: np.random.Generator) -> Lines:
    """A bar through the stem, at any height between head and foot."""
    stem = lines[_longest(lines)]
    at = stem[int(len(stem) * rng.uniform(0.45, 0.78))]
    return [*lines, _across(at, rng.normal(-0.08, 0.22), rng.uniform(0.07, 0.3), rng.uniform(0.07, 0.3))]


@operator(0.22, digits=(0,))
def slashed(lines: Lines, rng: np.random.Generator) -> Lines:
    """A slash through the ring, which may leave it at both ends."""
    low, high = _box(lines)
    middle = (low + high) / 2 + rng.normal(0, 0.04, 2)
    angle = np.radians(rng.uniform(-10, 85)) * (1 if rng.random() < 0.75 else -1)
    half = 0.5 * np.hypot(*((high - low) * [np.cos(angle), np.sin(angle)])) * rng.uniform(0.7, 2.6)
    return [*lines, _across(middle, -angle, half * rng.uniform(0.8, 1.1), half * rng.uniform(0.8, 1.1))]


@operator(0.18, digits=(1,))
def footed(lines: Lines, rng: np.random.Generator) -> Lines:
    """A bar under the stem."""
    stem = lines[_longest(lines)]
    at = stem[np.argmax(stem[:, 1])] + rng.normal(0, 0.02, 2)
    return [*lines, _across(at, rng.normal(0, 0.1), rng.uniform(0.06, 0.3), rng.uniform(0.06, 0.3))]


def _across(at: np.ndarray, angle: float, left: float, right: float) -> np.ndarray:
    """A straight line through `at` that reaches `left` and `right` of it; `angle` is clockwise from level."""
    way = np.array([np.cos(angle), np.sin(angle)])
    return curves.even(np.array([at - left * way, at + right * way]), FINE)


# --- ends ---


# Not for a 2, which would be a 7 without its foot.
@operator(0.2, digits=(0, 1, 3, 4, 5, 6, 7, 8, 9))
def cut_short(lines: Lines, rng: np.random.Generator) -> Lines:
    """A stroke begins late or ends early, so that bowls stay open and bars stop short."""
    return _at_an_end(lines, rng, lambda line: line[: len(line) - int(len(line) * rng.uniform(0.03, 0.14))])


@operator(0.2, digits=(0, 2, 3, 4, 5, 6, 7, 8, 9))
def overshot(lines: Lines, rng: np.random.Generator) -> Lines:
    """A stroke runs on with the same bend, so that bowls close beyond their beginning."""

    def change(line: np.ndarray) -> np.ndarray:
        bend = np.mean(curves.turns(line)[-10:-1]) * rng.uniform(0.4, 1.2)
        return _run_on(line, rng.uniform(0.04, 0.24), 0.0, float(np.clip(bend, -0.35, 0.35)))

    return _at_an_end(lines, rng, change)


@operator(0.3)
def tail(lines: Lines, rng: np.random.Generator) -> Lines:
    """An end runs on, straight or bent: an entry or exit stroke."""

    def change(line: np.ndarray) -> np.ndarray:
        size = rng.uniform(0.04, 0.26)
        return _run_on(line, size, rng.normal(0, 0.3), rng.normal(0, 0.06))

    return _at_an_end(lines, rng, change)


# Not for a 1, which may be a 7 with a hook.
@operator(0.25, digits=(0, 2, 3, 4, 5, 6, 7, 8, 9))
def hook(lines: Lines, rng: np.random.Generator) -> Lines:
    """An end turns sharply: a barb, a serif, the start of the way to the next digit."""

    def change(line: np.ndarray) -> np.ndarray:
        turn = rng.uniform(0.7, 2.9) * (1 if rng.random() < 0.5 else -1)
        return _run_on(line, rng.uniform(0.03, 0.18), turn, rng.normal(0, 0.08))

    return _at_an_end(lines, rng, change)


@operator(0.015)
def specked(lines: Lines, rng: np.random.Generator) -> Lines:
    """The pen touches the paper beside the drawing."""
    low, high = _box(lines)
    place = low - 0.1 + rng.random(2) * (high - low + 0.2)
    return [*lines, place + np.array([[0.0, 0.0], rng.normal(0, 0.02, 2)])]


# --- what they share ---


def _box(lines: Lines) -> tuple[np.ndarray, np.ndarray]:
    every = np.concatenate(lines)
    return every.min(axis=0), every.max(axis=0)


def _longest(lines: Lines) -> int:
    return max(range(len(lines)), key=lambda number: len(lines[number]))


def _at_an_end(lines: Lines, rng: np.random.Generator, change: Callable[[np.ndarray], np.ndarray]) -> Lines:
    """Change the end of one line, or in half of the cases its beginning."""
    number, backwards = int(rng.integers(len(lines))), rng.random() < 0.5
    line = lines[number]
    if len(line) < 12:
        return lines
    changed = change(line[::-1])[::-1] if backwards else change(line)
    return [*lines[:number], changed, *lines[number + 1 :]]


def _run_on(line: np.ndarray, size: float, turn: float, bend: float) -> np.ndarray:
    """The line, extended by `size` after a turn of `turn` radians, with a bend of `bend` radians a point."""
    x, y = line[-1] - line[-5:][0]
    headings = np.arctan2(y, x) + turn + bend * np.arange(1, max(2, int(size / FINE)) + 1)
    steps = FINE * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return np.concatenate([line, line[-1] + np.cumsum(steps, axis=0)])
