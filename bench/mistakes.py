"""A sheet of the misread digits, as the network gets them: `python -m bench.mistakes OUT.png`.

It shows only the sets whose mistakes may be looked at: some of UNIPEN's collections (UNIPEN_DIR) and
pendigits (FREEHAND_DIR). Above each digit are its label, the answer and its number in the set.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw

from bench import pendigits, sets, unipen
from model import DigitCNN

CELL, TEXT, COLUMNS = 72, 12, 16  # pixels a digit, pixels for the line above it, digits a row


class Mistake(NamedTuple):
    """A misread digit: its label, the probability of the wrong answer, a caption, the input (28, 28)."""

    label: int
    probability: float
    caption: str
    image: np.ndarray


def looked_at() -> Iterator[sets.Set]:
    """The sets that are there and may be looked at."""
    if (root := unipen.folder()) is not None:
        yield from sets.collections(root, looked_at=True)
    if (folder := pendigits.folder()) is not None:
        yield sets.pendigits(folder)


def misread(net: DigitCNN, part: sets.Set) -> list[Mistake]:
    """The digits of a set whose most probable answer is not their label."""
    inputs = torch.stack([net.preprocess(picture) for picture in part.pictures])
    probabilities = net.predict(inputs)[0]
    answers, name = probabilities.argmax(1), part.writers[0][:3] if part.writers is not None else "pen"
    found = []
    for i in np.flatnonzero(answers != part.labels):
        caption = f"{part.labels[i]}>{answers[i]} {name} {i}"
        found.append(
            Mistake(int(part.labels[i]), float(probabilities[i].max()), caption, inputs[i, 0].numpy())
        )
    return found


def sheet(mistakes: list[Mistake]) -> Image.Image:
    """All mistakes by digit, the most certain ones of each first."""
    page = Image.new("L", (COLUMNS * CELL, max(1, -(-len(mistakes) // COLUMNS)) * (CELL + TEXT)))
    pen = ImageDraw.Draw(page)
    for number, mistake in enumerate(sorted(mistakes, key=lambda m: (m.label, -m.probability))):
        x, y = number % COLUMNS * CELL, number // COLUMNS * (CELL + TEXT)
        pen.text((x + 2, y), mistake.caption, fill=255)
        digit = Image.fromarray(np.rint(255 * mistake.image).astype(np.uint8))
        page.paste(digit.resize((CELL - 4, CELL - 4), Image.Resampling.BILINEAR), (x, y + TEXT))
    return page


def main() -> None:
    """Read the sets that are there, write the sheet and say how many mistakes of how many digits it shows."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("out", metavar="OUT.png")
    parser.add_argument("--weights", default=Path(__file__).parent.parent / "weights")
    options = parser.parse_args()
    net, mistakes, total = DigitCNN.from_pretrained(options.weights), [], 0
    for part in looked_at():
        mistakes += misread(net, part)
        total += len(part.labels)
    if not total:
        sys.exit("bench.mistakes: UNIPEN_DIR and FREEHAND_DIR name no digits to look at.")
    sheet(mistakes).save(options.out)
    print(f"{len(mistakes)} of {total:,} digits misread: {options.out}")


if __name__ == "__main__":
    main()
