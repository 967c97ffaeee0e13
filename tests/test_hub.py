"""Weights from the Hub: loaded by strangers in fresh processes, and served by the page."""

import hashlib
import json
import re
import shutil
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from publishing import bundles
from serving import weights as serving_weights
from tests.harness import ROOT, python
from tests.harness.contributor import wait_for
from tests.harness.hub import DATASET, MODEL, SPACE, Fault, LocalHub, client, one_sentence
from tests.harness.servers import Server

WEIGHTS = ROOT / "weights"


def weights(**changes) -> dict[str, bytes]:
    """The shipped config.json with other values."""
    config = json.loads((WEIGHTS / "config.json").read_text())
    return {"config.json": json.dumps({**config, **changes}).encode()}


def altered(change, **config) -> dict[str, bytes]:
    """The shipped weights with changed floats, and a configuration that fits them."""
    tensors = safetensors.numpy.load_file(WEIGHTS / "model.safetensors")
    tensors = {n: change(values) if values.dtype.kind == "f" else values for n, values in tensors.items()}
    raw = safetensors.numpy.save(tensors)
    return {"model.safetensors": raw, **weights(sha256=hashlib.sha256(raw).hexdigest(), **config)}


@pytest.fixture
def model_hub(hub):
    """A hub with the shipped weights as a model repository."""
    hub.put("model", MODEL, WEIGHTS)
    return hub


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the shipped weights."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


# --- loading ---

LOAD = """
import json, sys
from model import DigitCNN
for name, settings in json.loads(sys.argv[1]):
    try:
        print("loaded", DigitCNN.from_pretrained(name, **settings).source)
    except Exception as error:
        print(type(error).__name__, error)
"""


def load(hub: LocalHub, home: Path, *loads: tuple[str, dict], **more: str) -> list[str]:
    """The line that each load prints, for a stranger whose folder has nothing but model.py."""
    home.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "model.py", home / "model.py")
    done = client(hub, home, sys.executable, "-c", LOAD, json.dumps(loads), cwd=home, token="", **more)
    said = done.stdout.splitlines()
    assert len(said) == len(loads) and "hf_write" not in done.stdout + done.stderr, done.stderr
    return said


@pytest.mark.thorough
def test_without_the_hub_the_cache_will_do(model_hub, tmp_path):
    away, here, there, latest = {"HF_HUB_OFFLINE": "1"}, tmp_path / "a", tmp_path / "b", (MODEL, {})
    assert load(model_hub, here, latest, **away)[0].startswith("ConnectionError The Hub cannot be asked")
    old = model_hub.repository("model", MODEL).commits[-1][0]
    new = model_hub.put("model", MODEL, {"note.txt": b"newer"})
    assert load(model_hub, here, latest) == [f"loaded {MODEL}@{new}"]
    # A push between the two requests must not mix an old configuration with new weights.
    asked = [line.split("/")[-2] for line in model_hub.log if line.endswith("model.safetensors")]
    assert set(asked) == {new}
    assert load(model_hub, here, latest, **away) == [f"loaded {MODEL}@{new}"]
    pinned = (MODEL, {"revision": old})
    (found,) = load(model_hub, there, pinned)
    assert found == f"loaded {MODEL}@{old}"
    model_hub.log.clear()
    # A pinned revision needs no Hub once it is cached.
    assert load(model_hub, there, pinned) == [found] and model_hub.log == []


# Name of the repository -> its settings, the arguments of the load, the message.
UNLOADABLE = {
    "private": ({"private": True}, {}, "There is no model repository OWNER/private that you may see."),
    "revision": ({}, {"revision": "v9"}, "FileNotFoundError OWNER/revision has no revision 'v9'"),
    "gated": ({"gated": "manual"}, {}, "PermissionError OWNER/gated is gated: ask for access"),
    "config.json": ({}, {}, "FileNotFoundError There is no config.json"),
    "model.safetensors": ({}, {}, "FileNotFoundError There is no model.safetensors"),
}


def test_what_cannot_be_loaded_says_why(hub, tmp_path):
    """Nothing is loaded in place of a missing file, not even a pickle."""
    files = {path.name: path.read_bytes() for path in WEIGHTS.iterdir()}
    for name, (settings, _, _) in UNLOADABLE.items():
        spoilt = {"pytorch_model.bin" if file == name else file: raw for file, raw in files.items()}
        hub.put("model", f"OWNER/{name}", spoilt, **settings)
    loads = [(f"OWNER/{name}", how) for name, (_, how, _) in UNLOADABLE.items()]
    for said, (_, _, message) in zip(load(hub, tmp_path, *loads), UNLOADABLE.values(), strict=True):
        assert message in said
    assert not any("pytorch_model" in line for line in hub.log)
    said = load(hub, tmp_path / "b", ("OWNER/private", {}), HF_TOKEN="hf_wrong")
    assert said[0].startswith("PermissionError The Hub does not let you read OWNER/private")


def test_files_that_were_spoilt_on_the_way_are_fetched_again_and_then_refused(tmp_path):
    with LocalHub(transfer="direct").running() as hub:
        for name in ("cut", "once", "config", "always"):
            hub.put("model", f"OWNER/{name}", WEIGHTS)
        hub.faults = [
            Fault("GET /OWNER/cut/.*safetensors", "cut", times=1),
            Fault("GET /OWNER/once/.*safetensors", "alter", times=1),
            Fault("GET /OWNER/config/.*config.json", "alter", times=1),
            Fault("GET /OWNER/always/.*safetensors", "alter"),
        ]
        loads = [(f"OWNER/{name}", {}) for name in ("cut", "cut", "once", "config", "always")]
        first, *again, refused = load(hub, tmp_path, *loads)
        assert first.startswith(("loaded ", "ConnectionError "))
        assert all(said.startswith("loaded ") for said in again)
        assert re.match("ValueError The model.safetensors of .*SHA-256 differs", refused)
        # The cache now holds the altered file. It is refused without the Hub, too.
        assert load(hub, tmp_path, loads[-1], HF_HUB_OFFLINE="1")[0].startswith("ValueError The model")


# --- the page ---


@contextmanager
def page(hub: LocalHub, home: Path, folder: Path = ROOT, **settings: str):
    """The page, which serves weights from the Hub."""
    server = Server(folder=folder, **{**hub.environment(home, ""), "MODEL_ID": MODEL, **settings})
    try:
        yield server
    finally:
        server.kill()


def info(server: Server) -> dict:
    call = urllib.request.Request(
        f"{server.url}/gradio_api/run/info", b'{"data": []}', {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(call, timeout=20))["data"][0]


def current(server: Server) -> dict:
    """The server's answer about the weights that a page should load."""
    return json.load(urllib.request.urlopen(f"{server.url}/weights/current", timeout=20))


def serves(server: Server, commit: str):
    """Wait until the page serves the weights of a commit."""
    wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")
    assert info(server)["problem"] is None


# How a Hub can fail: an address without a server, or a fault of the local Hub.
FAULTS = {
    "refused": "http://127.0.0.1:9",
    "silent": Fault(".", "silent"),
    "status 500": Fault(".", "500"),
    "cut halfway": Fault("GET /store/", "cut"),
    "altered": Fault("GET /store/", "alter"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_page_is_up_whatever_the_hub_does(name, model_hub, tmp_path):
    """It serves the embedded weights and says why, until it can have those of the Hub."""
    fault = FAULTS[name]
    settings = {"HF_ENDPOINT": fault} if isinstance(fault, str) else {}
    model_hub.faults = [] if settings else [replace(fault)]
    with page(model_hub, tmp_path / "page", MODEL_REFRESH="1", **settings) as server:
        assert info(server)["weights"] == "embedded"
        # The page still waits for the Hub, and answers all the same.
        if name == "silent":
            assert info(server)["problem"] is None
            return
        wait_for(lambda: info(server)["problem"] is not None)
        problem = info(server)["problem"]
        assert re.fullmatch(r"[A-Z].*[.]", problem) and "Traceback" not in problem
        assert ("SHA-256 differs" in problem) == (name == "altered")
        # The page in the browser reads it here.
        assert current(server)["problem"] == problem
        # Altered weights are refused until there is another commit.
        if not settings and name != "altered":
            model_hub.faults = []
            serves(server, model_hub.repository("model", MODEL).commits[-1][0])


@pytest.mark.thorough
def test_cached_weights_are_served_while_the_hub_is_away(model_hub, tmp_path):
    commit = model_hub.repository("model", MODEL).commits[-1][0]
    with page(model_hub, tmp_path / "page") as server:
        serves(server, commit)
    # A newer version whose weights never arrive must not replace the good one.
    model_hub.put("model", MODEL, {"model.safetensors": b"never sent", **weights(threshold=1.0)})
    model_hub.faults = [Fault("GET /store/", "500")]
    with page(model_hub, tmp_path / "page") as server:
        wait_for(lambda: info(server)["problem"] is not None)
        assert info(server)["weights"] == f"{MODEL}@{commit}"
    model_hub.faults = [Fault(".", "500")]
    with page(model_hub, tmp_path / "page") as server:
        wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")


@pytest.mark.parametrize("spoilt", [{"interval": None}, {"right": "<b>"}, {"interval": [0.1]}], ids=str)
def test_broken_figures_from_the_hub_are_not_shown(spoilt, folder):
    assert serving_weights.read(folder, "x").accuracy["total"] == 116
    stored = json.loads((folder / "metrics.json").read_text())
    stored["test"].update(spoilt)
    (folder / "metrics.json").write_text(json.dumps(stored))
    assert serving_weights.read(folder, "x").accuracy is None


NONSENSE = b"x" * 99
NOISE = np.random.default_rng(1)
# Fault of the weights -> the files, and a part of the message.
HARM = {
    "not a number": (altered(lambda values: values * np.nan), "do not read a plain 0"),
    "noise": (
        altered(lambda values: NOISE.normal(size=values.shape).astype(values.dtype)),
        "do not read a plain",
    ),
    "1,024 channels": (weights(channels=[1024, 1024, 1024]), "whole numbers of 1 to 256"),
    "other channels": (weights(channels=[8, 16, 32]), "does not hold the tensors"),
    "all alike": (weights(temperature=100.0), "do not read a plain 0"),
    "17 MB": ({"model.safetensors": bytes(17 * 2**20)}, "at most 16,777,216 are read"),
    "not safetensors": (
        {"model.safetensors": NONSENSE, **weights(sha256=hashlib.sha256(NONSENSE).hexdigest())},
        "is not a safetensors file",
    ),
    "deep": ({"config.json": b"[" * 30_000}, "is not the configuration"),
}


@pytest.mark.parametrize("name", HARM)
def test_weights_that_mean_harm_are_refused(name, folder):
    """They are refused with one sentence before they are served, whatever their configuration says."""
    files, words = HARM[name]
    for file, content in files.items():
        (folder / file).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        serving_weights.load(serving_weights.read(folder, "OWNER/NAME@commit"))
    assert str(folder) not in str(refused.value) and str(refused.value).endswith(".")


def test_an_unexpected_error_about_the_cache_does_not_end_the_thread(monkeypatch):
    serving = serving_weights.Weights(WEIGHTS)
    asked = []

    def serve(revision: str) -> None:
        asked.append(revision)
        if len(asked) == 1:
            raise RuntimeError("unexpected")
        # The thread ends when it serves the commit that it was asked for.
        serving.files = replace(serving.files, origin=f"{MODEL}@{revision}")

    monkeypatch.setattr(serving, "_serve", serve)
    for name, value in (("MODEL_ID", MODEL), ("MODEL_REVISION", "0" * 40), ("MODEL_REFRESH", "0")):
        monkeypatch.setattr(serving_weights, name, value)
    monkeypatch.setattr(serving_weights, "fetched", lambda _, revision, again: revision)
    serving.follow()
    assert len(asked) == 2


@pytest.mark.thorough
def test_a_new_version_is_taken_without_a_restart_unless_it_means_harm(model_hub, tmp_path):
    """Browsers and programs go on with the weights that were served, and the page says why."""
    good = model_hub.repository("model", MODEL).commits[-1][0]
    with page(model_hub, tmp_path / "page", MODEL_REFRESH="1") as server:
        serves(server, good)
        base = current(server)["base"]
        for files, words in (HARM[name] for name in ("not a number", "17 MB", "1,024 channels")):
            model_hub.put("model", MODEL, files)
            wait_for(lambda words=words: words in (info(server)["problem"] or ""))
            assert info(server)["weights"] == f"{MODEL}@{good}" and current(server)["base"] == base
            model_hub.put("model", MODEL, WEIGHTS)
        best = model_hub.put("model", MODEL, weights(threshold=0.5))
        serves(server, best)
        now = current(server)
        assert best in now["weights"]
        assert urllib.request.urlopen(f"{server.url}/{now['base']}config.json", timeout=20).status == 200
        # A page that loads just then asks again which weights are current.
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server.url}/{base}config.json", timeout=20)


# --- the Space's own files ---


@pytest.fixture
def space(tmp_path) -> Path:
    """The Space's files, as publish.py lays them out."""
    bundles.space(tmp_path / "space", WEIGHTS, SPACE, MODEL, DATASET)
    return tmp_path / "space"


@pytest.mark.thorough
def test_space_runs_on_its_own_files_and_needs_each(space, model_hub, tmp_path):
    with page(model_hub, tmp_path / "page", folder=space) as server:
        wait_for(lambda: info(server)["weights"].startswith(MODEL))
        assert info(server)["accuracy"]["total"] == 116
    code = (
        "import sys, app, model, publishing.fetch\n"
        "for module in list(sys.modules.values()): print(getattr(module, '__file__', ''))"
    )
    done = python("-c", code, cwd=space)
    loaded = {Path(path) for path in done.stdout.split() if Path(path).is_relative_to(space)}
    assert loaded == {path for path in space.rglob("*.py") if ".venv" not in path.parts}


def test_space_without_any_weights_says_so(space, hub, tmp_path):
    shutil.rmtree(space / "weights")
    settings = hub.environment(tmp_path / "page", "")
    done = python("app.py", cwd=space, MODEL_ID="OWNER/nothing", **settings)
    assert "There is no config.json in embedded" in one_sentence(done, "app.py")
