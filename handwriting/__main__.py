"""`python -m handwriting build OUT` writes 70,000 drawn digits as parquet files."""

from __future__ import annotations

import argparse
from pathlib import Path

from .dataset import build


def main() -> None:
    """Run the command; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)
    about = "write 70,000 drawn digits as parquet files; it takes some three minutes on two cores"
    commands.add_parser("build", help=about, description=about).add_argument("out", metavar="OUT", type=Path)
    options = parser.parse_args()
    try:
        for path in build(options.out):
            print(f"wrote {path}")
    except OSError as error:
        parser.exit(1, f"python -m handwriting {options.command}: {error}\n")


if __name__ == "__main__":
    main()
