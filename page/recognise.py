"""What is asked of a network: a drawing or a picture in, an answer for the page or a program out.

The live page, the stock component and the endpoints all come through `answers`, one picture at a time or many visitors' at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from PIL import Image

import board
from model import LABELS, DigitCNN, ranked
from page.pictures import open_data_url

Picture = Image.Image | np.ndarray
LARGE = 2**20  # pixels: a larger picture takes up to 300 MB for a second, and so only one at a time is looked at
LIVE = 1024  # pixels a side of a picture on the board, which the browser has made smaller than that
_LARGE = threading.Lock()


def picture_of(drawing: object, render: Callable[[list[board.Stroke]], np.ndarray] = board.render) -> Picture:
    """The picture of the page's question `{"revision", "strokes", "picture"}`. Raises ValueError with one sentence."""
    if not isinstance(drawing, dict) or revision_of(drawing) is None:
        raise ValueError("A drawing is sent with its revision, a whole number.")
    if drawing.get("picture") is not None:
        return open_data_url(drawing["picture"], LIVE)
    return render(board.parse_strokes(drawing.get("strokes")))


def revision_of(drawing: object) -> int | None:
    """The revision that an answer to the drawing carries; None when the drawing has none."""
    revision = drawing.get("revision") if isinstance(drawing, dict) else None
    return revision if type(revision) is int and abs(revision) < 2**53 else None


def tensor_of(net: DigitCNN, picture: Picture) -> torch.Tensor:
    """`net.preprocess` for many threads at once: raises as it does."""
    height, width = picture.shape[:2] if isinstance(picture, np.ndarray) else picture.size
    with _LARGE if height * width > LARGE else nullcontext():
        return net.preprocess(picture)


def answers(net: DigitCNN, tensors: Sequence[torch.Tensor], top_k: Sequence[int]) -> list[dict]:
    """What the network says of each of the tensors, (1, 28, 28) from `net.preprocess`, in one go.

    Each has `digit` ("0".."9", or None when the network is not sure), `confidences` (its `top_k` of {"label", "confidence"},
    most probable first) and `pixels` (784 numbers 0..255, row by row: the very tensor that was classified).
    Raises ValueError for a `top_k` that is not 1..10.
    """
    probabilities, evidence = net.judge_tensors(torch.stack(list(tensors)))
    found = []
    for tensor, row, sure, most in zip(tensors, probabilities, evidence, top_k, strict=True):
        best = ranked(row, most)
        found.append(
            {
                "digit": best[0][0] if sure >= net.config.threshold else None,
                "confidences": [{"label": name, "confidence": value} for name, value in best],
                "pixels": (tensor * 255).round().byte().flatten().tolist(),
            }
        )
    return found


def reply(found: dict) -> dict:
    """What `/predict` says of an answer."""
    return {"label": found["digit"], "confidences": found["confidences"]}


def answer(net: DigitCNN, image: Picture, top_k: int = len(LABELS)) -> dict:
    """Classify one picture: as `answers`. Raises EmptyDrawing when there is no ink, ValueError for what is no picture."""
    return answers(net, [tensor_of(net, image)], [top_k])[0]


def answer_drawing(net: DigitCNN, drawing: object) -> dict:
    """The page's question -> an answer with that revision, or `error`, one sentence."""
    try:
        found = answer(net, picture_of(drawing))
    except ValueError as error:
        found = {"error": str(error)}
    return {"revision": revision_of(drawing), **found}
