"""From a picture to the answer. REST, gradio_client and MCP get the same answers and sentences."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote
from weakref import WeakValueDictionary

import gradio as gr
from gradio.utils import get_upload_folder

from serving.decoder import open_in_child
from serving.limits import Refused
from serving.weights import Weights

# How many pictures are read at the same time, and how many of them one address may send.
AT_ONCE, TURNS = 4, 3


class Predictor:
    """Classifies pictures, several at once."""

    def __init__(self, weights: Weights):
        self.weights = weights
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def predict(self, who: str, picture: object, top_k: object) -> dict:
        """`{"label", "confidences"}` for a visitor's picture. The label is None if the network is unsure.

        Raises Refused with one sentence for a bad `top_k`, and for a picture that is blank or cannot be read.
        """
        count = str(top_k).strip().removesuffix(".0")
        if count not in map(str, range(1, 11)):
            raise Refused("top_k is a whole number from 1 to 10.")
        try:
            # The pictures of one address wait here, so that those of others need not.
            async with self._turns.setdefault(who, asyncio.Semaphore(TURNS)):
                run = asyncio.get_running_loop().run_in_executor
                return await run(self._pool, self._read, picture, int(count))
        except TimeoutError:
            raise Refused("The picture takes too long to open; send a simpler or smaller one.") from None
        except ValueError as error:
            # A BadPicture, or an error of model.py.
            raise Refused(str(error)) from None

    def _read(self, picture: object, top_k: int) -> dict:
        """As `predict`. Raises Refused, ValueError with a sentence, or TimeoutError."""
        image = open_in_child(content(picture))
        # This imports torch, which the page's start does without.
        from model import ranked

        net = self.weights.network.result()
        probabilities, margins = net.predict(net.preprocess(image)[None])
        best = ranked(probabilities[0], top_k)
        rows = [{"label": name, "confidence": value} for name, value in best]
        return {"label": best[0][0] if margins[0] >= net.config.threshold else None, "confidences": rows}


def content(picture: object) -> bytes:
    """The bytes of a picture file, which is an upload, a data URL, or base64. Raises Refused."""
    if isinstance(picture, dict):
        # The middleware has renamed the `path` of an upload.
        picture = picture.get("url")
    text = picture.strip() if isinstance(picture, str) else ""
    if not text:
        raise Refused("There is no picture: send one as the first argument.")
    if "://" in text[:20]:
        raise Refused("Nothing is fetched from other places: download the picture and send the file.")
    if text[:5].lower() == "data:":
        text = unquote(text.partition(",")[2])
    try:
        path = Path(text[:1025]).resolve()
        if path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file():
            return path.read_bytes()
        # People send line breaks, - and _ for + and /, and no padding.
        text = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (OSError, ValueError):
        raise Refused("This is neither an uploaded file nor base64; use handle_file(path).") from None


def for_caller(answer: dict, request: object) -> dict | str:
    """An endpoint's answer. MCP gets it as JSON, because Gradio would write it as Python does."""
    return answer if isinstance(request, gr.Request) else json.dumps(answer)
