"""What the tests share: the archives, a server process, a real browser. What is missing is skipped with a reason, once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
settings.register_profile("project", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("project")
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def without(what: str) -> None:
    """Skip a test for want of something; on a CI machine, which must have it, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def mnixel() -> Path:
    """The folder with the real archives."""
    folder = Path(os.environ.get("MNIXEL_DIR", "")) if os.environ.get("MNIXEL_DIR") else None
    if folder is None or not (folder / "MNIST_UIS2.npz").is_file():
        without("MNIXEL archives not found; set MNIXEL_DIR")
    return folder.resolve()


def pytest_terminal_summary(terminalreporter):
    """What could not be checked on this machine, each reason once."""
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT CHECKED ({count} tests): {reason}", yellow=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_thread(run):
    """What the coroutine function `run` gives, in a thread of its own: the browser's driver has the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result(120)


class Server:
    """`python app.py` as a process of its own, which can be killed and started again at the same address."""

    def __init__(self, *arguments: str, folder: Path = ROOT, **environment: str):
        self.arguments, self.folder, self.port = arguments, folder, free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MODEL_", "GRADIO_"))},
            "GRADIO_SERVER_PORT": str(self.port),
            "CONTRIBUTIONS_DIR": str(Path(tempfile.gettempdir(), f"contributions-{self.port}")),
            **environment,
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self, seconds: float = 120) -> None:
        self._output = tempfile.TemporaryFile()  # a pipe that nobody reads would stop the page when it is full
        self.process = subprocess.Popen(
            [sys.executable, "app.py", *self.arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.url, timeout=2).read(1)
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise AssertionError(f"app.py did not come up:\n{self.output()}")

    def output(self) -> str:
        """What the page has printed since it was started."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode()

    def kill(self, how: int = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.wait(30)


@pytest.fixture(scope="session")
def server():
    """The page as `make run` serves it."""
    running = Server()
    yield running
    running.kill(signal.SIGTERM)


class StaticSite:
    """The static edition under a sub-path of `python -m http.server`, which can be stopped and started at the same address."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/some/where/"
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "http.server",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--directory",
            self.folder,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return urllib.request.urlopen(self.url, timeout=2).close()
            except OSError:
                time.sleep(0.1)
        raise AssertionError("http.server did not come up")

    def kill(self, how: int = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.wait(30)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The static edition as `python -m web build` writes it, served by the simplest of servers."""
    from web.build import build

    folder = tmp_path_factory.mktemp("site")
    build(folder / "some" / "where", ROOT / "weights")
    running = StaticSite(folder)
    yield running
    running.kill()


@pytest.fixture(params=["gradio", "static"])
def edition(request):
    """Each of the two editions of the page in turn: served by app.py, and as files."""
    return request.getfixturevalue("server" if request.param == "gradio" else "site")


@contextmanager
def chromium():
    """A real Chromium, headless; LookupError when there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise LookupError("Playwright is not installed") from None
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        raise LookupError("no Chromium found; install one or name it in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def browser():
    """A real browser."""
    try:
        with chromium() as running:
            yield running
    except LookupError as missing:
        without(str(missing))
