"""Picture -> answer: the one way for REST, Gradio's queue, gradio_client, agents and MCP, with the same answer and the same sentences."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from serving import images
from serving.decode import MAX_BYTES, BadPicture
from serving.limits import UNIT, BadRequest, Limits
from serving.telemetry import Telemetry
from serving.weights import Weights

NO_PICTURE = "There is no picture: send one as the first argument."
GONE = "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL."
ARGUMENTS = "The picture must be a file: wrap its path in handle_file(...), or send it as a data URL; top_k is a number."
TOP_K = "top_k is a whole number from 1 to 10."
LINK = re.compile(r"\s*[a-z][a-z0-9+.-]+:", re.I)


class Predictor:
    """Classifies pictures: opened in child processes, read by the network in one thread, each address in turn."""

    def __init__(self, weights: Weights, limits: Limits, telemetry: Telemetry, uploads: Path):
        self.weights, self.limits, self.telemetry = weights, limits, telemetry
        self.uploads = uploads.resolve()
        self.decoder = images.Decoder()
        self._thread = ThreadPoolExecutor(1, "network")  # a large picture takes some 200 MB for a moment

    def checked(self, picture: object, top_k: object = 3, *more: object) -> tuple[str, int]:
        """The arguments of `/predict`: a data URL or the path of a picture that was uploaded here, and a whole number.

        A picture may stand in Gradio's wrapping, `{"path": ...}` or `{"url": ...}`. Raises BadRequest with one sentence.
        """
        if isinstance(picture, dict):
            picture = picture.get("path") if picture.get("path") is not None else picture.get("url")
        if picture is None or picture == "":
            raise BadRequest(NO_PICTURE, reason="bad picture")
        if not isinstance(picture, str) or more:
            raise BadRequest(ARGUMENTS, reason="bad picture")
        if type(top_k) not in (int, float) or top_k not in range(1, 11):
            raise BadRequest(TOP_K, reason="bad picture")
        picture = picture.strip()
        if not picture.startswith("data:"):
            if LINK.match(picture):
                raise BadRequest("Nothing is fetched from other places: download the picture and send the file.")
            try:
                path = Path(picture)
                known = len(picture) < 1024 and path.resolve().is_relative_to(self.uploads) and path.is_file()
            except (OSError, ValueError):  # a name that is none
                known = False
            if not known:
                raise BadRequest(GONE, reason="bad picture")
        return picture, int(top_k)

    async def predict(self, picture: str, top_k: int, who: str) -> dict:
        """`{"label", "confidences"}` of a picture that was `checked`, for a visitor. Raises BadRequest when it cannot be read."""
        start = time.perf_counter()
        with self.telemetry.waiting.track_inprogress():
            async with self.limits.turn(who):
                began = time.perf_counter()
                try:
                    raw = _decoded(picture) if picture.startswith("data:") else images.read(Path(picture))
                    image = await self.decoder.open(raw)
                    net = await self.weights.network()
                    loop = asyncio.get_running_loop()
                    found = await loop.run_in_executor(self._thread, classify, net, image, top_k)
                except OSError:
                    raise BadRequest(GONE, reason="bad picture") from None
                except ValueError as error:
                    raise BadRequest(str(error), reason="bad picture") from None
                finally:
                    self.limits.charge(who, "pictures", (time.perf_counter() - began) / UNIT)
        self.telemetry.answered(time.perf_counter() - start)
        return found

    def info(self) -> dict:
        """What `/info` says: where the weights are from, how many parameters, the accuracy on MNIXEL's test images."""
        return self.weights.info()

    async def close(self) -> None:
        """End the children and the thread."""
        await self.decoder.close()
        self._thread.shutdown(wait=False, cancel_futures=True)


def _decoded(url: str) -> bytes:
    """What a data URL, `data:image/...;base64,...`, holds. Raises BadPicture."""
    if len(url) > MAX_BYTES * 4 / 3 + 100:
        raise BadPicture(f"A picture is sent as a data URL of at most {MAX_BYTES // 2**20} MiB.")
    head, _, body = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPicture("A picture's data URL begins with data:image/png;base64, or the like.")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadPicture("The picture's data URL is damaged.") from error


def classify(net, image: Image.Image, top_k: int) -> dict:
    """`{"label": "0".."9" or None when the network is not sure, "confidences": the top_k most probable}` of a picture.

    Raises EmptyDrawing, a ValueError, when there is no ink in it.
    """
    from model import ranked  # with torch, and so not before the page is up

    probabilities, evidence = net.judge_tensors(net.preprocess(image)[None])
    best = ranked(probabilities[0], top_k)
    sure = evidence[0] >= net.config.threshold
    return {
        "label": best[0][0] if sure else None,
        "confidences": [{"label": name, "confidence": value} for name, value in best],
    }
