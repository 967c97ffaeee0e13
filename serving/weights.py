"""Which weights are served: the embedded ones, cached ones, or the Hub's newest, exchanged while the server runs.

Nothing waits for the Hub or for torch: at the start the embedded files are read and checked as bytes, and browsers get them at once. A
thread then imports torch, loads the network, and looks for others, in the Hub's cache and on the Hub, from where `publishing/fetch.py`
brings them. They are served once the network made of them has read two drawings right.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from huggingface_hub import try_to_load_from_cache

from publishing.fetch import NEEDED, SIZES, fetched, point
from serving.settings import Settings

RETRY, PAUSE = 15.0, 600.0  # seconds before the first new try after a failure, doubled each time, and at most
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalisation: no parameters


@dataclass(frozen=True)
class Files:
    """Both files of some weights, checked, and where they are from: "embedded" or "OWNER/NAME@commit"."""

    folder: Path
    origin: str
    config: bytes
    tensors: bytes = field(repr=False)
    parameters: int
    accuracy: dict | None  # right, total and interval on MNIXEL's test images

    @property
    def key(self) -> str:
        """The SHA-256 of config.json, which holds that of model.safetensors: it names both."""
        return hashlib.sha256(self.config).hexdigest()


def read(folder: Path, origin: str) -> Files:
    """The weights in a folder, checked as far as that goes without torch: sizes, ranges, SHA-256, finite numbers.

    Raises FileNotFoundError when one is missing, ValueError with a sentence when one is not what it should be.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"There is no {name} in {origin}; {' and '.join(NEEDED)} are needed.")
        if (size := (folder / name).stat().st_size) > SIZES[name]:
            raise ValueError(f"The {name} of {origin} has {size:,} bytes; at most {SIZES[name]:,} are read.")
    config, tensors = ((folder / name).read_bytes() for name in NEEDED)
    try:
        stated = json.loads(config)
        if not all(type(count) is int and 1 <= count <= 256 for count in stated["channels"][:9]):
            raise ValueError("channels of 1 to 256 are expected")
        if not (0.01 <= stated["temperature"] <= 100 and 0 <= stated["threshold"] <= 1000):
            raise ValueError("a temperature of 0.01 to 100 and a threshold of 0 to 1000 are expected")
        sha256 = stated["sha256"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"The config.json of {origin} is not the configuration of this network ({error}).") from error
    if hashlib.sha256(tensors).hexdigest() != sha256:
        raise ValueError(f"The model.safetensors of {origin} is not that of config.json: its SHA-256 differs.")
    return Files(folder, origin, config, tensors, _parameters(tensors, origin), _measured(folder, sha256))


def _parameters(raw: bytes, origin: str) -> int:
    """How many a safetensors file has. Raises ValueError when it is none, or when one is not finite."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(raw)
    except (SafetensorError, LookupError, ValueError, TypeError) as error:
        raise ValueError(f"The model.safetensors of {origin} is no safetensors file.") from error
    if not all(np.isfinite(values).all() for values in tensors.values()):
        raise ValueError(f"The model.safetensors of {origin} has numbers that are not finite.")
    return sum(values.size for name, values in tensors.items() if not name.endswith(STATISTICS))


def _measured(folder: Path, sha256: str) -> dict | None:
    """Right, total and interval that metrics.json states for these very weights; None when it states none."""
    try:
        with open(folder / "metrics.json", "rb") as file:
            stored = json.loads(file.read(SIZES["metrics.json"]))
        right, total, (low, high) = (stored["test"][key] for key in ("right", "total", "interval"))
        kinds = [type(value) for value in (right, total, low, high)] == [int, int, float, float]
        sound = kinds and 0 <= right <= total and 0 <= low <= high <= 1
        known = stored["test_set"] == "MNIXEL test" and stored["sha256"] == sha256
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return {"right": right, "total": total, "interval": [low, high]} if sound and known else None


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
                    found = self._cached(commit)
                except ValueError:  # spoilt, perhaps only on the way here
                    fetched(self.repository, commit, "again")
                    found = self._cached(commit)
                self._serve(found)
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
                self._network.set_exception(ValueError(f"The network cannot be loaded: {error}"))
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
                self._serve(self._cached(self.revision))

    def _cached(self, revision: str) -> Files:
        """The cached weights of a revision. Raises FileNotFoundError when they are not all there, ValueError when spoilt."""
        paths = [try_to_load_from_cache(self.repository, name, revision=revision) for name in NEEDED]
        if not all(isinstance(path, str) for path in paths):
            raise FileNotFoundError(f"{self.repository} is not in the Hub's cache on this machine.")
        folder = Path(paths[0]).parent
        return read(folder, f"{self.repository}@{folder.name}")

    def _serve(self, files: Files) -> None:
        """Put weights into service if their network works. Raises ValueError when it does not."""
        network: Future = Future()
        network.set_result(load(files))
        self.previous, self.files, self._network = self.files, files, network
        print(f"Serving {files.origin}.", flush=True)
