"""The accuracy of the shipped weights on every set, and of upstream's network: `python -m bench.accuracy`.

    python train.py --recipe upstream                           upstream's network, seed 0, into runs/upstream
    FREEHAND_DIR=... UNIPEN_DIR=... MNIST_CSV=... python -m bench.accuracy

Accuracy is right/total with a 95 % Wilson interval. Other people's digits and the drawings that are no digits never train. A set whose
folder is not named is left out; docs/accuracy.json changes only when pendigits, UNIPEN and MNIST are all there. Without upstream's
network, its column keeps the figures of docs/accuracy.json. A second table has other projects' networks if they are installed
(bench/peers.py). Upstream's network gets MNIXEL's 28x28, as in its training; its own window gives it something else and does worse.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import board
import data
from bench import freehand, mnist, peers, sets, unipen
from bench.readers import Reader, milliseconds, multiply_adds, our_reader, upstream_reader
from handwriting import MEASURING, draw_nondigit
from model import DigitCNN
from reports import tables
from training import metrics, upstream

ROOT = Path(__file__).parent.parent
NONDIGITS = 2000  # drawings that are no digits
OURS, UPSTREAM = tables.OURS, tables.UPSTREAM
UNSEEN, LOOKED_AT = "UNIPEN, writers nobody looked at", "UNIPEN, writers looked at"
PENDIGITS = "pendigits"


class Table:
    """Rows of figures: a name, and a figure for each reader that has one."""

    def __init__(self, readers: dict[str, Reader | None], before: dict[str, dict[str, str]] | None = None):
        """`before` has the figures of earlier rows, which stand in for a reader that is None."""
        self.readers = {who: read for who, read in readers.items() if read}
        self.before = before or {}
        self.rows: dict[str, dict[str, str]] = {}
        self.counts: dict[str, dict[str, list[int]]] = {}  # right and total of each row of accuracy
        self.margins: dict[str, dict[str, np.ndarray]] = {}
        # Of our network: confusion matrix and reliability of a detailed set.
        self.details: dict[str, dict[str, list]] = {}

    def row(self, name: str, figures: dict[str, str]) -> None:
        previous = {who: text for who, text in self.before.get(name, {}).items() if who not in self.readers}
        self.rows[name] = previous | figures
        print(f"{name}: {' | '.join(self.rows[name].values())}", file=sys.stderr)

    def read(self, name: str, parts: Iterator[tuple[str, sets.Set]], detailed: bool = False) -> None:
        """A row for a set in parts; `detailed` adds a row a part, the worst writers, the lowest recall and the calibration."""
        answers: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {who: [] for who in self.readers}
        truth, writers, each = [], [], []
        for part, (pictures, labels, by) in parts:
            for who, read in self.readers.items():
                answers[who].append(read(pictures))
            truth.append(labels)
            writers.append(by)
            each.append((part, {who: accuracy(labels, answers[who][-1][0]) for who in self.readers}))
        if not truth:
            return
        labels = np.concatenate(truth)
        probabilities = {who: np.concatenate([p for p, _ in pieces]) for who, pieces in answers.items()}
        self.margins[name] = {who: np.concatenate([e for _, e in pieces]) for who, pieces in answers.items()}
        self.counts[name] = {
            who: [int((p.argmax(1) == labels).sum()), len(labels)] for who, p in probabilities.items()
        }

        def row(title: str, figure: Callable[[np.ndarray], str]) -> None:
            self.row(title, {who: figure(p) for who, p in probabilities.items()})

        row(name, lambda p: accuracy(labels, p))
        if not detailed:
            return
        if OURS in probabilities:
            guess, bins = probabilities[OURS].argmax(1), metrics.reliability(labels, probabilities[OURS])
            self.details[name] = {"confusion": metrics.confusion(labels, guess).tolist(), "reliability": bins}
        if len(each) > 1:
            for part, figures in each:
                self.row(f"{name}: {part}", figures)
        if all(by is not None for by in writers):
            by = np.concatenate(writers)
            _, count = sets.worst_writers(np.ones(len(by)), by)
            worst = f"{name}: worst tenth of writers ({count})"
            row(worst, lambda p: f"{100 * sets.worst_writers(p.argmax(1) == labels, by)[0]:.1f} %")
        row(f"{name}: lowest recall", lambda p: lowest(metrics.summary(labels, p)["recall"]))
        row(f"{name}: calibration error", lambda p: f"{metrics.calibration_error(labels, p):.3f}")


def accuracy(truth: np.ndarray, probabilities: np.ndarray) -> str:
    """Right of all with its interval, for people."""
    return metrics.describe(metrics.summary(truth, probabilities))


def lowest(recall: list[float | None]) -> str:
    """The lowest recall of a digit that occurs."""
    digit = min((d for d in range(10) if recall[d] is not None), key=lambda d: recall[d])
    return f"{100 * recall[digit]:.1f} % (of the {digit}s)"


def refused_at(digits: np.ndarray, others: np.ndarray, share: float = 0.01) -> tuple[float, float]:
    """The logit margin below which `share` of digits is refused, and the share of non-digits refused there; both (N,)."""
    threshold = float(np.quantile(digits, share))
    return threshold, float((others < threshold).mean())


# --- the parts of the table -------------------------------------------------------------------------------------------


def other_people(table: Table) -> None:
    """Rows of the digits of other people that are there: UNIPEN in two halves, pendigits, MNIST."""
    if (root := unipen.folder()) is not None:
        for sizes, note in ((freehand.NATURAL, ""), (freehand.SMALL, ", small")):
            for name, looked_at in ((UNSEEN, False), (LOOKED_AT, True)):
                parts = sets.collections(
                    root, sizes, [c for c in unipen.collections(root) if (c in unipen.LOOKED_AT) == looked_at]
                )
                table.read(f"{name}{note}", parts, detailed=True)
    if (folder := freehand.folder()) is not None:
        for sizes, note in ((freehand.NATURAL, ""), (freehand.SMALL, ", small")):
            table.read(f"{PENDIGITS}{note}", iter([("", sets.pendigits(folder, sizes))]), detailed=True)
    if (file := mnist.file()) is not None:
        try:
            found = mnist.read(file)
        except (OSError, EOFError, ValueError) as error:
            sys.exit(f"bench.accuracy: {file}, or MNIST's test digits beside it, cannot be read: {error}")
        for name, (pictures, labels) in found.items():
            table.read(name, iter([("", sets.Set(list(pictures), labels))]), detailed=True)


def refusal(table: Table, threshold: float) -> None:
    """Rows of drawings that are no digits, at 1 % of unseen writers' digits refused and as shipped."""
    rng = np.random.default_rng(11)
    others = [board.render(draw_nondigit(MEASURING[i % len(MEASURING)], rng)) for i in range(NONDIGITS)]
    margins = {who: read(others)[1] for who, read in table.readers.items()}
    for name in (UNSEEN, PENDIGITS):
        if name in table.margins:
            digits = table.margins[name]
            limits = {who: refused_at(digits[who], margins[who]) for who in margins}
            table.row(
                f"non-digits ({len(MEASURING)} unseen kinds) refused at 1 % refused of {name}",
                {who: f"{100 * part:.1f} % (below {limit:.2f})" for who, (limit, part) in limits.items()},
            )
            lost, caught = (digits[OURS] < threshold).mean(), (margins[OURS] < threshold).mean()
            text = f"{100 * caught:.1f} %, with {100 * lost:.1f} % of the digits (below {threshold:.2f})"
            table.row(f"non-digits refused as shipped, {name}", {OURS: text})


def peer_table(net: DigitCNN, arrays: data.Arrays, seen: dict[str, dict[str, list[int]]]) -> str | None:
    """Other projects' networks on the same boards, as published and behind our preprocessing; None without any of them."""
    readers = {}
    for name in peers.PEERS:
        for note, ours in (("as published", None), ("behind our preprocessing", net)):
            if (read := peers.reader(name, ours)) is not None:
                readers[f"{name}, {note}"] = lambda pictures, read=read: (p := read(pictures), p.max(axis=1))
    if not readers:
        return None
    table = Table(readers)
    table.read("MNIXEL test", mnixel_test(arrays))
    if (root := unipen.folder()) is not None:
        unseen = [name for name in unipen.collections(root) if name not in unipen.LOOKED_AT]
        table.read(UNSEEN, sets.collections(root, freehand.NATURAL, unseen))
    if (folder := freehand.folder()) is not None:
        table.read(PENDIGITS, iter([("", sets.pendigits(folder, freehand.NATURAL))]))
    percent = [
        [name, *(f"{100 * table.counts[n][name][0] / table.counts[n][name][1]:.1f} %" for n in table.counts)]
        for name in readers
    ]
    first = [OURS, *(f"{100 * seen[n][OURS][0] / seen[n][OURS][1]:.1f} %" for n in table.counts)]
    return tables.markdown(["", *table.counts], [first, *percent])


def mnixel_test(arrays: data.Arrays) -> Iterator[tuple[str, sets.Set]]:
    return iter([("", sets.Set(list(arrays.x_test / 255), arrays.y_test))])


# --- command ----------------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure everything, print the table and store it in docs/accuracy.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "weights", help="measure these and write nothing"
    )
    options = parser.parse_args()
    try:
        arrays = data.arrays("clean")
    except data.DataError as error:
        sys.exit(f"bench.accuracy: {error}")
    net, upstream_run = DigitCNN.from_pretrained(options.weights), ROOT / "runs" / "upstream"
    before = tables.stored("accuracy").get("rows", {})
    table = Table({OURS: our_reader(net), UPSTREAM: upstream_reader(upstream_run)}, before)
    if UPSTREAM not in table.readers:
        print(
            f"There is no upstream network in {upstream_run}: its column keeps the earlier figures.",
            file=sys.stderr,
        )

    table.read("MNIXEL test", mnixel_test(arrays))
    other_people(table)
    refusal(table, net.config.threshold)
    if (folder := freehand.folder()) is not None:
        for name, row in sets.robustness(folder):
            table.read(f"{PENDIGITS}, {name}", iter([("", row)]))
    picture = board.render([board.Stroke(np.array([[120.0, 90.0], [320.0, 90.0], [200.0, 360.0]]), 15.0)])
    table.row(
        "milliseconds a picture, 448x448 board, one core",
        {who: f"{milliseconds(read, picture):.1f}" for who, read in table.readers.items()},
    )
    networks = {OURS: net, UPSTREAM: upstream.UpstreamCNN()}
    count = {who: sum(p.numel() for p in network.parameters()) for who, network in networks.items()}
    table.row("parameters", {who: f"{n:,}" for who, n in count.items()})
    table.row(
        "multiply-adds a picture", {who: f"{multiply_adds(network):,}" for who, network in networks.items()}
    )
    reports = {OURS: options.weights / "metrics.json", UPSTREAM: upstream_run / "metrics.json"}
    took = {who: json.loads(path.read_text())["seconds"] for who, path in reports.items() if path.is_file()}
    table.row("training seconds, two cores", {who: f"{seconds:.0f}" for who, seconds in took.items()})

    results = {"sha256": net.config.sha256, "counts": table.counts, "rows": table.rows}
    if (others := peer_table(net, arrays, table.counts)) is not None:
        results["peers"] = others
    print(tables.accuracy(results))
    whole = unipen.folder() and freehand.folder() and mnist.file()
    if options.weights != ROOT / "weights" or not whole:
        print(
            "Not every set was there, or other weights: docs/accuracy.json stays as it is.", file=sys.stderr
        )
        return
    results["details"] = table.details
    tables.store("accuracy", results)
    print("`python -m reports tables` puts it into the documents and the model card.", file=sys.stderr)


if __name__ == "__main__":
    main()
