"""Broken files, drawings and requests: each gets an answer or one sentence, and the page goes on."""

import base64
import json
import random
import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import board
from tests.harness.calls import API, BOMBS, data_url, encoded, get, picture, predict
from tests.harness.fuzz import SEEDS, SENTENCE, findings, good, hostile, mutate, outcome

# --- files ---


def test_good_files_of_every_mode_are_answered():
    outcomes = {name: outcome(raw) for name, raw in good().items()}
    assert set(outcomes.values()) == {"answer"}, outcomes


def test_what_once_went_wrong_does_so_no_more():
    seeds = {path.name: path.read_bytes() for path in SEEDS.glob("*.*")}
    assert seeds and findings(seeds) == {}


@pytest.mark.parametrize("turns", [2, pytest.param(40, marks=pytest.mark.thorough)])
def test_mutated_files(turns):
    rng = random.Random(turns)
    for _ in range(turns):
        assert findings({name: mutate(raw, rng) for name, raw in good().items()}) == {}


@pytest.mark.thorough
def test_hostile_files_get_an_answer_or_one_sentence():
    """The time limit stops the bombs, which keep Pillow busy for seconds."""
    assert findings(hostile()) == {}
    assert outcome(BOMBS["scans"]()) == outcome(BOMBS["exif"]()) == "ended"
    assert outcome(good()["L.png"]) == "answer"


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.kill(os.getpid(), 11)", f"crash {-signal.SIGSEGV}"),
        ("import time; print('half a line', flush=True); time.sleep(9)", f"crash {-signal.SIGKILL}"),
    ],
)
def test_a_child_that_crashes_or_answers_nonsense_is_replaced(code, how, tmp_path, monkeypatch):
    (tmp_path / "child.py").write_text(code)
    monkeypatch.setattr("serving.decoder._own", threading.local())
    with monkeypatch.context() as patched:
        patched.setattr("serving.decoder.__file__", str(tmp_path / "child.py"))
        assert outcome(good()["L.png"]) == how
    assert outcome(good()["L.png"]) == "answer"


# --- strokes ---

NUMBERS = st.floats() | st.integers() | st.sampled_from([-1e6, 1e6, 10**400, 2**63, True, None, "5"])
JSON = st.recursive(
    NUMBERS | st.text(max_size=8),
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
        assert stroke.points.dtype == np.float64 and stroke.points.shape == (len(stroke.points), 2)
        assert ((-board.FAR <= stroke.points) & (stroke.points <= board.SIZE + board.FAR)).all()
        assert len(stroke.points) and board.MIN_RADIUS <= stroke.radius <= board.MAX_RADIUS
    drawn = board.render(strokes)
    assert (drawn.shape, drawn.dtype) == ((448, 448), np.uint8)


# --- requests ---

PREDICT = f"{API}/run/predict"
CALLS = (PREDICT, f"{API}/call/v2/predict", f"{API}/queue/join", f"{API}/mcp/")
PATHS = (*CALLS, *(f"/contributions/{name}" for name in "consent submit status delete collection".split()))
ODD = (
    None, True, -1, 0, 99, 2**63, 2**64, 10**40, 1e308, float("nan"), float("inf"),
    "x", "\ud800", "\0", {}, [[]],
)  # fmt: skip
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP")


def value(rng: random.Random, depth: int = 3) -> object:
    """A value of JSON."""
    if depth == 0 or rng.random() < 0.6:
        return rng.choice(ODD)
    if rng.random() < 0.5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = ("points", "path", "url", "meta", "x", "")
    return {rng.choice(keys): value(rng, depth - 1) for _ in range(rng.randrange(4))}


def broken_json(rng: random.Random) -> tuple[str, bytes]:
    raw = json.dumps({"data": [{"url": "data:"}, 3], "session_hash": "word"}).encode()
    cut = raw[: rng.randrange(len(raw))]
    many = b'{"data": [' + b"1," * 70_000 + b"1]}"
    return rng.choice(PATHS), rng.choice((cut, raw + rng.randbytes(3), raw.replace(b":", b";"), many))


def wrong_arguments(rng: random.Random) -> tuple[str, bytes]:
    broken = mutate(rng.choice(SIGNATURES), rng)[:200]
    body = rng.choice((base64.b64encode(broken).decode(), "?", "AAA", "\u00e9", "A" * 70_000))
    head = rng.choice(("data:image/png;base64,", "data:text/html;base64,", "data:", " data:"))
    wrapped = {"path": value(rng, 1), "url": value(rng, 1), "meta": {"_type": "gradio.FileData"}}
    first = rng.choice((value(rng), wrapped, {"url": head + body}, data_url(encoded(picture("7")))))
    return PREDICT, json.dumps({"data": [first, rng.choice([odd for odd in ODD if odd != 1])]}).encode()


def nested(rng: random.Random) -> tuple[str, bytes]:
    depth = rng.choice((900, 3000, 50_000))
    begin, end = rng.choice((("[", "]"), ('{"a":', "}")))
    deep = begin * depth + rng.choice(("", "1" + end * depth))
    question = rng.choice(("%s", '{"data":%s}', '{"data":[%s,3]}', '{"data":[{"url":%s},3]}'))
    return rng.choice(PATHS), (question % deep).encode()


KINDS = (broken_json, wrong_arguments, nested)


def fault(content: bytes) -> str | None:
    """The fault of an answer to a bad request, or None."""
    try:
        message = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return f"no error in JSON: {content[:80]!r}"
    return None if SENTENCE.fullmatch(message) else f"no sentence: {message[:80]!r}"


@pytest.mark.parametrize("count", [12, pytest.param(300, marks=pytest.mark.thorough)])
def test_bad_requests_get_one_sentence(server, count):
    """The page still reads a digit afterwards."""
    rng, faults = random.Random(count), {}
    for kind in KINDS * count:
        path, body = kind(rng)
        content = get(server, path, "POST", {"Content-Type": "application/json"}, body)[2]
        if message := fault(content):
            faults[message] = (path[:60], body[:160])
    assert faults == {}
    assert predict(server, encoded(picture("7")), 1)[1]["label"] == "7"


def test_no_file_of_the_server_is_opened(server, tmp_path):
    """The answers tell nothing about the disk, and an endless file is not read."""
    (tmp_path / "digit.png").write_bytes(encoded(picture("7")))
    answers = set()
    for path in (tmp_path / "digit.png", tmp_path / "other.png", "/dev/./zero", "/dev/./nothing"):
        body = json.dumps({"data": [{"path": str(path), "meta": {"_type": "gradio.FileData"}}, 3]}).encode()
        answers.add(get(server, PREDICT, "POST", {"Content-Type": "application/json"}, body)[2])
    assert len(answers) == 1 and fault(answers.pop()) is None
