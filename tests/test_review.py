"""A maintainer reviews what was contributed, merges it, trains on it and publishes it."""

import json
import shutil
import sys
from dataclasses import replace
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
from contributions.store import Declined, Store, hashed
from model import DigitCNN
from publishing import bundles
from tests.harness import called
from tests.harness.contributor import DIGITS, agree, new_service, strokes, submit
from tests.harness.hub import OWNER, client, publish

service = new_service


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with what ten writers send: good drawings, a wrong one, and two digits in one."""
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
    two = [{"points": [[x, 90], [x, 350]], "radius": 15} for x in (140, 320)]
    submit(service, receipt, "1", id="two-ones-0", strokes=two)
    return service.store.folder, receipts


@pytest.fixture
def full(filled, tmp_path):
    """A copy of that store, and the receipts."""
    folder, receipts = filled
    shutil.copytree(folder, tmp_path / "full")
    return Store(tmp_path / "full"), receipts


def accept_most(store: Store, net: DigitCNN) -> None:
    """Accept as a maintainer does who agrees with the network."""
    review.remember(store, review.waiting(store, net))
    review.judge(store, ["agrees"], [])


def maintain(*arguments: str, store: Path):
    """What `python -m contributions` says."""
    return called(commands, *arguments, CONTRIBUTIONS_DIR=str(store))


def states(store: Store) -> dict[str, str]:
    return dict(store.pages("id, state"))


def test_review_shows_and_judges(full, net):
    full, _ = full
    first = {facts.drawing.id for facts in review.waiting(full, net, 5)}
    assert len(first) == 5 and review.judge(full, [], first) == (0, 5)
    facts = {facts.drawing.id: facts for facts in review.waiting(full, net)}
    assert not first & {*facts}, "the next sheet has the next ones"
    assert facts["wrong-one-0"].verdict == "disagrees" and facts["201-good-one"].prediction == "2"
    assert (facts["two-ones-0"].verdict, facts["two-ones-0"].confidence) == ("unsure", 0)
    shown = maintain("review", store=full.folder)
    assert shown.returncode == 0 and "51 waiting, 51 shown: " in shown.stdout, shown.stderr
    assert shown.stdout.splitlines()[-1].startswith("next: `python -m contributions review --reject")
    # The sheet lies where git does not see it.
    with Image.open(full.folder / "sheet.png") as picture:
        assert picture.size == (5 * review.CELL[0], 11 * review.CELL[1])
    for word, message in (("nothing", "no drawing begins with it"), ("2", "drawings begin with it")):
        done = maintain("review", "--accept", word, store=full.folder)
        assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert "accepted" not in states(full).values()
    done = maintain("review", "--reject", "disagrees", "--accept", "agrees", store=full.folder)
    assert done.returncode == 0 and "next: `python -m contributions merge`" in done.stdout, done.stderr
    now = states(full)
    assert now["wrong-one-0"] == "rejected" and now["201-good-one"] == "accepted"
    # A maintainer may think again.
    done = maintain("review", "--reject", "201-good", store=full.folder)
    assert states(full)["201-good-one"] == "rejected" and "review --accept agrees" in done.stdout, done.stderr


def test_only_what_was_shown_is_accepted(service, net):
    """Neither a rule nor an id accepts a drawing that was not on the latest sheet as it is now."""
    receipt, store = agree(service), service.store
    submit(service, receipt, id="early-001")
    with pytest.raises(Declined, match="was not on the latest sheet"):
        review.judge(store, ["early"], [])
    assert review.judge(store, ["agrees", "all"], []) == (0, 0)
    review.remember(store, review.waiting(store, net))
    submit(service, receipt, "7", "7", id="late-0001")
    assert review.judge(store, ["agrees"], []) == (1, 0)
    assert states(store) == {"early-001": "accepted", "late-0001": "waiting"}
    with pytest.raises(Declined, match="'late-000' was not on the latest sheet"):
        review.judge(store, ["late"], [])
    # Anything may be rejected.
    assert review.judge(store, [], ["late"]) == (0, 1)
    submit(service, receipt, "8", "8", id="other-001")
    review.remember(store, review.waiting(store, net))
    # A visitor can delete a drawing and send another one under its id, also while the sheet is drawn.
    for is_late in (False, True):
        shown = review.waiting(store, net)
        review.remember(store, shown)
        store.delete(hashed(receipt))
        receipt = agree(service)
        submit(service, receipt, "8", "3" if is_late else "2", id="other-001")
        if is_late:
            review.remember(store, shown)
        assert review.judge(store, ["agrees", "all"], []) == (0, 0)
        with pytest.raises(Declined, match="was not on the latest sheet"):
            review.judge(store, ["other-001"], [])


def test_the_sheet_shows_every_point_at_board_size(service, net):
    """Ink, and each point on it: a second drawing within the ink does not hide."""
    receipt = agree(service)
    inside = [
        {"points": [[200, 100], [200, 300]], "radius": 25},
        {"points": [[190, 200], [210, 200]], "radius": 5},
    ]
    submit(service, receipt, "1", strokes=inside)
    (facts,) = review.waiting(service.store, net)
    cell = np.asarray(review.cell(facts)).astype(int)
    shown = cell[review.GAP : review.GAP + board.SIZE, review.GAP : review.GAP + board.SIZE]
    ink = drawn(facts.drawing.strokes) > 0
    grey = np.ptp(shown, axis=2) == 0
    assert (shown[~ink & grey] == 0).all() and shown[ink & grey].max() > 100
    for x, y in (point for stroke in inside for point in stroke["points"]):
        # The point is coloured.
        assert np.ptp(shown[y, x]) > 100


def test_the_sheet_shows_everything_that_would_be_published(service, net):
    submit(service, agree(service), "1", strokes=strokes("4"))
    (facts,) = review.waiting(service.store, net)

    def beside(**changes) -> np.ndarray:
        """What stands to the right of the ink."""
        changed = replace(facts, drawing=replace(facts.drawing, **changes))
        return np.asarray(review.cell(changed))[review.GAP :, 2 * review.GAP + board.SIZE :, 0]

    small = np.frombuffer(facts.drawing.image, np.uint8).reshape(28, 28)
    assert np.array_equal(beside()[:112, :112], small.repeat(4, axis=0).repeat(4, axis=1))
    *before, last = facts.drawing.strokes
    later = [*before, {**last, "times": [*last["times"][:-1], last["times"][-1] + 1000]}]
    texts = ("label", "source", "writer", "licence", "utc", "id")
    for changes in ({"strokes": later}, {"strokes": before}, *({name: "2001-01-01"} for name in texts)):
        assert not np.array_equal(beside(**changes), beside()), changes


def test_review_without_a_store_or_drawings(service, tmp_path):
    done = maintain("review", store=tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.startswith("python -m contributions: there are no contributions in")
    assert not (tmp_path / "none").exists()
    assert maintain("review", store=service.store.folder).stdout.startswith("No drawing waits for review.")


def test_merge_splits_by_writer_and_drops_what_was_deleted(full, net, mnixel, tmp_path):
    """The dataset has what a reader wants: strokes, writer and day, and the card describes them."""
    import datasets

    full, receipts = full
    accept_most(full, net)
    out = tmp_path / "contributed"
    done = maintain("merge", "--out", str(out), store=full.folder)
    assert done.returncode == 0, done.stderr
    bundles.dataset(tmp_path / "bundle", f"{OWNER}/mnixel", tmp_path, out, True, mnixel)
    splits = datasets.load_dataset(str(tmp_path / "bundle"), "contributed", cache_dir=str(tmp_path / "cache"))
    assert all(f"{len(rows)} {split}" in done.stdout for split, rows in splits.items())
    assert splits["test"] and not set(splits["train"]["writer"]) & set(splits["test"]["writer"])
    rows = splits["train"]
    assert rows.column_names == ["image", "label", "strokes", "writer", "source", "licence", "day"]
    strokes = [stroke for row in rows["strokes"] for stroke in json.loads(row)]
    assert {frozenset(stroke) for stroke in strokes} == {frozenset({"points", "radius", "times"})}
    card = (tmp_path / "bundle" / "README.md").read_text()
    assert all(f"`{column}`" in card for column in ("strokes", "licence", "writer", "day"))
    drawings, labels = data.contributed("train", out)
    assert len(drawings) == len(labels) > 0
    for receipt in receipts:
        full.delete(hashed(receipt))
    done = maintain("merge", "--out", str(out), store=full.folder)
    assert done.stdout.startswith("no drawing has been accepted, so"), done.stdout
    assert "next: `python -m contributions review`" in done.stdout and list(out.glob("*.parquet")) == []


def test_merged_drawings_are_merged_again_before_use(full, net, tmp_path, monkeypatch):
    """What was deleted since is gone; without their own store nobody may use the merged drawings."""
    full, receipts = full
    accept_most(full, net)
    monkeypatch.setenv("CONTRIBUTIONS_DIR", str(full.folder))
    # Nothing was ever merged there.
    merge.refresh(tmp_path / "none")
    merge.merge(full, tmp_path / "out")
    before = len(data.contributed("train", tmp_path / "out")[1])
    full.delete(hashed(next(r for r in receipts if merge.split_of(full.writer(r)["writer"]) == "train")))
    merge.refresh(tmp_path / "out")
    assert 0 < len(data.contributed("train", tmp_path / "out")[1]) < before
    full.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(data.DataError, match="no contributions in .* CONTRIBUTIONS_DIR"):
        merge.refresh(tmp_path / "out")
    # An empty store is not made in its place.
    assert not full.folder.exists()
    monkeypatch.setenv("CONTRIBUTIONS_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(data.DataError, match="was not merged from .*elsewhere"):
        merge.refresh(tmp_path / "out")


@pytest.mark.thorough
def test_a_contributed_package_trains_and_is_published(full, net, hub, mnixel, tmp_path):
    """From the store to train.py and to the dataset on the Hub; no later version has what was deleted."""
    full, receipts = full
    accept_most(full, net)
    out = tmp_path / "contributed"
    merge.merge(full, out)
    short = (
        "import sys, train\nfrom dataclasses import replace\nfrom training import recipes\n"
        "ours = recipes.RECIPES['mnixel-only']\n"
        "recipes.RECIPES['mnixel-only'] = replace(ours, steps=2, optim=replace(ours.optim, rounds=2))\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    store = {"CONTRIBUTIONS_DIR": str(full.folder)}
    options = ["--recipe", "mnixel-only", "--data", str(mnixel), "--out", str(tmp_path / "run")]
    command = [sys.executable, "-c", short, *options, "--with-contributions", str(out)]
    done = client(hub, tmp_path / "us", *command, **store)
    assert done.returncode == 0, done.stderr
    count = len(data.contributed("train", out)[1])
    assert f"with {count} contributed drawings" in done.stdout
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["contributed"] == count
    assert f"{count} digits that visitors" in (tmp_path / "run" / "README.md").read_text()

    sending = ("dataset", OWNER, "--contributed", str(out))
    load = "import datasets; d = datasets.load_dataset('OWNER/mnixel', 'contributed'); print("
    assert publish(hub, tmp_path / "us", *sending, **store).returncode == 0
    code = load + "{k: v.num_rows for k, v in d.items()})"
    used = client(hub, tmp_path / "stranger", sys.executable, "-c", code, token="", cwd=tmp_path)
    assert used.stdout.startswith(f"{{'train': {count}, 'test': "), used.stderr

    writer = full.writer(receipts[0])["writer"]
    assert writer in {drawing.writer for drawing in full.each("state = 'accepted'")}
    full.delete(hashed(receipts[0]))
    assert publish(hub, tmp_path / "us", *sending, **store).returncode == 0
    code = load + "sorted({w for part in d.values() for w in part['writer']}))"
    used = client(hub, tmp_path / "another", sys.executable, "-c", code, token="", cwd=tmp_path)
    assert used.returncode == 0 and writer not in used.stdout, used.stderr
