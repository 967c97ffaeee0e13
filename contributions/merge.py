"""Merges accepted drawings into the dataset's configuration `contributed`; its train and test parts share no writer."""

from __future__ import annotations

import hashlib
from pathlib import Path

from contributions.database import FILE
from contributions.export import write_parquet
from contributions.mirror import Mirror
from contributions.service import place
from contributions.store import Store, StoreError
from data.archives import DataError, replacing
from publishing import hub

FOLDER = Path(__file__).parent.parent / "data" / "contributed"  # git ignores it: it is other people's work
SHARD = "{split}-00000-of-00001.parquet"
SOURCE = "merged-from.txt"  # beside them: the path of their store
TEST_SHARE = 5  # every fifth writer


def split_of(writer: str) -> str:
    """ "train" or "test": depends on the writer alone, so that no drawing ever changes sides."""
    return "test" if int(hashlib.sha256(writer.encode()).hexdigest()[:8], 16) % TEST_SHARE == 0 else "train"


def merge(store: Store, folder: Path = FOLDER) -> dict[str, int]:
    """Write the accepted drawings to `folder` in place of earlier ones; returns drawings per split."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for split in ("train", "test"):
        path = folder / SHARD.format(split=split)
        mine = (
            drawing for drawing, _ in store.each("state = 'accepted'") if split_of(drawing.writer) == split
        )
        with replacing(path) as file:
            counts[split] = write_parquet(mine, file)
        if not counts[split]:
            path.unlink()
    (folder / SOURCE).write_text(str(store.folder.resolve()))
    return counts


def open_store(named: Path | None = None) -> Store | None:
    """The store in `named` or the default folder, updated from CONTRIBUTIONS_REPO if that is set; None when there is none.

    Raises DataError when the store cannot be used or the Hub cannot be asked.
    """
    default, repository = place()
    folder = named or default
    if not repository and not (folder / FILE).is_file():
        return None
    try:
        store = Store(folder)
        if repository:
            came, went = Mirror(store, repository).pull()
            print(f"from {repository}: {came} new, {went} deleted")
        return store
    except StoreError as error:
        raise DataError(str(error)) from error
    except Exception as error:  # the Hub's clients raise many kinds
        raise DataError(hub.explain(error, repository or "the store")) from error


def refresh(folder: Path = FOLDER) -> None:
    """Merge `folder` again from its store, so that drawings deleted since then are gone. Raises DataError."""
    if not (folder / SOURCE).is_file():
        return  # never merged here
    try:
        source = Path((folder / SOURCE).read_text())
    except ValueError as error:
        raise DataError(
            f"{folder / SOURCE} is not text; run `python -m contributions merge` again."
        ) from error
    if any(folder.glob("*.parquet")) and (store := open_store(source)):
        merge(store, folder)
