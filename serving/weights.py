"""Which weights are served: the embedded ones, cached ones, or the Hub's newest, exchanged while the server runs.

Nothing waits for the Hub or for torch: at the start the best files at hand are read and checked as bytes, and browsers get them at
once. A thread then imports torch, loads the network, and looks for newer weights, which a process of its own
(`serving/fetch.py`) brings into the cache. They are handed out once the network made of them has read two drawings right.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from huggingface_hub import constants, try_to_load_from_cache

from serving import fetch
from serving.settings import Settings

RETRY = 15.0  # seconds before the first new try after a failure; doubled each time, up to the usual pause
PAUSE = 600.0  # seconds between two tries when MODEL_REFRESH is 0
EMBEDDED = "embedded"
ROOT = Path(__file__).parent.parent
COMMIT = re.compile(r"[0-9a-f]{40}")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalisation: no parameters


@dataclass(frozen=True)
class Files:
    """Both files of some weights, checked, where they are from and what was measured of them."""

    folder: Path
    config: bytes
    tensors: bytes = field(repr=False)
    origin: str  # "embedded" or "OWNER/NAME@commit"
    parameters: int
    accuracy: dict | None  # right, total and interval on MNIXEL's test images

    @property
    def key(self) -> str:
        """The SHA-256 of config.json, which holds that of model.safetensors: it names both."""
        return hashlib.sha256(self.config).hexdigest()


def read(folder: Path, origin: str) -> Files:
    """The weights in a folder, checked as far as that goes without torch: sizes, SHA-256, ranges, finite numbers.

    Raises FileNotFoundError when one is missing, ValueError with a sentence when one is not what it should be.
    """
    content = {}
    for name in fetch.NEEDED:
        path, most = folder / name, fetch.SIZES[name]
        if not path.is_file():
            raise FileNotFoundError(f"There is no {name} in {origin}; {' and '.join(fetch.NEEDED)} are needed.")
        if path.stat().st_size > most:
            raise ValueError(f"The {name} of {origin} has {path.stat().st_size:,} bytes; at most {most:,} are read.")
        content[name] = path.read_bytes()
    config, tensors = content.values()
    sha256 = _check_config(config, origin)
    if hashlib.sha256(tensors).hexdigest() != sha256:
        raise ValueError(
            f"The model.safetensors of {origin} is not the file that config.json was written for: its SHA-256 differs."
        )
    parameters = _check_tensors(tensors, origin)
    return Files(folder, config, tensors, origin, parameters, _measured(folder / "metrics.json", sha256))


def _check_config(raw: bytes, origin: str) -> str:
    """The SHA-256 that config.json states. Raises ValueError for numbers that no network of ours has; model.py checks the rest."""
    try:
        config = json.loads(raw)
        channels, temperature = config["channels"], config["temperature"]
        good = (
            isinstance(channels, list)
            and 1 <= len(channels) <= 8
            and all(type(c) is int and 1 <= c <= 256 for c in channels)
            and 0.01 <= temperature <= 100
            and 0 <= config["threshold"] <= 1000
            and isinstance(config["sha256"], str)
        )
    except (ValueError, LookupError, TypeError, RecursionError):
        good = False
    if not good:
        raise ValueError(
            f"The config.json of {origin} is not the configuration of this network: it needs a temperature, a threshold, "
            "the SHA-256 of the weights and channels of 1 to 256."
        )
    return config["sha256"]


def _check_tensors(raw: bytes, origin: str) -> int:
    """The number of parameters in a safetensors file. Raises ValueError when it is none or has numbers that are not finite."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(raw)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueError(f"The model.safetensors of {origin} is no safetensors file.") from error
    for name, values in tensors.items():
        if not np.isfinite(values).all():
            raise ValueError(f"The model.safetensors of {origin} has numbers in {name[:60]!r} that are not finite.")
    return sum(values.size for name, values in tensors.items() if not name.endswith(STATISTICS))


def _measured(metrics: Path, sha256: str) -> dict | None:
    """Right, total and interval that a metrics.json states for these very weights; None when it states none."""
    try:
        stored = json.loads(metrics.read_bytes()[: fetch.SIZES["metrics.json"]])
        if stored["test_set"] != "MNIXEL test" or stored["sha256"] != sha256:
            return None
        right, total, (low, high) = (stored["test"][key] for key in ("right", "total", "interval"))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    good = (
        type(right) is type(total) is int
        and 0 <= right <= total
        and type(low) is type(high) is float
        and 0 <= low <= high <= 1
    )
    return {"right": right, "total": total, "interval": [low, high]} if good else None


def load(files: Files):
    """The network of some weights, from a DigitCNN that has read the probe. Raises ValueError with a sentence."""
    import torch

    from model import DigitCNN

    torch.set_num_threads(1)  # one digit is too little work to share
    net = DigitCNN._load(files.folder, files.origin)  # not from_pretrained, whose messages would name the folder
    if net.config.sha256 != json.loads(files.config)["sha256"]:
        raise ValueError(f"The files of {files.origin} changed while they were read.")
    for digit, found in zip((0, 1), net.probabilities(list(probe())), strict=True):
        # Any network that was taught digits is sure of these. One whose numbers are noise, zeros or nearly infinite is not.
        if not (math.isfinite(found.sum()) and found.argmax() == digit and found[digit] > 0.5):
            raise ValueError(f"The weights of {files.origin} do not read a plain {digit}: they are no good.")
    return net


def probe() -> tuple[np.ndarray, np.ndarray]:
    """The two plainest digits, uint8 (112, 112), white on black: a ring, which is a 0, and a bar, which is a 1."""
    y, x = np.mgrid[-56:56, -56:56] + 0.5
    ring = np.abs(np.hypot(x / 26, y / 36) - 1) < 0.13
    bar = (np.abs(x) < 5) & (np.abs(y) < 36)
    return ring.astype(np.uint8) * 255, bar.astype(np.uint8) * 255


class Weights:
    """The weights in service: `files` change by themselves when the Hub has newer ones, `problem` says why they do not.

    Raises OSError or ValueError when there are neither embedded nor cached weights and the Hub's cannot be had.
    """

    def __init__(self, embedded: Path, settings: Settings = Settings()):
        self.repository, self.revision = settings.model_id, settings.model_revision
        self.every = settings.model_refresh
        self.problem: str | None = None
        self.previous: Files | None = None
        self._refused: dict[str, str] = {}  # commit -> why it cannot be served
        self._network: Future = Future()
        files = self._noted() if self.repository else None
        if files is None:
            try:
                files = read(embedded, EMBEDDED)
            except (OSError, ValueError) as error:
                if self.repository:
                    self._refresh()
                    files = getattr(self, "files", None)
                if files is None:
                    raise type(error)(f"{error} {self.problem or ''}".strip()) from error
        self.files: Files = files

    def start(self) -> None:
        """Load torch and the network, and follow the Hub, in a thread that ends with the process."""
        threading.Thread(target=self._follow, daemon=True, name="weights").start()

    async def network(self):
        """The DigitCNN of the weights in service, as soon as it is loaded. Raises what loading it raised."""
        return await asyncio.shield(asyncio.wrap_future(self._network))

    def file(self, key: str, name: str) -> bytes | None:
        """config.json or model.safetensors of the weights in service or of those before."""
        for files in filter(None, (self.files, self.previous)):
            if files.key == key:
                return {"config.json": files.config, "model.safetensors": files.tensors}.get(name)
        return None

    def info(self) -> dict:
        """What `/info` says of the weights in service."""
        now = self.files
        accuracy, problem = now.accuracy, self.problem
        return {"weights": now.origin, "parameters": now.parameters, "accuracy": accuracy, "problem": problem}

    # --- the Hub ------------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Load the network, then look for weights for as long as the server runs."""
        if not self._network.done():
            try:
                self._network.set_result(load(self.files))
            except Exception as error:  # the embedded ones are no good
                self.problem = str(error)
                self._network.set_exception(ValueError(self.problem))
        if self.repository and self.files.origin == EMBEDDED:
            with contextlib.suppress(OSError, ValueError):  # a Space's image may bring the repository in the cache
                self._serve(self._cached(self.revision))
        failures = 0
        while self.repository and self.files.origin != f"{self.repository}@{self.revision}":  # a commit never changes
            self._refresh()
            failures = failures + 1 if self.problem else 0
            if not failures and not self.every:
                return
            pause = RETRY * 2 ** min(failures - 1, 10) if failures else self.every
            threading.Event().wait(min(pause, self.every or PAUSE))

    def _refresh(self) -> None:
        """Ask the Hub once; serve what it has when that is new and checks out, else say in `problem` why not."""
        commit, now = "", getattr(self, "files", None)
        try:
            commit = self._fetch(self.revision)
            if now is None or now.origin != f"{self.repository}@{commit}":
                if commit in self._refused:
                    raise ValueError(self._refused[commit])
                try:
                    found = self._cached(commit)
                except ValueError:  # spoilt, perhaps only on the way here
                    self._fetch(commit, again=True)
                    found = self._cached(commit)
                self._serve(found)
            self.problem = None
        except Exception as error:  # whatever it is, this thread goes on
            if isinstance(error, ValueError) and commit:
                self._refused = {commit: str(error)}
            if str(error) != self.problem:
                still = f"Still serving {now.origin}." if now else "Nothing is served yet."
                print(f"{error} {still}", file=sys.stderr, flush=True)
            self.problem = str(error)

    def _serve(self, files: Files) -> None:
        """Put weights into service once their network works. Raises ValueError when it does not."""
        network: Future = Future()
        network.set_result(load(files))
        self.previous, self.files, self._network = getattr(self, "files", None), files, network
        self._remember(files)
        print(f"Serving {files.origin}.", flush=True)

    def _fetch(self, revision: str, again: bool = False) -> str:
        """Let serving/fetch.py bring the files; returns the commit. Raises ConnectionError or ValueError with a sentence."""
        more = ["--again"] if again else []
        # -P and PYTHONPATH: this project's modules, wherever the server was started
        command = [sys.executable, "-P", "-m", "serving.fetch", *more, "--", self.repository, revision]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        try:
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"The Hub cannot be asked for {self.repository} ({error}).") from error
        said = done.stderr.strip().split("\n")[-1] or f"{self.repository} could not be fetched."
        if done.returncode == -signal.SIGALRM:
            raise ConnectionError(f"The Hub did not send {self.repository} within {fetch.LIMIT} seconds.")
        if done.returncode:
            raise (ValueError if done.returncode == 2 else ConnectionError)(said)
        return done.stdout.strip().split("\n")[-1]

    # --- the cache ----------------------------------------------------------------------------------------------------

    def _cached(self, revision: str) -> Files:
        """The cached weights of a revision. Raises FileNotFoundError when they are not all there, ValueError when spoilt."""
        paths = [try_to_load_from_cache(self.repository, name, revision=revision) for name in fetch.NEEDED]
        if not all(isinstance(path, str) for path in paths):
            raise FileNotFoundError(f"{self.repository} is not in the Hub's cache on this machine.")
        folder = Path(paths[0]).parent
        return read(folder, f"{self.repository}@{folder.name}")

    def _noted(self) -> Files | None:
        """The weights that were served last, which have been tried, if the cache still has them as they were."""
        try:
            commit, key = self._note().read_text().split()
            files = self._cached(commit)
        except (OSError, ValueError):
            return None
        return files if files.key == key else None

    def _note(self) -> Path:
        key = hashlib.sha256(f"{self.repository}@{self.revision}".encode()).hexdigest()[:16]
        return Path(constants.HF_HOME, "draw-a-digit", key)

    def _remember(self, files: Files) -> None:
        note = self._note()
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            part = note.with_suffix(f".{os.getpid()}")
            part.write_text(f"{files.origin.rpartition('@')[2]} {files.key}\n")
            part.replace(note)
        except OSError:
            pass  # a cache that cannot be written only costs the next start some time
