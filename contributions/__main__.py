"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

import argparse
import sys
from pathlib import Path

from contributions import review
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
Write the accepted drawings as train and test parquet files to data/contributed, in place of earlier ones. No
writer is in both. It takes about a second for every thousand drawings."""
CHOICE = f"ids, their beginnings, or rules for the latest sheet: {', '.join(review.RULES)}"


def review_command(options: argparse.Namespace) -> None:
    """Show the waiting drawings, or accept and reject."""
    store = open_store()
    if options.accept or options.reject:
        accepted, rejected = review.judge(store, options.accept, options.reject)
        print(f"{accepted} accepted, {rejected} rejected")
        print(f"next: `python -m contributions {'merge' if accepted else 'review --accept agrees'}`")
        return
    # This imports torch, and the other commands do not need it.
    from model import DigitCNN

    shown = review.waiting(store, DigitCNN.from_pretrained(WEIGHTS))
    review.remember(store, shown)
    print(review.summary(store, shown))
    if not shown:
        print("next: `python -m contributions merge`")
        return
    path = store.folder / "sheet.png"
    review.sheet(shown).save(path)
    print(f"wrote {path}")
    print("next: `python -m contributions review --reject disagrees`, then `... review --accept agrees`")


def merge_command(options: argparse.Namespace) -> None:
    """Write the accepted drawings as the configuration `contributed`."""
    counts = merge(open_store(), options.out)
    if any(counts.values()):
        print(f"wrote {options.out}: {counts['train']} train, {counts['test']} test, no writer in both")
        print("next: `python train.py --with-contributions`, or publish the dataset")
    else:
        print(f"no drawing has been accepted, so {options.out} holds none")
        print("next: `python -m contributions review`")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status of `data.cli.run`."""
    description = "Contributed drawings: review them, then merge the accepted ones."
    parser = argparse.ArgumentParser(prog="python -m contributions", description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("review", help="show what waits, accept, reject", description=REVIEW)
    one.set_defaults(run=review_command)
    one.add_argument("--accept", metavar="ID", nargs="+", default=[], help=CHOICE)
    one.add_argument("--reject", metavar="ID", nargs="+", default=[], help="as --accept, over which it wins")
    two = commands.add_parser("merge", help="write the accepted drawings", description=MERGE)
    two.set_defaults(run=merge_command)
    two.add_argument("--out", type=Path, default=CONTRIBUTED, help="folder to write (data/contributed)")
    return run(parser, arguments, DataError, Declined)


if __name__ == "__main__":
    sys.exit(main())
