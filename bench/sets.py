"""Test sets: other people's digits drawn on boards, and what is counted over writers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import board
from bench import unipen
from bench.pendigits import NATURAL, on_board, read

# Seed of the sizes, places and brushes. Each set has its own stream, so no figure depends on another set.
SEED = 7


class Set(NamedTuple):
    """Pictures for a classifier, their labels (N,), and their writers (N,) where those are known."""

    pictures: list[np.ndarray]
    labels: np.ndarray
    writers: np.ndarray | None = None


def pendigits(folder: Path) -> Set:
    """All of pendigits on boards."""
    digits, labels = read(folder)
    rng = np.random.default_rng(SEED)
    return Set([board.render(on_board(digit, NATURAL, rng)) for digit in digits], labels)


def collections(root: Path, looked_at: bool) -> Iterator[Set]:
    """UNIPEN's collections whose mistakes were looked at, or the others, on boards.

    They come one at a time, because most machines cannot hold all of them in memory.
    """
    for name in unipen.collections(root):
        if (name in unipen.LOOKED_AT) == looked_at:
            digits, _ = unipen.read(root, name)
            rng = np.random.default_rng([SEED, *name.encode()])
            pictures = [board.render(on_board(digit.strokes, NATURAL, rng)) for digit in digits]
            labels = np.array([digit.label for digit in digits], dtype=int)
            yield Set(pictures, labels, np.array([digit.writer for digit in digits]))


def worst_writers(
    right: np.ndarray, writers: np.ndarray, share: float = 0.1, least: int = 5
) -> dict[str, int]:
    """Count the `share` of writers that is read worst, and their digits, read right and in total.

    `right` (N,) is boolean, `writers` (N,) names. Writers of fewer than `least` digits are left out, because
    a single mistake would decide.
    """
    by = [right[writers == writer] for writer in np.unique(writers)]
    by = sorted((each for each in by if len(each) >= least), key=lambda each: each.mean())
    worst = by[: max(1, round(share * len(by)))]
    return {
        "writers": len(worst), "right": sum(int(each.sum()) for each in worst), "total": sum(map(len, worst))
    }  # fmt: skip
