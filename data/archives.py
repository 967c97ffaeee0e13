"""Where the two MNIXEL archives come from: a folder that is named, the cache, or their authors.

An archive is used only when its SHA-256 is the published one. The authors state no licence, so the archives are not part
of this project: they are fetched once and stored in a folder that git ignores. See `locate` for the order.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = "https://raw.githubusercontent.com/Konat23/Deep-Learning-Digit-Clasifier-UI/main/data"
CACHE = Path(__file__).resolve().parent / "cache"
SIDE = 28  # pixels, both ways
ATTEMPTS, PAUSE_S = 4, 0.25  # of a download; the pause before the second one, doubled before each further one
TIMEOUT_S, DEADLINE_S = 20, 300  # seconds: without a byte, and for one attempt in all
CHUNK = 64 * 1024  # bytes
REMEDY = "check the connection and run this again, or set MNIXEL_DIR to a folder that holds the archives"


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
        name="MNIST_UIS2.npz",
        sha256="9b98b4edad6eb22434aaab973aafd9a3b024cdad61e38e1cd6740868b1b0c9cf",
        size=2_423_570,
        train=270,
        test=116,
    ),
    "raw": Archive(
        name="MNIST_UIS.npz",
        sha256="9ae1c23959753249e478bc1b0cabb30596b4b2602d9d747d23ba9254196fbae6",
        size=2_574_194,
        train=287,
        test=123,
    ),
}


def fault(path: Path, archive: Archive) -> str:
    """What is wrong with the file at `path`, or "" when it is the published archive, bit for bit."""
    if not path.is_file():
        return "is missing"
    if (size := path.stat().st_size) != archive.size:  # cheap, and spares hashing a huge file
        return f"has {size:,} bytes instead of {archive.size:,}"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if digest == archive.sha256 else f"has the SHA-256 {digest[:12]}… instead of {archive.sha256[:12]}…"


def locate(archive: Archive, folder: str | Path | None = None, cache: str | Path | None = None) -> Path:
    """The path of a checked copy of `archive`.

    A folder that is named, by the argument or else by the environment variable MNIXEL_DIR, is the only place looked at:
    someone who names one wants that file and no other. Otherwise the file comes from `cache` (MNIXEL_CACHE, or
    `data/cache`), after a download from the authors (or from the mirror that MNIXEL_URL names) when it is not there.

    Raises:
        DataError: the file is not in the named folder, is not the published one, or cannot be fetched or stored.
    """
    try:
        if folder := folder or os.environ.get("MNIXEL_DIR"):
            path = Path(folder).expanduser() / archive.name
            if wrong := fault(path, archive):
                raise DataError(
                    f"{path} {wrong}: name a folder that holds the published archive, "
                    "or leave --data and MNIXEL_DIR unset to download it"
                )
            return path
        path = Path(cache or os.environ.get("MNIXEL_CACHE") or CACHE).expanduser() / archive.name
        if fault(path, archive):
            _download(archive, os.environ.get("MNIXEL_URL") or SOURCE, path)
        return path
    except OSError as error:
        raise DataError(
            f"cannot read or write {error.filename or archive.name} ({error.strerror or error}): set MNIXEL_CACHE to a "
            "folder that can be written, or MNIXEL_DIR to one that holds the archives"
        ) from error


def _download(archive: Archive, base: str, path: Path) -> None:
    """Fetch `base`/NAME to `path`, which exists only when it is whole and right. Raises DataError, OSError."""
    url = f"{base.rstrip('/')}/{archive.name}"
    if not url.startswith(("https://", "http://")):
        raise DataError(f"MNIXEL_URL should begin with https:// or http://, but it is {base!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    problem = ""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE_S * 2 ** (attempt - 1) if attempt else 0)
        with tempfile.TemporaryDirectory(
            dir=path.parent
        ) as work:  # each process its own; the last one wins, with the same bytes
            part = Path(work, archive.name)
            problem = _transfer(archive, url, part)
            if not problem:
                if wrong := fault(part, archive):
                    raise DataError(
                        f"the file at {url} {wrong}: it is not the published archive, "
                        "so set MNIXEL_DIR to a folder that holds that one"
                    )
                os.replace(part, path)
                return
    raise DataError(f"cannot fetch {url} ({problem}): {REMEDY}")


def _transfer(archive: Archive, url: str, part: Path) -> str:
    """One request, at most one byte more than the archive has; returns "" or a passing problem. Raises DataError for another."""
    import http.client  # only now: most runs find the file and need no network code
    import urllib.error
    import urllib.request

    deadline, count = time.monotonic() + DEADLINE_S, 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response, part.open("wb") as file:
            declared = response.length
            while count <= archive.size and (chunk := response.read1(min(CHUNK, archive.size + 1 - count))):
                count += file.write(chunk)
                if time.monotonic() > deadline:
                    return f"only {count:,} of {archive.size:,} bytes in {DEADLINE_S} s"
    except urllib.error.HTTPError as error:
        if error.code in (408, 429) or error.code >= 500:
            return f"status {error.code} {error.reason}"
        raise DataError(f"{url} answers {error.code} {error.reason}: {REMEDY}") from None
    except (ValueError, http.client.InvalidURL) as error:
        raise DataError(f"{url} is no usable address ({error}): set MNIXEL_URL to one, or leave it unset") from None
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", "") or error or type(error).__name__)
    if declared is not None and count < min(declared, archive.size):
        return f"the connection closed after {count:,} of {archive.size:,} bytes"
    return ""
