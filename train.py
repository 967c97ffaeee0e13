"""Train a digit classifier, print its figures, and write its weights, metrics.json and model card.

    python train.py                      what ships, into weights/, in some 20 minutes on two cores
    python train.py --quick              a smaller run, into runs/quick, in three minutes
    python train.py --recipe NAME        another recipe, into runs/NAME
    python train.py --push OWNER/NAME    also publish the weights on the Hub, as publish.py does

recipes:
    ours                  our network on MNIXEL and 50,000 drawn digits: what ships
    quick                 the same on fewer drawings and steps
    mnixel-only           the same on MNIXEL alone: some minutes
    drawn-only            the same on drawn digits alone: three minutes
    upstream              the course project's network and training: some minutes
    nearest-pixels        1-nearest-neighbour on MNIXEL's pixels: a moment
    nearest-normalised    1-nearest-neighbour after our preprocessing: a moment

The 116 test images are read once, at the end of a run, and nothing is chosen by them. The first seed's
weights are kept; the other seeds only measure the spread. docs/results.md has what each recipe gets.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import data
import publish
from contributions.merge import refresh
from data.cli import guarded
from data.parquet import CONTRIBUTED
from reports.cards import model_card
from training import metrics

if TYPE_CHECKING:
    import torch

    from training.recipe import Contributed
    from training.recipes import Run

# `--help` does not wait for torch, so functions import it and what needs it.
PROG = "python train.py"
ROOT = Path(__file__).parent

# --- figures ------------------------------------------------------------------------------------------------


def report(recipe: str, test_set: str, runs: list[Run]) -> dict:
    """The content of metrics.json: the first seed in full, every seed's count, and how it was made."""
    import torch

    from handwriting.allographs import ALLOGRAPHS
    from training.recipes import RECIPES

    first, rights = runs[0], [r.test["right"] for r in runs]
    result = {
        "recipe": recipe,
        "command": f"python train.py --recipe {recipe} --seed {first.seed} --seeds {len(runs)}",
        "test_set": test_set,
        "test": first.test,
        "seeds": {str(r.seed): r.test["right"] for r in runs},
        "mean_right": float(np.mean(rights)),
        "deviation_right": float(np.std(rights, ddof=1)) if len(rights) > 1 else None,
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
        # How many ways of writing the drawing program had.
        result["ways"] = sum(map(len, ALLOGRAPHS.values()))
        result["history"] = [asdict(r) for r in fitted.history]
        result["best_round"], result["interrupted"] = fitted.best_round, fitted.interrupted
    return result


def show(result: dict) -> None:
    """Print the figures of a report."""
    test = result["test"]
    print(f"\n{result['test_set']}, {result['recipe']}: {metrics.describe(test)}")
    if len(result["seeds"]) > 1:
        counts = ", ".join(f"seed {seed}: {right}" for seed, right in result["seeds"].items())
        spread = f"{result['mean_right']:.1f} +- {result['deviation_right']:.1f}"
        print(f"over {len(result['seeds'])} seeds: {spread} ({counts})")
    print(f"calibration error {test['calibration_error']:.3f}; trained in {result['seconds']:.0f} s")


def write(folder: Path, result: dict, net: torch.nn.Module | None) -> None:
    """Write metrics.json, and for our own network the weights, config.json and the model card."""
    from model import DigitCNN

    if isinstance(net, DigitCNN):
        result["sha256"] = net.save_pretrained(folder)
        result["temperature"], result["threshold"] = net.config.temperature, net.config.threshold
        (folder / "README.md").write_text(model_card(result))
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")


# --- command ------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options. `is_ours` says whether the recipe trains this project's network."""
    parser = argparse.ArgumentParser(PROG, None, __doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--recipe", metavar="NAME", default="ours", help="one of the above (default ours)")
    add("--quick", dest="recipe", action="store_const", const="quick", help="the same as --recipe quick")
    add("--seed", type=int, default=0, help="of the first run, whose weights are kept (default 0)")
    add("--seeds", type=int, default=1, help="how many seeds to run, from --seed on (default 1)")
    archives = "folder with MNIXEL's archives (default: MNIXEL_DIR, the cache, the authors' address)"
    add("--data", type=Path, help=archives)
    add("--out", type=Path, help="folder for the results (default: weights, for other recipes runs/RECIPE)")
    merged = "also train on what `python -m contributions merge` wrote (default: data/contributed)"
    add("--with-contributions", type=Path, metavar="FOLDER", nargs="?", const=CONTRIBUTED, help=merged)
    add("--push", metavar="OWNER/NAME", help="publish the weights as this model repository afterwards")
    options = parser.parse_args(arguments)

    from training.recipe import TrainConfig
    from training.recipes import RECIPES

    if options.recipe not in RECIPES:
        parser.error(f"there is no recipe {options.recipe}: choose {', '.join(RECIPES)}")
    options.is_ours = isinstance(RECIPES[options.recipe], TrainConfig)
    if (options.push or options.with_contributions) and not options.is_ours:
        parser.error(f"--push and --with-contributions are for our network; {options.recipe} has another.")
    if options.push and "/" not in options.push:
        parser.error(f"--push takes OWNER/NAME, which {options.push!r} is not.")
    if options.seeds < 1 or not 0 <= options.seed < 2**31:
        parser.error("--seeds is at least 1 and --seed from 0 to 2147483647")
    return options


def load_arrays(options: argparse.Namespace) -> tuple[data.Arrays | None, str]:
    """MNIXEL's digits, and the name of the test set. "drawn-only" does without, if no folder was named.

    Raises data.DataError.
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


def run_seeds(
    options: argparse.Namespace, arrays: data.Arrays | None, contributed: Contributed | None
) -> list[Run]:
    """One run for each seed, fewer after Ctrl-C; in the first round, that raises KeyboardInterrupt."""
    from training.recipes import run

    runs: list[Run] = []
    try:
        for seed in range(options.seed, options.seed + options.seeds):
            runs.append(run(options.recipe, arrays, seed, contributed))
            print(f"seed {seed}: {metrics.describe(runs[-1].test)}")
            if runs[-1].fitted and runs[-1].fitted.interrupted:
                print("Stopped: the best weights so far are kept.")
                break
    except KeyboardInterrupt:
        if not runs:
            raise
    return runs


def train(options: argparse.Namespace) -> None:
    """Everything that the command does. Raises DataError, PublishError, OSError."""
    import torch

    torch.use_deterministic_algorithms(True)
    # Filling memory that nothing reads would take a tenth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # The number of threads decides the order of additions, and so the weights' last digits.
    torch.set_num_threads(1 if options.is_ours else 2)
    arrays, test_set = load_arrays(options)
    # Whatever can fail comes before the training.
    contributed, source = None, options.with_contributions
    if source:
        refresh(source)
        contributed = data.contributed("train", source)
        print(f"with {len(contributed[1])} contributed drawings")
    out = options.out or ROOT / ("weights" if options.recipe == "ours" else f"runs/{options.recipe}")
    out.mkdir(parents=True, exist_ok=True)
    if options.push:
        publish.sign_in()

    runs = run_seeds(options, arrays, contributed)
    result = report(options.recipe, test_set, runs)
    if contributed:
        result["contributed"] = len(contributed[1])
        result["command"] += f" --with-contributions{'' if source == CONTRIBUTED else f' {source}'}"
    show(result)
    write(out, result, runs[0].fitted.net if runs[0].fitted else None)
    print(f"written to {out}/")
    if not options.push:
        return
    sending = ["model", options.push, "--weights", str(out)]
    if any(run.fitted and run.fitted.interrupted for run in runs) or publish.main(sending):
        raise publish.PublishError(f"not published. To publish later: python publish.py {' '.join(sending)}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options = parse(arguments)
    return guarded(PROG, lambda: train(options), data.DataError, publish.PublishError)


if __name__ == "__main__":
    sys.exit(main())
