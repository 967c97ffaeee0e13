"""Handwriting: drawn digits of every shape that people write, and non-digit drawings.

    from handwriting import draw, drawings
    strokes = draw(4, np.random.default_rng(0))     # strokes for board.render
    images, labels = drawings(20_000, seed=0)       # (20000, 28, 28) uint8; 255 is the network's 1

The shapes are written down by hand, about twenty ways a digit; nothing is traced or fitted. `python -m
handwriting sheet OUT.png` shows them.
"""

from . import digits  # noqa: F401  (registers the allographs)
from .drawing import draw, drawings, redrawings
from .nondigits import KINDS, MEASURING, TEACHING, draw_nondigit, nondigits

__all__ = ["KINDS", "MEASURING", "TEACHING", "draw", "draw_nondigit", "drawings", "nondigits", "redrawings"]
