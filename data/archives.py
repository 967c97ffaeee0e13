"""Where the two MNIXEL archives come from: a folder that is named, the cache, or their authors.

An archive is used only when its SHA-256 is the published one. The authors state no licence, so the archives are not part
of this project: they are fetched once and stored in a folder that git ignores. See `locate` for the order.
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
SIDE = 28  # pixels, both ways
ATTEMPTS, PAUSE_S = 4, 0.25  # of a download; the pause before the second one, doubled before each further one
TIMEOUT_S, DEADLINE_S = 20, 300  # seconds: without a byte, and for one attempt in all


class DataError(RuntimeError):
    """Data that cannot be had or cannot be trusted. The message is one sentence that also says what to do."""


@dataclass(frozen=True)
class Archive:
    """One upstream file: what it is called, how it is recognised and what it holds."""

    name: str
    sha256: str  # of the whole file, lower-case hexadecimal
    size: int  # bytes, of the whole file
    train: int  # images in the split
    test: int


CONFIGS = {
    "clean": Archive(
        "MNIST_UIS2.npz",
        "9b98b4edad6eb22434aaab973aafd9a3b024cdad61e38e1cd6740868b1b0c9cf",
        2_423_570,
        270,
        116,
    ),
    "raw": Archive(
        "MNIST_UIS.npz",
        "9ae1c23959753249e478bc1b0cabb30596b4b2602d9d747d23ba9254196fbae6",
        2_574_194,
        287,
        123,
    ),
}


def fault(content: bytes | bytearray, archive: Archive) -> str:
    """What is wrong with the content of a file, or "" when it is the published archive, bit for bit."""
    if len(content) != archive.size:
        return f"has {len(content):,} bytes instead of {archive.size:,}"
    digest = hashlib.sha256(content).hexdigest()
    return (
        ""
        if digest == archive.sha256
        else f"has the SHA-256 {digest[:12]}… instead of {archive.sha256[:12]}…"
    )


def fault_of(path: Path, archive: Archive) -> str:
    """`fault` of a file, of which no more is read than needed."""
    if not path.is_file():
        return "is missing"
    with path.open("rb") as file:
        return fault(file.read(archive.size + 1), archive)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` once it is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        part = Path(work, path.name)
        with part.open("wb") as file:
            yield file
        part.replace(path)


def locate(archive: Archive, folder: str | Path | None = None) -> Path:
    """The path of a checked copy of `archive`.

    A folder that is named, by the argument or else by the environment variable MNIXEL_DIR, is the only place looked at:
    someone who names one wants that file and no other. Otherwise the file comes from the cache (MNIXEL_CACHE, or
    `data/cache`), after a download from the authors (or from the mirror that MNIXEL_URL names) when it is not there.

    Raises:
        DataError: the file is not in the named folder, is not the published one, or cannot be fetched or stored.
    """
    try:
        if folder := folder or os.environ.get("MNIXEL_DIR"):
            path = Path(folder).expanduser() / archive.name
            if wrong := fault_of(path, archive):
                raise DataError(
                    f"{path} {wrong}: name a folder that holds the published archive, "
                    "or leave --data and MNIXEL_DIR unset to download it"
                )
            return path
        path = Path(os.environ.get("MNIXEL_CACHE") or CACHE).expanduser() / archive.name
        if fault_of(path, archive):
            path.parent.mkdir(parents=True, exist_ok=True)
            content = _download(archive, os.environ.get("MNIXEL_URL") or SOURCE)
            with replacing(path) as file:  # of two processes the last one wins, with the same bytes
                file.write(content)
        return path
    except OSError as error:
        raise DataError(
            f"cannot read or write {error.filename or archive.name} ({error.strerror or error}): set MNIXEL_CACHE to a "
            "folder that can be written, or MNIXEL_DIR to one that holds the archives"
        ) from error


def _download(archive: Archive, base: str) -> bytes:
    """The archive from `base`/NAME; at most one byte more than it has is read. Raises DataError."""
    import httpx2  # huggingface_hub's own; only now, because most runs find the file

    url, problem = f"{base.rstrip('/')}/{archive.name}", ""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE_S * 2 ** (attempt - 1) if attempt else 0)
        content, deadline = bytearray(), time.monotonic() + DEADLINE_S
        try:
            with httpx2.stream("GET", url, timeout=TIMEOUT_S, follow_redirects=True) as response:
                response.raise_for_status()
                for chunk in response.iter_bytes():
                    content += chunk[: archive.size + 1 - len(content)]
                    if len(content) > archive.size:
                        break
                    if time.monotonic() > deadline:
                        raise httpx2.ReadTimeout(f"only {len(content):,} bytes in {DEADLINE_S} s")
        except httpx2.HTTPStatusError as error:
            problem = f"status {error.response.status_code}"
            if error.response.status_code < 500 and error.response.status_code not in (408, 429):
                break
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise DataError(
                f"{url} is no usable address ({error}): set MNIXEL_URL to one, or leave it unset"
            ) from None
        except httpx2.RequestError as error:
            problem = str(error) or type(error).__name__
        else:
            if wrong := fault(content, archive):
                raise DataError(
                    f"the file at {url} {wrong}: it is not the published archive, "
                    "so set MNIXEL_DIR to a folder that holds that one"
                )
            return bytes(content)
    raise DataError(
        f"cannot fetch {url} ({problem}): check the connection and run this again, or set MNIXEL_DIR to a folder that holds the archives"
    )
