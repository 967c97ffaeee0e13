"""Which network answers: the embedded one, a cached one, or the Hub's newest, switched while the page runs.

The page never waits for the Hub longer than `PATIENCE`. It starts with the best weights at hand; a process of its own
(`page/fetch.py`) brings the Hub's into the cache, and when they check out they are served from the next answer on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from huggingface_hub import constants, try_to_load_from_cache

from model import DigitCNN
from page import fetch

PATIENCE = 2.0  # seconds that the start waits for the Hub
REFRESH = 600.0  # seconds between two looks for a new version
RETRY = 15.0  # seconds before the first new try after a failure; doubled each time, up to REFRESH
EMBEDDED = "embedded"
ROOT = Path(__file__).parent.parent
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Weights:
    """A network that can be served, where it is from and what was measured of it."""

    net: DigitCNN
    origin: str  # "embedded" or "OWNER/NAME@commit"
    accuracy: dict | None  # right, total and interval on MNIXEL's test images


def warm(net: DigitCNN) -> None:
    """Answer once: torch's own start, which no visitor should have to wait for."""
    net.probabilities([np.eye(28)])


def measured(metrics: str | Path, net: DigitCNN) -> dict | None:
    """Right, total and interval that a metrics.json states for these very weights; None when it states none."""
    try:
        stored = json.loads(Path(metrics).read_text())
        if stored["test_set"] != "MNIXEL test" or stored["sha256"] != net.config.sha256:
            return None
        right, total, (low, high) = (stored["test"][key] for key in ("right", "total", "interval"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    good = (
        type(right) is type(total) is int
        and 0 <= right <= total
        and type(low) is type(high) is float
        and 0 <= low <= high <= 1
    )
    return {"right": right, "total": total, "interval": [low, high]} if good else None


class Served:
    """The weights in service: `current` changes by itself when the Hub has better ones, `problem` says why it does not.

    `repository` is "OWNER/NAME" or None to serve only the embedded folder; `revision` a branch, a tag or a full commit, which is
    never looked up again once it is here. Raises OSError or ValueError when there are neither embedded nor cached weights
    that work and the Hub's do not arrive in time.
    """

    def __init__(
        self, embedded: Path, repository: str | None = None, revision: str | None = None, every: float = REFRESH
    ):
        self.repository, self.revision, self.every = repository, revision or "main", every
        self.problem: str | None = None
        self._refused: dict[str, str] = {}  # commit -> why it cannot be served
        self._arrived = threading.Event()
        self._switch = threading.Lock()
        if repository and (repository.count("/") != 1 or not all(repository.split("/"))):
            raise ValueError(f"MODEL_ID is {repository!r}; it must be the name of a model repository, OWNER/NAME.")
        self.current: Weights | None = self._cached() if repository else None
        if repository and not (self.current and COMMIT.fullmatch(self.revision)):
            threading.Thread(target=self._follow, daemon=True, name="weights").start()
            self._arrived.wait(fetch.LIMIT if self.current is None and not embedded.is_dir() else PATIENCE)
        if self.current is None:
            try:
                net = DigitCNN.from_pretrained(embedded)
            except (OSError, ValueError) as error:
                raise type(error)(f"{error} {self.problem or ''}".strip()) from error
            warm(net)
            with self._switch:  # the Hub's may have come meanwhile
                self.current = self.current or Weights(net, EMBEDDED, measured(embedded / "metrics.json", net))

    @classmethod
    def from_environment(cls, embedded: Path) -> Served:
        """As MODEL_ID, MODEL_REVISION and MODEL_REFRESH (seconds, 0 never) say. Raises ValueError for what is no number."""
        every = os.environ.get("MODEL_REFRESH") or REFRESH
        try:
            every = float(every)
            if not 0 <= every <= threading.TIMEOUT_MAX:
                raise ValueError
        except ValueError:
            raise ValueError(f"MODEL_REFRESH is {every!r}; it must be a number of seconds, 0 for never.") from None
        return cls(embedded, os.environ.get("MODEL_ID") or None, os.environ.get("MODEL_REVISION") or None, every)

    # --- the Hub ------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask the Hub once; serve what it has when that is new and checks out, else say in `problem` why not."""
        commit = ""
        try:
            commit = self._fetch(self.revision)
            if self.current is None or self.current.origin != f"{self.repository}@{commit}":
                if commit in self._refused:
                    raise ValueError(self._refused[commit])
                try:
                    found = self._load(commit)
                except ValueError:  # spoilt, perhaps only on the way here
                    self._fetch(commit, again=True)
                    found = self._load(commit)
                with self._switch:
                    self.current = found
                self._remember(commit)
                print(f"Serving {found.origin}.", flush=True)
            self.problem = None
        except Exception as error:  # whatever it is, this thread goes on
            if isinstance(error, ValueError) and commit not in self._refused:
                self._refused = {commit: str(error)}
            if str(error) != self.problem:
                print(
                    f"{error} {f'Still serving {self.current.origin}' if self.current else 'Nothing is served yet'}.",
                    file=sys.stderr,
                    flush=True,
                )
            self.problem = str(error)
        finally:
            self._arrived.set()

    def _follow(self) -> None:
        """Look for weights for as long as the page runs."""
        failures = 0
        while True:
            self.refresh()
            failures = failures + 1 if self.problem else 0
            if not failures and (not self.every or COMMIT.fullmatch(self.revision)):
                return
            pause = RETRY * 2 ** min(failures - 1, 10) if failures else self.every
            threading.Event().wait(min(pause, self.every or REFRESH))

    def _fetch(self, revision: str, again: bool = False) -> str:
        """Let page/fetch.py bring the files; returns the commit. Raises ConnectionError with a sentence."""
        # -P and PYTHONPATH: this project's modules, wherever the page was started
        command = [
            sys.executable,
            "-P",
            "-m",
            "page.fetch",
            *(["--again"] if again else []),
            "--",
            self.repository,
            revision,
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        except (OSError, ValueError) as error:
            raise ConnectionError(f"The Hub cannot be asked for {self.repository} ({error}).") from error
        if done.returncode == -signal.SIGALRM:
            raise ConnectionError(f"The Hub did not send {self.repository} within {fetch.LIMIT} seconds.")
        if done.returncode:
            raise ConnectionError(done.stderr.strip().split("\n")[-1] or f"{self.repository} could not be fetched.")
        return done.stdout.strip().split("\n")[-1]

    # --- the cache ----------------------------------------------------------------------------------------------------

    def _load(self, revision: str) -> Weights:
        """The cached weights of a revision. Raises FileNotFoundError when there are none, ValueError when they are spoilt."""
        net = DigitCNN.from_hub(self.repository, revision=revision, local_files_only=True)
        warm(net)
        metrics = try_to_load_from_cache(self.repository, "metrics.json", revision=net.source.split("@")[1])
        return Weights(net, net.source, measured(metrics, net) if isinstance(metrics, str) else None)

    def _cached(self) -> Weights | None:
        """The weights that were served last, or that the cache has for the revision; None when there are none that work."""
        last = [] if COMMIT.fullmatch(self.revision) else [self._last()]
        for revision in filter(None, [*last, self.revision]):
            try:
                return self._load(revision)
            except (OSError, ValueError):
                continue
        return None

    def _note(self) -> Path:
        key = hashlib.sha256(f"{self.repository}@{self.revision}".encode()).hexdigest()[:16]
        return Path(constants.HF_HOME, "draw-a-digit", key)

    def _last(self) -> str | None:
        """The commit that was served last: the cache's own pointer moves before the files are here, and so cannot tell."""
        try:
            noted = self._note().read_text().strip()
        except (OSError, ValueError):
            return None
        return noted if COMMIT.fullmatch(noted) else None

    def _remember(self, commit: str) -> None:
        note = self._note()
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            part = note.with_suffix(f".{os.getpid()}")
            part.write_text(commit)
            part.replace(note)
        except OSError:
            pass  # a cache that cannot be written only costs the next start some time
