"""The maintainer's commands for contributed drawings: `python -m contributions review` and `merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contributions.store import Store, StoreError
from data.archives import DataError
from data.commands import run

WEIGHTS = Path(__file__).parent.parent / "weights"
MOST = 240  # drawings on the sheets of one review: twenty pages


def store_of(args: argparse.Namespace) -> Store:
    """The store of contributed drawings. Raises DataError when there is none."""
    from contributions.merge import open_store
    from contributions.settings import from_environment

    store = open_store(args.store)
    if store is None:
        folder = args.store or from_environment().folder
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
    from contributions.sheet import save_sheets

    store = store_of(args)
    if args.accept or args.reject:
        try:
            accepted, rejected = review.judge(store, args.accept, args.reject)
        except review.ReviewError as error:
            raise DataError(str(error)) from error
        print(f"{accepted} accepted, {rejected} rejected")
        return
    shown = review.waiting(store, network(args.weights), args.most)
    (waiting,) = store.ask("SELECT count(*) FROM kept WHERE state = 'waiting'")[0]
    for path in save_sheets(shown, args.out):
        print(f"wrote {path}")
    review.remember(store, [facts for _, facts in shown])
    print(review.table(shown, waiting - len(shown)))


def merge(args: argparse.Namespace) -> None:
    """Writes what is accepted as the configuration `contributed`."""
    from contributions.merge import FOLDER, merge

    counts = merge(store_of(args), args.out or FOLDER)
    print(f"wrote {args.out or FOLDER}: {counts['train']} train, {counts['test']} test, no writer in both")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m contributions`."""
    top = argparse.ArgumentParser(prog="python -m contributions", description="Contributed drawings: review and merge.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    kept = argparse.ArgumentParser(add_help=False)
    kept.add_argument(
        "--store", metavar="FOLDER", type=Path, help="of the drawings (default: CONTRIBUTIONS_DIR, or data/submissions)"
    )
    one = commands.add_parser(
        "review", parents=[kept], help="show contributed drawings that wait; accept or reject those that were shown"
    )
    one.add_argument(
        "--out", metavar="FILE", type=Path, default=Path("contributions-sheet.png"), help="for the sheets of pictures"
    )
    one.add_argument(
        "--weights",
        metavar="FOLDER",
        default=str(WEIGHTS),
        help="or OWNER/NAME: whose opinion is shown (default: weights)",
    )
    one.add_argument("--most", metavar="N", type=int, default=MOST, help=f"drawings to show (default {MOST})")
    words = "ids, their beginnings, or rules for what the latest sheet shows: all, good, blank, duplicate, agrees, unsure, disagrees"
    one.add_argument("--accept", metavar="ID", nargs="+", default=[], help=words)
    one.add_argument("--reject", metavar="ID", nargs="+", default=[], help="the same; what both name is rejected")
    one.set_defaults(run=review)

    two = commands.add_parser("merge", parents=[kept], help="write what is accepted as the configuration `contributed`")
    two.add_argument("--out", metavar="FOLDER", type=Path, help="where to (default: data/contributed)")
    two.set_defaults(run=merge)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `data.commands.run`."""
    return run(parser(), arguments, DataError, StoreError)


if __name__ == "__main__":
    sys.exit(main())
