"""The project as a whole: its front door, what its documents print, and what must not be in it."""

import json
import re
import subprocess

import pytest
import yaml

from tests.harness import ROOT, TRACKED, python

README = (ROOT / "README.md").read_text()


def test_front_matter_of_the_space():
    front = yaml.safe_load(README.split("---")[1])
    assert front["sdk"] == "gradio"
    assert tuple(map(int, front["sdk_version"].split("."))) >= (6, 31, 0)
    assert f"=={front['sdk_version']}" in (ROOT / "requirements.txt").read_text()
    assert (ROOT / front["app_file"]).is_file()
    assert (front["python_version"], front["license"]) == ("3.11", "apache-2.0")
    assert front["models"] and front["datasets"]
    assert len(front["short_description"]) <= 60


DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_picture_and_file_that_a_document_names_is_there(path):
    text = path.read_text()
    for name in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / name).is_file(), name
    for name in re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?)`", text):
        elsewhere = ("data/", "runs/", "include/", "models/", "mlxtend/", "web/show/mnixel", "writers/")
        assert (ROOT / name).exists() or name.startswith(elsewhere), name


def test_the_front_door_is_short():
    assert len(README.splitlines()) <= 140
    assert [line for line in README.splitlines() if len(line) > 120 and line[0] != "|"] == []


OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README + OPERATIONS, re.S)
# Part of a snippet -> its output. Snippets that ask the Hub run in test_publishing.py, and the JavaScript in
# test_static.py.
PRINTED = {
    "net.preprocess(": r"\[\('2', [01]\.\d+\).*\nTrue$",
    "net.adapt(": r"\[\('\d', 0\.[0-4]\d*\)\] \[\('7', [01]\.\d+\)\]$",
    "gradio_client": r"Loaded as API: .*\{'label': '2', 'confidences': \[.*\}$",
}


def test_every_snippet_is_run_somewhere():
    rest = [code for code in SNIPPETS if not any(part in code for part in PRINTED)]
    assert len(SNIPPETS) == len(PRINTED) + len(rest) and ['("OWNER/' in code for code in rest] == [True, True]


@pytest.mark.parametrize("part", PRINTED)
def test_snippets_run_as_printed(part, request):
    (code,) = (code for code in SNIPPETS if part in code)
    if "127.0.0.1:7860" in code:
        code = code.replace("http://127.0.0.1:7860", request.getfixturevalue("server").url)
    done = python("-c", code)
    assert re.match(PRINTED[part], done.stdout.strip(), re.S), done.stdout + done.stderr


def test_the_request_that_needs_no_client_is_answered(server):
    (command,) = (code for code in re.findall(r"```\n(.*?)```", OPERATIONS, re.S) if "curl" in code)
    command = command.replace("http://127.0.0.1:7860", server.url).replace("curl", "curl -s")
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert json.loads(done.stdout)["data"][0]["label"] == "2"


@pytest.mark.skipif(not TRACKED, reason="not a git checkout")
def test_nothing_of_others_is_committed():
    """No archive, no strokes, no sheet of samples, no pickle; the only weights are the shipped ones."""
    for name in TRACKED:
        assert not name.endswith((".npz", ".Z", ".pt", ".pkl", ".bin", ".parquet")), name
        assert "data-samples" not in name
    assert [name for name in TRACKED if name.endswith(".safetensors")] == ["weights/model.safetensors"]
    for path in ROOT.glob("docs/images/*.png"):
        assert path.stat().st_size < 400_000, path
