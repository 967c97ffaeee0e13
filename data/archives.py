"""Where the two MNIXEL archives come from: a folder that is named, the cache, or their authors.

An archive is used only when its SHA-256 is the published one. The authors state no licence, so the archives are not part
of this project: they are fetched once and kept in a folder that git ignores. See `locate` for the order.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

SOURCE = "https://raw.githubusercontent.com/Konat23/Deep-Learning-Digit-Clasifier-UI/main/data"
CACHE = Path(__file__).resolve().parent / "cache"
SIDE = 28  # pixels, both ways


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

    @property
    def arrays(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """The shape and dtype of every array in the file, under upstream's own names."""
        return {
            "X_train_uis": ((self.train, SIDE, SIDE), "float64"),
            "y_train_uis": ((self.train,), "int32"),
            "X_test_uis": ((self.test, SIDE, SIDE), "float64"),
            "y_test_uis": ((self.test,), "int32"),
        }


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
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if found == archive.sha256 else f"has the SHA-256 {found[:12]}… instead of {archive.sha256[:12]}…"


def locate(archive: Archive, folder: str | Path | None = None, cache: str | Path | None = None) -> Path:
    """The path of a checked copy of `archive`.

    A folder that is named, by the argument or else by the environment variable MNIXEL_DIR, is the only place looked at:
    someone who names one wants that file and no other. Otherwise the file comes from `cache` (MNIXEL_CACHE, or
    `data/cache`), after a download from the authors (or from the mirror that MNIXEL_URL names) when it is not there.

    Raises:
        DataError: the file is not in the named folder, is not the published one, or cannot be fetched or kept.
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
            from .download import download  # only now: most runs find the file and need no network code

            download(archive, os.environ.get("MNIXEL_URL") or SOURCE, path)
        return path
    except OSError as error:
        raise DataError(
            f"cannot read or write {error.filename or archive.name} ({error.strerror or error}): set MNIXEL_CACHE to a "
            "folder that can be written, or MNIXEL_DIR to one that holds the archives"
        ) from error
