"""Handwriting: drawn digits of every shape that people write, and drawings that are not digits.

    strokes = handwriting.draw(4, np.random.default_rng(0))  # for board.render
    images, labels = handwriting.drawings(20_000, seed=0)    # (20000, 28, 28) uint8; 255 is the network's 1

The shapes are a table, allographs.txt, set by hand. `python -m handwriting sheet OUT.png` draws them.
"""

from .drawing import draw, drawings, redrawings
from .nondigits import KINDS, MEASURING, TEACHING, draw_nondigit, nondigits

__all__ = ["KINDS", "MEASURING", "TEACHING", "draw", "draw_nondigit", "drawings", "nondigits", "redrawings"]
