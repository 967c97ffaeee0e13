"""ZeroGPU: the page reports its start by the real package `spaces`, and what it installs can be had.

Stand-ins: the platform's own address, and three names that only PyTorch's CUDA build has.
"""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from publishing import bundles, pins
from tests.harness import ROOT, without
from tests.harness.calls import predict
from tests.harness.servers import Server

WEIGHTS, NAMES = ROOT / "weights", ("OWNER/mnixel", "OWNER/mnixel-cnn", "OWNER/mnixel")
# Python runs this at its start. In the page, PyTorch then looks like its CUDA build before a GPU is touched.
CUDA = """
import os, sys
if os.environ.get("SPACES_ZERO_GPU") and sys.orig_argv[1:] == ["app.py"]:
    import torch
    torch.version.cuda, torch.cuda._is_in_bad_fork, torch._C._cuda_init = "13.0", bool, int
"""


class Platform(BaseHTTPRequestHandler):
    """The platform's server, which notes each report of `spaces`."""

    def do_POST(self):
        self.server.reports.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("zero") / "space"
    bundles.space(out, WEIGHTS, *NAMES, hardware="zero-a10g")
    return out


@pytest.mark.thorough
def test_the_start_is_reported_once_and_no_gpu_is_asked_for(space, tmp_path):
    """ZeroGPU runs the Space's own files in this way."""
    if importlib.util.find_spec("spaces") is None:
        without("the package spaces is not installed")
    (tmp_path / "sitecustomize.py").write_text(CUDA, encoding="utf-8")
    platform = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    platform.reports = []
    threading.Thread(target=platform.serve_forever, daemon=True).start()
    server = Server(
        folder=space,
        PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])),
        SPACES_ZERO_GPU="true",
        SPACES_ZERO_DEVICE_API_URL=f"http://localhost:{platform.server_port}",
        SPACE_ID="OWNER/mnixel",
    )
    try:
        assert predict(server, (ROOT / "docs/images/digit.png").read_bytes())[1]["label"] == "2"
        assert platform.reports == ["/startup-report"]
        assert "Traceback" not in server.output()
    finally:
        server.kill()
        platform.shutdown()


# --- what ZeroGPU installs ---


def test_the_space_asks_for_what_zerogpu_has(space):
    front = yaml.safe_load((space / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert front["python_version"] == "3.12"
    lines = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.11.0" in lines and not any("+cpu" in line or "index" in line for line in lines)


def test_every_import_can_be_had(space):
    """Each is a module of the project, of Python 3.12 or of a pinned package."""
    pinned, known = (
        set(map(canonicalize_name, pins.written(space / "requirements.txt"))),
        packages_distributions(),
    )
    removed = {"asynchat", "asyncore", "distutils", "imp"}
    for path in sorted(space.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        for name in {name.partition(".")[0] for name in names} - (sys.stdlib_module_names - removed):
            is_own = (space / f"{name}.py").is_file() or (space / name).is_dir()
            assert is_own or pinned & set(map(canonicalize_name, known.get(name, [name]))), (path.name, name)


@pytest.mark.thorough
@pytest.mark.parametrize("hardware", ["zero-a10g", "t4-small"])
def test_every_pin_has_a_wheel_for_python_3_12_and_they_agree(hardware, tmp_path):
    """They are resolved together with what a Space's image installs."""
    wanted, report = tmp_path / "requirements.txt", tmp_path / "report.json"
    wanted.write_text(bundles.requirements(hardware), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--only-binary=:all:"]
    command += ["--python-version", "3.12", "--target", tmp_path / "out", "--report", report, "-r", wanted]
    gradio = pins.written(ROOT / "constraints.txt")["gradio"]
    added = [f"gradio[oauth,mcp]=={gradio}", "uvicorn>=0.14", "websockets>=10.4"]
    done = subprocess.run([*command, *added], capture_output=True, text=True, timeout=900)
    if "No matching distribution" not in done.stderr and "Connection" in done.stderr:
        without("no package index can be reached")
    assert done.returncode == 0, done.stderr
    rows = json.loads(report.read_text(encoding="utf-8"))["install"]
    installed = {canonicalize_name(row["metadata"]["name"]) for row in rows}
    assert {canonicalize_name(name) for name in pins.written(wanted)} <= installed
