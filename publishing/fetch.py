"""Fetches a model repository's files into the Hub's cache, and reads them from there, checked as far as possible without torch.

`fetched` runs `python -m publishing.fetch OWNER/NAME REVISION`, which prints the commit: a separate process can be ended whatever the
Hub does, while the Hub's clients wait for ever for a server that keeps silent or sends a byte now and then. It imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import (
    constants,
    get_hf_file_metadata,
    get_token,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

ROOT = Path(__file__).parent.parent
LIMIT = 120  # seconds, then it ends: the files are under a megabyte
SIZES = {"config.json": 64 * 2**10, "model.safetensors": 16 * 2**20, "metrics.json": 2**20}  # bytes at most
NEEDED = (
    "config.json",
    "model.safetensors",
)  # the third says how good they are; weights can be served without it
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalisation: no parameters
TOO_LARGE = 2  # exit status: nothing was fetched, and asking again will not help


class TooLarge(ValueError):
    """A file is larger than any of this network's. The message is one sentence."""


def fetch(repository: str, revision: str, again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns the commit they are of.

    Files that the cache has are not sent, unless `again`. Raises TooLarge before such a file is asked for, and what
    huggingface_hub raises.
    """
    hub.limit_silence()
    for name, most in SIZES.items():
        try:
            url = hf_hub_url(repository, name, revision=revision)
            about = get_hf_file_metadata(url, token=get_token(), timeout=hub.SILENCE)
            if about.size is not None and about.size > most:
                raise TooLarge(
                    f"The {name} of {repository} has {about.size:,} bytes; at most {most:,} are read."
                )
            revision = about.commit_hash  # all files of one commit, whatever is pushed meanwhile
            hf_hub_download(repository, name, revision=revision, force_download=again and name in NEEDED)
        except Exception:
            if name in NEEDED:
                raise
    return revision


def fetched(repository: str, revision: str, *again: str) -> str:
    """`fetch` in a process that ends after LIMIT seconds. Raises ConnectionError with one sentence, ValueError for what is too large."""
    command = [sys.executable, "-P", "-m", "publishing.fetch", repository, revision, *again]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
    }  # this project's modules, wherever the server was started
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment
        )
    except (OSError, ValueError) as error:
        raise ConnectionError(f"The Hub cannot be asked for {repository} ({error}).") from error
    if done.returncode == -signal.SIGALRM:
        raise ConnectionError(f"The Hub did not send {repository} within {LIMIT} seconds.")
    if done.returncode:
        message = done.stderr.strip().split("\n")[-1] or f"{repository} could not be fetched."
        raise (ValueError if done.returncode == TOO_LARGE else ConnectionError)(message)
    return done.stdout.strip().split("\n")[-1]


def point(repository: str, revision: str, commit: str) -> None:
    """Let the cache's `revision`, a branch or a tag, be that commit: what a start without the Hub should find there."""
    if revision != commit:
        with contextlib.suppress(
            OSError
        ):  # a cache that cannot be written only costs the next start some time
            reference = Path(
                constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}", "refs", revision
            )
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit)


@dataclass(frozen=True)
class Files:
    """Both files of some weights, and where they are from: "embedded" or "OWNER/NAME@commit"."""

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


def cached(repository: str, revision: str) -> Files:
    """The cached weights of a revision. Raises FileNotFoundError when they are not all there, and what `read` raises."""
    paths = [try_to_load_from_cache(repository, name, revision=revision) for name in NEEDED]
    if not all(isinstance(path, str) for path in paths):
        raise FileNotFoundError(f"{repository} is not in the Hub's cache on this machine.")
    folder = Path(paths[0]).parent
    return read(folder, f"{repository}@{folder.name}")


def read(folder: Path, origin: str) -> Files:
    """The weights in a folder, checked without torch: their sizes, and that the numbers are finite. `model.py` checks the rest.

    Raises FileNotFoundError when one is missing, ValueError with a sentence when one is not what it should be.
    """
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for name in NEEDED:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"There is no {name} in {origin}; {' and '.join(NEEDED)} are needed.")
        if (size := (folder / name).stat().st_size) > SIZES[name]:
            raise ValueError(f"The {name} of {origin} has {size:,} bytes; at most {SIZES[name]:,} are read.")
    config, raw = ((folder / name).read_bytes() for name in NEEDED)
    try:
        tensors = load(raw)
    except (SafetensorError, LookupError, ValueError, TypeError) as error:
        raise ValueError(f"The model.safetensors of {origin} is no safetensors file.") from error
    if not all(np.isfinite(values).all() for values in tensors.values()):
        raise ValueError(f"The model.safetensors of {origin} has numbers that are not finite.")
    parameters = sum(values.size for name, values in tensors.items() if not name.endswith(STATISTICS))
    return Files(folder, origin, config, raw, parameters, _measured(folder, hashlib.sha256(raw).hexdigest()))


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


def main() -> int:
    """Run the command; returns the exit status."""
    repository, revision, *again = sys.argv[1:]
    signal.alarm(LIMIT)  # also when whoever started this is gone
    signal.signal(
        signal.SIGXFSZ, signal.SIG_IGN
    )  # an error instead, for a server that sends more than it says
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * max(SIZES.values()),) * 2)
    disable_progress_bars()
    try:
        print(fetch(repository, revision, bool(again)))
    except TooLarge as error:
        print(error, file=sys.stderr)
        return TOO_LARGE
    except Exception as error:  # the Hub's clients raise many kinds
        print(hub.explain(error, repository, reading=True), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
