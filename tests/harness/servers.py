"""Servers in processes of their own. They can be killed, and started again at the same address."""

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.harness import CLEAN, ROOT


def _ports() -> Iterator[int]:
    """Ports below those that the system gives to connections, different for each process that runs tests."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
    return itertools.count(20_000 + 3000 * worker + random.SystemRandom().randrange(2000))


PORTS = _ports()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, and which no other test gets."""
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def family(pid: int) -> list[int]:
    """A process and the children of all of its threads. Linux only."""
    lists = [path.read_text(encoding="utf-8") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(int(child) for text in lists for child in text.split())]


class Process:
    """A command that serves at `url`."""

    def __init__(self, command: list[str], url: str, environment: dict[str, str], folder: Path = ROOT):
        self.command, self.url, self.environment, self.folder = command, url, environment, folder
        self.start()

    def start(self, seconds: float = 240) -> None:
        """Start it and wait until it answers."""
        # A pipe that nobody reads would stop the server when it is full.
        self._output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=self.environment, stdout=self._output, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.url, timeout=2).read(1)
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise AssertionError(f"{' '.join(self.command)} did not come up:\n{self.output()}")

    def output(self) -> str:
        """The text that it has printed since its start."""
        return os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0).decode()

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it and wait until it has ended."""
        self.process.send_signal(how)
        self.process.wait(60)


class Server(Process):
    """`python app.py`, or another command that starts it."""

    def __init__(self, folder: Path = ROOT, command=(sys.executable, "app.py"), **environment: str):
        self.port, self._store = free_port(), tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        settings = {"GRADIO_SERVER_PORT": str(self.port), "CONTRIBUTIONS_DIR": self._store.name}
        super().__init__(command, f"http://127.0.0.1:{self.port}", CLEAN | settings | environment, folder)


class StaticSite(Process):
    """The static edition in `folder`/some/where, served by `python -m http.server`."""

    def __init__(self, folder: Path):
        self.port, self.root = free_port(), folder
        where = [str(self.port), "--bind", "127.0.0.1", "--directory", str(folder)]
        command = [sys.executable, "-m", "http.server", "--protocol", "HTTP/1.1", *where]
        super().__init__(command, f"http://127.0.0.1:{self.port}/some/where/", dict(os.environ))
