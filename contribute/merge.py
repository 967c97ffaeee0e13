"""Accepted drawings as the dataset's configuration `contributed`, with a train and a test part that share no writer."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contribute.store import Drawing, Store, StoreError, default_folder
from data.archives import DataError

if TYPE_CHECKING:
    import datasets

FOLDER = Path(__file__).parent.parent / "data" / "contributed"  # git ignores it: it is other people's work
SHARD = "{split}-00000-of-00001.parquet"
SOURCE = "merged-from.txt"  # beside them: the store that they come from
TEST_SHARE = 5  # every fifth writer


def split_of(writer: str) -> str:
    """ "train" or "test", for good: it depends on the writer alone, so that no drawing ever changes sides."""
    return "test" if int(hashlib.sha256(writer.encode()).hexdigest()[:8], 16) % TEST_SHARE == 0 else "train"


def dataset(drawings: Sequence[Drawing]) -> datasets.Dataset:
    """Drawings as rows: image 28x28, label, strokes (JSON), and where they are from. No receipt, and no time finer than a day."""
    import datasets
    from PIL import Image

    from contribute.export import images
    from data.mnixel import DIGITS

    text = datasets.Value("string")
    features = datasets.Features(
        image=datasets.Image(),
        label=datasets.ClassLabel(names=DIGITS),
        strokes=text,
        writer=text,
        source=text,
        licence=text,
        day=text,
    )
    return datasets.Dataset.from_dict(
        {
            "image": [Image.fromarray(image) for image in images(drawings)],
            "label": [int(drawing.label) for drawing in drawings],
            "strokes": [json.dumps(drawing.strokes, separators=(",", ":")) for drawing in drawings],
            "writer": [drawing.writer for drawing in drawings],
            "source": [drawing.source for drawing in drawings],
            "licence": [drawing.licence for drawing in drawings],
            "day": [drawing.utc[:10] for drawing in drawings],
        },
        features=features,
    )


def merge(store: Store, folder: Path = FOLDER) -> dict[str, int]:
    """Write what is accepted to `folder`, replacing what was there; returns drawings per split. What was deleted is gone from it."""
    accepted = [drawing for drawing, _ in store.drawings("accepted")]
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for split in ("train", "test"):
        mine = [drawing for drawing in accepted if split_of(drawing.writer) == split]
        counts[split] = len(mine)
        path = folder / SHARD.format(split=split)
        if not mine:
            path.unlink(missing_ok=True)
            continue
        with tempfile.TemporaryDirectory(dir=folder) as work:
            part = Path(work, path.name)
            dataset(mine).to_parquet(part)
            part.replace(path)
    (folder / SOURCE).write_text(str(store.folder.resolve()))
    return counts


def open_store(named: Path | None = None) -> Store | None:
    """The store in `named` (else the default folder), up to date with CONTRIBUTIONS_REPO if that is set; None when there is none.

    Raises DataError when it cannot be used or the Hub cannot be asked.
    """
    from contribute.mirror import Mirror
    from publishing import hub

    folder, repository = named or default_folder(), os.environ.get("CONTRIBUTIONS_REPO")
    if not repository and not (folder / "contributions.sqlite").is_file():
        return None
    try:
        store = Store(folder)
        if repository:
            came, went = Mirror(store, repository, start=False).pull()
            print(f"from {repository}: {came} new, {went} deleted")
        return store
    except StoreError as error:
        raise DataError(str(error)) from error
    except Exception as error:  # the Hub's clients raise many kinds
        raise DataError(hub.explain(error, repository or "the store")) from error


def refresh(folder: Path = FOLDER) -> None:
    """Write `folder` anew from the store that it was merged from, so that what was deleted since is gone. Raises DataError."""
    try:
        source = Path((folder / SOURCE).read_text())
    except OSError:
        return  # never merged here
    if any(folder.glob("*.parquet")) and (store := open_store(source)):
        merge(store, folder)
