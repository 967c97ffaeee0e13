"""What each part of the recipe is worth: `python -m bench.ablation recipes|operators [NAME ...]`.

    recipes     what `python train.py --recipe NAME --seeds N` left in runs/NAME (ours: in weights), in misses on MNIXEL's 116 test
                images -> docs/recipes.json
    operators   the quick recipe without one operator of the drawing program at a time, seed 0 -> docs/operators.json. Log loss tells
                more than accuracy here, because one operator moves a few digits in ten thousand. A changed recipe is measured anew

Both read the digits of people who never train, at natural sizes, with the network of the first seed: UNIPEN in its two halves and
pendigits, which UNIPEN_DIR and FREEHAND_DIR have to name. `python -m reports` draws the tables.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import data
from bench import freehand, readers, sets, unipen
from handwriting.allographs import ALLOGRAPHS
from handwriting.drawing import BLEND
from handwriting.operators import OPERATORS
from model import FORMAT, DigitCNN
from reports import tables
from training import recipes as trained
from training.ours import normalised, train_ours

ROOT = Path(__file__).parent.parent
ABLATIONS = {  # recipe -> what it is, and how many seeds are run
    "nearest-pixels": ("1-nearest-neighbour on the pixels as they are", 1),
    "nearest-normalised": ("1-nearest-neighbour after our preprocessing", 1),
    "upstream": ("upstream's network, preprocessing and recipe", 5),
    "mnixel-only": ("our network on MNIXEL alone, normalised and augmented", 3),
    "drawn-only": ("our network on drawn digits alone, no MNIXEL", 3),
    "quick": ("our network on both, quick", 3),
    "ours": ("our network on both: what ships", 3),
}
WHOLE = "none"  # operator that is left out: the results of the recipe with all of them
NAMES = (*OPERATORS, BLEND)


# --- digits of people who never train ---------------------------------------------------------------------------------


def people() -> Iterator[tuple[str, list[sets.Set]]]:
    """The sets that are there, by name, each in parts."""
    if (root := unipen.folder()) is not None:
        for name, looked_at in (("UNIPEN, not looked at", False), ("UNIPEN, looked at", True)):
            half = [each for each in unipen.collections(root) if (each in unipen.LOOKED_AT) == looked_at]
            yield name, [part for _, part in sets.collections(root, freehand.NATURAL, half)]
    if (folder := freehand.folder()) is not None:
        yield "pendigits", [sets.pendigits(folder, freehand.NATURAL)]


def on_people(read: readers.Reader) -> dict[str, tuple[int, int, float]]:
    """Of each set that is there: right, total and log loss."""
    result = {}
    for name, parts in people():
        if not parts:
            continue
        probabilities = np.concatenate([read(part.pictures)[0] for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        of_label = probabilities[np.arange(len(labels)), labels]
        loss = float(-np.log(np.maximum(of_label, 1e-6)).mean())
        result[name] = int((probabilities.argmax(1) == labels).sum()), len(labels), loss
    return result


# --- recipes ----------------------------------------------------------------------------------------------------------


def measure_recipe(recipe: str) -> dict | None:
    """The row of docs/recipes.json for a recipe; None where its command has left nothing, or other seeds."""
    out = ROOT / ("weights" if recipe == "ours" else f"runs/{recipe}")
    report = (
        json.loads((out / "metrics.json").read_text()) if (out / "metrics.json").is_file() else {"seeds": {}}
    )
    title, seeds = ABLATIONS[recipe]
    line = f"python train.py --recipe {recipe}{f' --seeds {seeds}' if seeds > 1 else ''}"
    if (report.get("recipe"), report.get("test_set"), len(report["seeds"])) != (recipe, "MNIXEL test", seeds):
        print(f"{out} holds no {recipe} on MNIXEL's test images with {seeds} seeds: {line}", file=sys.stderr)
        return None
    ours = (out / "config.json").is_file()
    read = readers.our_reader(DigitCNN.from_pretrained(out)) if ours else readers.upstream_reader(out)
    row = {
        "title": title,
        "command": line,
        "rights": list(report["seeds"].values()),
        "total": report["test"]["total"],
    }
    row["people"] = (
        {name: [right, total] for name, (right, total, _) in on_people(read).items()} if read else {}
    )
    return row | {"seconds": report["seconds"]}


def run_recipes(names: list[str]) -> str:
    """Put the named recipes, or all that were trained, into docs/recipes.json; returns the table."""
    rows = {recipe: row for recipe in names or ABLATIONS if (row := measure_recipe(recipe))}
    results = tables.stored("recipes") | rows
    tables.store("recipes", {name: results[name] for name in ABLATIONS if name in results})
    return tables.recipes(tables.stored("recipes"))


# --- operators --------------------------------------------------------------------------------------------------------


def identity() -> str:
    """Hash of the quick recipe, its allographs and operators; stored results with another hash are stale."""
    settings = [repr(trained.RECIPES["quick"]), str(FORMAT)]
    settings += [f"{each.digit} {each.name} {each.weight}" for d in range(10) for each in ALLOGRAPHS[d]]
    settings += [f"{op.name} {op.share} {op.digits}" for op in OPERATORS.values()]
    return hashlib.sha256("\n".join(settings).encode()).hexdigest()[:16]


def measure_operators(without: tuple[str, ...], arrays: data.Arrays) -> dict[str, list[float]]:
    """Accuracy and log loss on each set of the quick recipe without some operators, seed 0."""
    config = replace(trained.RECIPES["quick"], without=without)
    net = train_ours(normalised(arrays.x_train), torch.from_numpy(arrays.y_train), 0, config).net
    measured = on_people(readers.our_reader(net))
    return {name: [right / total, loss] for name, (right, total, loss) in measured.items()}


def run_operators(names: list[str], arrays: data.Arrays) -> str:
    """Measure the quick recipe whole and without each of the named operators, or of all; returns the table."""
    torch.set_num_threads(1)  # as train.py does; two are slower, too
    results = tables.stored("operators")
    if results.get("of") != identity():
        results = {"of": identity()}
    for name in [WHOLE, *(names or NAMES)]:
        if name not in results or name in names:
            results[name] = measure_operators(() if name == WHOLE else (name,), arrays)
            tables.store("operators", results)  # after each: hours may go into them
    return tables.operators(results)


# --- command ----------------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__.split(":")[0] + ".")
    known = {"recipes": ABLATIONS, "operators": NAMES}
    parser.add_argument("what", choices=known)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a recipe or operator (default: all)")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known[options.what]):
        parser.error(f"there is no {', '.join(sorted(unknown))} among {', '.join(known[options.what])}")
    if (
        unipen.folder() is None or freehand.folder() is None
    ):  # a row without them would replace one that has them
        sys.exit("bench.ablation: UNIPEN_DIR and FREEHAND_DIR have to name the digits to measure with.")
    try:
        if options.what == "recipes":
            print(run_recipes(options.names))
        else:
            print(run_operators(options.names, data.arrays("clean")))
    except data.DataError as error:
        sys.exit(f"bench.ablation: {error}")


if __name__ == "__main__":
    main()
