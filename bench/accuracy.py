"""One table of what the shipped weights can and cannot do, upstream's recipe beside them: `python -m bench.accuracy`.

    python train.py --recipe upstream                                     upstream's network, seed 0, into runs/upstream
    FREEHAND_DIR=... MNIST_CSV=... MNIXEL_DIR=... python -m bench.accuracy              the table
    ... python -m bench.accuracy --cross-validate 5                      with five repeats of 5-fold cross-validation (long)

Accuracy is right/total with a 95 % Wilson interval. Strangers' strokes and the drawings that are no digits are never trained
on. Upstream's network is fed as it was trained, from MNIXEL's 28x28; its own window feeds it otherwise and does worse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import board
import data
from bench import freehand, mnist
from bench.ladder import STORE as LADDER
from bench.ladder import between
from handwriting import MEASURING, draw_nondigit
from handwriting.allographs import ALLOGRAPHS
from model import FORMAT, DigitCNN
from publishing.cards import model_card
from training import metrics, recipes, upstream
from training.fitting import logits

ROOT = Path(__file__).parent.parent
Reader = Callable[[list[np.ndarray]], tuple[np.ndarray, np.ndarray]]  # -> probabilities (N, 10), sureness (N,)
NONDIGITS = 2000  # drawings that are no digits
SEED = 7  # of the sizes, places and brushes of strangers' digits
ROBUST = 1500  # strangers' digits in each robustness row


# --- who reads --------------------------------------------------------------------------------------------------------


def upstream_reader(folder: Path) -> Reader | None:
    """Upstream's network as `train.py --recipe upstream` left it in `folder`; None when it is not there."""
    if not (folder / "model.safetensors").is_file():
        return None
    net = upstream.UpstreamCNN()
    net.load_state_dict(load_file(folder / "model.safetensors"))
    scale = json.loads((folder / "metrics.json").read_text())["standardisation"]

    def read(pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        small = np.stack([board.reduce(p) if p.dtype == np.uint8 else 255 * p for p in pictures])
        inputs = upstream.standardise(np.stack([upstream.preprocess(image) for image in small]), **scale)
        probabilities = torch.softmax(logits(net, inputs), 1).numpy()
        return probabilities, probabilities.max(axis=1)

    return read


def our_reader(net: DigitCNN) -> Reader:
    """The shipped network, from picture to probabilities and evidence."""
    return lambda pictures: net.judge_tensors(torch.stack([net.preprocess(picture) for picture in pictures]))


# --- what is read -----------------------------------------------------------------------------------------------------


def turned(digit: list[np.ndarray], degrees: float) -> list[np.ndarray]:
    """Strokes turned about the origin."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [stroke @ turn.T for stroke in digit]


def photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A board as dark ink on paper under uneven light with grain: uint8 (448, 448)."""
    y, x = np.mgrid[0 : board.SIZE, 0 : board.SIZE] / board.SIZE - 0.5
    light = 0.65 + 0.3 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))
    paper = 255 * light * (1 - rng.uniform(0.55, 0.8) * picture / 255.0) + rng.normal(0, 6, picture.shape)
    return paper.clip(0, 255).astype(np.uint8)


def robustness(digits: list, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Each row's pictures of the same strangers' digits, one thing made hard at a time."""

    def boards(low: float, high: float, thin: float, thick: float, degrees: float = 0) -> list[np.ndarray]:
        sizes = freehand.Sizes((low, high), (thin, thick))
        return [
            board.render(freehand.on_board(turned(digit, rng.uniform(-degrees, degrees)), sizes, rng))
            for digit in digits
        ]

    plain = boards(0.55, 0.65, 13, 17)
    return {
        "plain: 60 % of the board, brush 15": plain,
        "shifted: 25 to 35 % of the board, anywhere": boards(0.25, 0.35, 8, 12),
        "scaled: 85 to 95 % of the board": boards(0.85, 0.95, 13, 17),
        "turned by up to 20 degrees": boards(0.55, 0.65, 13, 17, 20),
        "thinnest brush (5)": boards(0.55, 0.65, 5, 5),
        "thickest brush (25)": boards(0.55, 0.65, 25, 25),
        "dark on light": [255 - picture for picture in plain],
        "photographed: shade and grain": [photographed(picture, rng) for picture in plain],
    }


# --- figures ----------------------------------------------------------------------------------------------------------


def refused_at(digits: np.ndarray, others: np.ndarray, share: float = 0.01) -> tuple[float, float]:
    """The sureness below which `share` of digits is refused, and the share of non-digits refused there; both (N,)."""
    threshold = float(np.quantile(digits, share))
    return threshold, float((others < threshold).mean())


def multiply_adds(net: torch.nn.Module, shape: tuple[int, ...] = (1, 1, 28, 28)) -> int:
    """Multiplications with addition for one picture, of convolutions and dense layers, counted while one passes through."""
    count = 0

    def add(layer, _, output):
        nonlocal count
        count += output.numel() * layer.weight[0].numel()

    hooks = [m.register_forward_hook(add) for m in net.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    logits(net, torch.zeros(shape))
    for hook in hooks:
        hook.remove()
    return count


def milliseconds(read: Reader, picture: np.ndarray, repeats: int = 100) -> float:
    """Median time of one picture on one thread, preprocessing included."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        read([picture])
        times.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return 1000 * float(np.median(times))


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
    """A word for a recipe as it is now: results of another one, or of other drawings, are none of this one."""
    settings = [repr(recipes.RECIPES[recipe])]
    if recipe == "ours":
        settings += [str(FORMAT), *(f"{way.digit} {way.name} {way.weight}" for d in range(10) for way in ALLOGRAPHS[d])]
    return hashlib.sha256("\n".join(settings).encode()).hexdigest()[:16]


def share(probabilities: np.ndarray, truth: np.ndarray) -> str:
    return metrics.describe(metrics.summary(truth, probabilities))


def rows(readers: dict[str, Reader | None], arrays: data.Arrays, threshold: float) -> list[tuple[str, list[str]]]:
    """The table: a name, and a figure for each reader. `threshold` of evidence is the one that our network ships with."""
    table: list[tuple[str, list[str]]] = []

    def row(name: str, figure: Callable[[Reader], str]) -> None:
        table.append((name, [figure(read) if read else "" for read in readers.values()]))
        print(f"{name}: {' | '.join(table[-1][1])}", file=sys.stderr)

    row("MNIXEL test", lambda read: share(read(list(arrays.x_test / 255))[0], arrays.y_test))
    folder = freehand.folder()
    if folder is None:
        print("FREEHAND_DIR names no folder with the strangers' strokes: their rows are left out.", file=sys.stderr)
        return table
    digits, labels = freehand.read(folder)
    for name, sizes in (("natural", freehand.NATURAL), ("small", freehand.SMALL)):
        rng = np.random.default_rng(SEED)
        boards = [board.render(freehand.on_board(digit, sizes, rng)) for digit in digits]
        answers = {who: read(boards) if read else None for who, read in readers.items()}
        for figure, value in {
            f"strangers, {name} sizes": lambda p: share(p, labels),
            f"strangers, {name}: lowest recall": lambda p: lowest(metrics.summary(labels, p)["recall"]),
            f"strangers, {name}: calibration error": lambda p: f"{metrics.calibration_error(labels, p):.3f}",
        }.items():
            table.append((figure, [value(p[0]) if p is not None else "" for p in answers.values()]))
            print(f"{figure}: {' | '.join(table[-1][1])}", file=sys.stderr)
        if name == "natural":
            natural = answers
    rng = np.random.default_rng(11)
    kinds = [MEASURING[i % len(MEASURING)] for i in range(NONDIGITS)]
    others = [board.render(draw_nondigit(kind, rng)) for kind in kinds]
    refused = []
    for who, read in readers.items():
        if read:
            sureness = read(others)[1]
            limit, part = refused_at(natural[who][1], sureness)
            refused.append(f"{100 * part:.1f} % (below {limit:.2f})")
            if who == "ours":
                lost, caught = (natural[who][1] < threshold).mean(), (sureness < threshold).mean()
                shipped = f"{100 * caught:.1f} %, with {100 * lost:.1f} % of strangers' digits (below {threshold:.2f})"
        else:
            refused.append("")
    table.append((f"non-digits refused at 1 % of strangers' digits refused ({len(MEASURING)} unseen kinds)", refused))
    table.append(("non-digits refused as shipped", [shipped, *[""] * (len(readers) - 1)]))
    print(f"refusal: {' | '.join(refused)}; as shipped {shipped}", file=sys.stderr)
    chosen = np.random.default_rng(3).choice(len(digits), ROBUST, replace=False)
    hard = robustness([digits[i] for i in chosen], np.random.default_rng(5))
    for name, pictures in hard.items():
        row(f"strangers, {name}", lambda read, pictures=pictures: share(read(pictures)[0], labels[chosen]))
    if (path := mnist.file()) is not None:
        pictures, truth = mnist.read(path)
        row(f"MNIST, {len(truth):,} pictures", lambda read: share(read(list(pictures))[0], truth))
    else:
        print("MNIST_CSV names no file with MNIST's pictures: their row is left out.", file=sys.stderr)
    picture = board.render(freehand.on_board(digits[0], freehand.NATURAL, np.random.default_rng(0)))
    row("milliseconds a picture, 448x448 board, one core", lambda read: f"{milliseconds(read, picture):.1f}")
    return table


def lowest(recall: list[float]) -> str:
    digit = int(np.argmin(recall))
    return f"{100 * recall[digit]:.1f} % (of the {digit}s)"


def markdown(names: list[str], table: list[tuple[str, list[str]]]) -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | {' | '.join(figures)} |" for name, figures in table])


# --- command ----------------------------------------------------------------------------------------------------------

STORE, README = ROOT / "docs" / "accuracy.json", ROOT / "README.md"
BEGIN, END = "<!-- accuracy: written by python -m bench.accuracy -->", "<!-- /accuracy -->"


def over_seeds(rung: dict | None) -> str:
    """Mean and spread of right answers over the seeds of a rung of the ladder."""
    if not rung:
        return ""
    rights = rung["rights"]
    return f"{np.mean(rights):.1f} +- {np.std(rights, ddof=1):.1f} of {rung['total']} over {len(rights)} seeds"


def is_of(result: dict | None, recipe: str) -> bool:
    """Whether a stored result of cross-validation is of the recipe as it is now."""
    return bool(result) and result.get("of") == identity(recipe)


def validated(result: dict | None) -> str:
    """Right answers of repeated cross-validation, with the interval of one repeat's size."""
    if not result:
        return ""
    right, repeats = sum(result["rights"]), len(result["rights"])
    low, high = metrics.wilson(round(right / repeats), result["total"])
    shares = f"{right}/{repeats * result['total']} = {100 * right / repeats / result['total']:.1f} %"
    return f"{shares} (95 % interval {100 * low:.1f} to {100 * high:.1f}; {repeats}x5 folds)"


def main() -> None:
    """Measure everything, print the table and put it into the README."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--cross-validate",
        type=int,
        default=0,
        metavar="REPEATS",
        help="of 5-fold cross-validation first; those of the same recipe in docs/accuracy.json are kept",
    )
    parser.add_argument("--upstream", type=Path, default=ROOT / "runs" / "upstream", help="folder of upstream's run")
    options = parser.parse_args()
    try:
        arrays = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.accuracy: {error}")

    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    for recipe in ("ours", "upstream") if options.cross_validate else ():
        done = store[recipe]["rights"] if is_of(store.get(recipe), recipe) else []
        for result in cross_validate(recipe, arrays, options.cross_validate, done):
            store[recipe] = {**result, "of": identity(recipe)}
            STORE.write_text(json.dumps(store, indent=1) + "\n")  # hours may have gone into it

    net = DigitCNN.from_pretrained(ROOT / "weights")
    reports = {"ours": json.loads((ROOT / "weights" / "metrics.json").read_text()), "upstream": None}
    readers = {"ours": our_reader(net), "upstream": upstream_reader(options.upstream)}
    if readers["upstream"]:
        reports["upstream"] = json.loads((options.upstream / "metrics.json").read_text())
    else:
        print(f"There is no upstream network in {options.upstream}: its column stays empty.", file=sys.stderr)
    ladder = json.loads(LADDER.read_text()) if LADDER.exists() else {}
    table = rows(readers, arrays, net.config.threshold)
    given = list(reports.values())
    table.insert(1, ("MNIXEL test, several seeds", [over_seeds(ladder.get(recipe)) for recipe in reports]))
    rounds = [store[recipe] if is_of(store.get(recipe), recipe) else None for recipe in reports]
    if any(rounds):
        table.insert(2, ("cross-validation over all 386", [validated(result) for result in rounds]))
    networks = (net, upstream.UpstreamCNN())
    table += [
        ("parameters", [f"{report['parameters']:,}" if report else "" for report in given]),
        ("multiply-adds a picture", [f"{multiply_adds(network):,}" for network in networks]),
        ("training seconds, two cores", [f"{report['seconds']:.0f}" if report else "" for report in given]),
    ]
    text = markdown(["this project", "upstream's network and recipe"], table)
    print(text)
    if freehand.folder() and mnist.file() and readers["upstream"]:
        README.write_text(between(README.read_text(), BEGIN, END, text))
        store |= {"sha256": net.config.sha256, "table": text}
        STORE.write_text(json.dumps(store, indent=1) + "\n")
        (ROOT / "weights" / "README.md").write_text(model_card(reports["ours"]))  # which quotes the table
    else:
        print("The table is not whole, so the README keeps the one it has.", file=sys.stderr)


if __name__ == "__main__":
    main()
