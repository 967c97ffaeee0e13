"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contributions.database import Declined
from contributions.merge import FOLDER, merge, open_store
from contributions.service import place
from contributions.store import Store
from data.archives import DataError
from data.commands import run

WEIGHTS = Path(__file__).parent.parent / "weights"
SHEET = Path("contributions-sheet.png")
MOST = 240  # drawings on the sheets of one review: twenty pages
RULES = "ids, their beginnings, or rules for the latest sheet: all, good, blank, duplicate, agrees, unsure, disagrees"


def existing_store() -> Store:
    """The store of contributed drawings. Raises DataError when there is none."""
    if store := open_store():
        return store
    raise DataError(f"there are no contributions in {place()[0]}: name their folder in CONTRIBUTIONS_DIR")


def review_command(options: argparse.Namespace) -> None:
    """Show the waiting drawings, or accept and reject."""
    from contributions import review  # with torch, which `merge` does without
    from model import DigitCNN

    store = existing_store()
    if options.accept or options.reject:
        accepted, rejected = review.judge(store, options.accept, options.reject)
        print(f"{accepted} accepted, {rejected} rejected")
        return
    try:
        weights = options.weights
        net = DigitCNN.from_pretrained(Path(weights) if Path(weights).is_dir() else weights)
    except (OSError, ValueError) as error:
        raise DataError(f"{str(error).rstrip('.')}: name weights in --weights") from error
    shown = review.waiting(store, net, options.most)
    for path in review.save_sheets(shown, options.out):
        print(f"wrote {path}")
    review.remember(store, [facts for _, facts in shown])
    print(review.table(shown, store.waiting() - len(shown)))


def merge_command(options: argparse.Namespace) -> None:
    """Write the accepted drawings as the configuration `contributed`."""
    counts = merge(existing_store(), options.out)
    print(f"wrote {options.out}: {counts['train']} train, {counts['test']} test, no writer in both")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `data.commands.run`."""
    parser = argparse.ArgumentParser(
        prog="python -m contributions", description="Contributed drawings: review and merge."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    review = commands.add_parser(
        "review", help="show the drawings that wait; accept or reject those that were shown"
    )
    review.set_defaults(run=review_command)
    review.add_argument(
        "--out", type=Path, default=SHEET, help=f"file for the sheets of pictures (default {SHEET})"
    )
    review.add_argument(
        "--weights", default=str(WEIGHTS), help="folder or OWNER/NAME of the network that is asked"
    )
    review.add_argument("--most", type=int, default=MOST, help=f"drawings to show (default {MOST})")
    review.add_argument("--accept", metavar="ID", nargs="+", default=[], help=RULES)
    review.add_argument(
        "--reject", metavar="ID", nargs="+", default=[], help="the same; what both name is rejected"
    )
    merging = commands.add_parser(
        "merge", help="write the accepted drawings as the configuration `contributed`"
    )
    merging.set_defaults(run=merge_command)
    merging.add_argument(
        "--out", type=Path, default=FOLDER, help="folder to write to (default data/contributed)"
    )
    return run(parser, arguments, DataError, Declined)


if __name__ == "__main__":
    sys.exit(main())
