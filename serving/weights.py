"""Which weights are served: the embedded ones, cached ones, or the Hub's newest, exchanged while the server runs.

Nothing waits for the Hub or for torch: at the start the embedded files are read and checked as bytes, and browsers get them at once. A
thread then imports torch, loads the network, and looks for others, in the Hub's cache and on the Hub, from where `publishing/fetch.py`
brings them. They are served once the network made of them has read two drawings right.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from publishing.fetch import Files, cached, fetched, point, read
from serving.settings import Settings

RETRY, PAUSE = 15.0, 600.0  # seconds before the first new try after a failure, doubled each time, and at most


def load(files: Files):
    """The DigitCNN of some weights, once it has read the two plainest digits. Raises ValueError with a sentence."""
    import torch

    from model import DigitCNN

    torch.set_num_threads(1)  # one digit is too little work to share
    net = DigitCNN._load(files.folder, files.origin)  # from_pretrained's messages would name the folder
    y, x = np.mgrid[-56:56, -56:56] + 0.5
    ring, bar = np.abs(np.hypot(x / 26, y / 36) - 1) < 0.13, (np.abs(x) < 5) & (np.abs(y) < 36)
    for digit, row in enumerate(net.probabilities([ring.astype(float), bar.astype(float)])):
        # Whatever was taught digits is sure of a ring and a bar; noise, zeros and what makes all answers alike is not.
        if not row[digit] > 0.5:
            raise ValueError(f"The weights of {files.origin} do not read a plain {digit}, so they are not served.")
    return net


class Weights:
    """The weights in service: `files` change by themselves when the Hub has newer ones, `problem` says why they do not.

    Raises OSError or ValueError when there are no embedded weights and the Hub's cannot be had.
    """

    def __init__(self, embedded: Path, settings: Settings = Settings()):
        self.repository, self.revision, self.every = settings.model_id, settings.model_revision, settings.model_refresh
        self.files: Files | None = None
        self.previous: Files | None = None
        self.problem: str | None = None
        self._refused: dict[str, str] = {}  # commit -> why it cannot be served
        self._network: Future = Future()
        try:
            self.files = read(embedded, "embedded")
        except (OSError, ValueError) as error:
            if self.repository:
                self._take_cached()
                self.files or self.refresh()
            if self.files is None:
                raise type(error)(f"{error} {self.problem or ''}".strip()) from error

    def start(self) -> None:
        """Load the network and follow the Hub, in a thread that ends with the process."""
        threading.Thread(target=self._follow, daemon=True, name="weights").start()

    async def network(self):
        """The DigitCNN of the weights in service, as soon as it is loaded. Raises ValueError when it cannot be."""
        return await asyncio.shield(asyncio.wrap_future(self._network))

    def info(self) -> dict:
        """What `/info` says."""
        now, problem = self.files, self.problem
        return {"weights": now.origin, "parameters": now.parameters, "accuracy": now.accuracy, "problem": problem}

    def refresh(self) -> None:
        """Ask the Hub once; serve what it has when that is new and checks out, else say in `problem` why not."""
        commit = ""
        try:
            commit = fetched(self.repository, self.revision)
            if self.files is None or self.files.origin != f"{self.repository}@{commit}":
                if commit in self._refused:
                    raise ValueError(self._refused[commit])
                try:
                    self._serve(commit)
                except ValueError:  # spoilt, perhaps only on the way here
                    fetched(self.repository, commit, "again")
                    self._serve(commit)
                point(self.repository, self.revision, commit)
            self.problem = None
        except Exception as error:  # whatever it is, the thread goes on
            if isinstance(error, ValueError) and commit:
                self._refused = {commit: str(error)}
            if str(error) != self.problem:
                still = f"Still serving {self.files.origin}." if self.files else "Nothing is served yet."
                print(error, still, file=sys.stderr, flush=True)
            self.problem = str(error)

    def _follow(self) -> None:
        if not self._network.done():
            try:
                self._network.set_result(load(self.files))
            except Exception as error:
                self.problem = f"The network cannot be loaded: {error}"
                self._network.set_exception(ValueError(self.problem))
            self._take_cached()
        failures = 0
        while self.repository and self.files.origin != f"{self.repository}@{self.revision}":  # a commit never changes
            self.refresh()
            failures = failures + 1 if self.problem else 0
            if not failures and not self.every:
                return
            pause = RETRY * 2 ** min(failures - 1, 10) if failures else self.every
            threading.Event().wait(min(pause, self.every or PAUSE))

    def _take_cached(self) -> None:
        if self.repository:
            with contextlib.suppress(OSError, ValueError):
                self._serve(self.revision)

    def _serve(self, revision: str) -> None:
        """Put the cached weights of a revision into service. Raises OSError or ValueError when they do not work."""
        files, network = cached(self.repository, revision), Future()
        network.set_result(load(files))
        self.previous, self.files, self._network = self.files, files, network
        print(f"Serving {files.origin}.", flush=True)
