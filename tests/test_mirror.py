"""Contributed drawings on their way to the Hub and back, by the real client: once, in small pieces, and believed row by row."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from contributions import rows
from contributions.mirror import Mirror
from contributions.service import ContributionService
from contributions.store import Store
from tests.harness import CLEAN, ROOT
from tests.harness.contributor import agree, ask, python, scribble, submit
from tests.harness.hub import OWNER, Fault, LocalHub

REPOSITORY = f"{OWNER}/contributions"


@pytest.fixture
def service(tmp_path):
    return ContributionService(Store(tmp_path / "store"), app="1.0")


MIRROR = """
import sys
from contributions.mirror import Mirror
from contributions.store import Store
mirror = Mirror(Store(sys.argv[1]), "{repository}")
print({call})
"""


def mirror(hub: LocalHub, home, store, call: str = "mirror.push()", check: bool = True):
    """One push or pull of a store in a process of its own, with an empty cache."""
    code = MIRROR.format(repository=REPOSITORY, call=call)
    return python("-c", code, str(store), check=check, **hub.environment(home))


def test_batches_reach_the_hub_once_and_go_when_they_are_deleted(service, hub, tmp_path):
    mine, other = agree(service), agree(service)
    for number in range(3):
        submit(service, mine, id=f"mine-{number:04}")
    submit(service, other, id="other-0001")
    store = service.store.folder
    assert mirror(hub, tmp_path / "a", store).stdout == "1\n"
    assert hub.repository("dataset", REPOSITORY).private
    assert sorted(row["id"] for row in hub.rows(REPOSITORY)) == [
        "mine-0000",
        "mine-0001",
        "mine-0002",
        "other-0001",
    ]
    assert service.store.counts(mine) == (3, 3)
    commits = len(hub.repository("dataset", REPOSITORY).commits)
    assert mirror(hub, tmp_path / "b", store).stdout == "0\n"
    assert len(hub.repository("dataset", REPOSITORY).commits) == commits
    service.store.delete(mine)
    assert mirror(hub, tmp_path / "c", store).stdout == "1\n"
    assert [row["id"] for row in hub.rows(REPOSITORY)] == ["other-0001"]
    assert len(hub.repository("dataset", REPOSITORY).commits) == 1  # nor in the repository's history
    service.store.delete(other)
    mirror(hub, tmp_path / "d", store)
    assert set(hub.files("dataset", REPOSITORY)) == {".gitattributes", "README.md"}


def test_a_push_that_was_killed_is_sent_again_under_the_same_name(service, hub, tmp_path):
    submit(service, agree(service))
    for after in (False, True):
        hub.faults = [Fault("commit/", "hold", times=1, after=after)]
        hub.held.clear()
        running = subprocess.Popen(
            [sys.executable, "-c", MIRROR.format(repository=REPOSITORY, call="mirror.push()"), str(service.store.folder)],
            cwd=ROOT, env={**CLEAN, **hub.environment(tmp_path / f"killed {after}")},
        )  # fmt: skip
        assert hub.held.wait(60)
        running.kill()
        running.wait()
    hub.faults = []
    mirror(hub, tmp_path / "a", service.store.folder)
    assert len(hub.rows(REPOSITORY)) == 1


def test_a_store_that_was_lost_comes_back_from_the_hub(service, hub, tmp_path):
    mine = agree(service)
    submit(service, mine, id="mine-0001")
    Mirror(service.store, REPOSITORY).gather()
    submit(service, mine, id="mine-0002")
    mirror(hub, tmp_path / "a", service.store.folder)
    assert mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()").stdout == "(2, 0)\n"
    restored = Store(tmp_path / "new")
    assert sorted(d.id for d, _ in list(restored.each())) == ["mine-0001", "mine-0002"]
    assert restored.writer(mine) == service.store.writer(mine)
    # Deleted elsewhere: gone here with the next pull, and states that were set here stay.
    other = agree(service)
    submit(service, other, id="other-0001")
    mirror(hub, tmp_path / "a", service.store.folder)
    mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()")
    assert restored.judge(["other-0001"], "accepted") == 1
    service.store.delete(mine)
    mirror(hub, tmp_path / "a", service.store.folder)
    assert mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()").stdout == "(0, 2)\n"
    assert [(d.id, state) for d, state in list(restored.each())] == [("other-0001", "accepted")]
    assert restored.writer(mine) is None


def test_on_a_disk_that_does_not_last_saved_waits_for_the_commit(hub, tmp_path):
    store = Store(tmp_path / "store")
    service = ContributionService(store, Mirror(store, REPOSITORY), persistent=False)
    receipt = agree(service)
    assert submit(service, receipt) == {"saved": 0, "waiting": 1, "on_hub": 0}
    mirror(hub, tmp_path / "a", store.folder)
    assert ask(service, "status", receipt=receipt) == {"saved": 1, "waiting": 0, "on_hub": 1}


def test_a_public_repository_is_refused(service, hub, tmp_path):
    hub.put("dataset", REPOSITORY, {"README.md": b"mine"})
    submit(service, agree(service))
    done = mirror(hub, tmp_path / "a", service.store.folder, check=False)
    assert "is public; drawings before review go to a private dataset" in done.stderr
    assert hub.rows(REPOSITORY) == []


# --- what comes back --------------------------------------------------------------------------------------------------


def taken(store: Store) -> dict[str, list[rows.Drawing]]:
    """What the Hub would have of a store, which then takes it for sent."""
    batches = Mirror(store, REPOSITORY)
    batches.gather()
    unsent = batches.unsent()
    batches_sent = {name: [rows.parse(line) for line in batches.lines(name)] for name in unsent}
    batches.sent(unsent)
    return batches_sent


def take_over(store: Store, copy: dict[str, list[rows.Drawing]], before: dict[str, int]) -> tuple[int, int]:
    """As a pull does."""
    batches, came, went = Mirror(store, REPOSITORY), 0, 0
    for name, drawings in copy.items():
        more, fewer = batches.take_over(name, drawings, before)
        came, went = came + more, went + fewer
    return came, went + batches.drop_missing(set(copy), before)


def test_a_pull_beside_a_running_page_takes_nothing_away(service):
    """What is pushed, deleted or agreed to between the Hub's answer and its use here stays as it is."""
    mine, other, fresh = agree(service), agree(service), agree(service)
    submit(service, mine, id="mine-0001")
    old, before = taken(service.store), Mirror(service.store, REPOSITORY).clean()
    submit(service, other, id="other-0001")
    taken(service.store)  # pushed meanwhile
    assert take_over(service.store, {}, {}) == (0, 0)
    assert take_over(service.store, old, before) == (0, 0)
    assert sorted(d.id for d, _ in list(service.store.each())) == ["mine-0001", "other-0001"]
    service.store.delete(mine)
    taken(service.store)
    assert take_over(service.store, old, before) == (0, 0)
    assert [d.id for d, _ in list(service.store.each())] == ["other-0001"]
    assert service.store.writer(fresh) and service.store.writer(other)


def test_who_was_deleted_does_not_come_back_from_a_copy(service, tmp_path):
    mine = agree(service)
    submit(service, mine, id="mine-0001")
    copy = taken(service.store)
    other = Store(tmp_path / "other")
    take_over(other, copy, {})
    other.delete(mine)
    taken(other)
    assert take_over(other, copy, Mirror(other, REPOSITORY).clean()) == (0, 0)
    assert list(other.each()) == [] and set(Mirror(other, REPOSITORY).unsent()) == set(
        copy
    )  # and the Hub is told again


def spoilt(good: dict) -> dict[str, bytes]:
    """Rows that are no drawings, each of another kind: what a pull says of it, or part of that -> the row."""
    changed = {
        "writer": {"writer": ["a", "list"]},
        "label": {"label": "\x1b]0;owned\x07\x1b[2J"},
        "licence": {"licence": "CC\n0"},
        "id": {"id": "short"},
        "source": {"source": None},
        "receipt_hash": {"receipt_hash": good["receipt_hash"][:-1] + "G"},
        "utc": {"utc": "２０２６-01-01T00:00:00+00:00"},
        "pixels": {"pixels": "AAAA"},
        "its pixels": {"pixels": [1, 2]},
        "strokes": {"strokes": [{"points": [[1e999, 2]], "radius": 15}]},
        "on the board": {"strokes": [{"points": [[-50, -50]], "radius": 15}]},
        "fields": {"note": "smuggled"},
        "longer": {"id": "too-long-1", "app": "x" * rows.LONGEST},
    }
    lines = {
        why: json.dumps({**good, "id": f"spoilt-{i}", **more}).encode()
        for i, (why, more) in enumerate(changed.items())
    }
    lacking = json.dumps({name: value for name, value in good.items() if name != "app"}).encode()
    nested = b"[" * 100_000
    return lines | {
        "lacks app": lacking,
        "not JSON": b"{not json\x1b[31m",
        "JSON": nested,
        "object": b"7",
        "is": b"\xff\xfe",
    }


def test_rows_that_are_no_drawings_are_left_out_and_stop_nothing(service, hub, tmp_path):
    """One after the other among good rows: the restore goes on, and no terminal is told to obey."""
    mine = agree(service)
    for number in range(3):
        submit(service, mine, id=f"mine-{number:04}")
    ((good, *_),) = taken(service.store).values()
    bad = spoilt(json.loads(rows.to_line(good)))
    for why, line in bad.items():
        with pytest.raises(ValueError, match=why):
            rows.parse(line)
    lines = [rows.to_line(drawing).encode() for drawing, _ in list(service.store.each())]
    mixed = [line for pair in zip(bad.values(), lines + [b""] * len(bad), strict=False) for line in pair]
    name = "batches/20260101-0123456789abcdef.jsonl"
    hub.put("dataset", REPOSITORY, {name: b"\n".join(mixed), "batches/\x1b[2J.jsonl": b"{}"}, private=True)
    done = mirror(hub, tmp_path / "a", tmp_path / "new", "mirror.pull()")
    assert done.stdout == "(3, 0)\n"
    assert f"{len(bad)} rows are no drawing and left out" in done.stderr and "\x1b" not in done.stderr
    restored = ContributionService(Store(tmp_path / "new"))
    assert ask(restored, "status", receipt=mine)["saved"] == 3


def test_what_is_here_of_a_row_that_cannot_be_read_stays(service, hub, tmp_path):
    mine = agree(service)
    submit(service, mine, id="mine-0001")
    mirror(hub, tmp_path / "a", service.store.folder)
    (name,) = (path for path in hub.files("dataset", REPOSITORY) if path.endswith(".jsonl"))
    newer = {**hub.rows(REPOSITORY)[0], "added": "by a later version"}
    hub.put("dataset", REPOSITORY, {name: json.dumps(newer).encode()})
    assert mirror(hub, tmp_path / "b", service.store.folder, "mirror.pull()").stdout == "(0, 0)\n"
    assert service.store.counts(mine) == (1, 1)


def test_rows_of_an_earlier_version_are_read(service, hub, tmp_path):
    """With the network's opinion, under the terms of then, with points off the board: these go when they are read."""
    mine = agree(service)
    submit(service, mine, id="mine-0001")
    ((drawing, _),) = list(service.store.each())
    row = json.loads(rows.to_line(drawing))
    row |= {"opinion": None, "confidence": 0.5, "weights": "embedded", "consent": "1"}
    row["strokes"] = [{"points": [[9, 9], [20, 20], [-40, 9]], "radius": 15.0, "times": [5, 4, 3]}]
    hub.put("dataset", REPOSITORY, {"batches/1.jsonl": json.dumps(row).encode() + b"\n"}, private=True)
    assert mirror(hub, tmp_path / "b", tmp_path / "new", "mirror.pull()").stdout == "(1, 0)\n"
    ((drawing, _),) = list(Store(tmp_path / "new").each())
    assert drawing.strokes == [{"points": [[9.0, 9.0], [20.0, 20.0]], "radius": 15.0, "times": [0, 0]}]
    assert drawing.consent == "1"


MEMORY = """
import sys
from contributions.mirror import Mirror
from contributions.store import Store

def peak(name):
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1]) / 1024

mirror = Mirror(Store(sys.argv[1]), sys.argv[2])
mirror._api().list_repo_files(mirror.repository, repo_type="dataset")  # the client is loaded
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak is counted from here
before = peak("VmRSS")
print(getattr(mirror, sys.argv[3])(), file=sys.stderr)
print(peak("VmHWM") - before)
"""


@pytest.mark.thorough
def test_many_large_drawings_travel_in_little_memory(service, hub, tmp_path):
    """2,000 of the largest, 64 MB: both ways take much less than that."""
    receipt = agree(service)
    submit(service, receipt, strokes=scribble(1500))
    ((drawing, _),) = list(service.store.each())
    row = rows.to_line(drawing)
    with service.store.writing() as database:
        for number in range(1, 2000):
            id = f"drawing-{number:04}"
            values = (id, drawing.receipt_hash, drawing.utc, row.replace(drawing.id, id))
            database.execute("INSERT INTO drawings (id, receipt_hash, utc, row) VALUES (?, ?, ?, ?)", values)
    for verb, store in (("push", service.store.folder), ("pull", tmp_path / "new")):
        done = python(
            "-c", MEMORY, str(store), REPOSITORY, verb, check=True, **hub.environment(tmp_path / verb)
        )
        assert float(done.stdout) < 50, verb
    assert Store(tmp_path / "new").counts(receipt) == (2000, 2000)


# --- a Space ----------------------------------------------------------------------------------------------------------


def test_a_space_without_a_lasting_disk(hub, tmp_path):
    """Restored from the Hub at the start; nobody is called unknown before that; a deletion that the Hub has not heard is said."""
    code = """
import sys, time
from contributions.service import ContributionService
from tests.harness.contributor import agree, ask, submit, scribble
service, closed = ContributionService.from_environment()
assert not service.persistent
receipt = sys.argv[1] if len(sys.argv) > 1 else None
if receipt is None:
    receipt = agree(service)
    print(receipt, submit(service, receipt, strokes=scribble(9))["waiting"])
    while ask(service, "status", receipt=receipt)["waiting"]:
        time.sleep(0.1)
else:
    print(ask(service, "status", receipt=receipt))
    while sys.argv[2] == "restored" and not service.mirror.restored:
        time.sleep(0.1)
    print(ask(service, "status", receipt=receipt))
    print(ask(service, "forget", receipt=receipt))
"""

    def start(number: int, *arguments: str, **more: str):
        settings = {"SPACE_ID": "OWNER/mnixel", "CONTRIBUTIONS_REPO": REPOSITORY}
        settings |= {**hub.environment(tmp_path / f"home {number}"), **more}
        return python(
            "-c", code, *arguments, store=tmp_path / f"disk {number}", check=True, **settings
        ).stdout.splitlines()

    receipt, waiting = start(1)[0].split()
    assert waiting == "1" and len(hub.rows(REPOSITORY)) == 1
    for line in start(2, receipt, "away", HF_ENDPOINT="http://127.0.0.1:9"):
        assert "still fetching what it had kept" in line
    *_, status, gone = start(3, receipt, "restored")
    assert status == "{'saved': 1, 'waiting': 0, 'on_hub': 1}"
    assert gone == "{'said': '1 drawing was deleted.', 'code': 'gone', 'count': 1, 'again': False}"
    assert hub.rows(REPOSITORY) == []
