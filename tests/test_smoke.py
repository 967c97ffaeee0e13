"""smoke.py against the real page, against the page with one thing spoilt on the way, and against what is no page at all."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

import smoke
from tests.harness import ROOT
from tests.harness.servers import free_port


@dataclass
class Answer:
    """What the page answers, before it goes on; a test spoils it."""

    path: str
    question: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @json.setter
    def json(self, value: object) -> None:
        self.body = json.dumps(value).encode()


@contextmanager
def serving(handler: type) -> Iterator[str]:
    """The address of a small server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def spoilt(server, spoil: Callable[[Answer], None]) -> Iterator[str]:
    """The real page, but `spoil` changes its answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            question = self.rfile.read(int(self.headers.get("content-length", 0)))
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as page:
                page.request(self.command, self.path, question or None, dict(self.headers))
                reply = page.getresponse()
                headers = {
                    n: v for n, v in reply.getheaders() if n not in ("content-length", "transfer-encoding")
                }
                answer = Answer(self.path, question, reply.status, headers, reply.read())
            spoil(answer)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = pass_on

        def log_message(self, *_) -> None:
            pass

    with serving(Handler) as url:
        yield url


def kept_in(server) -> list[tuple]:
    """What the page's store of contributions holds."""
    path = Path(server.environment["CONTRIBUTIONS_DIR"], "contributions.sqlite")
    with closing(sqlite3.connect(path)) as store:
        return [
            store.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("writers", "drawings")
        ]


def test_a_live_page_passes(server):
    before = kept_in(server)
    done = subprocess.run(
        [sys.executable, str(ROOT / "smoke.py"), server.url],
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == "PASS: 6 of 6 checks"
    assert all(re.match(r"ok    .+ +[\d,]+ ms", line) for line in lines[1:-1])
    assert kept_in(server) == before


def test_a_live_static_page_passes_too(site, capsys):
    assert smoke.main([site.url]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "PASS: 4 of 4 checks"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Content-Security-Policy", "X", "no policy of its own"),
        ("script-src", "script-src 'unsafe-eval'", "allows too much"),
    ],
)
def test_a_static_page_with_a_weak_policy_fails(site, old, new, words):
    page = smoke.parse([site.url])
    smoke.front(page)
    page.home = httpx.Response(200, text=page.home.text.replace(old, new))
    assert words in smoke.run(smoke.policy, page)[1]


def test_a_silent_page_is_not_waited_for(capsys, monkeypatch):
    monkeypatch.setattr(smoke, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert "gives no whole HTTP answer (timed out)." in fails_at_once(capsys, url)


def test_a_spoilt_page_fails_with_a_line_for_each_fault(server, capsys):
    def spoil(answer: Answer) -> None:
        answer.headers.pop("x-content-type-options", None)
        if answer.path == "/weights/current":
            answer.json = {**answer.json, "problem": "The Hub is away."}

    with spoilt(server, spoil) as url:
        assert smoke.main([url]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "FAIL: 4 of 6 checks"
    failed = [line for line in lines if line.startswith("FAIL  ")]
    assert "policy" in failed[0] and failed[0].endswith("The answer to / has no x-content-type-options.")
    assert "weights" in failed[1] and failed[1].endswith("The Hub is away.")


# --- one thing spoilt -------------------------------------------------------------------------------------------------


def change(where: str, **fields: object) -> Callable[[Answer], None]:
    """Change the JSON that is answered at a path."""

    def spoil(answer: Answer) -> None:
        if answer.path == where:
            answer.json = {**answer.json, **fields}

    return spoil


def replace(where: str, status: int, body: str, media: str = "application/json") -> Callable[[Answer], None]:
    """Answer something else at a path that begins like that."""

    def spoil(answer: Answer) -> None:
        if answer.path.startswith(where):
            answer.status, answer.body, answer.headers = status, body.encode(), {"content-type": media}

    return spoil


def without(header: str, path: str) -> Callable[[Answer], None]:
    return lambda answer: answer.path == path and answer.headers.pop(header)


def of_pictures(answer: Answer) -> None:
    if answer.path.endswith("/run/predict") and answer.status == 200:
        answer.json = {"data": [{**answer.json["data"][0], "label": "3"}]}


def other_weights(answer: Answer) -> None:
    if answer.path.endswith("model.safetensors"):
        answer.body = answer.body[:-1] + b"x"


SPOILT = {
    "no policy": (without("content-security-policy", "/"), smoke.policy, "/ has no content-security-policy"),
    "errors without headers": (
        without("referrer-policy", "/no-such-page"),
        smoke.policy,
        "has no referrer-policy",
    ),
    "no asset": (replace("/assets/", 404, ""), smoke.files, "was answered 404"),
    "no module": (replace("/web/", 404, ""), smoke.files, "was answered 404"),
    "a page for a script": (replace("/assets/", 200, "<p>", "text/html"), smoke.files, "comes as text/html"),
    "other weights": (other_weights, smoke.weights, "their SHA-256 differs"),
    "a problem": (change("/weights/current", problem="The Hub is away."), smoke.weights, "The Hub is away."),
    "HTML for JSON": (replace("/weights/current", 200, "<p>hello"), smoke.weights, "has not the shape"),
    "another picture": (of_pictures, smoke.predict, "reads the picture of a 2 as 3."),
    "no queue": (
        replace("/gradio_api/queue/join", 500, "oh"),
        smoke.predict,
        "gradio_client cannot ask the page",
    ),
    "takes anything": (replace("/gradio_api/run/", 200, "{}"), smoke.refusals, "200 and not refused"),
    "breaks": (replace("/gradio_api/run/", 500, "oh"), smoke.refusals, "500 and not refused"),
    "an open door": (replace("/monitoring", 200, "<p>"), smoke.refusals, "/monitoring was answered 200"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_answer_is_found(server, name):
    spoil, check, words = SPOILT[name]
    with spoilt(server, spoil) as url:
        page = smoke.parse([url])
        smoke.front(page)
        good, message = smoke.run(check, page)
    assert not good and words in message, message
    assert "\n" not in message


def test_a_sleeping_page_is_waited_for(server, capsys, monkeypatch):
    naps = [503]

    def sleep(answer: Answer) -> None:
        if naps:
            answer.status = naps.pop()

    with spoilt(server, sleep) as url:
        page = smoke.parse([url])
        assert smoke.run(smoke.front, page) == (True, "Gradio's")
        assert "answers 503: it sleeps or starts; waiting, 120 s left" in capsys.readouterr().out
        naps.append(503)
        monkeypatch.setattr(smoke, "WAIT", 0)
        page = smoke.parse([url])
        assert smoke.run(smoke.front, page)[1].endswith("answers 503.")


# --- no page of ours --------------------------------------------------------------------------------------------------


def fails_at_once(capsys, *arguments: str) -> str:
    """What the first check says."""
    assert smoke.main(list(arguments)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "FAIL: 0 of 1 checks"
    assert len(lines) == 3
    return lines[1]


def test_nobody_there(capsys):
    assert "onnection refused" in fails_at_once(capsys, f"http://127.0.0.1:{free_port()}")


def test_another_site(capsys, tmp_path):
    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_) -> None:
            pass

    with serving(Files) as url:
        assert "is another page than ours." in fails_at_once(capsys, url)
        assert "SSL" in fails_at_once(capsys, url.replace("http:", "https:"))
        assert "answers 404." in fails_at_once(capsys, f"{url}/nowhere")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"220 mail.example.com ESMTP\r\n", "gives no whole HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<html>", "gives no whole HTTP answer"),
        (b"", "gives no whole HTTP answer"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n", "answers 302"),
    ],
    ids=["mail", "cut", "nothing", "redirect"],
)
def test_what_is_no_page(capsys, raw, words):
    def answer(listening: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listening.accept()
            except OSError:
                return
            with visitor:
                try:
                    visitor.recv(65536)
                    visitor.sendall(raw)
                except OSError:
                    pass  # the visitor has gone

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert words in fails_at_once(capsys, url)
        listening.shutdown(socket.SHUT_RDWR)


# --- what is asked for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860"),
        ("https://example.com/digits/", "https://example.com/digits"),
        ("Ann-B/My_digits.2", "https://ann-b-my-digits-2.hf.space"),
        ("https://huggingface.co/spaces/Ann/mnixel", "https://ann-mnixel.hf.space"),
    ],
)
def test_addresses(given, url):
    assert smoke.parse([given]).url == url


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["mnixel"],
        ["127.0.0.1:7860"],
        ["ftp://example.com"],
        ["http://"],
        ["http://ann:secret@example.com"],
        ["http://exa mple.com"],
        ["https://huggingface.co/spaces/Ann?"],
    ],
    ids=str,
)
def test_bad_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        smoke.main(arguments)
    assert stopped.value.code == 2
    usage = capsys.readouterr().err
    assert usage.startswith("usage: ") and "Traceback" not in usage
