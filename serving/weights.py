"""Which weights are served: the embedded ones, cached ones, or the Hub's newest, exchanged while the server runs.

Nothing waits for the Hub or for torch: at the start the best files at hand are read and checked as bytes, and browsers get them at
once. A thread then imports torch, loads the network, and looks for newer weights, which a process of its own
(`publishing/fetch.py`) brings into the cache. They are served once the network made of them has read two drawings right.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from huggingface_hub import constants, try_to_load_from_cache

from publishing.fetch import LIMIT, NEEDED, SIZES, TOO_LARGE
from serving.settings import Settings

EMBEDDED = "embedded"
RETRY = 15.0  # seconds before the first new try after a failure; doubled each time, up to MODEL_REFRESH or PAUSE
PAUSE = 600.0
ROOT = Path(__file__).parent.parent
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalisation: no parameters


@dataclass(frozen=True)
class Files:
    """Both files of some weights, checked; where they are from, and what was measured of them."""

    folder: Path
    origin: str  # "embedded" or "OWNER/NAME@commit"
    config: bytes
    tensors: bytes = field(repr=False)
    parameters: int = 0
    accuracy: dict | None = None  # right, total and interval on MNIXEL's test images

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
        sha256, channels = stated["sha256"], stated["channels"]
        if not all(type(count) is int and 1 <= count <= 256 for count in channels) or len(channels) > 8:
            raise ValueError("channels of 1 to 256 are expected")
        if not (0.01 <= stated["temperature"] <= 100 and 0 <= stated["threshold"] <= 1000):
            raise ValueError("a temperature of 0.01 to 100 and a threshold of 0 to 1000 are expected")
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
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
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
        sound = type(right) is type(total) is int and type(low) is type(high) is float
        sound = sound and 0 <= right <= total and 0 <= low <= high <= 1
        sound = sound and stored["test_set"] == "MNIXEL test" and stored["sha256"] == sha256
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return {"right": right, "total": total, "interval": [low, high]} if sound else None


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

    Raises OSError or ValueError when there are neither embedded nor cached weights and the Hub's cannot be had.
    """

    def __init__(self, embedded: Path, settings: Settings = Settings()):
        self.repository, self.revision, self.every = settings.model_id, settings.model_revision, settings.model_refresh
        self.files: Files | None = None
        self.previous: Files | None = None
        self.problem: str | None = None
        self._refused: dict[str, str] = {}  # commit -> why it cannot be served
        self._network: Future = Future()
        if self.repository:  # those that were served last have been tried
            with contextlib.suppress(OSError, ValueError):
                commit, key = self._note.read_text().split()
                found = self._cached(commit)
                self.files = found if found.key == key else None
        try:
            self.files = self.files or read(embedded, EMBEDDED)
        except (OSError, ValueError) as error:
            if self.repository:
                self.refresh()
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
            commit = self._fetch(self.revision)
            if self.files is None or self.files.origin != f"{self.repository}@{commit}":
                if commit in self._refused:
                    raise ValueError(self._refused[commit])
                try:
                    found = self._cached(commit)
                except ValueError:  # spoilt, perhaps only on the way here
                    self._fetch(commit, "again")
                    found = self._cached(commit)
                self._serve(found)
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
        if self.repository and self.files.origin == EMBEDDED:
            with contextlib.suppress(OSError, ValueError):  # a Space's image may bring them in the cache
                self._serve(self._cached(self.revision))
        failures = 0
        while self.repository and self.files.origin != f"{self.repository}@{self.revision}":  # a commit never changes
            self.refresh()
            failures = failures + 1 if self.problem else 0
            if not failures and not self.every:
                return
            pause = RETRY * 2 ** min(failures - 1, 10) if failures else self.every
            threading.Event().wait(min(pause, self.every or PAUSE))

    def _serve(self, files: Files) -> None:
        """Put weights into service if their network works. Raises ValueError when it does not."""
        network: Future = Future()
        network.set_result(load(files))
        self.previous, self.files, self._network = self.files, files, network
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs the next start some time
            self._note.parent.mkdir(parents=True, exist_ok=True)
            part = self._note.with_suffix(f".{os.getpid()}")
            part.write_text(f"{files.origin.rpartition('@')[2]} {files.key}")
            part.replace(self._note)
        print(f"Serving {files.origin}.", flush=True)

    def _fetch(self, *what: str) -> str:
        """Let publishing/fetch.py bring the files; returns the commit. Raises ConnectionError or ValueError with a sentence."""
        command = [sys.executable, "-P", "-m", "publishing.fetch", self.repository, *what]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # this project's modules, wherever the server was started
        try:
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"The Hub cannot be asked for {self.repository} ({error}).") from error
        if done.returncode == -signal.SIGALRM:
            raise ConnectionError(f"The Hub did not send {self.repository} within {LIMIT} seconds.")
        if done.returncode:
            said = done.stderr.strip().split("\n")[-1] or f"{self.repository} could not be fetched."
            raise (ValueError if done.returncode == TOO_LARGE else ConnectionError)(said)
        return done.stdout.strip().split("\n")[-1]

    def _cached(self, revision: str) -> Files:
        """The cached weights of a revision. Raises FileNotFoundError when they are not all there, ValueError when spoilt."""
        paths = [try_to_load_from_cache(self.repository, name, revision=revision) for name in NEEDED]
        if not all(isinstance(path, str) for path in paths):
            raise FileNotFoundError(f"{self.repository} is not in the Hub's cache on this machine.")
        folder = Path(paths[0]).parent
        return read(folder, f"{self.repository}@{folder.name}")

    @property
    def _note(self) -> Path:
        """Where it is noted what was served last: the cache's own pointer moves before the files are here."""
        key = hashlib.sha256(f"{self.repository}@{self.revision}".encode()).hexdigest()[:16]
        return Path(constants.HF_HOME, "draw-a-digit", key)
