"""Train a digit classifier on MNIXEL: `python train.py` fits, writes weights/ and prints the figures.

    python train.py                                 the shipped network into weights/
    python train.py --recipe upstream --seeds 5     upstream's network and recipe, five seeds
    python train.py --recipe nearest-pixels         1-nearest-neighbour on the pixels as they are
    python train.py --recipe nearest-normalised     1-nearest-neighbour after our preprocessing

The 116 test images are looked at once, at the end of a run; nothing is chosen by them. The weights that are kept are those of
the first seed, whatever the others get.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import data
import metrics
import upstream
from augment import Ranges, augment
from fitting import Fit, Schedule, fit, fit_temperature, logits
from model import Config, DigitCNN, normalise, to_ink


@dataclass(frozen=True)
class Ours:
    """The shipped network's recipe. Chosen by cross-validation on the 270 and by strangers' strokes, never by the 116."""

    schedule: Schedule = Schedule(
        rounds=50, batch=128, patience=50, learning_rate=4e-3, weight_decay=0.05, one_cycle=True, average=0.99
    )
    steps: int = 24  # batches a round
    validation: float = 0.1  # share of each digit that is held out: it stops the training and fits the temperature
    views: int = 16  # changed copies of each validation image, so that 27 images weigh more than 27 answers
    ranges: Ranges = field(default_factory=Ranges)


UPSTREAM = Schedule(rounds=200, batch=64, patience=10, learning_rate=1e-3, epsilon=1e-7)  # Keras' Adam
UPSTREAM_VALIDATION = 0.1  # the last tenth of the training images, as Keras' validation_split takes it

THREADS = 2  # fixed, because the order of additions, and so the last digits of a run, depends on it

RECIPES = ("ours", "upstream", "nearest-pixels", "nearest-normalised")


@dataclass
class Run:
    """One seed of one recipe: what it got on the test images, and how."""

    seed: int
    test: dict
    seconds: float
    fitted: Fit | None = None


# --- recipes ----------------------------------------------------------------------------------------------------------


def normalised(images: np.ndarray) -> Tensor:
    """MNIXEL images (N, 28, 28) 0..255 through the one preprocessing: float32 (N, 1, 28, 28)."""
    return torch.from_numpy(np.stack([normalise(to_ink(image / 255)) for image in images]))[:, None]


def hold_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Boolean (N,): the validation images, `share` of each digit, at least one, drawn by `seed`."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=bool)
    for digit in np.unique(labels):
        members = np.flatnonzero(labels == digit)
        held[rng.choice(members, max(1, round(share * len(members))), replace=False)] = True
    return held


def train_ours(images: Tensor, labels: Tensor, seed: int, recipe: Ours = Ours()) -> Fit:
    """Fit a DigitCNN on normalised images (N, 1, 28, 28) and labels (N,), temperature included. Deterministic by the seed."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    held = torch.from_numpy(hold_out(labels.numpy(), recipe.validation, seed))
    x, y = images[~held], labels[~held]
    views = augment(images[held].repeat(recipe.views, 1, 1, 1), recipe.ranges, generator)
    validation = views, labels[held].repeat(recipe.views)

    def batches():
        for _ in range(recipe.steps):
            chosen = torch.randint(len(x), (recipe.schedule.batch,), generator=generator)
            yield augment(x[chosen], recipe.ranges, generator), y[chosen]

    net = DigitCNN().to(memory_format=torch.channels_last)  # a third faster on a CPU
    fitted = fit(net, batches, recipe.steps, validation, recipe.schedule, title=f"seed {seed}")
    temperature = fit_temperature(logits(fitted.net, validation[0]), validation[1])
    fitted.net.config = Config(**{**asdict(fitted.net.config), "temperature": temperature})
    return fitted


def run_ours(arrays: data.Arrays, seed: int) -> Run:
    """Train our network with one seed and look at the test images."""
    start = time.perf_counter()
    fitted = train_ours(normalised(arrays.x_train), torch.from_numpy(arrays.y_train), seed)
    seconds = time.perf_counter() - start
    probabilities = fitted.net.classify_tensors(normalised(arrays.x_test))
    return Run(seed, metrics.summary(arrays.y_test, probabilities), seconds, fitted)


def run_upstream(arrays: data.Arrays, seed: int) -> Run:
    """Train upstream's network by upstream's recipe with one seed and look at the test images."""
    start = time.perf_counter()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train = np.stack([upstream.preprocess(image) for image in arrays.x_train])
    mean, deviation = float(train.mean()), float(train.std())
    images, labels = upstream.standardise(train, mean, deviation), torch.from_numpy(arrays.y_train)
    cut = int(len(images) * (1 - UPSTREAM_VALIDATION))

    def batches():
        for chosen in torch.randperm(cut, generator=generator).split(UPSTREAM.batch):
            yield images[chosen], labels[chosen]

    net = upstream.UpstreamCNN().to(memory_format=torch.channels_last)
    steps = -(-cut // UPSTREAM.batch)
    fitted = fit(net, batches, steps, (images[cut:], labels[cut:]), UPSTREAM, net.penalty, f"upstream, seed {seed}")
    seconds = time.perf_counter() - start
    test = np.stack([upstream.preprocess(image) for image in arrays.x_test])
    answers = logits(fitted.net, upstream.standardise(test, mean, deviation))
    return Run(seed, metrics.summary(arrays.y_test, torch.softmax(answers, 1).numpy()), seconds, fitted)


def run_nearest(arrays: data.Arrays, seed: int, prepare) -> Run:
    """1-nearest-neighbour by cosine on `prepare`d images; there is nothing random in it."""
    start = time.perf_counter()

    def rows(images: np.ndarray) -> np.ndarray:
        flat = np.asarray(prepare(images), dtype=np.float64).reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    nearest = (rows(arrays.x_test) @ rows(arrays.x_train).T).argmax(axis=1)
    certain = np.eye(metrics.DIGITS)[arrays.y_train[nearest]]
    return Run(seed, metrics.summary(arrays.y_test, certain), time.perf_counter() - start)


def run(recipe: str, arrays: data.Arrays, seed: int) -> Run:
    """One seed of a recipe named in RECIPES."""
    if recipe == "ours":
        return run_ours(arrays, seed)
    if recipe == "upstream":
        return run_upstream(arrays, seed)
    return run_nearest(arrays, seed, normalised if recipe == "nearest-normalised" else lambda images: images)


# --- figures ----------------------------------------------------------------------------------------------------------


def report(recipe: str, runs: list[Run]) -> dict:
    """What goes into metrics.json: the first seed in full, every seed's count, and how it was made."""
    first, rights = runs[0], [r.test["right"] for r in runs]
    result = {
        "recipe": recipe,
        "command": f"python train.py --recipe {recipe} --seed {first.seed} --seeds {len(runs)}",
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
    if first.fitted:
        net = first.fitted.net
        result["parameters"] = sum(p.numel() for p in net.parameters())
        result["settings"] = asdict(Ours() if recipe == "ours" else UPSTREAM)
        result["history"] = [asdict(r) for r in first.fitted.history]
        result["best_round"] = first.fitted.best_round
        result["interrupted"] = first.fitted.interrupted
    return result


def show(result: dict) -> None:
    """Print the figures of a report."""
    test = result["test"]
    print(f"\nMNIXEL test, {result['recipe']}: {metrics.describe(test)}")
    if len(result["seeds"]) > 1:
        counts = ", ".join(f"seed {seed}: {right}" for seed, right in result["seeds"].items())
        print(
            f"over {len(result['seeds'])} seeds: {result['mean_right']:.1f} +- {result['deviation_right']:.1f} ({counts})"
        )
    print("\ndigit   recall   answered " + "".join(f"{d:>4}" for d in range(10)))
    for digit, (share, row) in enumerate(zip(test["recall"], test["confusion"], strict=True)):
        recall = "   --  " if share is None else f"{100 * share:5.1f} %"
        print(f"{digit:>5}  {recall}            " + "".join(f"{n or '.':>4}" for n in row))
    if "history" in result:
        losses = [round_["validation_loss"] for round_ in result["history"]]
        print(f"\nvalidation loss  {losses[0]:.3f} {sparkline(losses)} {losses[-1]:.3f}; best {min(losses):.3f}")
    print(f"calibration error {test['calibration_error']:.3f}; trained in {result['seconds']:.0f} s")


def sparkline(values: list[float], width: int = 50) -> str:
    """A curve in one line of text, on a logarithmic scale, at most `width` characters wide."""
    logs = np.log(np.maximum(values, 1e-6))[:: max(1, -(-len(values) // width))]
    levels = (logs - logs.min()) / max(np.ptp(logs), 1e-9) * 7
    return "".join("▁▂▃▄▅▆▇█"[round(level)] for level in levels)


def write(folder: Path, result: dict, net: torch.nn.Module | None) -> None:
    """Write metrics.json, and for our own network the weights, config.json, the model card and its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(net, DigitCNN):
        from cards import model_card

        result["sha256"] = net.save_pretrained(folder)
        result["temperature"], result["threshold"] = net.config.temperature, net.config.threshold
        (folder / "README.md").write_text(model_card(result))
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")


# --- command ----------------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], epilog="See README.md for what each recipe gets."
    )
    parser.add_argument("--recipe", choices=RECIPES, default="ours")
    parser.add_argument("--seed", type=int, default=0, help="of the first run, whose weights are kept (default 0)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to run, from --seed on (default 1)")
    parser.add_argument(
        "--data", type=Path, help="folder with MNIXEL's archives (default: MNIXEL_DIR, the cache, the authors' address)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the results (default: weights, for other recipes runs/RECIPE)"
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.seed < 0:
        parser.error("--seeds is at least 1 and --seed at least 0")
    options.out = options.out or Path("weights" if options.recipe == "ours" else f"runs/{options.recipe}")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = parse(arguments)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(THREADS)
    try:
        arrays = data.arrays("clean", options.data)
    except data.DataError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    runs: list[Run] = []
    try:
        for seed in range(options.seed, options.seed + options.seeds):
            runs.append(run(options.recipe, arrays, seed))
            print(f"seed {seed}: {metrics.describe(runs[-1].test)}")
            if runs[-1].fitted and runs[-1].fitted.interrupted:
                print("Stopped by hand: the best weights so far are kept.")
                break
    except KeyboardInterrupt:
        if not runs:
            print(
                "\nStopped by hand before the first round ended: nothing was learnt, nothing written.", file=sys.stderr
            )
            return 130
    result = report(options.recipe, runs)
    show(result)
    write(options.out, result, runs[0].fitted.net if runs[0].fitted else None)
    print(f"written to {options.out}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
