"""Test sets: other people's digits on boards, and harder variants of them.

Each set has its own random stream, so that its figure does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import board
from bench import freehand, unipen

SEED = 7  # of the sizes, places and brushes of other people's digits
ROBUST = 1500  # digits in each robustness row


class Set(NamedTuple):
    """Pictures for a reader, their labels (N,), and their writers (N,) where those are known."""

    pictures: list[np.ndarray]
    labels: np.ndarray
    writers: np.ndarray | None = None


def pendigits(folder: Path, sizes: freehand.Sizes) -> Set:
    """All of pendigits on boards."""
    digits, labels = freehand.read(folder)
    rng = np.random.default_rng(SEED)
    return Set([board.render(freehand.on_board(digit, sizes, rng)) for digit in digits], labels)


def collections(root: Path, sizes: freehand.Sizes, names: list[str]) -> Iterator[tuple[str, Set]]:
    """Collections of UNIPEN on boards, one at a time, because all of them fill the memory of most machines."""
    for name in names:
        digits, _ = unipen.read(root, name)
        rng = np.random.default_rng([SEED, *name.encode()])
        pictures = [board.render(freehand.on_board(digit.strokes, sizes, rng)) for digit in digits]
        yield (
            name,
            Set(
                pictures, np.array([d.label for d in digits], dtype=int), np.array([d.writer for d in digits])
            ),
        )


def worst_writers(
    right: np.ndarray, writers: np.ndarray, share: float = 0.1, least: int = 5
) -> tuple[float, int]:
    """Accuracy over the digits of the `share` of writers who are read worst, and how many writers those are.

    `right` and `writers` are (N,); writers of fewer than `least` digits are left out, because one mistake would decide.
    """
    by = [right[writers == writer] for writer in np.unique(writers)]
    by = sorted((each for each in by if len(each) >= least), key=lambda each: each.mean())
    if not by:
        return float("nan"), 0
    worst = by[: max(1, round(share * len(by)))]
    return float(np.concatenate(worst).mean()), len(worst)


# --- robustness -------------------------------------------------------------------------------------------------------


def turned(digit: list[np.ndarray], degrees: float) -> list[np.ndarray]:
    """Strokes turned about the origin."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [stroke @ turn.T for stroke in digit]


def photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board as dark ink on paper under uneven light with grain: uint8 (448, 448)."""
    y, x = np.mgrid[0 : board.SIZE, 0 : board.SIZE] / board.SIZE - 0.5
    light = 0.65 + 0.3 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))
    paper = 255 * light * (1 - rng.uniform(0.55, 0.8) * picture / 255.0) + rng.normal(0, 6, picture.shape)
    return paper.clip(0, 255).astype(np.uint8)


def robustness(folder: Path) -> Iterator[tuple[str, Set]]:
    """The same 1,500 digits of pendigits, a row for each change that makes them harder."""
    digits, labels = freehand.read(folder)
    chosen = np.random.default_rng(3).choice(len(digits), ROBUST, replace=False)
    yield from made_hard([digits[i] for i in chosen], labels[chosen])


def made_hard(digits: list[list[np.ndarray]], labels: np.ndarray) -> Iterator[tuple[str, Set]]:
    """Digits (strokes of points) on boards and as pictures, a row for each change that makes them harder."""
    rng = np.random.default_rng(5)

    def boards(low: float, high: float, thin: float, thick: float, degrees: float = 0) -> list[np.ndarray]:
        sizes = freehand.Sizes((low, high), (thin, thick))
        return [
            board.render(freehand.on_board(turned(digit, rng.uniform(-degrees, degrees)), sizes, rng))
            for digit in digits
        ]

    plain = boards(0.55, 0.65, 13, 17)
    yield "plain: 60 % of the board, brush 15", Set(plain, labels)
    yield "shifted: 25 to 35 % of the board, anywhere", Set(boards(0.25, 0.35, 8, 12), labels)
    yield "scaled: 85 to 95 % of the board", Set(boards(0.85, 0.95, 13, 17), labels)
    yield "turned by up to 20 degrees", Set(boards(0.55, 0.65, 13, 17, 20), labels)
    yield "thinnest brush (5)", Set(boards(0.55, 0.65, 5, 5), labels)
    yield "thickest brush (25)", Set(boards(0.55, 0.65, 25, 25), labels)
    yield "dark on light", Set([255 - picture for picture in plain], labels)
    yield "photographed: shade and grain", Set([photographed(picture, rng) for picture in plain], labels)
