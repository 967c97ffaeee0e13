"""Picture -> answer: the one way for REST, Gradio's queue, gradio_client, agents and MCP, with the same answers and sentences."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from serving.images import MAX_BYTES, Child, TooMuch
from serving.limits import RateLimiter, Refused
from serving.telemetry import EVENTS, SECONDS, WAITING
from serving.weights import Weights

GONE = "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL."
SLOW = "The picture takes too long to open; send a simpler or smaller one."
unfit = partial(Refused, code="bad picture")  # what cannot be classified


class Predictor:
    """Classifies pictures: opened in child processes, two at a time, and read by the network one at a time, each visitor in turn."""

    def __init__(self, weights: Weights, limits: RateLimiter, uploads: Path):
        self.weights, self.limits, self.uploads = weights, limits, uploads.resolve()
        self._quick, self._slow = ThreadPoolExecutor(2, "quick"), ThreadPoolExecutor(1, "slow")
        self._child, self._places, self._network = Child(), threading.Semaphore(2), threading.Lock()

    async def predict(self, who: str, picture: object = None, top_k: object = 3, *more: object) -> dict:
        """`{"label", "confidences"}` for a visitor's picture: a data URL, or the path of one that was uploaded here. `label` is None
        when the network is not sure.

        Raises Refused with one sentence for what is no picture, has no ink, or for a `top_k` that is not 1 to 10.
        """
        if not isinstance(top_k, (int, float)) or type(top_k) is bool or top_k not in range(1, 11) or more:
            raise unfit("top_k is a whole number from 1 to 10.")
        self.limits.check(who, "pictures", 1)
        raw, picture = self.content(picture), None  # a data URL has some 14 MB
        run = asyncio.get_running_loop().run_in_executor
        try:
            with WAITING.track_inprogress(), SECONDS.time():
                try:
                    async with self.limits.turn(who):
                        answer = await run(self._quick, self._read, raw, int(top_k))
                except (TimeoutError, TooMuch):
                    answer = await run(self._slow, self._read, raw, int(top_k), True)
        except TimeoutError:
            self.limits.check(who, "pictures", 40)
            raise unfit(SLOW) from None
        except ValueError as error:  # of `images`, or EmptyDrawing
            raise unfit(str(error)) from None
        EVENTS.labels("picture answered").inc()
        return answer

    def _read(self, raw: bytes, top_k: int, slowly: bool = False) -> dict:
        """The answer about a picture file. Raises ValueError, of which TooMuch is one, or TimeoutError."""
        with self._places:
            image = self._child.open(raw, slowly)
        net = self.weights.network()
        with self._network:  # a large picture takes some 100 MB for a moment
            return classify(net, image, top_k)

    def content(self, picture: object) -> bytes:
        """The bytes of a picture's file. Raises Refused."""
        if picture is None:
            raise unfit("There is no picture: send one as the first argument.")
        text = picture.strip() if isinstance(picture, str) else ""
        head, _, body = text.partition(",")
        if head.lower().startswith("data:"):
            if not (head.startswith("data:image/") and head.endswith(";base64")):
                raise unfit("A picture's data URL begins with data:image/png;base64, or the like.")
            try:
                return base64.b64decode(body, validate=True)
            except ValueError:
                raise unfit("The picture's data URL is damaged.") from None
        if re.match(r"[a-z][a-z0-9+.-]+:", text, re.I):
            raise unfit("Nothing is fetched from other places: download the picture and send the file.")
        try:
            path = Path(text[:1025]).resolve()
            if path.is_relative_to(self.uploads):
                with open(path, "rb") as file:
                    return file.read(MAX_BYTES + 1)
        except (OSError, ValueError):  # deleted, or a name that is none
            pass
        raise unfit(GONE)


def classify(net, image: Image.Image, top_k: int) -> dict:
    """What `/predict` says of a picture on a DigitCNN. Raises EmptyDrawing, a ValueError, when there is no ink in it."""
    from model import ranked  # with torch, and so not before the page is up

    pixels = (
        np.asarray(image) if image.mode == "L" else image
    )  # of which model.py leaves out the empty ground
    probabilities, margins = net.predict(net.preprocess(pixels)[None])
    best = ranked(probabilities[0], top_k)
    rows = [{"label": name, "confidence": value} for name, value in best]
    return {"label": best[0][0] if margins[0] >= net.config.threshold else None, "confidences": rows}
