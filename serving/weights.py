"""The weights that are served: the embedded ones, or those of the Hub, exchanged while the server runs.

Nothing waits for the Hub or for torch: at the start the embedded files are read and checked as bytes, and
browsers get them at once. A thread then imports torch, loads the network, and looks for newer weights in the
Hub's cache and on the Hub. They are served once the network made of them has read two drawings right.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from publishing.fetch import Files, cached, fetched, point, read
from serving.settings import Settings

# Seconds after a failure until the Hub is asked again, at most.
RETRY = 60.0


def load(files: Files):
    """The DigitCNN of some weights, once it has read two plain digits. Raises ValueError with a sentence."""
    import torch

    from model import DigitCNN

    # One digit is too little work to share between threads.
    torch.set_num_threads(1)
    # The messages of `from_pretrained` would name the folder.
    net = DigitCNN._load(files.folder, files.origin)
    y, x = np.mgrid[-56:56, -56:56] + 0.5
    ring, bar = np.abs(np.hypot(x / 26, y / 36) - 1) < 0.13, (np.abs(x) < 5) & (np.abs(y) < 36)
    for digit, row in enumerate(net.probabilities([ring.astype(float), bar.astype(float)])):
        # A network that was taught digits is sure of a ring and a bar; noise, zeros or NaN are not.
        if not row[digit] > 0.5:
            sentence = f"The weights of {files.origin} do not read a plain {digit}, so they are not served."
            raise ValueError(sentence)
    return net


class Weights:
    """The weights in service: `files` change when the Hub has newer ones; `problem` says why they do not.

    Raises OSError or ValueError when the embedded weights cannot be read.
    """

    def __init__(self, embedded: Path, settings: Settings):
        self.settings, self.files = settings, read(embedded, "embedded")
        self.problem: str | None = None
        self._network: Future = Future()

    def start(self) -> None:
        """Load the network and follow the Hub, in a thread that ends with the process."""
        threading.Thread(target=self._follow, daemon=True, name="weights").start()

    def network(self):
        """The DigitCNN of the weights in service, once it is loaded. Raises ValueError if that failed."""
        return self._network.result()

    def info(self) -> dict:
        """What `/info` says."""
        told = {"weights": self.files.origin, "parameters": self.files.parameters}
        return {**told, "accuracy": self.files.accuracy, "problem": self.problem}

    def _follow(self) -> None:
        repository, revision = self.settings.model_id, self.settings.model_revision
        try:
            self._network.set_result(load(self.files))
        except Exception as error:
            self.problem = f"The network cannot be loaded: {error}"
            self._network.set_exception(ValueError(self.problem))
        if not repository:
            return
        with contextlib.suppress(OSError, ValueError):
            # The cache may have the weights already.
            self._serve(repository, revision)
        # A commit never changes, so once it is served there is nothing to look for.
        while self.files.origin != f"{repository}@{revision}":
            self._refresh(repository, revision)
            wait = float(self.settings.model_refresh)
            if not self.problem and not wait:
                return
            time.sleep(min(RETRY, wait or RETRY) if self.problem else wait)

    def _refresh(self, repository: str, revision: str) -> None:
        """Ask the Hub once; serve what it has if that is new and good, else say in `problem` why not."""
        try:
            # After a failure the files are sent again: they may have been spoilt on the way here.
            commit = fetched(repository, revision, again=bool(self.problem))
            if self.files.origin != f"{repository}@{commit}":
                self._serve(repository, commit)
                point(repository, revision, commit)
            self.problem = None
        except Exception as error:
            # Whatever went wrong, the thread goes on.
            if str(error) != self.problem:
                print(error, f"Still serving {self.files.origin}.", file=sys.stderr, flush=True)
            self.problem = str(error)

    def _serve(self, repository: str, revision: str) -> None:
        """Serve the cached weights of a revision. Raises OSError or ValueError when they do not work."""
        files, network = cached(repository, revision), Future[object]()
        network.set_result(load(files))
        self.files, self._network = files, network
        print(f"Serving {files.origin}.", flush=True)
