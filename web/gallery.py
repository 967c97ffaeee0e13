"""Draws the digits that the tabs Data and Model show, as one picture and a list of what is on it.

The picture has every allograph once, and then new drawings that the weights misread. It is drawn ahead of
time, so that the page's servers need no drawing program.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import board
import model
from handwriting.allographs import ALLOGRAPHS
from handwriting.drawing import choose, draw_allograph, to_input

SEED = 7
# Digits in a row of the picture, and its levels of grey.
COLUMNS, LEVELS = 20, 12
# New drawings that the network reads, and the most misread ones that are shown.
NEW, SHOWN = 5000, 30


def write(out: Path, weights: Path) -> str:
    """Write gallery.png and gallery.json into the folder `out`; returns a sentence about them."""
    digits, cells = _allographs()
    mistakes, wrong = _mistakes(model.DigitCNN.from_pretrained(weights))
    _picture([*cells, *wrong]).save(out / "gallery.png", optimize=True, bits=4)
    about = {"columns": COLUMNS, "digits": digits, "mistakes": mistakes}
    (out / "gallery.json").write_text(json.dumps(about, separators=(",", ":")) + "\n", encoding="utf-8")
    shown = f"{len(digits)} digits and {len(wrong)} of {mistakes['wrong']} misread ones"
    return f"{shown} are in {out / 'gallery.png'}."


def _picture(cells: list[np.ndarray]) -> Image.Image:
    """28x28 pictures in 0..1, row by row, as one picture with a palette of greys."""
    side = model.INPUT
    sheet = np.zeros((-(-len(cells) // COLUMNS) * side, COLUMNS * side), np.uint8)
    for number, cell in enumerate(cells):
        top, left = number // COLUMNS * side, number % COLUMNS * side
        sheet[top : top + side, left : left + side] = np.rint((LEVELS - 1) * cell)
    image = Image.fromarray(sheet)
    image.putpalette([255 * level // (LEVELS - 1) for level in range(LEVELS) for _ in range(3)])
    return image


def _allographs() -> tuple[list[list], list[np.ndarray]]:
    """[digit, name, share of the digit's drawings] of every allograph, and an undistorted picture of each."""
    rng, digits, cells = np.random.default_rng(SEED), [], []
    for digit, ways in ALLOGRAPHS.items():
        weights = np.array([way.weight for way in ways])
        for way, share in sorted(zip(ways, weights / weights.sum(), strict=True), key=lambda each: -each[1]):
            strokes = draw_allograph(way, rng, varied=False)
            digits.append([str(digit), way.name, round(float(share), 4)])
            cells.append(model.normalise(model.to_ink(board.render(strokes))))
    return digits, cells


def _mistakes(net: model.DigitCNN) -> tuple[dict, list[np.ndarray]]:
    """How the network reads new drawings, distorted as in training, and pictures of the misread ones."""
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
