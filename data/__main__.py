"""The dataset from the command line: `python -m data stats` and `build OUT`."""

import argparse
import json
import sys
from pathlib import Path

from .archives import DataError
from .cli import run
from .stats import all_counts, table

COUNTS = Path(__file__).resolve().parent.parent / "docs" / "data.json"


def stats(options: argparse.Namespace) -> None:
    counts = all_counts(options.data)
    print(table(counts))
    numbers = {config: {split: n.tolist() for split, n in each.items()} for config, each in counts.items()}
    COUNTS.write_text(json.dumps(numbers) + "\n", encoding="utf-8")
    print(f"wrote {COUNTS}")


def build(options: argparse.Namespace) -> None:
    from .parquet import build

    build(options.out, options.data)
    print(f"wrote {options.out}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status of `cli.run`."""
    parser = argparse.ArgumentParser(prog="python -m data", description="The MNIXEL digits: counts, parquet.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "print the drawings per digit, and write them to docs/data.json; takes a moment"
    one = commands.add_parser("stats", help=about, description=about)
    one.set_defaults(run=stats)
    about = "write MNIXEL and merged contributions as parquet, with a card, to OUT; takes a few seconds"
    two = commands.add_parser("build", help=about, description=about)
    two.add_argument("out", metavar="OUT", type=Path, help="a folder that does not exist yet")
    two.set_defaults(run=build)
    archives = "folder of the archives (default: MNIXEL_DIR; without it they are downloaded once)"
    for command in (one, two):
        command.add_argument("--data", metavar="FOLDER", help=archives)
    return run(parser, arguments, DataError)


if __name__ == "__main__":
    sys.exit(main())
