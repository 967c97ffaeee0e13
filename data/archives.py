"""Finds MNIXEL's two archives: in a folder that somebody named, in the cache, or at their authors' address.

An archive is used only if its SHA-256 is the published one. The authors state no licence, so the archives are
not part of this project. They are downloaded once, into a folder that git ignores.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

SOURCE = "https://raw.githubusercontent.com/Konat23/Deep-Learning-Digit-Clasifier-UI/main/data"
CACHE = Path(__file__).resolve().parent / "cache"
# A download fails after this time without a byte.
SILENCE = 20  # seconds


class DataError(RuntimeError):
    """Data is missing or is not the published data. The message is one sentence that says what to do."""


class Archive(NamedTuple):
    """One of the authors' files."""

    name: str
    sha256: str

    def is_published(self, content: bytes) -> bool:
        """Whether this is the content of the published archive."""
        return hashlib.sha256(content).hexdigest() == self.sha256


CONFIGS = {
    "clean": Archive("MNIST_UIS2.npz", "9b98b4edad6eb22434aaab973aafd9a3b024cdad61e38e1cd6740868b1b0c9cf"),
    "raw": Archive("MNIST_UIS.npz", "9ae1c23959753249e478bc1b0cabb30596b4b2602d9d747d23ba9254196fbae6"),
}


def locate(archive: Archive, folder: str | Path | None = None) -> Path:
    """The path of a checked copy of `archive`.

    If `folder` or the environment variable MNIXEL_DIR names a folder, the archive must be there. Otherwise it
    is in the cache (MNIXEL_CACHE, or `data/cache`), or is downloaded to it from MNIXEL_URL or the authors'
    address. Raises DataError when it cannot be read or downloaded, or is not the published one.
    """
    try:
        if folder := folder or os.environ.get("MNIXEL_DIR"):
            path = Path(folder).expanduser() / archive.name
            if not archive.is_published(path.read_bytes()):
                raise DataError(
                    f"{path} is not the published archive: name a folder that holds that one, "
                    "or leave --data and MNIXEL_DIR unset to download it"
                )
            return path
        path = Path(os.environ.get("MNIXEL_CACHE") or CACHE).expanduser() / archive.name
        if not (path.is_file() and archive.is_published(path.read_bytes())):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_download(archive))
        return path
    except OSError as error:
        raise DataError(
            f"cannot read or write {error.filename or archive.name} ({error.strerror or error}): set "
            "MNIXEL_DIR to a folder that holds the archives, or MNIXEL_CACHE to one that can be written"
        ) from error


def _download(archive: Archive) -> bytes:
    # This client comes with huggingface_hub. Most runs find the file and need no client.
    import httpx2

    url = f"{(os.environ.get('MNIXEL_URL') or SOURCE).rstrip('/')}/{archive.name}"
    try:
        response = httpx2.get(url, timeout=SILENCE, follow_redirects=True).raise_for_status()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(
            f"cannot download {url} ({reason}): check the connection and run this again, "
            "or set MNIXEL_DIR to a folder that holds the archives"
        ) from error
    if not archive.is_published(response.content):
        raise DataError(
            f"the file at {url} is not the published archive: set MNIXEL_DIR to a folder that holds that one"
        )
    return response.content
