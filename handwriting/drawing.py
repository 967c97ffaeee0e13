"""Draw digits, many at a time: hand -> allograph -> operators -> board -> the network's own preprocessing."""

import contextlib
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

from . import curves, operators
from . import hand as hands
from .allographs import ALLOGRAPHS, Allograph
from .hand import Hand, any_hand

# Drawings that share a random stream. Workers take whole chunks, so their number does not change a drawing.
CHUNK = 250
PATIENT = 20  # seconds before the progress bar appears
# Share of hands whose shape of a digit lies between two shapes of the table.
BLENDED = 0.25
# Share of drawings that become small pictures of black and white pixels.
COARSE = 0.05
# Share of big drawings that pass through MNIXEL's 28x28.
REDUCED = 0.25
# A drawing of this size can be rendered at half the scale: each pixel of the 28x28 still has 4 pixels a side.
BIG = 8 * model.BOX  # board units


def choose(digit: int, rng: np.random.Generator) -> Allograph:
    """One of a digit's allographs, by their weights."""
    ways = ALLOGRAPHS[digit]
    weights = np.array([way.weight for way in ways])
    return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]


def allograph_of(hand: Hand, digit: int) -> Allograph:
    """The allograph of a digit that a hand always uses."""
    return choose(digit, hand.own(digit))


def draw_allograph(
    allograph: Allograph, rng: np.random.Generator, hand: Hand | None = None, varied: bool = True
) -> list[board.Stroke]:
    """One drawing of a shape by `hand`, or by a random one. `varied` drawings are blended and changed."""
    hand = hand or any_hand(rng)
    # The 10 keeps these numbers apart from those by which the hand chose its allograph.
    own, today = hand.own(10 + allograph.digit), hand.today(rng)
    lines = hands.trace(hands.paths_of(allograph.shape, own, rng), today, rng)
    if varied:
        if own.random() < BLENDED:
            other = hands.paths_of(choose(allograph.digit, own).shape, own, rng)
            lines = operators.blended(lines, hands.trace(other, today, rng), own.uniform(0.2, 0.8))
        lines = operators.vary(lines, allograph.digit, own, rng)
    return hands.place(hands.write(lines, today, rng), today, rng)


def draw(digit: int, rng: np.random.Generator, hand: Hand | None = None) -> list[board.Stroke]:
    """Strokes of a digit 0..9 by `hand`, or by a random one, anywhere on the board."""
    hand = hand or any_hand(rng)
    return draw_allograph(allograph_of(hand, digit), rng, hand)


def _extent(strokes: list[board.Stroke]) -> float:
    """The longer side of the ink, board units."""
    points = np.concatenate([stroke.points for stroke in strokes])
    return float(np.ptp(points, axis=0).max() + 2 * strokes[0].radius)


def to_input(strokes: list[board.Stroke], rng: np.random.Generator) -> np.ndarray:
    """The network's input, float32 (28, 28). Some drawings pass through MNIXEL's 28x28 or a few pixels."""
    big = _extent(strokes) >= BIG
    if big and rng.random() < REDUCED:
        # Thick ink all around the 28x28 would count as background, so the whole board is read instead.
        with contextlib.suppress(model.EmptyDrawing):
            return model.normalise(model.to_ink(board.reduce(board.render(strokes)) / 255))
    if rng.random() < COARSE:
        coarse = board.render(strokes, int(board.SIZE * rng.uniform(20, 44) / _extent(strokes)))
        pixels = np.where(np.pad(coarse, 4) > coarse.max() // 2, np.uint8(255), np.uint8(0))
        return model.normalise(model.to_ink(pixels))
    # A big drawing looks the same from a board of half the side, and takes half the time there.
    drawn = board.render(strokes, board.SIZE // 2 if big else board.SIZE)
    return model.normalise(model.board_ink(drawn / np.float32(255)))


def hand_of(seed: int, number: int) -> Hand:
    """The hand that draws page `number` of `drawings(..., seed, ...)`."""
    return any_hand(np.random.default_rng([seed, 2, number]))


def drawings(
    count: int, seed: int, workers: int | None = None, each: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn digits as network inputs, `each` in a row by one hand, a synthetic writer.

    Returns uint8 images (count, 28, 28), 255 for the network's 1, and int64 labels (count,). Each hand writes
    the ten digits equally often, in random order. The number of `workers` (default: one per core) does not
    change the result.
    """
    rng = np.random.default_rng([seed, 0])
    pages = [rng.permutation(np.arange(each) % 10) for _ in range(-(-count // each))]
    labels = np.concatenate([np.zeros(0, np.int64), *pages])[:count]
    return in_chunks(partial(_digit, seed, each), labels, [seed, 0], workers), labels


def _digit(seed: int, each: int, number: int, digit: int, rng: np.random.Generator) -> np.ndarray:
    return to_input(draw(digit, rng, hand_of(seed, number // each)), rng)


def redraw(strokes: Sequence[board.Stroke], digit: int, rng: np.random.Generator) -> list[board.Stroke]:
    """A person's drawing of a digit in a random hand, anywhere on the board."""
    points = np.concatenate([stroke.points for stroke in strokes])
    low, side = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1.0)
    lines = [curves.even((stroke.points - low) / side, curves.FINE) for stroke in strokes]
    hand = any_hand(rng)
    lines = operators.vary(lines, digit, hand.own(digit), rng)
    return hands.place(hands.write(lines, hand, rng), hand, rng)


def redrawings(
    strokes: Sequence[Sequence[board.Stroke]],
    labels: np.ndarray,
    copies: int,
    seed: int,
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Each of N drawings with labels (N,), followed by `copies` - 1 redrawn ones; returns as `drawings`."""
    work = partial(_redrawing, strokes, np.repeat(labels, copies), copies)
    images = in_chunks(work, np.arange(len(strokes) * copies), [seed, 7], workers)
    return images, np.repeat(labels, copies).astype(np.int64)


def _redrawing(strokes, labels, copies, number, _, rng) -> np.ndarray:
    drawing = strokes[number // copies]
    return to_input(redraw(drawing, int(labels[number]), rng) if number % copies else list(drawing), rng)


# Makes an image from its number, its label, and random numbers.
Work = Callable[[int, int, np.random.Generator], np.ndarray]


def in_chunks(work: Work, labels: np.ndarray, entropy: list[int], workers: int | None) -> np.ndarray:
    """Do `work` on labels in a pool of processes. Each CHUNK of labels has its own random stream.

    Returns uint8 images (N, 28, 28), 255 for the network's 1.
    """
    jobs = [(labels[i : i + CHUNK], i, [*entropy, 1 + i // CHUNK]) for i in range(0, len(labels), CHUNK)]
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    empty = np.zeros((0, model.INPUT, model.INPUT), np.uint8)
    if min(workers, len(jobs)) <= 1:
        return np.concatenate([empty, *(_do(work, job) for job in jobs)])
    # A forked process can begin at once, because the work needs no torch. Forking is only safe on Linux;
    # elsewhere a script that calls this needs the usual `if __name__ == "__main__"`.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    # Ctrl-C reaches all processes, but only the parent answers it.
    with context.Pool(min(workers, len(jobs)), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        made = pool.imap(partial(_do, work), jobs)
        return np.concatenate([*tqdm(made, "drawing", len(jobs), unit="part", leave=False, delay=PATIENT)])


def _do(work: Work, job: tuple[np.ndarray, int, list[int]]) -> np.ndarray:
    labels, first, entropy = job
    rng = np.random.default_rng(entropy)
    images = [work(number, int(label), rng) for number, label in enumerate(labels, first)]
    return np.rint(255 * np.stack(images)).astype(np.uint8)
