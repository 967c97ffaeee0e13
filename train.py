"""Train a digit classifier on MNIXEL: `python train.py` fits, writes weights/ and prints the figures.

    python train.py                                 the shipped network into weights/, some 15 minutes
    python train.py --quick                         fewer steps and drawings, into runs/quick: three minutes
    python train.py --recipe upstream --seeds 5     upstream's network and recipe, five seeds
    python train.py --recipe nearest-pixels         1-nearest-neighbour on the pixels as they are
    python train.py --recipe nearest-normalised     1-nearest-neighbour after our preprocessing
    python train.py --push OWNER/NAME               ... and publish the weights on the Hub, as publish.py does

The 116 test images are looked at once, at the end of a run; nothing is chosen by them. The weights that are
kept are those of the first seed, whatever the others get.
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
    """What goes into metrics.json: the first seed in full, every seed's count, and how it was made."""
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
    if first.fitted:
        net = first.fitted.net
        result["parameters"] = sum(p.numel() for p in net.parameters())
        result["settings"] = asdict(RECIPES[recipe])  # type: ignore[call-overload]  # one that trains has settings
        result["ways"] = sum(map(len, ALLOGRAPHS.values()))  # of writing, as many as the drawing program had
        result["history"] = [asdict(r) for r in first.fitted.history]
        result["best_round"] = first.fitted.best_round
        result["interrupted"] = first.fitted.interrupted
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
        print(
            f"\nvalidation loss  {losses[0]:.3f} {sparkline(losses)} {losses[-1]:.3f}; best {min(losses):.3f}"
        )
    print(f"calibration error {test['calibration_error']:.3f}; trained in {result['seconds']:.0f} s")


def sparkline(values: list[float], width: int = 50) -> str:
    """A curve in one line of text, on a logarithmic scale, at most `width` characters wide."""
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
        save_file(
            {name: tensor.contiguous() for name, tensor in net.state_dict().items()},
            folder / "model.safetensors",
        )
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")


# --- command ------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], epilog="See docs/results.md for what each recipe gets."
    )
    parser.add_argument("--recipe", choices=RECIPES, default="ours")
    parser.add_argument(
        "--quick", dest="recipe", action="store_const", const="quick", help="the same as --recipe quick"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first run, whose weights are kept (default 0)"
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="how many seeds to run, from --seed on (default 1)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="folder with MNIXEL's archives (default: MNIXEL_DIR, the cache, the authors' address)",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the results (default: weights, for other recipes runs/RECIPE)"
    )
    parser.add_argument(
        "--with-contributions",
        type=Path,
        metavar="FOLDER",
        nargs="?",
        const=CONTRIBUTED,
        help="also train on what `python -m contributions merge` wrote (default: data/contributed)",
    )
    parser.add_argument(
        "--push", metavar="OWNER/NAME", help="publish the weights as this model repository afterwards"
    )
    options = parser.parse_args(arguments)
    if options.push and not isinstance(RECIPES[options.recipe], TrainConfig):
        parser.error(f"--push publishes weights of this project's network; {options.recipe} makes none.")
    if options.push and not publish.is_name(options.push):
        parser.error(f"--push takes OWNER/NAME; {options.push!r} is no such name.")
    if options.seeds < 1 or not 0 <= options.seed < 2**31:
        parser.error("--seeds is at least 1 and --seed from 0 to 2147483647")
    return options


class TrainError(RuntimeError):
    """What was asked for cannot be trained, written or published, in one sentence."""


class StoppedEarly(KeyboardInterrupt):
    """Ctrl-C before there was anything to write."""


FAILURES = (TrainError, data.DataError, publish.PublishError)


def load_arrays(options: argparse.Namespace) -> tuple[data.Arrays | None, str]:
    """MNIXEL's digits and the name of the test set.

    None, and the recipe "drawn-only", where they are not to be had.

    Raises data.DataError when the archives were named or the recipe needs them, TrainError with --push.
    """
    try:
        return data.arrays("clean", options.data), "MNIXEL test"
    except data.DataError as error:
        if (
            options.data
            or os.environ.get("MNIXEL_DIR")
            or options.recipe not in ("ours", "quick", "drawn-only")
        ):
            raise
        if options.push and options.recipe != "drawn-only":
            raise TrainError(
                f"not trained, because --push publishes what was trained on MNIXEL: {error}"
            ) from error
        print(f"train.py: {error}", file=sys.stderr)
    print("Training on drawn digits alone, and testing on other drawn digits.", file=sys.stderr)
    options.recipe = "drawn-only"
    return None, "drawn digits of another seed"


def load_contributed(options: argparse.Namespace) -> Contributed:
    """The train part of the contributed drawings, as strokes. Raises TrainError, data.DataError."""
    if not isinstance(RECIPES[options.recipe], TrainConfig):
        raise TrainError(
            f"--with-contributions trains this project's network; the recipe {options.recipe} has another."
        )
    refresh(options.with_contributions)
    contributed = Contributed(*data.contributed_strokes("train", options.with_contributions))
    print(f"with {len(contributed.labels)} contributed drawings")
    return contributed


def run_seeds(
    options: argparse.Namespace, arrays: data.Arrays | None, contributed: Contributed | None
) -> list[Run]:
    """One run a seed, fewer after Ctrl-C. Raises StoppedEarly when no run has any weights."""
    runs: list[Run] = []
    try:
        for seed in range(options.seed, options.seed + options.seeds):
            runs.append(run(options.recipe, arrays, seed, contributed))
            print(f"seed {seed}: {metrics.describe(runs[-1].test)}")
            if runs[-1].fitted and runs[-1].fitted.interrupted:
                print("Stopped by hand: the best weights so far are kept.")
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
    # What can fail does so before the training.
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainError(
            f"cannot write to {out} ({error.strerror}); name another folder in --out."
        ) from error
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
        raise TrainError(
            "not published, because the training was stopped: publish.py does so if you want it."
        )
    try:
        owner = options.push.split("/")[0]
        published = publish.publish_model(api, options.push, out, f"{owner}/{publish.DEFAULT['dataset']}")
    except (publish.PublishError, BundleError, OSError, KeyboardInterrupt) as error:
        later = f"python publish.py model {options.push} --weights {out}"
        raise TrainError(f"{str(error) or 'stopped by hand.'}\nTo publish later: {later}") from error
    print(f"published at {published.url}, commit {published.commit}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options = parse(arguments)
    torch.use_deterministic_algorithms(True)
    # Nothing reads it, and filling takes a tenth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Fixed, because the order of additions, and so the last digits of a run, depends on it.
    torch.set_num_threads(1 if isinstance(RECIPES[options.recipe], TrainConfig) else 2)
    try:
        train(options)
    except FAILURES as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except StoppedEarly:
        print(
            "\nStopped by hand before the network's first round had ended: nothing was written.",
            file=sys.stderr,
        )
        return 130
    except KeyboardInterrupt:
        print("\nStopped by hand.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
