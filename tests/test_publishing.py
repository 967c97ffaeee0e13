"""What a publisher gets by one command, and what a stranger does with it by copying from the cards."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyarrow import parquet

from data import arrays
from model import DigitCNN
from publishing import bundles, export
from reports import cards, tables
from tests.harness import ROOT
from tests.harness.hub import MODEL, OWNER, Fault, LocalHub, blocks, client, few_drawn, one_sentence, publish
from tests.harness.person import until
from tests.harness.servers import StaticSite

DATASET, SPACE, STATIC = f"{OWNER}/mnixel", f"{OWNER}/mnixel", f"{OWNER}/mnixel-static"
ALL = (("dataset", DATASET), ("model", MODEL), ("space", SPACE), ("space", STATIC))
WEIGHTS = ROOT / "weights"
DRAWN = [f"drawn/{split}-00000-of-00001.parquet" for split in ("train", "test")]


@pytest.fixture
def hub(tmp_path):
    """A Hub and an account without a plan."""
    with LocalHub(paid=False).running() as running:
        yield running


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The files of the model repository."""
    out = tmp_path_factory.mktemp("model") / "files"
    bundles.model(out, WEIGHTS, MODEL, DATASET)
    return out


def front_of(files: dict[str, bytes]) -> dict:
    return yaml.safe_load(files["README.md"].decode().split("---\n")[1])


# --- one command --------------------------------------------------------------------------------------------


def test_a_free_account_gets_all_that_it_may_have(hub, tmp_path, mnixel):
    arguments = ("all", OWNER, "--consent", "--data", str(mnixel))
    done = publish(hub, tmp_path / "us", *arguments)
    assert done.returncode == 0, done.stderr
    why = 'on zero-a10g, because on CPU the Hub asks this account for payment ("A PRO subscription'
    assert why in done.stdout
    addresses = [f"{hub.url}/{'' if kind == 'model' else kind + 's/'}{name}" for kind, name in ALL]
    assert [line.split()[1] for line in done.stdout.splitlines()[-4:]] == addresses
    space = hub.files("space", SPACE)
    assert front_of(space)["python_version"] == "3.12"
    assert hub.repository("space", SPACE).hardware == "zero-a10g"
    pinned = space["requirements.txt"].decode().splitlines()
    assert "torch==2.11.0" in pinned and any(line.startswith("spaces==") for line in pinned)
    front = front_of(hub.files("space", STATIC))
    assert (front["models"], front["datasets"]) == ([MODEL], [DATASET])
    assert front["thumbnail"].endswith("/spaces/OWNER/mnixel-static/resolve/main/thumbnail.png")
    assert "Contribute digits of your own" in hub.files("space", STATIC)["index.html"].decode()
    again = publish(hub, tmp_path / "us again", *arguments)
    assert again.stdout.count("(nothing changed)") == 4, again.stderr
    assert [len(repository.commits) for repository in hub.repositories.values()] == [2, 2, 2, 2]


@pytest.mark.thorough
def test_a_space_goes_on_cpu_where_the_account_may_and_stays_where_it_is(hub, tmp_path):
    hub.paid = True
    done = publish(hub, tmp_path / "us", "space", OWNER)
    assert "on cpu-basic, which this account may have" in done.stdout, done.stderr
    assert "+cpu" in hub.files("space", SPACE)["requirements.txt"].decode()
    # The plan has ended.
    hub.paid = False
    done = publish(hub, tmp_path / "us", "space", OWNER)
    assert "on cpu-basic, as it has it" in done.stdout and "(nothing changed)" in done.stdout, done.stderr
    more = ("--hardware", "zero-a10g", "--model", "OWNER/another")
    done = publish(hub, tmp_path / "us", "space", OWNER, *more)
    assert done.returncode == 0, done.stderr
    repository = hub.repository("space", SPACE)
    assert (repository.hardware, repository.variables) == ("zero-a10g", {"MODEL_ID": "OWNER/another"})
    assert "spaces==" in hub.files("space", SPACE)["requirements.txt"].decode()


@pytest.mark.thorough
def test_what_fails_does_not_stop_the_others(hub, tmp_path):
    """The Space fails, because the account is too young for one on ZeroGPU."""
    hub.zero = 0
    done = publish(hub, tmp_path / "us", "all", OWNER)
    assert "The Hub does not let you write to the space" in one_sentence(done, "publish.py")
    assert set(hub.repositories) == {("dataset", DATASET), ("model", MODEL), ("space", STATIC)}
    page = hub.files("space", STATIC)
    assert b"Contribute" not in page["index.html"] and b"takes digits of your own" not in page["README.md"]
    assert done.stdout.splitlines()[-2].startswith("space    not published: ")
    hub.zero = 2
    done = publish(hub, tmp_path / "us", "all", OWNER)
    assert done.returncode == 0 and set(hub.repositories) == set(ALL), done.stderr


def test_the_dataset_shows_mnixel_only_with_consent(hub, tmp_path, mnixel):
    look = "import datasets\nfor c in {}: print(c, datasets.load_dataset('OWNER/mnixel', c)['test'].num_rows)"

    def rows(home: Path, *configurations: str | None) -> list[str]:
        code = look.format(list(configurations))
        return client(hub, home, sys.executable, "-c", code, token="", cwd=tmp_path).stdout.splitlines()

    done = publish(hub, tmp_path / "us", "dataset", OWNER)
    assert done.returncode == 0 and "MNIXEL's own drawings stay out" in done.stdout, done.stderr
    assert set(hub.files("dataset", DATASET)) == {".gitattributes", "README.md", *DRAWN}
    front = front_of(hub.files("dataset", DATASET))
    assert (front["license"], [each["config_name"] for each in front["configs"]]) == ("cc0-1.0", ["drawn"])
    assert rows(tmp_path / "a", None, "drawn") == ["None 20", "drawn 20"]
    # The model's notebook trains on MNIXEL, so it needs a dataset that has it.
    assert publish(hub, tmp_path / "us", "model", OWNER).returncode == 0
    assert "notebook.ipynb" not in hub.files("model", MODEL)
    assert "datasets" not in front_of(hub.files("model", MODEL))
    done = publish(hub, tmp_path / "us", "dataset", OWNER, "--consent", "--data", str(mnixel))
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "b", None, "raw", "drawn") == ["None 116", "raw 123", "drawn 20"]
    assert publish(hub, tmp_path / "us", "dataset", OWNER).returncode == 0
    assert set(hub.files("dataset", DATASET)) == {".gitattributes", "README.md", *DRAWN}


def test_a_private_copy_of_the_dataset_needs_no_consent(hub, tmp_path, mnixel):
    sending = ("dataset", OWNER, "--private", "--data", str(mnixel))
    done = publish(hub, tmp_path / "us", *sending)
    assert done.returncode == 0 and hub.repository("dataset", DATASET).private, done.stderr
    # A public card does not point at it.
    assert publish(hub, tmp_path / "us", "model", OWNER).returncode == 0
    assert "datasets" not in front_of(hub.files("model", MODEL))
    hub.repository("dataset", DATASET).private = False
    done = publish(hub, tmp_path / "us", *sending)
    assert one_sentence(done, "publish.py").startswith(f"{DATASET} is public: make it private")


def test_only_drawn_digits_are_published_as_drawn(hub, tmp_path):
    """MNIXEL's parquet in their place would be given away under CC0."""
    other = few_drawn()
    for path in other.iterdir():
        parquet.write_table(parquet.read_table(path).drop(["allograph"]), path)
    done = client(hub, tmp_path, sys.executable, "publish.py", "dataset", OWNER, "--drawn", str(other))
    assert "has no drawn digits" in one_sentence(done, "publish.py") and not hub.repositories


def test_the_card_of_contributed_drawings_does_not_call_them_cc0(tmp_path):
    bundles.dataset(tmp_path, DATASET, few_drawn(), contributed=few_drawn())
    front = front_of({"README.md": (tmp_path / "README.md").read_bytes()})
    defaults = {each["config_name"]: each.get("default", False) for each in front["configs"]}
    assert defaults == {"drawn": True, "contributed": False}
    assert (front["license"], front["license_name"]) == ("other", "by-configuration")


HIDDEN = Fault("create", "409", message="You already created it")
REFUSALS = {  # case -> the arguments, the Space that is there, the fault, a part of the message
    "hardware": ("space --hardware t4-small", "", None, 'for payment for the space OWNER/mnixel ("A PRO'),
    "other hardware": ("space --hardware t4-small", "gradio", Fault("hardware", "402"), "out --hardware"),
    "hidden name": ("space", "", HIDDEN, "The name the space OWNER/mnixel is taken"),
    "disk": ("dataset", "", Fault("PUT|commit/", "507"), "not let you write to the dataset OWNER/mnixel"),
    "name": ("space", "docker", None, "The name OWNER/mnixel is taken, by a docker Space: give another as"),
    "name of the page": ("static", "gradio", None, "OWNER/mnixel-static is taken, by a gradio Space"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_sentence(name, hub, tmp_path):
    kind, there, fault, message = REFUSALS[name]
    if there:
        hub.put("space", STATIC if kind == "static" else SPACE, {"README.md": b"x"}, sdk=there)
    hub.faults = [replace(fault)] if fault else []
    done = publish(hub, tmp_path / "us", *kind.split(), OWNER)
    assert message in one_sentence(done, "publish.py")


@pytest.mark.parametrize("kind", ["static", "space"])
def test_private_weights_are_not_shown_by_a_public_page(kind, hub, tmp_path):
    hub.put("model", MODEL, {path.name: path.read_bytes() for path in WEIGHTS.iterdir()}, private=True)
    message = one_sentence(publish(hub, tmp_path / "us", kind, OWNER), "publish.py")
    assert message.startswith(f"{MODEL} is private, and a public page gives its weights to everybody:")
    done = publish(hub, tmp_path / "us", kind, OWNER, "--private")
    assert done.returncode == 0, done.stderr
    # Browsers could not read the weights from the repository.
    if kind == "static":
        assert json.loads(hub.files("space", STATIC)["weights/current.json"])["bases"] == ["weights/"]


def test_the_space_is_told_where_contributions_go(hub, tmp_path):
    arguments = ["space", OWNER, "--contributions", "OWNER/mnixel-contributions"]
    done = publish(hub, tmp_path / "us", *arguments)
    assert "secret HF_TOKEN" in done.stdout, done.stderr
    assert hub.repository("dataset", "OWNER/mnixel-contributions").private
    wanted = {"MODEL_ID": MODEL, "CONTRIBUTIONS_REPO": "OWNER/mnixel-contributions"}
    assert hub.repository("space", SPACE).variables == wanted
    hub.repository("dataset", "OWNER/mnixel-contributions").private = False
    refused = publish(hub, tmp_path / "us", *arguments)
    assert "is public, and drawings before review are not" in one_sentence(refused, "publish.py")


def test_a_dry_run_lists_the_files_and_asks_nobody(hub, tmp_path):
    arguments = ("all", OWNER, "--dry-run", "--data", str(tmp_path))
    done = publish(hub, tmp_path / "us", *arguments, token="")
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[-1], hub.log) == (0, "Nothing was sent.", []), done.stderr
    assert {f"dataset {DATASET}", f"model {MODEL}", f"static {STATIC}"} < set(lines)
    assert any(line.startswith("  drawn/*.parquet  70,000 digits") for line in lines)
    assert any(line.startswith("  app.py  ") for line in lines)
    done = publish(hub, tmp_path / "us", *arguments, "--consent", token="")
    assert "MNIST_UIS2.npz is missing" in one_sentence(done, "publish.py")


# --- the model, used by strangers ---------------------------------------------------------------------------


def download(hub: LocalHub, model: Path, folder: Path) -> str:
    """Somebody's empty folder after the first block of the card; returns the card."""
    hub.put("model", MODEL, {path.name: path.read_bytes() for path in model.iterdir()})
    folder.mkdir()
    card = (model / "README.md").read_text()
    done = client(hub, folder / ".home", "sh", "-c", blocks(card)[0], token="", cwd=folder)
    assert done.returncode == 0, done.stderr
    return card


def test_a_stranger_uses_the_weights_by_python_and_onnxruntime(hub, model, tmp_path):
    here = tmp_path / "stranger"
    card = download(hub, model, here)
    torch, onnx = blocks(card, "python")
    assert len(onnx.split("\n\n")[1].splitlines()) + 2 <= 5
    used = client(hub, here / ".home", sys.executable, "-c", torch, token="", cwd=here)
    assert used.stdout.startswith("[('2', "), used.stderr
    used = client(hub, here / ".home", sys.executable, "-c", onnx, token="", cwd=here)
    assert used.stdout.startswith("[2] ["), used.stderr


def test_a_stranger_uses_the_weights_in_a_browser(hub, model, tmp_path, browser):
    here = tmp_path / "some" / "where"
    here.parent.mkdir()
    card = download(hub, model, here)
    (here / "index.html").write_text(blocks(card, "html")[0])
    site = StaticSite(tmp_path)
    page = browser.new_page()
    page.goto(site.url)
    until(page, "document.querySelector('#answer').textContent.startsWith('[{')")
    assert json.loads(page.locator("#answer").inner_text())[0]["label"] == "2"
    page.close()
    site.kill()


def test_onnx_and_torch_agree_on_every_test_image(model, mnixel, tmp_path):
    import onnxruntime

    net = DigitCNN.from_pretrained(WEIGHTS)
    inputs = np.stack([net.preprocess(picture / 255).numpy() for picture in arrays("clean", mnixel).x_test])
    import torch

    probabilities, margin = net.predict(torch.from_numpy(inputs))
    session = onnxruntime.InferenceSession(model / "model.onnx")
    assert {value.name for value in session.get_outputs()} == {"probabilities", "margin"}
    for count in (1, len(inputs)):
        theirs = session.run(["probabilities", "margin"], {"image": inputs[:count]})
        assert np.abs(theirs[0] - probabilities[:count]).max() <= 1e-4
        assert np.abs(theirs[1] - margin[:count]).max() <= 1e-4
    assert len(inputs) == 116
    export.export(net, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (model / "model.onnx").read_bytes()


def test_the_card_holds_what_was_measured():
    from huggingface_hub import ModelCard

    result = json.loads((WEIGHTS / "metrics.json").read_text())
    card = ModelCard(cards.model_card(result, MODEL, DATASET, export.OPSET))
    measured = tables.stored("accuracy")
    assert measured["sha256"] == result["sha256"], "measure these weights with bench.accuracy"
    results = {row.dataset_name: row.metric_value for row in card.data.eval_results}
    ours = {name: row[tables.OURS] for name, row in measured["sets"].items()}
    assert results == {name: round(row["right"] / row["total"], 4) for name, row in ours.items()}
    assert card.data.pipeline_tag == "image-classification" and card.data.library_name is None
    unseen = ours[tables.UNSEEN]
    assert f"{unseen['right']}/{unseen['total']} = " in card.text
    for row in ours:
        assert f"| {row} |" in card.text


@pytest.mark.thorough
def test_the_notebook_runs_from_top_to_bottom(hub, model, tmp_path, mnixel):
    """Its cells, one after the other in one namespace, as a kernel runs them; what it prints is looked at."""
    notebook = json.loads((model / "notebook.ipynb").read_text())
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in notebook["cells"] if cell["cell_type"] == "code")
    ids = [cell["id"] for cell in notebook["cells"]]
    assert notebook["nbformat"] == 4 and len(set(ids)) == len(ids)
    bundles.dataset(tmp_path / "dataset", DATASET, few_drawn(), tmp_path / "none", True, mnixel)
    for kind, name, folder in (("model", MODEL, model), ("dataset", DATASET, tmp_path / "dataset")):
        files = [path for path in folder.rglob("*") if path.is_file()]
        hub.put(kind, name, {path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
    (tmp_path / "cells.json").write_text(json.dumps(code))
    run = (
        "import json, sys\nhere = {'__name__': '__main__'}\n"
        "for cell in json.load(open(sys.argv[1])): exec(cell, here)"
    )
    command = (sys.executable, "-c", run, str(tmp_path / "cells.json"))
    settings = {"token": "", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = client(hub, tmp_path / "reader", *command, cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    rights = {title: int(right) for title, right in re.findall(r"^(.+): (\d+)/116 = ", done.stdout, re.M)}
    assert rights["published"] == json.loads((WEIGHTS / "metrics.json").read_text())["test"]["right"]
    assert rights["trained here"] >= 100
    assert re.search(r"^published \[\('2', ", done.stdout, re.M)


# --- the Space, called by programs --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space_card(tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("space") / "files"
    bundles.space(out, WEIGHTS, SPACE, MODEL, DATASET)
    return (out / "README.md").read_text()


def test_what_the_space_s_card_prints_works(space_card, server, tmp_path):
    """As printed, but for the address: gradio_client, and the recipe for agents with nothing but curl."""
    shutil.copyfile(ROOT / "docs/images/digit.png", tmp_path / "digit.png")
    python = blocks(space_card, "python")[0].replace(f'"{SPACE}"', repr(server.url))
    here = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    used = subprocess.run([sys.executable, "-c", python], **here)
    assert "{'label': '2', 'confidences': [{'label': '2'" in used.stdout, used.stderr
    recipe = blocks(space_card)[0]
    assert recipe.count("https://owner-mnixel.hf.space") == 1
    recipe = recipe.replace("https://owner-mnixel.hf.space", server.url)
    for poll in (recipe, recipe.replace("/call/predict/", "/call/v2/predict/")):
        used = subprocess.run(["sh", "-c", poll], **here)
        assert 'event: complete\ndata: [{"label": "2"' in used.stdout, used.stdout + used.stderr
