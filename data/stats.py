"""Counts the drawings of each digit, and draws a picture with samples of them."""

from pathlib import Path

import numpy as np
from PIL import Image

from .archives import CONFIGS
from .mnixel import DIGITS, arrays, grey

GAP = 2  # pixels between drawings, before enlargement


def all_counts(folder: str | Path | None = None) -> dict[str, dict[str, list[int]]]:
    """Configuration -> split -> how many drawings each digit has. `folder` and errors as in `arrays`."""
    counts = {}
    for config in CONFIGS:
        _, train, _, test = arrays(config, folder)
        counts[config] = {split: np.bincount(y).tolist() for split, y in (("train", train), ("test", test))}
    return counts


def table(counts: dict[str, dict[str, list[int]]]) -> str:
    """The counts of `all_counts` as a Markdown table, aligned for a terminal."""
    lines = [f"| configuration | split | {' | '.join(f'{digit:>2}' for digit in DIGITS)} | total |"]
    lines.append(f"| ------------- | ----- | {' | '.join(['-:'] * len(DIGITS))} | ----: |")
    for config, splits in counts.items():
        for split, each in splits.items():
            numbers = " | ".join(f"{n:2}" for n in each)
            lines.append(f"| {config:13} | {split:5} | {numbers} | {sum(each):5} |")
    return "\n".join(lines)


def sheet(x: np.ndarray, y: np.ndarray, columns: int = 16, scale: int = 2) -> Image.Image:
    """A row for each digit, with the first `columns` images of x (n, 28, 28) that y (n,) labels so."""
    cell = x.shape[1] + GAP
    levels = np.zeros((len(DIGITS) * cell + GAP, columns * cell + GAP), np.uint8)
    for digit in range(len(DIGITS)):
        for column, image in enumerate(grey(x[y == digit][:columns])):
            top, left = GAP + digit * cell, GAP + column * cell
            levels[top : top + len(image), left : left + len(image)] = image
    return Image.fromarray(levels.repeat(scale, axis=0).repeat(scale, axis=1))
