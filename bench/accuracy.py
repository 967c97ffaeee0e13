"""The accuracy of the shipped weights on every set: `python -m bench.accuracy`.

FREEHAND_DIR, UNIPEN_DIR and MNIST_CSV name other people's digits (docs/operations.md). Nothing trains on
them, nor on the non-digit drawings that are measured here. It takes some twenty minutes, prints the tables,
and writes the counts to docs/accuracy.json. If a set is missing, or the weights are not the shipped ones, it
writes to runs/bench/accuracy.json instead.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

import bench
import board
import data
from bench import memory, pendigits, pictures, sets, unipen
from handwriting import MEASURING, draw_nondigit
from model import DigitCNN
from reports import tables
from training import metrics

NONDIGITS = 2000
SOURCES = {"FREEHAND_DIR": pendigits.folder, "UNIPEN_DIR": unipen.folder, "MNIST_CSV": sets.mnist_file}


def all_sets(mnixel: data.Arrays) -> Iterator[tuple[str, Iterable[sets.Set]]]:
    """The name and the parts of each set that is there, one after the other to save memory."""
    yield tables.MNIXEL, [sets.Set(list(mnixel.x_test / 255), mnixel.y_test)]
    if root := unipen.folder():
        yield tables.UNSEEN, sets.collections(root, looked_at=False)
        yield "UNIPEN, writers looked at", sets.collections(root, looked_at=True)
    if folder := pendigits.folder():
        yield "pendigits", [sets.pendigits(folder)]
    if file := sets.mnist_file():
        found = sets.mnist(file)
        yield f"MNIST, {len(found.labels):,} training digits", [found]


def read(net: DigitCNN, parts: Iterable[sets.Set]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list]:
    """Labels (N,), probabilities (N, 10) and margins (N,) of all parts together, and their known writers.

    The margin is 0 where the network sees several digits.
    """
    labels, probabilities, margins, writers = [], [], [], []
    for part in parts:
        inputs, several = sets.inputs_of(net, part.pictures)
        answers, sure = net.predict(inputs)
        labels.append(part.labels)
        probabilities.append(answers)
        margins.append(np.where(several, 0, sure))
        writers += [] if part.writers is None else [*part.writers]
    return np.concatenate(labels), np.concatenate(probabilities), np.concatenate(margins), writers


def people(net: DigitCNN, named: Iterable[tuple[str, Iterable[sets.Set]]]) -> dict[str, dict]:
    """The fields of docs/accuracy.json about named sets, each given in parts."""
    results: dict[str, dict] = {"sets": {}, "details": {}, "worst_writers": {}, "refused": {}}
    for name, parts in named:
        labels, probabilities, margins, writers = read(net, parts)
        guesses = probabilities.argmax(1)
        row = metrics.counted(int((guesses == labels).sum()), len(labels))
        print(f"{name}: {metrics.describe(row)}", file=sys.stderr)
        results["sets"][name] = {tables.OURS: row}
        results["refused"][name] = refused(net, margins)
        results["details"][name] = {
            "confusion": metrics.confusion(labels, guesses).tolist(),
            "reliability": metrics.reliability(labels, probabilities),
        }
        if writers:
            results["worst_writers"][name] = sets.worst_writers(guesses == labels, np.array(writers))
    return results


def beside_upstream(rows: dict[str, dict]) -> dict[str, dict]:
    """The rows with upstream's published figures, which hold: neither its network nor the sets change."""
    published = tables.stored("accuracy").get("sets", {})
    return {name: published.get(name, {}) | row for name, row in rows.items()}


def refused(net: DigitCNN, margins: np.ndarray) -> dict[str, int]:
    """How many of the drawings with these margins (N,) the network is not sure of."""
    return {"refused": int((margins < net.config.threshold).sum()), "total": len(margins)}


def nondigits() -> sets.Set:
    """Boards with drawings of the kinds that nothing trains on, the same in every run."""
    rng = np.random.default_rng(11)
    drawn = [board.render(draw_nondigit(MEASURING[i % len(MEASURING)], rng)) for i in range(NONDIGITS)]
    return sets.Set(drawn, np.zeros(NONDIGITS, int))


def more(net: DigitCNN) -> dict[str, list[dict]]:
    """Title -> rows of each table of another module that can be measured here.

    A row has a "name", and as integers "right", "total" and the other columns of its table.
    """
    folder, root = pendigits.folder(), unipen.folder()
    found = {}
    if root:
        for title, looked_at in (
            (tables.LEARNT, False),
            ("Learning a hand, UNIPEN's writers looked at", True),
        ):
            found[title] = memory.rows(net, memory.writers(net, root, looked_at))
    found["A shape of one's own"] = memory.shapes(net)
    if root and folder:
        found["Pictures that people bring"] = list(pictures.rows(net, folder, root))
    return found


def measure(net: DigitCNN, mnixel: data.Arrays) -> dict:
    """The results as docs/accuracy.json holds them."""
    results = people(net, all_sets(mnixel))
    # 116 images are too few for details.
    del results["details"][tables.MNIXEL], results["refused"][tables.MNIXEL]
    results["sets"] = beside_upstream(results["sets"])
    results["refused"][tables.NONDIGITS] = refused(net, read(net, [nondigits()])[2])
    return {"sha256": net.config.sha256, **results, "more": more(net)}


def main() -> None:
    """Measure, print and store."""
    parser = bench.parser("accuracy", __doc__)
    parser.add_argument("--weights", type=Path, default=tables.ROOT / "weights", help="the folder to measure")
    options = parser.parse_args()
    missing = [variable for variable, found in SOURCES.items() if not found()]
    if missing:
        print(f"Left out, because nothing names their digits: {', '.join(missing)}", file=sys.stderr)
    try:
        results = measure(DigitCNN.from_pretrained(options.weights), data.arrays("clean"))
    except data.DataError as error:
        sys.exit(f"bench.accuracy: {error}")
    print(tables.accuracy(results))
    tables.store("accuracy", results, complete=not missing)


if __name__ == "__main__":
    main()
