"""The server from outside: what is let in, how much of it, what goes out with every answer, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
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
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path

import gradio
import pytest
from PIL import Image
from starlette.datastructures import Headers

from contributions import CONSENT
from serving import ABOUT, VERSION, limits
from serving.images import Child
from serving.limits import ALLOWED, HELD, RateLimiter, Refused, address
from serving.predict import Predictor
from serving.settings import Settings
from serving.weights import Weights
from tests.harness import ROOT, in_thread
from tests.harness.calls import data_url, encoded, picture, post, upload
from tests.harness.contributor import strokes
from tests.harness.fuzz import empty_chunks, exif_segments, scans
from tests.harness.servers import Server, family, free_port

# --- what is let in ---------------------------------------------------------------------------------------------------


def get(
    server: Server, path: str, method: str = "GET", headers: dict | None = None, body: bytes | None = None
):
    """Status, headers and body of a request, whatever the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
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
    ("GET", "/assets/../../app.py"), ("GET", "/gradio_api/heartbeat/a"), ("GET", "/gradio_api/upload_progress"),
    ("POST", "/gradio_api/run/other/predict"), ("GET", "/weights/model.safetensors"), ("GET", "/web/app.py"),
]  # fmt: skip


@pytest.mark.parametrize("method, path", CLOSED, ids=lambda value: value)
def test_what_the_page_does_not_need_is_closed(server, method, path):
    status, _, content = get(server, path, method)
    assert status in (403, 404)
    assert b"import gradio" not in content and json.loads(content)["error"].endswith(".")


def test_other_methods_are_refused_with_a_sentence(server):
    for method, path in (("DELETE", "/"), ("GET", "/gradio_api/component_server"), ("PUT", "/config")):
        status, _, content = get(server, path, method)
        assert status == 405
        assert json.loads(content)["error"].endswith(" is expected.")


def test_headers_of_every_answer(server):
    for path in (
        "/",
        "/health",
        "/nothing",
        "/config",
        "/gradio_api/openapi.json",
        "/weights/current",
        "/a" * 2000,
    ):
        _, headers, _ = get(server, path)
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy
            and "object-src 'none'" in policy
            and "'unsafe-inline' 'nonce" not in policy
        )
        assert "frame-ancestors 'self' https://huggingface.co" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] and headers["permissions-policy"]
        assert "server" not in headers and "set-cookie" not in headers


def test_scripts_run_with_a_nonce_that_is_new_each_time(server):
    seen = set()
    for _ in range(2):
        _, headers, html = get(server, "/")
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", headers["content-security-policy"]))
        scripts = re.findall(r"<script[^>]*>", html.decode())
        assert scripts and all(f'nonce="{nonce}"' in script for script in scripts)
        seen.add(nonce)
    assert len(seen) == 2


def test_what_the_page_says_of_itself_is_ours(server):
    """To search engines, and to where its address is shared; Gradio's own words and picture are gone."""
    html = get(server, "/")[2].decode()
    of = lambda name: re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)"', html)  # noqa: E731
    assert of("og:title") == re.findall("<title>(.*?)</title>", html) == ["Draw a digit"]
    assert of("og:description") == of("description") == [ABOUT]
    assert (
        f'content="{ABOUT}"' in (ROOT / "web" / "static" / "index.html").read_text()
    )  # both editions say the same
    for word in (
        "og:image",
        "og:url",
        "twitter:image",
        "twitter:creator",
        "Click to try out",
        "header-image",
    ):
        assert word not in html.partition("<body")[0]


def test_the_page_can_be_installed_under_its_own_name_and_icon(server):
    html = get(server, "/")[2].decode()
    assert re.findall('<link rel="manifest" href="([^"]*)"', html) == ["/manifest.json"]
    status, headers, content = get(server, "/manifest.json")
    manifest = json.loads(content)
    assert status == 200 and headers["content-type"].startswith("application/manifest+json")
    assert manifest["name"] == "Draw a digit" and manifest["display"] == "standalone" and manifest["icons"]
    icon = (ROOT / "web" / "static" / "icon.svg").read_bytes()
    for path in (*("/" + icon["src"].lstrip("/") for icon in manifest["icons"]), "/favicon.ico"):
        status, headers, content = get(server, path)
        assert (status, headers["content-type"], content) == (200, "image/svg+xml", icon)
    assert get(server, "/pwa_icon/30000")[0] == 404  # Gradio would draw it


def test_the_page_works_under_its_policy(server, browser):
    messages = []
    page = browser.new_page()
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(server.url)
    page.get_by_role("button", name=re.compile("Draw an example 2")).click()
    page.wait_for_selector('#prediction[data-digit="2"]')
    page.get_by_role("tab", name="Contribute").click()
    page.wait_for_timeout(300)
    page.evaluate(
        """() => { const s = document.createElement('script'); s.textContent = 'window.crept = 1'; document.body.append(s); }"""
    )
    assert page.evaluate("window.crept") is None
    broken = [line for line in messages if "Content Security Policy" in line]
    assert len(broken) == 1, messages  # just the script that crept in
    page.close()


def raw(server: Server, request: bytes, seconds: float = 30) -> bytes:
    """What comes back on a connection of its own until it is closed or silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        parts = []
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                parts.append(part)
                if b"\r\n\r\n" in b"".join(parts):
                    break
        except (ConnectionError, TimeoutError):
            pass
        return b"".join(parts)


BODIES = {"component_server": 2**18, "run/predict": 14 * 2**20, "call/predict": 2**16, "queue/join": 2**16, "upload": 11 * 2**20,
          "run/info": 2**16, "mcp/": 14 * 2**20}  # fmt: skip


@pytest.mark.parametrize("path", BODIES)
def test_bodies_are_bounded_before_they_are_read(server, path):
    head = f"POST /gradio_api/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    form = head.replace("application/json", "multipart/form-data; boundary=x") if path == "upload" else head
    assert raw(server, f"{form}Content-Length: 99999999999\r\n\r\n".encode()).startswith(b"HTTP/1.1 413")
    # without a length, in chunks that never end
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    begin = b"2\r\n--\r\n" if path == "upload" else b""
    answer = raw(
        server,
        f"{form}Transfer-Encoding: chunked\r\n\r\n".encode() + begin + chunk * (BODIES[path] // 2**20 + 2),
    )
    assert (
        answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")) or answer == b""
    )  # closed while we still sent
    assert get(server, "/health")[0] == 200


def test_an_address_without_end_is_refused(server):
    for path in ("/" + "a" * 3000, "/assets" + "/a" * 2000):
        assert get(server, path)[0] == 404
    for name in ("a" * 300, "%E2%82%AC" * 90):  # longer than the name of any file
        assert get(server, f"/assets/{name}")[0] == get(server, f"/static/img/{name}.svg")[0] == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"data": [' + b"1," * 70_000 + b"1]}", b"null", b"[" * 100_000, b'{"data": []}', b'{"data": [{"a": ' * 9000, b"\xff\xfe",
     b'{"fn_name": "__init__"}', b'{"fn_name": ["keep"]}', b'{"fn_name": "recognise", "data": {}}', b'{"fn_name": "collection"}',
     b'{"fn_name": "look", "data": {"version": "1", "label": "2", "strokes": []}}'],
    ids=range(14),
)  # fmt: skip
def test_broken_questions_get_a_sentence(server, body):
    status, _, content = get(
        server, "/gradio_api/component_server", "POST", {"Content-Type": "application/json"}, body
    )
    assert status in (400, 404)
    message = json.loads(content)["error"]
    assert message.endswith(".") and "Traceback" not in message


@pytest.mark.parametrize(
    "file",
    [{"path": "http://example.com/a.png"}, {"path": "/etc/passwd"}, {"path": "../../etc/passwd"}, {"path": 3},
     {"path": None}, {"url": "http://169.254.169.254/"}, {"path": "/tmp"}, {"path": "a\0b"}, {"path": "file:///etc/passwd"},
     {"path": "a.png", "other": []}, {"path": "/tmp/" + "a/" * 100_000}, {"path": "a" * 5000}, "words of a visitor", [[]], {"path": {}, "url": []}],
    ids=lambda file: str(file)[:40],
)  # fmt: skip
@pytest.mark.parametrize("way", ["run/predict", "call/predict", "queue/join"])
def test_only_uploads_reach_the_network_of_files(server, way, file):
    if isinstance(file, dict):
        file = {**file, "meta": {"_type": "gradio.FileData"}}
    number = {"fn_index": event_of(server)} if way == "queue/join" else {}
    status, reply = post(server, way, {"data": [file, 3], "session_hash": "a", **number})
    assert status == 400 if way == "run/predict" else status in (413, 422)
    sentence(reply["error"])


def sentence(message: str) -> None:
    """What a person is told, and no more."""
    assert re.fullmatch(r"([A-Z]|top_k|fn_index|session_hash).*\.", message), message


def event_of(server: Server) -> int:
    """The number under which Gradio's own page calls `/predict`."""
    config = json.loads(get(server, "/config")[2])
    return next(event["id"] for event in config["dependencies"] if event["api_name"] == "predict")


@pytest.mark.parametrize(
    "way, body",
    [("queue/join", {"fn_index": 99, "data": [], "session_hash": "a"}), ("run/predict", {"fn_index": 0, "data": [None] * 9}),
     ("call/info", {"data": [1]}), ("run/predict", {"data": {"a": 1}}), ("queue/join", {"data": []}), ("call/predict", {"data": [1, 2, 3]}),
     ("run/predict", {"fn_index": True, "data": []}), ("queue/join", {"data": [], "fn_index": 0, "session_hash": "x" * 65}),
     ("run/predict", {"data": []}), ("run/predict", {"data": [None, 3, 4]})],
    ids=str,
)  # fmt: skip
def test_events_that_are_none_are_refused_before_gradio(server, way, body):
    status, reply = post(server, way, body)
    assert status in (400, 404, 422)
    sentence(reply["error"])


# --- other sites --------------------------------------------------------------------------------------------------------

OWN = ("gradio_api/component_server", "contributions/collection")


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize(
    "origin", ["https://example.com", "null", "http://127.0.0.1", "https://huggingface.co"]
)
def test_only_our_own_pages_may_ask_for_consent_and_for_drawings(server, path, origin):
    """A page of another site that its visitor has open must not agree to the terms for them."""
    question = json.dumps({"fn_name": "consent", "data": {"version": CONSENT}}).encode()
    headers = {"Content-Type": "application/json", "Origin": origin}
    status, got, content = get(server, f"/{path}", "POST", headers, question)
    assert status == 403 and "another site" in json.loads(content)["error"]
    assert got.get("access-control-allow-credentials") is None
    own = f"http://127.0.0.1:{server.port}"
    assert get(server, f"/{path}", "POST", {**headers, "Origin": own}, question)[0] != 403
    assert (
        get(server, f"/{path}", "POST", {"Content-Type": "application/json"}, question)[0] != 403
    )  # no browser


def test_a_name_that_was_made_to_mean_this_machine_is_another_site(server):
    """DNS rebinding: then the page of another site has our address and says the same origin and host."""
    question = json.dumps({"fn_name": "consent", "data": {"version": CONSENT}}).encode()
    other = f"rebound.example.com:{server.port}"
    headers = {"Content-Type": "application/json", "Origin": f"http://{other}", "Host": other}
    assert get(server, "/gradio_api/component_server", "POST", headers, question)[0] == 403
    assert get(server, "/metrics", headers={"Host": other})[0] == 403
    local = f"localhost:{server.port}"
    headers |= {"Origin": f"http://{local}", "Host": local}
    assert get(server, "/gradio_api/component_server", "POST", headers, question)[0] == 200


@pytest.mark.parametrize("path", ("/gradio_api/component_server", "/metrics"))
@pytest.mark.parametrize(
    "host, origin",
    [("[::1", None), ("[::1", "http://[::1"), ("[no address]:1", None), ("localhost:{port}", "http://["), ("[::1]:{port}", "http://[::1]:1"),
     ("[::1]:{port}", "http://[::2]:{port}"), ("[::2]:{port}", "http://[::2]:{port}"), ("localhost:{port}", "http://[no address]")],
)  # fmt: skip
def test_hosts_and_origins_that_are_none_of_ours_are_refused(server, path, host, origin):
    """Also those that are no address at all."""
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    headers = {name: text.format(port=server.port) for name, text in headers.items()}
    status, _, content = get(
        server, path, "GET" if path == "/metrics" else "POST", headers, b'{"fn_name": "accepted"}'
    )
    assert status == 403 and json.loads(content)["code"] == "other origin"
    sentence(json.loads(content)["error"])


@pytest.mark.parametrize("host", ["[::1", "a:b:c", "[no address]"])
def test_a_forwarded_host_that_is_none_is_refused_with_a_sentence(server, host):
    """Gradio makes an address of it for its page."""
    for path in ("/", "/config"):
        status, _, content = get(server, path, headers={"X-Forwarded-Host": host})
        assert status == 400
        assert json.loads(content)["error"] == "Host, or X-Forwarded-Host, is no name of a host."


@pytest.mark.parametrize("host", ["[::1]:{port}", "LocalHost:{port}", "127.0.0.1:{port}"])
@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_our_own_page_may_ask_however_its_address_is_written(server, host, change):
    host = host.format(port=server.port)
    headers = {"Host": host, "Origin": change(f"http://{host}"), "Content-Type": "application/json"}
    question = b'{"fn_name": "accepted"}'
    assert get(server, "/gradio_api/component_server", "POST", headers, question)[0] == 200


def test_programs_in_other_pages_may_ask_without_credentials(server):
    body = json.dumps({"data": [data_url(encoded(picture("7"))), 1]}).encode()
    headers = {"Content-Type": "application/json", "Origin": "https://example.com"}
    for path, method, content in (
        ("run/predict", "POST", body),
        ("info", "GET", None),
        ("openapi.json", "GET", None),
    ):
        status, got, _ = get(server, f"/gradio_api/{path}", method, headers, content)
        assert status == 200 and got["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in got
    status, got, _ = get(server, "/gradio_api/run/predict", "POST", headers, b"{}")
    assert status == 400 and got["access-control-allow-origin"] == "*"  # so that they can read the sentence
    assert get(server, "/metrics", headers={"Origin": "https://example.com"})[0] == 403


def test_a_space_s_page_may_ask_from_the_hub(monkeypatch):
    from serving.middleware import Allowed

    space = Settings(space_id="o/n", space_host="o-n.hf.space", behind_proxy=True)
    gate = Allowed(None, RateLimiter(space), "rest", True, "memory")
    scope = lambda origin: Headers({"host": "10.0.0.1:7860", "origin": origin})  # noqa: E731
    for origin in ("https://o-n.hf.space", "https://huggingface.co"):
        gate._check_origin(scope(origin))
    for origin in ("https://evil.hf.space", "https://huggingface.co.example.com"):
        with pytest.raises(Refused):
            gate._check_origin(scope(origin))


# --- pictures that are bombs ----------------------------------------------------------------------------------------------


def memory(server: Server, line: str = "VmRSS") -> float:
    """Megabytes that a page and its children hold now, or with "VmHWM" the most that they ever did."""
    megabytes = 0.0
    for process in family(server.process.pid):
        try:
            megabytes += (
                int(Path(f"/proc/{process}/status").read_text().split(f"{line}:")[1].split()[0]) / 1024
            )
        except (OSError, IndexError):  # it has ended
            pass
    return megabytes


BOMBS = {
    "scans": lambda: scans(4096, 12_000),
    "exif": lambda: exif_segments(400_000),
    "chunks": lambda: empty_chunks(2_000_000 // 3),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_honest_picture_passes_two_bombs(server, name):
    """The bombs cost their children's time, and end with a sentence if that is too much of it."""
    content = BOMBS[name]()
    assert len(content) < 10 * 2**20
    assert (
        post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 1]})[0] == 200
    )  # the network is loaded
    order, answers = [], {}

    def ask(who: str, raw: bytes) -> None:
        start = time.perf_counter()
        answers[who] = post(server, "run/predict", {"data": [data_url(raw), 1]})
        order.append(who)
        print(f"{name}: {who} was answered after {time.perf_counter() - start:.2f} s")  # shown by -s

    with ThreadPoolExecutor(3) as pool:
        bombs = [pool.submit(ask, f"bomb {number}", content) for number in range(2)]
        time.sleep(0.3)
        pool.submit(ask, "honest", encoded(picture("7")))
        time.sleep(0.1)
        assert get(server, "/health")[0] == 200
        for bomb in bombs:
            bomb.result()
    assert answers["honest"][1]["data"][0]["label"] == "7"
    for bomb in ("bomb 0", "bomb 1"):
        status, reply = answers[bomb]
        assert status == 200 or (status == 400 and "takes too long" in reply["error"]), reply
        assert status == 200 or order.index("honest") < order.index(bomb)
    if name != "chunks":
        assert answers["bomb 0"][0] == 400


@pytest.mark.thorough
def test_memory_stays_under_600_megabytes_through_everything_at_once():
    """PSS of the server and its children, looked at fifty times a second."""
    command = [sys.executable, "-m", "bench.peak", "--seconds", "6", "--most", "600"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    peak = json.loads(done.stdout)
    assert peak["at rest"] < peak["most"] and sum(peak["answers"].values()) > 20  # it was something


def test_a_picture_with_too_many_pixels_costs_nothing(server):
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG", optimize=True)
    before = 0.0
    for turn in range(6):
        if turn == 3:  # both children are there, whatever came before
            before = memory(server)
        status, reply = post(server, "run/predict", {"data": [data_url(bomb.getvalue()), 3]})
        assert status == 400 and "at most 4096" in reply["error"]
    assert memory(server) - before < 20


def test_the_children_know_no_secrets(server):
    """What opens strangers' pictures has none of the server's environment."""
    post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 1]})
    (_, child, *_) = family(server.process.pid)
    names = {
        line.partition("=")[0] for line in Path(f"/proc/{child}/environ").read_text().split("\0") if line
    }
    assert names <= {"PATH", "LD_LIBRARY_PATH", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}


def short(child: Child) -> None:
    """A child that ends before it has sent all pixels that it announced."""
    child.connection, theirs = Pipe()
    code = """
import os
from multiprocessing.connection import Connection
connection = Connection(0)
connection.recv_bytes(), connection.recv_bytes()
connection.send_bytes(b'{"mode": "L", "size": [100, 100]}')
os.write(0, (10_000).to_bytes(4, "big") + b"too few")
"""
    with theirs:
        child.process = subprocess.Popen([sys.executable, "-c", code], stdin=theirs)


def test_a_child_s_short_answer_ends_in_a_sentence_and_a_new_child(monkeypatch, tmp_path):
    weights, content = Weights(ROOT / "weights"), data_url(encoded(picture("7")))["url"]
    weights.start()
    predictor = Predictor(weights, RateLimiter(), tmp_path)
    monkeypatch.setattr(Child, "_start", short)
    with pytest.raises(Refused, match="takes too long to open"):
        in_thread(lambda: predictor.predict("a", content, 1))
    monkeypatch.undo()
    for _ in range(3):  # by every child
        assert in_thread(lambda: predictor.predict("a", content, 1))["label"] == "7"


# --- uploads ----------------------------------------------------------------------------------------------------------------

FORM = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


def test_forty_stalled_uploads_do_not_stop_the_next(server):
    head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n"
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        for connection in stalled:
            connection.sendall(head + FORM + bytes(200_000))
        assert Path(upload(server, encoded(picture("7")))["path"]).is_file()
    finally:
        for connection in stalled:
            connection.close()


def test_lengths_that_are_only_claimed_cost_nobody_anything(server):
    """Heads of large uploads without a body, from eight addresses: a photograph goes on being taken."""
    head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n"
    for number in range(1, 9):
        for size in (10_000_000, 1_000_000, 100_000, 10_000, 1000):
            for _ in range(13):
                source = (f"127.0.0.{number}", 0)
                with socket.create_connection(
                    ("127.0.0.1", server.port), source_address=source
                ) as connection:
                    connection.sendall(head % size)
    assert upload(server, encoded(picture("7")) + bytes(5_000_000))["path"]


def test_slow_bodies_of_some_do_not_keep_others_out(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    for connection in slow:
        connection.sendall(
            b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 13000000\r\n\r\n{"
        )
    assert post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 1]})[0] == 200
    for connection in slow:
        connection.close()


def test_no_file_outside_our_own_folder_is_deleted():
    """Other programs' files lie in the folder that Gradio shares by default; and what is new stays."""
    shared = Path(tempfile.gettempdir(), "gradio")
    shared.mkdir(exist_ok=True)
    other = shared / f"another-program-{os.getpid()}.png"
    other.write_bytes(b"theirs")
    os.utime(other, (1, 1))
    server = Server()
    try:
        mine = Path(upload(server, encoded(picture("7")))["path"])
        assert shared not in mine.parents and mine.is_file()
        assert mine.parent.stat().st_mode & 0o777 == 0o700
    finally:
        server.kill(signal.SIGTERM)
    assert other.is_file() and not mine.parent.exists()
    other.unlink()


def altered(folder: Path, module: str, line: str) -> Server:
    """The page with a line of Python run before it starts, in which `module` is one of `serving`'s."""
    code = f"import sys; sys.path[0] = {str(ROOT)!r}; import app; from serving import {module}; {line}; sys.exit(app.main())"
    (folder / "app.py").write_text(code)
    return Server(folder=folder)


def test_old_uploads_are_deleted_and_what_is_not_one_stays(tmp_path):
    server = altered(tmp_path, "routes", "routes.STAYS = 1.0")
    try:
        first = Path(upload(server, encoded(picture("7")))["path"])
        assert first.is_file()
        other = first.with_name("of-something-else")
        other.write_bytes(b"x")
        second = Path(upload(server, encoded(picture("7")))["path"])
        second.unlink()  # gone before its time
        for _ in range(500):
            if not first.exists():
                break
            time.sleep(0.02)
        assert not first.exists() and other.is_file()
        assert get(server, "/health")[0] == 200
    finally:
        server.kill(signal.SIGTERM)


@pytest.mark.parametrize("name", ["no.such.host.invalid", "192.0.2.1"])
def test_a_wrong_name_of_the_server_is_said_at_once(name):
    from serving.server import listen

    with pytest.raises(
        OSError, match=f"^The page cannot be served at {name}, .*; choose by GRADIO_SERVER_NAME and"
    ):
        listen(name, 7860)


@pytest.mark.thorough
def test_who_does_not_read_is_cut_off(tmp_path):
    """A hundred ask for a large file; half of them read nothing, half a few bytes now and then."""
    from serving import server as serving_server

    with serving_server.listen("127.0.0.1", free_port()) as listening:
        unacknowledged = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert unacknowledged == 1000 * serving_server.UNREAD == 30_000
    server = altered(tmp_path, "server", "server.UNREAD = 1.0")
    try:
        files = Path(f"/proc/{server.process.pid}/fd")
        scripts = sorted(
            (Path(gradio.__file__).parent / "templates/frontend/assets").glob("*.js"), key=os.path.getsize
        )
        before, path, size = (
            len(list(files.iterdir())),
            f"/assets/{scripts[-1].name}",
            scripts[-1].stat().st_size,
        )
        slow = []
        for _ in range(100):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that little fits in between
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connection.setblocking(False)
            slow.append(connection)
        status, _, content = get(server, path)
        assert status == 200 and len(content) == size
        for _ in range(300):
            if len(list(files.iterdir())) <= before + 2:
                break
            for connection in slow[50:]:
                with contextlib.suppress(OSError):
                    connection.recv(100)
            time.sleep(0.2)
        assert len(list(files.iterdir())) <= before + 2  # a connection each, and the file that it was sent
        for connection in slow:
            connection.close()
    finally:
        server.kill(signal.SIGTERM)


# --- who may ask how much -----------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """Limits of two and four, and at once of one and two."""
    monkeypatch.setattr(limits, "ALLOWED", {**ALLOWED, "pictures": (2, 4, 300), "drawings": (2, 9, 86_400)})
    monkeypatch.setattr(limits, "HELD", {**HELD, "pictures": (1, 2), "memory": (100, 150)})
    return RateLimiter()


def test_rates_of_one_address_and_of_all(few):
    for _ in range(2):
        few.check("a", "pictures", 1)
    with pytest.raises(Refused, match="this address; try again in some minutes") as refused:
        few.check("a", "pictures")
    assert refused.value.status == 429 and 1 <= refused.value.seconds <= 301
    for _ in range(2):
        few.check("b", "pictures", 1)
    with pytest.raises(Refused, match="from everybody") as refused:
        few.check("c", "pictures")
    assert refused.value.status == 503
    few.check("a", "rest", 1)  # another class is another account
    few.check("c", "drawings", 2)
    with pytest.raises(Refused, match="tomorrow"):
        few.check("c", "drawings")


def test_what_is_refused_for_all_costs_the_visitor_nothing(few, monkeypatch):
    now = time.monotonic()
    few.check("a", "pictures", 2)
    few.check("b", "pictures", 2)
    for _ in range(9):
        with pytest.raises(Refused, match="from everybody"):
            few.check("c", "pictures", 1)
    monkeypatch.setattr(
        limits, "ALLOWED", {**ALLOWED, "pictures": (2, 9, 300)}
    )  # for all there is room again
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    for _ in range(2):
        few.check("c", "pictures", 1)


def test_requests_and_bytes_at_once(few):
    few.hold("a", "pictures", 1)
    with pytest.raises(Refused, match="busy"):
        few.hold("a", "pictures", 1)
    few.hold("b", "pictures", 1)
    with pytest.raises(Refused, match="busy"):
        few.hold("c", "pictures", 1)
    few.hold("a", "pictures", -1)
    few.hold("c", "pictures", 1)
    few.hold("a", "memory", 100)
    with pytest.raises(Refused):
        few.hold("a", "memory", 1)
    with pytest.raises(Refused):
        few.hold("b", "memory", 51)
    few.hold("a", "memory", -100)
    few.hold("b", "memory", 100)


def test_a_window_ends_whatever_the_wall_clock_does(few, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(limits.time, "time", lambda: 2e9)  # far ahead, and back again
    few.check("a", "pictures", 2)
    monkeypatch.undo()
    monkeypatch.setattr(limits, "ALLOWED", {**ALLOWED, "pictures": (2, 4, 300)})
    with pytest.raises(Refused):
        few.check("a", "pictures")
    monkeypatch.setattr(limits.time, "monotonic", lambda: now + 301)
    few.check("a", "pictures")


def test_addresses_are_not_kept():
    known, scope = RateLimiter(), {"client": ("203.0.113.7", 1), "headers": []}
    assert "203" not in known.visitor(scope)
    assert known.visitor(scope) == known.visitor(scope) != RateLimiter().visitor(scope)


SPACE, PROXY = Settings(space_id="o/n", behind_proxy=True), Settings(behind_proxy=True)


@pytest.mark.parametrize(
    "settings, forwarded, client, expected",
    [
        (Settings(), "198.51.100.1", "127.0.0.1", "127.0.0.1"),  # anybody can write it
        (SPACE, "8.8.8.8", "10.0.0.1", "8.8.8.8"),
        (SPACE, "1.1.1.1, 8.8.8.8, 10.1.2.3", "10.0.0.1", "8.8.8.8"),  # the first is what the visitor wrote
        (SPACE, "1.1.1.1, nonsense", "10.0.0.1", "10.0.0.1"),
        (SPACE, "", "10.0.0.1", "10.0.0.1"),
        (SPACE, "8.8.8.8:4711", "10.0.0.1", "8.8.8.8"),
        (SPACE, "[2a00:1450::1]:4711", "10.0.0.1", "2a00:1450::1"),
        (SPACE, "::ffff:8.8.8.8", "10.0.0.1", "8.8.8.8"),
        (PROXY, "8.8.8.8, 10.0.0.5", "10.0.0.1", "10.0.0.5"),  # the first is what the visitor wrote
        (SPACE, "2a00:1450::1", "10.0.0.1", "2a00:1450::1"),
    ],
)
def test_whose_address_counts(settings, forwarded, client, expected):
    scope = {
        "client": (client, 1),
        "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else [],
    }
    assert address(scope, settings) == expected


def test_one_visitor_in_several_writings():
    known = RateLimiter()
    name = lambda ip: known.visitor({"client": (ip, 1), "headers": []})  # noqa: E731
    assert name("2a00::1") == name("2a00::2") != name("2a00:0:0:1::1")  # a network of version 6
    assert name("::ffff:8.8.8.8") == name("8.8.8.8") != name("::ffff:8.8.4.4") == name("8.8.4.4")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "one, other", [("8.8.8.8:4711", "9.9.9.9:4711"), ("::ffff:8.8.8.8", "::ffff:9.9.9.9")]
)
def test_what_one_address_holds_is_held_against_no_other(one, other):
    """However a proxy writes them down; else one visitor keeps out all."""
    server, held = Server(BEHIND_PROXY="1"), []
    body = json.dumps({"data": [data_url(encoded(picture("7")) + bytes(9_000_000)), 1]}).encode()

    def ask(who: str) -> int:
        try:
            return get(server, "/gradio_api/run/predict", "POST", {"X-Forwarded-For": who}, body)[0]
        except OSError:  # refused while it still sent
            return 503

    try:
        for _ in range(2):
            connection = socket.create_connection(("127.0.0.1", server.port))
            held.append(connection)
            head = f"POST /gradio_api/run/predict HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {one}\r\n"
            connection.sendall(f"{head}Content-Length: 13000000\r\n\r\n".encode() + bytes(9_000_000))
        time.sleep(0.5)
        assert ask(one) == 503
        assert ask(other) == 200
    finally:
        for connection in held:
            connection.close()
        server.kill(signal.SIGTERM)


def test_a_school_behind_one_address_sees_no_refusal(server):
    """Thirty pupils open the page, ask about ten digits each, agree, and contribute ten each."""
    content = encoded(picture("7"))

    def pupil(number: int) -> set[int]:
        statuses = {get(server, path)[0] for path in ("/", "/config", "/weights/current")}
        receipt = ""
        for turn in range(10):
            statuses.add(post(server, "run/predict", {"data": [data_url(content), 1]})[0])
            if not receipt:
                question = {"fn_name": "consent", "data": {"version": CONSENT}}
                receipt = post(server, "component_server", question)[1]["receipt"]
            drawing = {
                "receipt": receipt,
                "id": f"pupil-{number}-{turn}",
                "label": "2",
                "strokes": strokes("2", number),
            }
            status, counts = post(server, "component_server", {"fn_name": "keep", "data": drawing})
            statuses.add(status)
            assert counts["saved"] == turn + 1
        post(server, "component_server", {"fn_name": "forget", "data": {"receipt": receipt}})
        return statuses

    with ThreadPoolExecutor(30) as pool:
        assert set().union(*pool.map(pupil, range(30))) == {200}


# --- contributions ----------------------------------------------------------------------------------------------------------


def test_one_s_own_drawings_come_as_a_file(server):
    receipt = post(server, "component_server", {"fn_name": "consent", "data": {"version": CONSENT}})[1][
        "receipt"
    ]
    drawing = {"receipt": receipt, "id": "take-home-1", "label": "2", "strokes": strokes("2")}
    assert post(server, "component_server", {"fn_name": "keep", "data": drawing})[1]["saved"] == 1
    for kind, begin in (("npz", b"PK"), ("parquet", b"PAR1")):
        body = json.dumps({"receipt": receipt, "format": kind}).encode()
        status, headers, content = get(server, "/contributions/collection", "POST", {}, body)
        assert status == 200 and content.startswith(begin) and "attachment" in headers["content-disposition"]
    for question in ({}, {"receipt": "none"}, {"receipt": receipt, "format": "exe"}, {"receipt": 5}):
        status, _, content = get(
            server, "/contributions/collection", "POST", {}, json.dumps(question).encode()
        )
        assert status == 400
        sentence(json.loads(content)["error"])
    post(server, "component_server", {"fn_name": "forget", "data": {"receipt": receipt}})


# --- running it -------------------------------------------------------------------------------------------------------


def test_a_drawing_is_kept_without_torch():
    """The page, its weights and contributions are served by a process that has not imported the network's library yet."""
    code = (
        "import sys; sys.path.insert(0, '.'); import app\n"
        "from serving.settings import Settings\n"
        "from serving.weights import Weights\n"
        "print(Weights(app.HERE / 'weights', Settings()).info()['parameters'])\n"
        "print([name for name in ('torch', 'model', 'datasets', 'handwriting') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    parameters, loaded = done.stdout.splitlines()[-2:]
    assert int(parameters) > 10_000 and loaded == "[]", done.stderr


def test_no_file_is_left_beside_the_sources(server):
    assert get(server, "/")[0] == 200
    assert [path for path in ROOT.rglob("*.pyi") if ".venv" not in path.parts] == []


@pytest.mark.thorough
def test_health_metrics_and_a_log_without_visitors(tmp_path):
    """What a maintainer reads; and a stop that answers what was asked before."""
    server = Server(METRICS_TOKEN="metrics-secret", HF_TOKEN="hf_secretsecretsecret", HF_HUB_OFFLINE="1")
    try:
        status, _, content = get(server, "/health")
        assert status == 200 and json.loads(content) == {
            "status": "ok",
            "weights": "embedded",
            "version": VERSION,
        }
        assert get(server, "/metrics")[0] == 403
        secret = {"Authorization": "Bearer metrics-secret"}
        post(server, "run/predict", {"data": [data_url(encoded(picture("4"))), 3]})
        post(server, "run/predict", {"data": [data_url(b"not a picture at all"), 3]})
        post(server, "run/predict", {"data": ["words of a visitor", 3]})
        post(server, "component_server", {"fn_name": "keep", "data": {"receipt": "words of a visitor"}})
        get(server, "/nothing/visitorpath")
        numbers = get(server, "/metrics", headers=secret)[2].decode()
        for line in ('events_total{event="picture answered"} 1.0', 'refusals_total{reason="bad picture"} 2.0',
                     'refusals_total{reason="no such path"} 1.0', "pictures_waiting 0.0", 'requests_total{kind="pictures",status="200"} 1.0',
                     "process_resident_memory_bytes"):  # fmt: skip
            assert line in numbers, numbers

        # no secret, no path of the machine and no traceback in anything that is sent
        paths = (
            "/",
            "/config",
            "/gradio_api/info",
            "/gradio_api/openapi.json",
            "/nothing",
            "/health",
            "/theme.css",
        )
        replies = [get(server, path)[2] for path in paths]
        replies += [json.dumps(post(server, way, body)[1]).encode() for way in ("run/predict", "run/info", "call/predict", "queue/join", "component_server")
                    for body in ({}, {"data": []}, {"data": [None, 3]}, {"data": [data_url(b"x"), "NaN"]}, {"fn_index": 99, "data": []})]  # fmt: skip
        for reply in replies:
            for leak in (b"hf_secret", b"metrics-secret", str(ROOT).encode(), b"site-packages", b"Traceback", b'.py", line',
                         str(tmp_path.parent).encode(), b" object at 0x", b"> at 0x"):  # fmt: skip
                assert leak not in reply, (leak, reply[:300])

        # SIGTERM while pictures are being read
        answers, late = [], []

        def ask():
            try:
                status, reply = post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 1]})
                answers.append(reply["data"][0]["label"])
            except OSError as error:  # it came too late
                late.append(error)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]  # who only listen
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert server.process.wait(30) == 0
        assert set(answers) <= {"7"} and len(answers) + len(late) == 20  # who was let in was answered
        for connection in idle:
            connection.close()
        log = server.output()
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert [event["event"] for event in events][0] == "started" and events[-1]["event"] == "stopped"
        for private in ("words of a visitor", "visitorpath", "hf_secret", "Traceback"):
            assert private not in log, log
        assert all(
            "127.0.0.1" not in line for line in log.splitlines() if not line.startswith("The page is on")
        ), log
    finally:
        if server.process.poll() is None:
            server.kill()


def test_the_version_is_that_of_the_changelog():
    assert re.findall("^## (\\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[0] == VERSION


def test_metrics_without_a_token_are_for_this_machine_only(server):
    assert get(server, "/metrics")[0] == 200
    assert get(server, "/metrics", headers={"X-Forwarded-For": "8.8.8.8"})[0] == 403


def test_slow_bodies_are_not_waited_for():
    """One deadline for the whole body, however it drips."""
    from serving.middleware import Allowed, Outermost

    async def inner(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    gate, sent = Allowed(inner, RateLimiter(), "rest", False, "memory"), []
    gate.seconds = 0.3

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "query_string": b"",
        "headers": [],
        "client": ("1.1.1.1", 1),
    }
    in_thread(lambda: Outermost(gate, Settings())(scope, receive, send))
    assert sent[0]["status"] == 408 and b"too slowly" in sent[1]["body"]
    assert not gate.limits._held


def test_a_failure_of_ours_is_said_and_logged_without_its_words(capsys):
    from serving.middleware import Outermost

    async def inner(scope, receive, send):
        raise KeyError("words of a visitor")

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
    in_thread(lambda: Outermost(inner, Settings())(scope, None, send))
    assert sent[0]["status"] == 500 and b"Something went wrong here" in sent[1]["body"]
    assert b"words" not in sent[1]["body"] and "words" not in capsys.readouterr().err


def test_the_stock_comparison_is_for_this_machine_only(tmp_path):
    server = Server("--sketchpad", "stock", GRADIO_SERVER_NAME="0.0.0.0")
    try:
        listening = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{server.port:04X} 00000000:0000 0A" in listening  # 127.0.0.1
        assert f"00000000:{server.port:04X} 00000000:0000 0A" not in listening
        components = json.loads(get(server, "/config")[2])["components"]
        assert any(component["type"] == "imageeditor" for component in components)
    finally:
        server.kill()
