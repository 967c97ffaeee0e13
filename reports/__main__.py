"""Draw the results: `python -m reports` writes tables, cards and pictures.

python -m reports tables      the tables in README.md and docs/results.md, and the model card in weights/:
                              a few seconds
python -m reports pictures    the page in a browser and its animation, in docs/images: some two minutes
"""

from __future__ import annotations

import argparse
import json
import sys

from reports import cards, tables


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, or 1 after an error in one sentence."""
    parser = argparse.ArgumentParser(
        "python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=("tables", "pictures"), help="default: both")
    part = parser.parse_args(arguments).part
    try:
        if part != "pictures":
            tables.write()
            weights = tables.ROOT / "weights"
            report = json.loads((weights / "metrics.json").read_text(encoding="utf-8"))
            (weights / "README.md").write_text(cards.model_card(report), encoding="utf-8")
        if part != "tables":
            # The tables need no browser.
            from reports import screenshots

            screenshots.write(tables.DOCS / "images")
    except (LookupError, tables.StaleResults) as error:
        print(f"reports: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
