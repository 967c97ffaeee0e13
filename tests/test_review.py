"""A maintainer reviews what was contributed, merges it, trains on it and publishes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import board
import data
from contributions import merge, review
from contributions.__main__ import main as commands
from contributions.rows import drawn
from contributions.service import ContributionService
from contributions.store import Declined, Store
from model import DigitCNN
from publishing import bundles
from tests.harness import CLEAN, called
from tests.harness.contributor import DIGITS, agree, python, strokes, submit
from tests.harness.hub import OWNER, LocalHub, few_drawn


@pytest.fixture(scope="module")
def net():
    return DigitCNN.from_pretrained("weights")


@pytest.fixture
def service(tmp_path):
    return ContributionService(Store(tmp_path / "store"), app="1.0")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with what people send, of ten writers: good drawings, a wrong one, a dot, one sent twice."""
    service = ContributionService(Store(tmp_path_factory.mktemp("filled") / "store"), app="1.0")
    receipts = [agree(service) for _ in range(9)]
    while len({merge.split_of(service.store.writer(receipt)["writer"]) for receipt in receipts}) < 2:
        # Writers' numbers are random, and both splits need some.
        receipts[-1] = agree(service)
    for number, receipt in enumerate(receipts):
        for digit in DIGITS:
            submit(service, receipt, digit, id=f"{digit}{number:02}-good-one", strokes=strokes(digit, number))
    receipt = agree(service)
    submit(service, receipt, "1", "7", id="wrong-one-0")
    submit(service, receipt, "5", "7", id="wrong-one-1")
    submit(service, receipt, "0", id="dot-00000", strokes=[{"points": [[9, 9]], "radius": 5}])
    return service.store.folder, receipts


@pytest.fixture
def full(filled, tmp_path):
    """A copy of that store, and the receipts."""
    folder, receipts = filled
    shutil.copytree(folder, tmp_path / "full")
    return Store(tmp_path / "full"), receipts


def accept_good(store: Store, net: DigitCNN) -> None:
    """Accept as a maintainer does who agrees with the network."""
    review.remember(store, review.waiting(store, net))
    review.judge(store, ["good"], [])


def maintain(*arguments: str, store: Path):
    """What `python -m contributions` says."""
    return called(commands, *arguments, CONTRIBUTIONS_DIR=str(store))


def states(store: Store) -> dict[str, str]:
    return {drawing.id: state for drawing, state in list(store.each())}


def test_review_shows_and_judges(full, net):
    full, _ = full
    facts = {facts.drawing.id: facts for facts in review.waiting(full, net)}
    assert facts["wrong-one-0"].verdict == "disagrees" and "blank" not in facts["wrong-one-0"].flags
    assert facts["wrong-one-1"].flags == ["duplicate"] and facts["dot-00000"].flags == ["blank"]
    good = facts["200-good-one"]
    assert (good.prediction, good.flags) == ("2", []) and good.margin > net.config.threshold
    shown = maintain("review", store=full.folder)
    assert shown.returncode == 0 and "57 waiting, 57 shown" in shown.stdout, shown.stderr
    assert shown.stdout.splitlines()[-1].startswith("next: `python -m contributions review --reject")
    # The sheet lies where git does not see it.
    with Image.open(full.folder / "sheet.png") as picture:
        assert picture.size == (5 * review.CELL[0], 12 * review.CELL[1])
    for word, message in (("nothing", "no drawing begins with it"), ("wrong", "2 drawings begin with it")):
        done = maintain("review", "--accept", word, store=full.folder)
        assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert set(states(full).values()) == {"waiting"}
    done = maintain("review", "--reject", "disagrees", "dot", "--accept", "good", store=full.folder)
    assert done.returncode == 0 and "next: `python -m contributions merge`" in done.stdout, done.stderr
    now = states(full)
    assert now["wrong-one-0"] == now["dot-00000"] == "rejected" and now["200-good-one"] == "accepted"
    # A maintainer may think again.
    done = maintain("review", "--reject", "200-good", store=full.folder)
    assert states(full)["200-good-one"] == "rejected" and "review --accept good" in done.stdout, done.stderr


def test_only_what_was_shown_is_accepted(service, net):
    """Neither by a rule nor by its id can a drawing be accepted that was not on the latest sheet as it is."""
    receipt, store = agree(service), service.store
    submit(service, receipt, id="early-001")
    with pytest.raises(Declined, match="was not on the latest sheet"):
        review.judge(store, ["early"], [])
    assert review.judge(store, ["good", "all"], []) == (0, 0)
    review.remember(store, review.waiting(store, net))
    submit(service, receipt, "7", "7", id="late-0001")
    assert review.judge(store, ["good"], []) == (1, 0)
    assert states(store) == {"early-001": "accepted", "late-0001": "waiting"}
    with pytest.raises(Declined, match="'late-000' was not on the latest sheet"):
        review.judge(store, ["late"], [])
    # Anything may be rejected.
    assert review.judge(store, [], ["late"]) == (0, 1)
    submit(service, receipt, "8", "8", id="other-001")
    review.remember(store, review.waiting(store, net))
    # A copy from elsewhere can bring another drawing under its id.
    with store.writing() as database:
        values = ('"label":"8"', '"label":"3"')
        database.execute("UPDATE drawings SET row = replace(row, ?, ?) WHERE id = 'other-001'", values)
    with pytest.raises(Declined, match="was not on the latest sheet as it is"):
        review.judge(store, ["good"], [])


def test_a_review_shows_the_earliest_and_the_next_the_next(full, net):
    full, _ = full
    first = review.waiting(full, net, 5)
    assert review.table(first, full.waiting() - 5).endswith("57 waiting, 5 shown")
    review.remember(full, first)
    assert review.judge(full, ["all"], []) == (5, 0)
    second = {facts.drawing.id for facts in review.waiting(full, net, 5)}
    assert len(second) == 5 and not second & {facts.drawing.id for facts in first}


def test_the_sheet_shows_every_point_at_board_size(service, net):
    """Ink, each point on it, and its time below; a second drawing within the ink does not hide."""
    receipt = agree(service)
    inside = [
        {"points": [[200, 100], [200, 300]], "radius": 25},
        {"points": [[190, 200], [210, 200]], "radius": 5},
    ]
    timed = [{**stroke, "times": [2000 * i, 2000 * i + 800]} for i, stroke in enumerate(inside)]
    submit(service, receipt, "1", strokes=timed)
    (facts,) = review.waiting(service.store, net)
    cell = np.asarray(review.cell(facts)).astype(int)
    shown = cell[review.GAP : review.GAP + board.SIZE, review.GAP : review.GAP + board.SIZE]
    ink = drawn(facts.drawing.strokes) > 0
    grey = np.ptp(shown, axis=2) == 0
    assert (shown[~ink & grey] == 0).all() and shown[ink & grey].max() > 100
    for x, y in (point for stroke in inside for point in stroke["points"]):
        # The point is coloured.
        assert np.ptp(shown[y, x]) > 100
    below = cell[2 * review.GAP + board.SIZE + review.STRIP // 2, review.GAP : review.GAP + board.SIZE]
    columns = np.flatnonzero(np.ptp(below, axis=1) > 100)
    assert set(columns) >= {0, round(800 / 2800 * 447), round(2000 / 2800 * 447)}


def test_review_without_a_store_or_weights(service, tmp_path):
    done = maintain("review", store=tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.startswith("python -m contributions: there are no contributions in")
    assert not (tmp_path / "none").exists()
    done = maintain("review", "--weights", str(tmp_path), store=service.store.folder)
    assert done.returncode == 1 and done.stderr.startswith("python -m contributions: "), done.stderr
    assert "name weights in --weights" in done.stderr
    assert maintain("review", store=service.store.folder).stdout.startswith("No drawing waits for review.")


def test_merge_splits_by_writer_and_drops_what_was_deleted(full, net, tmp_path):
    full, receipts = full
    accept_good(full, net)
    done = maintain("merge", "--out", str(tmp_path / "out"), store=full.folder)
    assert done.returncode == 0, done.stderr
    import datasets

    writers = {}
    for split in ("train", "test"):
        rows = datasets.Dataset.from_parquet(str(tmp_path / "out" / f"{split}-00000-of-00001.parquet"))
        writers[split] = set(rows["writer"])
        assert f"{len(rows)} {split}" in done.stdout
    assert writers["train"] and writers["test"] and not writers["train"] & writers["test"]
    strokes, labels = data.contributed("train", tmp_path / "out")
    assert len(strokes) == len(labels) > 0
    for receipt in receipts:
        full.delete(receipt)
    done = maintain("merge", "--out", str(tmp_path / "out"), store=full.folder)
    assert done.stdout.startswith("no drawing has been accepted, so"), done.stdout
    assert "review --accept good" in done.stdout
    assert list((tmp_path / "out").glob("*.parquet")) == []


@pytest.mark.parametrize("gone", ["store", "note"])
def test_a_merge_whose_store_has_moved_is_not_used(gone, full, net, tmp_path):
    """Drawings that were deleted since the merge would stay in it, so nobody may use it."""
    full, receipts = full
    accept_good(full, net)
    merge.merge(full, tmp_path / "out")
    before = len(data.contributed("train", tmp_path / "out")[1])
    # Nothing was ever merged there.
    merge.refresh(tmp_path / "none")
    full.delete(next(r for r in receipts if merge.split_of(full.writer(r)["writer"]) == "train"))
    merge.refresh(tmp_path / "out")
    assert 0 < len(data.contributed("train", tmp_path / "out")[1]) < before
    if gone == "store":
        full.folder.rename(tmp_path / "elsewhere")
    else:
        (tmp_path / "out" / merge.SOURCE).write_bytes(b"\xff")
    with pytest.raises(data.DataError, match="has moved or cannot be found, so .* CONTRIBUTIONS_DIR"):
        merge.refresh(tmp_path / "out")
    # An empty store is not made in its place.
    assert not full.folder.exists() or gone == "note"


@pytest.mark.thorough
def test_a_contributed_package_trains_and_is_published(full, net, mnixel, tmp_path):
    """From the store to train.py and to the dataset on the Hub; no later version has what was deleted."""
    full, receipts = full
    accept_good(full, net)
    out = tmp_path / "contributed"
    merge.merge(full, out)
    short = (
        "import sys, train\nfrom dataclasses import replace\nfrom training import recipes\n"
        "ours = recipes.RECIPES['mnixel-only']\n"
        "recipes.RECIPES['mnixel-only'] = replace(ours, steps=2, optim=replace(ours.optim, rounds=2))\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    done = python(
        "-c", short, "--recipe", "mnixel-only", "--data", str(mnixel), "--out", str(tmp_path / "run"),
        "--with-contributions", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count = len(data.contributed("train", out)[1])
    assert f"with {count} contributed drawings" in done.stdout
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["contributed"] == count
    assert f"{count} digits that visitors" in (tmp_path / "run" / "README.md").read_text()

    with LocalHub().running() as hub:
        sending = ("publish.py", "dataset", OWNER, "--contributed", str(out), "--drawn", str(few_drawn()))
        python(*sending, check=True, **hub.environment(tmp_path / "us"))
        code = (
            "import datasets; d = datasets.load_dataset('OWNER/mnixel', 'contributed'); "
            "print({k: v.num_rows for k, v in d.items()})"
        )
        used = stranger(code, hub, tmp_path / "stranger")
        assert used.stdout.startswith(f"{{'train': {count}, 'test': "), used.stderr

        writer = full.writer(receipts[0])["writer"]
        assert writer in {drawing.writer for drawing, _ in full.each("state = 'accepted'")}
        full.delete(receipts[0])
        python(*sending, check=True, **hub.environment(tmp_path / "us"))
        code = code.replace("print(", "print(sorted({w for part in d.values() for w in part['writer']}) or ")
        used = stranger(code, hub, tmp_path / "another")
        assert used.returncode == 0 and writer not in used.stdout, used.stderr


def stranger(code: str, hub: LocalHub, home):
    """What Python says to somebody who has only the Hub."""
    environment = {**CLEAN, **hub.environment(home, "")}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=home)


def test_contributed_drawings_are_published_with_what_a_reader_wants(full, net, mnixel, tmp_path):
    """Strokes, writer and day."""
    import datasets

    full, _ = full
    accept_good(full, net)
    merge.merge(full, tmp_path / "contributed")
    bundles.dataset(tmp_path / "out", f"{OWNER}/mnixel", tmp_path, tmp_path / "contributed", True, mnixel)
    splits = datasets.load_dataset(str(tmp_path / "out"), "contributed", cache_dir=str(tmp_path / "cache"))
    rows = splits["train"]
    assert rows.column_names == ["image", "label", "strokes", "writer", "source", "licence", "day"]
    assert {frozenset(stroke) for row in rows["strokes"] for stroke in json.loads(row)} == {
        frozenset({"points", "radius", "times"})
    }
    assert len(set(rows["writer"])) > 1 and not set(rows["writer"]) & set(splits["test"]["writer"])
    card = (tmp_path / "out" / "README.md").read_text()
    assert all(f"`{column}`" in card for column in ("strokes", "licence", "writer", "day"))
