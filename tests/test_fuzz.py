"""Broken files, drawings and requests: each gets an answer or one sentence, and the page is afterwards as it was before."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import random
import signal
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode

import board
from bench.fuzz import SEEDS, SENTENCE, Outcome, Target, bombs, good, hostile, mutate
from model import Config, DigitCNN, _read_config
from serving.limits import RateLimiter, Refused, address
from serving.predict import Predictor
from serving.settings import Settings
from tests.harness import ROOT
from tests.harness.calls import encoded
from tests.harness.person import DRAWINGS
from tests.harness.servers import Server

API = "/gradio_api"
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


def sentence(error: Exception) -> None:
    """What a person is told, and no more."""
    assert SENTENCE.fullmatch(str(error)), repr(error)


# --- files --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def target():
    target = Target()
    yield target
    target.child.end()


def findings(target: Target, files: dict[str, bytes]) -> dict[str, Outcome]:
    """The findings, by name of the file."""
    outcomes = {name: target.read(raw) for name, raw in files.items()}
    return {name: outcome for name, outcome in outcomes.items() if not outcome.good}


def test_good_files_of_every_mode_are_answered(target):
    outcomes = {name: target.read(raw) for name, raw in good().items()}
    assert {name: outcome for name, outcome in outcomes.items() if outcome.kind != "answer"} == {}


@pytest.mark.thorough
def test_hostile_files_get_an_answer_or_one_sentence(target):
    assert findings(target, hostile()) == {}


@pytest.mark.thorough
def test_bombs_are_among_them_and_are_ended(target):
    """Each class kept Pillow busy for seconds; the time that the server gives stops the longest."""
    assert bombs().keys() <= hostile().keys()
    outcomes = {name: target.read(raw) for name, raw in bombs().items()}
    assert outcomes["scans.jpg"].kind == outcomes["exif-segments.jpg"].kind == "ended"
    assert outcomes["empty-chunks.png"].kind in ("ended", "answer")
    assert target.read(good()["L.png"]).kind == "answer"


@pytest.mark.parametrize("name", sorted(path.name for path in SEEDS.glob("*.*")))
def test_what_once_went_wrong_does_so_no_more(target, name):
    assert findings(target, {name: (SEEDS / name).read_bytes()}) == {}


def test_a_few_hundred_mutated_files(target):
    rng, pool = random.Random(3), list(good().values())
    files = {
        f"{number} {name}": mutate(raw, rng, pool) for number in range(12) for name, raw in good().items()
    }
    assert findings(target, files) == {}


def test_a_crash_is_a_finding(target):
    assert target.read(good()["L.png"]).kind == "answer"
    for slowly in (False, True):
        if not target.child.process:
            target.child._start()
        target.child.process.send_signal(signal.SIGSEGV)
        target.child.process.wait()
        outcome = target.read(good()["L.png"], slowly)
    assert outcome.kind == f"crash {-signal.SIGSEGV}"


# --- parsers ------------------------------------------------------------------------------------------------

NUMBERS = st.floats() | st.integers() | st.sampled_from([-1e6, 1e6, 10**400, 2**63, 2**64, True, None, "5"])
JSON = st.recursive(
    NUMBERS | st.text(max_size=8) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
PLACES = st.floats(-2000, 2500) | st.integers(-2000, 2500)
LINES = st.lists(st.tuples(PLACES, PLACES).map(list), min_size=1, max_size=8)
STROKES = st.lists(
    st.fixed_dictionaries(
        {"points": LINES | LINES | st.lists(st.lists(NUMBERS, max_size=3), max_size=3) | JSON},
        optional={
            "radius": st.floats(5, 25) | NUMBERS,
            "times": st.lists(st.integers(-1, 10**7 + 1), max_size=8) | JSON,
        },
    )
    | JSON,
    max_size=4,
)
MUTATED = st.builds(
    lambda raw, seed: mutate(raw, random.Random(seed)),
    st.sampled_from(list(good().values())),
    st.integers(0, 2**32),
)
URLS = st.one_of(
    st.builds(
        "data:{};base64,{}".format,
        st.sampled_from(["image/png", "image/jpeg", "text/plain", "image/", ""]) | st.text(max_size=9),
        (st.binary(max_size=99) | MUTATED).map(lambda raw: base64.b64encode(raw).decode())
        | st.text(max_size=9),
    ),
    st.text(max_size=30),
    JSON,
)


@given(STROKES | JSON)
def test_strokes(payload):
    try:
        strokes = board.parse_strokes(payload)
    except ValueError as error:
        return sentence(error)
    for stroke in strokes:
        assert stroke.points.dtype == np.float64
        assert stroke.points.shape == (len(stroke.points), 2)
        assert len(stroke.points) >= 1
        assert (stroke.points >= -board.FAR).all()
        assert (stroke.points <= board.SIZE + board.FAR).all()
        assert board.MIN_RADIUS <= stroke.radius <= board.MAX_RADIUS
    drawn = board.render(strokes)
    assert (drawn.shape, drawn.dtype) == ((448, 448), np.uint8)


@given(URLS)
def test_arguments_that_are_pictures(url):
    predictor = Predictor.__new__(Predictor)
    predictor.uploads = Path("/nowhere")
    try:
        assert isinstance(predictor.content(url), bytes)
    except Refused as error:
        sentence(error)


STEPS = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(
        [
            "10.0.0.1",
            "8.8.8.8",
            "::ffff:8.8.8.8",
            "fe80::1%eth0",
            "2001:4860::1%x",
            "unknown",
            "",
            "8.8.8.8:5",
        ]
    ),
    st.text(max_size=12),
).map(lambda step: step.encode("utf-8", "replace"))
HEADERS = st.lists(
    st.tuples(st.just(b"x-forwarded-for"), st.lists(STEPS, max_size=4).map(b", ".join)), max_size=3
)
CLIENTS = st.none() | st.tuples(
    st.sampled_from(["127.0.0.1", "::1", "8.8.4.4", "", "fe80::2%en0"]), st.just(80)
)


@given(HEADERS, CLIENTS, st.booleans())
def test_addresses(headers, client, behind):
    scope, settings = {"headers": headers, "client": client}, Settings(behind_proxy=behind)
    peer_or_proxy, name = address(scope, settings), RateLimiter(settings).visitor(scope)
    peer = client[0] if client else ""
    assert peer_or_proxy == peer or (behind and ipaddress.ip_address(peer_or_proxy))
    assert len(bytes.fromhex(name)) == 12


GOOD_CONFIG = {**asdict(Config()), "channels": [2, 3, 4]}
CHANGES = {
    "format": JSON,
    # few, and so many that no memory holds them; between them lie networks that could be made
    "channels": st.tuples(*[st.integers(-1, 9) | st.sampled_from([True, 1.5, 10**15, 10**30])] * 3).map(list)
    | JSON,
    "dropout": st.floats(0, 1) | JSON,
    "temperature": st.floats(0.01, 100) | JSON,
    "threshold": st.floats(0, 1000) | JSON,
    "sha256": st.text(max_size=9) | JSON,
    "other": JSON,
}
CONFIGS = st.one_of([st.fixed_dictionaries({name: change}) for name, change in CHANGES.items()]).map(
    lambda changed: json.dumps({**GOOD_CONFIG, **changed}).encode()
)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONFIGS | JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
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


# --- a running page -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    """The page as `make run` serves it, believing what a proxy says of addresses, so that no kind uses up another's allowance."""
    server = Server(BEHIND_PROXY="1")
    yield server
    assert server.process.poll() is None, server.output()[-4000:]
    server.kill(signal.SIGTERM)


class Wire:
    """A connection that stays open, and is opened again when the page has closed it.

    `address` is whom a proxy says it is.
    """

    def __init__(self, server: Server, address: str = "9.9.9.9"):
        self.server, self.address = server, address
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, asked: Asked) -> tuple[int, bytes]:
        """Status and content of the answer."""
        for again in (True, False):
            connection = self._connection = self._connection or self._new()
            try:
                self._send(connection, asked)
                with connection.getresponse() as response:
                    content = response.read()
                if asked.declared or asked.method == "HEAD":
                    self.close()  # the rest of the body never comes
                return response.status, content
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()  # it had been idle too long
                if not again:
                    raise
        raise AssertionError

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)

    def _send(self, connection: http.client.HTTPConnection, asked: Asked) -> None:
        connection.putrequest(asked.method, asked.path, skip_accept_encoding=True)
        for name, value in {"X-Forwarded-For": self.address, "Content-Type": asked.media}.items():
            connection.putheader(name, value)
        if asked.chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        else:
            connection.putheader("Content-Length", str(asked.declared or len(asked.body)))
        connection.endheaders()
        if asked.chunked:  # without the end that a chunked body has: it is refused before
            for start in range(0, len(asked.body), 2**20):
                part = asked.body[start : start + 2**20]
                connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        elif asked.body:
            connection.send(asked.body)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


class Asked(NamedTuple):
    """A request; `declared` is a length that it states for a body which does not come."""

    path: str
    body: bytes = b""
    method: str = "POST"
    media: str = "application/json"
    declared: int = 0
    chunked: bool = False


def post(name: str, question: object) -> Asked:
    return Asked(f"{API}/{name}", json.dumps(question).encode())


def picture_url(digit: str = "7") -> str:
    drawn = board.render([board.Stroke(np.array(stroke), 14.0) for stroke in DRAWINGS[digit]])
    return f"data:image/png;base64,{base64.b64encode(encoded(Image.fromarray(drawn), 'PNG')).decode()}"


ENDPOINTS = ("component_server/", "run/predict", "run/info", "queue/join", "call/predict", "call/v2/predict")
ODD = (
    None, True, -1, 0, 3, 99, 2**63, 2**64, 10**40, 1e308, float("nan"), float("inf"), "", "x", "\ud800", "\0", [], {}, [[]],
)  # fmt: skip


def value(rng: random.Random, depth: int = 3) -> object:
    """Something that JSON can say."""
    if depth == 0 or rng.random() < 0.6:
        return rng.choice(ODD)
    if rng.random() < 0.5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {
        rng.choice(("points", "path", "url", "meta", "x", "")): value(rng, depth - 1)
        for _ in range(rng.randrange(4))
    }


def stroke(rng: random.Random) -> object:
    places = [[rng.choice(ODD), rng.choice(ODD)] for _ in range(3)]
    return {"points": rng.choice((places, value(rng))), "radius": rng.choice(ODD), "times": value(rng)}


def broken_json(rng: random.Random) -> Asked:
    raw = json.dumps({"data": [{"url": "data:"}, 3], "session_hash": "word"}).encode()
    body = rng.choice(
        (raw[: rng.randrange(len(raw))], raw + rng.randbytes(3), rng.randbytes(60), raw.replace(b":", b";"))
    )
    return Asked(f"{API}/{rng.choice(ENDPOINTS)}", body)


def wrong_shapes(rng: random.Random) -> Asked:
    question = rng.choice(
        (
            value(rng),
            {"data": rng.choice((None, 5, "x", {"a": 1}, [0] * 17)), "session_hash": rng.choice(ODD)},
            {"data": [], "fn_index": rng.choice(("1", 1.5, [], {}, True)), "session_hash": "word"},
            {"data": [], "session_hash": rng.choice((5, [], {}, "x" * 65, True))},
        )
    )
    return post(rng.choice(("run/predict", "queue/join", "call/predict", "component_server/")), question)


def wrong_arguments(rng: random.Random) -> Asked:
    first = rng.choice(
        (value(rng), {"path": value(rng, 1)}, {"url": value(rng, 1), "meta": {"_type": "gradio.FileData"}})
    )
    return post(rng.choice(("run/predict", "api/predict")), {"data": [first, rng.choice((3, value(rng)))]})


def events(rng: random.Random) -> Asked:
    question = {
        "data": [None, 3],
        "session_hash": "word",
        "fn_index": rng.choice((-1, 99, 2**40, 2**70, None)),
    }
    question |= {
        rng.choice(("batched", "simple_format", "request", "event_data", "trigger_id", "x")): value(rng)
    }
    return post(rng.choice(("queue/join", "run/predict")), question)


def nested(rng: random.Random) -> Asked:
    depth = rng.choice((50, 900, 3000, 50_000))
    begin, end = rng.choice((("[", "]"), ('{"a":', "}")))
    deep = begin * depth + ("1" + end * depth if rng.random() < 0.7 else "")
    question = rng.choice(
        (
            "%s",
            '{"data":[null,3],"x":%s}',
            '{"data":%s}',
            '{"data":[%s,3]}',
            '{"data":[{"url":%s},3]}',
            '{"fn_name":%s}',
        )
    )
    return Asked(
        f"{API}/{rng.choice(('run/predict', 'component_server/', 'queue/join'))}", (question % deep).encode()
    )


def numbers(rng: random.Random) -> Asked:
    odd = [number for number in ODD if isinstance(number, (int, float)) and number not in (0, 3)]
    if rng.random() < 0.5:
        return post(
            "run/predict", {"data": [{"url": picture_url()}, rng.choice([n for n in odd if n is not True])]}
        )
    drawing = {"receipt": "x", "id": rng.choice(odd), "label": rng.choice(odd), "strokes": [stroke(rng)]}
    return post("component_server/", {"fn_name": "keep", "data": drawing})


def too_large(rng: random.Random) -> Asked:
    name = rng.choice((*ENDPOINTS, "upload"))
    return Asked(
        f"{API}/{name}",
        declared=rng.choice((2**25, 2**31, 2**40, 10**14)),
        media="multipart/form-data; boundary=b",
    )


def too_large_unsaid(rng: random.Random) -> Asked:
    return Asked(f"{API}/component_server/", b" " * (2**18 + 1), chunked=True)


def wrong_paths(rng: random.Random) -> Asked:
    odd = (
        "%00",
        "%ff",
        "..",
        "%2e%2e",
        "a" * 300,
        "a" * 3000,
        "\\",
        "file=/etc/passwd",
        "proxy=x",
        "x.js",
        "queue",
        "run",
    )
    parts = [
        rng.choice((*odd, "static", "assets", "gradio_api", "config", "call"))
        for _ in range(rng.randrange(1, 5))
    ]
    return Asked(
        "/" + "/".join((*parts, "nothing")), method=rng.choice(("GET", "POST", "DELETE", "PUT", "TRACE"))
    )


def uploads(rng: random.Random) -> Asked:
    name = rng.choice((b"", b"..", b"a" * 5000, b"\xff", b"a\0b"))
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nx\r\n' % name
    media = "multipart/form-data; boundary=b"
    body, media = rng.choice(
        (
            (
                part + b"--b--\r\n",
                rng.choice(("text/plain", "multipart/form-data", "multipart/mixed; boundary=b", "")),
            ),
            (part + b"--b--\r\n", "multipart/form-data; boundary=" + "b" * rng.choice((300, 3000))),
            (part.replace(b'; filename="%s"' % name, b"") + b"--b--\r\n", media),
            (part.replace(b"; name", b"; game") + b"--b--\r\n", media),
            (b"--b\r\n" + b"X: y\r\n" * 2000 + b"\r\n", media),
            (rng.randbytes(200), media),
            (part.replace(name, b"..") + b"--b--\r\n", media),
        )
    )
    return Asked(f"{API}/upload", body, media=media)


def data_urls(rng: random.Random) -> Asked:
    broken = mutate(rng.choice(BAD_PICTURES), rng)[:200]
    body = rng.choice((base64.b64encode(broken).decode(), "?", "AAA", "\u00e9", "A" * 70_000))
    heads = (
        "data:image/png;base64,",
        "data:image/png,",
        "data:text/html;base64,",
        "data:",
        "data:image/;base64;,",
    )
    url = rng.choice(heads) + body
    return post(
        "run/predict", {"data": [{"url": url, "meta": rng.choice(({"_type": "gradio.FileData"}, 5))}, 3]}
    )


BAD_PICTURES = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"]


def component_questions(rng: random.Random) -> Asked:
    names = ("recognise", "status", "keep", "keep", "consent", "collection", "forget")
    question = {"fn_name": rng.choice(names), "component_id": 4, "session_hash": "word"}
    question["data"] = {
        "receipt": rng.choice(ODD),
        "strokes": [stroke(rng)],
        "revision": rng.choice(ODD),
        "label": "1",
    }
    odd = rng.choice(("fn_name", "data", "data", "data"))
    question[odd] = rng.choice((value(rng), rng.choice(ODD), stroke(rng)))
    if rng.random() < 0.2:
        question.pop(rng.choice(list(question)))
    return post("component_server/", question)


KINDS = (
    broken_json, wrong_shapes, wrong_arguments, events, nested, numbers, too_large, too_large_unsaid, wrong_paths, uploads, data_urls,
    component_questions,
)  # fmt: skip


def fault(asked: Asked, status: int, content: bytes) -> str | None:
    """What is wrong about an answer to a bad request; None when nothing is."""
    if not (400 <= status < 500 or status in (200, 503)) or b"Traceback" in content:
        return f"{status}: {content[:80]!r}"
    if status == 200 and asked.path.endswith("upload"):
        return None  # what a file is called is no matter
    try:
        message = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return f"{status} without an error in JSON: {content[:80]!r}"
    if status == 200 and "component_server" not in asked.path:  # there a bad drawing is no bad request
        return f"200: {content[:80]!r}"
    return None if SENTENCE.fullmatch(message) else f"no sentence: {message[:80]!r}"


def throw(page: Server, kind: Callable, count: int, seed: int) -> Counter:
    """So many requests of a kind: what is wrong about the answers, how often, with one request that does it."""
    rng, faults, example = random.Random(f"{kind.__name__} {seed}"), Counter(), {}
    wire = Wire(page, f"9.9.9.{1 + KINDS.index(kind)}")
    for _ in range(count):
        asked = kind(rng)
        if message := fault(asked, *wire.ask(asked)):
            faults[message] += 1
            example.setdefault(message, f"{asked.method} {asked.path[:60]} {asked.body[:160]!r}")
    wire.close()
    return Counter({f"{message} <- {example[message]}": times for message, times in faults.items()})


def memory(page: Server) -> float:
    """MB that the page's process has."""
    lines = Path(f"/proc/{page.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def reads_a_digit(page: Server) -> None:
    """The page still does what it is for."""
    status, content = Wire(page, "8.8.8.8").ask(post("run/predict", {"data": [{"url": picture_url("7")}, 1]}))
    assert (status, json.loads(content)["data"][0]["label"]) == (200, "7")


def test_no_file_of_the_server_is_opened(page, tmp_path):
    """A path is that of an upload or none: the page says nothing of its disk, and does not read a file that has no end."""
    (tmp_path / "digit.png").write_bytes(encoded(Image.new("L", (40, 40)), "PNG"))
    wire = Wire(page)
    answers = set()
    for path in (
        tmp_path / "digit.png",
        tmp_path / "none.png",
        "/etc/passwd",
        tmp_path,
        ROOT / "docs/images/digit.png",
    ):
        for meta in ({}, {"meta": {"_type": "gradio.FileData"}}):
            status, content = wire.ask(post("run/predict", {"data": [{"path": str(path), **meta}, 3]}))
            answers.add((status, content))
    assert len(answers) == 1, answers
    assert answers.pop()[0] == 400
    status, _ = wire.ask(
        post("run/predict", {"data": [{"path": "/dev/zero", "meta": {"_type": "gradio.FileData"}}, 3]})
    )
    assert status == 400
    reads_a_digit(page)


# --- the page's own schema ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema(page):
    return schemathesis.openapi.from_url(f"{page.url}{API}/openapi.json")


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as it says", "otherwise"]
)
def test_what_the_schema_says_and_what_it_does_not(schema, mode):
    """Every operation: no failure, nothing of the program's inside, JSON where JSON is promised."""
    tried = Counter()
    for operation in (operation.ok() for operation in schema.get_all_operations()):
        if mode == GenerationMode.NEGATIVE and operation.method == "get":
            continue  # an event's name is any text: none is wrong

        @settings(max_examples=40, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            tried[case.path] += 1
            response = case.call(timeout=20)
            assert response.status_code < 500 or response.status_code == 503, response.content[:200]
            assert b"Traceback" not in response.content
            media = response.headers["content-type"][0]
            if media.startswith("text/event-stream"):
                assert case.method == "GET"
            else:
                response.json()

        check()
    assert sum(tried.values()) >= 50, tried


def test_an_operation_of_the_schema_gives_what_it_promises(page):
    """Send a picture, ask by the arguments' names, read the answer as events."""
    wire = Wire(page)
    content = encoded(Image.open(ROOT / "docs/images/digit.png"), "PNG")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%s\r\n--b--\r\n'
        % content
    )
    status, content = wire.ask(Asked(f"{API}/upload", body, media="multipart/form-data; boundary=b"))
    assert status == 200
    file = {"path": json.loads(content)[0], "meta": {"_type": "gradio.FileData"}}
    status, content = wire.ask(post("call/v2/predict", {"picture": file, "top_k": 1}))
    assert status == 200, content
    status, content = wire.ask(Asked(f"{API}/call/predict/{json.loads(content)['event_id']}", method="GET"))
    assert status == 200
    assert content.startswith(b"event: complete")
    assert json.loads(content.split(b"data: ")[1])[0]["label"] == "2"


# --- bad requests by the thousand ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_bad_requests_get_one_sentence(page, kind):
    assert throw(page, kind, 100, seed=1) == {}
    reads_a_digit(page)


def test_bodies_that_never_come_are_forgotten(page):
    """More of them than the page takes into memory at once."""
    for name in ("component_server/", "run/predict", "upload"):
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", page.port)) as connection:
                head = f"POST {API}/{name} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n"
                connection.sendall(head.encode() + b"{")
    reads_a_digit(page)


@pytest.mark.thorough
@LINUX
def test_a_thousand_bad_requests_of_each_kind_leave_no_trace(page):
    for kind in KINDS:
        throw(page, kind, 100, seed=1)
    before, grown, faults = memory(page), {}, {}
    for kind in KINDS:
        start = memory(page)
        faults |= throw(page, kind, 1000, seed=2)
        grown[kind.__name__] = round(memory(page) - start, 1)
    assert memory(page) - before < 50, grown
    reads_a_digit(page)
    assert faults == {}
