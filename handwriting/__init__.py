"""Handwriting: drawn digits of every shape that people write, and drawings that are no digits.

    from handwriting import draw, drawings
    strokes = draw(4, np.random.default_rng(0))            # strokes for board.render
    images, labels = drawings(20_000, seed=0)              # (20000, 28, 28) uint8, 255 for the 1 that the network is given

The shapes are written down by hand, about twenty ways a digit; nothing is traced or fitted. `python -m handwriting sheet
OUT.png` shows them.
"""

from . import digits  # noqa: F401  (registers the allographs)
from .drawing import draw, drawings
from .nondigits import KINDS, MEASURING, TEACHING, draw_nondigit, nondigits

__all__ = ["KINDS", "MEASURING", "TEACHING", "draw", "draw_nondigit", "drawings", "nondigits"]
