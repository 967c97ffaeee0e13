"""Fetches the files of a model repository into the Hub's cache, reads and checks them, without torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
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

SIZES = {"config.json": 64 * 2**10, "model.safetensors": 16 * 2**20, "metrics.json": 2**20}  # bytes at most
# The third file, metrics.json, says how good the weights are. They can be served without it.
NEEDED = ("config.json", "model.safetensors")
# Batch normalisation holds these besides its parameters.
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def fetched(repository: str, revision: str, again: bool | str = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns their commit.

    Cached files are sent only if `again`. Raises ConnectionError, and ValueError for a file that is too
    large, before it is sent; each with one sentence.
    """
    hub.limit_silence()
    disable_progress_bars()
    for name, most in SIZES.items():
        try:
            url = hf_hub_url(repository, name, revision=revision)
            about = get_hf_file_metadata(url, token=get_token(), timeout=hub.SILENCE)
            size = about.size
            if size is None or size <= most:
                # From here on the commit is fixed, so that a push meanwhile cannot mix two versions.
                revision = about.commit_hash or revision
                hf_hub_download(
                    repository, name, revision=revision, force_download=bool(again) and name in NEEDED
                )
        except Exception as error:
            # The Hub's clients raise many kinds of errors.
            if name in NEEDED:
                raise ConnectionError(hub.explain(error, repository, reading=True)) from error
            continue
        if size is not None and size > most and name in NEEDED:
            raise ValueError(f"The {name} of {repository} has {size:,} bytes; at most {most:,} are read.")
    return revision


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
    """The weights in a folder, after a check of sizes and for finite numbers; `model.py` checks the rest.

    Raises FileNotFoundError when a file is missing, ValueError with one sentence when one is wrong.
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
        raise ValueError(f"The model.safetensors of {origin} is not a safetensors file.") from error
    if not all(np.isfinite(values).all() for values in tensors.values()):
        raise ValueError(f"The model.safetensors of {origin} has numbers that are not finite.")
    parameters = sum(values.size for name, values in tensors.items() if not name.endswith(STATISTICS))
    return Files(folder, origin, config, raw, parameters, _measured(folder, hashlib.sha256(raw).hexdigest()))


def _measured(folder: Path, sha256: str) -> dict | None:
    """Right, total and interval of these weights by metrics.json, or None if that is of others or broken."""
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
