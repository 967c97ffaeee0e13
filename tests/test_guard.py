"""The door of the page: what is let in, how much of it, what goes out with every answer, and how it stops."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import re
import signal
import socket
import threading
import time
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Server, in_thread
from PIL import Image
from test_api import DRAWINGS, data_url, post
from test_api import ask as ask_board

import board
from model import DigitCNN
from page import guard, host, lane, visitors
from page.growing import Growing
from page.lane import Busy, Lane
from page.visitors import ALLOWANCES, Allowance, Refused, Visitors

# --- what is let in ---------------------------------------------------------------------------------------------------


def get(server: Server, path: str, method: str = "GET", headers: dict | None = None, body: bytes | None = None):
    """Status, headers and body of a request, whatever the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, content


CLOSED = [
    ("GET", "/gradio_api/proxy=https://example.com/"), ("GET", "/monitoring"), ("GET", "/monitoring/summary"),
    ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/file/etc/passwd"), ("POST", "/login"),
    ("GET", "/gradio_api/token"), ("GET", "/gradio_api/runs"), ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/process_recording"), ("GET", "/gradio_api/deep_link?session_hash=a"), ("GET", "/docs"),
    ("GET", "/gradio_api/custom_component/a/b/c/d"), ("POST", "/gradio_api/stream/a"), ("POST", "/gradio_api/cancel"),
    ("GET", "/gradio_api/dev/reload"), ("POST", "/gradio_api/run/other"), ("GET", "/%2e%2e/app.py"), ("GET", "//"),
    ("GET", "/assets/../../app.py"),
]  # fmt: skip


@pytest.mark.parametrize("method, path", CLOSED, ids=lambda value: value)
def test_what_the_page_does_not_need_is_closed(server, method, path):
    status, _, content = get(server, path, method)
    assert status == 404
    assert b"import gradio" not in content


def test_other_methods_are_refused_with_a_sentence(server):
    for method, path in (("DELETE", "/"), ("GET", "/gradio_api/component_server"), ("PUT", "/config")):
        status, _, content = get(server, path, method)
        assert status == 405
        assert json.loads(content)["error"].endswith(" only.")


def test_headers_of_every_answer(server):
    for path in ("/", "/health", "/nothing", "/config", "/gradio_api/openapi.json"):
        _, headers, _ = get(server, path)
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy and "object-src 'none'" in policy and "'unsafe-inline' 'nonce" not in policy
        )
        assert "frame-ancestors 'self' https://huggingface.co" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] and headers["permissions-policy"]
        assert "server" not in headers


def test_scripts_run_with_a_nonce_that_is_new_each_time(server):
    seen = set()
    for _ in range(2):
        _, headers, html = get(server, "/")
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", headers["content-security-policy"]))
        scripts = re.findall(r"<script[^>]*>", html.decode())
        assert scripts and all(f'nonce="{nonce}"' in script for script in scripts)
        seen.add(nonce)
    assert len(seen) == 2


def test_the_page_works_under_its_policy(server, browser):
    said = []
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(server.url)
    page.get_by_role("button", name=re.compile("Draw an example 2")).click()
    page.wait_for_selector('#prediction[data-digit="2"]')
    page.get_by_role("tab", name="Contribute").click()
    page.wait_for_timeout(300)
    page.evaluate(
        """() => { const s = document.createElement('script'); s.textContent = 'window.crept = 1'; document.body.append(s); }"""
    )
    assert page.evaluate("window.crept") is None
    broken = [line for line in said if "Content Security Policy" in line]
    assert len(broken) == 1, said  # just the script that crept in
    page.close()


def raw(server: Server, request: bytes, seconds: float = 10) -> bytes:
    """What comes back on a connection of its own until it is closed or silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        parts = []
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                parts.append(part)
                if b"\r\n\r\n" in b"".join(parts):
                    break
        except ConnectionError:
            pass
        return b"".join(parts)


@pytest.mark.parametrize("path", ["component_server", "run/predict", "call/predict", "queue/join", "upload"])
def test_bodies_are_bounded_before_they_are_read(server, path):
    head = f"POST /gradio_api/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    said = raw(server, f"{head}Content-Length: 99999999999\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 413")
    # without a length, in chunks that never end
    limit = next(door.body for door in guard.DOORS if door.path.fullmatch(f"/gradio_api/{path}"))
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    form = head.replace("application/json", "multipart/form-data; boundary=x") if path == "upload" else head
    begin = b"2\r\n--\r\n" if path == "upload" else b""
    said = raw(server, f"{form}Transfer-Encoding: chunked\r\n\r\n".encode() + begin + chunk * (limit // 2**20 + 2))
    assert said.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")) or said == b""  # closed while we still sent
    assert get(server, "/health")[0] == 200


def test_a_head_without_end_is_cut(server):
    assert raw(server, b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000) == b""
    assert get(server, "/" + "a" * 3000)[0] == 414


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"data": [' + b"1," * 70_000 + b"1]}", b"null", b"[" * 100_000, b'{"data": []}', b'{"data": [{"a": ' * 30_000, b"\xff\xfe",
     b'{"fn_name": "__init__", "component_id": 1, "session_hash": "a"}',
     b'{"fn_name": "recognise", "component_id": "1", "session_hash": "a"}',
     b'{"fn_name": "keep", "component_id": 99, "session_hash": "a", "data": {}}',
     b'{"fn_name": "recognise", "component_id": 4, "session_hash": "' + b"a" * 65 + b'"}'],
    ids=range(13),
)  # fmt: skip
def test_broken_questions_get_a_sentence(server, body):
    status, _, content = get(server, "/gradio_api/component_server", "POST", {"Content-Type": "application/json"}, body)
    assert status in (400, 404, 413)
    said = json.loads(content)["error"]
    assert said.endswith(".") and "Traceback" not in said


@pytest.mark.parametrize(
    "file",
    [{"path": "http://example.com/a.png"}, {"path": "/etc/passwd"}, {"path": "../../etc/passwd"}, {"path": 3},
     {"path": None}, {"url": "http://169.254.169.254/"}, {"path": "/tmp"}, {"path": "a\0b"}, {"path": "file:///etc/passwd"},
     {"path": "a.png", "other": []}, {"path": "/tmp/" + "a/" * 100_000}, {"path": "a" * 5000}, "words of a visitor", [[]], {"path": {}, "url": []}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("way", ["run/predict", "call/predict", "queue/join"])
def test_only_uploads_reach_the_network_of_files(server, way, file):
    if isinstance(file, dict):
        file = {**file, "meta": {"_type": "gradio.FileData"}}
    status, reply = post(
        server,
        way,
        {"data": [file, 3], "session_hash": "a", **({"fn_index": event_of(server)} if way == "queue/join" else {})},
    )
    assert status == (400 if way == "run/predict" else 422)
    assert re.fullmatch(r"[A-Z].*\.", reply["error"]), reply


def event_of(server: Server) -> int:
    """The number under which Gradio's own page calls `/predict`."""
    config = json.loads(get(server, "/config")[2])
    return next(event["id"] for event in config["dependencies"] if event["api_name"] == "predict")


@pytest.mark.parametrize(
    "way, body",
    [("queue/join", {"fn_index": 99, "data": [], "session_hash": "a"}), ("run/predict", {"fn_index": 0, "data": [None] * 9}),
     ("call/predict", {"data": []}), ("call/info", {"data": [1]}), ("run/predict", {"data": {"a": 1}}), ("queue/join", {"data": []}),
     ("run/predict", {"fn_index": True, "data": []}), ("call/predict", {"data": [None, "many"]})],
    ids=str,
)  # fmt: skip
def test_events_that_are_none_are_refused_before_gradio(server, way, body):
    status, reply = post(server, way, body)
    assert status in (400, 404, 422)
    assert re.fullmatch(r"[A-Z].*\.|(top_k|fn_index) .*\.", reply["error"]), reply


# --- the two holes of the stock component -----------------------------------------------------------------------------


def resident(server: Server) -> float:
    """Megabytes that a page holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def peak(server: Server) -> float:
    """The most megabytes that it ever held."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def bomb() -> bytes:
    """A PNG of 9000x9000 pixels in 10 kB."""
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG", optimize=True)
    return file.getvalue()


def blob(server: Server, pad: int, content: bytes, **fields) -> tuple[int, bytes]:
    """Send a layer as the stock page does."""
    said = {
        "session_hash": "s",
        "component_id": pad,
        "fn_name": "accept_blobs",
        "type": "layer",
        "index": 0,
        "id": "d",
        **fields,
    }
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in said.items()]
    parts.append(
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = b"".join(parts) + content + b"\r\n--x--\r\n"
    status, _, reply = get(
        server, "/gradio_api/component_server", "POST", {"Content-Type": "multipart/form-data; boundary=x"}, body
    )
    return status, reply


def test_the_stock_component_is_bounded():
    """A layer of a huge index, a picture of 81 megapixels, layers without end: each costs next to nothing."""
    server = Server("--sketchpad", "stock")
    try:
        config = json.loads(get(server, "/config")[2])
        pad = next(c["id"] for c in config["components"] if c["type"] == "imageeditor")
        change = next(d for d in config["dependencies"] if [pad, "change"] in d["targets"])
        png = io.BytesIO()
        Image.fromarray(drawn("4")).save(png, "PNG")

        def recognise(name: str) -> tuple[int, dict]:
            sketch = {"background": None, "layers": [], "composite": None, "id": name}
            return post(server, "run/predict", {"data": [sketch, 3], "fn_index": change["id"], "session_hash": "s"})

        assert blob(server, pad, png.getvalue(), id="good", type="layer")[0] == 200
        assert blob(server, pad, png.getvalue(), id="good", type="composite", index="null")[0] == 200
        status, reply = recognise("good")
        assert status == 200 and 'data-digit="4"' in reply["data"][0]

        before = peak(server)
        for index in (10**9, 50_000_000, 3, -1, "1e9", "x"):
            assert blob(server, pad, b"x", index=index)[0] == 400
        assert peak(server) - before < 20
        assert blob(server, pad, bomb(), id="bomb", type="composite", index="null")[0] == 200
        status, reply = recognise("bomb")
        assert status == 400 and reply["error"] == "That is no picture of this board."
        assert peak(server) - before < 20
        status, reply = post(server, "run/predict", {"data": [data_url(bomb()), 3]})
        assert status == 400 and "too many pixels" in reply["error"]
        assert peak(server) - before < 20
        for number in range(400):  # layers that nobody asks about
            assert blob(server, pad, bytes(100_000), id=f"n{number}")[0] == 200
        assert resident(server) - before < 50
        assert blob(server, pad, bytes(2**20 + 1))[0] == 400
        for layer in ({"type": "layer"}, {"type": "composite", "index": "null"}):
            assert blob(server, pad, png.getvalue(), id="n", **layer)[0] == 200
        status, reply = recognise("n")
        assert status == 200 and 'data-digit="4"' in reply["data"][0]
    finally:
        server.kill()


def drawn(digit: str) -> np.ndarray:
    return board.render([board.Stroke(np.array(stroke, float), 15.0) for stroke in DRAWINGS[digit]])


def test_a_bomb_costs_our_page_nothing(server):
    ask_board(server, question("4", 1))
    before = peak(server)
    for _ in range(3):
        status, reply = post(server, "run/predict", {"data": [data_url(bomb()), 3]})
        assert status == 400 and "too many pixels" in reply["error"]
    assert peak(server) - before < 20


def question(digit: str, revision: int) -> dict:
    return {"revision": revision, "strokes": [{"points": s, "radius": 15} for s in DRAWINGS[digit]], "picture": None}


# --- who may ask how much ---------------------------------------------------------------------------------------------


def test_rate_and_number_at_once_of_one_address():
    known = Visitors({"ask": Allowance(3, 1000, 2, 3), "run": Allowance(1, 0.001, 5, 5)})
    known.enter("a", "ask")
    known.enter("a", "ask")
    with pytest.raises(Refused, match="at once") as refused:
        known.enter("a", "ask")
    assert refused.value.status == 429
    known.enter("b", "ask")
    with pytest.raises(Refused, match="busy") as refused:  # three from everybody
        known.enter("c", "ask")
    assert refused.value.status == 503
    known.leave("a", "ask")
    time.sleep(0.01)
    known.enter("a", "ask")
    known.enter("a", "run")
    with pytest.raises(Refused, match="too many requests from this address; wait") as refused:
        known.enter("a", "run")
    assert refused.value.seconds == 1000
    known.enter("b", "run")  # another address has its own


def test_addresses_are_forgotten_and_not_kept(monkeypatch):
    monkeypatch.setattr(visitors, "REMEMBERED", 3)
    known = Visitors()
    for number in range(10):
        known.enter(str(number), "ask")
        known.leave(str(number), "ask")
    assert len(known._known) == 3
    known.leave("0", "ask")  # forgotten meanwhile
    scope = {"client": ("203.0.113.7", 1), "headers": []}
    assert "203" not in known.name(scope)
    assert known.name(scope) == known.name(scope) != Visitors().name(scope)


def test_uploads_on_the_disk_are_bounded(monkeypatch):
    known = Visitors()
    for number in range(4):
        known.enter(str(number), "upload")
        known.upload(str(number), visitors.UPLOADS_EACH)
        with pytest.raises(Refused, match="too many uploads"):
            known.upload(str(number), 2**20)
    with pytest.raises(Refused, match="too many uploads") as refused:  # all together
        known.upload("somebody else", 2**20)
    assert refused.value.status == 503
    monkeypatch.setattr(visitors, "KEPT", 1e-6)  # all of it has been deleted meanwhile
    known.upload("0", 2**20)


def test_bodies_in_memory_are_bounded():
    known = Visitors(bodies=100)
    for who in "ab":
        known.enter(who, "run")
    known.hold("a", 40)
    with pytest.raises(Refused, match="busy with other uploads"):
        known.hold("a", 20)  # an address has half of it
    known.hold("b", 50)
    with pytest.raises(Refused, match="busy with other uploads"):
        known.hold("c", 20)
    known.release("a", 40)
    known.hold("c", 50)


@pytest.mark.parametrize(
    "space, forwarded, client, expected",
    [
        ("", "198.51.100.1", "127.0.0.1", "127.0.0.1"),  # anybody can write it
        ("o/n", "8.8.8.8", "10.0.0.1", "8.8.8.8"),
        ("o/n", "1.1.1.1, 8.8.8.8, 10.1.2.3", "10.0.0.1", "8.8.8.8"),  # the first is what the visitor wrote
        ("o/n", "1.1.1.1, nonsense", "10.0.0.1", "10.0.0.1"),
        ("o/n", "", "10.0.0.1", "10.0.0.1"),
        ("proxy", "8.8.8.8, 10.0.0.5", "10.0.0.1", "10.0.0.5"),  # the first is what the visitor wrote
        ("o/n", "2a00:1450::1", "10.0.0.1", "2a00:1450::1"),
    ],
)
def test_whose_address_counts(monkeypatch, space, forwarded, client, expected):
    monkeypatch.setenv("BEHIND_PROXY" if space == "proxy" else "SPACE_ID", "1" if space == "proxy" else space)
    scope = {"client": (client, 1), "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else []}
    assert visitors._address(scope) == expected


def test_a_network_of_version_6_is_one_visitor():
    known = Visitors()
    one, two, other = ({"client": (ip, 1), "headers": []} for ip in ("2a00::1", "2a00::2", "2a00:0:0:1::1"))
    assert known.name(one) == known.name(two) != known.name(other)


# --- many at once -----------------------------------------------------------------------------------------------------


class Serving:
    """What a lane needs of page/served.py: a network that can be exchanged."""

    def __init__(self, net):
        self.current = type("Weights", (), {"net": net})


@pytest.fixture(scope="module")
def net():
    return DigitCNN.from_pretrained(ROOT / "weights")


def in_line(net, **options):
    """A lane whose only thread is held until the event is set."""
    free, busy = threading.Event(), threading.Event()

    def hold():
        busy.set()
        assert free.wait(30)
        return drawn("4")

    return Lane(Serving(net), "test", 1, **options), hold, busy, free


async def held(line, hold, busy):
    first = asyncio.create_task(line.ask("first", hold))
    await asyncio.to_thread(busy.wait, 30)
    return first


def test_a_lane_takes_turns(net, monkeypatch):
    """One visitor's many questions do not keep another's single one waiting."""
    monkeypatch.setattr(lane, "TOGETHER", 1)
    order = []

    async def run():
        line, hold, busy, free = in_line(net)
        first = await held(line, hold, busy)

        def picture(name):
            order.append(name)
            return drawn("7")

        greedy = [asyncio.create_task(line.ask("greedy", lambda: picture("greedy"))) for _ in range(5)]
        await asyncio.sleep(0.05)
        modest = asyncio.create_task(line.ask("modest", lambda: picture("modest")))
        await asyncio.sleep(0.05)
        assert line.waiting == 6 and line.stuck > 0
        free.set()
        found = await asyncio.gather(first, *greedy, modest)
        assert [said["digit"] for said in found] == ["4"] + ["7"] * 6
        line.close()
        with pytest.raises(Busy):
            await line.ask("late", lambda: drawn("7"))

    in_thread(run)
    assert order.index("modest") <= 1


def test_a_full_line_says_so_and_a_bad_picture_harms_no_neighbour(net):
    async def run():
        line, hold, busy, free = in_line(net, waiting=4, each=3)
        first = await held(line, hold, busy)

        def bad():
            raise ValueError("bad")

        def broken():
            raise KeyError("broken")

        tasks = [asyncio.create_task(line.ask("a", ask)) for ask in (bad, broken, lambda: drawn("7"))]
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):  # three of one
            await line.ask("a", bad)
        gone = asyncio.create_task(line.ask("b", lambda: drawn("7")))
        await asyncio.sleep(0.05)
        gone.cancel()  # a visitor who leaves
        free.set()
        found = await asyncio.gather(first, *tasks, return_exceptions=True)
        assert [type(f).__name__ for f in found] == ["dict", "ValueError", "KeyError", "dict"]
        assert found[3]["digit"] == "7"
        assert line.waiting == 0 and line.stuck == 0
        line.close()

    in_thread(run)


def test_the_longest_line_gives_way(net):
    async def run():
        line, hold, busy, free = in_line(net, waiting=4, each=4)
        first = await held(line, hold, busy)
        greedy = [asyncio.create_task(line.ask("greedy", lambda: drawn("7"))) for _ in range(4)]
        await asyncio.sleep(0.05)
        modest = asyncio.create_task(line.ask("modest", lambda: drawn("7")))
        await asyncio.sleep(0.05)
        free.set()
        found = await asyncio.gather(first, modest, *greedy, return_exceptions=True)
        line.close()
        return found

    found = in_thread(run)
    assert [said["digit"] for said in found[:5]] == ["4", "7", "7", "7", "7"] and isinstance(found[5], Busy)


def test_slow_bodies_of_some_do_not_keep_others_out(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(12)]
    for connection in slow:
        connection.sendall(b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 13000000\r\n\r\n{")
    assert ask_board(server, question("4", 1))[1]["digit"] == "4"
    for connection in slow:
        connection.close()


def test_together_and_alone_is_the_same(net):
    """What is read in a batch gets the answer that it gets alone, on one network even if another comes meanwhile."""
    from page.recognise import answer

    pictures = [drawn(digit) for digit in DRAWINGS]

    async def run():
        line, hold, busy, free = in_line(net)
        first = await held(line, hold, busy)
        tasks = [asyncio.create_task(line.ask(str(n), lambda p=p: p)) for n, p in enumerate(pictures)]
        await asyncio.sleep(0.05)
        free.set()
        found = await asyncio.gather(first, *tasks)
        line.close()
        return found[1:]

    for found, picture in zip(in_thread(run), pictures, strict=True):
        alone = answer(net, picture)
        assert found["digit"] == alone["digit"] and found["pixels"] == alone["pixels"]
        assert [row["label"] for row in found["confidences"]][0] == alone["confidences"][0]["label"]
        assert abs(found["confidences"][0]["confidence"] - alone["confidences"][0]["confidence"]) < 1e-5


def test_a_growing_drawing_is_drawn_on_to_the_last_bit(monkeypatch):
    growing = Growing()
    rng = np.random.default_rng(1)
    drawings = [
        [board.Stroke(np.cumsum(rng.normal(0, 12, (n, 2)), 0) + 200, float(r)) for n, r in ((30, 15), (1, 15), (20, 9))]
        for _ in range(6)
    ]
    for strokes in drawings:
        total = sum(len(s.points) for s in strokes)
        points = 0
        while points < total:
            points = min(total, points + int(rng.integers(1, 6)))
            left, begun = points, []
            for stroke in strokes:
                if left > 0:
                    begun.append(board.Stroke(stroke.points[:left], stroke.radius))
                left -= len(stroke.points)
            assert np.array_equal(growing.render(begun), board.render(begun))
    # taken back, and another line from the same beginning
    other = [board.Stroke(np.vstack([drawings[0][0].points[:1], [[10.0, 10.0], [90.0, 400.0]]]), 15.0)]
    assert np.array_equal(growing.render(drawings[0][:1]), board.render(drawings[0][:1]))
    assert np.array_equal(growing.render(other), board.render(other))
    monkeypatch.setattr("page.growing.SECONDS", -1.0)  # all of it is old now
    growing.render([])
    for strokes in drawings:  # the same again, and with a dot at its end
        again = [*strokes, board.Stroke(strokes[-1].points[-1:], 15.0)]
        for asked in (strokes, strokes, again, again):
            assert np.array_equal(growing.render(asked), board.render(asked))
    growing.forget()
    assert not growing._known


def test_a_busy_server_is_said_and_asked_again(server, browser):
    """The drawing and the last answer stay, the page says that it is busy, and then the answer comes."""
    page = browser.new_page()
    replies = []

    def answer(route):
        if "recognise" in (route.request.post_data or "") and len(replies) < 3:
            replies.append(json.loads(route.request.post_data)["data"]["revision"])
            return route.fulfill(json={"revision": replies[-1], "busy": True, "error": guard.BUSY})
        route.continue_()

    page.route(re.compile("component_server"), answer)
    page.goto(server.url)
    box = page.locator("#board canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, steps=8)
    page.mouse.up()
    page.get_by_text(guard.BUSY).wait_for()
    revision = page.get_attribute("#board", "data-revision")
    page.wait_for_selector(f'#prediction[data-revision="{revision}"][data-digit="1"]', timeout=20_000)
    assert page.get_attribute("#board", "data-revision") == revision
    page.close()


# --- running it -------------------------------------------------------------------------------------------------------


def test_health_metrics_and_a_log_without_visitors(tmp_path):
    """What a maintainer reads; and a stop that answers what was asked before."""
    server = Server(METRICS_TOKEN="metrics-secret", HF_TOKEN="hf_secretsecretsecret", HF_HUB_OFFLINE="1")
    try:
        status, _, content = get(server, "/health")
        assert status == 200 and json.loads(content) == {"status": "ok", "weights": "embedded", "version": "1.0"}
        assert get(server, "/metrics")[0] == 403
        secret = {"Authorization": "Bearer metrics-secret"}
        marked = question("4", 12345)
        marked["strokes"][0]["points"][0] = [123.456, 65.4321]
        assert ask_board(server, marked)[1]["digit"] == "4"
        post(server, "run/predict", {"data": [data_url(b"not a picture at all"), 3]})
        post(server, "run/predict", {"data": ["words of a visitor", 3]})
        get(server, "/nothing/visitorpath")
        numbers = get(server, "/metrics", headers=secret)[2].decode()
        for line in ('answers_total{kind="drawing"} 1.0', 'refusals_total{reason="bad picture"} 1.0',
                     'refusals_total{reason="no such path"} 1.0', "questions_waiting 0.0",
                     "process_resident_memory_bytes"):  # fmt: skip
            assert line in numbers, numbers
        assert int(re.search(r"pages_opened_total (\d+)", numbers)[1]) >= 1

        # no secret, no path of the machine and no traceback in anything that is sent
        replies = [
            get(server, path)[2]
            for path in (
                "/",
                "/config",
                "/gradio_api/info",
                "/gradio_api/openapi.json",
                "/nothing",
                "/health",
                "/theme.css",
            )
        ]
        replies += [json.dumps(post(server, way, body)[1]).encode() for way in ("run/predict", "run/info", "call/predict", "queue/join", "component_server")
                    for body in ({}, {"data": []}, {"data": [None, 3]}, {"data": [data_url(b"x"), "NaN"]}, {"fn_index": 99, "data": []})]  # fmt: skip
        for reply in replies:
            for leak in (
                b"hf_secret",
                b"metrics-secret",
                str(ROOT).encode(),
                b"site-packages",
                b"Traceback",
                b'.py", line',
                str(tmp_path.parent).encode(),
                b" object at 0x",
                b"> at 0x",
            ):
                assert leak not in reply, (leak, reply[:300])

        # SIGTERM while questions are under way
        answers, late, config = [], [], json.loads(get(server, "/config")[2])
        (pad,) = [c["id"] for c in config["components"] if "sketchpad" in (c["props"].get("elem_classes") or [])]

        def ask():
            body = {"data": question("7", 1), "session_hash": "s", "component_id": pad, "fn_name": "recognise"}
            try:
                answers.append(post(server, "component_server", body)[1]["digit"])
            except urllib.error.URLError as error:  # it came too late
                assert isinstance(error.reason, ConnectionRefusedError), error
                late.append(error)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]  # who only listen
        connections[0].sendall(b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: x\r\n\r\n")  # an open page
        assert connections[0].recv(100).startswith(b"HTTP/1.1 200")
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(30)
        assert server.process.wait(30) == 0
        assert answers and set(answers) == {"7"} and len(answers) + len(late) == 20  # who was let in was answered
        for connection in connections:
            connection.close()
        log = server.output()
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert [event["event"] for event in events][0] == "started" and events[-1]["event"] == "stopped"
        summary = next(event for event in events if event["event"] == "minute")
        assert summary["drawing answered"] >= 1 and summary["refused: bad picture"] >= 1
        assert summary["answer ms, p95"] > 0
        for private in ("123.456", "65.4321", "words of a visitor", "visitorpath", "hf_secret", "Traceback"):
            assert private not in log, log
        assert all("127.0.0.1" not in line for line in log.splitlines() if not line.startswith("The page is on")), log
    finally:
        if server.process.poll() is None:
            server.kill()


def test_metrics_without_a_token_are_for_this_machine_only(server, monkeypatch):
    assert get(server, "/metrics")[0] == 200
    assert get(server, "/metrics", headers={"X-Forwarded-For": "8.8.8.8"})[0] == 403
    scope = {"client": ("8.8.8.8", 1), "headers": []}
    monkeypatch.delenv("METRICS_TOKEN", raising=False)
    assert not host._may_read_metrics(scope)
    monkeypatch.setenv("SPACE_ID", "o/n")
    assert not host._may_read_metrics({"client": ("127.0.0.1", 1), "headers": []})


def test_slow_heads_and_bodies_are_not_waited_for(monkeypatch):
    """In a server of this process, with short patience."""
    import uvicorn

    monkeypatch.setattr(host, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(guard, "PATIENCE", 0.3)

    async def inner(scope, receive, send):
        raise AssertionError("nothing of this reaches Gradio")

    from page.counts import Counts

    door = guard.Guard(inner, None, None, Counts(), lambda scope: (200, b"{}", "application/json"), dict, {}, {})
    config = uvicorn.Config(door, http=host.Protocol, lifespan="off", log_level="critical", port=0)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    here = type("Here", (), {"port": port})
    try:
        assert raw(here, b"GET /health HTTP/1.1\r\nHost: x\r\n") == b""  # never finished
        assert raw(here, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
        slow = b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        assert raw(here, slow).startswith(b"HTTP/1.1 408")
        status, _, content = get(here, "/config")  # where `inner` fails
        assert status == 500 and json.loads(content)["error"].startswith("Something went wrong here")
    finally:
        running.should_exit = True
        thread.join(10)


def test_every_kind_of_request_has_an_allowance():
    kinds = {door.kind for door in guard.DOORS + guard.STOCK} | set(guard.FUNCTIONS.values())
    assert kinds == set(ALLOWANCES)
