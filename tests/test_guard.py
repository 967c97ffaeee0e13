"""The server from outside: what is let in, how much of it, what goes out with it, and how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from contributions import CONSENT
from serving import VERSION, decoder, limits, middleware
from serving.limits import ALLOWED, RateLimiter, Refused, visitor
from serving.middleware import Guard, check_origin
from serving.settings import PRIVATE, Settings
from tests.harness import ROOT, in_thread
from tests.harness.calls import API, BOMBS, FORM, data_url, encoded, form, get, picture, post, predict, upload
from tests.harness.contributor import strokes, wait_for
from tests.harness.person import DRAWINGS, drag, on_screen, until
from tests.harness.servers import Process, Server, family, free_port


@contextmanager
def serving(**environment: str):
    """A page of one's own. It is stopped as a Space is, and must then have printed no traceback."""
    server = Server(**environment)
    try:
        yield server
    finally:
        server.kill(signal.SIGTERM)
    assert server.process.returncode == 0 and "Traceback" not in server.output(), server.output()


def sentence(message: str) -> None:
    """Assert that a message is a sentence and nothing more."""
    assert re.fullmatch(r"([A-Z]|top_k)[^\n]*\.", message) and "Traceback" not in message, message


# --- what is let in -----------------------------------------------------------------------------------------

CLOSED = """/monitoring /monitoring/summary /docs /login_check // /%2e%2e/app.py /svelte/x.js /web/app.py
/gradio_api/file=/etc/passwd /gradio_api/file/etc/passwd /gradio_api/proxy=https://example.com/
/gradio_api/token /gradio_api/runs /gradio_api/deep_link?session_hash=a /gradio_api/dev/reload
/gradio_api/user /gradio_api/custom_component/a/b/c/d /gradio_api/heartbeat/a /gradio_api/upload_progress
/gradio_api/mcp/sse /assets/../../app.py /weights/model.safetensors /gradio_api/queue/status
/pwa_icon/30000""".split()
CLOSED += ["/assets/" + "a" * 300, "/static/img/" + "%E2%82%AC" * 90, "/" + "a" * 3000]
CLOSED_POSTS = """/login vibe-edit process_recording stream/a cancel component_server reset run/other
api/predict run/other/predict mcp/messages/ call/other queue/leave""".split()


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


@pytest.mark.parametrize(
    ("settings", "frames"),
    [(Settings(space_id="o/n"), "'self' https://huggingface.co"), (Settings(allow_frames=True), "*")],
)
def test_who_may_frame_the_page(settings, frames):
    policy = Guard(None, settings, RateLimiter(), bool).headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {frames}")


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


LIMITS = {f"{API}/run/predict": 28, f"{API}/upload": 21, "/contributions/submit": 1}


@pytest.mark.parametrize("path", LIMITS)
def test_bodies_are_bounded_before_they_are_read(server, path):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
    assert raw(server, f"{head}Content-Length: 99999999999\r\n\r\n".encode()).startswith(b"HTTP/1.1 413")
    # Without a length, in chunks that never end.
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    answer = raw(server, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * (LIMITS[path] + 2))
    assert answer.startswith(b"HTTP/1.1 413") or answer == b""
    assert get(server, "/health")[0] == 200


BROKEN = [
    *(b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 100_000, b'{"data": [{"a": ' * 9000, b"{}"),
    *(b'{"data": [' + b"1," * 70_000 + b"1]}", b'{"data": []}', b'{"data": [1]}', b'{"data": [1, 2, 3]}'),
    *(b'{"data": {"a": 1}}', b'{"data": [null, 3], "fn_index": 99}', b'{"data": [1, 3], "session_hash": 5}'),
    *(b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "2.0", "method": "tools/call", "params": [1]}'),
    # Gradio would keep a picture in a session long after the answer.
    json.dumps({"data": [data_url(bytes(70_000)), 1], "session_hash": "a"}).encode(),
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


# --- other sites --------------------------------------------------------------------------------------------

AGREE = json.dumps({"version": CONSENT}).encode()


def agrees(server, path="/contributions/consent", **headers: str) -> tuple[int, dict, bytes]:
    return get(server, path, "POST", {"Content-Type": "application/json", **headers}, AGREE)


@pytest.mark.parametrize("path", ["consent", "submit", "status", "delete", "accepted", "collection"])
def test_only_our_own_pages_may_ask_about_contributions(server, path):
    """A page of another site that its visitor has open must not agree to the terms for them."""
    for origin in ("https://example.com", "null", "http://127.0.0.1", "https://huggingface.co", "http://["):
        status, _, content = agrees(server, f"/contributions/{path}", Origin=origin)
        assert status == 403 and "another site" in json.loads(content)["error"]
    # A program states no origin.
    assert agrees(server, f"/contributions/{path}")[0] in (200, 400)


HOSTS = [
    (403, "rebound.example.com:{port}", None),
    (403, "rebound.example.com:{port}", "http://rebound.example.com:{port}"),
    (403, "[::1", None),
    (403, "[::2]:{port}", "http://[::2]:{port}"),
    (200, "127.0.0.1:{port}", "http://127.0.0.1:{port}"),
    (200, "LocalHost:{port}", "HTTP://LOCALHOST:{port}"),
    (200, "[::1]:{port}", "http://[::1]:{port}"),
]


def test_only_this_machine_s_names_are_ours(server):
    """DNS rebinding gives the page of another site our address; then it says the same origin and host."""
    for expected, host, origin in HOSTS:
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
    # Afterwards the network is loaded.
    assert predict(server, encoded(picture("7")), 1)[0] == 200
    with ThreadPoolExecutor(2) as pool:
        bombs = [pool.submit(predict, server, content, 1) for _ in range(2)]
        wait_for(lambda: len(family(server.process.pid)) == 3)
        child = family(server.process.pid)[-1]
        lines = Path(f"/proc/{child}/environ").read_text(encoding="utf-8").split("\0")
        answer = predict(server, encoded(picture("7")), 1)[1]
        first = not any(bomb.done() for bomb in bombs)
        assert get(server, "/health")[0] == 200
    assert answer["label"] == "7"
    # What opens strangers' pictures has none of the server's secrets.
    assert {line.partition("=")[0] for line in lines if line} <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}
    for status, reply in (bomb.result() for bomb in bombs):
        # A fast machine reads the chunks in time.
        ended = status == 400 and "takes too" in reply["error"]
        assert (status == 200 and name == "chunks") or (ended and first), reply


def test_one_address_s_many_slow_pictures_are_not_ahead_of_another_s():
    with serving(BEHIND_PROXY="1") as server, ThreadPoolExecutor(5) as pool:
        predict(server, encoded(picture("7")), 1)
        bomb = BOMBS["scans"]()
        slow = [pool.submit(predict, server, bomb, 1, **{"X-Forwarded-For": "8.8.8.8"}) for _ in range(5)]
        wait_for(lambda: len(family(server.process.pid)) == 4)
        assert predict(server, encoded(picture("7")), 1, **{"X-Forwarded-For": "9.9.9.9"})[0] == 200
        assert not all(each.done() for each in slow)


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
    """Gradio's own folder is shared by all its apps of a user, and it deletes what is old in there."""
    shared = Path(tempfile.gettempdir(), "gradio")
    shared.mkdir(exist_ok=True)
    other = shared / f"another-program-{os.getpid()}.png"
    other.write_bytes(b"theirs")
    os.utime(other, (1, 1))
    with serving() as server:
        mine = Path(upload(server, encoded(picture("7")))["path"])
        assert shared not in mine.parents and mine.is_file()
        folder = next(path for path in mine.parents if path.name.startswith("draw-a-digit-"))
        assert folder.stat().st_mode & 0o777 == 0o700
    assert other.is_file() and not folder.exists()
    other.unlink()


# --- how much an address may ask for ------------------------------------------------------------------------


def test_limits_of_an_address(monkeypatch):
    now, limiter = time.monotonic(), RateLimiter()
    monkeypatch.setattr(limits, "ALLOWED", {**ALLOWED, "pictures": (2, 300), "drawings": (2, 86_400)})
    monkeypatch.setattr(limits, "HELD", 100)
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    for kind, again in (("pictures", "in some minutes"), ("drawings", "tomorrow")):
        limiter.charge("a", kind, 2)
        with pytest.raises(Refused, match=f"this address; try again {again}") as refused:
            limiter.charge("a", kind, 0)
        assert refused.value.status == 429 and 1 <= refused.value.seconds <= 86_401
        limiter.charge("b", kind)
    limiter.charge("a", "requests")
    monkeypatch.setattr(limits.time, "monotonic", lambda: now + 301)
    limiter.charge("a", "pictures")
    limiter.hold("a", 100)
    limiter.hold("b", 1)
    with pytest.raises(Refused, match="busy"):
        limiter.hold("a", 1)
    limiter.hold("a", -100)
    limiter.hold("a", 1)


@pytest.mark.thorough
def test_too_many_pictures_are_told_when_to_come_again():
    body, headers = json.dumps({"data": ["", 3]}).encode(), {"Content-Type": "application/json"}
    with serving() as server, ThreadPoolExecutor(8) as pool:

        def ask(_: int):
            return get(server, f"{API}/run/predict", "POST", headers, body)

        # The window may turn once meanwhile.
        for _ in range(2 * ALLOWED["pictures"][0] // 500 + 1):
            status, told, content = list(pool.map(ask, range(500)))[-1]
            if status != 400:
                break
        assert status == 429 and 1 <= int(told["retry-after"]) <= 301
        assert json.loads(content)["code"] == "rate"


NONSENSE = ["", "half a line", "[1]", '{"size": [2, 2], "bytes": 4}', '{"mode": "L", "bytes": 1000000000000}']


@pytest.mark.parametrize("answer", NONSENSE)
def test_a_child_that_answers_nonsense_is_replaced(answer, monkeypatch, tmp_path):
    fake, child = tmp_path / "fake.py", decoder.Child()
    fake.write_text(f"import time\nprint({answer!r}, flush=True)\ntime.sleep(1)")
    with monkeypatch.context() as patched:
        patched.setattr(decoder, "__file__", str(fake))
        with pytest.raises(TimeoutError):
            child.open(encoded(picture("7")))
    assert child.open(encoded(picture("7"))).size == (448, 448)


@pytest.mark.parametrize(
    "trusted, forwarded, client, expected",
    [
        # Anybody can write the header.
        ("", "198.51.100.1", "127.0.0.1", "127.0.0.1"),
        ("", "", "::ffff:8.8.8.8", "8.8.8.8"),
        (PRIVATE, "8.8.8.8", "10.0.0.1", "8.8.8.8"),
        # The first is the visitor's own.
        (PRIVATE, "1.1.1.1, 8.8.8.8, 10.1.2.3", "10.0.0.1", "8.8.8.8"),
        (PRIVATE, "1.1.1.1, nonsense", "10.0.0.1", "nonsense"),
        (PRIVATE, "", "10.0.0.1", "10.0.0.1"),
        (PRIVATE, "8.8.8.8:4711", "10.0.0.1", "8.8.8.8"),
        (PRIVATE, "[2a00:1450::1]:4711", "10.0.0.1", "2a00:1450::/64"),
        (PRIVATE, "2a00:1450::1:2:3", "10.0.0.1", "2a00:1450::/64"),
        (PRIVATE, "1.1.1.1", "8.8.8.8", "8.8.8.8"),
    ],
)
def test_whose_address_counts(trusted, forwarded, client, expected):
    async def application(scope, receive, send):
        assert visitor(scope) == expected

    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "client": (client, 1), "headers": headers}
    in_thread(lambda: ProxyHeadersMiddleware(application, trusted)(scope, None, None))


def test_a_school_behind_one_address_sees_no_refusal(server):
    """Thirty pupils open the page, ask about three digits each, agree, and contribute three each."""
    content = encoded(picture("7"))

    def pupil(number: int) -> set[int]:
        statuses = {get(server, path)[0] for path in ("/", "/config", "/weights/current")}
        receipt = json.loads(agrees(server)[2])["receipt"]
        for turn in range(3):
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


def app(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "app.py", *arguments]
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "name, value, called", [("GRADIO_SERVER_PORT", "abc", "The port"), ("MODEL_ID", "x", "MODEL_ID")]
)
def test_a_bad_setting_is_refused_with_one_sentence(name, value, called, tmp_path):
    done = app(**{name: value, "CONTRIBUTIONS_DIR": str(tmp_path)})
    assert done.returncode == 1 and done.stderr.startswith(f"app.py: {called} is '{value}'; it must be ")
    assert done.stderr.count("\n") == 1


def test_the_help_names_every_setting_of_the_server():
    said, read = app("--help").stdout, (ROOT / "serving" / "settings.py").read_text(encoding="utf-8")
    wanted = set(re.findall(r'_read\("([A-Z_]+)"', read)) - {"SPACE_ID", "SPACE_HOST"}
    assert "--port" in said and len(wanted) > 5 and all(name in said for name in wanted)


def printed(server: Process) -> list[str]:
    """The addresses that the page prints."""
    return re.findall(r"http://\S+", server.output())


@pytest.mark.parametrize(
    "host, settings",
    [("[::1]", {"GRADIO_SERVER_NAME": "::1"}), ("127.0.0.1", {"GRADIO_ROOT_PATH": "/some/where"})],
    ids=["IPv6", "under a path"],
)
def test_the_addresses_that_are_printed_work(host, settings, tmp_path):
    port = str(free_port())
    environment = {**os.environ, "CONTRIBUTIONS_DIR": str(tmp_path), "GRADIO_SERVER_PORT": "1", **settings}
    server = Process([sys.executable, "app.py", "--port", port], f"http://{host}:{port}", environment)
    try:
        wait_for(lambda: len(printed(server)) == 2)
        page, tools = printed(server)
        assert urllib.request.urlopen(page, timeout=30).status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(tools, b"[]"), timeout=30)
        assert json.load(refused.value)["error"].startswith("The request's body must be a JSON object")
    finally:
        server.kill(signal.SIGTERM)


# Words that are part of no picture, and of no other text.
SECRET = "d29yZHMgb2YgYSB2aXNpdG9y"


def test_the_log_holds_nothing_of_a_visitor():
    """Whatever is asked, in Gradio's tracebacks and in the lines of its libraries either."""
    url = f"data:image/png;base64,{SECRET * 9}"
    pictures = [{"url": f" {url}"}, {"path": url, "meta": {"_type": "gradio.FileData"}}, url, [url]]
    pictures += [{"path": f"/{SECRET}"}, {url: 1}, {"url": [url]}]
    tool = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    agent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    with serving(HF_TOKEN="hf_secretsecretsecret", HF_HUB_OFFLINE="1") as server:
        for seen in pictures:
            arguments = {"picture": seen, "top_k": SECRET}
            for path in ("run/predict", "queue/join"):
                for data in ([seen, 3], [seen], seen):
                    for more in ({}, {"fn_index": 0, "session_hash": SECRET, "event_data": seen}):
                        post(server, path, {"data": data, **more})
            for path, more in (("v2/predict", {}), ("v2/predict", {SECRET: 1}), (SECRET, {})):
                post(server, f"call/{path}", {**arguments, **more})
            named = {"name": "predict"}
            for params in ({**named, "arguments": arguments}, {"name": SECRET}, [seen]):
                for more in ({}, {"method": SECRET}, {"id": [SECRET]}, {SECRET: 1}):
                    body = json.dumps({**tool, "params": params, **more}).encode()
                    get(server, f"{API}/mcp/", "POST", agent, body)
            for name in ("consent", "submit", "status", "delete", "collection"):
                post(server, f"/contributions/{name}", {"receipt": SECRET, "strokes": seen, "label": seen})
        for path in (f"/{SECRET}", f"/?x={SECRET}", f"/assets/{SECRET}.js"):
            get(server, path, headers={"X-Forwarded-Host": f"[::{SECRET}", "User-Agent": SECRET})
        for content in (form(SECRET.encode()).replace(b"a.png", SECRET.encode()), form(SECRET.encode())[:-9]):
            get(server, f"{API}/upload", "POST", FORM, content)
        for path in ("/", "/config", f"{API}/info", "/nothing", "/health"):
            reply = get(server, path)[2]
            for leak in (b"hf_secret", str(ROOT).encode(), b"site-packages", b"Traceback", b" object at 0x"):
                assert leak not in reply
    log = server.output()
    assert SECRET not in log and "hf_secret" not in log and len(log.splitlines()) > 4, log


def test_slow_bodies_are_not_waited_for(monkeypatch):
    """One deadline for the whole body, however it drips; and what was held is given back."""
    monkeypatch.setattr(middleware, "SECONDS", 0.3)

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message):
        sent.append(message)

    sent, limiter = [], RateLimiter()
    guard = Guard(None, Settings(), limiter, bool)
    scope = {"type": "http", "method": "POST", "path": f"{API}/upload", "query_string": b"", "headers": []}
    in_thread(lambda: guard({**scope, "client": ("1.1.1.1", 1)}, receive, send))
    assert sent[0]["status"] == 408 and b"too slowly" in sent[1]["body"]
    assert not any(limiter._held.values())


def test_the_smallest_version_reads_a_digit_that_is_drawn(browser):
    """`examples/sketchpad.py`, with Gradio's own board and label."""
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
