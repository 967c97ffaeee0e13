"""Look at the drawings, or count them.

python -m handwriting sheet OUT.png [--seed N] [--nondigits]    one row a way of writing, or a kind of
non-digit python -m handwriting speed [--count N] [--workers N]           drawings a second
"""

from __future__ import annotations

import argparse
import time

from .drawing import drawings
from .sheet import sheet


def speed(count: int, workers: int | None) -> None:
    """Print how many drawings are made a second."""
    start = time.perf_counter()
    drawings(count, 0, workers)
    took = time.perf_counter() - start
    print(f"{count} drawings in {took:.1f} s: {count / took:.0f} a second")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m handwriting", description="Look at the drawings, or count them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("sheet", help="a picture of every way of writing")
    show.add_argument("out", metavar="OUT.png")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("--nondigits", action="store_true", help="the drawings that are no digits")
    count = commands.add_parser("speed", help="drawings a second")
    count.add_argument("--count", type=int, default=5000)
    count.add_argument("--workers", type=int, help="processes; default: one a core")
    options = parser.parse_args()
    if options.command == "sheet":
        try:
            sheet(options.out, options.seed, options.nondigits)
        except (OSError, ValueError) as error:
            parser.exit(1, f"cannot write the sheet: {error}\n")
    else:
        speed(options.count, options.workers)


if __name__ == "__main__":
    main()
