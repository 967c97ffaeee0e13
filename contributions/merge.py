"""Merges accepted drawings into the dataset's configuration `contributed`. Its splits share no writer."""

import hashlib
import json
from pathlib import Path

from PIL import Image

import board
from contributions.mirror import Mirror
from contributions.rows import DIGITS, Drawing
from contributions.service import store_location
from contributions.store import FILE, Declined, Store
from data.archives import DataError
from data.mnixel import SHARD
from data.parquet import CONTRIBUTED
from publishing import hub

# This file beside the shards names the folder of the store that they came from.
SOURCE = "merged-from.txt"
# One writer in so many is in the test split.
TEST_SHARE = 5
TEXTS = ("strokes", "writer", "source", "licence", "day")


def split_of(writer: str) -> str:
    """The split of a writer: always the same, so that no drawing moves from one to the other."""
    return "test" if int(hashlib.sha256(writer.encode()).hexdigest()[:8], 16) % TEST_SHARE == 0 else "train"


def merge(store: Store, folder: Path = CONTRIBUTED) -> dict[str, int]:
    """Write the accepted drawings to `folder`, in place of earlier ones; returns how many each split has."""
    import datasets

    datasets.disable_progress_bars()
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=DIGITS))
    features |= {name: datasets.Value("string") for name in TEXTS}
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict]] = {"train": [], "test": []}
    for drawing in store.each("state = 'accepted'"):
        found[split_of(drawing.writer)].append(_row(drawing))
    for split, rows in found.items():
        path = folder / SHARD.format(split=split)
        if rows:
            datasets.Dataset.from_list(rows, features=features).to_parquet(path)
        else:
            path.unlink(missing_ok=True)
    (folder / SOURCE).write_text(str(store.folder.resolve()), encoding="utf-8")
    return {split: len(rows) for split, rows in found.items()}


def _row(drawing: Drawing) -> dict:
    """What is published of a drawing: not its receipt, and not the time of day."""
    return {
        "image": Image.frombytes("L", (board.SMALL, board.SMALL), drawing.image),
        "label": int(drawing.label),
        "strokes": json.dumps(drawing.strokes, separators=(",", ":")),
        "writer": drawing.writer,
        "source": drawing.source,
        "licence": drawing.licence,
        "day": drawing.utc[:10],
    }


def open_store() -> Store:
    """The store in CONTRIBUTIONS_DIR, brought up to date from CONTRIBUTIONS_REPO if that is set.

    Raises DataError when the store does not exist or cannot be used, or when the Hub does not answer.
    """
    folder, repository = store_location()
    if not repository and not (folder / FILE).is_file():
        raise DataError(f"there are no contributions in {folder}: name their folder in CONTRIBUTIONS_DIR")
    try:
        store = Store(folder)
        if repository:
            Mirror(store, repository).pull()
        return store
    except Declined as error:
        raise DataError(str(error)) from error
    except Exception as error:
        # The Hub's clients raise many kinds of errors.
        raise DataError(hub.explain(error, repository or "the store")) from error


def refresh(folder: Path = CONTRIBUTED) -> None:
    """Merge `folder` again, if it has drawings, so that those deleted since then are gone.

    Raises DataError as `open_store` does, and when the drawings came from another store.
    """
    if not any(folder.glob("*.parquet")):
        return
    store = open_store()
    if (folder / SOURCE).read_text(encoding="utf-8") != str(store.folder.resolve()):
        raise DataError(f"{folder} was not merged from {store.folder}: name its store in CONTRIBUTIONS_DIR")
    merge(store, folder)
