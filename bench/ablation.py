"""What each step of the recipe and each operator of the drawing program is worth: `python -m bench.ablation [NAME ...]`.

The quick recipe at half its length is trained once as it is and once with each thing changed or left out, same seed, and read on
digits of people who never train: UNIPEN in its two halves and pendigits, at natural sizes. Log loss tells more than accuracy here,
because one operator moves a few digits in ten thousand. docs/ablation.json keeps what was measured, results of another recipe are
measured anew, and the table goes into docs/results.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import data
from bench import freehand, sets, unipen
from bench.accuracy import markdown
from bench.crossval import identity
from bench.ladder import between
from bench.readers import our_reader
from handwriting.drawing import BLEND
from handwriting.operators import OPERATORS
from training.ours import TrainConfig, normalised, train_ours
from training.recipes import RECIPES

ROOT = Path(__file__).parent.parent
STORE, PAGE = ROOT / "docs" / "ablation.json", ROOT / "docs" / "results.md"
BEGIN, END = "<!-- ablation: written by python -m bench.ablation -->", "<!-- /ablation -->"
WHOLE = "the recipe"


def variants() -> dict[str, TrainConfig]:
    """The recipes that are compared, by what is changed; the first is the one that they are compared with."""
    quick = RECIPES["quick"]
    half = replace(quick, drawn=quick.drawn // 2, nondigits=quick.nondigits // 2, steps=max(1, quick.steps // 2))
    return {
        WHOLE: half,
        "AdamW instead of Muon": replace(half, schedule=replace(half.schedule, muon=0.0)),
        "no ink as hard as in a scan": replace(half, ranges=replace(half.ranges, contrast=0.0)),
        "drawn digits alone, no MNIXEL": replace(half, drawn_share=1.0),
        "no operators": replace(half, without=(*OPERATORS, BLEND)),
        **{f"without {name}": replace(half, without=(name,)) for name in (*OPERATORS, BLEND)},
    }


def measure(config: TrainConfig, arrays: data.Arrays) -> dict[str, list[float]]:
    """Accuracy and log loss of a recipe on each set, seed 0."""
    images, labels = normalised(arrays.x_train), torch.from_numpy(arrays.y_train)
    if config.drawn_share == 1:
        images, labels = images[:0], labels[:0]
    read, result = our_reader(train_ours(images, labels, 0, config).net), {}
    for name, parts in people().items():
        answers = [(read(part.pictures)[0], part.labels) for _, part in parts]
        if answers:
            probabilities, labels = (np.concatenate(each) for each in zip(*answers, strict=True))
            right = probabilities[np.arange(len(labels)), labels]
            result[name] = [
                float((probabilities.argmax(1) == labels).mean()),
                float(-np.log(np.maximum(right, 1e-6)).mean()),
            ]
    return result


def people() -> dict:
    """The sets of other people's digits that are there, each in parts."""
    found = {}
    if (root := unipen.folder()) is not None:
        names = unipen.collections(root)
        halves = {"UNIPEN, not looked at": False, "UNIPEN, looked at": True}
        for title, looked_at in halves.items():
            half = [name for name in names if (name in unipen.LOOKED_AT) == looked_at]
            found[title] = sets.collections(root, freehand.NATURAL, half)
    if (folder := freehand.folder()) is not None:
        found["pendigits"] = [("", sets.pendigits(folder, freehand.NATURAL))]
    return found


def table(store: dict) -> str:
    """Accuracy and log loss of the recipe, and what changes with each variant, worst losses first."""
    whole, parts = store[WHOLE], {name: row for name, row in store.items() if name not in ("of", WHOLE)}
    first = next(iter(whole))
    lines = [(WHOLE, [f"{100 * a:.2f} %, log loss {loss:.3f}" for a, loss in whole.values()])]
    for name, row in sorted(parts.items(), key=lambda item: -item[1][first][1]):
        changes = [(row[key][0] - a, row[key][1] - loss) for key, (a, loss) in whole.items()]
        lines.append((name, [f"{100 * a:+.2f}, {loss:+.3f}" for a, loss in changes]))
    return markdown(list(whole), lines)


def main() -> None:
    """Measure the named variants, or all, print the table and put it into docs/results.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = list(variants())
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {'; '.join(names)} (default: all)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    try:
        arrays = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.ablation: {error}")
    if not people():
        sys.exit("bench.ablation: UNIPEN_DIR and FREEHAND_DIR name no digits to measure with.")
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    if store.get("of") != identity("quick"):
        store = {"of": identity("quick")}
    for name in [WHOLE, *(options.names or names[1:])]:
        if name not in store or name in options.names:
            store[name] = measure(variants()[name], arrays)
            STORE.write_text(json.dumps(store, indent=1) + "\n")
            PAGE.write_text(between(PAGE.read_text(), BEGIN, END, table(store)))
    print(table(store))


if __name__ == "__main__":
    main()
