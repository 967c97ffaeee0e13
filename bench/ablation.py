"""What each operator of the drawing program is worth: `python -m bench.ablation [OPERATOR ...]`.

The quick recipe is trained once with every operator and once without each, same seed, and read on digits of people who never
train: UNIPEN in its two halves and pendigits, at natural sizes. Log loss tells more than accuracy here, because one operator moves
a few digits in ten thousand. docs/ablation.json keeps what was measured; results of another recipe are measured anew.
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
from bench.readers import our_reader
from handwriting.drawing import BLEND
from handwriting.operators import OPERATORS
from training.ours import normalised, train_ours
from training.recipes import RECIPES

STORE = Path(__file__).parent.parent / "docs" / "ablation.json"
NONE = "none"  # is left out
NAMES = (*OPERATORS, BLEND)


def measure(without: tuple[str, ...], arrays: data.Arrays) -> dict[str, list[float]]:
    """Accuracy and log loss on each set of the quick recipe without some operators, seed 0."""
    config = replace(RECIPES["quick"], without=without)
    net = train_ours(normalised(arrays.x_train), torch.from_numpy(arrays.y_train), 0, config).net
    read, result = our_reader(net), {}
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
    """Accuracy and log loss with every operator, and the changes when one is left out, worst losses first."""
    whole, parts = store[NONE], {name: row for name, row in store.items() if name in NAMES}
    first = next(iter(whole))
    lines = [("every operator", [f"{100 * a:.2f} %, log loss {loss:.3f}" for a, loss in whole.values()])]
    for name, row in sorted(parts.items(), key=lambda item: -item[1][first][1]):
        changes = [(row[key][0] - a, row[key][1] - loss) for key, (a, loss) in whole.items()]
        lines.append((f"without {name}", [f"{100 * a:+.2f}, {loss:+.3f}" for a, loss in changes]))
    return markdown(list(whole), lines)


def main() -> None:
    """Measure the named operators, or all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("operators", nargs="*", metavar="OPERATOR", help=f"one of {', '.join(NAMES)} (default: all)")
    options = parser.parse_args()
    if unknown := set(options.operators) - set(NAMES):
        parser.error(f"there is no operator {', '.join(sorted(unknown))}")
    try:
        arrays = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.ablation: {error}")
    if not people():
        sys.exit("bench.ablation: UNIPEN_DIR and FREEHAND_DIR name no digits to measure with.")
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    if store.get("of") != identity("quick"):
        store = {"of": identity("quick")}
    for name in [NONE, *(options.operators or NAMES)]:
        if name not in store or name in options.operators:
            store[name] = measure(() if name == NONE else (name,), arrays)
            STORE.write_text(json.dumps(store, indent=1) + "\n")
    print(table(store))


if __name__ == "__main__":
    main()
