"""On the Hub: publishing, loading and reuse, by the real clients in fresh processes against the local hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT, Server
from local_hub import OWNER, LocalHub

MODEL, DATASET, SPACE = f"{OWNER}/mnixel-cnn", f"{OWNER}/mnixel", f"{OWNER}/mnixel"
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "MODEL_", "GRADIO_", "MNIXEL_"))}
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def client(hub: LocalHub, home: Path, *command: str, token: str = "hf_write", cwd: Path = ROOT, **more: str):
    """Run a command as somebody with an empty cache in `home`; returns what it printed and its status."""
    environment = {**CLEAN, "PATH": PATH, **hub.environment(home, token), **more}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


def publish(hub: LocalHub, home: Path, *arguments: str, **more):
    return client(hub, home, sys.executable, "publish.py", *arguments, **more)


def load(hub: LocalHub, home: Path, code: str, **more):
    """Run Python as a stranger in an empty folder with nothing but model.py."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "model.py").write_text((ROOT / "model.py").read_text())
    return client(hub, home, sys.executable, "-c", code, cwd=home, token=more.pop("token", ""), **more)


def one_sentence(done, program: str) -> str:
    """The single line that a command said when it failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{program}: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0].removeprefix(f"{program}: ")


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


@pytest.fixture
def hub(tmp_path):
    with LocalHub(tmp_path / "hub").running() as running:
        yield running


@pytest.fixture
def model_hub(hub):
    """A hub with the shipped weights as a model repository."""
    hub.put("model", MODEL, {path.name: path.read_bytes() for path in sorted((ROOT / "weights").iterdir())})
    return hub


def info(server: Server) -> dict:
    call = urllib.request.Request(
        f"{server.url}/gradio_api/run/info", b'{"data": []}', {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(call, timeout=20))["data"][0]


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transfer", ["direct", "redirect", "xet"])
def test_round_trip(transfer, tmp_path, mnixel):
    """Publish everything, publish it again, use the model, the dataset and the page as their cards say."""
    with LocalHub(tmp_path / "hub", transfer).running() as hub:
        done = publish(hub, tmp_path / "us", "all", OWNER, "--data", str(mnixel))
        assert done.returncode == 0, done.stderr
        for kind, name in (("model", MODEL), ("dataset", DATASET), ("space", SPACE)):
            repository = hub.repository(kind, name)
            assert len(repository.commits) == 2  # the Hub's own first one, and ours
            assert f"commit {repository.commits[-1][0]}" in done.stdout
            assert f"{hub.url}/{'' if kind == 'model' else kind + 's/'}{name}" in done.stdout
        assert set(hub.files("model", MODEL)) == {
            ".gitattributes", "README.md", "config.json", "metrics.json", "model.py", "model.safetensors"
        }  # fmt: skip
        assert hub.repository("space", SPACE).variables == {"MODEL_ID": MODEL}
        uploads = [line for line in hub.log if line.startswith("PUT /store/")]
        assert bool(uploads) == (transfer != "xet")

        again = publish(hub, tmp_path / "us again", "all", OWNER, "--data", str(mnixel))
        assert again.returncode == 0, again.stderr
        assert again.stdout.count("(nothing changed)") == 3
        assert [len(repository.commits) for repository in hub.repositories.values()] == [2, 2, 2]

        card = hub.files("model", MODEL)["README.md"].decode()
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        (stranger / "digit.png").write_bytes((ROOT / "docs/images/digit.png").read_bytes())
        fetched = client(hub, stranger, "sh", "-c", blocks(card)[0], token="", cwd=stranger)
        assert fetched.returncode == 0, fetched.stderr
        used = client(hub, stranger, sys.executable, "-c", blocks(card, "python")[0], token="", cwd=stranger)
        assert used.stdout.startswith("[('2', "), used.stderr

        card = hub.files("dataset", DATASET)["README.md"].decode()
        reuser = tmp_path / "reuser"
        code = blocks(card, "python")[0] + "print(digits['train'].num_rows, digits['test'].num_rows, digits['test'][0])"
        used = client(hub, reuser, sys.executable, "-c", code, token="", cwd=tmp_path)
        assert used.returncode == 0, used.stderr
        assert used.stdout.startswith("287 123 {'image': <PIL.PngImagePlugin.PngImageFile image mode=L size=28x28")
        code = blocks(card, "python")[0].splitlines()
        used = client(
            hub, reuser, sys.executable, "-c", "\n".join([*code[:-1], "print(digits)"]), token="", cwd=tmp_path
        )
        assert "num_rows: 270" in used.stdout and "num_rows: 116" in used.stdout

        server = Server(**hub.environment(tmp_path / "page", ""), MODEL_ID=MODEL)
        try:
            commit = hub.repository("model", MODEL).commits[-1][0]
            wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")
            assert info(server)["accuracy"]["total"] == 116
        finally:
            server.kill()
        assert hub.leaks == []


def wait_for(true, seconds: float = 60) -> None:
    """Until `true()`; fails when that takes for ever."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
