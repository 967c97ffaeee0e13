"""Picture -> answer: the one way for REST, Gradio's queue, gradio_client, agents and MCP, with the same answer and the same sentences."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from serving.images import MAX_BYTES, BadPicture, Decoder
from serving.limits import UNIT, Limits, Refused
from serving.telemetry import Telemetry
from serving.weights import Weights

NO_PICTURE = "There is no picture: send one as the first argument."
GONE = "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL."
LINK = re.compile(r"[a-z][a-z0-9+.-]+:", re.I)


class Predictor:
    """Classifies pictures: opened in child processes, read by the network in one thread, each visitor in turn."""

    def __init__(self, weights: Weights, limits: Limits, telemetry: Telemetry, uploads: Path):
        self.weights, self.limits, self.telemetry = weights, limits, telemetry
        self.uploads, self.decoder = uploads.resolve(), Decoder()
        self._thread = ThreadPoolExecutor(1, "network")  # one: a large picture takes some 200 MB for a moment

    async def predict(self, who: str, picture: object = None, top_k: object = 3, *more: object) -> dict:
        """`{"label", "confidences"}` for a visitor's picture: a data URL, the path of one that was uploaded here, or either in
        Gradio's wrapping (`{"path": ...}`, `{"url": ...}`). `label` is None when the network is not sure.

        Raises Refused with one sentence for what is no picture, has no ink, or for a `top_k` that is not 1 to 10.
        """
        start = time.perf_counter()
        try:
            if type(top_k) not in (int, float) or top_k not in range(1, 11) or more:
                raise BadPicture("top_k is a whole number from 1 to 10.")
            with self.telemetry.waiting.track_inprogress():
                async with self.limits.turn(who):
                    began = time.perf_counter()
                    try:
                        image = await self.decoder.open(self._content(picture))
                        net = await self.weights.network()
                        loop = asyncio.get_running_loop()
                        found = await loop.run_in_executor(self._thread, classify, net, image, int(top_k))
                    finally:
                        self.limits.charge(who, "pictures", (time.perf_counter() - began) / UNIT)
        except ValueError as error:  # BadPicture, EmptyDrawing
            raise Refused(str(error), 400, "bad picture") from None
        self.telemetry.events.labels("picture answered").inc()
        self.telemetry.seconds.observe(time.perf_counter() - start)
        return found

    def _content(self, picture: object) -> bytes:
        """The bytes of a picture's file. Raises BadPicture."""
        if isinstance(picture, dict):
            picture = picture.get("url") if picture.get("path") is None else picture["path"]
        if not isinstance(picture, str) or not picture.strip():
            raise BadPicture(NO_PICTURE if picture is None else GONE)
        picture = picture.strip()
        if picture.startswith("data:"):
            return _decoded(picture)
        if LINK.match(picture):
            raise BadPicture("Nothing is fetched from other places: download the picture and send the file.")
        try:
            path = Path(picture[:1025]).resolve()
            if not path.is_relative_to(self.uploads):
                raise OSError
            with open(path, "rb") as file:
                return file.read(MAX_BYTES + 1)
        except (OSError, ValueError):  # somebody else's, deleted, or a name that is none
            raise BadPicture(GONE) from None


def _decoded(url: str) -> bytes:
    """What a data URL holds. Raises BadPicture."""
    head, _, body = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPicture("A picture's data URL begins with data:image/png;base64, or the like.")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadPicture("The picture's data URL is damaged.") from error


def classify(net, image: Image.Image, top_k: int) -> dict:
    """What `/predict` says of a picture on a DigitCNN. Raises EmptyDrawing, a ValueError, when there is no ink in it."""
    from model import ranked  # with torch, and so not before the page is up

    probabilities, evidence = net.judge_tensors(net.preprocess(image)[None])
    best = ranked(probabilities[0], top_k)
    rows = [{"label": name, "confidence": value} for name, value in best]
    return {"label": best[0][0] if evidence[0] >= net.config.threshold else None, "confidences": rows}
