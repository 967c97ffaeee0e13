"""The endpoints as programs call them: gradio_client and plain REST against a running page."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError, ValidationError
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from model import DigitCNN
from tests.harness import ROOT
from tests.harness.calls import data_url, encoded, picture, post, upload
from web.assets import assets, fingerprint, media_type


@pytest.fixture(scope="module")
def client(server):
    return Client(server.url, verbose=False)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_predict_a_file(client, tmp_path, kind):
    path = tmp_path / f"digit.{kind.lower()}"
    picture("2").save(path)
    answer = client.predict(handle_file(path), 3, api_name="/predict")
    assert set(answer) == {"label", "confidences"}
    assert answer["label"] == answer["confidences"][0]["label"] == "2"
    assert len(answer["confidences"]) == 3
    expected = DigitCNN.from_pretrained(ROOT / "weights").classify(Image.open(path), top_k=3)
    assert [
        (row["label"], pytest.approx(row["confidence"], abs=1e-4)) for row in answer["confidences"]
    ] == expected


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
    metrics = json.loads((ROOT / "weights" / "metrics.json").read_text())
    assert info["parameters"] == metrics["parameters"]
    assert info["accuracy"] == {key: metrics["test"][key] for key in ("right", "total", "interval")}


def test_only_the_named_endpoints_are_offered(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/predict", "/info"}


# --- one picture, five ways ---------------------------------------------------------------------------------------------


def events(server, name: str, question: dict) -> dict | str:
    """What an agent gets that asks, and then reads the answer as events."""
    status, reply = post(server, name, question)
    if status != 200:
        return reply["error"]
    url = f"{server.url}/gradio_api/call/predict/{reply['event_id']}"
    with urllib.request.urlopen(url, timeout=60) as stream:
        text = stream.read().decode()
    kind, data = text.split("event: ")[-1].split("\ndata: ", 1)
    answer = json.loads(data)
    return answer[0] if kind == "complete" else answer["error"] if isinstance(answer, dict) else answer


def by_rest(server, content: bytes, top_k: object):
    status, reply = post(server, "run/predict", {"data": [data_url(content), top_k]})
    return reply["data"][0] if status == 200 else reply["error"]


def by_rest_of_an_upload(server, content: bytes, top_k: object):
    status, reply = post(server, "run/predict", {"data": [upload(server, content), top_k]})
    return reply["data"][0] if status == 200 else reply["error"]


def by_call(server, content: bytes, top_k: object):
    return events(server, "call/predict", {"data": [upload(server, content), top_k]})


def by_call_v2(server, content: bytes, top_k: object):
    return events(server, "call/v2/predict", {"picture": upload(server, content), "top_k": top_k})


def by_client(server, content: bytes, top_k: object):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(content)
        file.flush()
        try:
            return Client(server.url, verbose=False).predict(
                handle_file(file.name), top_k, api_name="/predict"
            )
        except AppError as error:
            return str(error)


def by_mcp(server, content: bytes, top_k: object):
    arguments = {"picture": data_url(content)["url"], "top_k": top_k}
    question = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "predict", "arguments": arguments},
    }
    result = post(server, "mcp/", question)[1]["result"]
    return result["content"][0]["text"] if result.get("isError") else result["structuredContent"]


WAYS = (by_rest, by_rest_of_an_upload, by_call, by_call_v2, by_client, by_mcp)


@pytest.mark.parametrize("digit", ["2", "7"])
def test_every_way_gives_the_same_answer(server, digit):
    answers = {way.__name__: way(server, encoded(picture(digit)), 4) for way in WAYS}
    assert set(map(json.dumps, answers.values())) == {json.dumps(answers["by_rest"])}, answers
    assert answers["by_rest"]["label"] == digit and len(answers["by_rest"]["confidences"]) == 4


@pytest.mark.parametrize(
    "content, top_k, words",
    [
        (encoded(Image.new("L", (100, 100))), 3, "no ink"),
        (b"This is no picture.", 3, "not a picture"),
        (encoded(Image.new("1", (5000, 10))), 3, "at most 4096 pixels"),
        (encoded(picture("3")), 11, "top_k is a whole number"),
        (encoded(picture("3")), "abc", "top_k is a whole number"),
    ],
    ids=["blank", "no picture", "too large", "top_k 11", "top_k abc"],
)
def test_every_way_says_the_same_sentence(server, content, top_k, words):
    sentences = {way.__name__: way(server, content, top_k) for way in WAYS}
    assert set(sentences.values()) == {sentences["by_rest"]}, sentences
    assert words in sentences["by_rest"] and sentences["by_rest"].endswith(".")


def test_top_k_is_three_unless_it_is_asked_for(server):
    content = encoded(picture("7"))
    answer = post(server, "run/predict", {"data": [data_url(content)]})[1]["data"][0]
    assert len(answer["confidences"]) == 3
    assert events(server, "call/v2/predict", {"picture": upload(server, content)}) == answer
    status, reply = post(server, "call/v2/predict", {"top_k": 3})
    assert (status, reply["error"]) == (422, "There is no picture: send one as the first argument.")


def test_a_picture_whose_metadata_speaks_of_file_names_is_uploaded(server):
    """Forms are read by a parser of forms, and not by looking for words in them."""
    note = PngInfo()
    note.add_text("Comment", 'filename="a" filename="b" Content-Disposition: form-data')
    buffer = io.BytesIO()
    picture("7").save(buffer, "PNG", pnginfo=note)
    assert by_rest_of_an_upload(server, buffer.getvalue(), 1)["label"] == "7"


PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nx\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n'


@pytest.mark.parametrize(
    "form",
    [
        PART * 2 + b"--b--\r\n",
        PART.replace(b"filename", b"FILENAME") * 2 + b"--b--\r\n",
        FIELD + PART + b"--b--\r\n",
        FIELD + b"--b--\r\n",
        PART.replace(b'"files"', b'"other"') + b"--b--\r\n",
        b"--b--\r\n",
        b"no form",
        b"",
    ],
    ids=["two", "two in capitals", "a field", "only a field", "another name", "none", "no form", "nothing"],
)
def test_what_is_no_single_picture_is_not_uploaded(server, form):
    request = urllib.request.Request(
        f"{server.url}/gradio_api/upload", form, {"Content-Type": "multipart/form-data; boundary=b"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 400
    assert json.load(refused.value)["error"].startswith("One picture is uploaded at a time")


@pytest.mark.parametrize("media", [None, "text/plain", "multipart/form-data"])
def test_an_upload_without_a_form_s_type_gets_a_sentence(server, media):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(
        "POST", "/gradio_api/upload", PART + b"--b--\r\n", {"Content-Type": media} if media else {}
    )
    reply = connection.getresponse()
    assert reply.status == 400 and json.load(reply)["error"].startswith("One picture is uploaded at a time")
    connection.close()


# --- what browsers load -------------------------------------------------------------------------------------------------


def get(server, path: str) -> tuple[int, dict, bytes]:
    """Status, headers and body."""
    try:
        with urllib.request.urlopen(f"{server.url}/{path}", timeout=30) as reply:
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_browsers_get_the_very_files_that_python_reads(server):
    status, headers, raw = get(server, "weights/current")
    now = json.loads(raw)
    assert status == 200 and headers["cache-control"] == "no-store"
    assert {key: now[key] for key in ("weights", "problem")} == {"weights": "embedded", "problem": None}
    for name in ("config.json", "model.safetensors"):
        status, headers, content = get(server, now["base"] + name)
        assert (status, content) == (200, (ROOT / "weights" / name).read_bytes())
        assert "immutable" in headers["cache-control"]
    assert (
        now["base"] == f"weights/{hashlib.sha256((ROOT / 'weights/config.json').read_bytes()).hexdigest()}/"
    )
    for path in (
        "weights/" + "0" * 64 + "/config.json",
        now["base"] + "metrics.json",
        now["base"] + "..%2fapp.py",
    ):
        assert get(server, path)[0] == 404


def test_the_page_s_files_carry_their_hash_and_are_kept_for_ever(server):
    assert assets()
    for name, path in assets().items():
        status, headers, content = get(server, f"web/{fingerprint()}/{name}")
        assert (status, content) == (200, path.read_bytes())
        assert headers["content-type"] == media_type(name) and "immutable" in headers["cache-control"]
    for path in (
        f"web/{'0' * 16}/digit.js",
        f"web/{fingerprint()}/assets.py",
        f"web/{fingerprint()}/..%2fapp.py",
    ):
        assert get(server, path)[0] == 404


# --- bad input ------------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,???", "data:text/plain;base64,AAAA", "data:image/png,AAAA"]
)
def test_bad_data_urls(server, url):
    status, reply = post(
        server, "run/predict", {"data": [{"url": url, "meta": {"_type": "gradio.FileData"}}, 3]}
    )
    assert status >= 400
    assert "picture" in str(reply)


@pytest.mark.thorough
def test_a_bad_port_is_refused_with_one_sentence(server, tmp_path):
    """And the store is not touched, which the page that has the port may be using."""
    for port, words in (("abc", "must be a number"), (str(server.port), "port")):
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "GRADIO_SERVER_PORT": port, "CONTRIBUTIONS_DIR": str(tmp_path / "store")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("app.py: ")
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "store").exists()
