"""The hand: waypoints as a particular person draws them on the board.

A hand keeps its slant, proportions, care, size, brush, shapes and habits over many drawings. `Hand.today`
varies them a little for one drawing. No function here knows which digit is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

import board

from . import curves
from .allographs import Shape, Waypoints
from .curves import FINE

Lines = list[np.ndarray]
# Spread of a drawing's throws around the hand's own throws, which are -1..1.
UNSTEADY = 0.3


@dataclass(frozen=True)
class Hand:
    """How one person writes. Lengths are shares of the drawing's height, except `side` and `radius`."""

    seed: int  # seed of the random numbers that stay the same in this hand
    slant: float  # tangent of the lean to the right
    turn: float  # radians, clockwise
    width: float  # factor
    waist: float  # exponent that moves the middle up (> 1) or down
    taper: float  # share by which the top is wider than the foot
    wobble: float  # spread of a waypoint
    warp: float  # spread of a smooth bending of the whole square
    tremor: float  # spread of the line itself
    haste: float  # length along which bends are cut
    ends: float  # length by which strokes begin and end early or late
    drift: float  # spread of the place of each stroke after the first
    side: float  # longer side of a drawing, board units
    radius: float  # radius of the brush, board units

    def own(self, digit: int) -> np.random.Generator:
        """The random numbers for this hand's shape and habits of a digit, the same in each drawing."""
        return np.random.default_rng([self.seed, digit])

    def today(self, rng: np.random.Generator) -> Hand:
        """This hand, varied for one drawing."""
        return replace(
            self,
            slant=self.slant + rng.normal(0, 0.05),
            turn=self.turn + rng.normal(0, 0.03),
            width=self.width * np.exp(rng.normal(0, 0.06)),
            waist=self.waist * np.exp(rng.normal(0, 0.05)),
            taper=self.taper + rng.normal(0, 0.03),
            side=float(np.clip(self.side * np.exp(rng.normal(0, 0.08)), 0.2 * board.SIZE, 0.9 * board.SIZE)),
        )


def any_hand(rng: np.random.Generator) -> Hand:
    """A random hand: mostly orderly, now and then careless."""
    # A careless hand is careless in several ways at once.
    care = np.exp(rng.normal(0, 0.45))
    side, radius = _size_and_brush(rng)
    return Hand(
        seed=int(rng.integers(2**32)),
        slant=float(np.clip(rng.normal(0.08, 0.19), -0.45, 0.65)),
        turn=float(np.clip(rng.normal(0, 0.074), -0.22, 0.22)),
        width=float(np.exp(np.clip(rng.normal(0, 0.17), -0.42, 0.42))),
        waist=float(np.exp(np.clip(rng.normal(0, 0.13), -0.35, 0.35))),
        taper=float(np.clip(rng.normal(0, 0.095), -0.25, 0.25)),
        wobble=min(0.016 * care, 0.04),
        warp=min(0.022 * care, 0.05),
        tremor=min(float(rng.exponential(0.002)), 0.006) * (rng.random() < 0.6),
        haste=float(rng.uniform(0.0, 0.07)) * (rng.random() < 0.85),
        ends=min(0.025 * care, 0.06),
        drift=min(0.014 * care, 0.035),
        side=side,
        radius=radius,
    )


def paths_of(shape: Shape, own: np.random.Generator, rng: np.random.Generator) -> list[Waypoints]:
    """The waypoints of a shape in one drawing. The throws are near the hand's `own`, which never change."""
    throws = own.uniform(-1, 1, shape.throws) + rng.normal(0, UNSTEADY, shape.throws)
    # Throws beyond -1..1 are reflected, so that every place is equally frequent over all hands.
    return shape.paths(np.abs((throws + 3) % 4 - 2) - 1)


def trace(paths: Sequence[Waypoints], hand: Hand, rng: np.random.Generator) -> Lines:
    """Lines (n, 2) close to the waypoints, which the hand misses a little. Their points are `FINE` apart."""
    lines = []
    for number, path in enumerate(paths):
        places = np.array([point[:2] for point in path], dtype=float)
        places += _wobble(places, hand, rng)
        if number:
            places += rng.normal(0, hand.drift, 2)
        line = curves.through(places, [len(point) > 2 for point in path]) if len(places) > 1 else places
        lines.append(curves.even(line, FINE))
    return lines


def write(lines: Lines, hand: Hand, rng: np.random.Generator) -> Lines:
    """The lines with the hand's slant, proportions and tremor, in units of the drawing's height."""
    bend = _bending(hand, rng)
    return [bend(_pulled(line, hand, rng)) for line in lines]


def _wobble(places: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """How far a hand misses each waypoint (n, 2). Close waypoints move less, or bowls would get dents."""
    noise = rng.normal(0, hand.wobble, places.shape)
    if len(places) < 3:
        return noise
    step = np.diff(places, axis=0)
    gap = np.hypot(step[:, 0], step[:, 1])
    nearest = np.minimum(np.concatenate([gap, gap[-1:]]), np.concatenate([gap[:1], gap]))
    return noise * np.clip(nearest / 0.4, 0.18, 1)[:, None]


def _pulled(line: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """A line with the hand's tremor, rounded bends, and ends that come early or late."""
    size = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if size < 4 * FINE:
        return line
    early = np.clip(rng.normal(0, hand.ends, 2) / size, 0, 0.12)
    line = curves.even(line, FINE, early[0], 1 - early[1])
    if len(line) < 4:
        return line
    line = curves.rounded(line, hand.haste / FINE)
    if hand.tremor:
        shake = rng.normal(0, 1, (len(line), 2))
        # Neighbours shake alike.
        shake[1:] += 0.8 * shake[:-1]
        line = line + hand.tremor * shake
    return line


def _bending(hand: Hand, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """A function that leans, widens, turns and smoothly warps points of the unit square."""
    waves = rng.normal(0, 0.8, (3, 2)) * 2 * np.pi
    phases = rng.uniform(0, 2 * np.pi, 3)
    swings = rng.normal(0, hand.warp, (3, 2))
    cos, sin = np.cos(hand.turn), np.sin(hand.turn)

    def bend(line: np.ndarray) -> np.ndarray:
        line = line + np.sin(line @ waves.T + phases) @ swings
        x, y = line[:, 0] - 0.5, line[:, 1]
        inside = np.clip(y, 0, 1)
        y = y - inside + inside**hand.waist - 0.5
        x = x * hand.width * (1 - hand.taper * 2 * y) - hand.slant * y
        return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)

    return bend


def place(lines: Sequence[np.ndarray], hand: Hand, rng: np.random.Generator) -> list[board.Stroke]:
    """Strokes of the hand's size and brush, at a random place with all ink inside the board."""
    every = np.concatenate(lines)
    low, high = every.min(axis=0), every.max(axis=0)
    room = board.SIZE - 2 * hand.radius - 2
    scale = min(hand.side, room) / max(float((high - low).max()), 1e-6)
    free = room - (high - low) * scale
    shift = hand.radius + 1 + rng.random(2) * free
    # A small drawing keeps its bends.
    spacing = min(rng.uniform(8, 14), max(0.06 * hand.side, 4))
    strokes = []
    for line in lines:
        points = (line - low) * scale + shift
        if len(points) > 1:
            points = curves.even(points, spacing)
        strokes.append(board.Stroke(points, hand.radius))
    return strokes


def _size_and_brush(rng: np.random.Generator) -> tuple[float, float]:
    """The longer side of a hand's drawings and the radius of its brush, board units."""
    throw = rng.random()
    if throw < 0.25:
        side = board.SIZE * rng.uniform(0.2, 0.33)
        radius = rng.uniform(5, 12)
    else:
        side = board.SIZE * rng.uniform(0.35, 0.9)
        # Any brush, or one in proportion, as with a pen on paper and in most drawings of MNIXEL.
        radius = rng.uniform(8, 24) if throw < 0.6 else side * np.exp(rng.normal(np.log(0.055), 0.3))
    # A thicker line would close the holes of an 8.
    radius = min(radius, 0.15 * side)
    return float(side), float(np.clip(radius, board.MIN_RADIUS, board.MAX_RADIUS))
