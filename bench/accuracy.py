"""The accuracy of the shipped weights on every set, beside upstream's network: `python -m bench.accuracy`.

    python train.py --recipe upstream       upstream's network, seed 0, into runs/upstream
    FREEHAND_DIR=... UNIPEN_DIR=... MNIST_CSV=... python -m bench.accuracy

Other people's digits and the non-digit drawings never train. A set whose folder is not named is left out.
Without upstream's network, its column keeps the published figures. The results are counts; `python -m reports
tables` draws them, with 95 % intervals. They go to docs/accuracy.json, unless they are fewer than those that
are published there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

import board
import data
from bench import memory, mnist, pendigits, sets, unipen
from bench import pictures as brought
from bench.classifiers import Classifier, ours, upstreams
from handwriting import MEASURING, draw_nondigit
from model import DigitCNN
from reports import tables
from reports.tables import OURS, UNSEEN, UPSTREAM
from training import metrics

ROOT = Path(__file__).parent.parent
NONDIGITS = 2000
LOOKED_AT, PENDIGITS = "UNIPEN, writers looked at", "pendigits"

# What other modules measure: the title of a table, and a function from the network to its rows. A row is a
# dict with a "name", "right" and "total", and whatever else its table shows; all numbers are integers.
MORE: dict[str, Callable[[DigitCNN], list[dict]]] = {
    tables.LEARNT: lambda net: learnt(net, memory.UNSEEN),
    "Learning a hand, UNIPEN's writers looked at": lambda net: learnt(net, unipen.LOOKED_AT),
    "A shape of one's own": memory.shapes,
    "Pictures that people bring": lambda net: pictures(net),
}


def learnt(net: DigitCNN, collections: Iterable[str]) -> list[dict]:
    """The rows of bench/memory.py for some collections of UNIPEN; none where it is not there."""
    root = unipen.folder()
    return memory.rows(net, memory.writers(net, root, tuple(collections))) if root else []


def pictures(net: DigitCNN) -> list[dict]:
    """The rows of bench/pictures.py; none where the strangers' digits are not there."""
    folder, root = pendigits.folder(), unipen.folder()
    return list(brought.rows(net, folder, root)) if folder and root else []


class Measurement:
    """The results as docs/accuracy.json holds them, filled set by set."""

    def __init__(self, classifiers: dict[str, Classifier], threshold: float):
        """`threshold` is the margin below which our network is not sure."""
        self.classifiers, self.threshold = classifiers, threshold
        self.results: dict[str, dict] = {"sets": {}, "details": {}, "worst_writers": {}, "refused": {}}

    def read(self, name: str, parts: Iterable[sets.Set], details: bool = True) -> None:
        """Measure a set that comes in parts.

        `details` adds, for our network, the confusion matrix, the reliability, the digits that are refused
        and the writers who are read worst.
        """
        answers: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {who: [] for who in self.classifiers}
        read = []
        for part in parts:
            read.append((part.labels, part.writers))
            for who, classify in self.classifiers.items():
                answers[who].append(classify(part.pictures))
        if not read:
            return
        labels = np.concatenate([labels for labels, _ in read])
        self.results["sets"][name] = row = {}
        for who, pieces in answers.items():
            guesses = np.concatenate([probabilities.argmax(1) for probabilities, _ in pieces])
            row[who] = metrics.counted(int((guesses == labels).sum()), len(labels))
            print(f"{name}, {who}: {metrics.describe(row[who])}", file=sys.stderr)
        if not details:
            return
        probabilities, margins = (np.concatenate(each) for each in zip(*answers[OURS], strict=True))
        guesses = probabilities.argmax(1)
        self.results["details"][name] = {
            "confusion": metrics.confusion(labels, guesses).tolist(),
            "reliability": metrics.reliability(labels, probabilities),
        }
        self.refusals(name, margins)
        writers = [writers for _, writers in read if writers is not None]
        if writers:
            worst = sets.worst_writers(guesses == labels, np.concatenate(writers))
            self.results["worst_writers"][name] = worst

    def refusals(self, name: str, margins: np.ndarray) -> None:
        """Count the drawings with those margins (N,) that our network is not sure of."""
        refused = int((margins < self.threshold).sum())
        self.results["refused"][name] = {"refused": refused, "total": len(margins)}


def nondigits() -> list[np.ndarray]:
    """Boards with drawings of the kinds that never train, the same every time."""
    rng = np.random.default_rng(11)
    return [board.render(draw_nondigit(MEASURING[i % len(MEASURING)], rng)) for i in range(NONDIGITS)]


def other_people() -> Iterator[tuple[str, Iterable[sets.Set]]]:
    """The sets of other people's digits that are there, each in parts."""
    if (root := unipen.folder()) is not None:
        yield UNSEEN, sets.collections(root, looked_at=False)
        yield LOOKED_AT, sets.collections(root, looked_at=True)
    if (folder := pendigits.folder()) is not None:
        yield PENDIGITS, [sets.pendigits(folder)]
    if (file := mnist.file()) is not None:
        try:
            found = mnist.read(file)
        except (OSError, EOFError, ValueError) as error:
            sys.exit(f"bench.accuracy: {file}, or MNIST's test digits beside it, cannot be read: {error}")
        for name, (pictures, labels) in found.items():
            yield name, [sets.Set(list(pictures), labels)]


def measure(net: DigitCNN, upstream: Classifier | None, mnixel: data.Arrays) -> dict:
    """Everything that docs/accuracy.json holds."""
    classifiers = {OURS: ours(net)} | ({UPSTREAM: upstream} if upstream else {})
    made = Measurement(classifiers, net.config.threshold)
    made.read(tables.MNIXEL, [sets.Set(list(mnixel.x_test / 255), mnixel.y_test)], details=False)
    for name, parts in other_people():
        made.read(name, parts)
    made.refusals(tables.NONDIGITS, classifiers[OURS](nondigits())[1])
    more = {title: rows(net) for title, rows in MORE.items()}
    return {"sha256": net.config.sha256, **made.results, "more": more}


def keep_upstreams(results: dict, published: dict) -> None:
    """Put upstream's published figures beside ours where its network is missing and the set is as large."""
    for name, row in results["sets"].items():
        earlier = published.get("sets", {}).get(name, {}).get(UPSTREAM)
        if UPSTREAM not in row and earlier and earlier["total"] == row[OURS]["total"]:
            row[UPSTREAM] = earlier


def main() -> None:
    """Measure everything, store the results and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", help="the folder to measure")
    tables.add_publish(parser)
    options = parser.parse_args()
    try:
        mnixel = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.accuracy: {error}")
    net = DigitCNN.from_pretrained(options.weights)
    results = measure(net, upstreams(ROOT / "runs" / "upstream"), mnixel)
    keep_upstreams(results, tables.stored("accuracy"))
    print(tables.accuracy(results))
    tables.store("accuracy", results, options.publish)


if __name__ == "__main__":
    main()
