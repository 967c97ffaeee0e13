"""Fetches weights from a model repository into the Hub's cache, and reads them without torch."""

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

NEEDED = ("config.json", "model.safetensors")
# The largest file that is read.
LARGEST = 16 * 2**20  # bytes
# Batch normalisation keeps these tensors, which are not parameters.
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def fetched(repository: str, revision: str, again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns their commit.

    With `again`, cached files are downloaded once more. Raises ConnectionError with one sentence.
    """
    hub.limit_silence()
    disable_progress_bars()
    try:
        # All files come from this commit, even if somebody pushes meanwhile.
        commit = HfApi().model_info(repository, revision=revision, timeout=hub.SILENCE).sha
        for name in NEEDED:
            hf_hub_download(repository, name, revision=commit, force_download=again)
    except Exception as error:
        # The Hub's client raises many kinds of errors.
        raise ConnectionError(hub.explain(error, repository, reading=True)) from error
    # The weights can be served without their metrics.
    with contextlib.suppress(Exception):
        hf_hub_download(repository, "metrics.json", revision=commit)
    return commit


def point(repository: str, revision: str, commit: str) -> None:
    """Note in the cache that `revision`, a branch or tag, is `commit`, for a start without the Hub."""
    if revision != commit:
        folder = f"models--{repository.replace('/', '--')}"
        reference = Path(constants.HF_HUB_CACHE, folder, "refs", revision)
        # If the cache cannot be written, only the next start is slower.
        with contextlib.suppress(OSError):
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit, encoding="utf-8")


@dataclass(frozen=True)
class Files:
    """The two files of a network, and what is known about them.

    `origin` is "embedded" or "OWNER/NAME@commit". `accuracy` has right, total and interval on MNIXEL's test
    images, if they are known.
    """

    folder: Path
    origin: str
    config: bytes
    tensors: bytes = field(repr=False)
    parameters: int
    accuracy: dict | None

    @property
    def key(self) -> str:
        """The SHA-256 of config.json. It identifies both files, since config.json has the other's SHA-256."""
        return hashlib.sha256(self.config).hexdigest()


def cached(repository: str, revision: str) -> Files:
    """The cached weights of a revision. Raises FileNotFoundError if a file is missing, and as `read`."""
    paths = [try_to_load_from_cache(repository, name, revision=revision) for name in NEEDED]
    if not all(isinstance(path, str) for path in paths):
        raise FileNotFoundError(f"{repository} is not in the Hub's cache on this machine.")
    folder = Path(paths[0]).parent
    return read(folder, f"{repository}@{folder.name}")


def read(folder: Path, origin: str) -> Files:
    """The weights in a folder. Only model.py checks whether the tensors are those of the network.

    Raises FileNotFoundError or ValueError with one sentence when a file is missing or wrong.
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
    """Right, total and interval from metrics.json, or None if it is broken or of other weights."""
    try:
        stored = json.loads((folder / "metrics.json").read_bytes())
        test, (low, high) = stored["test"], stored["test"]["interval"]
        known = stored["test_set"] == "MNIXEL test" and stored["sha256"] == sha256
        counts = {"right": int(test["right"]), "total": int(test["total"])}
        return {**counts, "interval": [round(float(low), 4), round(float(high), 4)]} if known else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
