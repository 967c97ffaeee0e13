"""Drawings that are no digits, for teaching and for measuring refusal.

Each kind belongs to one of two groups: `TEACHING` may be trained on, `MEASURING` never, so that what is
measured is refusal of things that were never seen. What could be read as a digit (O, l, S, Z, B, g, q, &,
psi, ...) is in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

import board

from . import doodles, letters, operators, pen, shapes
from .allographs import Dice, Shape
from .drawing import as_levels, in_chunks, to_input

_TEACHING: dict[str, Shape] = letters.TEACHING | shapes.TEACHING | doodles.TEACHING
_MEASURING: dict[str, Shape] = letters.MEASURING | shapes.MEASURING

TEACHING: tuple[str, ...] = tuple(_TEACHING)
MEASURING: tuple[str, ...] = tuple(_MEASURING)
KINDS: tuple[str, ...] = TEACHING + MEASURING


def draw_nondigit(kind: str, rng: np.random.Generator) -> list[board.Stroke]:
    """Strokes of one of `KINDS`, by a random hand, anywhere on the board.

    Raises KeyError for another kind.
    """
    shape = _TEACHING.get(kind) or _MEASURING[kind]
    hand = pen.any_hand(rng)
    lines = operators.vary(pen.trace(shape(Dice(rng)), hand, rng), None, rng)
    return pen.place(pen.write(lines, hand, rng), rng)


def nondigits(
    count: int, seed: int, kinds: Sequence[str] = TEACHING, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawings that are no digits, as the network is given them.

    Returns uint8 images (count, 28, 28), 255 for the network's 1, and int64 indices (count,) into `kinds`, as
    even as `count` allows, shuffled. The same arguments give the same drawings for any number of `workers`
    (default: one a core).
    """
    indices = np.arange(count) % len(kinds)
    np.random.default_rng([seed, 1]).shuffle(indices)
    return in_chunks(partial(_chunk_of_kinds, tuple(kinds)), indices, [seed, 1], workers), indices.astype(
        np.int64
    )


def _chunk_of_kinds(kinds: tuple[str, ...], indices: np.ndarray, entropy: list[int]) -> np.ndarray:
    rng = np.random.default_rng(entropy)
    return as_levels([to_input(draw_nondigit(kinds[i], rng), rng) for i in indices])
