"""The download of one archive: resumed, bounded, checked, and visible to others only when whole.

Bytes go to `NAME.part`; only a file whose SHA-256 is the published one is renamed to NAME. So neither a cut connection,
nor a killed process, nor a second process at the same time can leave half a file where `locate` looks.
"""

import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .archives import Archive, DataError, fault

TIMEOUT_S = 20  # to connect, and for each read: a server that sends nothing for so long is given up
DEADLINE_S = 600  # for one file in all; what has arrived by then is kept and resumed by the next run
ATTEMPTS = 4
PAUSE_S = 0.25  # before the second attempt; doubled before each further one
CHUNK = 64 * 1024  # bytes
REMEDY = "check the connection and run this again, or set MNIXEL_DIR to a folder that holds the archives"
FOREIGN = "it is not the published archive, so set MNIXEL_DIR to a folder that holds that one"


class _Interrupted(Exception):
    """A transfer that stopped early for a reason that may pass."""


def download(archive: Archive, base: str, path: Path) -> None:
    """Fetches `base`/NAME into `path`, or waits for another process that is doing so.

    Raises:
        DataError: the address is unusable, the server keeps failing, or what it serves is not the published archive.
        OSError: the folder of `path` cannot be written.
    """
    import filelock

    url = f"{base.rstrip('/')}/{archive.name}"
    if not url.startswith(("https://", "http://")):
        raise DataError(f"MNIXEL_URL should begin with https:// or http://, but it is {base!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The operating system frees the lock when its owner dies, so a killed download blocks nobody.
        with filelock.FileLock(path.with_name(path.name + ".lock"), timeout=DEADLINE_S):
            if fault(path, archive):  # nobody fetched it while this process waited
                _fetch(archive, url, path)
    except filelock.Timeout:
        raise DataError(
            f"another process has been downloading {archive.name} for more than {DEADLINE_S} s: stop it and run this again"
        ) from None


def _fetch(archive: Archive, url: str, path: Path) -> None:
    """Attempts the transfer until the part is whole and right, then renames it to `path`. The caller holds the lock."""
    part = path.with_name(path.name + ".part")
    deadline = time.monotonic() + DEADLINE_S
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        try:
            resumed = _transfer(archive, url, part, deadline)
        except _Interrupted as error:
            problem = str(error)
            if time.monotonic() > deadline:
                break
            continue
        problem = fault(part, archive)
        if not problem:
            os.replace(part, path)
            return
        part.unlink()  # wrong bytes are no base for another attempt
        if not resumed:
            raise DataError(f"the file at {url} {problem}: {FOREIGN}")
    raise DataError(f"cannot fetch {url} ({problem}): {REMEDY}")


def _transfer(archive: Archive, url: str, part: Path, deadline: float) -> bool:
    """Brings `part` to the full size with one request. Returns whether older bytes were built upon."""
    start = part.stat().st_size if part.exists() else 0
    if start == archive.size:  # killed after the last byte and before the check
        return True
    if start > archive.size:
        part.unlink()
        start = 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # the server's file ends before our part does: ours cannot be right
                part.unlink(missing_ok=True)
            elif error.code not in (408, 429) and error.code < 500:
                raise DataError(f"{url} answers {error.code} {error.reason}: {REMEDY}") from None
            raise _Interrupted(f"status {error.code} {error.reason}") from None
    except (ValueError, http.client.InvalidURL) as error:
        raise DataError(f"{url} is no usable address ({error}): set MNIXEL_URL to one, or leave it unset") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(str(getattr(error, "reason", "") or error or type(error).__name__)) from None

    with response:
        if response.status != 206:
            start = 0  # the server sends the whole file, whatever was asked for
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise _Interrupted("the server sent another range than the one asked for")
        if response.length is not None and response.length != archive.size - start:
            found = f"has {start + response.length:,} bytes instead of {archive.size:,}"
            raise DataError(f"the file at {url} {found}: {FOREIGN}")
        with part.open("ab" if start else "wb") as file:
            for chunk in _chunks(response, start, archive, deadline):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    return start > 0


def _chunks(response: http.client.HTTPResponse, start: int, archive: Archive, deadline: float) -> Iterator[bytes]:
    """The bytes of `response` from offset `start` up to the archive's size, never more, with a progress bar."""
    from tqdm import tqdm

    done = start
    # disable=None: no bar where the output is not a terminal
    with tqdm(total=archive.size, initial=start, unit="B", unit_scale=True, desc=archive.name, disable=None) as bar:
        while done < archive.size:
            if time.monotonic() > deadline:
                raise _Interrupted(f"only {done:,} of {archive.size:,} bytes in {DEADLINE_S} s")
            try:
                chunk = response.read1(min(CHUNK, archive.size - done))
            except (OSError, http.client.HTTPException) as error:
                raise _Interrupted(str(error) or type(error).__name__) from None
            if not chunk:
                raise _Interrupted(f"the connection closed after {done:,} of {archive.size:,} bytes")
            done += len(chunk)
            bar.update(len(chunk))
            yield chunk
