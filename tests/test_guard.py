"""The server from outside: open paths, limits, headers, its log, and how it starts and stops."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.requests import Request

from contributions import CONSENT
from serving import VERSION
from tests.harness import ROOT, in_thread, python
from tests.harness.calls import API, BOMBS, FORM, encoded, form, get, picture, post, predict, upload
from tests.harness.contributor import strokes, wait_for
from tests.harness.person import DRAWINGS, drag, on_screen, until
from tests.harness.servers import Process, Server, family, free_port


@contextmanager
def serving(before: str, **settings: str):
    """A page that runs a line of Python first. It must stop as on a Space, without a traceback."""
    line = f"import runpy, sys, serving.settings; {before}; runpy.run_path('app.py', run_name='__main__')"
    server = Server(command=[sys.executable, "-c", line], **settings)
    try:
        yield server
    finally:
        server.kill(signal.SIGTERM)
    assert server.process.returncode == 0 and "Traceback" not in server.output(), server.output()


@pytest.fixture(scope="module")
def strict():
    """A page with a secret in its environment and low limits for each address."""
    less = "from serving.limits import ALLOWED; ALLOWED.update(pictures=(90, 300), drawings=(9, 86_400))"
    with serving(less, HF_TOKEN="hf_secretsecretsecret", HF_HUB_OFFLINE="1", ALLOW_FRAMES="1") as server:
        assert get(server, "/")[1]["content-security-policy"].endswith("frame-ancestors *")
        yield server


@pytest.fixture
def limits():
    """The module. It imports Gradio, for which not every run of tests should have to wait."""
    from serving import limits

    return limits


def sentence(message: str) -> None:
    """Assert that a message is one sentence."""
    assert re.fullmatch(r"([A-Z]|top_k)[^\n]*\.", message) and "Traceback" not in message, message


# --- what is let in ---

CLOSED = """/monitoring /monitoring/summary /docs /login_check // /%2e%2e/app.py /svelte/x.js /web/app.py
/gradio_api/file=/etc/passwd /gradio_api/file/etc/passwd /gradio_api/proxy=https://example.com/
/gradio_api/token /gradio_api/runs /gradio_api/deep_link?session_hash=a /gradio_api/dev/reload
/gradio_api/user /gradio_api/heartbeat/a /pwa_icon/30000
/gradio_api/mcp/sse /assets/../../app.py /weights/model.safetensors /gradio_api/queue/status""".split()
CLOSED += ["/assets/" + "a" * 300, "/static/img/" + "%E2%82%AC" * 90, "/" + "a" * 3000]
CLOSED_POSTS = """/login vibe-edit stream/a cancel reset run/other
api/predict run/other/predict mcp/messages/ call/other queue/leave""".split()


def test_what_the_page_does_not_need_is_closed(server):
    answers = [get(server, path) for path in CLOSED]
    answers += [get(server, p if p[0] == "/" else f"{API}/{p}", "POST", body=b"{}") for p in CLOSED_POSTS]
    for path, (status, _, content) in zip(CLOSED + CLOSED_POSTS, answers, strict=True):
        # For a path above its folder, Gradio itself answers 403.
        assert status == (403 if "/../" in path else 404), path
        sentence(json.loads(content)["error"])


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
        assert policy.endswith("frame-ancestors 'self' https://huggingface.co")
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers


def test_windows_opens_pictures_without_limits():
    """Windows has neither `setitimer` nor the module `resource`."""
    code = (
        "import runpy, signal, sys; sys.modules['resource'] = None; del signal.setitimer\n"
        "runpy.run_path('serving/decoder.py', run_name='__main__')"
    )
    content = encoded(picture("7"))
    question = b"%d\n" % len(content) + content
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=question, capture_output=True)
    assert json.loads(done.stdout.partition(b"\n")[0])["mode"] == "L", done.stderr


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


@pytest.mark.parametrize(
    ("path", "megabytes"), [(f"{API}/run/predict", 28), (f"{API}/upload", 21), ("/contributions/submit", 1)]
)
def test_bodies_are_bounded(server, path, megabytes):
    """The server stops reading at the limit, even if the chunks never end."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * (megabytes + 2))
        head = connection.recv(65536)
        assert head.startswith(b"HTTP/1.1 413") and b"\r\nconnection: close\r\n" in head


def test_forms_that_are_not_one_picture_are_refused(server):
    two = form(b"x", b"\r--b")
    for body in (two, form(), b"not a form", b"", b"\r\n" + two, b"\r" + two):
        status, _, content = get(server, f"{API}/upload", "POST", FORM, body)
        assert status == 400 and json.loads(content)["error"].startswith("One picture is uploaded at a time")
    status, _, content = get(server, f"{API}/upload", "POST", {"Content-Type": "text/plain"}, form(b"x"))
    assert status >= 400
    sentence(json.loads(content)["error"])


# --- other sites ---

AGREE = json.dumps({"version": CONSENT}).encode()


def agrees(server, path="/contributions/consent", **headers: str) -> tuple[int, dict, bytes]:
    return get(server, path, "POST", {"Content-Type": "application/json", **headers}, AGREE)


SITES = [
    # A program states no origin.
    (200, {}),
    (200, {"Origin": "http://127.0.0.1:{port}"}),
    # A Space's proxy may change the name, and old browsers do not state the site.
    (200, {"Origin": "https://o-n.hf.space", "Sec-Fetch-Site": "same-origin"}),
    (200, {"Host": "o-n.hf.space", "Origin": "https://o-n.hf.space"}),
    (403, {"Host": "o-n.hf.space", "Origin": "https://e-n.hf.space"}),
    (403, {"Origin": "null"}),
    (403, {"Origin": "http://127.0.0.1"}),
    (403, {"Sec-Fetch-Site": "cross-site"}),
    (403, {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:{port}"}),
]


@pytest.mark.parametrize(("expected", "headers"), SITES, ids=str)
def test_only_our_own_page_may_ask_about_contributions(server, expected, headers):
    """Another site that a visitor has open must not agree to the terms in their name."""
    headers = {name: text.format(port=server.port) for name, text in headers.items()}
    for name in ("consent", "submit", "status", "delete", "accepted", "collection"):
        status, _, content = agrees(server, f"/contributions/{name}", **headers)
        if expected == 403:
            assert status == 403 and "not another site" in json.loads(content)["error"]
        else:
            assert status in (200, 400)


# --- pictures that are bombs ---


@pytest.mark.parametrize(
    "name", ["scans", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("exif", "chunks"))]
)
def test_an_honest_picture_passes_two_bombs(server, name):
    """Each bomb keeps a child busy until its time is up."""
    content = BOMBS[name]()
    # This loads the network.
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
    # The child that opens strangers' pictures does not know the server's secrets.
    assert {line.partition("=")[0] for line in lines if line} <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}
    for status, reply in (bomb.result() for bomb in bombs):
        # A fast machine reads all the chunks in time.
        ended = status == 400 and "takes too" in reply["error"]
        assert (status == 200 and name == "chunks") or (ended and first), reply


def test_one_address_s_many_slow_pictures_are_not_ahead_of_another_s(strict):
    predict(strict, encoded(picture("7")), 1)
    bomb = BOMBS["scans"]()
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(predict, strict, bomb, 1, **{"X-Forwarded-For": "8.8.8.8"}) for _ in range(4)]
        wait_for(lambda: len(family(strict.process.pid)) == 4)
        assert predict(strict, encoded(picture("7")), 1, **{"X-Forwarded-For": "9.9.9.9"})[0] == 200
        assert not all(each.done() for each in slow)


# --- uploads ---


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


# --- how much an address may ask for ---


def test_limits_end_with_their_window(monkeypatch, limits):
    now, (most, window) = time.monotonic(), limits.ALLOWED["drawings"]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    monkeypatch.setattr(limits, "_windows", {})
    limits.charge("a", "drawings", most)
    with pytest.raises(limits.Refused, match="this address; try again later"):
        limits.charge("a", "drawings")
    now += window
    limits.charge("a", "drawings")


@pytest.mark.parametrize("path", [f"{API}/run/predict", "/contributions/submit"])
def test_too_much_is_told_when_to_come_again(strict, path):
    """An IPv6 network is one visitor. Other visitors are not refused."""

    def ask(address: str) -> tuple:
        return get(strict, path, "POST", {"X-Forwarded-For": address}, b'{"data": []}')

    # A new window may begin once meanwhile.
    assert any(ask("2a00:1450::1")[0] == 429 for _ in range(181))
    status, headers, content = ask("2a00:1450::1:2:3")
    assert status == 429
    assert json.loads(content)["code"] == "rate" and 1 <= int(headers["retry-after"]) <= 86_401
    assert ask("2a00:1450:1::1")[0] != 429


@pytest.mark.parametrize(
    ("host", "expected"),
    [("1.2.3.4", "1.2.3.4"), ("::ffff:1.2.3.4", "1.2.3.4"), ("2a00::1:2", "2a00::/64"), ("", "")],
)
def test_a_visitor_is_an_address_or_a_network_of_ipv6(host, expected, limits):
    assert limits.visitor(Request({"type": "http", "client": (host, 1)})) == expected


def test_a_space_believes_its_proxies_about_the_address():
    code = "import serving.settings, os; print(os.environ.get('FORWARDED_ALLOW_IPS', ''))"
    assert "10.0.0.0/8" in python("-c", code, SPACE_ID="o/n").stdout
    # uvicorn itself believes this machine only.
    assert python("-c", code).stdout.strip() == ""


def test_a_school_behind_one_address_sees_no_refusal(server):
    """Thirty pupils open the page, ask about two digits each, agree, and contribute two each."""
    content = encoded(picture("7"))

    def pupil(number: int) -> set[int]:
        statuses = {get(server, path)[0] for path in ("/", "/config", "/weights/current")}
        receipt = json.loads(agrees(server)[2])["receipt"]
        for turn in range(2):
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


# --- contributions ---


def test_one_s_own_drawings_come_as_a_file(server):
    receipt = json.loads(agrees(server)[2])["receipt"]
    drawing = {"receipt": receipt, "id": "take-home-1", "label": "2", "strokes": strokes("2")}
    assert post(server, "/contributions/submit", drawing)[1]["saved"] == 1
    assert post(server, "/contributions/status", {"receipt": receipt})[1]["saved"] == 1
    body = json.dumps({"receipt": receipt}).encode()
    status, headers, content = get(server, "/contributions/collection", "POST", {}, body)
    assert status == 200 and content.startswith(b"PK")
    assert headers["content-disposition"] == 'attachment; filename="MNIST.npz"'
    status, reply = post(server, "/contributions/collection", {"receipt": 5})
    assert status == 400
    sentence(reply["error"])
    assert post(server, "/contributions/delete", {"receipt": receipt})[1]["count"] == 1
    assert post(server, "/contributions/accepted", {})[1] == {"digits": []}


# --- running it ---


@pytest.mark.parametrize("seconds", ["soon", "0"])
def test_a_wrong_setting_is_one_sentence(seconds):
    done = python("-c", "from serving.settings import command_line; command_line()", MODEL_REFRESH=seconds)
    assert done.returncode == 2 and done.stderr.endswith("a number of seconds, at least 1.\n")


@pytest.mark.parametrize("port", ["abc", ""])
def test_a_wrong_port_is_one_sentence_and_not_gradio_s_traceback(port):
    done = python("app.py", GRADIO_SERVER_PORT=port)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.endswith(f"error: GRADIO_SERVER_PORT is {port!r}; it must be a number.\n")


def test_a_port_that_cannot_be_served_on_is_one_sentence(server):
    for port, message in (("70000", "app.py: "), (str(server.port), "app.py: Cannot find empty port")):
        done = python("app.py", "--port", port, CONTRIBUTIONS="off")
        assert done.returncode == 1 and done.stderr.startswith(message) and "Traceback" not in done.stderr


def test_the_page_is_up_before_torch():
    heavy = "('torch', 'model', 'datasets', 'handwriting')"
    done = python("-c", f"import app, sys; print([name for name in {heavy} if name in sys.modules])")
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_version_is_that_of_the_changelog():
    changelog = (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+)", changelog, re.M)[0] == VERSION


# Base64 that occurs nowhere else.
SECRET = "d29yZHMgb2YgYSB2aXNpdG9y"


def test_the_log_holds_nothing_of_a_visitor(strict):
    """Neither do Gradio's tracebacks and the lines of its libraries, whatever is asked."""
    url = f"data:image/png;base64,{SECRET * 9}"
    pictures = [{"url": f" {url}"}, {"path": url, "meta": {"_type": "gradio.FileData"}}, [url], {url: 1}]
    tool = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    agent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    for seen in pictures:
        arguments = {"picture": seen, "top_k": SECRET}
        for data in ([seen, 3], [seen], seen):
            post(strict, "run/predict", {"data": data})
            post(strict, "queue/join", {"data": data, "fn_index": 0, "session_hash": SECRET})
        for more in ({}, {SECRET: 1}):
            post(strict, "call/v2/predict", {**arguments, **more})
            for params in ({"name": "predict", "arguments": arguments}, {"name": SECRET}, [seen]):
                for body in ({**tool, "params": params, **more}, {"method": SECRET, "id": [SECRET]}):
                    get(strict, f"{API}/mcp/", "POST", agent, json.dumps(body).encode())
        for name in ("consent", "submit", "status", "delete", "collection"):
            post(strict, f"/contributions/{name}", {"receipt": SECRET, "strokes": seen, "label": seen})
    for path in (f"/{SECRET}", f"/?x={SECRET}", f"/assets/{SECRET}.js"):
        get(strict, path, headers={"X-Forwarded-Host": f"[::{SECRET}", "User-Agent": SECRET})
    for content in (form(SECRET.encode()).replace(b"a.png", SECRET.encode()), form(SECRET.encode())[:-9]):
        get(strict, f"{API}/upload", "POST", FORM, content)
    for path in ("/", "/config", f"{API}/info", "/nothing", "/health"):
        reply = get(strict, path)[2]
        for leak in (b"hf_secret", str(ROOT).encode(), b"site-packages", b"Traceback", b" object at 0x"):
            assert leak not in reply
    log = strict.output()
    assert SECRET not in log and "hf_secret" not in log and len(log.splitlines()) > 4, log


@pytest.mark.parametrize(("change", "status"), [("SECONDS", 408), ("bytes", 429)])
def test_bodies_end_in_time_and_are_counted_as_they_come(monkeypatch, change, status, limits):
    from serving import middleware

    if change == "bytes":
        monkeypatch.setitem(limits.ALLOWED, "bytes", (3, 300))
    else:
        monkeypatch.setattr(middleware, change, 0.3)

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message):
        sent.append(message)

    sent: list[dict] = []
    scope = {"type": "http", "method": "POST", "path": f"{API}/upload", "query_string": b"", "headers": []}
    in_thread(lambda: middleware.Guard(None)({**scope, "client": ("1.1.1.1", 1)}, receive, send))
    assert sent[0]["status"] == status


@pytest.mark.thorough
def test_the_smallest_version_reads_a_digit_that_is_drawn(browser):
    """It has Gradio's own board and label."""
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
