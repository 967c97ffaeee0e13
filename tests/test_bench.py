"""The benchmarks count right."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import board
import train
from bench import freehand, mnist
from bench.accuracy import (
    identity,
    is_of,
    markdown,
    multiply_adds,
    photographed,
    refused_at,
    upstream_reader,
    validated,
)
from bench.ladder import RUNGS, between, table
from model import DigitCNN, EmptyDrawing
from training import upstream
from training.recipes import RECIPES

UNIPEN = """.COMMENT made up for this test
.SEGMENT DIGIT 0 ? "7"
.PEN_DOWN
 10 90
 60 90
 30 10
.PEN_UP
.SEGMENT DIGIT 1 ? "1"
.PEN_DOWN
 5 5
 5 95
.PEN_UP
.PEN_DOWN
 0 5
 9 5
.PEN_UP
"""


@pytest.fixture
def strokes(tmp_path, monkeypatch):
    (tmp_path / freehand.FILE).write_bytes(gzip.compress(UNIPEN.encode()))  # gzip reads either kind of file
    monkeypatch.setenv("FREEHAND_DIR", str(tmp_path))
    return freehand.read(freehand.folder())


def test_strokes_are_read_with_y_down(strokes):
    digits, labels = strokes
    assert labels.tolist() == [7, 1]
    assert [len(digit) for digit in digits] == [1, 2]
    assert digits[0][0].tolist() == [[10, -90], [60, -90], [30, -10]]  # the bar of the 7 above its foot


def test_no_strokes_no_rows(monkeypatch, tmp_path):
    monkeypatch.setenv("FREEHAND_DIR", str(tmp_path))
    assert freehand.folder() is None
    monkeypatch.delenv("FREEHAND_DIR")
    assert freehand.folder() is None


def test_every_other_picture_of_mnist_counts(tmp_path, monkeypatch):
    rows = [[0] * 784 + [3], [255, *[0] * 27, 51, *[0] * 755, 7], [9] * 784 + [1], [0] * 784 + [8]]
    path = tmp_path / "mnist.csv.gz"
    path.write_bytes(gzip.compress("\n".join(",".join(map(str, row)) for row in rows).encode()))
    monkeypatch.setenv("MNIST_CSV", str(path))
    pictures, labels = mnist.read(mnist.file())
    assert labels.tolist() == [7, 8]
    assert pictures.shape == (2, 28, 28)
    assert (pictures[0, 0, 0], pictures[0, 1, 0], pictures[0].sum()) == pytest.approx((1, 0.2, 1.2))
    monkeypatch.setenv("MNIST_CSV", str(tmp_path / "missing.csv"))
    assert mnist.file() is None


@pytest.mark.parametrize("sizes", [freehand.NATURAL, freehand.SMALL])
def test_strokes_are_drawn_inside_the_board_at_the_sizes_asked_for(strokes, sizes):
    rng = np.random.default_rng(0)
    for digit in strokes[0] * 20:
        drawn = freehand.on_board(digit, sizes, rng)
        points = np.concatenate([stroke.points for stroke in drawn])
        assert points.min() >= -1e-9
        assert points.max() <= board.SIZE + 1e-9
        longer = np.ptp(points, axis=0).max() / board.SIZE
        assert sizes.longer_side[0] - 1e-9 <= longer <= sizes.longer_side[1] + 1e-9
        assert sizes.radius[0] <= drawn[0].radius <= sizes.radius[1]


def test_photographs_can_be_read(strokes):
    rng = np.random.default_rng(0)
    picture = board.render(freehand.on_board(strokes[0][0], freehand.NATURAL, rng))
    noisy = photographed(picture, rng)
    assert noisy.shape == picture.shape
    assert noisy.mean() > 100  # dark on light
    net = DigitCNN()
    clean, seen = net.preprocess(picture), net.preprocess(noisy)
    assert (clean - seen).abs().sum() / clean.sum() < 0.45
    with pytest.raises(EmptyDrawing):
        net.preprocess(photographed(np.zeros_like(picture), rng))


def test_refusal_is_counted_at_the_digits_threshold():
    threshold, share = refused_at(np.linspace(0.5, 1.0, 100), np.array([0.2, 0.4, 0.6, 0.9]), share=0.01)
    assert 0.5 < threshold < 0.52
    assert share == 0.5


def test_upstream_is_read_from_what_train_writes(tmp_path):
    assert upstream_reader(tmp_path) is None
    torch.manual_seed(0)
    net = upstream.UpstreamCNN().to(memory_format=torch.channels_last)  # as it is trained
    train.write(tmp_path, {"standardisation": {"mean": 30.0, "deviation": 70.0}}, net)
    picture = board.render([board.Stroke(np.array([[200.0, 60.0], [230.0, 380.0]]), 15.0)])
    probabilities, sureness = upstream_reader(tmp_path)([picture, board.reduce(picture) / 255])
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-5)
    assert sureness == pytest.approx(probabilities.max(axis=1))
    assert net.penalty().item() == pytest.approx(0.01 * net.layers[11].weight.square().sum().item())


def test_multiply_adds_of_a_known_network():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(2 * 26 * 26, 10))
    assert multiply_adds(net) == 26 * 26 * 2 * 9 + 2 * 26 * 26 * 10


def test_cross_validation_of_another_recipe_does_not_count(monkeypatch):
    result = {"rights": [380], "total": 386, "of": identity("ours")}
    assert is_of(result, "ours") and not is_of(result, "upstream") and not is_of(None, "ours")
    monkeypatch.setitem(RECIPES, "ours", replace(RECIPES["ours"], steps=25))
    assert not is_of(result, "ours")


def test_the_table_is_of_the_shipped_weights():
    stored = json.loads((train.ROOT / "docs" / "accuracy.json").read_text())
    assert stored["sha256"] == DigitCNN.from_pretrained(train.ROOT / "weights").config.sha256
    assert stored["table"] in (train.ROOT / "README.md").read_text()


def test_tables():
    ours = {"rights": [116, 114], "total": 116, "strangers": [984, 1000]}
    text = table({"ours": ours, "nearest-pixels": {"rights": [76], "total": 116}})
    assert "| 40 | nothing random |  | `python train.py --recipe nearest-pixels` |" in text
    assert "| 1 | 0, 2 | 98.4 % | `python train.py --recipe ours --seeds 10` |" in text
    assert set(RUNGS) == set(RECIPES)
    assert between("a <b> old </b> c", "<b>", "</b>", "new") == "a <b>\n\nnew\n\n</b> c"
    assert markdown(["x"], [("row", ["1"])]).splitlines()[-1] == "| row | 1 |"
    assert validated(None) == ""
    assert validated({"rights": [380, 384], "total": 386}).startswith("764/772 = 99.0 %")
