"""What is asked of a network: a drawing or a picture in, an answer for the page or a program out.

The live page, the stock component and the endpoints all come through `answer`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

import board
from model import LABELS, DigitCNN, ranked
from page.pictures import open_data_url


def answer(net: DigitCNN, image: Image.Image | np.ndarray, top_k: int = len(LABELS)) -> dict:
    """Classify a picture.

    Returns `digit` ("0".."9", or None when the network is not sure), `confidences` (`top_k` of {"label", "confidence"}, most
    probable first) and `pixels` (784 numbers 0..255, row by row: the very tensor that was classified).
    Raises EmptyDrawing when there is no ink, ValueError for what is no picture and for a `top_k` that is not 1..10.
    """
    tensor = net.preprocess(image)
    probabilities, evidence = net.judge_tensors(tensor[None])
    best = ranked(probabilities[0], top_k)
    return {
        "digit": best[0][0] if evidence[0] >= net.config.threshold else None,
        "confidences": [{"label": name, "confidence": value} for name, value in best],
        "pixels": (tensor * 255).round().byte().flatten().tolist(),
    }


def answer_drawing(net: DigitCNN, drawing: object) -> dict:
    """The page's question: `{"revision", "strokes", "picture"}` -> an answer with that revision, or `error`, one sentence."""
    if not isinstance(drawing, dict) or type(drawing.get("revision")) is not int:
        return {"revision": None, "error": "A drawing is sent with its revision, a whole number."}
    try:
        if drawing.get("picture") is not None:
            image: Image.Image | np.ndarray = open_data_url(drawing["picture"])
        else:
            image = board.render(board.parse_strokes(drawing.get("strokes")))
        found = answer(net, image)
    except ValueError as error:
        found = {"error": str(error)}
    return {"revision": drawing["revision"], **found}
