"""The weights that are served: the embedded ones, or those of the Hub, which replace them at run time.

Nothing waits for the Hub or for torch. Browsers get the embedded files at once, and a thread does the rest.
"""

import contextlib
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from publishing.fetch import Files, cached, fetched, point, read
from serving.settings import MODEL_ID, MODEL_REFRESH, MODEL_REVISION

# The longest time after a failure until the Hub is asked again.
RETRY = 60  # seconds


def load(files: Files):
    """The DigitCNN of some weights. Raises ValueError with a sentence unless it reads two plain digits."""
    import torch

    from model import DigitCNN

    # One digit is too little work for several threads.
    torch.set_num_threads(1)
    # The errors of `from_pretrained` would name the folder.
    net = DigitCNN._load(files.folder, files.origin)
    y, x = np.mgrid[-56:56, -56:56] + 0.5
    ring, bar = np.abs(np.hypot(x / 26, y / 36) - 1) < 0.13, (np.abs(x) < 5) & (np.abs(y) < 36)
    # A trained network is sure of a ring and a bar. Noise, zeros or NaN are not.
    for digit, row in enumerate(net.probabilities([ring.astype(float), bar.astype(float)])):
        if not row[digit] > 0.5:
            raise ValueError(f"{files.origin} is not served: its weights do not read a plain {digit}.")
    return net


class Weights:
    """The weights in service.

    `files` are replaced when the Hub has newer ones, and `problem` says why they are not. `network` is their
    DigitCNN, or the ValueError that says why it cannot be loaded. Raises OSError or ValueError when the
    embedded weights cannot be read.
    """

    def __init__(self, embedded: Path):
        self.files = read(embedded, "embedded")
        self.problem: str | None = None
        self.network: Future = Future()

    def info(self) -> dict:
        """The answer of `/info`."""
        told = {"weights": self.files.origin, "parameters": self.files.parameters}
        return {**told, "accuracy": self.files.accuracy, "problem": self.problem}

    def follow(self) -> None:
        """Load the network, then serve the Hub's newest weights whenever they work. Runs in a thread."""
        try:
            self.network.set_result(load(self.files))
        except Exception as error:
            self.problem = f"The network cannot be loaded: {error}"
            self.network.set_exception(ValueError(self.problem))
        if not MODEL_ID:
            return
        # The cache may have the weights already. Whatever is wrong with it, the thread goes on.
        with contextlib.suppress(Exception):
            self._serve(MODEL_REVISION)
        # A revision that is a commit never changes, so once it is served the thread can end.
        while self.files.origin != f"{MODEL_ID}@{MODEL_REVISION}":
            try:
                # After a failure, the files are downloaded again: they may have been damaged on the way.
                commit = fetched(MODEL_ID, MODEL_REVISION, again=bool(self.problem))
                if self.files.origin != f"{MODEL_ID}@{commit}":
                    self._serve(commit)
                    point(MODEL_ID, MODEL_REVISION, commit)
                self.problem = None
            except Exception as error:
                # Whatever went wrong, the thread goes on.
                if str(error) != self.problem:
                    print(error, f"Still serving {self.files.origin}.", file=sys.stderr, flush=True)
                self.problem = str(error)
            time.sleep(min(RETRY, int(MODEL_REFRESH)) if self.problem else int(MODEL_REFRESH))

    def _serve(self, revision: str) -> None:
        """Serve the cached weights of a revision. Raises OSError or ValueError if they do not work."""
        files, network = cached(MODEL_ID, revision), Future[object]()
        network.set_result(load(files))
        self.files, self.network = files, network
        print(f"Serving {files.origin}.", flush=True)
