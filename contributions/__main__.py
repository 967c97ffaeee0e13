"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contributions.database import Declined
from data.archives import DataError
from data.commands import run

WEIGHTS = Path(__file__).parent.parent / "weights"
MOST = 240  # drawings on the sheets of one review: twenty pages
WORDS = "ids, their beginnings, or rules for what the latest sheet shows: all, good, blank, duplicate, agrees, unsure, disagrees"


def store_of(args: argparse.Namespace):
    """The store of contributed drawings. Raises DataError when there is none."""
    from contributions.merge import open_store
    from contributions.service import place

    store = open_store(args.store)
    if store is None:
        folder = args.store or place()[0]
        raise DataError(f"there are no contributions in {folder}: name their folder in --store or CONTRIBUTIONS_DIR")
    return store


def network(named: str):
    """The network in a folder, or in a repository of the Hub. Raises DataError."""
    from model import DigitCNN

    try:
        return DigitCNN.from_pretrained(Path(named) if Path(named).is_dir() else named)
    except (OSError, ValueError) as error:
        raise DataError(f"{str(error).rstrip('.')}: name weights in --weights") from error


def review(args: argparse.Namespace) -> None:
    """Shows what waits, or accepts and rejects."""
    from contributions import review

    store = store_of(args)
    if args.accept or args.reject:
        accepted, rejected = review.judge(store, args.accept, args.reject)
        print(f"{accepted} accepted, {rejected} rejected")
        return
    shown = review.waiting(store, network(args.weights), args.most)
    (waiting,) = store.ask("SELECT count(*) FROM kept WHERE state = 'waiting'")[0]
    for path in review.save_sheets(shown, args.out):
        print(f"wrote {path}")
    review.remember(store, [facts for _, facts in shown])
    print(review.table(shown, waiting - len(shown)))


def merge(args: argparse.Namespace) -> None:
    """Writes what is accepted as the configuration `contributed`."""
    from contributions.merge import FOLDER, merge

    folder = args.out or FOLDER
    counts = merge(store_of(args), folder)
    print(f"wrote {folder}: {counts['train']} train, {counts['test']} test, no writer in both")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m contributions`."""
    top = argparse.ArgumentParser(prog="python -m contributions", description="Contributed drawings: review and merge.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    says = {
        review: "show contributed drawings that wait; accept or reject those that were shown",
        merge: "write what is accepted as the configuration `contributed`",
    }
    one, two = (commands.add_parser(function.__name__, help=text) for function, text in says.items())
    for command, function in ((one, review), (two, merge)):
        command.set_defaults(run=function)
        command.add_argument(
            "--store", type=Path, help="folder of the drawings (CONTRIBUTIONS_DIR, or data/submissions)"
        )
    sheet = Path("contributions-sheet.png")
    one.add_argument("--out", type=Path, default=sheet, help=f"file for the sheets of pictures (default {sheet})")
    one.add_argument("--weights", default=str(WEIGHTS), help="folder or OWNER/NAME: whose opinion is shown")
    one.add_argument("--most", type=int, default=MOST, help=f"drawings to show (default {MOST})")
    one.add_argument("--accept", metavar="ID", nargs="+", default=[], help=WORDS)
    one.add_argument("--reject", metavar="ID", nargs="+", default=[], help="the same; what both name is rejected")
    two.add_argument("--out", type=Path, help="folder to write to (default data/contributed)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `data.commands.run`."""
    return run(parser(), arguments, DataError, Declined)


if __name__ == "__main__":
    sys.exit(main())
