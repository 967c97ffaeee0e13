"""Fetches the files of a model repository into the Hub's cache, and reads and checks them, without torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

NEEDED = ("config.json", "model.safetensors")
LARGEST = 16 * 2**20  # bytes of a file that is read
# Batch normalisation holds these besides its parameters.
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def fetched(repository: str, revision: str, again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns their commit.

    Cached files are sent only if `again`. Raises ConnectionError with one sentence.
    """
    hub.limit_silence()
    disable_progress_bars()
    try:
        # From here on the commit is fixed, so that a push meanwhile cannot mix two versions.
        commit = HfApi().model_info(repository, revision=revision, timeout=hub.SILENCE).sha
        for name in NEEDED:
            hf_hub_download(repository, name, revision=commit, force_download=again)
    except Exception as error:
        # The Hub's clients raise many kinds of errors.
        raise ConnectionError(hub.explain(error, repository, reading=True)) from error
    # The weights can be served without the file that says how good they are.
    with contextlib.suppress(Exception):
        hf_hub_download(repository, "metrics.json", revision=commit)
    return commit


def point(repository: str, revision: str, commit: str) -> None:
    """Make the cache's `revision`, a branch or a tag, that commit, for a start without the Hub."""
    if revision != commit:
        folder = f"models--{repository.replace('/', '--')}"
        reference = Path(constants.HF_HUB_CACHE, folder, "refs", revision)
        # If the cache cannot be written, only the next start is slower.
        with contextlib.suppress(OSError):
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit, encoding="utf-8")


@dataclass(frozen=True)
class Files:
    """Both files of some weights, and what is known of them."""

    folder: Path
    origin: str  # "embedded" or "OWNER/NAME@commit"
    config: bytes
    tensors: bytes = field(repr=False)
    parameters: int
    accuracy: dict | None  # right, total and interval on MNIXEL's test images

    @property
    def key(self) -> str:
        """The SHA-256 of config.json, which holds that of model.safetensors: it names both."""
        return hashlib.sha256(self.config).hexdigest()


def cached(repository: str, revision: str) -> Files:
    """The cached weights of a revision.

    Raises FileNotFoundError when they are not all there, and what `read` raises.
    """
    paths = [try_to_load_from_cache(repository, name, revision=revision) for name in NEEDED]
    if not all(isinstance(path, str) for path in paths):
        raise FileNotFoundError(f"{repository} is not in the Hub's cache on this machine.")
    folder = Path(paths[0]).parent
    return read(folder, f"{repository}@{folder.name}")


def read(folder: Path, origin: str) -> Files:
    """The weights in a folder; `model.py` checks what they hold.

    Raises FileNotFoundError when a file is missing, ValueError with one sentence when one is wrong.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for name in NEEDED:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"There is no {name} in {origin}; {' and '.join(NEEDED)} are needed.")
        if (size := (folder / name).stat().st_size) > LARGEST:
            raise ValueError(f"The {name} of {origin} has {size:,} bytes; at most {LARGEST:,} are read.")
    config, raw = ((folder / name).read_bytes() for name in NEEDED)
    try:
        tensors = load(raw)
    except (SafetensorError, LookupError, ValueError, TypeError) as error:
        raise ValueError(f"The model.safetensors of {origin} is not a safetensors file.") from error
    parameters = sum(values.size for name, values in tensors.items() if not name.endswith(STATISTICS))
    return Files(folder, origin, config, raw, parameters, _measured(folder, hashlib.sha256(raw).hexdigest()))


def _measured(folder: Path, sha256: str) -> dict | None:
    """Right, total and interval of these weights by metrics.json, or None if that is of others or broken."""
    try:
        stored = json.loads((folder / "metrics.json").read_bytes())
        test, (low, high) = stored["test"], stored["test"]["interval"]
        known = stored["test_set"] == "MNIXEL test" and stored["sha256"] == sha256
        counts = {"right": int(test["right"]), "total": int(test["total"])}
        return {**counts, "interval": [round(float(low), 4), round(float(high), 4)]} if known else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
