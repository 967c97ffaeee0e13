"""Carries contributed drawings to a dataset repository on the Hub: at least once, under names that never change.

A batch is one JSON Lines file. What fails is tried again, each time later; what a crash interrupts is sent again under the same name, which
changes nothing when it was there already. A batch from which somebody's drawings were deleted is written anew without them.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

from contribute.store import Store, StoreError
from publishing import hub

FOLDER = "batches"
GATHER = 3.0  # seconds that rows are gathered for before they go, so that a class of students makes few commits
SLOWEST = 300.0  # seconds between two attempts
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
        self.store, self.repository = store, repository
        self.problem: str | None = None
        self.restored = not restore
        self._wake = threading.Event()
        self._made = False
        if start:
            threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def flush(self, batches: list[str], seconds: float) -> bool:
        """Send now; whether these batches are on the Hub as they are here within so many seconds."""
        self.wake()
        deadline = time.monotonic() + seconds
        while self.store.dirty() & set(batches):
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
                said = str(error) if isinstance(error, StoreError) else hub.explain(error, self.repository)
                if said != self.problem:
                    print(f"Contributions wait here: {said}", file=sys.stderr, flush=True)
                self.problem, failures = said, failures + 1
            if failures:
                time.sleep(min(2.0 ** min(failures - 1, 10), SLOWEST))
            else:
                self._wake.wait()
                self._wake.clear()
                time.sleep(GATHER)

    def push(self) -> int:
        """Send what the Hub has not; returns how many batches that were. Raises what the clients raise."""
        self.store.gather()
        count = 0
        while batches := self.store.unsent():
            self._send(batches)
            count += len(batches)
        return count

    def _send(self, batches: list[tuple[str, int, str]]) -> None:
        """One commit with these batches; when it takes drawings away, the repository's history goes too."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        api = self._api()
        there = set(api.list_repo_files(self.repository, repo_type="dataset"))
        operations = [] if "README.md" in there else [CommitOperationAdd("README.md", CARD.encode())]
        for name, _, rows in batches:
            path = f"{FOLDER}/{name}.jsonl"
            if rows:
                operations.append(CommitOperationAdd(path, rows.encode()))
            elif path in there:
                operations.append(CommitOperationDelete(path))
        if operations:
            api.create_commit(self.repository, operations, commit_message="Contributions", repo_type="dataset")
        if any(version > 1 for _, version, _ in batches):  # something was deleted from them
            api.super_squash_history(self.repository, repo_type="dataset")
        self.store.sent((name, version) for name, version, _ in batches)

    def pull(self) -> tuple[int, int]:
        """Take over what the repository holds; returns how many drawings came and how many went."""
        from huggingface_hub import hf_hub_download

        api, before = self._api(), self.store.clean()
        info = api.dataset_info(self.repository, timeout=hub.SILENCE)
        found = {}
        with tempfile.TemporaryDirectory() as cache:  # what is deleted later must not stay behind in a cache
            for row in info.siblings or []:
                folder, _, file = row.rfilename.partition("/")
                if folder == FOLDER and file.endswith(".jsonl"):
                    path = hf_hub_download(
                        self.repository, row.rfilename, repo_type="dataset", revision=info.sha, cache_dir=cache
                    )
                    found[file.removesuffix(".jsonl")] = Path(path).read_text()
        return self.store.take_over(found, before)
