"""A sheet of the digits that the weights misread, as the network gets them: `python -m bench.mistakes OUT.png`.

It shows only the sets whose mistakes may be looked at: some of UNIPEN's collections (UNIPEN_DIR) and pendigits (FREEHAND_DIR). Above each
digit are its label, the answer and its number in the set.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from bench import freehand, sets, unipen
from model import DigitCNN

CELL, TEXT, COLUMNS = 72, 12, 16  # pixels a digit, pixels for the line above it, digits a row


def looked_at() -> Iterator[tuple[str, sets.Set]]:
    """The sets that are there and may be looked at, at natural sizes."""
    if (root := unipen.folder()) is not None:
        names = [name for name in unipen.collections(root) if name in unipen.LOOKED_AT]
        yield from sets.collections(root, freehand.NATURAL, names)
    if (folder := freehand.folder()) is not None:
        yield "pendigits", sets.pendigits(folder, freehand.NATURAL)


def misread(net: DigitCNN, name: str, part: sets.Set) -> list[tuple[int, float, str, np.ndarray]]:
    """Of each mistake the label, the probability of the wrong answer, a caption and the network's input (28, 28)."""
    inputs = torch.stack([net.preprocess(picture) for picture in part.pictures])
    probabilities = net.predict(inputs)[0]
    answers = probabilities.argmax(1)
    return [
        (
            int(part.labels[i]),
            float(probabilities[i].max()),
            f"{part.labels[i]}>{answers[i]} {name[:3]} {i}",
            inputs[i, 0].numpy(),
        )
        for i in np.flatnonzero(answers != part.labels)
    ]


def sheet(mistakes: list[tuple[int, float, str, np.ndarray]]) -> Image.Image:
    """All mistakes by digit, the most certain ones of each first."""
    page = Image.new("L", (COLUMNS * CELL, max(1, -(-len(mistakes) // COLUMNS)) * (CELL + TEXT)))
    pen = ImageDraw.Draw(page)
    for number, (*_, caption, image) in enumerate(sorted(mistakes, key=lambda m: (m[0], -m[1]))):
        x, y = number % COLUMNS * CELL, number // COLUMNS * (CELL + TEXT)
        pen.text((x + 2, y), caption, fill=255)
        digit = Image.fromarray(np.rint(255 * image).astype(np.uint8))
        page.paste(digit.resize((CELL - 4, CELL - 4), Image.Resampling.BILINEAR), (x, y + TEXT))
    return page


def main() -> None:
    """Read the sets that are there, write the sheet and say how many mistakes of how many digits it shows."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("out", metavar="OUT.png")
    parser.add_argument("--weights", default=Path(__file__).parent.parent / "weights")
    options = parser.parse_args()
    net, mistakes, total = DigitCNN.from_pretrained(options.weights), [], 0
    for name, part in looked_at():
        mistakes += misread(net, name, part)
        total += len(part.labels)
    if not total:
        sys.exit("bench.mistakes: UNIPEN_DIR and FREEHAND_DIR name no digits to look at.")
    sheet(mistakes).save(options.out)
    print(f"{len(mistakes)} of {total:,} digits misread: {options.out}")


if __name__ == "__main__":
    main()
