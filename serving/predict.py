"""From a picture to the answer: REST, gradio_client and MCP get the same answers and sentences."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
from starlette.types import Scope

from serving.decoder import MAX_BYTES, open_in_child
from serving.limits import RateLimiter, Refused
from serving.settings import log_failure
from serving.weights import Weights

GONE = "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL."
ELSEWHERE = "Nothing is fetched from other places: download the picture and send the file."
SLOW = "The picture takes too long to open; send a simpler or smaller one."
# Pictures that are read at once, and how many of them may be one address's.
AT_ONCE, TURNS = 4, 3
bad_picture = partial(Refused, code="bad picture")


class Predictor:
    """Classifies pictures: several are opened at once, and the network reads one at a time."""

    def __init__(self, weights: Weights, limits: RateLimiter, uploads: Path):
        self.weights, self.limits, self.uploads = weights, limits, uploads.resolve()
        self._pool, self._lock = ThreadPoolExecutor(AT_ONCE), threading.Lock()

    async def predict(self, scope: Scope, picture: object, top_k: object) -> dict:
        """`{"label", "confidences"}` for a visitor's picture; None is the label of an unsure network.

        Raises Refused with one sentence for a bad `top_k`, and for a picture that cannot be read or is blank.
        The refusal is put into `scope`, too, because Gradio answers 500 whatever its status is.
        """
        try:
            return await self._predict(scope["visitor"], picture, top_k)
        except Refused as error:
            scope["refusals"].append(error)
            raise

    async def _predict(self, who: str, picture: object, top_k: object) -> dict:
        if isinstance(top_k, str) and re.fullmatch(r"\s*\d{1,2}\s*", top_k):
            top_k = int(top_k)
        if not isinstance(top_k, (int, float)) or isinstance(top_k, bool) or top_k not in range(1, 11):
            raise Refused("top_k is a whole number from 1 to 10.")
        self.limits.charge(who, "pictures")
        try:
            async with self.limits.turn(who, TURNS):
                run = asyncio.get_running_loop().run_in_executor
                return await run(self._pool, self._read, picture, int(top_k))
        except Refused:
            raise
        except TimeoutError:
            self.limits.charge(who, "pictures", 40)
            raise bad_picture(SLOW) from None
        except ValueError as error:
            # This is a BadPicture or an EmptyDrawing.
            raise bad_picture(str(error)) from None
        except Exception as error:
            log_failure(error)
            raise Refused("Something went wrong here; it is not your fault.", 500, "failure") from None

    def _read(self, picture: object, top_k: int) -> dict:
        """The answer about a picture. Raises Refused, ValueError with a sentence, or TimeoutError."""
        image = open_in_child(self.content(picture))
        # This imports torch, so it waits until the page is up.
        from model import ranked

        net = self.weights.network()
        # A large picture takes some 100 MB for a moment, so one is read at a time.
        with self._lock:
            probabilities, margins = net.predict(net.preprocess(image)[None])
        best = ranked(probabilities[0], top_k)
        rows = [{"label": name, "confidence": value} for name, value in best]
        return {"label": best[0][0] if margins[0] >= net.config.threshold else None, "confidences": rows}

    def content(self, picture: object) -> bytes:
        """The bytes of a picture's file: an uploaded one, a data URL, or base64. Raises Refused."""
        if isinstance(picture, dict):
            picture = picture.get("path") or picture.get("url")
        if not picture:
            raise bad_picture("There is no picture: send one as the first argument.")
        text = picture.strip() if isinstance(picture, str) else ""
        if text[:5].lower() == "data:":
            head, _, body = text.partition(",")
            if not re.fullmatch(r"data:image/[^,]*;base64", head, re.I):
                raise bad_picture("A picture's data URL begins with data:image/png;base64, or the like.")
            raw = decoded(unquote(body))
        elif re.match(r"[a-z][a-z0-9+.-]+:", text, re.I):
            raise bad_picture(ELSEWHERE)
        elif path := self.uploaded(text):
            raw = path.read_bytes()
        elif len(text) > 64 and re.fullmatch(r"[\w+/=\-\s]+", text, re.A):
            raw = decoded(text)
        else:
            raise bad_picture(GONE)
        if len(raw) > MAX_BYTES:
            raise bad_picture(f"A picture file may have {MAX_BYTES // 2**20} MiB; send a smaller one.")
        return raw

    def uploaded(self, text: str) -> Path | None:
        """The file of an upload by its path; None for every other path."""
        try:
            path = Path(text[:1025]).resolve()
            return path if path.is_relative_to(self.uploads) and path.is_file() else None
        except (OSError, ValueError):
            # No file can have this name.
            return None


def for_caller(answer: dict, request: object) -> dict | str:
    """An endpoint's answer, as JSON for MCP, where Gradio would send it in Python's notation."""
    return answer if isinstance(request, gr.Request) else json.dumps(answer)


def decoded(text: str) -> bytes:
    """Base64 as people send it: with line breaks, without padding, with - and _. Raises Refused."""
    text = re.sub(r"\s+", "", text).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise bad_picture("The picture's base64 is damaged.") from None
