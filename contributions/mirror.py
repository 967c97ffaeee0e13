"""Copies contributed drawings to a private dataset repository on the Hub, and restores them from there.

Each writer has one file of JSON Lines, named after the hash of their receipt, so a file that is sent twice
after a crash is there once. When a writer deletes everything, one line that says so takes the place of the
rows, for other pages to follow. Before a page writes a file that another may have written, it takes over the
drawings in it; lines that are not drawings are lost. A commit names its parent: if somebody else has
committed meanwhile, it is made again.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path

from contributions.store import Declined, Store
from publishing import hub

DELETED = b'{"deleted":true}\n'
NAME = re.compile(r"writers/[0-9a-f]{2}/([0-9a-f]{64})\.jsonl")
# Seconds between two pushes, so that a class of students makes few commits, and between two attempts at most.
GATHER, SLOWEST = 3.0, 60.0
# A commit has at most so many writers, and ends with the writer who brings it to so many bytes.
WRITERS, BYTES = 50, 8_000_000
CARD = b"""\
---
pretty_name: Contributed digits, as they came in
private: true
---

Drawings that visitors of a page contributed, one row each, before review. The page writes them; a reviewed
version is published elsewhere. A row holds the hash of its writer's receipt, by which all their drawings are
deleted: keep this repository private.
"""


def path_of(receipt_hash: str) -> str:
    """Where the rows of a writer are in the repository."""
    return f"writers/{receipt_hash[:2]}/{receipt_hash}.jsonl"


class Mirror:
    """Keeps the dataset repository `repository` ("OWNER/NAME") equal to the store, in a thread.

    With `restore` (a disk that a restart empties) the store is first filled from the repository.
    """

    def __init__(self, store: Store, repository: str, restore: bool = False):
        self.store, self.repository = store, repository
        self.problem: str | None = None
        self.restored = not restore
        self._wake, self._hurry = threading.Event(), threading.Event()
        # The last commit whose drawings are all in the store, if one is known.
        self._head: str | None = None
        # File -> the commit in which it was taken over: a failure after that does not fetch it again.
        self._taken: dict[str, str] = {}

    def start(self) -> None:
        """Send new drawings as long as the process lives."""
        threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def wake(self) -> None:
        """Tell the thread that there is something to send."""
        self._wake.set()

    def flush(self, seconds: float, receipt_hash: str | None = None) -> bool:
        """Send now; returns whether this writer, or everybody, was on the Hub within so many seconds."""
        deadline = time.monotonic() + seconds
        self._wake.set()
        self._hurry.set()
        while (unsent := self.store.unsent()) and (receipt_hash is None or receipt_hash in unsent):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _follow(self) -> None:
        retry = 1.0
        while True:
            try:
                if not self.restored:
                    self.pull()
                    self.restored = True
                while self.push():
                    retry = 1.0
                if self.problem:
                    print(f"Contributions reach {self.repository} again.", flush=True)
                self.problem, pause, retry = None, GATHER, 1.0
                self._wake.wait()
                self._wake.clear()
            except Exception as error:
                # The Hub's clients raise many kinds of errors, and none may end this thread.
                problem = str(error) if isinstance(error, Declined) else hub.explain(error, self.repository)
                if problem != self.problem:
                    print(f"Contributions wait here: {problem}", file=sys.stderr, flush=True)
                self.problem, pause, retry = problem, retry, min(2 * retry, SLOWEST)
            self._hurry.wait(pause)
            self._hurry.clear()

    @cached_property
    def _api(self):
        """The Hub's client, once the repository is there."""
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars

        disable_progress_bars()
        # A silent Hub must not stop this thread for good.
        hub.limit_silence()
        api = HfApi()
        api.create_repo(self.repository, repo_type="dataset", private=True, exist_ok=True)
        return api

    def _info(self):
        """What the Hub says of the repository. Raises Declined when it is not private, or not any more."""
        info = self._api.dataset_info(self.repository, timeout=hub.SILENCE)
        if not info.private:
            raise Declined(
                f"{self.repository} is public; drawings before review go to a private dataset repository "
                "only: make it private, or name another in CONTRIBUTIONS_REPO."
            )
        return info

    def push(self) -> int:
        """Send a commit of what the Hub lacks; returns how many writers' files that were.

        Raises what the Hub's clients raise, also when somebody else committed meanwhile.
        """
        from huggingface_hub import CommitOperationAdd

        unsent = dict(islice(self.store.unsent().items(), WRITERS))
        if not unsent:
            return 0
        info = self._info()
        there = {sibling.rfilename for sibling in info.siblings or []}
        # Another page may have written, or this one before a crash.
        if info.sha != self._head:
            self._take(info.sha, there.intersection(map(path_of, unsent)))
        operations: list = [] if "README.md" in there else [CommitOperationAdd("README.md", CARD)]
        sent, deleted, size = {}, [], 0
        # The rows go through files, so that few are in memory.
        with tempfile.TemporaryDirectory() as work:
            for receipt_hash, version in unsent.items():
                path = Path(work, receipt_hash)
                if (lines := self.store.lines(receipt_hash)) is None:
                    path.write_bytes(DELETED)
                    deleted.append(receipt_hash)
                else:
                    with open(path, "wb") as file:
                        file.writelines(line + b"\n" for line in lines)
                    sent[receipt_hash] = version
                operations.append(CommitOperationAdd(path_of(receipt_hash), path))
                size += path.stat().st_size
                if size >= BYTES:
                    break
            self._head = self._api.create_commit(
                self.repository,
                operations,
                commit_message="Contributions",
                repo_type="dataset",
                parent_commit=info.sha,
            ).oid
        if deleted:
            # What was deleted leaves the repository's history, too.
            self._head = None
            self._api.super_squash_history(self.repository, repo_type="dataset")
        self.store.mark_sent(sent, deleted)
        self._taken = {}
        return len(sent) + len(deleted)

    def pull(self) -> tuple[int, int]:
        """Take over the repository's drawings and deletions; returns how many drawings came and went.

        Rows that are not drawings do not count; a sentence in the log says how many there are.
        """
        info = self._info()
        return self._take(info.sha, {sibling.rfilename for sibling in info.siblings or []})

    def _take(self, commit: str, names: set[str]) -> tuple[int, int]:
        """Take over these files of writers; returns how many drawings came and how many went.

        A file that cannot be had does not stop the others; then the first failure is raised.
        """
        came, went, faults, failures = 0, 0, list[str](), list[Exception]()
        wanted = [name for name in names if NAME.fullmatch(name) and self._taken.get(name) != commit]
        # A deleted drawing must not stay in a cache.
        with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(8) as pool:
            takes = {name: pool.submit(self._take_file, commit, name, work) for name in wanted}
            for name, take in takes.items():
                try:
                    new, gone, wrong = take.result()
                    self._taken[name] = commit
                    came, went, faults = came + new, went + gone, faults + wrong
                except Exception as error:
                    failures.append(error)
                # A Hub that is down is not asked for every file.
                if len(failures) > 8 + len(self._taken):
                    pool.shutdown(cancel_futures=True)
                    break
        if faults:
            message = f"Rows in {self.repository} that are not drawings, left out: {len(faults)}"
            print(f"{message} (the first: {faults[0]}).", file=sys.stderr, flush=True)
        if failures:
            raise failures[0]
        return came, went

    def _take_file(self, commit: str, name: str, work: str) -> tuple[int, int, list[str]]:
        """How many drawings of one file came and went, and what is wrong with the rows left out."""
        receipt_hash = Path(name).stem
        path = self._api.hf_hub_download(
            self.repository, name, repo_type="dataset", revision=commit, local_dir=work
        )
        with open(path, "rb") as file:
            if file.read(len(DELETED) + 1) == DELETED:
                return 0, self.store.delete_writer(receipt_hash, on_hub=True), []
            file.seek(0)
            came, faults = self.store.take(receipt_hash, filter(None, map(bytes.strip, file)))
        return came, 0, faults
