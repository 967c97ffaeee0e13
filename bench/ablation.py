"""What each part of the recipe is worth: `python -m bench.ablation [RECIPE ...]`.

It reads what `python train.py --recipe NAME --seeds N` left in runs/NAME (ours: in weights), and counts each
seed's misses on MNIXEL's 116 test images. The network of the first seed also reads pendigits (FREEHAND_DIR)
and both halves of UNIPEN (UNIPEN_DIR). The rows go to docs/recipes.json in some minutes; `python -m reports
tables` draws them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import pendigits, sets, unipen
from bench.classifiers import Classifier, ours, upstreams
from model import DigitCNN
from reports import tables

ROOT = Path(__file__).parent.parent
ABLATIONS = {  # recipe -> what it is, and how many seeds are run
    "nearest-pixels": ("1-nearest-neighbour on the pixels as they are", 1),
    "nearest-normalised": ("1-nearest-neighbour after our preprocessing", 1),
    "upstream": ("upstream's network, preprocessing and recipe", 5),
    "mnixel-only": ("our network on MNIXEL alone, normalised and augmented", 3),
    "drawn-only": ("our network on drawn digits alone, no MNIXEL", 3),
    "quick": ("our network on both, quick", 3),
    "ours": ("our network on both, in full", 3),
}


def on_people(classify: Classifier, strokes: Path, root: Path) -> dict[str, dict[str, int]]:
    """Right and total on each half of UNIPEN in `root`, and on pendigits in the folder `strokes`."""
    people = {
        "UNIPEN, not looked at": sets.collections(root, looked_at=False),
        "UNIPEN, looked at": sets.collections(root, looked_at=True),
        "pendigits": [sets.pendigits(strokes)],
    }
    counts = {}
    for name, parts in people.items():
        right = total = 0
        for part in parts:
            right += int((classify(part.pictures)[0].argmax(1) == part.labels).sum())
            total += len(part.labels)
        if total:
            counts[name] = {"right": right, "total": total}
    return counts


def measure(recipe: str, strokes: Path, root: Path) -> dict | None:
    """The row of docs/recipes.json for a recipe, None unless its command ran with the right seeds."""
    out = ROOT / ("weights" if recipe == "ours" else f"runs/{recipe}")
    title, seeds = ABLATIONS[recipe]
    file = out / "metrics.json"
    report = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"seeds": {}}
    if (report.get("recipe"), report.get("test_set"), len(report["seeds"])) != (recipe, tables.MNIXEL, seeds):
        command = tables.command(recipe, seeds)
        print(f"{out} has no {recipe} on MNIXEL's test images with {seeds} seeds: {command}", file=sys.stderr)
        return None
    has_ours = (out / "config.json").is_file()
    classify = ours(DigitCNN.from_pretrained(out)) if has_ours else upstreams(out)
    people = on_people(classify, strokes, root) if classify else {}
    rights = list(report["seeds"].values())
    return {"title": title, "rights": rights, "total": report["test"]["total"], "people": people}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m bench.ablation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"{', '.join(ABLATIONS)} (default: all)")
    tables.add_publish(parser)
    options = parser.parse_args(arguments)
    if unknown := set(options.recipes) - set(ABLATIONS):
        parser.error(f"there is no {', '.join(sorted(unknown))} among {', '.join(ABLATIONS)}")
    root, strokes = unipen.folder(), pendigits.folder()
    # Otherwise a row without other people's digits would replace one that has them.
    if root is None or strokes is None:
        sys.exit("bench.ablation: UNIPEN_DIR and FREEHAND_DIR have to name the digits to measure with.")
    measured = {recipe: measure(recipe, strokes, root) for recipe in options.recipes or ABLATIONS}
    rows = tables.stored("recipes").get("recipes", {}) | {name: row for name, row in measured.items() if row}
    results = {"recipes": {name: rows[name] for name in ABLATIONS if name in rows}}
    print(tables.recipes(results))
    tables.store("recipes", results, options.publish)


if __name__ == "__main__":
    main()
