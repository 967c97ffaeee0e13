"""Copies contributed drawings to a private dataset repository on the Hub, and restores them from there.

Each writer has one file of JSON Lines, named after the hash of their receipt, so a file that is sent twice
after a crash is there once. Rows leave a file only when their writer deletes everything: then one line that
says so takes their place, for other pages to follow. Before a page writes a file that another may have
written, it takes over what is in it. A commit names the one that it was made for, and is made again when
there is a newer one.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from pathlib import Path

from contributions.store import Declined, Store
from publishing import hub

DELETED = b'{"deleted":true}\n'
NAME = re.compile(r"writers/[0-9a-f]{2}/([0-9a-f]{64})\.jsonl")
GATHER = 3.0  # seconds between two pushes, so that a class of students makes few commits
SLOWEST = 60.0  # seconds between two attempts at most
# A commit has at most so many writers, and ends with the writer who brings it to so many bytes.
WRITERS, BYTES = 50, 8_000_000
ATTEMPTS = 5  # to commit while others commit, too
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
        # A commit of the repository that holds nothing which the store lacks, if one is known.
        self._head: str | None = None
        self._made = False

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
        failures = 0
        while True:
            try:
                if not self.restored:
                    self.pull()
                    self.restored = True
                self.push()
                if self.problem:
                    print(f"Contributions reach {self.repository} again.", flush=True)
                self.problem, failures, pause = None, 0, GATHER
                self._wake.wait()
                self._wake.clear()
            except Exception as error:
                # The Hub's clients raise many kinds of errors, and none may end this thread.
                problem = str(error) if isinstance(error, Declined) else hub.explain(error, self.repository)
                if problem != self.problem:
                    print(f"Contributions wait here: {problem}", file=sys.stderr, flush=True)
                self.problem = problem
                pause, failures = min(2.0 ** min(failures, 10), SLOWEST), failures + 1
            self._hurry.wait(pause)
            self._hurry.clear()

    def _api(self):
        from huggingface_hub import HfApi

        api = HfApi()
        if not self._made:
            # A silent Hub must not stop this thread for good.
            hub.limit_silence()
            api.create_repo(self.repository, repo_type="dataset", private=True, exist_ok=True)
            if not self._info(api).private:
                raise Declined(
                    f"{self.repository} is public; drawings before review go to a private dataset repository "
                    "only: make it private, or name another in CONTRIBUTIONS_REPO."
                )
            self._made = True
        return api

    def _info(self, api):
        return api.dataset_info(self.repository, timeout=hub.SILENCE)

    # --- to the Hub ---------------------------------------------------------------------------------------

    def push(self) -> int:
        """Send what the Hub lacks; returns how many writers' files. Raises what the clients raise."""
        from huggingface_hub.errors import HfHubHTTPError

        count, attempts = 0, 0
        while unsent := self.store.unsent():
            try:
                count += self._commit(self._api(), unsent)
                attempts = 0
            except HfHubHTTPError as error:
                attempts += 1
                if error.response.status_code not in (409, 412) or attempts == ATTEMPTS:
                    raise
        return count

    def _commit(self, api, unsent: dict[str, int]) -> int:
        """Commit the first of these writers, as many as go together; returns how many."""
        from huggingface_hub import CommitOperationAdd

        info = self._info(api)
        there = {sibling.rfilename for sibling in info.siblings or []}
        # Another page may have written, or this one before a crash.
        if info.sha != self._head:
            names = [path for path in map(path_of, list(unsent)[:WRITERS]) if path in there]
            self._take(api, info.sha, names)
        operations: list = [] if "README.md" in there else [CommitOperationAdd("README.md", CARD)]
        sent, deleted, size = {}, [], 0
        # The rows go through files, so that few are in memory.
        with tempfile.TemporaryDirectory() as work:
            for receipt_hash, version in list(unsent.items())[:WRITERS]:
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
            self._head = api.create_commit(
                self.repository,
                operations,
                commit_message="Contributions",
                repo_type="dataset",
                parent_commit=info.sha,
            ).oid
        if deleted:
            # What was deleted leaves the repository's history, too.
            self._head = None
            api.super_squash_history(self.repository, repo_type="dataset")
        self.store.mark_sent(sent, deleted)
        return len(sent) + len(deleted)

    # --- from the Hub -------------------------------------------------------------------------------------

    def pull(self) -> tuple[int, int]:
        """Take over the repository's drawings and deletions; returns how many drawings came and went.

        Rows that are not drawings do not count; a sentence in the log says how many there are.
        """
        api = self._api()
        return self._take(api, self._info(api).sha, ["writers/*"])

    def _take(self, api, commit: str, patterns: list[str]) -> tuple[int, int]:
        """Take over the files that match; returns how many drawings came and how many went."""
        if not patterns:
            return 0, 0
        # A deleted drawing must not stay in a cache.
        with tempfile.TemporaryDirectory() as work:
            api.snapshot_download(
                self.repository, repo_type="dataset", revision=commit, allow_patterns=patterns, local_dir=work
            )
            came, went, faults = 0, 0, list[str]()
            for path in sorted(Path(work).rglob("*.jsonl")):
                if not (name := NAME.fullmatch(path.relative_to(work).as_posix())):
                    continue
                with open(path, "rb") as file:
                    if file.read(len(DELETED) + 1) == DELETED:
                        went += self.store.delete_writer(name[1], on_hub=True)
                        continue
                    file.seek(0)
                    new, wrong = self.store.take(name[1], filter(None, map(bytes.strip, file)))
                came, faults = came + new, faults + wrong
        if faults:
            message = f"Rows in {self.repository} that are not drawings, left out: {len(faults)}"
            print(f"{message} (the first: {faults[0]}).", file=sys.stderr, flush=True)
        return came, went
