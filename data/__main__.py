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
    counts = all_counts(options.data)
    print(table(counts))
    options.out.mkdir(parents=True, exist_ok=True)
    numbers = {config: {split: n.tolist() for split, n in each.items()} for config, each in counts.items()}
    (options.out.parent / "data.json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")
    for path in draw(options.out, options.data):
        print(f"wrote {path}")


def build(options: argparse.Namespace) -> None:
    from .parquet import build

    print(f"wrote {build(options.out, options.data)}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status of `cli.run`."""
    parser = argparse.ArgumentParser(prog="python -m data", description="The MNIXEL digits: counts, parquet.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "print the drawings per digit, and write their counts and a picture of samples; takes a moment"
    one = commands.add_parser("stats", help=about, description=about)
    where = "for the picture; the counts go beside it, into ../data.json (default: docs/images)"
    one.add_argument("--out", metavar="FOLDER", type=Path, default=IMAGES, help=where)
    one.set_defaults(run=stats)
    about = "write MNIXEL and merged contributions as parquet with a card; takes a few seconds"
    two = commands.add_parser("build", help=about, description=about)
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
