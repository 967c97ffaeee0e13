"""The dataset's configuration `drawn`: digits that this program drew, free to use (CC0)."""

from pathlib import Path

import numpy as np

from .drawing import allograph_of, drawings, hand_of

SIZES = {"train": 60_000, "test": 10_000}  # digits of each split
# Digits in one hand. No hand is in both splits.
EACH = 20
# How the Hub names the files of a split.
SHARD = "{split}-00000-of-00001.parquet"


def build(out: Path, seed: int = 0, sizes: dict[str, int] = SIZES, workers: int | None = None) -> list[Path]:
    """Write the splits as parquet into the folder `out`, and return their paths.

    A row has the network's input (`image`, 28x28), the digit (`label`), the name of its shape in
    allographs.txt (`allograph`) and the number of the hand that drew it (`hand`). Raises OSError.
    """
    import datasets

    # `drawings` has its own progress bar, and writing is quick.
    datasets.disable_progress_bars()
    out.mkdir(parents=True, exist_ok=True)
    features = datasets.Features(
        image=datasets.Image(),
        label=datasets.ClassLabel(names=list("0123456789")),
        allograph=datasets.Value("string"),
        hand=datasets.Value("int32"),
    )
    paths = []
    for part, (split, count) in enumerate(sizes.items()):
        stream = 2 * seed + part
        images, labels = drawings(count, stream, workers, EACH)
        numbers = np.arange(count) // EACH
        owners = [hand_of(stream, number) for number in range(-(-count // EACH))]
        shapes = [allograph_of(owners[n], d).name for n, d in zip(numbers, labels.tolist(), strict=True)]
        hands = numbers + part * SIZES["train"] // EACH
        columns = {"image": list(images), "label": labels, "allograph": shapes, "hand": hands}
        paths.append(out / SHARD.format(split=split))
        datasets.Dataset.from_dict(columns, features).to_parquet(paths[-1])
    return paths


def is_drawn(folder: Path) -> bool:
    """Whether a folder holds both splits as `build` writes them."""
    from pyarrow import parquet

    paths = [folder / SHARD.format(split=split) for split in SIZES]
    return all(path.is_file() and "allograph" in parquet.read_schema(path).names for path in paths)
