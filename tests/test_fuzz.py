"""Broken files, drawings and requests: each gets an answer or one sentence, and the page goes on."""

from __future__ import annotations

import base64
import json
import random
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import board
from model import Config, DigitCNN, _read_config
from tests.harness import ROOT
from tests.harness.calls import data_url, encoded, picture
from tests.harness.fuzz import SEEDS, SENTENCE, Target, bombs, good, hostile, mutate

# --- files ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def target():
    return Target()


def findings(target: Target, files: dict[str, bytes]) -> dict:
    """The outcomes that should not be, by name of the file."""
    outcomes = {name: target.read(raw) for name, raw in files.items()}
    return {name: outcome for name, outcome in outcomes.items() if not outcome.good}


def test_good_files_of_every_mode_are_answered(target):
    outcomes = {name: target.read(raw) for name, raw in good().items()}
    assert {name: outcome for name, outcome in outcomes.items() if outcome.kind != "answer"} == {}


def test_what_once_went_wrong_does_so_no_more(target):
    seeds = {path.name: path.read_bytes() for path in SEEDS.glob("*.*")}
    assert seeds and findings(target, seeds) == {}


@pytest.mark.parametrize("turns", [2, pytest.param(40, marks=pytest.mark.thorough)])
def test_mutated_files(target, turns):
    rng, pool = random.Random(turns), list(good().values())
    files = {
        f"{turn} {name}": mutate(raw, rng, pool) for turn in range(turns) for name, raw in good().items()
    }
    assert findings(target, files) == {}


@pytest.mark.thorough
def test_hostile_files_get_an_answer_or_one_sentence(target):
    """The bombs are among them, which keep Pillow busy for seconds; the time limit stops the longest."""
    assert findings(target, hostile()) == {}
    outcomes = {name: target.read(raw) for name, raw in bombs().items()}
    assert outcomes["scans.jpg"].kind == outcomes["exif-segments.jpg"].kind == "ended"
    assert target.read(good()["L.png"]).kind == "answer"


def test_a_crash_is_a_finding(target, tmp_path, monkeypatch):
    (tmp_path / "child.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr("serving.decoder.__file__", str(tmp_path / "child.py"))
    monkeypatch.setattr("serving.decoder._own", threading.local())
    outcome = target.read(good()["L.png"])
    assert outcome.kind == f"crash {-signal.SIGSEGV}" and not outcome.good


# --- parsers ----------------------------------------------------------------------------------------------

NUMBERS = st.floats() | st.integers() | st.sampled_from([-1e6, 1e6, 10**400, 2**63, True, None, "5"])
JSON = st.recursive(
    NUMBERS | st.text(max_size=8) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
PLACES = st.floats(-2000, 2500) | st.integers(-2000, 2500)
LINES = st.lists(st.tuples(PLACES, PLACES).map(list), min_size=1, max_size=8)
POINTS = LINES | LINES | st.lists(st.lists(NUMBERS, max_size=3), max_size=3) | JSON
STROKE = st.fixed_dictionaries({"points": POINTS}, optional={"radius": st.floats(5, 25) | NUMBERS})


@given(st.lists(STROKE | JSON, max_size=4) | JSON)
def test_strokes(payload):
    try:
        strokes = board.parse_strokes(payload)
    except ValueError as error:
        assert SENTENCE.fullmatch(str(error)), repr(error)
        return
    for stroke in strokes:
        assert stroke.points.dtype == np.float64
        assert stroke.points.shape == (len(stroke.points), 2) and len(stroke.points) >= 1
        assert (stroke.points >= -board.FAR).all()
        assert (stroke.points <= board.SIZE + board.FAR).all()
        assert board.MIN_RADIUS <= stroke.radius <= board.MAX_RADIUS
    drawn = board.render(strokes)
    assert (drawn.shape, drawn.dtype) == ((448, 448), np.uint8)


GOOD_CONFIG = {**asdict(Config()), "channels": [2, 3, 4]}
# Channels are few, or so many that no memory holds them; between them lie networks that could be made.
WIDTHS = st.integers(-1, 9) | st.sampled_from([True, 1.5, 10**15, 10**30])
CHANGES = {
    "format": JSON,
    "channels": st.tuples(WIDTHS, WIDTHS, WIDTHS).map(list) | JSON,
    "dropout": st.floats(0, 1) | JSON,
    "temperature": st.floats(0.01, 100) | JSON,
    "threshold": st.floats(0, 1000) | JSON,
    "sha256": st.text(max_size=9) | JSON,
    "other": JSON,
}
CONFIGS = st.one_of([st.fixed_dictionaries({name: change}) for name, change in CHANGES.items()])
RAW = CONFIGS.map(lambda changed: json.dumps({**GOOD_CONFIG, **changed}).encode())


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RAW | JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_configurations_of_a_network(tmp_path, raw):
    path = tmp_path / "config.json"
    path.write_bytes(raw)
    try:
        config = _read_config(path, "a folder")
    except ValueError as error:
        assert "\n" not in str(error)
        assert str(error)[-1] == "."
        return
    assert isinstance(config, Config)
    DigitCNN(config)


# --- requests ---------------------------------------------------------------------------------------------

PREDICT = "gradio_api/run/predict"
CONTRIBUTIONS = tuple(
    f"contributions/{name}" for name in ("consent", "submit", "status", "delete", "accepted")
)
ODD = (
    None, True, -1, 0, 99, 2**63, 2**64, 10**40, 1e308, float("nan"), float("inf"),
    "", "x", "\ud800", "\0", [], {}, [[]],
)  # fmt: skip
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP")


class Asked(NamedTuple):
    """A request."""

    path: str
    body: bytes = b""
    method: str = "POST"


def post(name: str, question: object) -> Asked:
    return Asked(name, json.dumps(question).encode())


def value(rng: random.Random, depth: int = 3) -> object:
    """Something that JSON can say."""
    if depth == 0 or rng.random() < 0.6:
        return rng.choice(ODD)
    if rng.random() < 0.5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = ("points", "path", "url", "meta", "x", "")
    return {rng.choice(keys): value(rng, depth - 1) for _ in range(rng.randrange(4))}


def broken_json(rng: random.Random) -> Asked:
    raw = json.dumps({"data": [{"url": "data:"}, 3], "session_hash": "word"}).encode()
    cut = raw[: rng.randrange(len(raw))]
    body = rng.choice((cut, raw + rng.randbytes(3), rng.randbytes(60), raw.replace(b":", b";")))
    return Asked(rng.choice((PREDICT, *CONTRIBUTIONS)), body)


def wrong_arguments(rng: random.Random) -> Asked:
    first = rng.choice((value(rng), {"path": value(rng, 1)}, {"url": value(rng, 1), "meta": value(rng, 1)}))
    return post(PREDICT, {"data": [first, rng.choice((3, value(rng)))]})


def wrong_top_k(rng: random.Random) -> Asked:
    odd = [each for each in ODD if each not in (None, True, "")]
    return post(PREDICT, {"data": [data_url(encoded(picture("7"))), rng.choice(odd)]})


def nested(rng: random.Random) -> Asked:
    depth = rng.choice((900, 3000, 50_000))
    begin, end = rng.choice((("[", "]"), ('{"a":', "}")))
    deep = begin * depth + ("1" + end * depth if rng.random() < 0.7 else "")
    question = rng.choice(("%s", '{"data":%s}', '{"data":[%s,3]}', '{"data":[{"url":%s},3]}'))
    return Asked(rng.choice((PREDICT, *CONTRIBUTIONS)), (question % deep).encode())


def data_urls(rng: random.Random) -> Asked:
    broken = mutate(rng.choice(SIGNATURES), rng)[:200]
    body = rng.choice((base64.b64encode(broken).decode(), "?", "AAA", "\u00e9", "A" * 70_000))
    head = rng.choice(
        ("data:image/png;base64,", "data:image/png,", "data:text/html;base64,", "data:", " data:")
    )
    return post(PREDICT, {"data": [{"url": head + body, "meta": {"_type": "gradio.FileData"}}, 3]})


def contributed(rng: random.Random) -> Asked:
    places = [[rng.choice(ODD), rng.choice(ODD)] for _ in range(3)]
    strokes = [{"points": rng.choice((places, value(rng))), "radius": rng.choice(ODD), "times": value(rng)}]
    drawing = {
        "receipt": rng.choice(ODD),
        "id": rng.choice(ODD),
        "label": rng.choice(ODD),
        "strokes": strokes,
    }
    return post(rng.choice(CONTRIBUTIONS), rng.choice((drawing, value(rng))))


def wrong_paths(rng: random.Random) -> Asked:
    odd = ("%00", "%ff", "..", "%2e%2e", "a" * 3000, "\\", "file=/etc/passwd", "proxy=x", "x.js", "queue")
    names = (*odd, "static", "assets", "gradio_api", "config")
    parts = [rng.choice(names) for _ in range(rng.randrange(1, 5))]
    return Asked("/".join((*parts, "nothing")), method=rng.choice(("GET", "POST", "DELETE", "PUT")))


KINDS = (broken_json, wrong_arguments, wrong_top_k, nested, data_urls, contributed, wrong_paths)


def answer(server, asked: Asked) -> tuple[int, bytes]:
    """Status and content of the page's answer."""
    headers = {"Content-Type": "application/json"}
    url = f"{server.url}/{urllib.parse.quote(asked.path, safe='/%=.')}"
    body = asked.body if asked.method == "POST" else None
    request = urllib.request.Request(url, body, headers, method=asked.method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def fault(status: int, content: bytes) -> str | None:
    """What is wrong about the answer to a bad request; None when nothing is."""
    if b"Traceback" in content:
        return f"{status}: a traceback"
    try:
        message = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return f"{status} without an error in JSON: {content[:80]!r}"
    return None if SENTENCE.fullmatch(message) else f"{status} without a sentence: {message[:80]!r}"


@pytest.fixture
def digit_is_read(server):
    """Whatever a test sends, the page still reads a digit afterwards."""
    yield
    status, content = answer(server, post(PREDICT, {"data": [data_url(encoded(picture("7"))), 1]}))
    assert (status, json.loads(content)["data"][0]["label"]) == (200, "7")


@pytest.mark.parametrize("count", [12, pytest.param(300, marks=pytest.mark.thorough)])
def test_bad_requests_get_one_sentence(server, digit_is_read, count):
    faults = {}
    for kind in KINDS:
        rng = random.Random(f"{kind.__name__} {count}")
        for _ in range(count):
            asked = kind(rng)
            if message := fault(*answer(server, asked)):
                faults[f"{kind.__name__}: {message}"] = (
                    f"{asked.method} {asked.path[:60]} {asked.body[:160]!r}"
                )
    assert faults == {}


def test_no_file_of_the_server_is_opened(server, digit_is_read, tmp_path):
    """The page says nothing of its disk, and does not read a file that has no end."""
    (tmp_path / "digit.png").write_bytes(encoded(Image.new("L", (40, 40))))
    here = ROOT / "docs" / "images" / "digit.png"
    answers: set[tuple[int, bytes]] = set()
    for path in (tmp_path / "digit.png", tmp_path / "none.png", "/etc/passwd", tmp_path, here, "/dev/zero"):
        file = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        answers.add(answer(server, post(PREDICT, {"data": [file, 3]})))
    assert len(answers) == 1, answers
    assert fault(*answers.pop()) is None
