"""The MNIXEL digits as numpy arrays and as a Hugging Face dataset, read from checked archives."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import board

from .archives import CONFIGS, DataError, locate

if TYPE_CHECKING:
    import datasets

DIGITS = list("0123456789")
# How the Hub names the files of a split.
SHARD = "{split}-00000-of-00001.parquet"


class Arrays(NamedTuple):
    """Both splits of one configuration.

    Images are (n, 28, 28) float64, 0 background .. 255 ink, as upstream stored them. Labels are (n,) int64.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def arrays(config: str = "clean", folder: str | Path | None = None) -> Arrays:
    """The images and labels of one configuration: "raw" (287 train, 123 test) or "clean" (270, 116).

    "raw" also has 24 blank or mislabelled drawings. `archives.locate` finds the archives by `folder`. Raises
    DataError.
    """
    if config not in CONFIGS:
        raise DataError(f"there is no configuration {config!r}: choose {' or '.join(CONFIGS)}")
    with np.load(locate(CONFIGS[config], folder), allow_pickle=False) as archive:
        y_train, y_test = (archive[f"y_{split}_uis"].astype(np.int64) for split in ("train", "test"))
        return Arrays(archive["X_train_uis"], y_train, archive["X_test_uis"], y_test)


def contributed(split: str, folder: str | Path) -> tuple[list[list[board.Stroke]], np.ndarray]:
    """A split's contributed drawings as strokes for `board.render`, and their labels (n,) int64.

    `python -m contributions merge` wrote them to `folder`. Raises DataError if the split is not there.
    """
    path = Path(folder, SHARD.format(split=split))
    if not path.is_file():
        raise DataError(
            f"there are no contributed drawings in {path}: "
            "`python -m contributions merge` writes those that were accepted"
        )
    import datasets

    rows = datasets.Dataset.from_parquet(str(path), keep_in_memory=True)
    strokes = [board.parse_strokes(json.loads(each)) for each in rows["strokes"]]
    return strokes, np.array(rows["label"], dtype=np.int64)


def grey(x: np.ndarray) -> np.ndarray:
    """Stored images (…, 28, 28), rounded to uint8 as in the published dataset."""
    return np.rint(x).astype(np.uint8)


def load(config: str = "clean", folder: str | Path | None = None) -> "datasets.DatasetDict":
    """One configuration as a dataset with the splits `train` and `test`, in upstream's order.

    The features are `image` (28x28, mode "L", white on black), `label` (a ClassLabel "0".."9") and, in "raw",
    `clean`: whether the configuration "clean" also has the picture. Arguments and errors as in `arrays`.
    """
    # A wrong folder is reported before the slow import.
    a, clean = arrays(config, folder), arrays("clean", folder)
    import datasets
    from PIL import Image

    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=DIGITS))
    if config == "raw":
        features["clean"] = datasets.Value("bool")
    # Pixels identify a picture, because no two are equal.
    kept = {picture.tobytes() for picture in (*clean.x_train, *clean.x_test)}

    def split(x: np.ndarray, y: np.ndarray) -> datasets.Dataset:
        columns = {"image": [Image.fromarray(picture) for picture in grey(x)], "label": y.tolist()}
        columns["clean"] = [picture.tobytes() in kept for picture in x]
        return datasets.Dataset.from_dict({name: columns[name] for name in features}, features=features)

    return datasets.DatasetDict(train=split(a.x_train, a.y_train), test=split(a.x_test, a.y_test))
