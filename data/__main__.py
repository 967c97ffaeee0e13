"""The dataset from the command line: `python -m data stats` and `build OUT`."""

import argparse
import json
import sys
from pathlib import Path

from .archives import DataError
from .cli import run
from .stats import all_counts, draw, table

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def stats(args: argparse.Namespace) -> None:
    """Prints the table of drawings per digit, draws the charts and the sheet of samples, and keeps the counts beside them."""
    counts = all_counts(args.data)
    print(table(counts))
    args.out.mkdir(parents=True, exist_ok=True)
    numbers = {config: {split: n.tolist() for split, n in each.items()} for config, each in counts.items()}
    (args.out.parent / "data.json").write_text(json.dumps(numbers) + "\n")
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
    print(f"wrote {build(args.out, args.data)}")


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m data`."""
    top = argparse.ArgumentParser(
        prog="python -m data", description="The MNIXEL digits: figures, charts, parquet."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    source = argparse.ArgumentParser(add_help=False)
    archives = (
        "where the two archives are (default: MNIXEL_DIR; without it they are downloaded once, and checked)"
    )
    source.add_argument("--data", metavar="FOLDER", help=archives)
    one = commands.add_parser(
        "stats", parents=[source], help="print the drawings per digit, draw charts and samples"
    )
    where = "for the pictures, with the counts beside it in data.json (default: docs/images)"
    one.add_argument("--out", metavar="FOLDER", type=Path, default=IMAGES, help=where)
    one.set_defaults(run=stats)
    two = commands.add_parser("build", parents=[source], help="write the dataset as parquet with its card")
    two.add_argument("out", metavar="OUT", help="the folder to make")
    two.set_defaults(run=build)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `cli.run`."""
    return run(parser(), arguments, DataError)


if __name__ == "__main__":
    sys.exit(main())
