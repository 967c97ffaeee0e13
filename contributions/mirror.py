"""Carries contributed drawings to a dataset repository on the Hub: at least once, under names that never change.

A batch is one JSON Lines file. What fails is tried again, each time later; what a crash interrupts is sent again under the same name, which
changes nothing when it was there already. A batch from which somebody's drawings were deleted is written anew without them. Both ways
hold a batch in memory at a time, and what comes from the Hub is believed row by row only.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from contributions import rows
from contributions.batches import BYTES, NAME, Batches
from contributions.store import Store, StoreError
from publishing import hub

FOLDER = "batches"
GATHER = 3.0  # seconds that rows are gathered for before they go, so that a class of students makes few commits
SLOWEST = 300.0  # seconds between two attempts
TOGETHER = 20  # batches that are looked at for one commit
CARD = """\
---
pretty_name: Contributed digits, as they came in
private: true
---

Drawings that visitors of a page contributed, one row each, before review. Written by the page; a reviewed version is published elsewhere.
A row holds the hash of its writer's receipt, by which all their drawings are deleted: keep this repository private.
"""


class Mirror:
    """Keeps the dataset repository `repository` ("OWNER/NAME") what the store holds, from a thread of its own.

    With `restore` (a disk that a restart empties) the store is first filled from the repository.
    """

    def __init__(self, store: Store, repository: str, restore: bool = False, start: bool = True):
        self.store, self.batches, self.repository = store, Batches(store), repository
        self.problem: str | None = None
        self.restored = not restore
        self._wake = threading.Event()
        self._made = False
        if start:
            threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def flush(self, seconds: float, batches: Collection[str] | None = None) -> bool:
        """Send now; whether these batches (else all) are on the Hub as they are here within so many seconds."""
        wanted = self.batches.dirty() if batches is None else set(batches)
        self.wake()
        deadline = time.monotonic() + seconds
        while self.batches.dirty() & wanted:
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
            except Exception as error:  # the Hub's clients raise many kinds, and none may end this thread
                problem = str(error) if isinstance(error, StoreError) else hub.explain(error, self.repository)
                if problem != self.problem:
                    print(f"Contributions wait here: {problem}", file=sys.stderr, flush=True)
                self.problem, failures = problem, failures + 1
            if failures:
                time.sleep(min(2.0 ** min(failures - 1, 10), SLOWEST))
            else:
                self._wake.wait()
                self._wake.clear()
                time.sleep(GATHER)

    # --- to the Hub ---------------------------------------------------------------------------------------------------

    def push(self) -> int:
        """Send what the Hub has not; returns how many batches that were. Raises what the clients raise."""
        self.batches.gather()
        count = 0
        while sent := self._send_some():
            count += sent
        return count

    def _send_some(self) -> int:
        """One commit with some of the unsent batches, by way of files: about BYTES of them; returns how many."""
        with tempfile.TemporaryDirectory() as work:
            ready, size = [], 0
            for name, version in self.batches.unsent(TOGETHER):
                path = Path(work, f"{name}.jsonl")
                with open(path, "w", encoding="ascii") as file:
                    file.writelines(f"{line}\n" for line in self.batches.lines(name))
                ready.append((name, version, path))
                size += path.stat().st_size
                if size >= BYTES:
                    break
            if ready:
                self._commit(ready)
        return len(ready)

    def _commit(self, ready: list[tuple[str, int, Path]]) -> None:
        """One commit with these batches; when it takes drawings away, the repository's history goes too."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        api = self._api()
        there = set(api.list_repo_files(self.repository, repo_type="dataset"))
        operations: list[CommitOperationAdd | CommitOperationDelete] = (
            [] if "README.md" in there else [CommitOperationAdd("README.md", CARD.encode())]
        )
        for name, _, path in ready:
            place = f"{FOLDER}/{name}.jsonl"
            if path.stat().st_size:
                operations.append(CommitOperationAdd(place, path))
            elif place in there:
                operations.append(CommitOperationDelete(place))
        if operations:
            api.create_commit(self.repository, operations, commit_message="Contributions", repo_type="dataset")
        if any(version > 1 for _, version, _ in ready):  # something was deleted from them
            api.super_squash_history(self.repository, repo_type="dataset")
        self.batches.sent((name, version) for name, version, _ in ready)

    # --- back from the Hub --------------------------------------------------------------------------------------------

    def pull(self) -> tuple[int, int]:
        """Take over what the repository holds; returns how many drawings came and how many went.

        Rows that are no drawings stay on the Hub and are left out; a sentence in the log tells how many there are.
        """
        from huggingface_hub import hf_hub_download

        api, before = self._api(), self.batches.clean()
        info = api.dataset_info(self.repository, timeout=hub.SILENCE)
        came, went = 0, 0
        names: set[str] = set()
        faults: list[str] = []
        for sibling in info.siblings or []:
            folder, _, file = sibling.rfilename.partition("/")
            name = file.removesuffix(".jsonl")
            if folder != FOLDER or name == file or not NAME.fullmatch(name):
                continue
            names.add(name)
            with tempfile.TemporaryDirectory() as cache:  # what is deleted later must not stay behind in a cache
                path = hf_hub_download(
                    self.repository, sibling.rfilename, repo_type="dataset", revision=info.sha, cache_dir=cache
                )
                spare: set[str] = set()
                drawings = _drawings(Path(path), faults, spare)
                more, fewer = self.batches.take_over(name, drawings, before, spare)
            came, went = came + more, went + fewer
        went += self.batches.drop_missing(names, before)
        if faults:
            rows_are = "1 row is" if len(faults) == 1 else f"{len(faults)} rows are"
            print(
                f"In {self.repository} {rows_are} no drawing and left out (the first: {faults[0]}).",
                file=sys.stderr,
                flush=True,
            )
        return came, went


def _drawings(source: Path, faults: list[str], spare: set[str]) -> Iterator[rows.Drawing]:
    """The drawings in a file of JSON Lines. What is wrong with other rows is added to `faults`, their ids to `spare`."""
    with open(source, "rb") as file:
        for line in filter(None, _lines(file)):
            try:
                yield rows.parse(line)
            except ValueError as error:
                faults.append(str(error))
                spare |= _id_of(line)


def _lines(file) -> Iterator[bytes]:
    """The lines of a file; of one that is too long, its beginning."""
    while line := file.readline(rows.LONGEST + 2):
        yield line.rstrip(b"\r\n")
        while not line.endswith(b"\n") and (line := file.readline(1_000_000)):
            pass


def _id_of(line: bytes) -> set[str]:
    """The id of a row that is no drawing, if it has one."""
    try:
        id = json.loads(line)["id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return set()
    return {id} if isinstance(id, str) else set()
