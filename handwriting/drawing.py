"""Draw digits, many at a time: allograph -> pen -> board -> the network's own preprocessing."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable

import numpy as np

import board
import model

from . import pen
from .allographs import ALLOGRAPHS, Allograph, Dice

CHUNK = 250  # drawings that share one random stream, whoever makes them: the result does not depend on the workers
REDUCED = 0.25  # share of big drawings that pass through MNIXEL's 28x28, the resolution at which its archive comes
BIG = 8 * model.BOX  # board units; half the side still leaves 4 pixels for each pixel of the result, which is enough


def choose(digit: int, rng: np.random.Generator) -> Allograph:
    """One of a digit's allographs, by their weights."""
    ways = ALLOGRAPHS[digit]
    weights = np.array([way.weight for way in ways])
    return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]


def draw_allograph(allograph: Allograph, rng: np.random.Generator) -> list[board.Stroke]:
    """One drawing in a given way of writing, by a random hand, anywhere on the board."""
    return pen.place(pen.write(allograph.shape(Dice(rng)), rng), rng)


def draw(digit: int, rng: np.random.Generator) -> list[board.Stroke]:
    """Strokes of a digit 0..9 as somebody might write it: way of writing, hand, size, brush and place are random."""
    return draw_allograph(choose(digit, rng), rng)


def to_input(strokes: list[board.Stroke], rng: np.random.Generator) -> np.ndarray:
    """What the network is given for a drawing: float32 (28, 28). Some of the big ones pass through MNIXEL's reduction."""
    big = max(np.ptp(np.concatenate([stroke.points for stroke in strokes]), axis=0)) + 2 * strokes[0].radius >= BIG
    if big and rng.random() < REDUCED:
        try:
            return model.normalise(model.to_ink(board.reduce(board.render(strokes)) / 255))
        except model.EmptyDrawing:
            pass  # thick ink all round the frame of 28x28 pixels is taken for a background; the whole board is read well
    # A big drawing looks the same from a board of half the side, and takes half the time there.
    drawn = board.render(strokes, board.SIZE // 2 if big else board.SIZE)
    return model.normalise(model.to_ink(model.trimmed(drawn)))


def drawings(count: int, seed: int, workers: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn digits as the network is given them.

    Returns float32 images (count, 28, 28) in 0..1 and int64 labels (count,), the digits as even as `count` allows, shuffled.
    The same `count` and `seed` give the same drawings for any number of `workers` (default: one a core).
    """
    labels = np.arange(count) % 10
    np.random.default_rng([seed, 0]).shuffle(labels)
    return in_chunks(_chunk_of_digits, labels, [seed, 0], workers), labels.astype(np.int64)


def _chunk_of_digits(labels: np.ndarray, entropy: list[int]) -> np.ndarray:
    rng = np.random.default_rng(entropy)
    return np.stack([to_input(draw(int(digit), rng), rng) for digit in labels])


def in_chunks(
    work: Callable[[np.ndarray, list[int]], np.ndarray], labels: np.ndarray, entropy: list[int], workers: int | None
) -> np.ndarray:
    """`work` done on labels by a pool of processes, CHUNK labels and one random stream at a time, joined in order."""
    parts = [labels[i : i + CHUNK] for i in range(0, len(labels), CHUNK)]
    jobs = [(part, [*entropy, 1 + number]) for number, part in enumerate(parts)]
    if not jobs:
        return np.zeros((0, model.INPUT, model.INPUT), np.float32)
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if min(workers, len(jobs)) <= 1:
        return np.concatenate([work(*job) for job in jobs])
    # The work is numpy and Pillow only, no torch, so a forked process can do it at once; elsewhere than on Linux forking is
    # not safe, and a script that calls this there needs the usual `if __name__ == "__main__"`.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with context.Pool(min(workers, len(jobs))) as pool:
        return np.concatenate(pool.starmap(work, jobs, chunksize=1))
