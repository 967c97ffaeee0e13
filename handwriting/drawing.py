"""Draw digits, many at a time: allograph -> pen -> board -> the network's own preprocessing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Collection
from functools import partial

import numpy as np
from tqdm import tqdm

import board
import model

from . import operators, pen
from .allographs import ALLOGRAPHS, Allograph, Dice

CHUNK = 250  # drawings that share one random stream, whoever makes them: the result does not depend on the workers
PATIENT = 40  # chunks, some 20 seconds: below that nobody is shown a progress bar
BLEND, BLENDED = (
    "blend",
    0.25,
)  # its name as an operator; share of drawings that lie between two ways of writing
COARSE = 0.05  # share of drawings that come as small pictures of black and white pixels
REDUCED = (
    0.25  # share of big drawings that pass through MNIXEL's 28x28, the resolution at which its archive comes
)
BIG = (
    8 * model.BOX
)  # board units; half the side still leaves 4 pixels for each pixel of the result, which is enough


def choose(digit: int, rng: np.random.Generator) -> Allograph:
    """One of a digit's allographs, by the square roots of their weights: the rare ones are where strangers are misread."""
    ways = ALLOGRAPHS[digit]
    weights = np.sqrt([way.weight for way in ways])
    return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]


def draw_allograph(
    allograph: Allograph, rng: np.random.Generator, without: Collection[str] = ()
) -> list[board.Stroke]:
    """One drawing in a given way of writing, by a random hand, anywhere on the board."""
    hand = pen.any_hand(rng)
    lines = pen.trace(allograph.shape(Dice(rng)), hand, rng)
    if rng.random() < BLENDED and BLEND not in without:
        other = choose(allograph.digit, rng)
        lines = operators.blended(lines, pen.trace(other.shape(Dice(rng)), hand, rng), rng)
    return pen.place(pen.write(operators.vary(lines, allograph.digit, rng, without), hand, rng), rng)


def draw(digit: int, rng: np.random.Generator, without: Collection[str] = ()) -> list[board.Stroke]:
    """Strokes of a digit 0..9 as somebody might write it: way of writing, hand, size, brush and place are random.

    `without` names operators that are left out.
    """
    return draw_allograph(choose(digit, rng), rng, without)


def _extent(strokes: list[board.Stroke]) -> float:
    """The longer side of the ink, board units."""
    return float(
        np.ptp(np.concatenate([stroke.points for stroke in strokes]), axis=0).max() + 2 * strokes[0].radius
    )


def to_input(strokes: list[board.Stroke], rng: np.random.Generator) -> np.ndarray:
    """What the network is given for a drawing: float32 (28, 28). Some of the big ones pass through MNIXEL's reduction."""
    big = _extent(strokes) >= BIG
    if big and rng.random() < REDUCED:
        try:
            return model.normalise(model.to_ink(board.reduce(board.render(strokes)) / 255))
        except model.EmptyDrawing:
            pass  # thick ink all round the frame of 28x28 pixels is taken for a background; the whole board is read well
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


def drawings(
    count: int, seed: int, workers: int | None = None, without: Collection[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn digits as the network is given them.

    Returns uint8 images (count, 28, 28), 255 for the network's 1, and int64 labels (count,), the digits as even as `count`
    allows, shuffled. The same `count` and `seed` give the same drawings for any number of `workers` (default: one a core).
    `without` names operators that are left out.
    """
    labels = np.arange(count) % 10
    np.random.default_rng([seed, 0]).shuffle(labels)
    work = partial(_chunk_of_digits, tuple(without))
    return in_chunks(work, labels, [seed, 0], workers), labels.astype(np.int64)


def _chunk_of_digits(without: tuple[str, ...], labels: np.ndarray, entropy: list[int]) -> np.ndarray:
    rng = np.random.default_rng(entropy)
    return as_levels([to_input(draw(int(digit), rng, without), rng) for digit in labels])


def as_levels(images: list[np.ndarray]) -> np.ndarray:
    """Float images in 0..1 as one uint8 array: a quarter of the memory, and as fine as a board's own levels."""
    return np.rint(255 * np.stack(images)).astype(np.uint8)


def in_chunks(
    work: Callable[[np.ndarray, list[int]], np.ndarray],
    labels: np.ndarray,
    entropy: list[int],
    workers: int | None,
) -> np.ndarray:
    """`work` done on labels by a pool of processes, CHUNK labels and one random stream at a time, joined in order."""
    parts = [labels[i : i + CHUNK] for i in range(0, len(labels), CHUNK)]
    jobs = [(part, [*entropy, 1 + number]) for number, part in enumerate(parts)]
    if not jobs:
        return np.zeros((0, model.INPUT, model.INPUT), np.uint8)
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if min(workers, len(jobs)) <= 1:
        return np.concatenate([work(*job) for job in jobs])
    # The work is numpy and Pillow only, no torch, so a forked process can do it at once; elsewhere than on Linux forking is
    # not safe, and a script that calls this there needs the usual `if __name__ == "__main__"`.
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
