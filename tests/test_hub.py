"""On the Hub: publishing, loading and reuse, by the real clients in fresh processes against the local hub."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import publish as command
from model import DigitCNN
from publishing import bundles, pins
from serving import weights as serving_weights
from tests.harness import CLEAN, ROOT, called
from tests.harness.contributor import wait_for
from tests.harness.hub import FAULTS, MODEL, OWNER, Fault, LocalHub, blocks, client, one_sentence, publish
from tests.harness.servers import Server

DATASET, SPACE = f"{OWNER}/mnixel", f"{OWNER}/mnixel"
STATIC = f"{OWNER}/mnixel-static"


def load(hub: LocalHub, home: Path, code: str, **more):
    """Run Python as a stranger in an empty folder with nothing but model.py."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "model.py").write_text((ROOT / "model.py").read_text())
    return client(hub, home, sys.executable, "-c", code, cwd=home, token=more.pop("token", ""), **more)


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


# --- the whole way ------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_round_trip(tmp_path, mnixel):
    """Publish everything, then use the dataset, the README's snippets and the page as a stranger."""
    with LocalHub().running() as hub:
        arguments = ("all", OWNER, "--consent", "--data", str(mnixel))
        done = publish(hub, tmp_path / "us", *arguments)
        assert done.returncode == 0, done.stderr
        for kind, name in (("model", MODEL), ("dataset", DATASET), ("space", SPACE), ("space", STATIC)):
            repository = hub.repository(kind, name)
            # The Hub made the first commit, we made the other.
            assert len(repository.commits) == 2
            assert f"commit {repository.commits[-1][0]}" in done.stdout
            assert f"{hub.url}/{'' if kind == 'model' else kind + 's/'}{name}" in done.stdout
        assert set(hub.files("model", MODEL)) == {
            ".gitattributes", "README.md", "config.json", "metrics.json", "model.py", "model.safetensors",
            "digit.js", "digit.png", "digit28.png", "model.onnx", "notebook.ipynb"
        }  # fmt: skip
        assert hub.repository("space", SPACE).variables == {"MODEL_ID": MODEL}
        assert [hub.repository("space", name).sdk for name in (SPACE, STATIC)] == ["gradio", "static"]
        assert any(line.startswith("PUT /store/") for line in hub.log)

        def stranger(*command: str) -> str:
            home = tmp_path / "stranger"
            home.mkdir(exist_ok=True)
            used = client(hub, home, *command, token="", cwd=home)
            assert used.returncode == 0, used.stderr
            return used.stdout

        (code,) = blocks(hub.files("dataset", DATASET)["README.md"].decode(), "python")[:1]
        *first, raw = code.splitlines()
        for lines, counts in ((first, "270 116 <PIL"), ([*first, raw], "287 123 <PIL")):
            see = "print(digits['train'].num_rows, digits['test'].num_rows, digits['test'][0]['image'])"
            assert stranger(sys.executable, "-c", "\n".join([*lines, see])).startswith(counts)

        # The front door's own snippets: what it prints for the Hub.
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        stranger("sh", "-c", next(block for block in blocks(readme) if block.startswith("hf download")))
        for word, see, said in (
            ("from_pretrained", "print(net.source)", f"{MODEL}@"),
            ("load_dataset", "print(drawn)", "num_rows: 40"),
        ):
            code = next(block for block in blocks(readme, "python") if f'{word}("{OWNER}/' in block)
            assert said in stranger(sys.executable, "-c", code + see)

        server = Server(**hub.environment(tmp_path / "page", ""), MODEL_ID=MODEL)
        try:
            commit = hub.repository("model", MODEL).commits[-1][0]
            wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")
            assert info(server)["accuracy"]["total"] == 116
        finally:
            server.kill()
        assert hub.leaks == []


# --- loading ------------------------------------------------------------------------------------------------

LOAD = f"""
from model import DigitCNN
try:
    print("loaded", DigitCNN.from_pretrained("{MODEL}", **SETTINGS).source)
except Exception as error:
    print(type(error).__name__, error)
"""


def loading(settings: str = "{}") -> str:
    return LOAD.replace("SETTINGS", settings)


@pytest.mark.thorough
def test_without_the_hub_the_cache_will_do(model_hub, tmp_path):
    away = {"HF_HUB_OFFLINE": "1"}
    nothing = load(model_hub, tmp_path / "a", loading(), **away)
    assert nothing.stdout.startswith("ConnectionError The Hub cannot be asked"), nothing.stdout
    old = model_hub.repository("model", MODEL).commits[-1][0]
    new = model_hub.put("model", MODEL, {"note.txt": b"newer"})
    assert load(model_hub, tmp_path / "a", loading()).stdout == f"loaded {MODEL}@{new}\n"
    # A push between the two requests must not mix an old configuration with new weights.
    asked = [line.split("/")[-2] for line in model_hub.log if line.endswith("model.safetensors")]
    assert set(asked) == {new}
    assert load(model_hub, tmp_path / "a", loading(), **away).stdout == f"loaded {MODEL}@{new}\n"
    cached = loading("dict(local_files_only=True)")
    missing = load(model_hub, tmp_path / "b", cached).stdout
    assert missing.startswith(f"FileNotFoundError {MODEL} is not in the Hub's cache")
    # A pinned revision needs no Hub once it is cached.
    pinned = loading(f"dict(revision='{old}')")
    assert load(model_hub, tmp_path / "b", pinned).stdout == f"loaded {MODEL}@{old}\n"
    model_hub.log.clear()
    assert load(model_hub, tmp_path / "b", pinned).stdout == f"loaded {MODEL}@{old}\n"
    assert model_hub.log == []


def weights(**changes) -> dict[str, bytes]:
    """config.json of the shipped weights with other values."""
    config = json.loads((ROOT / "weights" / "config.json").read_text())
    return {"config.json": json.dumps({**config, **changes}).encode()}


UNLOADABLE = {  # fault -> the repository's settings, its files, the arguments, the message
    "other weights": ({}, {"model.safetensors": b"x" * 999}, "{}", "AlteredWeights The model.safetensors of"),
    "private": ({"private": True}, {}, "{}", f"There is no model repository {MODEL} that you may see."),
    "revision": ({}, {}, "dict(revision='v9')", f"FileNotFoundError {MODEL} has no revision 'v9'"),
    "gated": ({"gated": "manual"}, {}, "{}", f"PermissionError {MODEL} is gated: ask for access"),
    "token": ({}, {}, "dict(token='hf_wrong')", f"PermissionError The Hub does not let you read {MODEL}"),
    "token's line": ({}, {}, r"dict(token='hf_write\n')", "PermissionError The token has characters"),
    "broken config": ({}, {"config.json": b"{"}, "{}", f"ValueError The config.json of {MODEL}@"),
    "newer config": ({}, weights(format=4), "{}", "this model.py reads 3. Take the model.py beside it."),
    "other network": ({}, weights(channels=[8, 16, 32]), "{}", "does not hold the tensors of the network"),
}


@pytest.mark.parametrize("name", UNLOADABLE)
def test_what_cannot_be_loaded_says_why(name, model_hub, tmp_path):
    settings, files, arguments, message = UNLOADABLE[name]
    model_hub.put("model", MODEL, files, **settings)
    done = load(model_hub, tmp_path / "a", loading(arguments))
    assert message in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1 and "hf_write" not in done.stdout + done.stderr


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", None])
def test_a_repository_without_our_files(missing, hub, tmp_path):
    """Nothing else is loaded in their place, a pickle least of all."""
    files = {path.name: path.read_bytes() for path in (ROOT / "weights").iterdir()}
    if missing:
        del files[missing]
        hub.put("model", MODEL, {**files, "pytorch_model.bin": b"never opened"})
    done = load(hub, tmp_path / "a", loading())
    said = f"FileNotFoundError There is no {missing or 'model repository'}"
    assert done.stdout.startswith(said), done.stdout
    assert not any("pytorch_model" in line for line in hub.log)


def test_files_that_were_spoilt_on_the_way_are_fetched_again_and_then_refused(model_hub, tmp_path):
    model_hub.faults = [Fault("GET /store/", "cut", times=1)]
    done = load(model_hub, tmp_path / "cut", loading())
    assert done.stdout.startswith(("loaded ", "ConnectionError ")), done.stdout
    assert load(model_hub, tmp_path / "cut", loading()).stdout.startswith("loaded ")
    for spoilt in ("GET /store/", "GET .*config.json"):
        model_hub.faults = [Fault(spoilt, "alter", times=1)]
        assert load(model_hub, tmp_path / spoilt[5:9], loading()).stdout.startswith("loaded ")
    model_hub.faults = [Fault("GET /store/", "alter")]
    done = load(model_hub, tmp_path / "a", loading())
    assert re.match("AlteredWeights The model.safetensors of .*SHA-256 differs", done.stdout), done.stdout
    # The cache now holds the altered file: it must not pass later either, with or without the Hub.
    done = load(model_hub, tmp_path / "a", loading(), HF_HUB_OFFLINE="1")
    assert done.stdout.startswith("AlteredWeights"), done.stdout


@pytest.mark.parametrize(
    "gone", ["threshold", "temperature", "dropout", "channels", "places", "sha256", "format"]
)
def test_a_configuration_with_something_missing_is_refused(gone, tmp_path):
    shutil.copytree(ROOT / "weights", tmp_path / "weights")
    config = json.loads((tmp_path / "weights" / "config.json").read_text())
    del config[gone]
    (tmp_path / "weights" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=f"is not the configuration of this network.*{gone}"):
        DigitCNN.from_pretrained(tmp_path / "weights")


# --- the page without the Hub -------------------------------------------------------------------------------


@contextmanager
def page(hub: LocalHub, home: Path, folder: Path = ROOT, **settings: str):
    """The page on weights from the hub, as a visitor finds it."""
    server = Server(folder=folder, **{**hub.environment(home, ""), "MODEL_ID": MODEL, **settings})
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("name", FAULTS)
def test_page_is_up_whatever_the_hub_does(name, model_hub, tmp_path, record_property):
    """It answers from the embedded weights, says why, and takes the Hub's as soon as they can be had."""
    fault = FAULTS[name]
    settings = {"HF_ENDPOINT": fault} if isinstance(fault, str) else {}
    model_hub.faults = [] if settings else [replace(fault)]
    start = time.monotonic()
    with page(model_hub, tmp_path / "page", MODEL_REFRESH="1", **settings) as server:
        record_property("seconds until the page was up", round(time.monotonic() - start, 1))
        assert info(server)["weights"] == "embedded"
        # The Hub still keeps the page waiting, but nobody else.
        if name == "silent":
            assert info(server)["problem"] is None
            return
        wait_for(lambda: info(server)["problem"] is not None)
        problem = info(server)["problem"]
        assert re.fullmatch(r"[A-Z].*[.]", problem) and "Traceback" not in problem
        assert ("SHA-256 differs" in problem) == (name == "altered")
        # The page shows this one.
        assert current(server)["problem"] == problem
        # Altered weights are refused until there is another commit.
        if not settings and name != "altered":
            model_hub.faults = []
            wait_for(lambda: info(server)["weights"].startswith(f"{MODEL}@"))
            assert info(server)["problem"] is None


@pytest.mark.thorough
def test_cached_weights_are_served_while_the_hub_is_away(model_hub, tmp_path):
    commit = model_hub.repository("model", MODEL).commits[-1][0]
    with page(model_hub, tmp_path / "page") as server:
        wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")
    # A newer version whose weights never arrive moves the cache's own pointer; it must not cost the good one.
    model_hub.put("model", MODEL, {"model.safetensors": b"never sent", **weights(threshold=1.0)})
    model_hub.faults = [Fault("GET /store/", "500")]
    with page(model_hub, tmp_path / "page") as server:
        wait_for(lambda: info(server)["problem"] is not None)
        assert info(server)["weights"] == f"{MODEL}@{commit}"
    model_hub.faults = [Fault(".", "500")]
    with page(model_hub, tmp_path / "page") as server:
        wait_for(lambda: info(server)["weights"] == f"{MODEL}@{commit}")


@pytest.mark.parametrize(
    "spoilt",
    [{"interval": None}, {"right": "<b>"}, {"interval": [0.1]}, {"total": 1.5}, {"right": 200}],
    ids=str,
)
def test_figures_from_the_hub_that_are_none_are_not_shown(spoilt, tmp_path):
    shutil.copytree(ROOT / "weights", tmp_path / "weights")
    assert serving_weights.read(tmp_path / "weights", "x").accuracy["total"] == 116
    stored = json.loads((ROOT / "weights" / "metrics.json").read_text())
    stored["test"].update(spoilt)
    (tmp_path / "weights" / "metrics.json").write_text(json.dumps(stored))
    assert serving_weights.read(tmp_path / "weights", "x").accuracy is None


# --- weights that mean harm ---------------------------------------------------------------------------------


def altered(change, **config) -> dict[str, bytes]:
    """The shipped weights with other tensors and a configuration that fits them."""
    tensors = safetensors.numpy.load_file(ROOT / "weights" / "model.safetensors")
    raw = safetensors.numpy.save({name: change(name, values) for name, values in tensors.items()})
    return {"model.safetensors": raw, **weights(sha256=hashlib.sha256(raw).hexdigest(), **config)}


def unfit(name: str, values: np.ndarray) -> np.ndarray:
    """Tensors of the right shape that never learnt anything."""
    return np.random.default_rng(1).normal(size=values.shape).astype(values.dtype)


def same(name: str, values: np.ndarray) -> np.ndarray:
    return values


def full_of(number: float):
    """Tensors that hold nothing but that number, where they hold fractions."""
    return lambda _, values: np.full_like(values, number) if values.dtype.kind == "f" else values


NONSENSE = b"x" * 99
# Fault of the weights -> the files, a part of the message.
HARM = {
    "not a number": (lambda: altered(full_of(np.nan)), "not finite"),
    "infinite": (lambda: altered(full_of(np.inf)), "not finite"),
    "zeros": (lambda: altered(full_of(0)), "do not read a plain 0"),
    "noise": (lambda: altered(unfit), "do not read a plain"),
    "1,024 channels": (lambda: altered(same, channels=[1024, 1024, 1024]), "channels of 1 to 256"),
    "other channels": (lambda: altered(same, channels=[8, 16, 32]), "does not hold the tensors"),
    "all alike": (lambda: altered(same, temperature=100.0), "do not read a plain 0"),
    "17 MB": (lambda: {"model.safetensors": bytes(17 * 2**20)}, "at most 16,777,216 are read"),
    "long": (lambda: {"config.json": b" " * 70_000}, "has 70,000 bytes; at most 65,536 are read"),
    "not safetensors": (
        lambda: {"model.safetensors": NONSENSE, **weights(sha256=hashlib.sha256(NONSENSE).hexdigest())},
        "is not a safetensors file",
    ),
    "deep": (lambda: {"config.json": b"[" * 30_000}, "is not the configuration"),
}


@pytest.mark.parametrize("name", HARM)
def test_weights_that_mean_harm_are_refused(name, tmp_path):
    """Whatever their configuration says of them: with one sentence, before anybody gets them."""
    make, words = HARM[name]
    shutil.copytree(ROOT / "weights", tmp_path / "weights")
    for file, content in make().items():
        (tmp_path / "weights" / file).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        serving_weights.load(serving_weights.read(tmp_path / "weights", "OWNER/NAME@commit"))
    assert str(tmp_path) not in str(refused.value) and str(refused.value).endswith(".")


@pytest.mark.thorough
def test_a_new_version_is_taken_without_a_restart_unless_it_means_harm(model_hub, tmp_path):
    """Browsers and programs go on with what was served, and the page says why."""
    good = model_hub.repository("model", MODEL).commits[-1][0]
    with page(model_hub, tmp_path / "page", MODEL_REFRESH="1") as server:
        wait_for(lambda: info(server)["weights"] == f"{MODEL}@{good}")
        base = current(server)["base"]
        for name in ("not a number", "1,024 channels", "17 MB", "noise"):
            make, words = HARM[name]
            model_hub.put("model", MODEL, make())
            wait_for(lambda words=words: words in (info(server)["problem"] or ""))
            assert info(server)["weights"] == f"{MODEL}@{good}" and current(server)["base"] == base
        files = {path.name: path.read_bytes() for path in (ROOT / "weights").iterdir()}
        best = model_hub.put("model", MODEL, {**files, **weights(threshold=0.5)})
        wait_for(lambda: info(server)["weights"] == f"{MODEL}@{best}")
        assert info(server)["problem"] is None
        now = current(server)
        assert best in now["weights"]
        assert urllib.request.urlopen(f"{server.url}/{now['base']}config.json", timeout=20).status == 200
        # A page that loads just then asks for the current ones again.
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server.url}/{base}config.json", timeout=20)


def current(server: Server) -> dict:
    """The weights that a page should load."""
    return json.load(urllib.request.urlopen(f"{server.url}/weights/current", timeout=20))


@pytest.fixture
def space(tmp_path) -> Path:
    """The files of the Space, as publish.py lays them out."""
    out = tmp_path / "space"
    bundles.space(out, ROOT / "weights", SPACE, MODEL, DATASET)
    return out


@pytest.mark.thorough
def test_space_runs_on_its_own_files_and_needs_each(space, model_hub, tmp_path):
    with page(model_hub, tmp_path / "page", folder=space) as server:
        wait_for(lambda: info(server)["weights"].startswith(MODEL))
    code = (
        "import sys, app, model, publishing.fetch\n"
        "for module in list(sys.modules.values()): print(getattr(module, '__file__', ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=space, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    modules = {path for path in space.rglob("*.py") if ".venv" not in path.parts}
    assert modules == {Path(path) for path in loaded if Path(path).is_relative_to(space)}


def test_space_without_any_weights_says_so(space, model_hub, tmp_path):
    shutil.rmtree(space / "weights")
    settings = {**CLEAN, **model_hub.environment(tmp_path / "page", ""), "MODEL_ID": "OWNER/nothing"}
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=space, env=settings, capture_output=True, text=True, timeout=120
    )
    assert "There is no config.json in embedded" in one_sentence(done, "app.py")


def test_space_front_matter_and_pins(space):
    front = yaml.safe_load((space / "README.md").read_text().split("---\n")[1])
    assert front["sdk"] == "gradio" and front["app_file"] == "app.py"
    assert front["models"] == [MODEL] and front["datasets"] == [DATASET]
    assert front["preload_from_hub"] == [f"{MODEL} model.safetensors,config.json,metrics.json"]
    index, *lines = (space / "requirements.txt").read_text().splitlines()
    assert index.startswith("--extra-index-url") and re.search(r"torch==[\d.]+\+cpu", " ".join(lines))
    assert bundles.requirements("t4-small").splitlines() == [line.replace("+cpu", "") for line in lines]
    # The image installs this version together with the lines.
    assert f"gradio=={front['sdk_version']}" in lines
    pinned = dict(line.replace("+cpu", "").split("==") for line in lines)
    assert len(pinned) == len(lines)
    assert pinned.items() <= pins.written(ROOT / "constraints.txt").items()
    assert {"uvicorn", "pydantic", "filelock"} <= set(pinned)
    assert not {"pytest", "playwright", "matplotlib", "ruff"} & set(pinned)


@pytest.mark.parametrize("extra", ["", "oauth", "mcp"])
def test_space_pins_are_whole_and_agree_with_what_its_image_adds(extra):
    """The image adds gradio's extras `oauth` and `mcp`; a pin that they do not take would fail its build."""
    pinned = dict(line.split("==") for line in bundles.requirements("t4-small").splitlines())
    for name in ["gradio"] if extra else pinned:
        for need in map(Requirement, metadata.distribution(name).requires or []):
            other = canonicalize_name(need.name)
            if pins.CUDA.match(other) or need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            assert other in pinned or (extra and "extra" in str(need.marker)), f"{name} needs {need}"
            assert other not in pinned or need.specifier.contains(pinned[other]), f"{name} needs {need}"


def test_space_with_pins_that_are_not_known_is_not_published(tmp_path, monkeypatch):
    (tmp_path / "constraints.txt").write_text("gradio==1.0\n")
    monkeypatch.setattr(bundles, "ROOT", tmp_path)
    with pytest.raises(bundles.BundleError, match=r"^constraints.txt has no \S+: write it anew, as CONTRIB"):
        bundles.requirements("cpu-basic")


# --- publishing goes wrong ----------------------------------------------------------------------------------


REFUSALS = {  # case -> the fault, a part of the message
    "no token": ("", "You are not logged in: run `hf auth login`"),
    "wrong token": ("hf_wrong", "The Hub does not accept the token"),
    "read-only token": ("hf_read", "The token of OWNER may only read"),
    "other account": (
        "hf_other",
        "You are logged in as somebody, who cannot write for OWNER: name somebody.",
    ),
    "scope": (Fault("create", "403", message="not in"), 'write to the model OWNER/mnixel-cnn ("not in'),
    "too large": (Fault("preupload", "413"), "if there is no room left"),
    "rate": (Fault("create", "429", message="Slow down"), 'is rate-limiting you ("Slow down")'),
    "conflict": (Fault("commit/", "412", message="A commit has happened"), "Somebody else changed"),
    "server": (Fault("create", "500"), "The Hub has trouble of its own (status 500)"),
    "cut": (Fault("whoami", "cut"), "The Hub cannot be reached"),
    "card": (Fault("validate-yaml", "400", message="bad card"), "refused the request"),
    "offline": ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
    "away": ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "The Hub cannot be reached: check the network"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_publishing_that_fails_says_why_in_one_sentence(name, hub, tmp_path):
    fault, message = REFUSALS[name]
    hub.faults = [replace(fault)] if isinstance(fault, Fault) else []
    token = fault if isinstance(fault, str) else "hf_write"
    settings = fault if isinstance(fault, dict) else {}
    done = publish(hub, tmp_path / "us", "model", OWNER, token=token, **settings)
    assert message in one_sentence(done, "publish.py")
    # The next run finishes it.
    if not settings:
        hub.faults = []
        assert publish(hub, tmp_path / "us", "model", OWNER).returncode == 0
        assert len(hub.repository("model", MODEL).commits) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model", "no such/na me"], "cannot be a name on the Hub"),
        (["all", "OWNER/NAME"], "`all` takes an OWNER"),
        (["model", "a/b/c"], "cannot be a name on the Hub"),
        (["model", "OWNER/a", "--model", "OWNER/b"], "both name the model"),
    ],
)
def test_names_that_the_hub_would_refuse(arguments, message):
    done = called(command.main, *arguments)
    assert done.returncode == 2 and message in done.stderr


def test_what_the_project_no_longer_has_is_deleted_and_what_others_added_is_kept(hub, tmp_path):
    theirs = {"notes.txt": b"mine", "notebooks/mine.py": b"mine"}
    hub.put("space", SPACE, {"serving/old.py": b"1", "web/old.js": b"1", **theirs}, sdk="gradio")
    done = publish(hub, tmp_path / "us", "space", OWNER)
    assert done.returncode == 0, done.stderr
    files = hub.files("space", SPACE)
    assert {*theirs, "app.py"} <= set(files)
    assert not {"serving/old.py", "web/old.js"} & set(files)


@pytest.mark.thorough
def test_contributed_drawings_are_not_lost_to_a_checkout_without_them(hub, tmp_path):
    shard = "contributed/train-00000-of-00001.parquet"
    hub.put("dataset", DATASET, {shard: b"somebody's"})
    arguments = ["dataset", OWNER, "--contributed", str(tmp_path / "contributed")]
    done = publish(hub, tmp_path / "us", *arguments)
    assert "has contributed drawings and this checkout has none" in one_sentence(done, "publish.py")
    assert shard in hub.files("dataset", DATASET)
    # The folder of a merge is empty when the writers have deleted all drawings.
    (tmp_path / "contributed").mkdir()
    done = publish(hub, tmp_path / "us", *arguments)
    assert done.returncode == 0 and shard not in hub.files("dataset", DATASET), done.stderr


@pytest.mark.parametrize("spoil", ["missing", "altered", "other metrics"])
def test_weights_that_do_not_check_out_are_not_published(spoil, hub, tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(ROOT / "weights", folder)
    if spoil == "missing":
        (folder / "metrics.json").unlink()
    elif spoil == "altered":
        (folder / "model.safetensors").write_bytes(b"x")
    else:
        stored = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps({**stored, "sha256": "0"}))
    done = publish(hub, tmp_path / "us", "model", OWNER, "--weights", str(folder))
    assert "cannot be published" in one_sentence(done, "publish.py")
    assert hub.repositories == {}


@pytest.mark.parametrize("where", ["POST .*variables", "commit/", "PUT /store", "repos/create"])
def test_a_publish_that_was_killed_is_finished_by_the_next(where, hub, tmp_path):
    """SIGKILL right after the Hub has carried out a request."""
    kind, name = ("space", SPACE) if "variables" in where else ("model", MODEL)
    # A Space that exists gets its variables in requests of their own.
    if kind == "space":
        hub.put("space", SPACE, {}, sdk="gradio")
    hub.faults = [Fault(where, "hold", times=1, after=True)]
    environment = {**CLEAN, **hub.environment(tmp_path / "us")}
    running = subprocess.Popen([sys.executable, "publish.py", kind, OWNER], cwd=ROOT, env=environment)
    assert hub.held.wait(60)
    running.kill()
    running.wait()
    hub.faults = []
    done = publish(hub, tmp_path / "us", kind, OWNER)
    assert done.returncode == 0, done.stderr
    repository = hub.repository(kind, name)
    # No commit was made twice.
    assert len(repository.commits) == 2
    file = "weights/config.json" if kind == "space" else "model.safetensors"
    assert {"README.md", file} <= set(hub.files(kind, name))
    assert kind == "model" or repository.variables == {"MODEL_ID": MODEL}


@pytest.mark.thorough
def test_train_can_push(hub, tmp_path):
    """The command that trained publishes; a token that may not write is refused before the training."""
    short = (
        "import sys, train\nfrom training import recipes\nfrom dataclasses import replace\n"
        "ours = recipes.RECIPES['drawn-only']\n"
        "optim = replace(ours.optim, rounds=2)\n"
        "short = replace(ours, drawn=400, nondigits=100, steps=2, optim=optim)\n"
        "recipes.RECIPES['drawn-only'] = short\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    arguments = ["--recipe", "drawn-only", "--out", str(tmp_path / "out"), "--push", MODEL]
    more = {"MNIXEL_URL": "http://127.0.0.1:9/", "MNIXEL_CACHE": str(tmp_path / "cache")}
    done = client(hub, tmp_path / "us", sys.executable, "-c", short, *arguments, token="hf_read", **more)
    assert done.returncode == 1 and "\ntrain.py: The token of OWNER may only read" in "\n" + done.stderr
    assert not (tmp_path / "out" / "model.safetensors").exists()
    done = client(hub, tmp_path / "us", sys.executable, "-c", short, *arguments, **more)
    assert done.returncode == 0, done.stderr
    assert hub.repository("model", MODEL).commits[-1][0] in done.stdout
    ours = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert hub.files("model", MODEL)["model.safetensors"] == ours
    done = client(hub, tmp_path / "us", sys.executable, "train.py", "--push", MODEL, **more)
    assert done.returncode == 1 and "--push publishes what was trained on MNIXEL" in done.stderr
    hub.faults = [Fault("commit/", "500")]
    done = client(hub, tmp_path / "us", sys.executable, "-c", short, *arguments, "--seed", "1", **more)
    assert done.returncode == 1 and "train.py: The Hub has trouble of its own" in done.stderr
    assert f"python publish.py model {MODEL} --weights" in done.stderr
