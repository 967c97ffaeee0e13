"""Draw the results: `python -m reports` writes tables, cards and pictures.

python -m reports tables      the tables in README.md and docs/results.md, and the model card in weights/:
                              a few seconds
python -m reports pictures    the page in a browser and its animation, in docs/images: some two minutes
"""

import argparse
import json
import sys

from data.cli import run
from reports import cards, tables


def draw(options: argparse.Namespace) -> None:
    """Draw the tables, the pictures, or both. Raises StaleResults, or LookupError without a browser."""
    if options.part != "pictures":
        tables.write()
        weights = tables.ROOT / "weights"
        report = json.loads((weights / "metrics.json").read_text(encoding="utf-8"))
        (weights / "README.md").write_text(cards.model_card(report), encoding="utf-8")
    if options.part != "tables":
        # The tables need no browser.
        from reports import screenshots

        screenshots.write(tables.DOCS / "images")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, or 1 after an error in one sentence."""
    parser = argparse.ArgumentParser(
        "python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=("tables", "pictures"), help="default: both")
    parser.set_defaults(run=draw)
    return run(parser, arguments, LookupError, tables.StaleResults)


if __name__ == "__main__":
    sys.exit(main())
