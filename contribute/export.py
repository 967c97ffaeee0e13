"""A visitor's own digits to take home: MNIXEL's own archive, and parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from contribute.store import Drawing

SIDE = 28


def images(drawings: Sequence[Drawing]) -> np.ndarray:
    """Uint8 (n, 28, 28), 0 background .. 255 ink."""
    pixels = np.frombuffer(b"".join(drawing.image for drawing in drawings), dtype=np.uint8)
    return pixels.reshape(len(drawings), SIDE, SIDE)


def as_npz(drawings: Sequence[Drawing]) -> bytes:
    """`MNIST.npz` as MNIXEL writes it: `X` float64 (n, 28, 28) 0..255, `y` int32 (n,)."""
    out = io.BytesIO()
    labels = np.array([int(drawing.label) for drawing in drawings], dtype=np.int32)
    np.savez_compressed(out, X=images(drawings).astype(np.float64), y=labels)
    return out.getvalue()


def as_parquet(drawings: Sequence[Drawing]) -> bytes:
    """The rows of a `contributed` split for these drawings, without states."""
    from datasets import disable_progress_bars

    from contribute.merge import dataset

    disable_progress_bars()  # they would go into the page's log
    out = io.BytesIO()
    dataset(drawings).to_parquet(out)
    return out.getvalue()
