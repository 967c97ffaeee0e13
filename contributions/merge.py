"""Merges accepted drawings into the dataset's configuration `contributed`; its parts share no writer."""

from __future__ import annotations

import hashlib
from pathlib import Path

from contributions.export import write_parquet
from contributions.mirror import Mirror
from contributions.service import store_location
from contributions.store import FILE, Declined, Store
from data.archives import DataError, replacing
from data.mnixel import SHARD
from data.parquet import CONTRIBUTED
from publishing import hub

# The file beside the shards that holds the path of their store.
SOURCE = "merged-from.txt"
TEST_SHARE = 5  # every fifth writer


def split_of(writer: str) -> str:
    """ "train" or "test": depends on the writer alone, so that no drawing ever changes sides."""
    return "test" if int(hashlib.sha256(writer.encode()).hexdigest()[:8], 16) % TEST_SHARE == 0 else "train"


def merge(store: Store, folder: Path = CONTRIBUTED) -> dict[str, int]:
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
    (folder / SOURCE).write_text(str(store.folder.resolve()), encoding="utf-8")
    return counts


def open_store(named: Path | None = None) -> Store:
    """The store in `named` or the default folder; updated from CONTRIBUTIONS_REPO if that is set.

    Raises DataError when the store does not exist or cannot be used, or the Hub cannot be asked.
    """
    default, repository = store_location()
    folder = named or default
    if not repository and not (folder / FILE).is_file():
        raise DataError(f"there are no contributions in {folder}: name their folder in CONTRIBUTIONS_DIR")
    try:
        store = Store(folder)
        if repository:
            came, went = Mirror(store, repository).pull()
            print(f"from {repository}: {came} new, {went} deleted")
        return store
    except Declined as error:
        raise DataError(str(error)) from error
    except Exception as error:
        # The Hub's clients raise many kinds of errors.
        raise DataError(hub.explain(error, repository or "the store")) from error


def refresh(folder: Path = CONTRIBUTED) -> None:
    """Merge `folder` again from its store, so that drawings deleted since then are gone.

    Raises DataError when that cannot be done, also when the store has moved.
    """
    if not any(folder.glob("*.parquet")):
        return
    try:
        source = Path((folder / SOURCE).read_text(encoding="utf-8"))
        (source / FILE).stat()
    except (OSError, ValueError):
        raise DataError(
            f"the store that {folder} was merged from has moved or cannot be found, so drawings that were "
            "deleted since then would stay in it: name the store's folder in CONTRIBUTIONS_DIR and run "
            f"`python -m contributions merge --out {folder}` again, or delete {folder}"
        ) from None
    merge(open_store(source), folder)
