"""Requests as programs send them to the page, and pictures to send."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request

import numpy as np
from PIL import Image

import board
from tests.harness.person import DRAWINGS


def picture(digit: str, size: int = 448) -> Image.Image:
    return Image.fromarray(
        255 - board.render([board.Stroke(np.array(s), 14.0) for s in DRAWINGS[digit]], size)
    )


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def post(server, name: str, body: object) -> tuple[int, dict]:
    request = urllib.request.Request(
        f"{server.url}/gradio_api/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def data_url(content: bytes, kind: str = "png") -> dict:
    return {
        "url": f"data:image/{kind};base64,{base64.b64encode(content).decode()}",
        "meta": {"_type": "gradio.FileData"},
    }


def upload(server, content: bytes) -> dict:
    """Send a picture as Gradio's clients do before they ask; gives what they put into the question."""
    form = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%s\r\n--b--\r\n'
        % content
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/gradio_api/upload", form, headers), timeout=30
    ) as reply:
        return {"path": json.load(reply)[0], "meta": {"_type": "gradio.FileData"}}
