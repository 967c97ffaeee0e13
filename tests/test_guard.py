"""The server from outside: what is let in, how much of it, what goes out with it, and how it stops."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvicorn
from starlette.datastructures import Headers
from starlette.responses import StreamingResponse

from contributions import CONSENT
from serving import VERSION, limits, middleware
from serving.decoder import DecoderProcess
from serving.limits import ALLOWED, AT_ONCE, RateLimiter, Refused, visitor
from serving.middleware import ErrorsAndHeaders, RequestGuard, check_origin
from serving.settings import Settings
from tests.harness import ROOT, in_thread
from tests.harness.calls import API, BOMBS, FORM, data_url, encoded, form, get, picture, post, predict, upload
from tests.harness.contributor import strokes
from tests.harness.person import until
from tests.harness.servers import Server, family, free_port


def sentence(message: str) -> None:
    """What a person is told, and no more."""
    assert re.fullmatch(r"([A-Z]|top_k|session_hash)[^\n]*\.", message), message
    assert "Traceback" not in message


# --- what is let in -----------------------------------------------------------------------------------------

CLOSED = [
    *("/monitoring", "/monitoring/summary", "/docs", "/login_check", "//", "/%2e%2e/app.py", "/svelte/x.js"),
    *(f"{API}/file=/etc/passwd", f"{API}/file/etc/passwd", f"{API}/proxy=https://example.com/"),
    *(f"{API}/token", f"{API}/runs", f"{API}/deep_link?session_hash=a", f"{API}/dev/reload", f"{API}/user"),
    *(f"{API}/custom_component/a/b/c/d", f"{API}/heartbeat/a", f"{API}/upload_progress", f"{API}/mcp/sse"),
    *("/assets/../../app.py", "/web/app.py", "/weights/model.safetensors", f"{API}/queue/status"),
    *("/pwa_icon/30000", "/assets/" + "a" * 300, "/static/img/" + "%E2%82%AC" * 90, "/" + "a" * 3000),
]
CLOSED_POSTS = ["/login", "vibe-edit", "process_recording", "stream/a", "cancel", "component_server", "reset"]
CLOSED_POSTS += [
    "run/other",
    "api/predict",
    "run/other/predict",
    "mcp/messages/",
    "call/other",
    "queue/leave",
]


def test_what_the_page_does_not_need_is_closed(server):
    answers = [get(server, path) for path in CLOSED]
    answers += [get(server, p if p[0] == "/" else f"{API}/{p}", "POST", body=b"{}") for p in CLOSED_POSTS]
    for path, (status, _, content) in zip(CLOSED + CLOSED_POSTS, answers, strict=True):
        assert status == 404, path
        assert json.loads(content)["error"] == "There is nothing here.", path


def test_other_methods_are_refused_with_a_sentence(server):
    for method, path in (("DELETE", "/"), ("GET", "/contributions/consent"), ("PUT", f"{API}/mcp/")):
        status, _, content = get(server, path, method)
        assert status == 405 and json.loads(content)["error"] == "This path expects another method."


def test_every_answer_has_the_policy(server):
    for path in ("/", "/health", "/nothing", "/config", f"{API}/openapi.json", "/" + "a" * 2000):
        headers = get(server, path)[1]
        policy = headers["content-security-policy"]
        for part in ("default-src 'self';", "connect-src 'self';", "object-src 'none';"):
            assert part in policy
        assert policy.endswith("frame-ancestors 'self'")
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"]
        assert "set-cookie" not in headers


def test_only_the_hub_may_frame_a_space_unless_others_are_allowed():
    def policy(settings: Settings) -> str:
        return ErrorsAndHeaders(None, settings).headers["content-security-policy"]

    assert policy(Settings(space_id="o/n")).endswith("frame-ancestors 'self' https://huggingface.co")
    assert policy(Settings(allow_frames=True)).endswith("frame-ancestors *")


def test_the_page_works_under_its_policy_and_sends_nothing_elsewhere(server, browser):
    page, messages = browser.new_page(), []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(server.url)
    until(page, "document.querySelector('[data-engine=ready]')")
    assert [line for line in messages if "Content Security Policy" in line] == []
    send = "(url) => fetch(url, { method: 'POST', body: 'a drawing' }).then(() => 'sent', () => 'kept')"
    assert page.evaluate(send, f"http://localhost:{server.port}/elsewhere") == "kept"
    assert any("connect-src" in line for line in messages)
    page.close()


def test_the_page_can_be_installed_under_its_own_name_and_icon(server):
    status, headers, content = get(server, "/manifest.json")
    manifest = json.loads(content)
    assert status == 200 and manifest["name"] == "Draw a digit" and manifest["display"] == "standalone"
    icon = (ROOT / "web" / "static" / "icon.svg").read_bytes()
    for path in (*("/" + entry["src"].lstrip("/") for entry in manifest["icons"]), "/favicon.ico"):
        assert get(server, path)[::2] == (200, icon)


def raw(server: Server, *parts: bytes) -> bytes:
    """What comes back on a connection of its own, or nothing where it was closed while we still sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return connection.recv(65536)
        except ConnectionError:
            return b""


LIMITS = {f"{API}/run/predict": 28, f"{API}/queue/join": 1, f"{API}/upload": 21, "/contributions/submit": 1}


@pytest.mark.parametrize("path", LIMITS)
def test_bodies_are_bounded_before_they_are_read(server, path):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Type: {FORM['Content-Type']}\r\n"
    )
    assert raw(server, f"{head}Content-Length: 99999999999\r\n\r\n".encode()).startswith(b"HTTP/1.1 413")
    # Without a length, in chunks that never end.
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    answer = raw(server, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * (LIMITS[path] + 2))
    assert answer.startswith(b"HTTP/1.1 413") or answer == b""
    assert get(server, "/health")[0] == 200


BROKEN = [
    *(b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 100_000, b'{"data": [{"a": ' * 9000, b"{}"),
    *(b'{"data": [' + b"1," * 70_000 + b"1]}", b'{"data": []}', b'{"data": [1]}', b'{"data": [1, 2, 3]}'),
    *(
        b'{"data": {"a": 1}}',
        b'{"data": [null, 3], "fn_index": 99}',
        b'{"data": [null, 3], "fn_index": true}',
    ),
    *(b'{"data": [null, 3], "session_hash": 5}', b'{"data": [null, 3], "batched": true}'),
    *(b'{"data": [null, 3], "simple_format": "x"}', b'{"data": [null, 3], "event_id": "a"}'),
    *(b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "2.0", "method": "tools/call", "params": [1]}'),
]


@pytest.mark.parametrize("path", ["run/predict", "call/predict", "call/v2/predict", "queue/join", "mcp/"])
def test_broken_questions_get_a_sentence(server, path):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    for body in BROKEN:
        status, _, content = get(server, f"{API}/{path}", "POST", headers, body)
        assert status in (400, 404, 413, 422), (body[:60], content[:200])
        sentence(json.loads(content)["error"])


def test_forms_that_are_not_one_picture_are_refused(server):
    part = form(b"x")
    forms = [form(b"x", b"y"), form(), form(b"x", name="other"), b"not a form", b"", part * 300]
    for body in forms:
        status, _, content = get(server, f"{API}/upload", "POST", FORM, body)
        assert status == 400 and json.loads(content)["error"].startswith("One picture is uploaded at a time")
    for media in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data"}):
        assert get(server, f"{API}/upload", "POST", media, part)[0] == 400


def test_a_picture_inside_a_session_is_refused(server):
    """Gradio would keep it long after the answer."""
    large = data_url(encoded(picture("7")) + bytes(60_000))
    status, reply = post(server, "run/predict", {"data": [large, 1], "session_hash": "a"})
    assert status == 400 and "session_hash" in reply["error"]


# --- other sites --------------------------------------------------------------------------------------------

AGREE = json.dumps({"version": CONSENT}).encode()


def agrees(server, path="/contributions/consent", **headers: str) -> tuple[int, dict, bytes]:
    return get(server, path, "POST", {"Content-Type": "application/json", **headers}, AGREE)


@pytest.mark.parametrize("path", ["consent", "submit", "status", "delete", "accepted", "collection"])
def test_only_our_own_pages_may_ask_about_contributions(server, path):
    """A page of another site that its visitor has open must not agree to the terms for them."""
    for origin in ("https://example.com", "null", "http://127.0.0.1", "https://huggingface.co", "http://["):
        status, headers, content = agrees(server, f"/contributions/{path}", Origin=origin)
        assert status == 403 and "another site" in json.loads(content)["error"]
        assert json.loads(content)["code"] == "other origin"
    assert agrees(server, f"/contributions/{path}")[0] in (200, 400)  # a program


HOSTS = [
    *(
        ("rebound.example.com:{port}", None),
        ("rebound.example.com:{port}", "http://rebound.example.com:{port}"),
    ),
    *(("[::1", None), ("[no address]:1", None), ("[::2]:{port}", "http://[::2]:{port}")),
]
OWN = [
    *(("127.0.0.1:{port}", "http://127.0.0.1:{port}"), ("LocalHost:{port}", "HTTP://LOCALHOST:{port}")),
    ("[::1]:{port}", "http://[::1]:{port}"),
]


def test_only_this_machine_s_names_are_ours(server):
    """DNS rebinding gives the page of another site our address; then it says the same origin and host."""
    for rows, expected in ((HOSTS, 403), (OWN, 200)):
        for host, origin in rows:
            headers = {"Host": host, "Origin": origin} if origin else {"Host": host}
            headers = {name: text.format(port=server.port) for name, text in headers.items()}
            assert agrees(server, **headers)[0] == expected, headers


def test_a_space_s_page_may_ask_from_the_hub():
    space = Settings(name="0.0.0.0", space_id="o/n", space_host="o-n.hf.space", behind_proxy=True)
    for origin in ("https://o-n.hf.space", "https://huggingface.co"):
        check_origin(Headers({"host": "10.0.0.1:7860", "origin": origin}), space)
    for origin in ("https://evil.hf.space", "https://huggingface.co.example.com"):
        with pytest.raises(Refused):
            check_origin(Headers({"host": "10.0.0.1:7860", "origin": origin}), space)


# --- pictures that are bombs --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOMBS)
def test_an_honest_picture_passes_two_bombs(server, name):
    """The bombs cost their children's time, and end with a sentence if that is too much of it."""
    content = BOMBS[name]()
    assert predict(server, encoded(picture("7")), 1)[0] == 200  # the network is loaded
    order, answers = [], {}

    def ask(who: str, raw: bytes) -> None:
        start = time.perf_counter()
        answers[who] = predict(server, raw, 1)
        order.append(who)
        print(f"{name}: {who} was answered after {time.perf_counter() - start:.2f} s")  # shown by -s

    with ThreadPoolExecutor(4) as pool:
        bombs = [pool.submit(ask, f"bomb {number}", content) for number in range(2)]
        until_busy(server, 2)
        pool.submit(ask, "honest", encoded(picture("7"))).result()
        assert get(server, "/health")[0] == 200
        for bomb in bombs:
            bomb.result()
    assert answers["honest"][1]["label"] == "7"
    for bomb in ("bomb 0", "bomb 1"):
        status, reply = answers[bomb]
        ended = status == 400 and "takes too" in reply["error"]
        assert (status == 200 and name == "chunks") or ended and order.index("honest") < order.index(bomb), (
            reply
        )


def until_busy(server: Server, count: int) -> None:
    """Until so many children have a picture, or have had it: they are there, and started to work."""
    deadline = time.monotonic() + 30
    while len(family(server.process.pid)) <= count and time.monotonic() < deadline:
        time.sleep(0.02)


def test_one_address_s_many_slow_pictures_are_not_ahead_of_another_s():
    server, done = Server(BEHIND_PROXY="1"), []
    try:
        bomb = BOMBS["scans"]()
        predict(server, encoded(picture("7")), 1)

        def ask(who: str, content: bytes) -> None:
            done.append((who, predict(server, content, 1, **{"X-Forwarded-For": who})[0]))

        with ThreadPoolExecutor(6) as pool:
            slow = [pool.submit(ask, "8.8.8.8", bomb) for _ in range(5)]
            until_busy(server, 3)
            pool.submit(ask, "9.9.9.9", encoded(picture("7"))).result()
            assert ("9.9.9.9", 200) in done[:4]
            for each in slow:
                each.result()
    finally:
        server.kill(signal.SIGTERM)


def test_the_children_know_no_secrets(server):
    """What opens strangers' pictures has none of the server's environment."""
    predict(server, encoded(picture("7")), 1)
    (_, child, *_) = family(server.process.pid)
    lines = Path(f"/proc/{child}/environ").read_text(encoding="utf-8").split("\0")
    assert {line.partition("=")[0] for line in lines if line} <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}


def test_a_child_that_ends_early_is_followed_by_another(monkeypatch):
    decoder = DecoderProcess()
    short = [sys.executable, "-c", 'input(); print(\'{"mode": "L", "size": [9, 9], "bytes": 81}\', end=\'\')']
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    decoder.process = subprocess.Popen(short, **pipes)
    with pytest.raises(TimeoutError):
        decoder.open(encoded(picture("7")))
    assert decoder.open(encoded(picture("7"))).size == (448, 448)
    decoder.process.kill()
    decoder.process.communicate()


# --- uploads ------------------------------------------------------------------------------------------------


def test_forty_stalled_uploads_do_not_stop_the_next(server):
    head = f"POST {API}/upload HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\n"
    start = f"{head}Content-Length: 900000\r\n\r\n".encode() + form(bytes(200_000))[:-20]
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        for connection in stalled:
            connection.sendall(start)
        assert Path(upload(server, encoded(picture("7")))["path"]).is_file()
        assert predict(server, encoded(picture("7")), 1)[0] == 200
    finally:
        for connection in stalled:
            connection.close()


def test_uploads_lie_in_a_folder_of_our_own_that_goes_with_the_page():
    """Other programs' files lie in the folder that Gradio shares by default."""
    shared = Path(tempfile.gettempdir(), "gradio")
    shared.mkdir(exist_ok=True)
    other = shared / f"another-program-{os.getpid()}.png"
    other.write_bytes(b"theirs")
    os.utime(other, (1, 1))
    server = Server()
    try:
        mine = Path(upload(server, encoded(picture("7")))["path"])
        assert shared not in mine.parents and mine.is_file()
        folder = next(path for path in mine.parents if path.name.startswith("draw-a-digit-"))
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        server.kill(signal.SIGTERM)
    assert other.is_file() and not folder.exists()
    assert server.process.returncode == 0 and "Traceback" not in server.output()
    other.unlink()


# --- who may ask how much -----------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """Limits of two and four, and at once of one and two."""
    monkeypatch.setattr(limits, "ALLOWED", {**ALLOWED, "pictures": (2, 4, 300), "drawings": (2, 9, 86_400)})
    monkeypatch.setattr(limits, "AT_ONCE", {**AT_ONCE, "pictures": (1, 2), "bytes": (100, 150)})
    return RateLimiter()


def test_rates_of_one_address_and_of_all(few, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    for _ in range(2):
        few.charge("a", "pictures")
    with pytest.raises(Refused, match="this address; try again in some minutes") as refused:
        few.charge("a", "pictures", 0)
    assert refused.value.status == 429 and 1 <= refused.value.seconds <= 301
    few.charge("b", "pictures", 2)
    for _ in range(9):
        with pytest.raises(Refused, match="from everybody") as refused:
            few.charge("c", "pictures")
        assert refused.value.status == 503
    few.charge("a", "requests")  # another class is another account
    few.charge("c", "drawings", 2)
    with pytest.raises(Refused, match="tomorrow"):
        few.charge("c", "drawings")
    monkeypatch.setattr(limits.time, "monotonic", lambda: now + 301)
    few.charge("c", "pictures", 2)  # what was refused cost nothing, and the window has ended


def test_what_is_held_at_once(few):
    few.hold("a", "pictures", 1)
    for who in ("a", "b", "c"):
        if who == "b":
            few.hold("b", "pictures", 1)
            continue
        with pytest.raises(Refused, match="busy"):
            few.hold(who, "pictures", 1)
        few.hold("a", "pictures", -1)
        few.hold("a", "pictures", 1)
    few.hold("a", "bytes", 100)
    for who, more in (("a", 1), ("b", 51)):
        with pytest.raises(Refused):
            few.hold(who, "bytes", more)
    few.hold("a", "bytes", -100)
    few.hold("b", "bytes", 100)


SPACE, PROXY = Settings(space_id="o/n", behind_proxy=True), Settings(behind_proxy=True)


@pytest.mark.parametrize(
    "settings, forwarded, client, expected",
    [
        (Settings(), "198.51.100.1", "127.0.0.1", "127.0.0.1"),  # anybody can write it
        (SPACE, "8.8.8.8", "10.0.0.1", "8.8.8.8"),
        (SPACE, "1.1.1.1, 8.8.8.8, 10.1.2.3", "10.0.0.1", "8.8.8.8"),  # the first is the visitor's own
        (SPACE, "1.1.1.1, nonsense", "10.0.0.1", "10.0.0.1"),
        (SPACE, "", "10.0.0.1", "10.0.0.1"),
        (SPACE, "8.8.8.8:4711", "10.0.0.1", "8.8.8.8"),
        (SPACE, "[2a00:1450::1]:4711", "10.0.0.1", "2a00:1450::/64"),
        (SPACE, "2a00:1450::1:2:3", "10.0.0.1", "2a00:1450::/64"),
        (SPACE, "::ffff:8.8.8.8", "10.0.0.1", "8.8.8.8"),
        (PROXY, "8.8.8.8, 10.0.0.5", "10.0.0.1", "10.0.0.5"),
        (Settings(), "", "::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_whose_address_counts(settings, forwarded, client, expected):
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert visitor({"client": (client, 1), "headers": headers}, settings) == expected


def test_a_school_behind_one_address_sees_no_refusal(server):
    """Thirty pupils open the page, ask about ten digits each, agree, and contribute ten each."""
    content = encoded(picture("7"))

    def pupil(number: int) -> set[int]:
        statuses = {get(server, path)[0] for path in ("/", "/config", "/weights/current")}
        receipt = json.loads(agrees(server)[2])["receipt"]
        for turn in range(10):
            statuses.add(predict(server, content, 1)[0])
            drawing = {"receipt": receipt, "id": f"pupil-{number}-{turn}", "label": "2"}
            drawing["strokes"] = strokes("2", number)
            status, counts = post(server, "/contributions/submit", drawing)
            statuses.add(status)
            assert counts["saved"] == turn + 1
        post(server, "/contributions/delete", {"receipt": receipt})
        return statuses

    with ThreadPoolExecutor(30) as pool:
        assert set().union(*pool.map(pupil, range(30))) == {200}


# --- contributions ------------------------------------------------------------------------------------------


def test_one_s_own_drawings_come_as_a_file(server):
    receipt = json.loads(agrees(server)[2])["receipt"]
    drawing = {"receipt": receipt, "id": "take-home-1", "label": "2", "strokes": strokes("2")}
    assert post(server, "/contributions/submit", drawing)[1]["saved"] == 1
    assert post(server, "/contributions/status", {"receipt": receipt})[1]["saved"] == 1
    body = json.dumps({"receipt": receipt}).encode()
    status, headers, content = get(server, "/contributions/collection", "POST", {}, body)
    assert status == 200 and content.startswith(b"PK")
    assert headers["content-disposition"] == 'attachment; filename="MNIST.npz"'
    for question in ({}, {"receipt": "none"}, {"receipt": 5}):
        status, reply = post(server, "/contributions/collection", question)
        assert status == 400
        sentence(reply["error"])
    assert post(server, "/contributions/delete", {"receipt": receipt})[1]["count"] == 1
    assert post(server, "/contributions/accepted", {})[1] == {"digits": []}


# --- running it ---------------------------------------------------------------------------------------------


def test_the_page_is_up_before_torch():
    code = (
        "import sys; sys.path.insert(0, '.'); import app\n"
        "print([name for name in ('torch', 'model', 'datasets', 'handwriting') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_version_is_that_of_the_changelog():
    assert (
        re.findall(r"^## (\d+)", (ROOT / "docs/changelog.md").read_text(encoding="utf-8"), re.M)[0] == VERSION
    )


@pytest.mark.parametrize("name, value", [("GRADIO_SERVER_PORT", "abc"), ("MODEL_ID", "x")])
def test_a_bad_setting_is_refused_with_one_sentence(name, value, tmp_path):
    environment = {**os.environ, name: value, "CONTRIBUTIONS_DIR": str(tmp_path)}
    command = [sys.executable, "app.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stderr.startswith(f"app.py: {name} is '{value}'; it must be ")
    assert done.stderr.count("\n") == 1


def printed(server: Server) -> list[str]:
    """The addresses that the page prints."""
    return re.findall(r"http://\S+", server.output())


@pytest.mark.parametrize(
    "host, settings",
    [("[::1]", {"GRADIO_SERVER_NAME": "::1"}), ("127.0.0.1", {"GRADIO_ROOT_PATH": "/some/where"})],
    ids=["IPv6", "under a path"],
)
def test_the_addresses_that_are_printed_work(host, settings):
    server = Server(host=host, **settings)
    try:
        while len(printed(server)) < 2:
            time.sleep(0.02)
        page, tools = printed(server)
        assert urllib.request.urlopen(page, timeout=30).status == 200
        request = urllib.request.Request(tools, b"{}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert json.load(refused.value)["error"].startswith("This is not a JSON-RPC 2.0 request")
    finally:
        server.kill(signal.SIGTERM)


def test_without_limits_for_pictures_the_page_is_for_this_machine_only(tmp_path):
    """Windows has no module `resource`."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['resource'] = None", encoding="utf-8")
    server = Server(GRADIO_SERVER_NAME="0.0.0.0", PYTHONPATH=str(tmp_path))
    try:
        assert "so the page is served on 127.0.0.1 only, to this machine." in server.output()
        listening = Path("/proc/net/tcp").read_text(encoding="utf-8")
        assert f"0100007F:{server.port:04X} 00000000:0000 0A" in listening
        assert f"00000000:{server.port:04X} 00000000:0000 0A" not in listening
        assert predict(server, encoded(picture("7")), 1)[1]["label"] == "7"
    finally:
        server.kill(signal.SIGTERM)


SECRET = "d29yZHMgb2YgYSB2aXNpdG9y"  # of no picture, and in no other text


def test_the_log_holds_nothing_of_a_visitor():
    """Whatever is asked, in Gradio's tracebacks and in the lines of its libraries either."""
    server = Server(HF_TOKEN="hf_secretsecretsecret", HF_HUB_OFFLINE="1")
    picture_ = f"data:image/png;base64,{SECRET * 9}"
    wrapped = [{"url": f" {picture_}"}, {"path": picture_, "meta": {"_type": "gradio.FileData"}}]
    wrapped += [picture_, {"path": f"/{SECRET}"}, [picture_], {picture_: 1}, {"url": [picture_]}]
    tool = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "predict"}}
    try:
        for seen in wrapped:
            arguments = {"picture": seen, "top_k": SECRET}
            for path in ("run/predict", "queue/join"):
                for body in ({"data": [seen, 3]}, {"data": [seen]}, {"data": seen}):
                    for more in ({}, {"fn_index": 0, "session_hash": SECRET, "event_data": seen}):
                        post(server, path, {**body, **more})
            post(server, "call/v2/predict", arguments)
            post(server, "call/v2/predict", {**arguments, SECRET: 1})
            post(server, f"call/{SECRET}", arguments)
            for params in ({"arguments": arguments}, {"name": SECRET}, {"arguments": {SECRET: seen}}, [seen]):
                body = {**tool, "params": params if isinstance(params, list) else tool["params"] | params}
                for body_ in (
                    body,
                    {**body, "method": SECRET},
                    {**body, "id": [SECRET]},
                    {**body, SECRET: 1},
                ):
                    headers = {
                        "Content-Type": "application/json",
                        "Accept": "application/json, text/event-stream",
                    }
                    get(server, f"{API}/mcp/", "POST", headers, json.dumps(body_).encode())
            for name in ("consent", "submit", "status", "delete", "collection"):
                post(server, f"/contributions/{name}", {"receipt": SECRET, "strokes": seen, "label": seen})
        for path in (f"/{SECRET}", f"/?x={SECRET}", f"/assets/{SECRET}.js"):
            get(server, path, headers={"X-Forwarded-Host": f"[::{SECRET}", "User-Agent": SECRET})
        get(server, f"{API}/upload", "POST", FORM, form(SECRET.encode()).replace(b"a.png", SECRET.encode()))
        get(server, f"{API}/upload", "POST", FORM, form(SECRET.encode())[:-9])
        replies = [get(server, path)[2] for path in ("/", "/config", f"{API}/info", "/nothing", "/health")]
        for reply in replies:
            for leak in (b"hf_secret", str(ROOT).encode(), b"site-packages", b"Traceback", b" object at 0x"):
                assert leak not in reply
    finally:
        server.kill(signal.SIGTERM)
    log = server.output()
    for private in (SECRET, "hf_secret", "Traceback"):
        assert private not in log, log
    assert len(log.splitlines()) > 4 and server.process.returncode == 0


def test_an_answer_that_fails_midway_breaks_the_connection():
    """A download that was cut must not look complete."""

    async def failing(scope, receive, send):
        async def parts():
            yield b"the first part"
            raise KeyError(SECRET)

        await StreamingResponse(parts())(scope, receive, send)

    port = free_port()
    app = ErrorsAndHeaders(failing, Settings())
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        with pytest.raises(http.client.IncompleteRead):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).read()
    finally:
        running.should_exit = True
        thread.join(30)


def test_slow_bodies_are_not_waited_for(monkeypatch):
    """One deadline for the whole body, however it drips; and what was held is given back."""
    monkeypatch.setattr(middleware, "SECONDS", 0.3)

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message):
        sent.append(message)

    sent, limiter = [], RateLimiter()
    guard = ErrorsAndHeaders(RequestGuard(None, limiter, bool), Settings())
    scope = {"type": "http", "method": "POST", "path": f"{API}/upload", "query_string": b"", "headers": []}
    in_thread(lambda: guard({**scope, "client": ("1.1.1.1", 1)}, receive, send))
    assert sent[0]["status"] == 408 and b"too slowly" in sent[1]["body"]
    assert not any(limiter._held.values())


def test_the_smallest_version_reads_a_digit_that_is_drawn(browser):
    """`examples/sketchpad.py`, with Gradio's own board and label."""
    from tests.harness.person import DRAWINGS, drag, on_screen
    from tests.harness.servers import Process

    port = free_port()
    settings = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    example = Process([sys.executable, "examples/sketchpad.py"], f"http://127.0.0.1:{port}", settings)
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    try:
        page.goto(example.url)
        page.get_by_role("button", name="Brush").click()
        box = page.locator("canvas").first.bounding_box()
        side = min(box["width"], box["height"]) * 0.8
        left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
        board = {"x": left, "y": top, "width": side, "height": side}
        for stroke in DRAWINGS["2"]:
            drag(page, [on_screen(board, point) for point in stroke])
        page.locator("[data-testid=label-output-value]", has_text="2").wait_for(timeout=30_000)
        assert page.locator("[data-testid$=-confidence-set]").count() in (0, 3)
        page.get_by_role("button", name="Clear canvas").click()
        until(page, "!document.querySelector('[data-testid=label-output-value]')")
        assert "Traceback" not in example.output()
    finally:
        page.close()
        example.kill()
