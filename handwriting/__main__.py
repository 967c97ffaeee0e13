"""The drawing program: `python -m handwriting sheet OUT.png` and `build OUT`; see --help."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Run the command; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)
    about = "write a picture of every shape, nine times each; it takes half a minute"
    commands.add_parser("sheet", help=about, description=about).add_argument("out", metavar="OUT.png")
    about = "write 70,000 drawn digits as parquet files; it takes some three minutes on two cores"
    commands.add_parser("build", help=about, description=about).add_argument("out", metavar="OUT")
    options = parser.parse_args()
    try:
        # Each command imports what only it needs.
        if options.command == "sheet":
            from .sheet import sheet

            sheet(Path(options.out))
        else:
            from .dataset import build

            for path in build(Path(options.out)):
                print(f"wrote {path}")
    except (OSError, ValueError) as error:
        parser.exit(1, f"python -m handwriting {options.command}: {error}\n")


if __name__ == "__main__":
    main()
