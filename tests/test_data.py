"""The data package against a real server, real processes and files, and the real archives in MNIXEL_DIR.

Without the archives the tests of their content are skipped; in CI they fail.
"""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data import CONFIGS, DataError, arrays, load
from data.__main__ import main
from data.archives import Archive, content_of, fault, locate
from data.parquet import CARD, build
from data.stats import all_counts, sheet, table
from tests.harness import ROOT
from tests.harness.contributor import wait_for

TIMEOUT_S = 60  # seconds for what should take a moment
# A download of this size takes several reads.
CONTENT = np.random.default_rng(0).bytes(370_000)
ARCHIVE = Archive("made.npz", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), 40, 20)


class Server(ThreadingHTTPServer):
    """Serves `files` (name -> bytes) with the faults that a test sets."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files = {ARCHIVE.name: CONTENT}
        # The status of every answer, if it is set.
        self.status = None
        # The bytes after which the next connections close, one number for each.
        self.cuts = []
        # (bytes, event): an answer stops after so many bytes until the event is set.
        self.hold = None
        # The path of every request.
        self.asked = []

    def handle_error(self, request, client_address):
        """Say nothing: clients that go away are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        body = server.files.get(self.path.lstrip("/"))
        if server.status or body is None:
            return self.send_error(server.status or 404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts:
            self.wfile.write(body[: server.cuts.pop(0)])
        elif server.hold:
            self.wfile.write(body[: server.hold[0]])
            server.hold[1].wait(TIMEOUT_S)
            self.wfile.write(body[server.hold[0] :])
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        if server.hold:
            server.hold[1].set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(server, monkeypatch, tmp_path) -> Path:
    """An empty cache, and settings under which everything missing comes from `server`."""
    monkeypatch.delenv("MNIXEL_DIR", raising=False)
    monkeypatch.setenv("MNIXEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MNIXEL_URL", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("data.archives.PAUSE", 0.001)
    return tmp_path / "cache"


def python(*arguments: str, cwd: Path = ROOT, **settings: str) -> subprocess.Popen:
    """A fresh interpreter."""
    env, pipe = {**os.environ, "PYTHONPATH": str(ROOT), **settings}, subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True
    )


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, out, err


def sentence(error) -> str:
    """The message, after checking that it is one line that says something."""
    text = str(error.value if hasattr(error, "value") else error).strip()
    assert "\n" not in text and len(text) > 20 and "Traceback" not in text
    return text


FETCH = f"""
from data.archives import Archive, locate
print("ready", flush=True)
print(locate({ARCHIVE!r}).read_bytes().__len__())
"""


# --- the download


def test_whole_download_then_no_further_request(server, cache):
    path = locate(ARCHIVE)
    assert path == cache / ARCHIVE.name and path.read_bytes() == CONTENT
    assert locate(ARCHIVE) == path and len(server.asked) == 1
    assert os.listdir(cache) == [ARCHIVE.name]
    # The file in the cache is damaged.
    path.write_bytes(CONTENT[:-1] + b"?")
    assert locate(ARCHIVE).read_bytes() == CONTENT and len(server.asked) == 2


@pytest.mark.parametrize("cut", [0, 1, len(CONTENT) // 2, len(CONTENT) - 1])
def test_cut_download_is_tried_again(server, cache, cut):
    server.cuts = [cut]
    assert locate(ARCHIVE).read_bytes() == CONTENT
    assert len(server.asked) == 2 and os.listdir(cache) == [ARCHIVE.name]


@pytest.mark.parametrize(
    ("content", "words"),
    [(CONTENT[:-1] + b"?", "has the SHA-256"), (CONTENT * 3, f"has {len(CONTENT) + 1:,} bytes instead of")],
    ids=["other bytes", "longer"],
)
def test_wrong_bytes_are_refused_and_not_kept(content, words, server, cache):
    server.files["made.npz"] = content
    with pytest.raises(DataError, match=words) as error:
        locate(ARCHIVE)
    assert "MNIXEL_DIR" in sentence(error) and os.listdir(cache) == [] and len(server.asked) == 1


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (429, 3), (503, 3)])
def test_error_status(server, cache, status, requests):
    server.status = status
    with pytest.raises(DataError, match=str(status)) as error:
        locate(ARCHIVE)
    assert "MNIXEL_DIR" in sentence(error) and len(server.asked) == requests and os.listdir(cache) == []


@pytest.mark.parametrize(
    "url", ["file:///etc", "nonsense", "http://[", "http://127.0.0.1:port", "http://127.0.0.1:1"]
)
def test_unusable_address(cache, monkeypatch, url):
    monkeypatch.setenv("MNIXEL_URL", url)
    with pytest.raises(DataError) as error:
        locate(ARCHIVE)
    assert "MNIXEL_" in sentence(error)


def test_killed_download_leaves_nothing_where_the_next_run_looks(server, cache):
    server.hold = (len(CONTENT) // 2, threading.Event())
    process = python("-c", FETCH)
    wait_for(lambda: server.asked)
    os.kill(process.pid, signal.SIGKILL)
    finished(process)
    server.hold[1].set()
    server.hold = None
    assert not (cache / ARCHIVE.name).exists()
    assert locate(ARCHIVE).read_bytes() == CONTENT and len(server.asked) == 2


def test_two_processes_at_once_both_have_it(server, cache):
    server.hold = (len(CONTENT) // 2, threading.Event())
    processes = [python("-c", FETCH) for _ in range(2)]
    wait_for(lambda: len(server.asked) == 2)
    server.hold[1].set()
    assert [finished(process)[:2] for process in processes] == [(0, f"ready\n{len(CONTENT)}\n")] * 2
    assert fault(content_of(cache / ARCHIVE.name), ARCHIVE) == "" and os.listdir(cache) == [ARCHIVE.name]


def test_interrupt_leaves_no_traceback(server, cache, tmp_path):
    server.files = {archive.name: bytes(archive.size) for archive in CONFIGS.values()}
    server.hold = (1000, threading.Event())
    # A shell starts background jobs with the interrupt ignored; a terminal does not.
    run = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    run += "import sys; sys.argv[1:] = ['stats']; runpy.run_module('data', run_name='__main__')"
    process = python("-c", run)
    wait_for(lambda: server.asked)
    process.send_signal(signal.SIGINT)
    assert finished(process) == (130, "", "stopped\n")


# --- folders and the cache


def test_named_folder_is_the_only_place(server, cache, tmp_path, monkeypatch):
    # From now on the cache has it.
    locate(ARCHIVE)
    monkeypatch.setenv("MNIXEL_DIR", str(tmp_path))
    with pytest.raises(DataError, match="is missing") as error:
        locate(ARCHIVE)
    assert str(tmp_path) in sentence(error) and "MNIXEL_DIR" in sentence(error)
    (tmp_path / ARCHIVE.name).write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(DataError, match="SHA-256"):
        locate(ARCHIVE)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / ARCHIVE.name).write_bytes(CONTENT)
    # The argument wins.
    assert locate(ARCHIVE, tmp_path / "good").parent == tmp_path / "good"
    assert len(server.asked) == 1


def test_cache_that_cannot_be_written(server, cache):
    cache.write_text("a file where a folder should be")
    with pytest.raises(DataError, match="MNIXEL_CACHE") as error:
        locate(ARCHIVE)
    sentence(error)


# --- tables, cards and pictures


def test_import_is_cheap():
    code = "import data, sys; print({'datasets', 'torch', 'matplotlib', 'httpx2'} & set(sys.modules))"
    assert finished(python("-c", code)) == (0, "set()\n", "")


def test_sheet_has_each_digit_in_its_row():
    # Every pixel of drawing i has the grey level 10 i.
    x = np.arange(20).repeat(784).reshape(20, 28, 28) * 10.0
    picture = np.asarray(sheet(x, np.arange(20) % 10, columns=3, scale=2))
    assert picture.shape == (2 * 302, 2 * 92) and picture.dtype == np.uint8
    for digit in range(10):
        row = picture[2 * (2 + 30 * digit) + 28]
        assert [row[2 * (2 + 30 * column) + 28] for column in range(3)] == [10 * digit, 100 + 10 * digit, 0]


def test_load_rounds_nothing_away_but_fractions(mnixel):
    with pytest.raises(DataError, match="clean or raw"):
        arrays("dirty")
    for config, archive in CONFIGS.items():
        source, dataset = arrays(config, mnixel), load(config, mnixel)
        assert [len(dataset[split]) for split in ("train", "test")] == [archive.train, archive.test]
        assert dataset["test"].features["label"].names == list("0123456789")
        assert dataset["test"]["label"][:] == source.y_test.tolist() and source.y_test.dtype == np.int64
        images = dataset["test"]["image"][:]
        assert all(image.mode == "L" and image.size == (28, 28) for image in images)
        assert np.abs(np.stack(images) - source.x_test).max() <= 0.5


# --- the real archives


def test_every_pixel_lies_on_the_lattice_of_the_reduction(mnixel):
    """This proves that board levels, kernel, axes and rounds are what the card says.

    Four rounds of a kernel in twentieths along two axes turn a 0/255 board into multiples of 255/20**8.
    """
    for config in CONFIGS:
        for x in arrays(config, mnixel)[::2]:
            steps = x / 255 * 20.0**8
            assert np.abs(steps - np.rint(steps)).max() < 1e-3
            steps = x / 254 * 20.0**8
            assert np.abs(steps - np.rint(steps)).max() > 0.4


def test_card_agrees_with_the_archives(mnixel):
    card = CARD.read_text(encoding="utf-8")
    assert table(all_counts(mnixel)) in card
    clean, raw = arrays("clean", mnixel), arrays("raw", mnixel)
    for split in (0, 2):
        rows = {image.tobytes(): label for image, label in zip(clean[split], clean[split + 1], strict=True)}
        gone = [i for i, image in enumerate(raw[split]) if image.tobytes() not in rows]
        blank = [i for i in gone if not raw[split][i].any()]
        assert f"| {' '.join(map(str, blank))} |" in card
        assert f"| {' '.join(str(i) for i in gone if i not in blank)} |" in card
        stay = np.setdiff1d(np.arange(len(raw[split])), gone)
        assert np.array_equal(raw[split + 1][stay], [rows[raw[split][i].tobytes()] for i in stay])
        # No two drawings are equal.
        assert len(rows) == len(clean[split]) == len(stay)
    for archive in CONFIGS.values():
        assert f"`{archive.sha256}`" in card


def test_stats_from_a_mirror(server, cache, mnixel, tmp_path, capsys):
    """The first run of a user: both archives are downloaded, the table is printed, the picture drawn."""
    server.files = {archive.name: (mnixel / archive.name).read_bytes() for archive in CONFIGS.values()}
    server.cuts = [1_000_000]
    assert main(["stats", "--out", str(tmp_path / "new" / "out")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and len(server.asked) == 3
    assert (tmp_path / "new" / "data.json").read_bytes() == (ROOT / "docs" / "data.json").read_bytes()
    assert out.startswith(table(all_counts(mnixel)))
    with Image.open(tmp_path / "new" / "out" / "data-samples.png") as picture:
        assert (picture.mode, picture.size) == ("L", (964, 604))


@pytest.fixture(scope="session")
def built(mnixel, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "OUT"
    done = finished(python("-m", "data", "build", str(out), "--data", str(mnixel)))
    assert done == (0, f"wrote {out}\n", "")
    assert [path.name for path in out.parent.iterdir()] == ["OUT"]
    return out


def test_build_loads_offline(built, mnixel, tmp_path):
    code = """
import sys
from datasets import load_dataset
for config in ([], ["clean"], ["raw"]):
    d = load_dataset("./OUT", *config)
    image = d["test"][0]["image"]
    names = d["train"].features["label"].names
    print(d["test"].config_name, len(d["train"]), len(d["test"]), image.mode, image.size, names)
    print(sum(d["train"]["label"]), {k: round(v.num_bytes, -4) for k, v in d["train"].info.splits.items()})
"""
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    status, out, err = finished(python("-c", code, cwd=built.parent, **settings))
    names = list("0123456789")
    expected = []
    for config in ("clean", "clean", "raw"):
        source = arrays(config, mnixel)
        expected.append(f"{config} {len(source.y_train)} {len(source.y_test)} L (28, 28) {names}")
        expected.append(f"{source.y_train.sum()} {{'train': 90000, 'test': 40000}}")
    assert (status, out.splitlines()) == (0, expected), err
    # The client would say that it ignores a part of the card.
    assert "card" not in err


def test_build_replaces_its_own_and_spares_the_rest(built, mnixel, tmp_path):
    def contents(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    out = tmp_path / "out"
    build(out, mnixel)
    # Another process wrote the same bytes.
    assert contents(out) == contents(built)
    (out / "clean" / "train-00000-of-00001.parquet").write_bytes(b"old")
    assert build(out, mnixel) == out and contents(out) == contents(built)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="name another folder") as error:
        build(out, mnixel)
    sentence(error)
    assert (out / "mine.txt").read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["out"]


# --- the command line


@pytest.mark.parametrize(
    "arguments",
    [["stats"], ["build", "OUT", "--data", "no"], ["build", "README"], ["stats", "--out", "README/out"]],
    ids=" ".join,
)
def test_errors_are_one_sentence(cache, server, mnixel, tmp_path, arguments, capsys):
    server.status = 404
    (tmp_path / "README").write_text("a file where a folder should be")
    named = {name: str(tmp_path / name) for name in ("OUT", "README", "README/out")}
    if "--out" in arguments:
        arguments = [*arguments, "--data", str(mnixel)]
    assert main([named.get(word, word) for word in arguments]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("error: ")
    assert not (tmp_path / "OUT").exists() and not list(tmp_path.glob(".OUT*"))
