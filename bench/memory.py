"""What other people gain when the network learns their hand: `UNIPEN_DIR=... python -m bench.memory`.

It uses the UNIPEN collections whose mistakes were looked at, by which `strength`, `focus` and `known` in
model.py are chosen. A writer counts with all ten digits, and with at least 20 in total. The digits come in
random order, at most 100 of each writer. It prints tables after some minutes.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

import bench
import board
from bench import pendigits, sets, unipen
from bench.sets import inputs_of
from handwriting import MEASURING, draw, draw_nondigit
from handwriting.hand import any_hand
from model import DigitCNN
from reports import tables

# Numbers of drawings that are taught, for the learning curve.
TAUGHT = (0, 1, 2, 5, 10, 20, 30, 50)
# The fewest and the most digits of a writer, and the most of somebody else.
LEAST, MOST, OTHERS = 20, 100, 50
TEN, CORRECTED = "after ten drawings of one's own", "after each mistake was corrected"
SOMEBODY_ELSE = "somebody else's digits with that memory"
NONDIGITS = "non-digits refused, after ten digits of one hand were taught"


class Writer(NamedTuple):
    """One person's digits in the order of teaching: inputs (N, 1, 28, 28) and labels (N,)."""

    inputs: Tensor
    labels: np.ndarray


def writers(net: DigitCNN, root: Path, looked_at: bool) -> list[Writer]:
    """The writers with enough digits in UNIPEN's collections that were looked at, or in the others."""
    found = []
    for name in unipen.collections(root, looked_at):
        rng = np.random.default_rng([sets.SEED, *name.encode()])
        # Each file of `val` has one digit of a person: the file's name is the person's and that digit.
        people: dict[str, list[unipen.Digit]] = {}
        for digit in unipen.read(root, name):
            person = re.sub(r"\d\.dat$", "", digit.writer) if name == "val" else digit.writer
            people.setdefault(person, []).append(digit)
        for digits in people.values():
            # One digit of ibm is a dash. `unipen.is_whole` keeps it, because the pen went back over it.
            digits = [digit for digit in digits if np.ptp(np.concatenate(digit.strokes)[:, 1])]
            digits = [digits[i] for i in rng.permutation(len(digits))[:MOST]]
            labels = np.array([digit.label for digit in digits])
            if len(digits) >= LEAST and len(np.unique(labels)) == 10:
                boards = [board.render(pendigits.on_board(d.strokes, pendigits.NATURAL, rng)) for d in digits]
                found.append(Writer(inputs_of(net, boards)[0], labels))
    return found


def right(net: DigitCNN, inputs: Tensor, labels: np.ndarray) -> np.ndarray:
    """Boolean (N,): whether each input is read as its label."""
    return net.predict(inputs)[0].argmax(axis=1) == labels


def corrected(net: DigitCNN, writer: Writer) -> np.ndarray:
    """Boolean (N,): whether each digit is read right, if every mistake is taught at once."""
    answers = right(net, *writer)
    for i in range(len(answers)):
        if not answers[i]:
            net = net.with_lessons(writer.inputs[i : i + 1], writer.labels[i : i + 1])
            answers[i + 1 :] = right(net, writer.inputs[i + 1 :], writer.labels[i + 1 :])
    return answers


def in_order(labels: np.ndarray) -> np.ndarray:
    """The order (N,) of teaching: the first example of each digit, then all others in their order."""
    first = np.unique(labels, return_index=True)[1]
    return np.concatenate([np.sort(first), np.setdiff1d(np.arange(len(labels)), first)])


def row(name: str, with_memory: list[np.ndarray], without: list[np.ndarray]) -> dict:
    """Counts of right answers with and without the memory, and the most digits that one writer lost."""
    lost = max(int(b.sum() - a.sum()) for a, b in zip(with_memory, without, strict=True))
    counts = [int(np.concatenate(answers).sum()) for answers in (with_memory, without)]
    total = sum(len(answers) for answers in without)
    return {"name": name, "right": counts[0], "plain": counts[1], "total": total, "lost": max(lost, 0)}


def rows(net: DigitCNN, people: Sequence[Writer]) -> list[dict]:
    """A row for each way of teaching, then one for each point of the curve, with its number in "taught"."""
    plain = [right(net, *writer) for writer in people]
    table, curve = [], []
    for taught in TAUGHT:
        after, before, elsewhere, unlearnt = [], [], [], []
        for number, writer in enumerate(people):
            order = in_order(writer.labels)
            known, rest = order[:taught], order[taught:]
            if len(rest) < LEAST - 10:
                continue
            mine = net.with_lessons(writer.inputs[known], writer.labels[known])
            after.append(right(mine, writer.inputs[rest], writer.labels[rest]))
            before.append(plain[number][rest])
            if taught == 10:
                other = (number + len(people) // 2) % len(people)
                elsewhere.append(right(mine, people[other].inputs[:OTHERS], people[other].labels[:OTHERS]))
                unlearnt.append(plain[other][:OTHERS])
        if after:
            curve.append(row(f"{taught} drawings taught", after, before) | {"taught": taught})
        if taught == 10:
            table += [row(TEN, after, before), row(SOMEBODY_ELSE, elsewhere, unlearnt)]
    return [*table, row(CORRECTED, [corrected(net, writer) for writer in people], plain), *curve]


def shapes(net: DigitCNN, lessons: int = 10, digits: int = 200) -> list[dict]:
    """Rows about a heart that was taught as a 7, and about non-digits beside ten digits of one hand."""
    rng = np.random.default_rng(24)

    def inputs(strokes: list[list[board.Stroke]]) -> Tensor:
        return inputs_of(net, [board.render(each) for each in strokes])[0]

    def answers(reader: DigitCNN, drawn: Tensor) -> np.ndarray:
        probabilities, margins = reader.predict(drawn)
        return np.where(margins < net.config.threshold, -1, probabilities.argmax(axis=1))

    taught = inputs([draw_nondigit("heart", rng) for _ in range(lessons)])
    hearts = inputs([draw_nondigit("heart", rng) for _ in range(20)])
    others = inputs([draw(i % 10, rng) for i in range(digits)])
    learnt = [net.with_lessons(taught[i : i + 1], [7]) for i in range(lessons)]
    read, own = [answers(mine, hearts) == 7 for mine in learnt], answers(net, hearts) == 7
    before, always = answers(net, others), np.ones(digits, bool)
    same = [answers(mine, others) == before for mine in learnt]
    things = inputs([draw_nondigit(MEASURING[i % len(MEASURING)], rng) for i in range(digits)])
    hands = [any_hand(rng) for _ in range(lessons)]
    ten = [inputs([draw(digit, rng, hand) for digit in range(10)]) for hand in hands]
    refused = [answers(net.with_lessons(mine, np.arange(10)), things) < 0 for mine in ten]
    return [
        row("a heart, when another was taught as a 7", read, [own] * lessons),
        row("digits read as before, then", same, [always] * lessons),
        row(NONDIGITS, refused, [answers(net, things) < 0] * lessons),
    ]


def main() -> None:
    """Measure and print."""
    bench.parser("memory", __doc__).parse_args()
    if (root := unipen.folder()) is None:
        raise SystemExit("bench.memory: UNIPEN_DIR does not name a folder with UNIPEN's digits.")
    net = DigitCNN.from_pretrained(tables.ROOT / "weights")
    people = writers(net, root, looked_at=True)
    print(tables.counts(rows(net, people)), tables.counts(shapes(net)), sep="\n\n")


if __name__ == "__main__":
    main()
