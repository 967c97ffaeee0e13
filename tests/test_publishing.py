"""Publishing by one command, and strangers who copy what the cards print.

The real clients run in fresh processes against the local Hub.
"""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pyarrow import parquet

import publish as command
from publishing import bundles
from reports import cards, tables
from tests.harness import CLEAN, ROOT, called
from tests.harness.hub import (
    DATASET,
    MODEL,
    OWNER,
    SPACE,
    STATIC,
    Fault,
    LocalHub,
    blocks,
    client,
    few_drawn,
    published,
    refusal,
)
from tests.harness.person import until
from tests.harness.servers import StaticSite, free_port

ALL = (("dataset", DATASET), ("model", MODEL), ("space", SPACE), ("space", STATIC))
WEIGHTS = ROOT / "weights"
DRAWN = [f"drawn/{split}-00000-of-00001.parquet" for split in ("train", "test")]


@pytest.fixture
def hub():
    """A Hub with an account that has no plan."""
    with LocalHub(paid=False).running() as running:
        yield running


@pytest.fixture(scope="module")
def everything(mnixel, tmp_path_factory):
    """A Hub after such an account has published everything, and what the command printed."""
    with LocalHub(paid=False, port=free_port()).running() as hub:
        arguments = ("all", OWNER, "--consent", "--data", str(mnixel))
        yield hub, published(hub, tmp_path_factory.mktemp("us"), *arguments)


def front_of(files: dict[str, bytes]) -> dict:
    return yaml.safe_load(files["README.md"].decode().split("---\n")[1])


# --- one command ---


def test_a_free_account_gets_all_that_it_may_have(everything):
    hub, said = everything
    assert 'not on cpu-basic, because the Hub asks this account for payment ("A PRO subscription' in said
    assert "  on zero-a10g\n" in said
    for kind, name in ALL:
        repository = hub.repository(kind, name)
        # The Hub makes the first commit, the command the other.
        assert len(repository.commits) == 2
        assert f"  {hub.url}/{repository.path}\n  commit {repository.commits[-1][0]}\n" in said
    assert set(hub.files("model", MODEL)) == {
        ".gitattributes", "README.md", "config.json", "metrics.json", "model.py", "model.safetensors",
        "digit.js", "digit.png", "notebook.ipynb"
    }  # fmt: skip
    space, repository = hub.files("space", SPACE), hub.repository("space", SPACE)
    assert (repository.sdk, repository.hardware) == ("gradio", "zero-a10g")
    assert repository.variables == {"MODEL_ID": MODEL}
    front, pinned = front_of(space), space["requirements.txt"].decode().splitlines()
    assert (front["sdk"], front["app_file"], front["python_version"]) == ("gradio", "app.py", "3.12")
    assert (front["models"], front["datasets"]) == ([MODEL], [DATASET])
    assert front["preload_from_hub"] == [f"{MODEL} model.safetensors,config.json,metrics.json"]
    # The image installs this version together with the pins.
    assert f"gradio=={front['sdk_version']}" in pinned
    assert "torch==2.11.0" in pinned and any(line.startswith("spaces==") for line in pinned)
    front = front_of(hub.files("space", STATIC))
    assert (front["models"], front["datasets"]) == ([MODEL], [DATASET])
    assert front["thumbnail"].endswith("/spaces/OWNER/mnixel-static/resolve/main/thumbnail.png")
    assert hub.repository("space", STATIC).sdk == "static"
    assert "Contribute digits of your own" in hub.files("space", STATIC)["index.html"].decode()
    assert any(line.startswith("PUT /store/") for line in hub.log) and hub.leaks == []


@pytest.mark.thorough
def test_publishing_again_changes_nothing(everything, mnixel, tmp_path):
    hub, _ = everything
    again = published(hub, tmp_path / "us", "all", OWNER, "--consent", "--data", str(mnixel))
    assert again.count("(nothing changed)") == 4
    assert [len(repository.commits) for repository in hub.repositories.values()] == [2, 2, 2, 2]


@pytest.mark.thorough
def test_a_stranger_runs_what_the_cards_and_the_front_door_print(everything, tmp_path):
    hub, _ = everything

    def stranger(*command: str) -> str:
        used = client(hub, tmp_path / "home", *command, token="", cwd=tmp_path)
        assert used.returncode == 0, used.stderr
        return used.stdout

    *first, raw = blocks(hub.files("dataset", DATASET)["README.md"].decode(), "python")[0].splitlines()
    for lines, counts in ((first, "270 116 <PIL"), ([*first, raw], "287 123 <PIL")):
        see = "print(digits['train'].num_rows, digits['test'].num_rows, digits['test'][0]['image'])"
        assert stranger(sys.executable, "-c", "\n".join([*lines, see])).startswith(counts)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    stranger("sh", "-c", next(block for block in blocks(readme) if block.startswith("hf download")))
    for word, see, said in (
        ("from_pretrained", "print(net.source)", f"{MODEL}@"),
        ("load_dataset", "print(drawn)", "num_rows: 40"),
    ):
        code = next(block for block in blocks(readme, "python") if f'{word}("{OWNER}/' in block)
        assert said in stranger(sys.executable, "-c", code + see)


@pytest.mark.thorough
def test_a_space_goes_on_cpu_where_the_account_may_and_stays_where_it_is(hub, tmp_path):
    hub.paid = True
    theirs = {"notes.txt": b"mine", "notebooks/mine.py": b"mine"}
    assert "  on cpu-basic\n" in published(hub, tmp_path / "us", "space", OWNER)
    index, *lines = hub.files("space", SPACE)["requirements.txt"].decode().splitlines()
    assert index.startswith("--extra-index-url ") and any("+cpu" in line for line in lines)
    # Other hardware has the same pins, and PyTorch for CUDA.
    assert bundles.requirements("t4-small").splitlines() == [line.replace("+cpu", "") for line in lines]
    # The plan has ended. Files of others are kept; files that the project no longer has are deleted.
    hub.paid = False
    hub.put("space", SPACE, {"serving/old.py": b"1", "web/old.js": b"1", **theirs})
    assert "  on cpu-basic\n" in published(hub, tmp_path / "us", "space", OWNER)
    assert {*theirs, "app.py"} <= set(hub.files("space", SPACE))
    assert not {"serving/old.py", "web/old.js"} & set(hub.files("space", SPACE))
    repository = hub.repository("space", SPACE)
    # Its owner moves it on its settings page.
    repository.hardware = "zero-a10g"
    assert "  on zero-a10g\n" in published(hub, tmp_path / "us", "space", OWNER, "--model", "OWNER/another")
    assert (repository.hardware, repository.variables) == ("zero-a10g", {"MODEL_ID": "OWNER/another"})
    assert "spaces==" in hub.files("space", SPACE)["requirements.txt"].decode()


@pytest.mark.thorough
def test_what_fails_does_not_stop_the_others(hub, tmp_path):
    """The Space fails here, because the account is too young for ZeroGPU."""
    hub.zero = 0
    assert "The Hub does not let you write to the space" in refusal(hub, tmp_path / "us", "all", OWNER)
    assert set(hub.repositories) == {("dataset", DATASET), ("model", MODEL), ("space", STATIC)}
    page = hub.files("space", STATIC)
    assert b"Contribute" not in page["index.html"] and b"takes digits of your own" not in page["README.md"]
    hub.zero = 2
    published(hub, tmp_path / "us", "all", OWNER)
    assert set(hub.repositories) == set(ALL)


def test_the_dataset_shows_mnixel_only_with_consent(hub, tmp_path, mnixel):
    look = "import datasets\nfor c in {}: print(c, datasets.load_dataset('OWNER/mnixel', c)['test'].num_rows)"

    def rows(home: Path, *configurations: str | None) -> list[str]:
        code = look.format(list(configurations))
        return client(hub, home, sys.executable, "-c", code, token="", cwd=tmp_path).stdout.splitlines()

    assert "MNIXEL's own drawings stay out" in published(hub, tmp_path / "us", "dataset", OWNER)
    assert set(hub.files("dataset", DATASET)) == {".gitattributes", "README.md", *DRAWN}
    front = front_of(hub.files("dataset", DATASET))
    assert (front["license"], [each["config_name"] for each in front["configs"]]) == ("cc0-1.0", ["drawn"])
    assert rows(tmp_path / "a", None, "drawn") == ["None 20", "drawn 20"]
    # The model's notebook trains on MNIXEL, so it needs a dataset that has it.
    published(hub, tmp_path / "us", "model", OWNER)
    assert "notebook.ipynb" not in hub.files("model", MODEL)
    assert "datasets" not in front_of(hub.files("model", MODEL))
    published(hub, tmp_path / "us", "dataset", OWNER, "--consent", "--data", str(mnixel))
    assert rows(tmp_path / "b", None, "raw", "drawn") == ["None 116", "raw 123", "drawn 20"]
    published(hub, tmp_path / "us", "dataset", OWNER)
    assert set(hub.files("dataset", DATASET)) == {".gitattributes", "README.md", *DRAWN}


def test_a_private_copy_of_the_dataset_needs_no_consent(hub, tmp_path, mnixel):
    sending = ("dataset", OWNER, "--private", "--data", str(mnixel))
    published(hub, tmp_path / "us", *sending)
    assert hub.repository("dataset", DATASET).private
    # A public card does not point at it.
    published(hub, tmp_path / "us", "model", OWNER)
    assert "datasets" not in front_of(hub.files("model", MODEL))
    hub.repository("dataset", DATASET).private = False
    assert refusal(hub, tmp_path / "us", *sending).startswith(f"{DATASET} is public: make it private")


def test_only_drawn_digits_are_published_as_drawn(hub, tmp_path):
    """MNIXEL's parquet in their place would be given away under CC0."""
    for path in few_drawn().iterdir():
        parquet.write_table(parquet.read_table(path).drop(["allograph"]), tmp_path / path.name)
    assert "has no drawn digits" in refusal(hub, tmp_path, "dataset", OWNER, "--drawn", str(tmp_path))
    assert not hub.repositories


@pytest.mark.thorough
def test_contributed_drawings_have_their_licence_and_are_not_lost(hub, tmp_path):
    bundles.dataset(tmp_path / "files", DATASET, few_drawn(), contributed=few_drawn())
    hub.put("dataset", DATASET, tmp_path / "files")
    front = front_of(hub.files("dataset", DATASET))
    defaults = {each["config_name"]: each.get("default", False) for each in front["configs"]}
    assert defaults == {"drawn": True, "contributed": False}
    assert (front["license"], front["license_name"]) == ("other", "by-configuration")
    arguments = ["dataset", OWNER, "--contributed", str(tmp_path / "contributed")]
    said = refusal(hub, tmp_path / "us", *arguments)
    assert "has contributed drawings and this checkout has none" in said
    # The folder of a merge is empty when the writers have deleted all drawings.
    (tmp_path / "contributed").mkdir()
    published(hub, tmp_path / "us", *arguments)
    assert not any(file.startswith("contributed/") for file in hub.files("dataset", DATASET))


TAKEN = Fault("create", "409", message="You already created it")
# Case -> the arguments; a token, a fault, or the SDK of a Space of that name; the message.
REFUSALS = {
    "no token": ("model", "", "You are not logged in: make a token that may write"),
    "wrong token": ("model", "hf_wrong", "The Hub does not accept the token"),
    "read-only token": ("model", "hf_read", "The token of OWNER may only read"),
    "other account": ("model", "hf_other", "to the model OWNER/mnixel-cnn (\"You don't have the rights"),
    "rate": ("model", Fault("create", "429", message="Slow down"), 'is rate-limiting you ("Slow down")'),
    "conflict": (
        "model",
        Fault("commit/", "412"),
        "Somebody else has the model OWNER/mnixel-cnn, or changed",
    ),
    "card": ("model", Fault("validate-yaml", "400", message="bad"), "refused the request for the model"),
    "server": ("model", Fault("create", "500"), "The Hub has trouble of its own (status 500)"),
    "payment": ("space", Fault("create", "402", message="Pay"), 'payment for the space OWNER/mnixel ("Pay"'),
    "hidden name": ("space", TAKEN, 'changed it meanwhile ("You already created it"): give another name, or'),
    "name": ("space", "docker", "The name OWNER/mnixel is taken by a docker Space: give another as"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_one_sentence(name, hub, tmp_path):
    arguments, fault, message = REFUSALS[name]
    if fault == "docker":
        hub.put("space", SPACE, {"README.md": b"x"}, sdk=fault)
    hub.faults = [replace(fault)] if isinstance(fault, Fault) else []
    token = fault if arguments == "model" and isinstance(fault, str) else "hf_write"
    assert message in refusal(hub, tmp_path / "us", *arguments.split(), OWNER, token=token)


def test_what_needs_no_hub_to_be_refused(hub, tmp_path):
    done = called(command.main, "all", "OWNER/NAME")
    assert done.returncode == 2 and "`all` takes an OWNER" in done.stderr
    for arguments, reason in (
        (("model", "a/b/c"), "'a/b/c' is not OWNER or OWNER/NAME."),
        (("model", ""), "'' is not OWNER or OWNER/NAME."),
        (("model", "no such/na me"), "'no such/na me' is not OWNER or OWNER/NAME."),
        (("space", OWNER, "--model", "foo"), "argument --model: 'foo' is not OWNER/NAME."),
    ):
        done = called(command.main, *arguments)
        assert done.returncode == 2 and done.stderr.endswith(f"error: {reason}\n")
    for settings, reason in (
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, ""),
    ):
        said = refusal(hub, tmp_path / "us", "model", OWNER, **settings)
        assert said.startswith("Talking to the Hub about your account failed (") and reason in said
        assert said.endswith("): check the network and run this again.")
    assert "Cannot have --" in refusal(hub, tmp_path / "us", "model", "such--a/name")


@pytest.mark.parametrize("spoil", ["missing", "altered", "other metrics"])
def test_weights_that_do_not_check_out_are_not_published(spoil, hub, tmp_path):
    folder = shutil.copytree(WEIGHTS, tmp_path / "weights")
    if spoil == "missing":
        (folder / "metrics.json").unlink()
    elif spoil == "altered":
        (folder / "model.safetensors").write_bytes(b"x")
    else:
        stored = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps({**stored, "sha256": "0"}))
    said = refusal(hub, tmp_path / "us", "model", OWNER, "--weights", str(folder))
    assert "cannot be published" in said and hub.repositories == {}


@pytest.mark.parametrize("where", ["POST .*variables", "commit/", "PUT /store", "repos/create"])
def test_a_publish_that_was_killed_is_finished_by_the_next(where, hub, tmp_path):
    """It is killed right after the Hub has carried out a request."""
    kind, name = ("space", SPACE) if "variables" in where else ("model", MODEL)
    hub.faults = [Fault(where, "hold", times=1, after=True)]
    environment = {**CLEAN, **hub.environment(tmp_path / "us")}
    running = subprocess.Popen([sys.executable, "publish.py", kind, OWNER], cwd=ROOT, env=environment)
    assert hub.held.wait(240)
    running.kill()
    running.wait()
    hub.faults = []
    published(hub, tmp_path / "us", kind, OWNER)
    repository = hub.repository(kind, name)
    # No commit was made twice.
    assert len(repository.commits) == 2
    file = "weights/config.json" if kind == "space" else "model.safetensors"
    assert {"README.md", file} <= set(hub.files(kind, name))
    assert kind == "model" or repository.variables == {"MODEL_ID": MODEL}


@pytest.mark.parametrize("kind", ["static", "space"])
def test_private_weights_are_not_shown_by_a_public_page(kind, hub, tmp_path):
    hub.put("model", MODEL, WEIGHTS, private=True)
    message = refusal(hub, tmp_path / "us", kind, OWNER)
    assert message.startswith(f"{MODEL} is private, and a public page gives its weights to everybody:")
    published(hub, tmp_path / "us", kind, OWNER, "--private")
    # Browsers could not read the weights from the repository.
    if kind == "static":
        assert json.loads(hub.files("space", STATIC)["weights/current.json"])["bases"] == ["weights/"]


def test_gated_weights_are_not_shown_by_a_public_page(hub, tmp_path):
    hub.put("model", MODEL, WEIGHTS, gated="manual")
    message = refusal(hub, tmp_path / "us", "static", OWNER)
    assert message.startswith(f"{MODEL} is gated, and a public page gives its weights to everybody:")
    published(hub, tmp_path / "us", "static", OWNER, "--private")
    assert json.loads(hub.files("space", STATIC)["weights/current.json"])["bases"] == ["weights/"]


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(hub, tmp_path):
    hub.put("model", MODEL, {"model.onnx": b"old"})
    hub.faults = [Fault("commit/", "hold", times=1)]
    with ThreadPoolExecutor(1) as pool:
        # A setting makes the command a process of its own.
        said = pool.submit(refusal, hub, tmp_path / "us", "model", OWNER, HF_HUB_DISABLE_TELEMETRY="1")
        assert hub.held.wait(240)
        theirs = hub.put("model", MODEL, {"model.onnx": b"theirs"})
        hub.release.set()
    assert said.result().startswith(f"Somebody else has the model {MODEL}, or changed it meanwhile")
    assert hub.repository("model", MODEL).commits[-1][0] == theirs


def test_the_card_says_how_many_digits_there_are_with_the_drawn_ones(tmp_path, mnixel):
    bundles.dataset(tmp_path, DATASET, few_drawn(), tmp_path / "none", mnixel=True, archives=mnixel)
    front = front_of({"README.md": (tmp_path / "README.md").read_bytes()})
    assert front["size_categories"] == ["10K<n<100K"]


def test_a_dry_run_lists_the_files_and_asks_nobody(hub, tmp_path):
    arguments = ("all", OWNER, "--dry-run", "--data", str(tmp_path))
    lines = published(hub, tmp_path / "us", *arguments, token="").splitlines()
    assert (lines[-1], hub.log) == ("Nothing was sent.", [])
    assert {f"[1/4] dataset {DATASET}", f"[2/4] model {MODEL}", f"[4/4] static {STATIC}"} < set(lines)
    assert any(line.startswith("  drawn/*.parquet  70,000 digits") for line in lines)
    sizes = [int(re.sub(r"\D", "", line.split("  ")[-1])) for line in lines if line.endswith(" bytes")]
    ends = [number for number, line in enumerate(lines) if line.startswith("  all together  ")]
    assert len(ends) == 4 and any(line.startswith("  app.py  ") for line in lines)
    assert sum(sizes) == 2 * sum(int(re.sub(r"\D", "", lines[end])) for end in ends)
    said = refusal(hub, tmp_path / "us", *arguments, "--consent", token="")
    assert "MNIST_UIS2.npz (No such file" in said


@pytest.mark.thorough
def test_train_can_push(hub, tmp_path):
    """A token that may not write is refused before the training."""
    short = (
        "import sys, train\nfrom training import recipes\nfrom dataclasses import replace\n"
        "ours = recipes.RECIPES['drawn-only']\n"
        "short = replace(ours, drawn=400, nondigits=100, steps=2, optim=replace(ours.optim, rounds=2))\n"
        "recipes.RECIPES['drawn-only'] = short\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    more = {"MNIXEL_URL": "http://127.0.0.1:9/", "MNIXEL_CACHE": str(tmp_path / "cache")}
    out = tmp_path / "out"

    def push(*arguments: str, **settings: str):
        arguments = (sys.executable, "-c", short, "--push", MODEL, "--out", str(out), *arguments)
        return client(hub, tmp_path / "us", *arguments, **more, **settings)

    done = push("--recipe", "drawn-only", token="hf_read")
    assert done.returncode == 1 and "\npython train.py: The token of OWNER may only read" in done.stderr
    assert not (out / "model.safetensors").exists()
    done = push("--recipe", "drawn-only")
    assert done.returncode == 0, done.stderr
    assert hub.repository("model", MODEL).commits[-1][0] in done.stdout
    assert hub.files("model", MODEL)["model.safetensors"] == (out / "model.safetensors").read_bytes()
    hub.faults = [Fault("commit/", "500")]
    done = push("--recipe", "drawn-only", "--seed", "1")
    assert done.returncode == 1 and "python publish.py: The Hub has trouble of its own" in done.stderr
    assert f"To publish later: python publish.py model {MODEL} --weights {out}" in done.stderr


# --- the model, used by strangers ---


def download(hub: LocalHub, folder: Path) -> str:
    """Somebody's empty folder after the first block of the card; returns the card."""
    folder.mkdir(parents=True)
    card = hub.files("model", MODEL)["README.md"].decode()
    done = client(hub, folder / ".home", "sh", "-c", blocks(card)[0], token="", cwd=folder)
    assert done.returncode == 0, done.stderr
    return card


def test_a_stranger_uses_the_weights_in_python(everything, tmp_path):
    hub, here = everything[0], tmp_path / "stranger"
    (code,) = blocks(download(hub, here), "python")
    used = client(hub, here / ".home", sys.executable, "-c", code, token="", cwd=here)
    assert used.stdout.startswith("[('2', "), used.stderr


def test_a_stranger_uses_the_weights_in_a_browser(everything, tmp_path, browser):
    here = tmp_path / "some" / "where"
    card = download(everything[0], here)
    (here / "index.html").write_text(blocks(card, "html")[0])
    site = StaticSite(tmp_path)
    page = browser.new_page()
    page.goto(site.url)
    until(page, "document.querySelector('#answer').textContent.startsWith('[{')")
    assert json.loads(page.locator("#answer").inner_text())[0]["label"] == "2"
    page.close()
    site.kill()


def test_the_card_holds_what_was_measured():
    from huggingface_hub import ModelCard

    result = json.loads((WEIGHTS / "metrics.json").read_text())
    card = ModelCard(cards.model_card(result, MODEL, DATASET))
    measured = tables.stored("accuracy")
    results = {row.dataset_name: row.metric_value for row in card.data.eval_results}
    ours = {name: row[tables.OURS] for name, row in measured["sets"].items()}
    assert results == {name: round(row["right"] / row["total"], 4) for name, row in ours.items()}
    assert card.data.pipeline_tag == "image-classification" and card.data.library_name is None
    unseen = ours[tables.UNSEEN]
    assert f"{unseen['right']}/{unseen['total']} = " in card.text
    for row in ours:
        assert f"| {row} |" in card.text


@pytest.mark.thorough
def test_the_notebook_runs_from_top_to_bottom(everything, tmp_path):
    """Its cells run one after the other in one namespace, as in a kernel."""
    hub, _ = everything
    notebook = json.loads(hub.files("model", MODEL)["notebook.ipynb"])
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["nbformat"] == 4 and all(cell["outputs"] == [] for cell in cells)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    (tmp_path / "cells.json").write_text(json.dumps(["".join(cell["source"]) for cell in cells]))
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


# --- the Space ---


def test_what_the_space_s_card_prints_works(everything, server, tmp_path):
    """As printed, except for the address: gradio_client, and the lines for curl."""
    shutil.copyfile(ROOT / "docs/images/digit.png", tmp_path / "digit.png")
    card = everything[0].files("space", SPACE)["README.md"].decode()
    python = blocks(card, "python")[0].replace(f'"{SPACE}"', repr(server.url))
    here = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    used = subprocess.run([sys.executable, "-c", python], **here)
    assert "{'label': '2', 'confidences': [{'label': '2'" in used.stdout, used.stderr
    recipe = blocks(card)[0]
    assert recipe.count("https://owner-mnixel.hf.space") == 1
    recipe = recipe.replace("https://owner-mnixel.hf.space", server.url)
    for poll in (recipe, recipe.replace("/call/predict/", "/call/v2/predict/")):
        used = subprocess.run(["sh", "-c", poll], **here)
        assert 'event: complete\ndata: [{"label": "2"' in used.stdout, used.stdout + used.stderr
