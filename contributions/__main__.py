"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contributions.merge import merge, open_store
from contributions.store import Declined
from data.archives import DataError
from data.cli import run
from data.parquet import CONTRIBUTED

WEIGHTS = Path(__file__).parent.parent / "weights"
REVIEW = """\
Draw the 60 earliest waiting drawings on a sheet of pictures, sheet.png in the store's folder, which
CONTRIBUTIONS_DIR names (data/submissions). It takes some seconds. With --accept or --reject, note the
decisions in the store instead, at once. With CONTRIBUTIONS_REPO, first fetch what the Hub has."""
MERGE = """\
Write the accepted drawings as train and test parquet files, in place of earlier ones, to data/contributed. No
writer is in both. It takes a second for every thousand drawings or so."""
CHOICE = (
    "ids, their beginnings, or rules for the latest sheet: "
    "all, good, blank, duplicate, agrees, unsure, disagrees"
)
NEXT = "next: `python -m contributions review --reject disagrees blank`, then `... review --accept good`"
NOTHING_ACCEPTED = (
    "no drawing has been accepted, so {} holds none: look at those that wait with "
    "`python -m contributions review`, accept with `... review --accept good`, then merge again"
)


def review_command(options: argparse.Namespace) -> None:
    """Show the waiting drawings, or accept and reject."""
    # `review` imports torch, which `merge` does without.
    from contributions import review
    from model import DigitCNN

    store = open_store()
    if options.accept or options.reject:
        accepted, rejected = review.judge(store, options.accept, options.reject)
        print(f"{accepted} accepted, {rejected} rejected")
        print(f"next: `python -m contributions {'merge' if accepted else 'review --accept good'}`")
        return
    shown = review.waiting(store, DigitCNN.from_pretrained(WEIGHTS))
    review.remember(store, shown)
    print(review.summary(shown, store.waiting()))
    if not shown:
        print("next: `python -m contributions merge`")
        return
    path = store.folder / "sheet.png"
    review.sheet(shown).save(path)
    print(f"wrote {path}\n{NEXT}")


def merge_command(options: argparse.Namespace) -> None:
    """Write the accepted drawings as the configuration `contributed`."""
    counts = merge(open_store(), options.out)
    if not any(counts.values()):
        print(NOTHING_ACCEPTED.format(options.out))
        return
    print(f"wrote {options.out}: {counts['train']} train, {counts['test']} test, no writer in both")
    print("next: `python train.py --with-contributions`, or publish the dataset")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `data.cli.run`."""
    description = "Contributed drawings: review them, then merge the accepted ones."
    parser = argparse.ArgumentParser(prog="python -m contributions", description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    review = commands.add_parser("review", help="show what waits, accept, reject", description=REVIEW)
    review.set_defaults(run=review_command)
    add = review.add_argument
    add("--accept", metavar="ID", nargs="+", default=[], help=CHOICE)
    add("--reject", metavar="ID", nargs="+", default=[], help="the same; what both name is rejected")
    merging = commands.add_parser("merge", help="write the accepted drawings", description=MERGE)
    merging.set_defaults(run=merge_command)
    merging.add_argument(
        "--out", type=Path, default=CONTRIBUTED, help="folder to write to (default: data/contributed)"
    )
    return run(parser, arguments, DataError, Declined)


if __name__ == "__main__":
    sys.exit(main())
