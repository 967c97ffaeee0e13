"""Picture -> answer: the one way for REST, gradio_client, agents and MCP, with the same answers and sentences."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from serving.decoder import MAX_BYTES, DecoderProcess, TooMuch
from serving.limits import RateLimiter, Refused
from serving.weights import Weights

NO_PICTURE = "There is no picture: send one as the first argument."
GONE = "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL."
ELSEWHERE = "Nothing is fetched from other places: download the picture and send the file."
SLOW = "The picture takes too long to open; send a simpler or smaller one."
TOP_K = "top_k is a whole number from 1 to 10."
bad_picture = partial(Refused, code="bad picture")


class Predictor:
    """Classifies pictures: opened in child processes, two at a time, and read by the network one at a time."""

    def __init__(self, weights: Weights, limits: RateLimiter, uploads: Path):
        self.weights, self.limits, self.uploads = weights, limits, uploads.resolve()
        self._quick, self._slow = ThreadPoolExecutor(2, "quick"), ThreadPoolExecutor(1, "slow")
        self._child, self._places, self._network = DecoderProcess(), threading.Semaphore(2), threading.Lock()

    async def predict(self, who: str, picture: object, top_k: object) -> dict:
        """`{"label", "confidences"}` for a visitor's picture; `label` is None when the network is not sure.

        Raises Refused with one sentence for what is not a picture, has no ink, or for a bad `top_k`.
        """
        rows = whole(top_k)
        self.limits.charge(who, "pictures", 1)
        self.limits.reserve(who, "reading", 1)
        run = asyncio.get_running_loop().run_in_executor
        try:
            try:
                async with self.limits.turn(who, "quick", 2):
                    return await run(self._quick, self._read, picture, rows)
            except (TimeoutError, TooMuch):
                # One of a visitor's slow pictures waits here at a time, the others wait for that one.
                async with self.limits.turn(who, "slow", 1):
                    return await run(self._slow, self._read, picture, rows, True)
        except TimeoutError:
            self.limits.charge(who, "pictures", 40)
            raise bad_picture(SLOW) from None
        except ValueError as error:  # BadPicture or EmptyDrawing
            raise bad_picture(str(error)) from None
        finally:
            self.limits.reserve(who, "reading", -1)

    def _read(self, picture: object, top_k: int, slowly: bool = False) -> dict:
        """The answer about a picture. Raises Refused, ValueError, of which TooMuch is one, or TimeoutError."""
        raw = self.content(picture)
        with self._places:
            image = self._child.open(raw, slowly)
        del raw
        net = self.weights.network()
        with self._network:  # a large picture takes some 100 MB for a moment
            return classify(net, image, top_k)

    def content(self, picture: object) -> bytes:
        """The bytes of a picture's file: one that was uploaded here, a data URL, or base64. Raises Refused."""
        if isinstance(picture, dict):  # Gradio's wrapping, {"path": ...} or {"url": ...}
            picture = picture.get("url") if picture.get("path") is None else picture["path"]
        if picture is None:
            raise bad_picture(NO_PICTURE)
        text = picture.strip() if isinstance(picture, str) else ""
        raw = b""
        if text[:5].lower() == "data:":
            head, _, body = text.partition(",")
            if not re.fullmatch(r"data:image/[^,]*;base64", head, re.I):
                raise bad_picture("A picture's data URL begins with data:image/png;base64, or the like.")
            raw = decoded(unquote(body))
        elif re.match(r"[a-z][a-z0-9+.-]+:", text, re.I):
            raise bad_picture(ELSEWHERE)
        elif path := self.uploaded(text):
            raw = path.read_bytes()
        elif len(text) < 64 or not re.fullmatch(r"[\w+/\-\s]+=*\s*=?", text, re.A):
            raise bad_picture(GONE)
        else:
            raw = decoded(text)
        if len(raw) > MAX_BYTES:
            raise bad_picture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
        return raw

    def uploaded(self, text: str) -> Path | None:
        """The file of an upload by its path, which is None for every other path."""
        try:
            path = Path(text[:1025]).resolve()
            return path if path.is_relative_to(self.uploads) and path.is_file() else None
        except (OSError, ValueError):  # a name that no file can have
            return None


def whole(top_k: object) -> int:
    """`top_k` as a number, also of a text. Raises Refused unless it is 1 to 10."""
    if isinstance(top_k, str) and re.fullmatch(r"\s*\d{1,2}\s*", top_k):
        top_k = int(top_k)
    if not isinstance(top_k, (int, float)) or isinstance(top_k, bool) or top_k not in range(1, 11):
        raise bad_picture(TOP_K)
    return int(top_k)


def decoded(text: str) -> bytes:
    """Base64 as people send it: with line breaks, without padding, or for addresses (- and _). Raises Refused."""
    text = re.sub(r"\s+", "", text).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise bad_picture("The picture's base64 is damaged.") from None


def classify(net, image: Image.Image, top_k: int) -> dict:
    """What `/predict` says about a picture on a DigitCNN. Raises EmptyDrawing when there is no ink in it."""
    from model import ranked  # imports torch, so not before the page is up

    # Of an array model.py leaves out the empty ground.
    pixels = np.asarray(image) if image.mode == "L" else image
    probabilities, margins = net.predict(net.preprocess(pixels)[None])
    best = ranked(probabilities[0], top_k)
    rows = [{"label": name, "confidence": value} for name, value in best]
    return {"label": best[0][0] if margins[0] >= net.config.threshold else None, "confidences": rows}
