"""Contributions: agreed to, stored crash-safe, downloaded, deleted by receipt.

The way to the Hub is in test_mirror.py, review in test_review.py.
"""

import json
import subprocess
import sys

import pytest

from contributions import CONSENT
from contributions.rows import clean
from contributions.service import ContributionService
from contributions.store import Declined, Store
from tests.harness import CLEAN, ROOT, python
from tests.harness.contributor import agree, ask, ids, new_service, scribble, strokes, submit, wait_for

service = new_service


# --- keeping ---


FIELDS = "id label strokes pixels source app writer receipt_hash consent licence utc"


def test_a_drawing_is_stored_once_with_what_the_terms_say_and_no_more(service):
    receipt = agree(service)
    assert submit(service, receipt) == submit(service, receipt) == {"saved": 1, "waiting": 0}
    # Somebody else's drawing under the same id does not replace it.
    assert submit(service, agree(service), "7", "7")["saved"] == 0
    (drawing,) = service.store.each()
    found = (drawing.label, drawing.source, drawing.consent, drawing.licence, drawing.app)
    assert found == ("2", "collector", CONSENT, "CC BY 4.0", "1.0")
    points = [{**s, "points": [[float(x), float(y)] for x, y in s["points"]]} for s in strokes("2")]
    assert drawing.strokes == points
    assert len(drawing.image) == 784 and max(drawing.image) > 200
    assert receipt not in (service.store.folder / "contributions.sqlite").read_bytes().decode("latin-1")
    assert set(json.loads(service.store.ask("SELECT row FROM drawings")[0][0])) == set(FIELDS.split())


def test_storing_needs_no_torch(tmp_path):
    code = """
import sys
from tests.harness.contributor import agree, submit, scribble
from contributions.service import ContributionService
from contributions.store import Store

service = ContributionService(Store(sys.argv[1]))
receipt = agree(service)
print(submit(service, receipt, strokes=scribble(9)))
service.collection({"receipt": receipt})
heavy = {"torch", "model", "serving", "handwriting", "datasets", "pyarrow"}
print(heavy & {name.split(".")[0] for name in sys.modules})
"""
    assert python("-c", code, str(tmp_path)).stdout == "{'saved': 1, 'waiting': 0}\nset()\n"


# A stroke that leaves the board 200 times is stored as 201.
LEAVING = [[440 + 10 * (i % 2), i] for i in range(402)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 7}, "an id of 8 to 64"),
        ({"label": "12"}, 'a label from "0" to "9"'),
        ({"source": ["collector"]}, 'the source "collector" or "recognise"'),
        ({"strokes": "2"}, "list of strokes"),
        ({"strokes": [{"points": [[9, 9]], "times": [-1]}]}, "whole milliseconds"),
        ({"strokes": [{"points": [[9, 9]], "times": [1, 2]}]}, "whole milliseconds"),
        ({"strokes": [{"points": [[-9, 9], [500, 9]]}], "label": "8"}, "empty. Draw an 8, or skip it."),
        ({"strokes": [{"points": [[9, 9]], "radius": 5}]}, "empty. Draw a 2, or skip it."),
        ({"strokes": scribble(2000)}, "more points than can be kept"),
        ({"strokes": [{"points": LEAVING}]}, "more points than can be kept"),
    ],
)
def test_malformed_drawings_get_one_sentence(change, message, service):
    assert message in submit(service, agree(service), **change)["error"]
    assert ids(service.store) == []


NASTY = ["'); DROP TABLE drawings; --", '{"a":\n1}', "\u2028\x1b[2J\x00", "\ud800", "💀" * 20]
MALFORMED = ({}, {"receipt": 5}, {"receipt": "x" * 100}, {"receipt": "é"})


def test_whatever_is_asked_gets_one_sentence_or_is_stored_as_a_drawing(service):
    """SQL, JSON Lines and Unicode in every field."""
    for name in ("consent", "submit", "status", "delete", "collection"):
        for question in (*MALFORMED, *({"receipt": text, "version": text} for text in NASTY)):
            assert "error" in ask(service, name, **question), name
    assert "have changed" in ask(service, "consent", version="1")["error"]
    receipt = agree(service)
    for text in NASTY:
        for name in ("id", "label", "source", "strokes"):
            assert "error" in submit(service, receipt, **{name: text}), name
        submit(service, receipt, **{text: text})
        submit(service, receipt, id="drawing-2", strokes=[{**stroke, text: text} for stroke in strokes("2")])
    assert ask(service, "status", receipt=receipt)["saved"] == 2
    found = service.store.ask("SELECT row FROM drawings")
    assert all(row.isascii() and row.isprintable() for (row,) in found)


# --- nothing in it that cannot be seen ---


TEXT = "visit example.org for free stuff"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        # A stroke that leaves the board becomes two, without a line between them.
        (
            [([(10, 10), (20, 10), (-5, 10), (-9, 40), (10, 40)], [0, 8, 16, 24, 32])],
            [([(10, 10), (20, 10)], [0, 8]), ([(10, 40)], [32])],
        ),
        ([([(0, 448), (448.04, 0), (448.06, 0)], [7, 7, 9])], [([(0, 448), (448, 0)], [0, 0])]),
        (
            [([(1.26, 2)], [5]), ([(3, 4)], [3]), ([(5, 6)], [30_011])],
            [([(1.3, 2)], [0]), ([(3, 4)], [0]), ([(5, 6)], [10_000])],
        ),
        (
            [([(i, i) for i in range(len(TEXT))], [ord(letter) for letter in TEXT])],
            [([(i, i) for i in range(len(TEXT))], [0, *[0] * (len(TEXT) - 1)])],
        ),
    ],
    ids=["off the board", "edges", "pauses", "text in the times"],
)
def test_cleaning(sent, stored):
    made = [{"points": list(map(list, points)), "radius": 15.04, "times": times} for points, times in sent]
    wanted = [{"points": list(map(list, points)), "radius": 15.0, "times": times} for points, times in stored]
    assert clean(made) == wanted == clean(wanted)


# --- limits ---


def test_limits(service, monkeypatch):
    receipt = agree(service)
    monkeypatch.setattr("contributions.store.PER_WRITER", 2)
    for number in range(2):
        assert submit(service, receipt, id=f"drawing-{number}")["saved"] == number + 1
    assert "You have given 2 drawings" in submit(service, receipt, id="drawing-9")["error"]
    # What is there already is still there.
    assert submit(service, receipt, id="drawing-1")["saved"] == 2
    monkeypatch.setattr("contributions.store.FREE_BYTES", 10**18)
    assert "no room left" in ask(service, "consent", version=CONSENT)["error"]
    assert "no room left" in submit(service, receipt, id="drawing-9")["error"]
    assert ask(service, "delete", receipt=receipt)["count"] == 2


def test_a_full_disk_loses_nothing(service):
    """SQLite is given no more pages, as on a full disk."""
    receipt, number = agree(service), 0
    service.store.ask("PRAGMA max_page_count = 40")
    drawn = scribble(1500)
    while "error" not in (answer := submit(service, receipt, id=f"drawing-{number}", strokes=drawn)):
        number += 1
    assert answer == {"error": "The server has no room left for drawings.", "code": "no-room"}
    assert ask(service, "status", receipt=receipt)["saved"] == number > 1
    assert ask(service, "delete", receipt=receipt)["count"] == number


def test_where_the_store_is(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Declined, match="cannot be kept") as error:
        Store(tmp_path / "file" / "store")
    assert error.value.code == "nowhere"
    monkeypatch.setenv("CONTRIBUTIONS_DIR", str(tmp_path))
    service, terms = ContributionService.from_environment("3.1")
    assert service.app == "3.1" and terms == {"licence": "CC BY 4.0", "version": CONSENT}
    for name, value, code in (("SPACE_ID", "OWNER/mnixel", "no-disk"), ("CONTRIBUTIONS", "off", "off")):
        monkeypatch.setenv(name, value)
        service, closed = ContributionService.from_environment()
        assert service is None and closed["error"].endswith(".") and closed["code"] == code


# --- deleting ---


def test_a_receipt_deletes_all_of_its_owner_and_nobody_elses(service):
    mine, other = agree(service), agree(service)
    submit(service, mine, id="mine-0001")
    submit(service, mine, id="mine-0002")
    submit(service, other, id="other-001")
    writer = service.store.writer(mine)["writer"]
    assert ask(service, "delete", receipt=mine) == {"code": "gone", "count": 2, "again": False}
    assert ids(service.store) == ["other-001"]
    files = b"".join(path.read_bytes() for path in service.store.folder.iterdir())
    # They are not in the pages that SQLite has freed either.
    assert b"mine-0001" not in files and writer.encode() not in files
    # A visitor who got no answer asks again.
    assert ask(service, "delete", receipt=mine)["count"] == 0
    assert "check the code for typing" in ask(service, "delete", receipt="AAAA-AAAA-AAAA-AAAA")["error"]
    assert submit(service, mine)["code"] == "unknown"


# --- under fire ---

WRITER = """
import sys
from tests.harness.contributor import agree, submit, scribble
from contributions.service import ContributionService
from contributions.store import Store

service = ContributionService(Store(sys.argv[1]))
receipt = agree(service)
for number in range(10**6):
    id = f"{sys.argv[2]}-{number:08}"
    answer = submit(service, receipt, id=id, strokes=scribble(20))
    assert answer == {"saved": number + 1, "waiting": 0}, answer
    print(id, flush=True)
"""


def test_three_writing_processes_are_killed_and_nothing_is_lost(tmp_path):
    """One after the other at any moment; whatever they called saved is in their common store, whole."""
    said = [tmp_path / f"said-{number}" for number in range(3)]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    pipes = [{"stdout": path.open("wb"), "stderr": subprocess.PIPE} for path in said]
    writers = [
        subprocess.Popen([*command, f"writer{number}"], cwd=ROOT, env=CLEAN, **pipe)
        for number, pipe in enumerate(pipes)
    ]
    try:
        for number, (writer, path) in enumerate(zip(writers, said, strict=True)):
            goal = 5 + 3 * number
            wait_for(lambda path=path, goal=goal: len(path.read_bytes().splitlines()) >= goal, 120)
            assert writer.poll() is None, writer.stderr.read()
            writer.kill()
            writer.wait()
    finally:
        for writer in writers:
            writer.kill()
    lines = [line for path in said for line in path.read_text().splitlines()]
    # The last line of each may be cut.
    saved = {line for line in lines if len(line) == len("writer0-00000000")}
    store = Store(tmp_path)
    assert store.ask("PRAGMA integrity_check") == [("ok",)]
    assert len(saved) > 20 and saved <= {*ids(store)}
