"""The accuracy of the shipped weights on every set, beside upstream's network: `python -m bench.accuracy`.

    python train.py --recipe upstream       upstream's network, seed 0, into runs/upstream
    FREEHAND_DIR=... UNIPEN_DIR=... MNIST_CSV=... python -m bench.accuracy

Nothing trains on other people's digits or on these non-digit drawings. A set whose folder is not named is
left out. Without upstream's network, its column keeps the published figures. The counts go to
docs/accuracy.json, or to runs/bench if the published ones rest on more, in some twenty minutes; `python -m
reports tables` draws them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
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


def more(net: DigitCNN) -> dict[str, list[dict]]:
    """The rows of other modules by the title of their table, those that can be measured here.

    A row is a dict with a "name", "right" and "total", and whatever else its table shows, all integers.
    """
    folder, root = pendigits.folder(), unipen.folder()
    tables_of = {}
    if root:
        tables_of[tables.LEARNT] = memory.rows(net, memory.writers(net, root, memory.UNSEEN))
        looked_at = memory.writers(net, root, unipen.LOOKED_AT)
        tables_of["Learning a hand, UNIPEN's writers looked at"] = memory.rows(net, looked_at)
    tables_of["A shape of one's own"] = memory.shapes(net)
    if root and folder:
        tables_of["Pictures that people bring"] = list(brought.rows(net, folder, root))
    return tables_of


class Measurement:
    """The results as docs/accuracy.json holds them, filled set by set."""

    def __init__(self, classifiers: dict[str, Classifier], threshold: float):
        self.classifiers = classifiers
        self.threshold = threshold  # the margin below which our network is not sure
        self.results: dict[str, dict] = {"sets": {}, "details": {}, "worst_writers": {}, "refused": {}}

    def read(self, name: str, parts: Iterable[sets.Set], details: bool = True) -> None:
        """Measure a set that comes in parts.

        `details` adds our network's confusion matrix, reliability, refused digits and worst writers.
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
        """Count the drawings that our network is not sure of, by their margins (N,)."""
        refused = int((margins < self.threshold).sum())
        self.results["refused"][name] = {"refused": refused, "total": len(margins)}


def nondigits() -> list[np.ndarray]:
    """Boards with drawings of the kinds that nothing trains on, always the same."""
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
    classifiers = {OURS: ours(net)} | ({UPSTREAM: upstream} if upstream else {})
    made = Measurement(classifiers, net.config.threshold)
    made.read(tables.MNIXEL, [sets.Set(list(mnixel.x_test / 255), mnixel.y_test)], details=False)
    for name, parts in other_people():
        made.read(name, parts)
    made.refusals(tables.NONDIGITS, classifiers[OURS](nondigits())[1])
    return {"sha256": net.config.sha256, **made.results, "more": more(net)}


def keep_upstreams(results: dict, published: dict) -> None:
    """Where upstream's network is missing, take its published figures of the same set."""
    for name, row in results["sets"].items():
        earlier = published.get("sets", {}).get(name, {}).get(UPSTREAM)
        if UPSTREAM not in row and earlier and earlier["total"] == row[OURS]["total"]:
            row[UPSTREAM] = earlier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
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
