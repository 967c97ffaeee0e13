"""Firefox and WebKit, driven by WebDriver's commands: what a person does with a mouse, and scripts."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.harness.servers import free_port

MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"


def _connected(port: int, process: subprocess.Popen, seconds: float = 60) -> socket.socket:
    """A connection to what a process opens at a port, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        time.sleep(0.1)
    raise AssertionError(f"{process.args} did not come up")


class Engine:
    """A browser window; `send(command, parameters)` gives it a command of WebDriver."""

    def __init__(self, send):
        self.send = send

    def run(self, script: str):
        """What a script, the body of a function, returns."""
        found = self.send("ExecuteScript", {"script": script, "args": []})
        return found["value"] if isinstance(found, dict) and found.keys() == {"value"} else found

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"return Boolean({expression})"):
            assert time.monotonic() < deadline, f"not true within {seconds} s: {expression}"
            time.sleep(0.05)

    def open(self, url: str) -> None:
        self.send("Navigate", {"url": url})

    def drag(self, places) -> None:
        """Press the mouse at the first place, move through the others, release at the last."""
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 10, "origin": "viewport"}
            for x, y in places
        ]
        steps = [
            moves[0],
            {"type": "pointerDown", "button": 0},
            *moves[1:],
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}
        self.send("PerformActions", {"actions": [mouse]})


@contextmanager
def firefox() -> Iterator[Engine]:
    """Firefox by its own protocol, WebDriver's commands as JSON on a socket. Else LookupError."""
    binary = shutil.which("firefox-esr") or shutil.which("firefox")
    if not binary:
        raise LookupError("no Firefox found (Debian: firefox-esr)")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        Path(profile, "user.js").write_text(f'user_pref("marionette.port", {port});\n', encoding="utf-8")
        command = [binary, "--marionette", "--headless", "--no-remote", "--profile", profile, "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with _connected(port, process) as connection, connection.makefile("rb") as answers:

                def read():
                    length = b""
                    while not length.endswith(b":"):
                        length += answers.read(1)
                    return json.loads(answers.read(int(length[:-1])))

                numbers = itertools.count(1)
                read()

                def send(name: str, parameters: dict):
                    message = json.dumps([0, next(numbers), f"WebDriver:{name}", parameters]).encode()
                    connection.sendall(b"%d:%s" % (len(message), message))
                    _, _, error, value = read()
                    assert error is None, f"{name}: {error['message']}"
                    return value

                send("NewSession", {})
                yield Engine(send)
        finally:
            process.kill()
            process.wait(60)


@contextmanager
def webkit() -> Iterator[Engine]:
    """WebKit's browser under a display of its own. LookupError when something of it is not there."""
    missing = [name for name in ("WebKitWebDriver", "Xvfb") if not shutil.which(name)]
    if missing or not Path(MINI_BROWSER).is_file():
        raise LookupError("no WebKit found (Debian: webkit2gtk-driver, xvfb)")
    port, display = free_port(), f":{100 + os.getpid() % 10_000}"
    paths = {"ExecuteScript": "execute/sync", "Navigate": "url", "PerformActions": "actions"}
    base = f"http://127.0.0.1:{port}/session"

    def post(path: str, body: dict):
        asked = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), method="POST")
        try:
            return json.load(urllib.request.urlopen(asked, timeout=120))["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {json.load(error)['value']['message']}") from None

    with ExitStack() as stack:
        for command in (
            ["Xvfb", display, "-screen", "0", "1280x900x24"],
            ["WebKitWebDriver", f"--port={port}"],
        ):
            environment = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_DMABUF_RENDERER": "1"}
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 60)
            stack.callback(process.kill)
        _connected(port, process).close()
        options = {"binary": MINI_BROWSER, "args": ["--automation"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        session = post("", wanted)["sessionId"]
        delete = urllib.request.Request(f"{base}/{session}", method="DELETE")
        stack.callback(urllib.request.urlopen, delete, timeout=60)
        yield Engine(lambda name, parameters: post(f"/{session}/{paths[name]}", parameters))
