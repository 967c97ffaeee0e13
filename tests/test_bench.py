"""The benchmarks count right."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import board
import data
import handwriting
import train
from bench import ablation, freehand, mistakes, mnist, peers, sets, unipen
from bench.ablation import ABLATIONS, identity
from bench.accuracy import Table, lowest, refused_at
from bench.readers import multiply_adds, upstream_reader
from bench.sets import photographed
from model import DigitCNN, EmptyDrawing
from reports import tables
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


def test_every_other_training_digit_of_mnist_counts_and_all_its_test_digits(tmp_path, monkeypatch):
    rows = [[0] * 784 + [3], [255, *[0] * 27, 51, *[0] * 755, 7], [9] * 784 + [1], [0] * 784 + [8]]
    path = tmp_path / "mnist.csv.gz"
    path.write_bytes(gzip.compress("\n".join(",".join(map(str, row)) for row in rows).encode()))
    monkeypatch.setenv("MNIST_CSV", str(path))
    [(name, (pictures, labels))] = mnist.read(mnist.file()).items()
    assert name == "MNIST, 2 training digits nobody looked at"
    assert labels.tolist() == [7, 8]
    assert pictures.shape == (2, 28, 28)
    assert (pictures[0, 0, 0], pictures[0, 1, 0], pictures[0].sum()) == pytest.approx((1, 0.2, 1.2))

    images, digits = np.zeros((3, 28, 28), np.uint8), np.array([4, 0, 9], np.uint8)
    images[1, 2, 3] = 255
    for name, kind, array in zip(mnist.TEST, (b"\x03", b"\x01"), (images, digits), strict=True):
        sizes = np.array(array.shape, ">i4").tobytes()
        (tmp_path / name).write_bytes(gzip.compress(b"\0\0\x08" + kind + sizes + array.tobytes()))
    pictures, labels = mnist.read(mnist.file())["MNIST, 3 test digits"]
    assert labels.tolist() == [4, 0, 9]
    assert pictures.dtype == np.float32
    assert np.argwhere(pictures).tolist() == [[1, 2, 3]] and pictures.max() == 1
    (tmp_path / mnist.TEST[1]).write_bytes(gzip.compress(bytes(9)))
    with pytest.raises(ValueError, match="do not have the same number of digits"):
        mnist.read(mnist.file())

    monkeypatch.setenv("MNIST_CSV", str(tmp_path / "missing.csv"))
    assert mnist.file() is None


DOCUMENT = """.VERSION 1.0
.COORD X Y T
.PEN_DOWN
 0 100 1
 0 0 2
.PEN_UP
 5 5 3
"""
STROKES = """.COMMENT a bar and a stem
 of a seven
.PEN_DOWN
 0 100 1
 60 100 2
.PEN_UP
.PEN_DOWN
 60 100 3
 55 50 4
 50 40 5
 30 0 6
.PEN_UP
.PEN_DOWN
 900 100 7
 901 100 8
.PEN_UP
.PEN_DOWN
 7 7 9
"""
SEGMENTS = """.VERSION 1.0
.INCLUDE one/one.doc
.INCLUDE one/data/strokes.dat
.SEGMENT CHARACTER 1-2 ? "7"
.SEGMENT CHARACTER 2:1-2:2 OK "1"
.SEGMENT CHARACTER 0 OK "1"
.SEGMENT CHARACTER 0,2 OK "4"
.SEGMENT CHARACTER 1 OK "a"
.SEGMENT WORD 1-2 OK "7"
.SEGMENT CHARACTER 2-3 ? "7"
.SEGMENT CHARACTER 4 ? "0"
.SEGMENT CHARACTER 9 ? "0"
"""


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """A made-up distribution with one collection of one writer."""
    for path, text in {
        "include/one/one.doc": DOCUMENT,
        "include/one/data/strokes.dat": ".COORD X Y T\n" + STROKES,
        "data/1a/one/writer.dat": SEGMENTS,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setenv("UNIPEN_DIR", str(tmp_path))
    return tmp_path


def test_unipen_components_are_counted_over_all_includes(collection):
    assert unipen.collections(unipen.folder()) == ["one"]
    digits, broken = unipen.read(collection, "one")
    assert [digit.label for digit in digits] == [7, 1, 1, 4]
    assert [stroke.tolist() for stroke in digits[0].strokes] == [
        [[0, -100], [60, -100]],
        [[60, -100], [55, -50], [50, -40], [30, 0]],
    ]
    assert digits[1].strokes[0].tolist() == [[55, -50], [50, -40]]  # cut by point
    assert len(digits[3].strokes) == 2
    assert {digit.writer for digit in digits} == {"one/writer.dat"}
    assert broken == 3  # parts far apart, a single point, a component that is not there


def test_unipen_is_only_read_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("UNIPEN_DIR", str(tmp_path))
    assert unipen.folder() is None
    monkeypatch.delenv("UNIPEN_DIR")
    assert unipen.folder() is None


def test_a_collection_is_drawn_the_same_whatever_else_is_there(collection):
    (name, drawn), *_ = sets.collections(collection, freehand.NATURAL, ["one"])
    (_, again), *_ = sets.collections(collection, freehand.NATURAL, ["one", "one"])
    assert name == "one" and len(drawn.pictures) == 4
    assert all(np.array_equal(a, b) for a, b in zip(drawn.pictures, again.pictures, strict=True))


def test_worst_writers_are_those_who_are_read_worst():
    right = np.array([True] * 50 + [False] * 3 + [True] * 7 + [False])
    writers = np.array(["a"] * 25 + ["b"] * 25 + ["c"] * 10 + ["d"])
    assert sets.worst_writers(right, writers) == (0.7, 1)  # d wrote too little
    assert sets.worst_writers(right[-1:], writers[-1:])[1] == 0


def test_a_set_in_parts_is_one_row_and_a_row_a_part(collection):
    def sevens(pictures):
        return np.eye(10)[[7] * len(pictures)], np.ones(len(pictures))

    made = Table({"sevens": sevens, "nobody": None})
    made.read("both", sets.collections(collection, freehand.SMALL, ["one", "one"]), detailed=True)
    names = list(made.rows)
    assert made.counts == {"both": {"sevens": [2, 8]}}
    assert names[:2] == ["both", "both: one"] and "both: worst tenth of writers (1)" in names
    assert made.rows["both: lowest recall"]["sevens"] == "0.0 % (of the 1s)"
    assert made.rows["both"]["sevens"].startswith("2/8 = 25.0 %") and "nobody" not in made.rows["both"]
    made.read("nothing", iter([]))
    assert list(made.rows) == names
    assert lowest([None, 0.5, 0.4, *[None] * 7]) == "40.0 % (of the 2s)"


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_peers_weights_are_read_where_its_package_is(name, tmp_path, monkeypatch):
    package, file, layers = peers.PEERS[name]
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert peers.reader(name) is None
    torch.manual_seed(0)
    net = torch.nn.Sequential(*layers())
    (tmp_path / package / file).parent.mkdir(parents=True)
    (tmp_path / package / "__init__.py").write_text("raise ImportError('wants what is not installed')")
    torch.save({f"other.{key}": value for key, value in net.state_dict().items()}, tmp_path / package / file)
    importlib.invalidate_caches()
    picture = board.render([board.Stroke(np.array([[60.0, 60.0], [90.0, 180.0]]), 8.0)])
    published, ours = (peers.reader(name, each)([picture]) for each in (None, DigitCNN()))
    with torch.inference_mode():
        seen = (DigitCNN().preprocess(picture)[None] - peers.MEAN) / peers.DEVIATION
        assert ours == pytest.approx(torch.softmax(net(seen), 1).numpy(), abs=1e-6)
    assert published.sum() == pytest.approx(1) and published != pytest.approx(ours, abs=1e-6)


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


def test_a_reader_that_is_away_keeps_its_figures():
    def read(pictures):
        return np.eye(10)[: len(pictures)], np.ones(len(pictures))

    table = Table(
        {"here": read, "away": None}, {"set": {"here": "old", "away": "kept"}, "gone": {"away": "unused"}}
    )
    table.read("set", iter([("", sets.Set([None, None], np.array([0, 5])))]))
    table.row("another", {"here": "x"})
    assert table.rows["set"]["here"].startswith("1/2 = 50.0 %") and table.rows["set"]["away"] == "kept"
    assert table.rows["another"] == {"here": "x"}


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


def test_a_changed_recipe_has_another_identity(monkeypatch):
    before = identity()
    assert before == identity()
    monkeypatch.setitem(RECIPES, "quick", replace(RECIPES["quick"], steps=25))
    assert identity() != before


def test_the_ablation_takes_what_train_left_with_the_right_seeds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ablation, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "DOCS", tmp_path)
    monkeypatch.delenv("FREEHAND_DIR", raising=False)
    report = {"recipe": "nearest-pixels", "test_set": "MNIXEL test", "test": {"total": 116}, "seconds": 1.0}
    for recipe, seeds in (("nearest-pixels", {"0": 76}), ("upstream", {"0": 113})):
        (tmp_path / "runs" / recipe).mkdir(parents=True)
        metrics = report | {"recipe": recipe, "seeds": seeds}
        (tmp_path / "runs" / recipe / "metrics.json").write_text(json.dumps(metrics))
    assert "| 40 | nothing random |" in ablation.run_recipes([])
    assert list(tables.stored("recipes")) == ["nearest-pixels"]
    assert "no upstream on MNIXEL's test images with 5 seeds: python train.py" in capsys.readouterr().err


def test_the_ablation_does_not_replace_rows_by_emptier_ones(monkeypatch):
    monkeypatch.delenv("FREEHAND_DIR", raising=False)
    with pytest.raises(SystemExit, match="UNIPEN_DIR and FREEHAND_DIR have to name"):
        ablation.main(["recipes"])


def test_an_operator_left_out_is_measured_on_people_who_are_there(collection, monkeypatch):
    monkeypatch.delenv("FREEHAND_DIR", raising=False)
    tiny = replace(RECIPES["quick"], steps=2, drawn=200, nondigits=50, views=1)
    monkeypatch.setitem(RECIPES, "quick", replace(tiny, schedule=replace(tiny.schedule, rounds=2)))
    images, labels = handwriting.drawings(60, 0, workers=1)
    arrays = data.Arrays(images.astype(float), labels, images[:0].astype(float), labels[:0])
    whole, without = (ablation.measure_operators(names, arrays) for names in ((), ("tail",)))
    assert list(whole) == ["UNIPEN, not looked at"]  # no pendigits, and of UNIPEN one made-up collection
    assert 0 <= whole["UNIPEN, not looked at"][0] <= 1 and whole != without
    made = tables.operators(
        {"of": "x", "none": {"both": [0.98, 0.06]}, "tail": {"both": [0.975, 0.08]}}
    ).splitlines()
    assert made[2:] == ["| every operator | 98.00 %, log loss 0.060 |", "| without tail | -0.50, +0.020 |"]


def test_every_recipe_is_in_the_ablation():
    assert set(ABLATIONS) == set(RECIPES)


def test_the_sheet_of_mistakes_shows_those_and_no_others():
    digits, labels = handwriting.drawings(30, 0, workers=1)
    net = DigitCNN.from_pretrained(train.ROOT / "weights")
    answers = net.probabilities(list(digits)).argmax(1)
    claimed = np.where(np.arange(30) < 27, answers, (answers + 1) % 10)
    wrong = mistakes.misread(net, "made-up", sets.Set(list(digits), claimed))
    assert [caption.split()[-1] for *_, caption, _ in wrong] == ["27", "28", "29"]
    assert [label for label, *_ in wrong] == claimed[27:].tolist()
    page = np.asarray(mistakes.sheet(wrong))
    assert page.shape == (84, 16 * 72) and page[12:, : 3 * 72].max() > 200 and page[:, 3 * 72 :].max() == 0
