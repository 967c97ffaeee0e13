"""Mirrors contributed drawings in a dataset repository on the Hub.

Drawings go in batches, each a JSON Lines file whose name never changes, so that a batch that is sent twice after a crash is there once.
A deletion raises the version of its batch, which is then written again. One batch at a time is in memory, and each row from the Hub is
checked.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from contributions import rows
from contributions.store import Store, StoreError
from publishing import hub

FOLDER = "batches"
ROWS, BYTES = 500, 4_000_000  # of a batch at most
NAME = re.compile(r"[0-9A-Za-z-]{1,64}")
GATHER = 3.0  # seconds between two pushes, so that a class of students makes few commits
SLOWEST = 300.0  # seconds between two attempts at most
TOGETHER = 20  # batches in a commit at most
CARD = """\
---
pretty_name: Contributed digits, as they came in
private: true
---

Drawings that visitors of a page contributed, one row each, before review. The page writes them; a reviewed version is published elsewhere.
A row holds the hash of its writer's receipt, by which all their drawings are deleted: keep this repository private.
"""


def _ids(database, batch: str) -> set[str]:
    return {row[0] for row in database.execute("SELECT id FROM drawings WHERE batch = ?", (batch,))}


def _remove(database, ids: set[str]) -> int:
    """Delete drawings, and the writers who have none left; returns how many drawings there were."""
    nobody = "receipt_hash = ?1 AND NOT EXISTS (SELECT 1 FROM drawings WHERE receipt_hash = ?1)"
    for id in ids:
        row = database.execute("DELETE FROM drawings WHERE id = ? RETURNING receipt_hash", (id,)).fetchone()
        database.execute(f"DELETE FROM writers WHERE {nobody}", row)
    return len(ids)


class Mirror:
    """Keeps the dataset repository `repository` ("OWNER/NAME") equal to the store, in a thread once it is started.

    With `restore` (a disk that a restart empties) the store is first filled from the repository.
    """

    def __init__(self, store: Store, repository: str, restore: bool = False):
        self.store, self.repository = store, repository
        self.problem: str | None = None
        self.restored = not restore
        self._wake = threading.Event()
        self._made = False

    def start(self) -> None:
        """Send new drawings as long as the process lives."""
        threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def wake(self) -> None:
        """Tell the thread that there is something to send."""
        self._wake.set()

    def flush(self, seconds: float, batches: Collection[str] | None = None) -> bool:
        """Send now; returns whether these batches, or all, were on the Hub within so many seconds."""
        wanted = set(self.unsent() if batches is None else batches)
        self.wake()
        deadline = time.monotonic() + seconds
        while self.unsent().keys() & wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    def _api(self):
        from huggingface_hub import HfApi

        api = HfApi()
        if not self._made:
            hub.limit_silence()  # a silent Hub must not stop this thread for ever
            api.create_repo(self.repository, repo_type="dataset", private=True, exist_ok=True)
            if not api.dataset_info(self.repository, timeout=hub.SILENCE).private:
                raise StoreError(
                    f"{self.repository} is public; drawings before review go to a private dataset repository only: make it "
                    "private, or name another in CONTRIBUTIONS_REPO."
                )
            self._made = True
        return api

    def _follow(self) -> None:
        failures = 0
        while True:
            try:
                if not self.restored:
                    self.pull()
                    self.restored = True
                self.push()
                if self.problem:
                    print(f"Contributions reach {self.repository} again.", flush=True)
                self.problem, failures = None, 0
                self._wake.wait()
                self._wake.clear()
                time.sleep(GATHER)
            except Exception as error:  # the Hub's clients raise many kinds; none may end this thread
                problem = str(error) if isinstance(error, StoreError) else hub.explain(error, self.repository)
                if problem != self.problem:
                    print(f"Contributions wait here: {problem}", file=sys.stderr, flush=True)
                self.problem = problem
                time.sleep(min(2.0 ** min(failures, 10), SLOWEST))
                failures += 1

    def gather(self) -> None:
        """Put drawings that are in no batch into new ones."""
        unbatched = "SELECT id, length(row) FROM visible WHERE batch IS NULL ORDER BY rowid LIMIT ?"
        while self.store.ask(unbatched, 1):
            with self.store.writing() as database:
                name, size = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}", 0
                database.execute("INSERT INTO batches (name, version) VALUES (?, 1)", (name,))
                for id, length in database.execute(unbatched, (ROWS,)).fetchall():
                    size += length
                    if size > BYTES and length < size:
                        break
                    database.execute("UPDATE drawings SET batch = ? WHERE id = ?", (name, id))

    def clean(self) -> dict[str, int]:
        """Name and version of the batches that are on the Hub as they are here."""
        return dict(self.store.ask("SELECT name, version FROM batches WHERE sent = version"))

    def unsent(self) -> dict[str, int]:
        """Name and version of the batches that the Hub lacks or has in an earlier version."""
        return dict(self.store.ask("SELECT name, version FROM batches WHERE sent < version ORDER BY name"))

    def lines(self, name: str) -> Iterator[str]:
        """The rows of a batch. A deletion while they are read raises the batch's version."""
        return (row for (row,) in self.store.pages("row", "batch = ?", name))

    def sent(self, batches: dict[str, int]) -> None:
        """Note that the Hub has these batches in these versions."""
        with self.store.writing() as database:
            for name, version in batches.items():
                database.execute("UPDATE batches SET sent = ? WHERE name = ?", (version, name))

    def push(self) -> int:
        """Send what the Hub lacks; returns how many batches. Raises what the clients raise."""
        self.gather()
        count = 0
        while unsent := self.unsent():
            with tempfile.TemporaryDirectory() as work:  # files, so that about BYTES are in memory
                ready, size = {}, 0
                for name, version in unsent.items():
                    path = Path(work, f"{name}.jsonl")
                    with open(path, "w", encoding="ascii") as file:
                        file.writelines(f"{line}\n" for line in self.lines(name))
                    ready[name], size = version, size + path.stat().st_size
                    if size >= BYTES or len(ready) == TOGETHER:
                        break
                self._commit(ready, Path(work))
            count += len(ready)
        return count

    def _commit(self, ready: dict[str, int], work: Path) -> None:
        """Commit these batches; after deletions the repository's history is squashed."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        api = self._api()
        there = set(api.list_repo_files(self.repository, repo_type="dataset"))
        operations: list = [] if "README.md" in there else [CommitOperationAdd("README.md", CARD.encode())]
        for name in ready:
            place, path = f"{FOLDER}/{name}.jsonl", work / f"{name}.jsonl"
            if path.stat().st_size:
                operations.append(CommitOperationAdd(place, path))
            elif place in there:
                operations.append(CommitOperationDelete(place))
        if operations:
            api.create_commit(
                self.repository, operations, commit_message="Contributions", repo_type="dataset"
            )
        if max(ready.values()) > 1:  # something was deleted from them
            api.super_squash_history(self.repository, repo_type="dataset")
        self.sent(ready)

    def take_over(
        self, name: str, drawings: Iterable[rows.Drawing], before: dict[str, int], spare: Collection[str] = ()
    ) -> tuple[int, int]:
        """Make a batch equal to the Hub's. Returns how many drawings came and how many went.

        `before` is the result of `clean` from before the Hub was asked: a batch that has changed since then, or waits to be sent, stays as
        it is, and so do the states that were set here. A deleted writer's drawings do not come back, and the batch is sent again without
        them. `spare` collects, while `drawings` is read, the ids of unreadable rows: those drawings stay here.
        """
        came, forgotten = 0, False
        with self.store.writing() as database:
            state = database.execute("SELECT version, sent FROM batches WHERE name = ?", (name,)).fetchone()
            if state and not (state[0] == state[1] == before.get(name)):
                return 0, 0
            database.execute("INSERT OR IGNORE INTO batches VALUES (?, 1, 1)", (name,))
            gone = _ids(database, name)
            for drawing in drawings:
                mine = (drawing.receipt_hash,)
                if database.execute("SELECT 1 FROM forgotten WHERE receipt_hash = ?", mine).fetchone():
                    forgotten = True
                    continue
                gone.discard(drawing.id)
                came += database.execute(
                    "INSERT OR IGNORE INTO drawings (id, receipt_hash, utc, batch, row) VALUES (?, ?, ?, ?, ?)",
                    (drawing.id, drawing.receipt_hash, drawing.utc, name, rows.to_line(drawing)),
                ).rowcount
                database.execute(
                    "INSERT OR IGNORE INTO writers VALUES (?, ?, ?, ?, ?)",
                    (drawing.receipt_hash, drawing.writer, drawing.consent, drawing.licence, drawing.utc),
                )
            if forgotten:
                database.execute("UPDATE batches SET version = version + 1 WHERE name = ?", (name,))
            return came, _remove(database, gone - set(spare))

    def drop_missing(self, names: set[str], before: dict[str, int]) -> int:
        """Delete the batches that were on the Hub `before` and are not among `names`; returns how many drawings went."""
        went = 0
        for name in before.keys() - names:
            with self.store.writing() as database:
                state = database.execute(
                    "SELECT version, sent FROM batches WHERE name = ?", (name,)
                ).fetchone()
                if state == (before[name], before[name]):
                    went += _remove(database, _ids(database, name))
                    database.execute("DELETE FROM batches WHERE name = ?", (name,))
        return went

    def pull(self) -> tuple[int, int]:
        """Take over the repository's drawings; returns how many came and how many went.

        Rows that are no drawings stay on the Hub and are left out; a sentence in the log says how many there are.
        """
        from huggingface_hub import hf_hub_download

        api, before = self._api(), self.clean()
        info = api.dataset_info(self.repository, timeout=hub.SILENCE)
        came, went = 0, 0
        names: set[str] = set()
        faults: list[str] = []
        for path in (sibling.rfilename for sibling in info.siblings or []):
            name = path.removeprefix(f"{FOLDER}/").removesuffix(".jsonl")
            if path != f"{FOLDER}/{name}.jsonl" or not NAME.fullmatch(name):
                continue
            names.add(name)
            with tempfile.TemporaryDirectory() as cache:  # a deleted drawing must not stay in a cache
                where = {"repo_type": "dataset", "revision": info.sha, "cache_dir": cache}
                spare: set[str] = set()
                drawings = _drawings(Path(hf_hub_download(self.repository, path, **where)), faults, spare)
                more, fewer = self.take_over(name, drawings, before, spare)
            came, went = came + more, went + fewer
        went += self.drop_missing(names, before)
        if faults:
            rows_are = "1 row is" if len(faults) == 1 else f"{len(faults)} rows are"
            message = f"In {self.repository} {rows_are} no drawing and left out (the first: {faults[0]})."
            print(message, file=sys.stderr, flush=True)
        return came, went


def _drawings(source: Path, faults: list[str], spare: set[str]) -> Iterator[rows.Drawing]:
    """The drawings in a file of JSON Lines. The faults of other rows go into `faults`, their ids into `spare`."""
    with open(source, "rb") as file:
        while line := file.readline(rows.LONGEST + 2):
            beginning = line.rstrip(b"\r\n")
            while not line.endswith(b"\n") and (line := file.readline(1_000_000)):
                pass  # a longer line is not held in memory
            try:
                if beginning:
                    yield rows.parse(beginning)
            except ValueError as error:
                faults.append(str(error))
                with suppress(ValueError, TypeError, LookupError, RecursionError):  # it may have no id
                    spare.add(json.loads(beginning)["id"])
