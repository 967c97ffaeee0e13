"""Requests as programs send them to the page, and pictures to send."""

import base64
import http.client
import io
import json

import numpy as np
from PIL import Image

import board
from tests.harness.person import DRAWINGS

API = "/gradio_api"


def picture(digit: str, size: int = 448) -> Image.Image:
    """One of the page's examples, black on white."""
    strokes = [board.Stroke(np.array(stroke), 14.0) for stroke in DRAWINGS[digit]]
    return Image.fromarray(255 - board.render(strokes, size))


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def get(server, path: str, method: str = "GET", headers: dict | None = None, body: bytes | None = None):
    """Status, headers and body of a request, whatever the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, content


def post(server, path: str, body: object, **headers: str) -> tuple[int, dict]:
    """Status and answer of a question in JSON. A path without a slash in front is one of Gradio's."""
    path = path if path.startswith("/") else f"{API}/{path}"
    headers = {"Content-Type": "application/json", **headers}
    status, _, content = get(server, path, "POST", headers, json.dumps(body).encode())
    return status, json.loads(content)


def data_url(content: bytes, kind: str = "png") -> dict:
    """A picture file in a request, as Gradio wraps it."""
    url = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"url": url, "meta": {"_type": "gradio.FileData"}}


def predict(server, content: bytes, top_k: object = 3, **headers: str) -> tuple[int, dict]:
    """Status and answer, or {"error"}, of one request that holds the picture."""
    status, reply = post(server, "run/predict", {"data": [data_url(content), top_k]}, **headers)
    return status, reply["data"][0] if status == 200 else reply


def form(*contents: bytes) -> bytes:
    """A form with these files."""
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    return b"".join(head + content + b"\r\n" for content in contents) + b"--b--\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def upload(server, content: bytes) -> dict:
    """Upload a picture as Gradio's clients do; returns what they then put into the question."""
    status, _, reply = get(server, f"{API}/upload", "POST", FORM, form(content))
    assert status == 200, reply
    return {"path": json.loads(reply)[0], "meta": {"_type": "gradio.FileData"}}


# --- files that keep Pillow busy for seconds ---


def scans() -> bytes:
    """A progressive JPEG that repeats its shortest scan. Each scan decodes every pixel again."""
    raw = encoded(Image.new("L", (4096, 4096), 128), "JPEG", progressive=True)
    starts = [at for at in range(len(raw) - 1) if raw[at : at + 2] == b"\xff\xda"] + [len(raw) - 2]
    # The first scan cannot be repeated; the others refine it.
    parts = [raw[a:b] for a, b in zip(starts[1:], starts[2:], strict=False)]
    return raw[:-2] + min(parts, key=len) * 12_000 + raw[-2:]


def exif_segments() -> bytes:
    """A JPEG with many Exif segments of ten bytes, which Pillow joins one by one."""
    raw = encoded(picture("7"), "JPEG")
    return raw[:2] + (b"\xff\xe1\x00\x0aExif\0\0II") * 400_000 + raw[2:]


def empty_chunks() -> bytes:
    """A PNG with many empty chunks."""
    raw = encoded(picture("7"))
    return raw[:33] + b"\0\0\0\0teSt\x4d\xfb\x5a\xae" * 660_000 + raw[33:]


BOMBS = {"scans": scans, "exif": exif_segments, "chunks": empty_chunks}
