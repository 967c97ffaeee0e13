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

IMAGES, WEIGHTS = tables.DOCS / "images", tables.ROOT / "weights"


def write_tables() -> None:
    """Write the documents' tables, and the card of the shipped weights, which quotes them."""
    for path in tables.write():
        print(f"wrote {path}")
    report = json.loads((WEIGHTS / "metrics.json").read_text(encoding="utf-8"))
    (WEIGHTS / "README.md").write_text(cards.model_card(report), encoding="utf-8")


def write_pictures() -> None:
    from reports import screenshots

    screenshots.write(IMAGES)


PARTS = {"tables": write_tables, "pictures": write_pictures}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, or 1 after an error in one sentence."""
    parser = argparse.ArgumentParser(
        "python -m reports", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{' or '.join(PARTS)} (default: both)")
    parts = parser.parse_args(arguments).parts
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: choose {', '.join(PARTS)}")
    status = 0
    for name in parts or PARTS:
        try:
            PARTS[name]()
        except ImportError as missing:
            hint = "pip install -r tests/requirements.txt"
            print(f"reports: {name} need {missing.name}: {hint}", file=sys.stderr)
            status = 1
        except (LookupError, OSError, tables.StaleResults) as error:
            print(f"reports: not all {name}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
