"""The drawing program: `python -m handwriting sheet OUT.png` and `build OUT`; see --help."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Run the command; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, argument, about in (
        ("sheet", "OUT.png", "write a picture of every shape, nine times each; it takes half a minute"),
        ("build", "OUT", "write 70,000 drawn digits as parquet files; it takes some three minutes"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("out", metavar=argument, type=Path)
    options = parser.parse_args()
    try:
        # Each command imports what only it needs.
        if options.command == "sheet":
            from .sheet import sheet

            sheet(options.out)
        else:
            from .dataset import build

            for path in build(options.out):
                print(f"wrote {path}")
    except (OSError, ValueError) as error:
        parser.exit(1, f"python -m handwriting {options.command}: {error}\n")


if __name__ == "__main__":
    main()
