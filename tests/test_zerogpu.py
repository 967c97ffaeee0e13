"""ZeroGPU: the page reports its start by the real package `spaces`, before a stand-in for the platform; what it installs can be had.

Stand-ins: the platform's own address, and the three names that PyTorch's CUDA build has and the CPU build has not.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from publishing import bundles, pins
from tests.harness import ROOT, without
from tests.harness.servers import Server

WEIGHTS, NAMES = ROOT / "weights", ("OWNER/mnixel", "OWNER/mnixel-cnn", "OWNER/mnixel")
# What Python runs at its start, in the page's process only: PyTorch looks as its CUDA build does before a GPU is touched.
CUDA = """
import os, sys
if os.environ.get("SPACES_ZERO_GPU") and sys.orig_argv[1:] == ["app.py"]:
    import torch
    torch.version.cuda, torch.cuda._is_in_bad_fork, torch._C._cuda_init = "13.0", bool, int
"""


class Platform(BaseHTTPRequestHandler):
    """What `spaces` reports to. It notes each report, and whether the page answered by then."""

    def do_POST(self):
        server = self.server
        try:
            up = urllib.request.urlopen(f"http://127.0.0.1:{server.page}/", timeout=30).status == 200
        except OSError:
            up = False
        server.reports.append((self.path, up))
        self.send_response(server.answers.pop(0) if server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        server.reported.set()

    def log_message(self, *_):
        pass


@pytest.fixture
def platform():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    server.reports, server.answers, server.page, server.reported = [], [], None, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("zero") / "space"
    bundles.space(out, WEIGHTS, *NAMES, hardware="zero-a10g")
    return out


@contextmanager
def page(space: Path, platform, tmp_path: Path, **more: str):
    """The Space's own files, run as ZeroGPU runs them."""
    if importlib.util.find_spec("spaces") is None:
        without("the package spaces is not installed")
    (tmp_path / "sitecustomize.py").write_text(CUDA)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    address = f"http://localhost:{platform.server_port}"
    settings = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address, "SPACE_ID": "OWNER/mnixel"}

    class Page(Server):
        def start(self, *limits) -> None:
            platform.page = self.port
            super().start(*limits)

    server = Page(folder=space, **{"PYTHONPATH": path, **settings, **more})
    try:
        yield server
    finally:
        server.kill()


def ask(server: Server) -> str:
    drawn = (ROOT / "docs/images/digit.png").read_bytes()
    picture = {"url": f"data:image/png;base64,{base64.b64encode(drawn).decode()}"}
    body = json.dumps({"data": [picture, 3]}).encode()
    request = urllib.request.Request(
        f"{server.url}/gradio_api/run/predict", body, {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request, timeout=60))["data"][0]["label"]


def wait_for(server: Server, sentence: str) -> None:
    deadline = time.monotonic() + 90
    while sentence not in server.output():
        assert time.monotonic() < deadline, server.output()
        time.sleep(0.1)


@pytest.mark.thorough
def test_the_start_is_reported_once_and_after_the_page_is_up(space, platform, tmp_path):
    with page(space, platform, tmp_path) as server:
        wait_for(server, "ZeroGPU knows that the page has started.")
        assert platform.reports == [("/startup-report", True)]
        assert ask(server) == "2"
        assert "Traceback" not in server.output()
        assert platform.reports == [("/startup-report", True)]  # no GPU was asked for


@pytest.mark.thorough
def test_a_platform_that_fails_is_told_again(space, platform, tmp_path):
    platform.answers = [500]
    with page(space, platform, tmp_path) as server:
        wait_for(server, "ZeroGPU knows that the page has started.")
        assert len(platform.reports) == 2
        assert (
            "ZeroGPU was not told that the page has started (Error while initializing ZeroGPU"
            in server.output()
        )


@pytest.mark.thorough
def test_a_launch_that_cannot_reach_its_own_address_costs_nothing(space, platform, tmp_path):
    """Gradio's `launch` asks itself, here through a proxy that does not answer, and gives up: the report is out by then."""
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "localhost"}
    with page(space, platform, tmp_path, **proxy) as server:
        wait_for(server, "ZeroGPU knows that the page has started.")
        assert platform.reports == [("/startup-report", True)]
        assert ask(server) == "2"


# --- what ZeroGPU installs ------------------------------------------------------------------------------------------------

REMOVED = {"asynchat", "asyncore", "distutils", "imp", "smtpd"}  # from the standard library, with Python 3.12


def test_the_space_asks_for_what_zerogpu_has(space):
    front = yaml.safe_load((space / "README.md").read_text().split("---\n")[1])
    assert front["python_version"] == "3.12"
    lines = (space / "requirements.txt").read_text().splitlines()
    assert "torch==2.11.0" in lines and not any("+cpu" in line or "index" in line for line in lines)


def test_sources_parse_and_imports_resolve_on_python_3_12(space):
    """Each import is the project's own, of 3.12's standard library, or of a package that is pinned. (`spaces` is one.)"""
    pinned = {
        canonicalize_name(line.split("==")[0])
        for line in (space / "requirements.txt").read_text().splitlines()
    }
    known = packages_distributions()
    for path in sorted(space.rglob("*.py")):
        tree = ast.parse(path.read_text(), feature_version=(3, 12))
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        names |= {
            node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level
        }
        for name in {name.partition(".")[0] for name in names} - (sys.stdlib_module_names - REMOVED):
            own = (space / f"{name}.py").is_file() or (space / name).is_dir()
            assert own or pinned & set(map(canonicalize_name, known.get(name, [name]))), (
                f"{path.name} imports {name}"
            )
    newer = shutil.which("python3.12")
    if newer and subprocess.run([newer, "-c", ""], capture_output=True).returncode == 0:
        command = [newer, "-m", "compileall", "-q", str(space)]
        assert subprocess.run(command, capture_output=True, text=True).stdout == ""


@pytest.mark.thorough
@pytest.mark.parametrize("hardware", ["zero-a10g", "t4-small"])
def test_every_pin_has_a_wheel_for_python_3_12_and_they_agree(hardware, tmp_path):
    """Resolved together with what a Space's image adds, as far as that is known. (3.10, ZeroGPU's other Python, numpy has left behind.)"""
    (tmp_path / "requirements.txt").write_text(bundles.requirements(hardware))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--only-binary=:all:"]
    command += [
        "--python-version",
        "3.12",
        "--target",
        str(tmp_path / "out"),
        "--report",
        str(tmp_path / "report.json"),
    ]
    added = [
        f"gradio[oauth,mcp]=={pins.written(ROOT / 'constraints.txt')['gradio']}",
        "uvicorn>=0.14",
        "websockets>=10.4",
    ]
    done = subprocess.run(
        [*command, "-r", str(tmp_path / "requirements.txt"), *added],
        capture_output=True,
        text=True,
        timeout=900,
    )
    if "No matching distribution" not in done.stderr and "Connection" in done.stderr:
        without("no package index can be reached")
    assert done.returncode == 0, done.stderr
    installed = {
        canonicalize_name(row["metadata"]["name"])
        for row in json.loads((tmp_path / "report.json").read_text())["install"]
    }
    assert {canonicalize_name(name) for name in pins.written(tmp_path / "requirements.txt")} <= installed
