"""The data package against a real server, real processes and files, and the real archives in MNIXEL_DIR."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import data.__main__ as command
from data import CONFIGS, DataError, arrays, load
from data.archives import Archive, locate
from data.parquet import CARD, build
from data.stats import all_counts, sheet, table
from tests.harness import ROOT, called, python
from tests.harness.contributor import wait_for
from tests.harness.parity import served

CONTENT = b"made up"
ARCHIVE = Archive("made.npz", hashlib.sha256(CONTENT).hexdigest())


class Mirror(dict):
    """A server's files, by name. It notes each request, and answers none while it is silent."""

    def __init__(self):
        super().__init__({ARCHIVE.name: CONTENT})
        self.asked, self.is_silent, self.released = [], False, threading.Event()

    def get(self, name, default=None):
        self.asked.append(name)
        if self.is_silent:
            self.released.wait(60)
        return super().get(name, default)


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    """A server that has ARCHIVE; the cache is empty."""
    files = Mirror()
    with served(files) as url:
        monkeypatch.delenv("MNIXEL_DIR", raising=False)
        monkeypatch.setenv("MNIXEL_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("MNIXEL_URL", url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield files
        files.released.set()


# --- where the archives come from ---


def test_an_archive_is_downloaded_once_and_again_when_its_copy_is_damaged(mirror, tmp_path):
    path = locate(ARCHIVE)
    assert path == tmp_path / "cache" / ARCHIVE.name and path.read_bytes() == CONTENT
    assert locate(ARCHIVE) == path and len(mirror.asked) == 1
    path.write_bytes(CONTENT[:-1])
    assert locate(ARCHIVE).read_bytes() == CONTENT and len(mirror.asked) == 2
    assert os.listdir(tmp_path / "cache") == [ARCHIVE.name]


def test_a_named_folder_is_the_only_place(mirror, tmp_path, monkeypatch):
    named = tmp_path / "named"
    monkeypatch.setenv("MNIXEL_DIR", str(named))
    with pytest.raises(DataError, match=f"{named / ARCHIVE.name} .No such file.*MNIXEL_DIR"):
        locate(ARCHIVE)
    named.mkdir()
    (named / ARCHIVE.name).write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="is not the published archive: name a folder"):
        locate(ARCHIVE)
    (tmp_path / ARCHIVE.name).write_bytes(CONTENT)
    # The argument wins.
    assert locate(ARCHIVE, tmp_path).parent == tmp_path and not mirror.asked


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MNIXEL_URL": "http://127.0.0.1:1"}, r"cannot download http://127.0.0.1:1/made.npz \(.+\): check"),
        ({"MNIXEL_URL": "nonsense"}, r"cannot download nonsense/made.npz \(.+\): check the connection"),
        ({"MNIXEL_CACHE": __file__}, "^cannot read or write .*MNIXEL_CACHE to one that can be written$"),
        ("missing", "404 Not Found.*MNIXEL_DIR"),
        ("altered", "is not the published archive: set MNIXEL_DIR"),
    ],
    ids=str,
)
def test_what_cannot_be_downloaded_says_why_and_leaves_nothing(settings, message, mirror, monkeypatch):
    for name, value in settings.items() if isinstance(settings, dict) else ():
        monkeypatch.setenv(name, value)
    if settings == "missing":
        mirror.clear()
    elif settings == "altered":
        mirror[ARCHIVE.name] = CONTENT + b"?"
    with pytest.raises(DataError, match=message) as error:
        locate(ARCHIVE)
    assert "\n" not in str(error.value)
    cache = Path(os.environ["MNIXEL_CACHE"])
    assert cache.is_file() or list(cache.iterdir()) == []


# --- the archives and their card ---


def test_imports_are_cheap():
    """Also those of the commands: otherwise their --help would wait for torch."""
    code = "import data, publish, train, sys; print({'datasets', 'torch', 'gradio'} & set(sys.modules))"
    assert python("-c", code).stdout == "set()\n"


def test_sheet_has_each_digit_in_its_row():
    # Every pixel of drawing i has the grey level 10 i.
    x = np.arange(20).repeat(784).reshape(20, 28, 28) * 10.0
    picture = np.asarray(sheet(x, np.arange(20) % 10, columns=3, scale=2))
    assert picture.shape == (2 * 302, 2 * 92) and picture.dtype == np.uint8
    for digit in range(10):
        row = picture[2 * (2 + 30 * digit) + 28]
        assert [row[2 * (2 + 30 * column) + 28] for column in range(3)] == [10 * digit, 100 + 10 * digit, 0]


def test_every_pixel_lies_on_the_lattice_of_the_reduction(mnixel):
    """So board levels, kernel, axes and rounds are as the card says.

    Four rounds of a kernel in twentieths along two axes turn a 0/255 board into multiples of 255/20**8.
    """
    for x in (x for config in CONFIGS for x in arrays(config, mnixel)[::2]):
        right, wrong = x / 255 * 20.0**8, x / 254 * 20.0**8
        assert np.abs(right - np.rint(right)).max() < 1e-3
        assert np.abs(wrong - np.rint(wrong)).max() > 0.4


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


@pytest.fixture(scope="session")
def built(mnixel, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "OUT"
    done = python("-m", "data", "build", str(out), "--data", str(mnixel), MNIXEL_CACHE=os.devnull)
    assert (done.stdout, done.stderr) == (f"wrote {out}\n", "")
    return out


def test_build_loads_offline(built, mnixel, tmp_path):
    """The library datasets reads the same pictures as `data.load`."""
    code = (
        "from datasets import load_dataset\n"
        "for config in ([], ['clean'], ['raw']):\n"
        "    print({split: len(rows) for split, rows in load_dataset('./OUT', *config).items()})\n"
        "load_dataset('./OUT', 'raw').save_to_disk('SAVED')"
    )
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    done = python("-c", code, cwd=built.parent, **settings)
    clean, raw = ({"train": train, "test": test} for train, test in ((270, 116), (287, 123)))
    # A client that ignored a part of the card would say so.
    assert done.returncode == 0 and "card" not in done.stderr, done.stderr
    assert done.stdout.splitlines() == [str(clean), str(clean), str(raw)]
    import datasets

    saved = datasets.load_from_disk(built.parent / "SAVED")
    loaded, source = load("raw", mnixel), arrays("raw", mnixel)
    for split, x, y in (("train", source.x_train, source.y_train), ("test", source.x_test, source.y_test)):
        rows = saved[split]
        assert rows.features == loaded[split].features and rows.features["label"].names == list("0123456789")
        assert rows["label"][:] == loaded[split]["label"][:] == y.tolist() and y.dtype == np.int64
        assert sum(rows["clean"]) == clean[split]
        for images in (rows["image"][:], loaded[split]["image"][:]):
            assert {(image.mode, image.size) for image in images} == {("L", (28, 28))}
            # Rounding to whole levels is the only change.
            assert np.abs(np.stack(images) - x).max() <= 0.5
    with Image.open(built / "data-samples.png") as picture:
        assert (picture.mode, picture.size) == ("L", (964, 604))


# --- the command line ---


def test_help_says_what_each_command_does_and_where_the_archives_are():
    stats, build, folder = "how many drawings each digit has", "write MNIXEL and", "default: MNIXEL_DIR"
    for line, words in (("-h", (stats, build)), ("stats -h", (stats, folder)), ("build -h", (build, folder))):
        said = " ".join(called(command.main, *line.split()).stdout.split())
        assert all(each in said for each in words), said


def test_stats_from_a_mirror(mirror, mnixel, tmp_path, monkeypatch):
    """The first run of a user: both archives are downloaded, the table is printed, the counts written."""
    monkeypatch.setattr(command, "COUNTS", tmp_path / "data.json")
    for archive in CONFIGS.values():
        mirror[archive.name] = (mnixel / archive.name).read_bytes()
    environment = {name: os.environ[name] for name in ("MNIXEL_CACHE", "MNIXEL_URL")}
    done = called(command.main, "stats", **environment)
    assert (done.returncode, done.stderr, len(mirror.asked)) == (0, "", 2)
    assert done.stdout.startswith(table(all_counts(mnixel)))
    assert (tmp_path / "data.json").read_bytes() == (ROOT / "docs" / "data.json").read_bytes()


def test_interrupt_leaves_no_traceback(mirror):
    mirror.is_silent = True
    # A shell starts background jobs with the interrupt ignored; a terminal does not.
    run = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    run += "import sys; sys.argv[1:] = ['stats']; runpy.run_module('data', run_name='__main__')"
    process = subprocess.Popen([sys.executable, "-c", run], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: mirror.asked)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "\npython -m data: stopped\n" and process.returncode == 130


def test_errors_are_one_sentence_and_other_things_are_spared(mnixel, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for arguments in (["stats", "--data", "no"], ["build", str(tmp_path), "--data", str(mnixel)]):
        done = called(command.main, *arguments)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert done.stderr.startswith("python -m data: cannot read or write ")
    assert os.listdir(tmp_path) == ["mine.txt"]
    with pytest.raises(DataError, match="clean or raw"):
        arrays("dirty")
    with pytest.raises(DataError):
        build(tmp_path / "OUT", tmp_path)
    assert not (tmp_path / "OUT").exists()
