"""Draw digits, many at a time: allograph -> pen -> board -> the network's own preprocessing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from tqdm import tqdm

import board
import model

from . import curves, operators, pen
from .allographs import ALLOGRAPHS, Allograph, Dice

# Drawings that share one random stream, so that the result does not depend on the number of workers.
CHUNK = 250
# Chunks, some 20 seconds: below that nobody is shown a progress bar.
PATIENT = 40
# Share of drawings that lie between two allographs.
BLENDED = 0.25
# Share of drawings that come as small pictures of black and white pixels.
COARSE = 0.05
# Share of big drawings that pass through MNIXEL's 28x28, the resolution of its archive.
REDUCED = 0.25
# Board units. Half the side still leaves 4 pixels for each pixel of the result, which is enough.
BIG = 8 * model.BOX


def choose(digit: int, rng: np.random.Generator) -> Allograph:
    """One of a digit's allographs, by the square roots of their weights: strangers use rare ones."""
    ways = ALLOGRAPHS[digit]
    weights = np.sqrt([way.weight for way in ways])
    return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]


def draw_allograph(
    allograph: Allograph, rng: np.random.Generator, varied: bool = True
) -> list[board.Stroke]:
    """One drawing of an allograph by a random hand, anywhere on the board.

    Without `varied` it is not blended with another allograph, and no operator changes it.
    """
    hand = pen.any_hand(rng)
    lines = pen.trace(allograph.shape(Dice(rng)), hand, rng)
    if rng.random() < BLENDED and varied:
        other = choose(allograph.digit, rng)
        lines = operators.blended(lines, pen.trace(other.shape(Dice(rng)), hand, rng), rng)
    if varied:
        lines = operators.vary(lines, allograph.digit, rng)
    return pen.place(pen.write(lines, hand, rng), rng)


def draw(digit: int, rng: np.random.Generator) -> list[board.Stroke]:
    """Strokes of a digit 0..9 as somebody might write it, by a random hand with a random brush."""
    return draw_allograph(choose(digit, rng), rng)


def _extent(strokes: list[board.Stroke]) -> float:
    """The longer side of the ink, board units."""
    return float(
        np.ptp(np.concatenate([stroke.points for stroke in strokes]), axis=0).max() + 2 * strokes[0].radius
    )


def to_input(strokes: list[board.Stroke], rng: np.random.Generator) -> np.ndarray:
    """What the network is given for a drawing: float32 (28, 28).

    Some of the big ones pass through MNIXEL's reduction.
    """
    big = _extent(strokes) >= BIG
    if big and rng.random() < REDUCED:
        try:
            return model.normalise(model.to_ink(board.reduce(board.render(strokes)) / 255))
        except model.EmptyDrawing:
            # Thick ink all round the frame of 28x28 is taken for a background; the whole board is read well.
            pass
    if rng.random() < COARSE:
        coarse = board.render(strokes, int(board.SIZE * rng.uniform(20, 44) / _extent(strokes)))
        return model.normalise(
            model.to_ink(np.where(np.pad(coarse, 4) > coarse.max() // 2, np.uint8(255), np.uint8(0)))
        )
    # A big drawing looks the same from a board of half the side, and takes half the time there.
    drawn = board.render(strokes, board.SIZE // 2 if big else board.SIZE)
    return model.normalise(model.to_ink(_trimmed(drawn)))


def _trimmed(drawn: np.ndarray) -> np.ndarray:
    """A board without most of its empty ground, which changes no result and saves most of the time."""
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not rows.size:
        return drawn
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    # No less than the frame that `to_ink` looks at.
    around = min(bottom - top, right - left) // 14 + model.MIN_SIDE
    height, width = drawn.shape
    if min(top, left, height - bottom, width - right) < min(height, width) // 16:
        # With ink in the frame, all of it counts.
        return drawn
    return drawn[max(top - around, 0) : bottom + around, max(left - around, 0) : right + around]


def drawings(count: int, seed: int, workers: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn digits as the network is given them.

    Returns uint8 images (count, 28, 28), 255 for the network's 1, and int64 labels (count,), the digits as
    even as `count` allows, shuffled. The same `count` and `seed` give the same drawings for any number of
    `workers` (default: one a core).
    """
    labels = np.arange(count) % 10
    np.random.default_rng([seed, 0]).shuffle(labels)
    return in_chunks(_chunk_of_digits, labels, [seed, 0], workers), labels.astype(np.int64)


def _chunk_of_digits(labels: np.ndarray, entropy: list[int]) -> np.ndarray:
    rng = np.random.default_rng(entropy)
    return as_levels([to_input(draw(int(digit), rng), rng) for digit in labels])


def redraw(strokes: Sequence[board.Stroke], digit: int, rng: np.random.Generator) -> list[board.Stroke]:
    """Somebody's drawing of a digit as another hand would draw it, with another size, brush and place."""
    points = np.concatenate([stroke.points for stroke in strokes])
    low, side = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1.0)
    lines = [(stroke.points - low) / side for stroke in strokes]
    lines = [curves.even(line, curves.FINE) if curves.length(line) else line[:1] for line in lines]
    hand = pen.any_hand(rng)
    return pen.place(pen.write(operators.vary(lines, digit, rng), hand, rng), rng)


def redrawings(
    strokes: Sequence[Sequence[board.Stroke]],
    labels: np.ndarray,
    copies: int,
    seed: int,
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Each of the drawings (N lists of strokes with labels (N,)) `copies` times: as it is, then redrawn.

    Returns images and labels as `drawings` does, each drawing's copies one after the other.
    """
    work = partial(_chunk_of_redrawings, strokes, labels, copies)
    images = in_chunks(work, np.arange(len(strokes) * copies), [seed, 7], workers)
    return images, np.repeat(labels, copies).astype(np.int64)


def _chunk_of_redrawings(
    strokes: Sequence[Sequence[board.Stroke]],
    labels: np.ndarray,
    copies: int,
    numbers: np.ndarray,
    entropy: list[int],
) -> np.ndarray:
    rng = np.random.default_rng(entropy)
    made = []
    for drawing, copy in zip(*divmod(numbers, copies), strict=True):
        mine = strokes[drawing]
        made.append(to_input(redraw(mine, int(labels[drawing]), rng) if copy else list(mine), rng))
    return as_levels(made)


def as_levels(images: list[np.ndarray]) -> np.ndarray:
    """Float images in 0..1 as one uint8 array: a quarter of the memory, as fine as a board's levels."""
    return np.rint(255 * np.stack(images)).astype(np.uint8)


def in_chunks(
    work: Callable[[np.ndarray, list[int]], np.ndarray],
    labels: np.ndarray,
    entropy: list[int],
    workers: int | None,
) -> np.ndarray:
    """`work` done on labels by a pool of processes, CHUNK labels and one random stream at a time."""
    parts = [labels[i : i + CHUNK] for i in range(0, len(labels), CHUNK)]
    jobs = [(part, [*entropy, 1 + number]) for number, part in enumerate(parts)]
    if not jobs:
        return np.zeros((0, model.INPUT, model.INPUT), np.uint8)
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if min(workers, len(jobs)) <= 1:
        return np.concatenate([work(*job) for job in jobs])
    # The work is numpy and Pillow only, no torch, so a forked process can do it at once; elsewhere than on
    # Linux forking is not safe, and a script that calls this there needs the usual `if __name__ ==
    # "__main__"`.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    # Ctrl-C reaches the whole group of processes; the parent alone answers it.
    with context.Pool(min(workers, len(jobs)), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        made = pool.imap(partial(_unpacked, work), jobs)
        return np.concatenate(
            [*tqdm(made, "drawing", len(jobs), unit="part", leave=False, disable=len(jobs) < PATIENT)]
        )


def _unpacked(
    work: Callable[[np.ndarray, list[int]], np.ndarray], job: tuple[np.ndarray, list[int]]
) -> np.ndarray:
    return work(*job)
