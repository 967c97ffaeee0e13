"""Copies contributed drawings to a private dataset repository on the Hub, and restores them from there.

Each writer has one file of JSON Lines, named after the hash of their receipt, so sending it again after a
crash overwrites it. When a writer deletes everything, a single line that says so replaces the rows, and other
pages follow it. Another page may have written the same file, so this page first takes over the drawings in
it; lines that are not drawings are lost. Each commit names its parent. If somebody else has committed in
between, the Hub refuses it, and the page tries again.
"""

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
# The pause between two pushes, in which the drawings of a class gather for one commit.
GATHER = 3.0  # seconds
# The longest pause after a failure.
SLOWEST = 60.0  # seconds
# The most writers in one commit.
WRITERS = 20


def path_of(receipt_hash: str) -> str:
    """Where the rows of a writer are in the repository."""
    return f"writers/{receipt_hash[:2]}/{receipt_hash}.jsonl"


class Mirror:
    """Keeps the dataset repository `repository` ("OWNER/NAME") equal to the store, in a thread."""

    def __init__(self, store: Store, repository: str):
        self.store, self.repository = store, repository
        # Whether the repository's drawings are in the store: a restart empties the disk of a Space.
        self.restored = False
        self._problem = ""
        self._hurry = threading.Event()
        # The commit and name of each file taken over since the last push. After a failure, these are not
        # fetched again, and neither are those in the folder, which wait to be taken over.
        self._taken: set[tuple[str, str]] = set()
        self._work = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    def start(self) -> None:
        """Fetch what the repository has, then send new drawings as long as the process lives."""
        threading.Thread(target=self._follow, daemon=True, name="contributions").start()

    def flush(self, seconds: float, receipt_hash: str | None = None) -> bool:
        """Send now, and wait so long at most; returns whether the Hub has this writer, or everybody."""
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
                told = f"Contributions wait here: {problem}" if problem else again
                print(told, file=sys.stderr, flush=True)
            self._problem = problem
            self._hurry.wait(pause)
            self._hurry.clear()

    @cached_property
    def _api(self):
        """The Hub's client. The repository is created if it does not exist."""
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars

        disable_progress_bars()
        # A silent Hub must not stop this thread for good.
        hub.limit_silence()
        api = HfApi()
        api.create_repo(self.repository, repo_type="dataset", private=True, exist_ok=True)
        return api

    def _files(self) -> tuple[str, set[str]]:
        """The newest commit and the names of its files. Raises Declined for a public repository."""
        info = self._api.dataset_info(self.repository, timeout=hub.SILENCE)
        if not info.private:
            raise Declined(
                f"{self.repository} is public; drawings before review go to a private dataset repository "
                "only: make it private, or name another one in CONTRIBUTIONS_REPO."
            )
        return info.sha, {sibling.rfilename for sibling in info.siblings or []}

    def push(self) -> int:
        """Commit what the Hub lacks; returns how many writers' files that were.

        Raises the errors of the Hub's client, one of which says that somebody else committed in between.
        """
        from huggingface_hub import CommitOperationAdd

        unsent = dict(islice(self.store.unsent().items(), WRITERS))
        if not unsent:
            return 0
        commit, there = self._files()
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
            # Deleted drawings leave the repository's history, too.
            self._api.super_squash_history(self.repository, repo_type="dataset")
        self.store.mark_sent(unsent, deleted)
        self._taken.clear()
        return len(unsent)

    def pull(self) -> None:
        """Take over the repository's drawings and deletions. The log says how many rows are not drawings."""
        self._taken.clear()
        self._take(*self._files())

    def _take(self, commit: str, names: set[str]) -> None:
        """Take over these files of writers at a commit."""

        def fetch(name: str) -> Path:
            where = {"repo_type": "dataset", "revision": commit, "local_dir": Path(self._work.name, commit)}
            return Path(self._api.hf_hub_download(self.repository, name, **where))

        wanted = [name for name in names if NAME.fullmatch(name) and (commit, name) not in self._taken]
        # If one file fails, the others are still fetched.
        with ThreadPoolExecutor(8) as pool:
            fetches = [pool.submit(fetch, name) for name in wanted]
        faults = 0
        for path in [each.result() for each in fetches]:
            content = path.read_bytes()
            if content == DELETED:
                self.store.delete(path.stem, on_hub=True)
            else:
                faults += self.store.take(path.stem, filter(None, content.split(b"\n")))
        self._taken.update((commit, name) for name in wanted)
        # Deleted drawings must not stay here. The next files come into a new folder, which only this user may
        # open.
        self._work.cleanup()
        self._work = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        if faults:
            print(f"{self.repository} has {faults} rows that are not drawings.", file=sys.stderr, flush=True)
