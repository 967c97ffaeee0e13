"""Contributions: kept crash-safe, carried to the Hub, deleted by receipt, reviewed, merged, trained on, published."""

from __future__ import annotations

import base64
import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Server
from local_hub import OWNER, Fault, LocalHub
from test_hub import CLEAN, publish, wait_for

import data
from contribute import CONSENT, merge, review
from contribute.desk import Desk
from contribute.mirror import Mirror
from contribute.store import Limits, Store, StoreError
from page.served import Served
from web.assets import examples

REPOSITORY = f"{OWNER}/contributions"
STROKES = {drawing["digit"]: drawing["strokes"] for drawing in examples()["drawings"]}


def strokes(digit: str, shift: float = 0) -> list[dict]:
    """An example as the page sends it."""
    return [
        {"points": [[x + shift, y] for x, y in points], "radius": 15, "times": [16 * i for i in range(len(points))]}
        for points in STROKES[digit]
    ]


@pytest.fixture(scope="module")
def served():
    return Served(ROOT / "weights")


@pytest.fixture
def desk(served, tmp_path):
    return Desk(served, Store(tmp_path / "store"), None)


def ask(desk: Desk, name: str, **question) -> dict:
    return next(f for f in desk.functions if f.__name__ == name)(question)


def agree(desk: Desk) -> str:
    return ask(desk, "consent", version=CONSENT)["receipt"]


def keep(desk: Desk, receipt: str, label: str = "2", digit: str = "2", id: str = "drawing-1", **more) -> dict:
    return ask(desk, "keep", **{"receipt": receipt, "id": id, "label": label, "strokes": strokes(digit), **more})


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_drawing_is_kept_with_what_the_terms_say_and_no_more(desk):
    receipt = agree(desk)
    assert keep(desk, receipt) == {"saved": 1, "waiting": 0}
    ((drawing, state),) = desk.store.drawings()
    assert state == "waiting"
    assert (drawing.label, drawing.opinion, drawing.source, drawing.weights) == ("2", "2", "collector", "embedded")
    assert (drawing.consent, drawing.licence, drawing.app) == (CONSENT, "CC BY 4.0", "1.0")
    assert drawing.strokes == [{**s, "points": [[float(x), float(y)] for x, y in s["points"]]} for s in strokes("2")]
    assert len(drawing.image) == 784 and max(drawing.image) > 200
    assert receipt not in (desk.store.folder / "contributions.sqlite").read_bytes().decode("latin-1")
    assert set(drawing.__dict__) == {
        "id", "label", "strokes", "pixels", "source", "opinion", "confidence", "weights", "app", "writer",
        "receipt_hash", "consent", "licence", "utc",
    }  # fmt: skip


def test_sent_twice_is_kept_once(desk):
    receipt = agree(desk)
    assert keep(desk, receipt) == keep(desk, receipt) == {"saved": 1, "waiting": 0}


def test_nothing_is_kept_without_consent(desk):
    assert keep(desk, "AAAA-AAAA-AAAA-AAAA") == {"error": "Please agree to the terms first.", "consent": True}
    assert "have changed" in ask(desk, "consent", version="0")["error"]
    assert desk.store.drawings() == []


@pytest.mark.parametrize(
    ("label", "drawn", "sentence", "may_keep"),
    [
        ("1", strokes("7"), "This looks like a 7. Keep it as a 1?", True),
        ("3", strokes("8"), "This looks like an 8. Keep it as a 3?", True),
        ("8", [], "The board is empty. Draw an 8, or skip it.", False),
        ("8", [{"points": [[-900, -900]], "radius": 5}], "The board is empty. Draw an 8, or skip it.", False),
        ("1", [{"points": [[200, 200], [203, 201]], "radius": 15}], "That is only a dot. Keep it as a 1?", True),
    ],
    ids=["other digit", "other digit, an 8", "blank", "off the board", "dot"],
)
def test_doubtful_drawings_are_asked_about(label, drawn, sentence, may_keep, desk):
    receipt = agree(desk)
    assert keep(desk, receipt, label, strokes=drawn) == {"ask": sentence, "may_keep": may_keep}
    assert desk.store.drawings() == []
    insisted = keep(desk, receipt, label, strokes=drawn, confirmed=True)
    if may_keep:
        assert insisted["saved"] == 1 and desk.store.drawings()[0][0].label == label  # never relabelled
    else:
        assert insisted["ask"] == sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": 7}, "an id of 8 to 64"),
        ({"id": "x" * 65}, "an id of 8 to 64"),
        ({"label": 2}, 'The label is one of "0" to "9"'),
        ({"label": "12"}, 'The label is one of "0" to "9"'),
        ({"source": "elsewhere"}, "The source is"),
        ({"strokes": "2"}, "A drawing is a list of strokes"),
        ({"strokes": [{"points": [[0, float("nan")]]}]}, "finite numbers"),
        ({"strokes": [{"points": [[9, 9]], "times": [-1]}]}, "whole milliseconds"),
        ({"strokes": [{"points": [[9, 9]], "times": [1, 2]}]}, "whole milliseconds"),
        ({"strokes": [{"points": [[9, 9]], "times": "now"}]}, "whole milliseconds"),
    ],
)
def test_malformed_questions_get_one_sentence(change, said, desk):
    answer = keep(desk, agree(desk), **change)
    assert said in answer["error"]
    assert desk.store.drawings() == []


def test_questions_that_are_none(desk):
    for function in desk.functions:
        for question in (None, [], "x", {}, {"receipt": 5}, {"receipt": "x" * 100}):
            assert "error" in function(question), function.__name__


def test_limits(served, tmp_path):
    desk = Desk(served, Store(tmp_path, Limits(per_writer_hour=2, per_writer=3, per_hour=4, writers_per_hour=2)), None)
    first, second = agree(desk), agree(desk)
    assert "come back in the next" in ask(desk, "consent", version=CONSENT)["error"]
    for number in range(2):
        assert keep(desk, first, id=f"first-{number:03}")["saved"] == number + 1
    assert "which is the most" in keep(desk, first, id="first-999")["error"]
    assert keep(desk, first, id="first-001")["saved"] == 2  # what is there already is still there
    assert keep(desk, second)["saved"] == 1


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(per_hour=0), "Very many drawings"),
        (Limits(per_writer=0), "the most from one person"),
        (Limits(total=0), "The collection is full"),
    ],
)
def test_other_limits(limits, said, served, tmp_path):
    desk = Desk(served, Store(tmp_path, limits), None)
    assert said in keep(desk, agree(desk))["error"]


def test_a_disk_that_is_nearly_full_takes_no_more(served, tmp_path):
    receipt = agree(Desk(served, Store(tmp_path), None))
    desk = Desk(served, Store(tmp_path, Limits(free_bytes=10**18)), None)
    assert "no room left" in ask(desk, "consent", version=CONSENT)["error"]
    assert "no room left" in keep(desk, receipt)["error"]


def test_a_full_disk_is_said_and_costs_nothing(desk):
    """SQLite's own error when the file may not grow."""
    receipt = agree(desk)
    keep(desk, receipt)
    (pages,) = desk.store._database.execute("PRAGMA page_count").fetchone()
    desk.store._database.execute(f"PRAGMA max_page_count = {pages}")
    said = [keep(desk, receipt, id=f"drawing-{i:03}") for i in range(2, 30)]
    assert {"error": "The server has no room left for drawings."} in said
    kept = len(desk.store.drawings())
    assert ask(desk, "status", receipt=receipt)["saved"] == kept
    desk.store._database.execute("PRAGMA max_page_count = 1000000")
    assert keep(desk, receipt, id="drawing-999")["saved"] == kept + 1


def test_a_store_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be kept"):
        Store(tmp_path / "file" / "store")


def test_times_and_places_of_the_store(monkeypatch, tmp_path, served):
    monkeypatch.setenv("CONTRIBUTIONS", "off")
    assert Desk.from_environment(served) == (None, "Contributions are switched off here.")
    monkeypatch.setenv("CONTRIBUTIONS", "")
    monkeypatch.setenv("CONTRIBUTIONS_DIR", str(tmp_path))
    monkeypatch.setenv("CONTRIBUTIONS_LICENCE", "CC0 1.0")
    desk, closed = Desk.from_environment(served)
    assert desk.persistent and not closed and "under CC0 1.0" in desk.terms
    monkeypatch.setenv("SPACE_ID", "OWNER/mnixel")
    desk, closed = Desk.from_environment(served)
    assert desk is None and "no disk that outlives a restart" in closed


# --- taking home ------------------------------------------------------------------------------------------------------


def test_npz_is_read_by_upstreams_two_lines(desk, tmp_path):
    receipt = agree(desk)
    for digit in ("2", "7"):
        keep(desk, receipt, digit, digit, id=f"drawing-{digit}")
    answer = ask(desk, "collection", receipt=receipt, format="npz")
    assert answer["name"] == "MNIST.npz"
    (tmp_path / "MNIST.npz").write_bytes(base64.b64decode(answer["data"]))
    file = np.load(tmp_path / "MNIST.npz")
    X, y = file["X"], file["y"]
    assert (X.shape, X.dtype, y.tolist()) == ((2, 28, 28), np.float64, [2, 7])
    assert 200 < X.max() <= 255


def test_parquet_of_my_digits(desk, tmp_path):
    import datasets

    receipt = agree(desk)
    keep(desk, receipt)
    content = base64.b64decode(ask(desk, "collection", receipt=receipt, format="parquet")["data"])
    (tmp_path / "my.parquet").write_bytes(content)
    rows = datasets.Dataset.from_parquet(str(tmp_path / "my.parquet"))
    assert rows[0]["label"] == 2 and rows[0]["image"].size == (28, 28)
    assert "receipt" not in " ".join(rows.column_names)


def test_nothing_to_take_home(desk):
    assert "Nothing is kept" in ask(desk, "collection", receipt=agree(desk), format="npz")["error"]


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_receipt_deletes_all_of_its_owner_and_nobody_elses(desk):
    mine, other = agree(desk), agree(desk)
    keep(desk, mine, id="mine-0001")
    keep(desk, mine, id="mine-0002")
    keep(desk, other, id="other-001")
    writer = desk.store.writer(mine).writer
    assert ask(desk, "forget", receipt=mine)["said"].startswith("2 drawings were deleted")
    assert [drawing.id for drawing, _ in desk.store.drawings()] == ["other-001"]
    files = b"".join(path.read_bytes() for path in desk.store.folder.iterdir())
    assert b"mine-0001" not in files and writer.encode() not in files  # nor in the pages that SQLite has freed
    assert (
        ask(desk, "forget", receipt=mine)["said"] == "Nothing is left under this receipt."
    )  # asked again, for want of an answer, say
    assert "check the code for a slip" in ask(desk, "forget", receipt="AAAA-AAAA-AAAA-AAAA")["error"]
    assert "Enter your receipt code" in ask(desk, "forget", receipt="")["error"]
    assert keep(desk, mine)["consent"]


# --- on the way to the Hub --------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with LocalHub(tmp_path / "hub").running() as running:
        yield running


def rows_on(hub: LocalHub) -> list[dict]:
    files = hub.files("dataset", REPOSITORY) if ("dataset", REPOSITORY) in hub.repositories else {}
    return [json.loads(line) for path, text in files.items() if path.endswith(".jsonl") for line in text.splitlines()]


MIRROR = """
import sys
from contribute.mirror import Mirror
from contribute.store import Store
mirror = Mirror(Store(sys.argv[1]), "{repository}", start=False)
print({call})
"""


def mirror(hub: LocalHub, home: Path, store: Path, call: str = "mirror.push()", check: bool = True):
    """One push or pull of a store in a process of its own, with an empty cache."""
    code = MIRROR.format(repository=REPOSITORY, call=call)
    environment = {**CLEAN, **hub.environment(home)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(store)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def test_batches_reach_the_hub_once_and_go_when_they_are_deleted(desk, hub, tmp_path):
    mine, other = agree(desk), agree(desk)
    for number in range(3):
        keep(desk, mine, id=f"mine-{number:04}")
    keep(desk, other, id="other-0001")
    store = desk.store.folder
    assert mirror(hub, tmp_path / "a", store).stdout == "1\n"
    assert hub.repository("dataset", REPOSITORY).private
    assert sorted(row["id"] for row in rows_on(hub)) == ["mine-0000", "mine-0001", "mine-0002", "other-0001"]
    assert desk.store.counts(mine) == (3, 3)
    commits = len(hub.repository("dataset", REPOSITORY).commits)
    assert mirror(hub, tmp_path / "b", store).stdout == "0\n"
    assert len(hub.repository("dataset", REPOSITORY).commits) == commits
    desk.store.forget(mine)
    assert mirror(hub, tmp_path / "c", store).stdout == "1\n"
    assert [row["id"] for row in rows_on(hub)] == ["other-0001"]
    assert len(hub.repository("dataset", REPOSITORY).commits) == 1  # nor in the repository's history
    desk.store.forget(other)
    mirror(hub, tmp_path / "d", store)
    assert set(hub.files("dataset", REPOSITORY)) == {".gitattributes", "README.md"}


def test_a_push_that_was_killed_is_sent_again_under_the_same_name(desk, hub, tmp_path):
    keep(desk, agree(desk))
    for after in (False, True):
        hub.faults = [Fault("commit/", "hold", times=1, after=after)]
        hub.held.clear()
        running = subprocess.Popen(
            [sys.executable, "-c", MIRROR.format(repository=REPOSITORY, call="mirror.push()"), str(desk.store.folder)],
            cwd=ROOT, env={**CLEAN, **hub.environment(tmp_path / f"killed {after}")},
        )  # fmt: skip
        assert hub.held.wait(60)
        running.kill()
        running.wait()
    hub.faults = []
    mirror(hub, tmp_path / "a", desk.store.folder)
    assert len(rows_on(hub)) == 1


def test_a_store_that_was_lost_comes_back_from_the_hub(desk, hub, tmp_path):
    mine = agree(desk)
    keep(desk, mine, id="mine-0001")
    desk.store.gather()
    keep(desk, mine, id="mine-0002")
    mirror(hub, tmp_path / "a", desk.store.folder)
    assert mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()").stdout == "(2, 0)\n"
    restored = Store(tmp_path / "new")
    assert sorted(d.id for d, _ in restored.drawings()) == ["mine-0001", "mine-0002"]
    assert restored.writer(mine) == desk.store.writer(mine)
    # Deleted elsewhere: gone here with the next pull, and states that were set here stay.
    other = agree(desk)
    keep(desk, other, id="other-0001")
    mirror(hub, tmp_path / "a", desk.store.folder)
    mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()")
    assert restored.judge(["other-0001"], "accepted") == 1
    desk.store.forget(mine)
    mirror(hub, tmp_path / "a", desk.store.folder)
    assert mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()").stdout == "(0, 2)\n"
    assert [(d.id, state) for d, state in restored.drawings()] == [("other-0001", "accepted")]
    assert restored.writer(mine) is None


def test_on_a_disk_that_does_not_last_saved_waits_for_the_commit(served, hub, tmp_path):
    store = Store(tmp_path / "store")
    desk = Desk(served, store, Mirror(store, REPOSITORY, start=False), persistent=False)
    receipt = agree(desk)
    assert keep(desk, receipt) == {"saved": 0, "waiting": 1, "on_hub": 0}
    mirror(hub, tmp_path / "a", store.folder)
    assert ask(desk, "status", receipt=receipt) == {"saved": 1, "waiting": 0, "on_hub": 1}


def lines(store: Store) -> dict[str, str]:
    """What the Hub would have of a store."""
    store.gather()
    batches = store.unsent()
    store.sent((name, version) for name, version, _ in batches)
    return {name: rows for name, _, rows in batches}


def test_a_pull_beside_a_running_page_takes_nothing_away(desk):
    """What is pushed, deleted or agreed to between the Hub's answer and its use here stays as it is."""
    mine, other, fresh = agree(desk), agree(desk), agree(desk)
    keep(desk, mine, id="mine-0001")
    old, before = lines(desk.store), desk.store.clean()
    keep(desk, other, id="other-0001")
    lines(desk.store)  # pushed meanwhile
    assert desk.store.take_over({}, {}) == (0, 0)
    assert desk.store.take_over(old, before) == (0, 0)
    assert sorted(d.id for d, _ in desk.store.drawings()) == ["mine-0001", "other-0001"]
    desk.store.forget(mine)
    lines(desk.store)
    assert desk.store.take_over(old, before) == (0, 0)
    assert [d.id for d, _ in desk.store.drawings()] == ["other-0001"]
    assert desk.store.writer(fresh) and desk.store.writer(other)


def test_who_was_deleted_does_not_come_back_from_a_copy(desk, tmp_path):
    mine = agree(desk)
    keep(desk, mine, id="mine-0001")
    copy = lines(desk.store)
    other = Store(tmp_path / "other")
    other.take_over(copy, {})
    other.forget(mine)
    lines(other)
    assert other.take_over(copy, other.clean()) == (0, 0)
    assert other.drawings() == [] and other.dirty() == set(copy)  # and the Hub is told again


def test_lines_that_are_no_drawings_are_left_out(desk):
    receipt = agree(desk)
    keep(desk, receipt, id="mine-0001")
    (name, text), *_ = lines(desk.store).items()
    spoilt = text + "{not json\n" + '{"id": "only"}\n'
    assert desk.store.take_over({name: spoilt}, desk.store.clean()) == (0, 0)
    assert [d.id for d, _ in desk.store.drawings()] == ["mine-0001"]


def test_a_public_repository_is_refused(desk, hub, tmp_path):
    hub.put("dataset", REPOSITORY, {"README.md": b"mine"})
    keep(desk, agree(desk))
    done = mirror(hub, tmp_path / "a", desk.store.folder, check=False)
    assert "is public; drawings before review go to a private dataset" in done.stderr
    assert rows_on(hub) == []


def test_a_space_without_a_lasting_disk(hub, tmp_path):
    """Restored from the Hub at the start; nobody is called unknown before that; a deletion that the Hub has not heard is said."""
    code = """
import sys, time
from pathlib import Path
from contribute import CONSENT
from contribute.desk import Desk
from page.served import Served
from tests.test_contribute import agree, ask, keep
import os
desk, closed = Desk.from_environment(Served(Path("weights")))
assert not desk.persistent
receipt = sys.argv[1] if len(sys.argv) > 1 else None
if receipt is None:
    receipt = agree(desk)
    print(receipt, keep(desk, receipt)["waiting"])
    while ask(desk, "status", receipt=receipt)["waiting"]:
        time.sleep(0.1)
else:
    print(ask(desk, "status", receipt=receipt))
    while sys.argv[2] == "restored" and not desk.mirror.restored:
        time.sleep(0.1)
    print(ask(desk, "status", receipt=receipt))
    print(ask(desk, "forget", receipt=receipt))
"""

    def start(number: int, *arguments: str, **more: str):
        settings = {"SPACE_ID": "OWNER/mnixel", "CONTRIBUTIONS_REPO": REPOSITORY, "PYTHONPATH": f"{ROOT}:{ROOT}/tests"}
        settings["CONTRIBUTIONS_DIR"] = str(tmp_path / f"disk {number}")
        environment = {**CLEAN, **hub.environment(tmp_path / f"home {number}"), **settings, **more}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    receipt, waiting = start(1)[0].split()
    assert waiting == "1" and len(rows_on(hub)) == 1
    for line in start(2, receipt, "away", HF_ENDPOINT="http://127.0.0.1:9"):
        assert "still fetching what it has kept" in line
    *_, status, gone = start(3, receipt, "restored")
    assert status == "{'saved': 1, 'waiting': 0, 'on_hub': 1}"
    assert gone == "{'said': '1 drawing was deleted.', 'again': False}"
    assert rows_on(hub) == []


# --- the page under fire ----------------------------------------------------------------------------------------------


class Visitor(threading.Thread):
    """Draws through the page's own functions, sends again whatever was not answered, and notes what was called saved."""

    def __init__(self, place: dict, number: int, drawings: int):
        super().__init__(daemon=True)
        self.place, self.number, self.drawings = place, number, drawings
        self.random = random.Random(number)
        self.saved: list[str] = []
        self.failures = 0

    def ask(self, name: str, **question) -> dict:
        """Until there is an answer: the server may be dead at the moment."""
        while True:
            try:
                return call(self.place["url"], self.place["collector"], name, question)
            except (OSError, HTTPException):
                self.failures += 1
                time.sleep(0.3)

    def run(self) -> None:
        receipt = self.ask("consent", version=CONSENT)["receipt"]
        for index in range(self.drawings):
            digit = self.random.choice(list(STROKES))
            id = f"visitor-{self.number:03}-{index:03}"
            drawn = strokes(digit, self.random.uniform(-20, 20))
            question = {"receipt": receipt, "id": id, "label": digit, "strokes": drawn, "confirmed": True}
            answer = self.ask("keep", **question)
            assert answer.get("saved") == index + 1, answer
            self.saved.append(id)


def call(url: str, component: int, name: str, question: dict) -> dict:
    """What sketchpad.js and collector.js do with `server`."""
    body = {"data": question, "fn_name": name, "component_id": component, "session_hash": "x"}
    request = urllib.request.Request(
        f"{url}/gradio_api/component_server", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request, timeout=30))


def collector_of(server: Server) -> int:
    """The id of the page's collector."""
    config = json.load(urllib.request.urlopen(f"{server.url}/config", timeout=30))
    return next(
        c["id"]
        for c in config["components"]
        if "forget" in c["props"].get("server_fns", c["props"].get("server_functions", []))
    )


VISITORS, EACH, KILLS = 50, 20, 3


def test_nothing_that_was_called_saved_is_lost(hub, tmp_path):
    """50 visitors at once, the server killed three times, a third of the Hub's calls failing."""
    hub.faults = [Fault("datasets|repos/create", "500", share=1 / 3)]
    settings = {"CONTRIBUTIONS_DIR": str(tmp_path / "store"), "CONTRIBUTIONS_REPO": REPOSITORY}
    server = Server(**hub.environment(tmp_path / "page"), **settings)
    try:
        place = {"url": server.url, "collector": collector_of(server)}
        visitors = [Visitor(place, number, EACH) for number in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        for kill in range(1, KILLS + 1):
            share = kill * VISITORS * EACH / (KILLS + 1)
            wait_for(lambda share=share: sum(len(v.saved) for v in visitors) >= share, 240)
            server.kill(signal.SIGKILL)
            server.start()
        for visitor in visitors:
            visitor.join(240)
        said = {id for visitor in visitors for id in visitor.saved}
        assert len(said) == VISITORS * EACH
        assert sum(visitor.failures for visitor in visitors) > 0  # the kills were felt
        kept = [drawing.id for drawing, _ in Store(tmp_path / "store").drawings()]
        assert sorted(kept) == sorted(said)
        wait_for(lambda: len(rows_on(hub)) >= len(said), 240)
        assert sorted(row["id"] for row in rows_on(hub)) == sorted(said)  # each exactly once
    finally:
        server.kill()


# --- the maintainer ---------------------------------------------------------------------------------------------------


def command(*arguments: str, store: Path | None = None, **more: str):
    environment = {**CLEAN, **more, **({"CONTRIBUTIONS_DIR": str(store)} if store else {})}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )


@pytest.fixture
def full(desk):
    """A store with what people really send: good ones, a wrong one, a dot, the same twice. Twelve writers."""
    receipts = [agree(desk) for _ in range(12)]
    for number, receipt in enumerate(receipts):
        for digit in STROKES:
            drawn = strokes(digit, number)
            keep(desk, receipt, digit, id=f"{digit}{number:02}-good-one", strokes=drawn, confirmed=True)
    receipt = agree(desk)
    keep(desk, receipt, "1", "7", id="wrong-one-0", confirmed=True)
    keep(desk, receipt, "5", "7", id="wrong-one-1", confirmed=True)
    keep(desk, receipt, "0", id="dot-00000", strokes=[{"points": [[9, 9]], "radius": 5}], confirmed=True)
    return desk.store, receipts


def test_review_shows_and_judges(full, tmp_path):
    full, _ = full
    rows = {row.drawing.id: row for row in review.waiting(full)}
    assert rows["wrong-one-0"].opinion == "disagrees" and rows["wrong-one-1"].duplicate
    assert rows["dot-00000"].blank and not rows["200-good-one"].blank
    shown = command("-m", "data", "review", "--out", str(tmp_path / "sheet.png"), store=full.folder)
    assert shown.returncode == 0, shown.stderr
    assert "wrong-on  1      7" in shown.stdout and "75 waiting" in shown.stdout
    assert (tmp_path / "sheet.png").stat().st_size > 5000
    done = command("-m", "data", "review", "--reject", "disagrees", "dot", "--accept", "good", store=full.folder)
    assert done.returncode == 0, done.stderr
    states = {drawing.id: state for drawing, state in full.drawings()}
    assert states["wrong-one-0"] == states["dot-00000"] == "rejected"
    assert states["200-good-one"] == "accepted"
    done = command("-m", "data", "review", "--reject", "200-good", store=full.folder)  # on second thoughts
    assert dict((d.id, state) for d, state in full.drawings())["200-good-one"] == "rejected", done.stderr


def test_review_refuses_what_fits_none_or_many(full):
    full, _ = full
    for word, said in (("nothing", "no drawing begins with it"), ("wrong", "2 drawings begin with it")):
        done = command("-m", "data", "review", "--accept", word, store=full.folder)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert {state for _, state in full.drawings()} == {"waiting"}


def test_review_without_a_store(tmp_path):
    done = command("-m", "data", "review", store=tmp_path / "none")
    assert done.returncode == 1 and done.stderr.startswith("error: there are no contributions in")
    assert not (tmp_path / "none").exists()


def test_merge_splits_by_writer_and_forgets_what_was_deleted(full, tmp_path):
    full, _ = full
    full.judge([row.drawing.id for row in review.waiting(full) if review.RULES["good"](row)], "accepted")
    done = command("-m", "data", "merge", "--out", str(tmp_path / "out"), store=full.folder)
    assert done.returncode == 0, done.stderr
    import datasets

    writers = {}
    for split in ("train", "test"):
        rows = datasets.Dataset.from_parquet(str(tmp_path / "out" / merge.SHARD.format(split=split)))
        writers[split] = set(rows["writer"])
        assert f"{len(rows)} {split}" in done.stdout
    assert writers["train"] and writers["test"] and not writers["train"] & writers["test"]
    images, labels = data.contributed("train", tmp_path / "out")
    assert images.shape == (len(labels), 28, 28) and images.max() > 200
    for drawing, _ in full.drawings("accepted"):
        full._database.execute("DELETE FROM drawings WHERE id = ?", (drawing.id,))
    assert merge.merge(full, tmp_path / "out") == {"train": 0, "test": 0}
    assert list((tmp_path / "out").glob("*.parquet")) == []


def test_a_contributed_package_trains_and_is_published(full, mnixel, hub, tmp_path):
    """From the store to train.py and to the dataset on the Hub; deleted by receipt, it is in no later version."""
    full, receipts = full
    full.judge([row.drawing.id for row in review.waiting(full) if review.RULES["good"](row)], "accepted")
    out = tmp_path / "contributed"
    merge.merge(full, out)
    short = (
        "import sys, train\nfrom dataclasses import replace\nfrom training import recipes\n"
        "ours = recipes.RECIPES['mnixel-only']\n"
        "recipes.RECIPES['mnixel-only'] = replace(ours, steps=2, schedule=replace(ours.schedule, rounds=2))\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    done = command(
        "-c", short, "--recipe", "mnixel-only", "--data", str(mnixel), "--out", str(tmp_path / "run"),
        "--with-contributions", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count = len(data.contributed("train", out)[1])
    assert f"with {count} contributed drawings" in done.stdout
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["contributed"] == count
    assert f"{count} digits that visitors" in (tmp_path / "run" / "README.md").read_text()

    sent = publish(hub, tmp_path / "us", "dataset", OWNER, "--data", str(mnixel), "--contributed", str(out))
    assert sent.returncode == 0, sent.stderr
    code = 'import datasets; d = datasets.load_dataset("OWNER/mnixel", "contributed"); print({k: v.num_rows for k, v in d.items()})'
    environment = {**CLEAN, **hub.environment(tmp_path / "stranger", "")}
    used = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert used.stdout.startswith(f"{{'train': {count}, 'test': "), used.stderr

    writer = full.writer(receipts[0]).writer
    assert writer in {row["writer"] for row in merge.dataset([d for d, _ in full.drawings("accepted")])}
    full.forget(receipts[0])
    again = ["dataset", OWNER, "--data", str(mnixel), "--contributed", str(out)]
    assert publish(hub, tmp_path / "us", *again).returncode == 0
    code = code.replace("print(", "print(sorted({w for part in d.values() for w in part['writer']}) or ")
    environment = {**CLEAN, **hub.environment(tmp_path / "another", "")}
    used = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert used.returncode == 0 and writer not in used.stdout, used.stderr


def test_training_without_contributions_says_so(mnixel, tmp_path):
    done = command(
        "train.py", "--data", str(mnixel), "--with-contributions", str(tmp_path), "--out", str(tmp_path / "run")
    )
    assert done.returncode == 1 and "`python -m data merge` writes those that were accepted" in done.stderr
