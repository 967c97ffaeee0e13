"""The drawing program: `python -m handwriting sheet OUT.png`, `trace LINK` and `build OUT`; see --help."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("sheet", help="a picture of every shape")
    show.add_argument("out", metavar="OUT.png", type=Path)
    show.add_argument("--nondigits", action="store_true", help="the drawings that are not digits")
    traced = commands.add_parser("trace", help="a drawing that you shared, as a line for allographs.txt")
    traced.add_argument("link", metavar="LINK")
    made = commands.add_parser("build", help="the dataset `drawn` as parquet files")
    made.add_argument("out", metavar="OUT", type=Path)
    for command in (show, made):
        command.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        if options.command == "sheet":
            from .sheet import sheet

            sheet(options.out, options.seed, options.nondigits)
        elif options.command == "trace":
            from .trace import trace

            print(f"DIGIT NAME 10 {trace(options.link)}")
        else:
            from .dataset import build

            for path in build(options.out, options.seed):
                print(f"wrote {path}")
    except (OSError, ValueError) as error:
        parser.exit(1, f"python -m handwriting {options.command}: {error}\n")


if __name__ == "__main__":
    main()
