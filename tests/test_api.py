"""The endpoints as programs call them: gradio_client and plain REST against a running page."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
from conftest import ROOT
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError, ValidationError
from person import DRAWINGS
from PIL import Image

import board
from model import DigitCNN


def picture(digit: str, size: int = 448) -> Image.Image:
    return Image.fromarray(255 - board.render([board.Stroke(np.array(s), 14.0) for s in DRAWINGS[digit]], size))


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def client(server):
    return Client(server.url, verbose=False)


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


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_predict_a_file(client, tmp_path, kind):
    path = tmp_path / f"digit.{kind.lower()}"
    picture("2").save(path)
    answer = client.predict(handle_file(path), 3, api_name="/predict")
    assert set(answer) == {"label", "confidences"}
    assert answer["label"] == answer["confidences"][0]["label"] == "2"
    assert len(answer["confidences"]) == 3
    expected = DigitCNN.from_pretrained(ROOT / "weights").classify(Image.open(path), top_k=3)
    assert [(row["label"], pytest.approx(row["confidence"], abs=1e-4)) for row in answer["confidences"]] == expected


def test_a_photograph_is_turned_upright(client, tmp_path):
    path, exif = tmp_path / "turned.jpg", Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees to show
    picture("7").transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    assert client.predict(handle_file(path), 1, api_name="/predict")["label"] == "7"
    assert DigitCNN.from_pretrained(ROOT / "weights").classify(Image.open(path), top_k=1)[0][0] == "7"


def test_predict_by_rest(server):
    status, reply = post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 10]})
    assert status == 200
    assert reply["data"][0]["label"] == "7"
    assert sum(row["confidence"] for row in reply["data"][0]["confidences"]) == pytest.approx(1, abs=1e-4)


def test_info(client):
    info = client.predict(api_name="/info")
    assert info["weights"] == "embedded"
    assert info["parameters"] == 80_666
    test = json.loads((ROOT / "weights" / "metrics.json").read_text())["test"]
    assert info["accuracy"] == {key: test[key] for key in ("right", "total", "interval")}


def test_only_the_named_endpoints_are_offered(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/predict", "/info"}


BAD = {
    "blank": (encoded(Image.new("L", (100, 100))), 3, "no ink"),
    "text": (b"This is no picture.", 3, "not a picture"),
    "nothing": (b"", 3, "not a picture"),
    "cut short": (encoded(picture("3"))[:300], 3, "not a picture"),
    "too small": (encoded(Image.new("L", (4, 4))), 3, "at least 8 pixels"),
    "too large": (encoded(Image.new("1", (5000, 10))), 3, "at most 4096 pixels"),
    "tiff": (encoded(picture("3"), "TIFF"), 3, "not a picture"),
    "top_k 0": (encoded(picture("3")), 0, "top_k is a whole number"),
    "top_k 11": (encoded(picture("3")), 11, "top_k is a whole number"),
    "top_k 2.5": (encoded(picture("3")), 2.5, "top_k is a whole number"),
    "top_k text": (encoded(picture("3")), "abc", "top_k is a whole number"),
    "top_k none": (encoded(picture("3")), None, "top_k is a whole number"),
    "top_k nan": (encoded(picture("3")), float("nan"), "top_k is a whole number"),
    "top_k true": (encoded(picture("3")), True, "top_k is a whole number"),
    "top_k list": (encoded(picture("3")), [3], "top_k is a whole number"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence(client, server, tmp_path, name):
    content, top_k, words = BAD[name]
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    status, reply = post(server, "run/predict", {"data": [data_url(content), top_k]})
    assert status >= 400
    assert words in reply["error"]
    assert "Traceback" not in reply["error"]
    if top_k != top_k:
        return  # the Python client itself sends no NaN
    with pytest.raises((AppError, ValidationError), match=words):
        client.predict(handle_file(path), top_k, api_name="/predict")


@pytest.mark.parametrize("url", ["data:image/png;base64,???", "data:text/plain;base64,AAAA", "data:image/png,AAAA"])
def test_bad_data_urls(server, url):
    status, reply = post(server, "run/predict", {"data": [{"url": url, "meta": {"_type": "gradio.FileData"}}, 3]})
    assert status >= 400
    assert "picture" in str(reply)


def test_a_bad_port_is_refused_with_one_sentence(server):
    for port, words in (("abc", "must be a number"), (str(server.port), "port")):
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "GRADIO_SERVER_PORT": port},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("app.py: ")
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def ask(server, data: object) -> tuple[int, dict]:
    """The call of the page's own board; its component is found in the page's configuration."""
    config = json.load(urllib.request.urlopen(f"{server.url}/config"))
    (pad,) = [c["id"] for c in config["components"] if "sketchpad" in (c["props"].get("elem_classes") or [])]
    return post(
        server, "component_server/", {"data": data, "session_hash": "s", "component_id": pad, "fn_name": "recognise"}
    )


def test_board_answers_with_the_revision(server):
    strokes = [{"points": stroke, "radius": 15} for stroke in DRAWINGS["4"]]
    status, reply = ask(server, {"revision": 41, "strokes": strokes, "picture": None})
    assert status == 200
    assert (reply["revision"], reply["digit"], len(reply["confidences"]), len(reply["pixels"])) == (41, "4", 10, 784)


@pytest.mark.parametrize(
    "drawing",
    [
        None,
        [],
        {"strokes": []},
        {"revision": "1", "strokes": []},
        {"revision": 1},
        {"revision": 1, "strokes": []},
        {"revision": 1, "strokes": [{"points": [[0, "x"]]}]},
        {"revision": 1, "picture": "data:image/png;base64,AAAA"},
        {"revision": 1, "picture": 7},
        {"revision": 1, "picture": {"url": "file:///etc/passwd"}},
    ],
    ids=str,
)
def test_bad_drawings_get_one_sentence(server, drawing):
    status, reply = ask(server, drawing)
    assert status == 200
    assert reply["error"].endswith(".")
    assert "\n" not in reply["error"]
    assert "digit" not in reply
