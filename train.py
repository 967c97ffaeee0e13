"""Train a digit classifier: `python train.py` fits it, prints the figures and writes its weights.

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

import numpy as np
import torch
from safetensors.torch import save_file

import data
import publish
from contributions.merge import refresh
from data.parquet import CONTRIBUTED
from handwriting.allographs import ALLOGRAPHS
from model import DigitCNN
from publishing.bundles import BundleError
from reports.cards import model_card
from training import metrics
from training.recipe import Contributed, TrainConfig
from training.recipes import RECIPES, Run, run

ROOT = Path(__file__).parent

# --- figures ------------------------------------------------------------------------------------------------


def report(recipe: str, test_set: str, runs: list[Run]) -> dict:
    """The content of metrics.json: the first seed in full, every seed's count, and how it was made."""
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
        **first.notes,
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
    print("\ndigit   recall   answered " + "".join(f"{d:>4}" for d in range(10)))
    for digit, (share, row) in enumerate(zip(test["recall"], test["confusion"], strict=True)):
        recall = "   --  " if share is None else f"{100 * share:5.1f} %"
        print(f"{digit:>5}  {recall}            " + "".join(f"{n or '.':>4}" for n in row))
    if "history" in result:
        losses = [round_["validation_loss"] for round_ in result["history"]]
        curve = f"{losses[0]:.3f} {sparkline(losses)} {losses[-1]:.3f}"
        print(f"\nvalidation loss  {curve}; best {min(losses):.3f}")
    print(f"calibration error {test['calibration_error']:.3f}; trained in {result['seconds']:.0f} s")


def sparkline(values: list[float], width: int = 50) -> str:
    """A curve in one line of text, on a logarithmic scale, about `width` characters wide."""
    logs = np.log(np.maximum(values, 1e-6))[:: max(1, -(-len(values) // width))]
    levels = (logs - logs.min()) / max(np.ptp(logs), 1e-9) * 7
    return "".join("▁▂▃▄▅▆▇█"[round(level)] for level in levels)


def write(folder: Path, result: dict, net: torch.nn.Module | None) -> None:
    """Write metrics.json and the weights, and for our own network config.json and the model card."""
    if isinstance(net, DigitCNN):
        result["sha256"] = net.save_pretrained(folder)
        result["temperature"], result["threshold"] = net.config.temperature, net.config.threshold
        (folder / "README.md").write_text(model_card(result))
    elif net:
        tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
        save_file(tensors, folder / "model.safetensors")
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")


# --- command ------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--recipe", choices=RECIPES, default="ours", help="one of the above (default ours)")
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
    if options.push and not isinstance(RECIPES[options.recipe], TrainConfig):
        parser.error(f"--push publishes weights of this project's network; {options.recipe} makes none.")
    if options.push and not publish.is_name(options.push):
        parser.error(f"--push takes OWNER/NAME, which {options.push!r} is not.")
    if options.seeds < 1 or not 0 <= options.seed < 2**31:
        parser.error("--seeds is at least 1 and --seed from 0 to 2147483647")
    return options


class TrainError(RuntimeError):
    """Something cannot be trained, written or published. The message is one sentence."""


class StoppedEarly(KeyboardInterrupt):
    """Ctrl-C before there was anything to write."""


FAILURES = (TrainError, data.DataError, publish.PublishError)


def load_arrays(options: argparse.Namespace) -> tuple[data.Arrays | None, str]:
    """MNIXEL's digits, or None and the recipe "drawn-only" without them, and the name of the test set.

    Raises data.DataError when the archives were named or the recipe needs them, TrainError with --push.
    """
    try:
        return data.arrays("clean", options.data), "MNIXEL test"
    except data.DataError as error:
        named = options.data or os.environ.get("MNIXEL_DIR")
        if named or options.recipe not in ("ours", "quick", "drawn-only"):
            raise
        if options.push and options.recipe != "drawn-only":
            message = f"not trained, because --push publishes what was trained on MNIXEL: {error}"
            raise TrainError(message) from error
        print(f"train.py: {error}", file=sys.stderr)
    print("Training on drawn digits alone, and testing on other drawn digits.", file=sys.stderr)
    options.recipe = "drawn-only"
    return None, "drawn digits of another seed"


def load_contributed(options: argparse.Namespace) -> Contributed:
    """The train part of the contributed drawings, as strokes. Raises TrainError, data.DataError."""
    if not isinstance(RECIPES[options.recipe], TrainConfig):
        recipe = options.recipe
        raise TrainError(f"--with-contributions trains this project's network; {recipe} has another.")
    refresh(options.with_contributions)
    contributed = Contributed(*data.contributed("train", options.with_contributions))
    print(f"with {len(contributed.labels)} contributed drawings")
    return contributed


def run_seeds(
    options: argparse.Namespace, arrays: data.Arrays | None, contributed: Contributed | None
) -> list[Run]:
    """One run for each seed, fewer after Ctrl-C. Raises StoppedEarly when no run has weights yet."""
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
            raise StoppedEarly from None
    return runs


def train(options: argparse.Namespace) -> None:
    """Everything that the command does. Raises FAILURES."""
    arrays, test_set = load_arrays(options)
    contributed = load_contributed(options) if options.with_contributions else None
    out = options.out or ROOT / ("weights" if options.recipe == "ours" else f"runs/{options.recipe}")
    # Whatever can fail comes before the training.
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot write to {out} ({error.strerror}); name another folder in --out."
        raise TrainError(message) from error
    api = publish.sign_in({options.push.split("/")[0]}) if options.push else None

    runs = run_seeds(options, arrays, contributed)
    result = report(options.recipe, test_set, runs)
    if contributed:
        result["contributed"] = len(contributed.labels)
        folder = "" if options.with_contributions == CONTRIBUTED else f" {options.with_contributions}"
        result["command"] += f" --with-contributions{folder}"
    show(result)
    write(out, result, runs[0].fitted.net if runs[0].fitted else None)
    print(f"written to {out}/")
    if not options.push:
        return
    if any(run.fitted and run.fitted.interrupted for run in runs):
        raise TrainError("not published, because the training was stopped; publish.py can still do it.")
    try:
        owner = options.push.split("/")[0]
        published = publish.publish_model(api, options.push, out, f"{owner}/{publish.DEFAULT['dataset']}")
    except (publish.PublishError, BundleError, OSError, KeyboardInterrupt) as error:
        later = f"python publish.py model {options.push} --weights {out}"
        raise TrainError(f"{str(error) or 'stopped.'}\nTo publish later: {later}") from error
    print(f"published at {published.url}, commit {published.commit}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options = parse(arguments)
    torch.use_deterministic_algorithms(True)
    # Filling memory that nothing reads would take a tenth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # The number of threads is fixed, because it decides the order of additions and so the weights' last
    # digits.
    torch.set_num_threads(1 if isinstance(RECIPES[options.recipe], TrainConfig) else 2)
    try:
        train(options)
    except FAILURES as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except StoppedEarly:
        print("\nStopped in the first round, so there is nothing to keep.", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
