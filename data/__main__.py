"""The dataset from the command line: `python -m data stats` and `build OUT`."""

import argparse
import json
import sys
from pathlib import Path

from .archives import DataError
from .cli import run
from .stats import all_counts, draw, table

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def stats(options: argparse.Namespace) -> None:
    """Print the table of drawings per digit, write its counts as JSON and the sheet of samples."""
    counts = all_counts(options.data)
    print(table(counts))
    options.out.mkdir(parents=True, exist_ok=True)
    numbers = {config: {split: n.tolist() for split, n in each.items()} for config, each in counts.items()}
    (options.out.parent / "data.json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")
    for path in draw(options.out, options.data):
        print(f"wrote {path}")


def build(options: argparse.Namespace) -> None:
    """Write the dataset as parquet with its card."""
    import datasets

    from .parquet import build

    # Four files of a hundred kilobytes need no progress bars.
    datasets.disable_progress_bars()
    print(f"wrote {build(options.out, options.data)}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `cli.run`."""
    parser = argparse.ArgumentParser(prog="python -m data", description="The MNIXEL digits: counts, parquet.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("stats", help="print the drawings per digit, write a picture of samples")
    where = "for the picture, with the counts beside it in data.json (default: docs/images)"
    one.add_argument("--out", metavar="FOLDER", type=Path, default=IMAGES, help=where)
    one.set_defaults(run=stats)
    two = commands.add_parser("build", help="write the dataset as parquet with its card")
    two.add_argument("out", metavar="OUT", help="the folder to make")
    two.set_defaults(run=build)
    archives = (
        "where the archives are (default: MNIXEL_DIR; without it they are downloaded once, and checked)"
    )
    for command in (one, two):
        command.add_argument("--data", metavar="FOLDER", help=archives)
    return run(parser, arguments, DataError)


if __name__ == "__main__":
    sys.exit(main())
