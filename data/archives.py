"""Finds the two MNIXEL archives: in a folder that is named, in the cache, or at their authors' address.

An archive is used only when its SHA-256 is the published one. The authors state no licence, so the archives
are not part of this project: they are fetched once, into a folder that git ignores.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SOURCE = "https://raw.githubusercontent.com/Konat23/Deep-Learning-Digit-Clasifier-UI/main/data"
CACHE = Path(__file__).resolve().parent / "cache"
ATTEMPTS = 3  # to download an archive
PAUSE = 0.5  # seconds before the second attempt, doubled before the third
SILENCE = 20  # seconds without a byte until an attempt has failed


class DataError(RuntimeError):
    """Data is missing or cannot be trusted. The message is one sentence that also says what to do."""


@dataclass(frozen=True)
class Archive:
    """One file of upstream's."""

    name: str
    sha256: str
    size: int  # bytes
    train: int  # images in the split
    test: int


CLEAN_SHA256 = "9b98b4edad6eb22434aaab973aafd9a3b024cdad61e38e1cd6740868b1b0c9cf"
RAW_SHA256 = "9ae1c23959753249e478bc1b0cabb30596b4b2602d9d747d23ba9254196fbae6"
CONFIGS = {
    "clean": Archive("MNIST_UIS2.npz", CLEAN_SHA256, 2_423_570, 270, 116),
    "raw": Archive("MNIST_UIS.npz", RAW_SHA256, 2_574_194, 287, 123),
}


def fault(content: bytes | None, archive: Archive) -> str:
    """What is wrong with a file's content, None if it is missing; "" for the published archive."""
    if content is None:
        return "is missing"
    if len(content) != archive.size:
        return f"has {len(content):,} bytes instead of {archive.size:,}"
    digest = hashlib.sha256(content).hexdigest()
    if digest != archive.sha256:
        return f"has the SHA-256 {digest[:12]}… instead of {archive.sha256[:12]}…"
    return ""


def content_of(path: Path) -> bytes | None:
    """The bytes of a file, or None if it is missing."""
    return path.read_bytes() if path.is_file() else None


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which replaces `path` once it is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        part = Path(work, path.name)
        with part.open("wb") as file:
            yield file
        part.replace(path)


def locate(archive: Archive, folder: str | Path | None = None) -> Path:
    """The path of a checked copy of `archive`.

    If `folder` or the environment variable MNIXEL_DIR names a folder, it has to be there. Otherwise it comes
    from the cache (MNIXEL_CACHE, or `data/cache`), and first from its authors, or the mirror in MNIXEL_URL.

    Raises DataError when the file is missing, is not the published one, or cannot be fetched or stored.
    """
    try:
        if folder := folder or os.environ.get("MNIXEL_DIR"):
            path = Path(folder).expanduser() / archive.name
            if wrong := fault(content_of(path), archive):
                raise DataError(
                    f"{path} {wrong}: name a folder that holds the published archive, "
                    "or leave --data and MNIXEL_DIR unset to download it"
                )
            return path
        path = Path(os.environ.get("MNIXEL_CACHE") or CACHE).expanduser() / archive.name
        if fault(content_of(path), archive):
            path.parent.mkdir(parents=True, exist_ok=True)
            content = _download(archive, os.environ.get("MNIXEL_URL") or SOURCE)
            # Two processes at once write the same bytes.
            with replacing(path) as file:
                file.write(content)
        return path
    except OSError as error:
        raise DataError(
            f"cannot read or write {error.filename or archive.name} ({error.strerror or error}): set "
            "MNIXEL_CACHE to a folder that can be written, or MNIXEL_DIR to one that holds the archives"
        ) from error


def _download(archive: Archive, base: str) -> bytes:
    """The archive from `base`/NAME. Reads at most one byte more than it has. Raises DataError."""
    # This client comes with huggingface_hub. Most runs find the file and need no client.
    import httpx2

    url, problem = f"{base.rstrip('/')}/{archive.name}", ""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE * 2 ** (attempt - 1) if attempt else 0)
        content = b""
        try:
            with httpx2.stream("GET", url, timeout=SILENCE, follow_redirects=True) as response:
                response.raise_for_status()
                for chunk in response.iter_bytes():
                    content += chunk[: archive.size + 1 - len(content)]
                    if len(content) > archive.size:
                        break
        except httpx2.HTTPStatusError as error:
            problem = f"status {error.response.status_code}"
            if error.response.status_code < 500 and error.response.status_code not in (408, 429):
                break
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            problem = str(error) or type(error).__name__
        else:
            if wrong := fault(content, archive):
                raise DataError(
                    f"the file at {url} {wrong}: it is not the published archive, "
                    "so set MNIXEL_DIR to a folder that holds that one"
                )
            return content
    raise DataError(
        f"cannot fetch {url} ({problem}): check the connection and run this again, or set MNIXEL_DIR to a "
        "folder that holds the archives"
    )
