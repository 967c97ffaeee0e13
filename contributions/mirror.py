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
# A commit has at most so many writers.
WRITERS = 20


def path_of(receipt_hash: str) -> str:
    """Where the rows of a writer are in the repository."""
    return f"writers/{receipt_hash[:2]}/{receipt_hash}.jsonl"


class Mirror:
    """Keeps the dataset repository `repository` ("OWNER/NAME") equal to the store, in a thread."""

    def __init__(self, store: Store, repository: str):
        self.store, self.repository = store, repository
        # Whether the store has what the repository had at the start: a restart empties the disk of a Space.
        self.restored = False
        self._problem = ""
        self._hurry = threading.Event()
        # The commit and the file of each that was taken over: a failure after that does not fetch it again.
        self._taken: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Fetch what the repository has, then send new drawings as long as the process lives."""
        threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def flush(self, seconds: float, receipt_hash: str | None = None) -> bool:
        """Send now; returns whether this writer, or everybody, was on the Hub within so many seconds."""
        deadline = time.monotonic() + seconds
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
                problem, pause, retry = "", GATHER, 1.0
            except Exception as error:
                # The Hub's clients raise many kinds of errors, and none may end this thread.
                problem = str(error) if isinstance(error, Declined) else hub.explain(error, self.repository)
                pause, retry = retry, min(2 * retry, SLOWEST)
            if problem != self._problem:
                again = f"Contributions reach {self.repository} again."
                print(
                    f"Contributions wait here: {problem}" if problem else again, file=sys.stderr, flush=True
                )
            self._problem = problem
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

    def _files(self) -> tuple[str, set[str]]:
        """The newest commit and its files. Raises Declined when the repository is not private (any more)."""
        info = self._api.dataset_info(self.repository, timeout=hub.SILENCE)
        if not info.private:
            raise Declined(
                f"{self.repository} is public; drawings before review go to a private dataset repository "
                "only: make it private, or name another in CONTRIBUTIONS_REPO."
            )
        return info.sha, {sibling.rfilename for sibling in info.siblings or []}

    def push(self) -> int:
        """Send a commit of what the Hub lacks; returns how many writers' files that were.

        Raises what the Hub's clients raise, also when somebody else committed meanwhile.
        """
        from huggingface_hub import CommitOperationAdd

        unsent = dict(islice(self.store.unsent().items(), WRITERS))
        if not unsent:
            return 0
        commit, there = self._files()
        # Another page may have written these files since this page last did.
        self._take(commit, there.intersection(map(path_of, unsent)))
        deleted = [receipt_hash for receipt_hash in unsent if self.store.is_deleted(receipt_hash)]
        contents = {each: b"".join(self.store.lines(each)) for each in unsent}
        contents |= dict.fromkeys(deleted, DELETED)
        self._api.create_commit(
            self.repository,
            [CommitOperationAdd(path_of(each), content) for each, content in contents.items()],
            commit_message="Contributions",
            repo_type="dataset",
            parent_commit=commit,
        )
        if deleted:
            # What was deleted leaves the repository's history, too.
            self._api.super_squash_history(self.repository, repo_type="dataset")
        self.store.mark_sent(unsent, deleted)
        self._taken.clear()
        return len(unsent)

    def pull(self) -> tuple[int, int]:
        """Take over the repository's drawings and deletions; returns how many drawings came and went.

        Rows that are not drawings do not count; a sentence in the log says how many there are.
        """
        return self._take(*self._files())

    def _take(self, commit: str, names: set[str]) -> tuple[int, int]:
        """Take over these files of writers; returns how many drawings came and how many went.

        A file that cannot be had does not stop the others; then the first failure is raised.
        """
        wanted = [name for name in names if NAME.fullmatch(name) and (commit, name) not in self._taken]
        # A deleted drawing must not stay in a cache.
        with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(8) as pool:
            takes = [pool.submit(self._take_file, commit, name, work) for name in wanted]
        taken = [take.result() for take in takes]
        came, went, faults = (sum(counts) for counts in zip((0, 0, 0), *taken, strict=True))
        if faults:
            message = f"Rows in {self.repository} that are not drawings, left out: {faults}."
            print(message, file=sys.stderr, flush=True)
        return came, went

    def _take_file(self, commit: str, name: str, work: str) -> tuple[int, int, int]:
        """How many drawings of one file came and went, and how many rows were left out."""
        owner, came, went, faults = Path(name).stem, 0, 0, 0
        path = self._api.hf_hub_download(
            self.repository, name, repo_type="dataset", revision=commit, local_dir=work
        )
        content = Path(path).read_bytes()
        if content == DELETED:
            went = self.store.delete(owner, on_hub=True)
        else:
            came, faults = self.store.take(owner, filter(None, content.split(b"\n")))
        self._taken.add((commit, name))
        return came, went, faults
