"""Pictures of the dataset: frequency charts of its splits, and a sheet of sample drawings."""

from pathlib import Path

import numpy as np
from PIL import Image

from .archives import SIDE
from .mnixel import DIGITS, grey

GAP = 2  # pixels between drawings, before enlargement


def chart(split: str, clean: np.ndarray, raw: np.ndarray, path: Path) -> None:
    """Draws the drawings per digit of one split as bars: `clean` with what only `raw` has on top, both (10,) counts.

    The same counts give the same file byte for byte under one version of matplotlib.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: no window system and no state of its own

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a reader's own style file must not change the picture
        figure = Figure(figsize=(7, 3.5), dpi=120, layout="constrained")
        axes = figure.add_subplot()
        bars = axes.bar(DIGITS, clean, color="#2b6cb0", label=f"clean: {clean.sum()}")
        axes.bar_label(bars, label_type="center", color="white")
        axes.bar(
            DIGITS,
            raw - clean,
            bottom=clean,
            color="#cbd5e0",
            label=f"removed from raw: {(raw - clean).sum()}",
        )
        axes.set(title=f"MNIXEL, {split} split", xlabel="digit", ylabel="drawings", ylim=(0, max(raw) * 1.25))
        axes.locator_params(axis="y", integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper right", ncols=2, frameon=False)
        figure.savefig(
            path, metadata={"Software": None}
        )  # the version number would be the only thing to change


def sheet(x: np.ndarray, y: np.ndarray, columns: int = 16, scale: int = 2) -> Image.Image:
    """The first `columns` drawings of every digit, one row a digit, enlarged `scale` times, white on black.

    Args:
        x: (n, 28, 28) float64, 0..255.
        y: (n,) digits. A digit with fewer drawings leaves its row partly black.
    """
    cell = SIDE + GAP
    board = np.zeros((len(DIGITS) * cell + GAP, columns * cell + GAP), np.uint8)
    for digit in range(len(DIGITS)):
        for column, image in enumerate(grey(x[y == digit][:columns])):
            top, left = GAP + digit * cell, GAP + column * cell
            board[top : top + SIDE, left : left + SIDE] = image
    return Image.fromarray(board.repeat(scale, axis=0).repeat(scale, axis=1))
