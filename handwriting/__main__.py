"""The drawing program: `python -m handwriting sheet OUT.png`, `trace LINK` and `build OUT`; see --help."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)

    about = "write a picture of every shape, nine times each; it takes half a minute"
    drawn = commands.add_parser("sheet", help=about, description=about)
    drawn.add_argument("out", metavar="OUT.png", type=Path, help="the picture: .png, .webp or .gif")
    drawn.add_argument("--nondigits", action="store_true", help="draw what is not a digit instead")

    about = "print a drawing that you shared on the page as a line for allographs.txt"
    traced = commands.add_parser("trace", help=about, description=about)
    traced.add_argument("link", metavar="LINK", help="the address that the page's Share button gives")

    about = "write 70,000 drawn digits as parquet files; it takes some three minutes on two cores"
    built = commands.add_parser("build", help=about, description=about)
    built.add_argument("out", metavar="OUT", type=Path, help="the folder to write them to")
    for command in (drawn, built):
        command.add_argument("--seed", type=int, default=0, help="another one draws others (default 0)")
    options = parser.parse_args()
    try:
        if options.command == "sheet":
            from . import sheet

            sheet.sheet(options.out, options.seed, options.nondigits)
        elif options.command == "trace":
            from . import trace

            print(f"DIGIT NAME 10 {trace.trace(options.link)}")
        else:
            from . import dataset

            for path in dataset.build(options.out, options.seed):
                print(f"wrote {path}")
    except (OSError, ValueError) as error:
        parser.exit(1, f"python -m handwriting {options.command}: {error}\n")


if __name__ == "__main__":
    main()
