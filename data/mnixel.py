"""The MNIXEL digits as numpy arrays and as a Hugging Face dataset, read from checked archives."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .archives import CONFIGS, Archive, DataError, locate

if TYPE_CHECKING:
    import datasets

DIGITS = list("0123456789")
HEADER = 4096  # bytes; room for the .npy header of one member (numpy writes 128)
REMEDY = "fetch the archive again, or set MNIXEL_DIR to a folder that holds the published one"


class Arrays(NamedTuple):
    """Both splits of one configuration."""

    x_train: np.ndarray  # (n, 28, 28) float64, 0 background .. 255 ink, as upstream stored it
    y_train: np.ndarray  # (n,) int64, 0..9
    x_test: np.ndarray
    y_test: np.ndarray


def read(path: str | Path, archive: Archive) -> dict[str, np.ndarray]:
    """The arrays of the file at `path`, under upstream's names, when they are what `archive` says; nothing is unpickled.

    Members are sized up before they are decompressed and their headers before memory is taken, so a file made to
    exhaust the memory is refused like any other wrong one.

    Raises:
        DataError: the file cannot be read, or an array is missing, foreign, of another shape or type, or out of range.
    """
    try:
        with zipfile.ZipFile(path) as file:
            members = {member.filename.removesuffix(".npy"): member for member in file.infolist()}
            if set(members) != set(archive.arrays) or len(members) != len(file.infolist()):
                raise ValueError(f"it should hold {', '.join(archive.arrays)} and nothing else")
            return {key: _array(file, members[key], *expected) for key, expected in archive.arrays.items()}
    # zipfile reports an unknown compression as NotImplementedError and an encrypted member as RuntimeError.
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be used: {error}; {REMEDY}") from error


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """One array, read only after its declared size, and then its own header, promise `shape` and `dtype`."""
    expected = f"{member.filename} should be {dtype} {shape}"
    if member.file_size > np.dtype(dtype).itemsize * np.prod(shape) + HEADER:
        raise ValueError(f"{expected}, but it unpacks to {member.file_size:,} bytes")
    raw = io.BytesIO(file.read(member))  # zipfile stops at the declared size
    if (version := np.lib.format.read_magic(raw)) != (1, 0):
        raise ValueError(f"{expected} in .npy format 1.0, but the format is {version[0]}.{version[1]}")
    found_shape, _, found_dtype = np.lib.format.read_array_header_1_0(raw)
    if found_shape != shape or found_dtype != np.dtype(dtype):
        raise ValueError(f"{expected}, but it is {found_dtype} {found_shape}")
    raw.seek(0)
    array = np.load(raw, allow_pickle=False)
    top = 255 if len(shape) > 1 else 9  # images hold grey levels, labels hold digits
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > top:
        raise ValueError(f"{member.filename} should hold numbers from 0 to {top} only")
    return array


def arrays(config: str = "clean", folder: str | Path | None = None) -> Arrays:
    """The images and labels of one configuration, exactly as upstream stored them.

    Args:
        config: "clean" (270 train, 116 test; upstream's MNIST_UIS2.npz) or "raw" (287, 123; MNIST_UIS.npz, which also
            has 24 blank or mislabelled drawings).
        folder: where the archives are; without it MNIXEL_DIR, the cache, or a download, see `archives.locate`.

    Raises:
        DataError: there is no such configuration, or the archive cannot be had or is not the published one.
    """
    if config not in CONFIGS:
        raise DataError(f"there is no configuration {config!r}: choose {' or '.join(CONFIGS)}")
    found = read(locate(CONFIGS[config], folder), CONFIGS[config])
    return Arrays(
        x_train=found["X_train_uis"],
        y_train=found["y_train_uis"].astype(np.int64),
        x_test=found["X_test_uis"],
        y_test=found["y_test_uis"].astype(np.int64),
    )


def contributed(split: str, folder: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28) float64 0..255 and labels (n,) int64 of a split ("train", "test") that `python -m contribute merge` wrote.

    Raises:
        DataError: there is no such split in `folder`.
    """
    path = Path(folder, f"{split}-00000-of-00001.parquet")
    if not path.is_file():
        raise DataError(
            f"there are no contributed drawings in {path}: `python -m contribute merge` writes those that were accepted"
        )
    import datasets

    rows = datasets.Dataset.from_parquet(str(path), keep_in_memory=True)
    return np.stack([np.asarray(row, dtype=np.float64) for row in rows["image"]]), np.array(
        rows["label"], dtype=np.int64
    )


def grey(x: np.ndarray) -> np.ndarray:
    """Stored images (…, 28, 28) float64 0..255 rounded to uint8, the pixels of the published dataset."""
    return np.rint(x).astype(np.uint8)


def load(config: str = "clean", folder: str | Path | None = None) -> "datasets.DatasetDict":
    """One configuration as a dataset with the splits `train` and `test`, in upstream's order.

    Features: `image`, 28x28, mode "L", white on black, rounded to whole grey levels; `label`, a ClassLabel "0".."9"; in "raw" also
    `clean`, whether the configuration "clean" has the picture, too.
    Arguments and errors are those of `arrays`.
    """
    a = arrays(config, folder)  # before the slow import, so that a wrong folder is reported at once
    import datasets  # seconds to import, and training does without
    from PIL import Image

    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=DIGITS))
    splits = {"train": (a.x_train, a.y_train), "test": (a.x_test, a.y_test)}
    kept = dict.fromkeys(splits)
    if config == "raw":
        features["clean"], clean = datasets.Value("bool"), arrays("clean", folder)
        kept = {"train": among(a.x_train, clean.x_train), "test": among(a.x_test, clean.x_test)}
    return datasets.DatasetDict(
        {
            name: datasets.Dataset.from_dict(
                {"image": [Image.fromarray(image) for image in grey(x)], "label": y.tolist()}
                | ({"clean": kept[name]} if kept[name] else {}),
                features=features,
            )
            for name, (x, y) in splits.items()
        }
    )


def among(pictures: np.ndarray, chosen: np.ndarray) -> list[bool]:
    """For each of `pictures` whether it is among `chosen`, which are some of them in the same order."""
    found, rest = [], iter(chosen)
    wanted = next(rest, None)
    for picture in pictures:
        found.append(wanted is not None and np.array_equal(picture, wanted))
        if found[-1]:
            wanted = next(rest, None)
    return found
