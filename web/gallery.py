"""Draws the digits that the tabs Data and Model show: a sprite, and a list of what is on it.

`python -m web gallery` runs it, so that the page's servers need no drawing program. The sprite has every way
of writing once, and then new drawings that the weights misread.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import board
import data
import model
from handwriting.allographs import ALLOGRAPHS
from handwriting.drawing import choose, draw_allograph, to_input

SEED = 7
# Digits in a row of the sprite, and its levels of grey.
COLUMNS, LEVELS = 20, 12
# New drawings that are read, and how many of the misread ones are shown.
NEW, SHOWN = 5000, 30


def write(out: Path, weights: Path) -> str:
    """Write gallery.png and gallery.json into the folder `out`; returns a sentence about them."""
    digits, cells = _ways()
    mistakes, wrong = _mistakes(model.DigitCNN.from_pretrained(weights))
    _sprite(out / "gallery", [*cells, *wrong], {"digits": digits, "mistakes": mistakes})
    shown = f"{len(digits)} digits and {len(wrong)} of {mistakes['wrong']} misread ones"
    return f"{shown} are in {out / 'gallery.png'}."


def write_mnixel(out: Path, weights: Path) -> str:
    """Write MNIXEL's training digits as mnixel.png and mnixel.json. Raises DataError without archives."""
    arrays, net = data.arrays("clean"), model.DigitCNN.from_pretrained(weights)
    order = np.argsort(arrays.y_train, kind="stable")
    cells = [net.preprocess(arrays.x_train[i] / 255)[0].numpy() for i in order]
    _sprite(out / "mnixel", cells, {"digits": [[str(arrays.y_train[i])] for i in order]})
    shown = f"MNIXEL's {len(order)} are in {out / 'mnixel.png'}"
    return f"{shown} and are published with the page; delete the file to stop that."


def _sprite(path: Path, cells: list[np.ndarray], about: dict) -> None:
    """Write 28x28 pictures 0..1, row by row, into a PNG of few greys, and a JSON file about them."""
    side, path = model.INPUT, path.with_suffix(".png")
    sheet = np.zeros((-(-len(cells) // COLUMNS) * side, COLUMNS * side), np.uint8)
    for number, cell in enumerate(cells):
        top, left = number // COLUMNS * side, number % COLUMNS * side
        sheet[top : top + side, left : left + side] = np.rint((LEVELS - 1) * cell)
    image = Image.fromarray(sheet)
    image.putpalette([255 * level // (LEVELS - 1) for level in range(LEVELS) for _ in range(3)])
    image.save(path, optimize=True, bits=4)
    text = json.dumps({"columns": COLUMNS, **about}, separators=(",", ":")) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def _ways() -> tuple[list[list], list[np.ndarray]]:
    """For every way: [digit, its name, its share of the digit's drawings], and an undistorted picture."""
    rng, digits, cells = np.random.default_rng(SEED), [], []
    for digit, ways in ALLOGRAPHS.items():
        weights = np.array([way.weight for way in ways])
        for way, share in sorted(zip(ways, weights / weights.sum(), strict=True), key=lambda each: -each[1]):
            strokes = draw_allograph(way, rng, varied=False)
            digits.append([str(digit), way.name, round(float(share), 4)])
            cells.append(model.normalise(model.to_ink(board.render(strokes))))
    return digits, cells


def _mistakes(net: model.DigitCNN) -> tuple[dict, list[np.ndarray]]:
    """How the network reads new drawings as in training, and pictures of those that it misreads."""
    rng = np.random.default_rng(SEED + 1)
    ways = [choose(number % 10, rng) for number in range(NEW)]
    cells = [to_input(draw_allograph(way, rng), rng) for way in ways]
    probabilities, margins = net.predict(torch.from_numpy(np.stack(cells))[:, None])
    truth, guess, sure = np.array([way.digit for way in ways]), probabilities.argmax(1), probabilities.max(1)
    refused = margins < net.config.threshold
    wrong = np.flatnonzero(~refused & (guess != truth))
    # The surest first.
    shown = wrong[np.argsort(-sure[wrong])][:SHOWN]
    each = [[str(truth[i]), ways[i].name, str(guess[i]), int(1000 * sure[i]) / 1000] for i in shown]
    counts = {"drawn": NEW, "wrong": len(wrong), "refused": int(refused.sum()), "shown": each}
    return {"sha256": net.config.sha256, **counts}, [cells[i] for i in shown]
