"""Cross-validation over all 386 images, for who has hours: `python -m bench.crossval [--repeats 5]`.

docs/crossval.json keeps what was measured; `python -m bench.accuracy` puts it into its table as long as the recipe is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import data
from handwriting.allographs import ALLOGRAPHS
from handwriting.operators import OPERATORS
from model import FORMAT
from training import metrics, recipes
from training.ours import TrainConfig

STORE = Path(__file__).parent.parent / "docs" / "crossval.json"


def cross_validate(recipe: str, arrays: data.Arrays, repeats: int, done: list[int] = ()) -> Iterator[dict]:
    """`repeats` times 5-fold stratified cross-validation over all 386 images: right of all answers, after each repeat.

    `done` are the right answers of the first repeats, if they were measured before.
    """
    x, y = np.concatenate([arrays.x_train, arrays.x_test]), np.concatenate([arrays.y_train, arrays.y_test])
    rights = list(done)
    for repeat in range(len(rights), repeats):
        order = np.random.default_rng(repeat).permutation(len(y))
        fold = np.empty(len(y), dtype=int)
        for digit in range(10):
            members = order[y[order] == digit]
            fold[members] = (np.arange(len(members)) + digit) % 5  # the odd ones out go to different folds
        right = 0
        for number in range(5):
            held = fold == number
            run = recipes.run(recipe, data.Arrays(x[~held], y[~held], x[held], y[held]), repeat)
            right += run.test["right"]
        rights.append(right)
        print(f"{recipe}, repeat {repeat}: {right}/{len(y)}", file=sys.stderr)
        yield {"rights": rights, "total": len(y)}


def identity(recipe: str) -> str:
    """Hash of a recipe, its allographs and operators; stored results with another hash are stale."""
    settings = [repr(recipes.RECIPES[recipe])]
    if isinstance(recipes.RECIPES[recipe], TrainConfig):
        settings += [str(FORMAT), *(f"{way.digit} {way.name} {way.weight}" for d in range(10) for way in ALLOGRAPHS[d])]
        settings += [f"{op.name} {op.share} {op.digits}" for op in OPERATORS.values()]
    return hashlib.sha256("\n".join(settings).encode()).hexdigest()[:16]


def is_of(result: dict | None, recipe: str) -> bool:
    """Whether a stored result is of the recipe as it is now."""
    return bool(result) and result.get("of") == identity(recipe)


def validated(result: dict | None) -> str:
    """Right answers of repeated cross-validation, with the interval of one repeat's size."""
    if not result:
        return ""
    right, repeats = sum(result["rights"]), len(result["rights"])
    low, high = metrics.wilson(round(right / repeats), result["total"])
    shares = f"{right}/{repeats * result['total']} = {100 * right / repeats / result['total']:.1f} %"
    return f"{shares} (95 % interval {100 * low:.1f} to {100 * high:.1f}; {repeats}x5 folds)"


def stored() -> dict:
    """What was measured before, by recipe."""
    return json.loads(STORE.read_text()) if STORE.exists() else {}


def main() -> None:
    """Measure both recipes and keep what was measured after each repeat."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipes", nargs="*", default=["ours", "upstream"], metavar="RECIPE")
    parser.add_argument(
        "--repeats", type=int, default=5, help="those of the same recipe in docs/crossval.json are kept"
    )
    options = parser.parse_args()
    try:
        arrays = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.crossval: {error}")
    store = stored()
    for recipe in options.recipes:
        done = store[recipe]["rights"] if is_of(store.get(recipe), recipe) else []
        for result in cross_validate(recipe, arrays, options.repeats, done):
            store[recipe] = {**result, "of": identity(recipe)}
            STORE.write_text(json.dumps(store, indent=1) + "\n")  # hours may have gone into it
        print(f"{recipe}: {validated(store[recipe])}")


if __name__ == "__main__":
    main()
