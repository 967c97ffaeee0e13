"""Contributed drawings on their way to the Hub and back, by the real client."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contributions import rows
from contributions.mirror import Mirror, path_of
from contributions.service import ContributionService
from contributions.store import Declined, Store, hashed
from tests.harness import CLEAN, ROOT, called
from tests.harness.contributor import agree, ask, ids, new_service, scribble, submit
from tests.harness.hub import OWNER, Fault, LocalHub, client

REPOSITORY = f"{OWNER}/contributions"
service = new_service


MIRROR = f"""
import sys
import contributions.mirror
from contributions.mirror import Mirror
from contributions.store import Store
mirror = Mirror(Store(sys.argv[1]), "{REPOSITORY}")
print(eval(sys.argv[2]))
"""


def mirrored(arguments: list[str]) -> int:
    """What MIRROR does."""
    try:
        print(eval(arguments[1], {"mirror": Mirror(Store(arguments[0]), REPOSITORY)}))
    except Declined as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def mirror(hub: LocalHub, home, store: Store, call: str = "mirror.push()", check: bool = True):
    """One push or pull of a store; what lasts runs in a process of its own."""
    if call in ("mirror.push()", "mirror.pull()"):
        done = called(mirrored, str(store.folder), call, HF_TOKEN="hf_write")
    else:
        done = client(hub, home, sys.executable, "-c", MIRROR, str(store.folder), call)
    assert not check or done.returncode == 0, done.stderr
    return done


def in_background(hub: LocalHub, home, store: Store, call: str) -> subprocess.Popen:
    command = [sys.executable, "-c", MIRROR, str(store.folder), call]
    return subprocess.Popen(command, cwd=ROOT, env={**CLEAN, **hub.environment(home)})


def on_hub(hub: LocalHub) -> list[str]:
    """The ids of the drawings on the Hub, each as often as it is there."""
    return sorted(row["id"] for row in hub.rows(REPOSITORY) if "id" in row)


def test_drawings_reach_the_hub_once_and_go_when_they_are_deleted(service, hub, tmp_path):
    mine, other = agree(service), agree(service)
    for number in range(3):
        submit(service, mine, id=f"mine-{number:04}")
    submit(service, other, id="other-0001")
    assert mirror(hub, tmp_path, service.store).stdout == "2\n"
    assert hub.repository("dataset", REPOSITORY).private
    assert on_hub(hub) == ["mine-0000", "mine-0001", "mine-0002", "other-0001"]
    assert service.store.counts(mine) == (3, 3)
    submit(service, mine, id="mine-0003")
    assert service.store.counts(mine) == (4, 3)
    mirror(hub, tmp_path, service.store)
    commits = len(hub.repository("dataset", REPOSITORY).commits)
    assert mirror(hub, tmp_path, service.store).stdout == "0\n"
    assert len(hub.repository("dataset", REPOSITORY).commits) == commits
    service.store.delete(hashed(mine))
    assert mirror(hub, tmp_path, service.store).stdout == "1\n"
    assert on_hub(hub) == ["other-0001"]
    # The repository's history does not hold them either.
    assert len(hub.repository("dataset", REPOSITORY).commits) == 1
    assert hub.files("dataset", REPOSITORY)[path_of(hashed(mine))] == b'{"deleted":true}\n'
    assert mirror(hub, tmp_path, service.store).stdout == "0\n"


@pytest.mark.parametrize("after", [True, False], ids=["before its answer", "before the commit"])
def test_a_push_that_was_killed_is_sent_again(after, service, hub, tmp_path):
    receipt = agree(service)
    submit(service, receipt)
    hub.faults = [Fault("commit/", "hold", times=1, after=after)]
    running = in_background(hub, tmp_path / "killed", service.store, "mirror.push()")
    assert hub.held.wait(240)
    running.kill()
    running.wait()
    assert service.store.counts(receipt) == (1, 0)
    submit(service, receipt, id="drawing-2")
    mirror(hub, tmp_path, service.store)
    assert on_hub(hub) == ["drawing-1", "drawing-2"] and service.store.counts(receipt) == (2, 2)


def test_a_store_that_was_lost_comes_back_from_the_hub(service, hub, tmp_path):
    mine, other, new = agree(service), agree(service), Store(tmp_path / "new")
    submit(service, mine, id="mine-0001")
    submit(service, other, id="other-0001")
    mirror(hub, tmp_path, service.store)
    mirror(hub, tmp_path, new, "mirror.pull()")
    assert ids(new) == ["mine-0001", "other-0001"]
    assert new.writer(mine) == service.store.writer(mine) and new.unsent() == {}
    assert new.counts(mine) == (1, 1)
    # Deleted elsewhere: gone here with the next pull, and states that were set here stay.
    assert new.judge(["other-0001"], "accepted") == 1
    service.store.delete(hashed(mine))
    mirror(hub, tmp_path, service.store)
    mirror(hub, tmp_path, new, "mirror.pull()")
    assert list(new.pages("id, state")) == [("other-0001", "accepted")]
    assert new.writer(mine) is None and new.is_deleted(hashed(mine))


def test_fetched_files_lie_where_only_this_user_may_look_and_none_stays(service, hub, tmp_path, monkeypatch):
    submit(service, agree(service))
    mirror(hub, tmp_path, service.store)
    seen = []

    def pulled_twice(arguments: list[str]) -> None:
        puller = Mirror(Store(arguments[0]), REPOSITORY)
        puller.pull()

        def look(*_) -> int:
            folder = Path(puller._work.name)
            seen.extend([folder.stat().st_mode & 0o777, len(list(folder.rglob("writers/*/*.jsonl")))])
            return 0

        monkeypatch.setattr(puller.store, "take", look)
        puller.pull()
        seen.extend(Path(puller._work.name).iterdir())

    called(pulled_twice, str(tmp_path / "new"), HF_TOKEN="hf_write")
    assert seen == [0o700, 1]


def on_two_pages(service, hub, tmp_path) -> tuple[str, ContributionService]:
    """A receipt, and another page, both of which have a drawing of it that the Hub lacks."""
    receipt = agree(service)
    submit(service, receipt, id="first-001")
    mirror(hub, tmp_path, service.store)
    other = ContributionService(Store(tmp_path / "other"))
    mirror(hub, tmp_path, other.store, "mirror.pull()")
    submit(other, receipt, id="there-001")
    submit(service, receipt, id="here-0001")
    return receipt, other


ONE_BY_ONE = "[setattr(contributions.mirror, 'WRITERS', 1), *iter(mirror.push, 0)]"


def test_two_pages_with_a_store_each_overwrite_nothing(service, hub, tmp_path):
    """The Hub gets what either has of a receipt, and a deletion at one holds at both."""
    early = agree(service)
    receipt, other = on_two_pages(service, hub, tmp_path)
    submit(service, early, id="early-001")
    mirror(hub, tmp_path, other.store)
    # Each push takes over its own files, also after the page has committed others.
    mirror(hub, tmp_path, service.store, ONE_BY_ONE)
    assert on_hub(hub) == ["early-001", "first-001", "here-0001", "there-001"] == ids(service.store)
    ask(service, "delete", receipt=early)
    ask(service, "delete", receipt=receipt)
    mirror(hub, tmp_path, service.store)
    submit(other, receipt, id="late-0001")
    mirror(hub, tmp_path, other.store)
    assert on_hub(hub) == [] == ids(other.store) and submit(other, receipt)["code"] == "unknown"


FOLLOW = "mirror.start() or mirror.flush(90)"


def test_a_commit_between_is_taken_over_before_the_next_try(service, hub, tmp_path):
    """Two pages commit at the same time: the Hub refuses the second, which takes over what the first sent."""
    receipt, other = on_two_pages(service, hub, tmp_path)
    hub.faults = [Fault("commit/", "hold", times=1)]
    running = in_background(hub, tmp_path / "b", other.store, FOLLOW)
    assert hub.held.wait(240)
    mirror(hub, tmp_path, service.store)
    hub.release.set()
    assert running.wait(60) == 0
    assert on_hub(hub) == ["first-001", "here-0001", "there-001"]


def test_a_hub_that_often_fails_is_caught_up_with(service, hub, tmp_path):
    """A page that starts again takes over twelve files before it sends its own; every sixth request fails."""
    receipts = [agree(service) for _ in range(12)]
    for turn in ("first", "second"):
        for number, receipt in enumerate(receipts):
            submit(service, receipt, id=f"{turn}-{number:04}", strokes=scribble(5))
        if turn == "first":
            mirror(hub, tmp_path, service.store)
    hub.faults = [Fault("datasets|repos/create", "500", every=6)]
    assert mirror(hub, tmp_path, service.store, FOLLOW).stdout.endswith("True\n")
    assert len(set(on_hub(hub))) == len(on_hub(hub)) == 24


def test_with_a_repository_saved_waits_for_the_commit(hub, tmp_path):
    store = Store(tmp_path / "store")
    service = ContributionService(store, Mirror(store, REPOSITORY))
    receipt = agree(service)
    assert submit(service, receipt) == {"saved": 0, "waiting": 1}
    mirror(hub, tmp_path, store)
    assert ask(service, "status", receipt=receipt) == {"saved": 1, "waiting": 0}


def test_a_repository_that_is_or_becomes_public_gets_nothing(service, hub, tmp_path):
    receipt, store = agree(service), service.store
    submit(service, receipt, id="private-1")
    mirror(hub, tmp_path, store)
    hub.repository("dataset", REPOSITORY).private = False
    submit(service, receipt, id="public-01")
    for where, call in ((store, "mirror.push()"), (Store(tmp_path / "elsewhere"), "mirror.pull()")):
        done = mirror(hub, tmp_path, where, call, check=False)
        assert "is public; drawings before review go to a private dataset" in done.stderr
    assert on_hub(hub) == ["private-1"]


# --- what comes back ---


def test_who_was_deleted_does_not_come_back_from_a_copy(service, hub, tmp_path):
    mine = agree(service)
    submit(service, mine, id="mine-0001")
    mirror(hub, tmp_path, service.store)
    copy = hub.files("dataset", REPOSITORY)
    service.store.delete(hashed(mine))
    mirror(hub, tmp_path, service.store)
    hub.put("dataset", REPOSITORY, copy)
    mirror(hub, tmp_path, service.store, "mirror.pull()")
    assert ids(service.store) == []
    # The Hub gets the deletion once more.
    mirror(hub, tmp_path, service.store)
    assert on_hub(hub) == []


def spoilt(good: dict) -> list[bytes]:
    """Rows that are not drawings of their file's writer."""
    changed = [
        {"writer": ["a", "list"]},
        {"label": "\x1b]0;owned\x07\x1b[2J"},
        {"licence": "CC\n0"},
        {"id": "short"},
        {"source": None},
        {"pixels": "AAAA"},
        {"strokes": [{"points": [[1e999, 2]], "radius": 15}]},
        {"strokes": [{"points": [[-50, -50]], "radius": 15}]},
        {"note": "smuggled"},
        {"app": "x" * rows.MAX_BYTES},
        {"receipt_hash": "0" * 64},
    ]
    lines = [json.dumps({**good, "id": f"spoilt-{i:02}", **more}).encode() for i, more in enumerate(changed)]
    return [*lines, b'{"id": "spoilt-99"}', b"{not json\x1b[31m", b"[" * 30_000, b"7", b"\xff\xfe"]


def test_rows_that_are_not_drawings_are_left_out_and_stop_nothing(service, hub, tmp_path):
    """Each among good rows, which are restored; another writer's id changes nothing of theirs."""
    mine, other = agree(service), agree(service)
    submit(service, mine, id="mine-0001")
    submit(service, mine, id="mine-0002")
    submit(service, other, id="other-001")
    mirror(hub, tmp_path, service.store)
    first, *rest = hub.files("dataset", REPOSITORY)[path_of(hashed(mine))].splitlines()
    bad = spoilt(json.loads(first))
    stolen = json.dumps({**json.loads(first), "id": "other-001"}).encode()
    content = b"\n".join([first, *bad, stolen, *rest])
    hub.put("dataset", REPOSITORY, {path_of(hashed(mine)): content, "writers/\x1b[2J.jsonl": b"{}"})
    done = mirror(hub, tmp_path, service.store, "mirror.pull()")
    assert f" has {len(bad)} rows that are not drawings." in done.stderr and "\x1b" not in done.stderr
    new = ContributionService(Store(tmp_path / "new"))
    for line in bad:
        assert new.store.take(hashed(mine), [line]) == 1, line[:200]
    mirror(hub, tmp_path, new.store, "mirror.pull()")
    assert ids(new.store) == ["mine-0001", "mine-0002", "other-001"]
    submit(new, mine, id="mine-0009")
    mirror(hub, tmp_path, new.store)
    assert {"mine-0001", "mine-0002", "mine-0009"} < {*on_hub(hub)}


# --- a Space ---


SPACE = """
import sys, time
from contributions.service import ContributionService
from tests.harness.contributor import agree, ask, submit, scribble
service, closed = ContributionService.from_environment()
if len(sys.argv) == 1:
    receipt = agree(service)
    print(receipt, submit(service, receipt, strokes=scribble(9))["waiting"])
    # The page stops right after the drawing.
    service.close()
else:
    receipt = sys.argv[1]
    while sys.argv[2] == "restored" and not service.mirror.restored:
        time.sleep(0.1)
    print(ask(service, "status", receipt=receipt))
    print(ask(service, "delete", receipt=receipt))
"""


def test_a_space_without_a_lasting_disk(hub, tmp_path):
    """It is restored from the Hub at the start, calls nobody unknown before that, and deletions last."""

    def start(number: int, *arguments: str, **more: str) -> list[str]:
        settings = {"SPACE_ID": "OWNER/mnixel", "CONTRIBUTIONS_REPO": REPOSITORY, **more}
        settings["CONTRIBUTIONS_DIR"] = str(tmp_path / f"disk {number}")
        command = [sys.executable, "-c", SPACE, *arguments]
        done = client(hub, tmp_path / f"home {number}", *command, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    receipt, waiting = start(1)[0].split()
    # What was called waiting is sent before the page stops.
    assert waiting == "1" and len(on_hub(hub)) == 1
    for line in start(2, receipt, "away", HF_ENDPOINT="http://127.0.0.1:9"):
        assert "still fetching its drawings" in line
    status, gone = start(3, receipt, "restored")
    assert status == "{'saved': 1, 'waiting': 0}"
    assert gone == "{'code': 'gone', 'count': 1, 'again': False}"
    assert on_hub(hub) == []
    status, gone = start(4, receipt, "restored")
    assert "Nothing is kept" in status and "'count': 0" in gone


def test_a_deletion_that_the_hub_has_not_heard_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("contributions.service.FLUSH", 0.1)
    store = Store(tmp_path)
    service = ContributionService(store, Mirror(store, REPOSITORY))
    receipt = agree(service)
    submit(service, receipt)
    assert ask(service, "delete", receipt=receipt) == {"code": "gone-later", "count": 1, "again": True}
    assert ids(store) == []
