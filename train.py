"""Train a digit classifier, print its figures, and write its weights, metrics.json and model card.

    python train.py                      the shipped recipe, into weights/: some 20 minutes on two cores
    python train.py --quick              a smaller run, into runs/quick: three minutes
    python train.py --recipe NAME        another recipe, into runs/NAME
    python train.py --push OWNER/NAME    also publish the weights on the Hub, as publish.py does

recipes:
    ours                  our network on MNIXEL and 50,000 drawn digits: the shipped weights
    quick                 the same on fewer drawings, in fewer steps
    mnixel-only           the same on MNIXEL alone: some minutes
    drawn-only            the same on drawn digits alone: three minutes
    upstream              the course project's network and training: some minutes
    nearest-pixels        1-nearest-neighbour on MNIXEL's pixels: a moment
    nearest-normalised    1-nearest-neighbour after our preprocessing: a moment

A run reads the 116 test images once, at its end, and chooses nothing by them. The first seed's weights are
kept; the other seeds only measure the spread. docs/results.md compares the recipes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import data
import publish
from contributions.merge import refresh
from data.cli import guarded, repository
from data.parquet import CONTRIBUTED
from reports.cards import model_card
from training import metrics

# Functions import torch, and modules that need it, so that `--help` does not wait for it.
if TYPE_CHECKING:
    import torch

    from training.recipes import Contributed, Run

PROG = "python train.py"
ROOT = Path(__file__).parent


def report(recipe: str, test_set: str, runs: list[Run]) -> dict:
    """The content of metrics.json: the first seed in full, the counts of all seeds, command and machine."""
    import torch

    from handwriting.allographs import ALLOGRAPHS
    from training.recipes import RECIPES

    first, rights = runs[0], {str(run.seed): run.test["right"] for run in runs}
    result = {
        "recipe": recipe,
        "command": f"python train.py --recipe {recipe} --seed {first.seed} --seeds {len(runs)}",
        "test_set": test_set,
        "test": first.test,
        "seeds": rights,
        "mean_right": statistics.fmean(rights.values()),
        "deviation_right": statistics.stdev(rights.values()) if len(runs) > 1 else None,
        "seconds": round(first.seconds, 1),
        "machine": {
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }
    if fitted := first.fitted:
        result["parameters"] = sum(p.numel() for p in fitted.net.parameters())
        result["settings"] = asdict(RECIPES[recipe])  # type: ignore[call-overload]
        # The number of shapes that the drawing program knew.
        result["ways"] = sum(map(len, ALLOGRAPHS.values()))
        result["history"] = [asdict(measured) for measured in fitted.history]
        result["best_round"] = fitted.best_round
    return result


def show(result: dict) -> None:
    """Print the figures of a report."""
    test = result["test"]
    print(f"\n{result['test_set']}, {result['recipe']}: {metrics.describe(test)}")
    if len(result["seeds"]) > 1:
        spread = f"{result['mean_right']:.1f} +- {result['deviation_right']:.1f}"
        print(f"over {len(result['seeds'])} seeds: {spread} right")
    print(f"calibration error {test['calibration_error']:.3f}; trained in {result['seconds']:.0f} s")


def write(folder: Path, result: dict, net: torch.nn.Module | None) -> None:
    """Write metrics.json, and if the network is ours also its weights, config.json and model card."""
    from model import DigitCNN

    if isinstance(net, DigitCNN):
        result["sha256"] = net.save_pretrained(folder)
        result["temperature"], result["threshold"] = net.config.temperature, net.config.threshold
        (folder / "README.md").write_text(model_card(result))
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options, and `is_ours`: whether the recipe trains this project's network."""
    parser = argparse.ArgumentParser(PROG, None, __doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--recipe", metavar="NAME", default="ours", help="one of the above (default ours)")
    add("--quick", dest="recipe", action="store_const", const="quick", help="the same as --recipe quick")
    add("--seed", type=int, default=0, help="the first seed, whose weights are kept (default 0)")
    add("--seeds", type=int, default=1, help="number of seeds to run, from --seed on (default 1)")
    archives = "folder with MNIXEL's archives (default: MNIXEL_DIR, the cache, the authors' address)"
    add("--data", type=Path, help=archives)
    add("--out", type=Path, help="folder for the results (default: weights, for other recipes runs/RECIPE)")
    merged = "also train on drawings that `python -m contributions merge` wrote (default: data/contributed)"
    add("--with-contributions", type=Path, metavar="FOLDER", nargs="?", const=CONTRIBUTED, help=merged)
    push = "publish the weights as this model repository afterwards"
    add("--push", metavar="OWNER/NAME", type=repository, help=push)
    options = parser.parse_args(arguments)

    from training.recipes import RECIPES, TrainConfig

    if options.recipe not in RECIPES:
        parser.error(f"there is no recipe {options.recipe}: choose {', '.join(RECIPES)}")
    options.is_ours = isinstance(RECIPES[options.recipe], TrainConfig)
    if (options.push or options.with_contributions) and not options.is_ours:
        parser.error(
            f"--push and --with-contributions are for our network, and {options.recipe} has another."
        )
    if options.seeds < 1 or not 0 <= options.seed < 2**31:
        parser.error("--seeds is at least 1 and --seed from 0 to 2147483647")
    return options


def load_arrays(options: argparse.Namespace) -> tuple[data.Arrays | None, str]:
    """MNIXEL's digits, and the name of the test set. Raises data.DataError.

    Without --data and MNIXEL_DIR, "drawn-only" does without the digits if they cannot be had.
    """
    try:
        return data.arrays("clean", options.data), "MNIXEL test"
    except data.DataError as error:
        if options.data or os.environ.get("MNIXEL_DIR"):
            raise
        if options.recipe != "drawn-only":
            raise data.DataError(f"{error}, or train without them: --recipe drawn-only") from error
    print("Testing on other drawn digits, because MNIXEL's cannot be had.", file=sys.stderr)
    return None, "drawn digits of another seed"


def train(options: argparse.Namespace) -> None:
    """Train, report and push as the options say. Raises DataError, PublishError, OSError."""
    import torch

    from training.recipes import run

    torch.use_deterministic_algorithms(True)
    # Otherwise PyTorch spends a tenth of the time on filling memory that nothing reads.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # The number of threads decides the order of additions, and with it the weights' last digits.
    torch.set_num_threads(1 if options.is_ours else 2)
    arrays, test_set = load_arrays(options)
    # Everything that can fail comes before the training.
    contributed: Contributed | None = None
    if source := options.with_contributions:
        refresh(source)
        contributed = data.contributed("train", source)
        print(f"with {len(contributed[1])} contributed drawings")
    out = options.out or ROOT / ("weights" if options.recipe == "ours" else f"runs/{options.recipe}")
    out.mkdir(parents=True, exist_ok=True)
    if options.push:
        publish.sign_in()

    runs: list[Run] = []
    for seed in range(options.seed, options.seed + options.seeds):
        runs.append(run(options.recipe, arrays, seed, contributed))
        print(f"seed {seed}: {metrics.describe(runs[-1].test)}")
    result = report(options.recipe, test_set, runs)
    if contributed:
        result["contributed"] = len(contributed[1])
        result["command"] += f" --with-contributions{'' if source == CONTRIBUTED else f' {source}'}"
    show(result)
    write(out, result, runs[0].fitted.net if runs[0].fitted else None)
    print(f"written to {out}/")
    sending = ["model", options.push, "--weights", str(out)]
    if options.push and publish.main(sending):
        raise publish.PublishError(f"not published. To publish later: python publish.py {' '.join(sending)}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options = parse(arguments)
    return guarded(PROG, lambda: train(options), data.DataError, publish.PublishError)


if __name__ == "__main__":
    sys.exit(main())
