"""The dataset from the command line: `python -m data stats` and `build OUT`."""

import argparse
import json
import sys
from pathlib import Path

from .archives import DataError
from .commands import run
from .stats import CARD, all_counts, draw, table, updated

IMAGES = CARD.parent / "docs" / "images"


def stats(args: argparse.Namespace) -> None:
    """Prints the table of drawings per digit and draws the charts and the sheet of samples."""
    counts = all_counts(args.data)
    print(table(counts))
    args.out.mkdir(parents=True, exist_ok=True)
    numbers = {config: {split: n.tolist() for split, n in each.items()} for config, each in counts.items()}
    (args.out.parent / "data.json").write_text(json.dumps(numbers) + "\n")
    if args.card:
        args.card.write_text(updated(args.card.read_text(encoding="utf-8"), counts), encoding="utf-8")
        print(f"wrote the table in {args.card}")
    try:
        for path in draw(args.out, args.data):
            print(f"wrote {path}")
    except ImportError:
        print("no charts drawn, they need matplotlib: pip install matplotlib", file=sys.stderr)


def build(args: argparse.Namespace) -> None:
    """Writes the dataset as parquet with its card."""
    import datasets

    from .parquet import build

    datasets.disable_progress_bars()  # four files of a hundred kilobytes
    print(f"wrote {build(args.out, args.data, args.force)}")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m data`."""
    top = argparse.ArgumentParser(prog="python -m data", description="The MNIXEL digits: figures, charts, parquet.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the two archives are (default: MNIXEL_DIR; without it they are downloaded once, and checked)",
    )

    one = commands.add_parser("stats", parents=[source], help="print the drawings per digit, draw charts and samples")
    one.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=IMAGES,
        help="for the pictures, with the counts beside it in data.json (default: docs/images)",
    )
    one.add_argument(
        "--card",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=CARD,
        help="also rewrite the table in the dataset card (default FILE: dataset_card.md)",
    )
    one.set_defaults(run=stats)

    two = commands.add_parser("build", parents=[source], help="write the dataset as parquet with its card")
    two.add_argument("out", metavar="OUT", help="the folder to make")
    two.add_argument("--force", action="store_true", help="when OUT holds other things, rename it to OUT.before")
    two.set_defaults(run=build)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `commands.run`."""
    return run(parser(), arguments, DataError)


if __name__ == "__main__":
    sys.exit(main())
