"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contributions.merge import merge, open_store
from contributions.service import store_location
from contributions.store import Declined, Store
from data.archives import DataError
from data.cli import run
from data.parquet import CONTRIBUTED

WEIGHTS = Path(__file__).parent.parent / "weights"
SHEET = Path("contributions-sheet.png")
CHOICE = (
    "ids, their beginnings, or rules for the latest sheet: "
    "all, good, blank, duplicate, agrees, unsure, disagrees"
)
NEXT = "next: `python -m contributions review --reject disagrees blank`, then `... review --accept good`"
NOTHING_ACCEPTED = (
    "no drawing has been accepted, so {} holds none: look at those that wait with "
    "`python -m contributions review`, accept with `... review --accept good`, then merge again"
)


def existing_store() -> Store:
    """The store of contributed drawings. Raises DataError when there is none."""
    if store := open_store():
        return store
    folder = store_location()[0]
    raise DataError(f"there are no contributions in {folder}: name their folder in CONTRIBUTIONS_DIR")


def review_command(options: argparse.Namespace) -> None:
    """Show the waiting drawings, or accept and reject."""
    # `review` imports torch, which `merge` does without.
    from contributions import review
    from model import DigitCNN

    store = existing_store()
    if options.accept or options.reject:
        accepted, rejected = review.judge(store, options.accept, options.reject)
        print(f"{accepted} accepted, {rejected} rejected")
        if accepted:
            print("next: `python -m contributions merge`")
        return
    try:
        weights = options.weights
        net = DigitCNN.from_pretrained(Path(weights) if Path(weights).is_dir() else weights)
    except (OSError, ValueError) as error:
        raise DataError(f"{str(error).rstrip('.')}: name weights in --weights") from error
    shown = review.waiting(store, net)
    review.remember(store, shown)
    print(review.table(shown, store.waiting() - len(shown)))
    if shown:
        review.sheet(shown).save(options.out)
        print(f"wrote {options.out}\n{NEXT}")


def merge_command(options: argparse.Namespace) -> None:
    """Write the accepted drawings as the configuration `contributed`."""
    counts = merge(existing_store(), options.out)
    if any(counts.values()):
        print(f"wrote {options.out}: {counts['train']} train, {counts['test']} test, no writer in both")
    else:
        print(NOTHING_ACCEPTED.format(options.out))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `data.cli.run`."""
    parser = argparse.ArgumentParser(
        prog="python -m contributions", description="Contributed drawings: review and merge."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shown = "show the drawings that wait; accept or reject those that were shown"
    review = commands.add_parser("review", help=shown)
    review.set_defaults(run=review_command)
    add = review.add_argument
    add("--out", type=Path, default=SHEET, help=f"file for the sheet of pictures (default {SHEET})")
    add("--weights", default=str(WEIGHTS), help="folder or OWNER/NAME of the network that is asked")
    add("--accept", metavar="ID", nargs="+", default=[], help=CHOICE)
    add("--reject", metavar="ID", nargs="+", default=[], help="the same; what both name is rejected")
    written = "write the accepted drawings as the configuration `contributed`"
    merging = commands.add_parser("merge", help=written)
    merging.set_defaults(run=merge_command)
    folder = "folder to write to (default data/contributed)"
    merging.add_argument("--out", type=Path, default=CONTRIBUTED, help=folder)
    return run(parser, arguments, DataError, Declined)


if __name__ == "__main__":
    sys.exit(main())
