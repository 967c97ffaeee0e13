"""The dataset from the command line: `python -m data stats` and `build OUT`."""

import argparse
import json
import sys
from pathlib import Path

from .archives import DataError
from .cli import run
from .parquet import ROOT, build
from .stats import all_counts, table

COUNTS = ROOT / "docs" / "data.json"
STATS = "print how many drawings each digit has, and write it to docs/data.json; takes a moment"
BUILD = "write MNIXEL and merged contributions as parquet, with a card, to OUT; takes a few seconds"


def stats_command(options: argparse.Namespace) -> None:
    """Print the counts, and write them."""
    counts = all_counts(options.data)
    COUNTS.write_text(json.dumps(counts) + "\n", encoding="utf-8")
    print(f"{table(counts)}\nwrote {COUNTS}")


def build_command(options: argparse.Namespace) -> None:
    """Write the dataset."""
    build(options.out, options.data)
    print(f"wrote {options.out}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status of `cli.run`."""
    parser = argparse.ArgumentParser(prog="python -m data", description="The MNIXEL digits: counts, parquet.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("stats", help=STATS, description=STATS)
    one.set_defaults(run=stats_command)
    two = commands.add_parser("build", help=BUILD, description=BUILD)
    two.set_defaults(run=build_command)
    two.add_argument("out", metavar="OUT", type=Path, help="a folder that does not exist yet")
    archives = "folder of the archives (default: MNIXEL_DIR; without it they are downloaded once)"
    for command in (one, two):
        command.add_argument("--data", metavar="FOLDER", help=archives)
    return run(parser, arguments, DataError)


if __name__ == "__main__":
    sys.exit(main())
