"""The benchmarks read other people's digits as they were written, and count right."""

import gzip
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import board
from bench import accuracy, latency, pendigits, sets, unipen
from reports import tables
from reports.tables import OURS, UPSTREAM
from tests.harness import in_thread
from training import metrics

PENDIGITS = """.COMMENT made up for this test
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
    # The program gzip unpacks both its own format and that of `compress`.
    (tmp_path / pendigits.FILE).write_bytes(gzip.compress(PENDIGITS.encode()))
    monkeypatch.setenv("FREEHAND_DIR", str(tmp_path))
    return pendigits.read(pendigits.folder())


def test_strokes_are_read_with_y_down(strokes):
    digits, labels = strokes
    assert labels.tolist() == [7, 1]
    assert [len(digit) for digit in digits] == [1, 2]
    assert digits[0][0].tolist() == [[10, -90], [60, -90], [30, -10]]


def test_what_is_not_there_is_not_measured(monkeypatch, tmp_path):
    for variable, find in accuracy.SOURCES.items():
        monkeypatch.setenv(variable, str(tmp_path / "missing"))
        assert find() is None
        monkeypatch.delenv(variable)
        assert find() is None


def test_strokes_are_drawn_inside_the_board_at_the_sizes_asked_for(strokes):
    rng, sizes = np.random.default_rng(0), pendigits.NATURAL
    for digit in strokes[0] * 20:
        drawn = pendigits.on_board(digit, sizes, rng)
        points = np.concatenate([stroke.points for stroke in drawn])
        assert -1e-9 <= points.min() and points.max() <= board.SIZE + 1e-9
        longer = np.ptp(points, axis=0).max() / board.SIZE
        assert sizes.longer_side[0] - 1e-9 <= longer <= sizes.longer_side[1] + 1e-9
        assert sizes.radius[0] <= drawn[0].radius <= sizes.radius[1]


def test_every_other_training_digit_of_mnist_counts(tmp_path):
    rows = [[0] * 784 + [3], [255, *[0] * 27, 51, *[0] * 755, 7], [9] * 784 + [1], [0] * 784 + [8]]
    path = tmp_path / "mnist.csv.gz"
    path.write_bytes(gzip.compress("\n".join(",".join(map(str, row)) for row in rows).encode()))
    pictures, labels, _ = sets.mnist(path)
    assert labels.tolist() == [7, 8]
    assert [picture.shape for picture in pictures] == [(28, 28)] * 2
    assert (pictures[0][0, 0], pictures[0][1, 0], pictures[0].sum()) == pytest.approx((1, 0.2, 1.2))


DOCUMENT = """.VERSION 1.0
.COORD X Y T
.PEN_DOWN
 0 100 1
 0 0 2
.PEN_UP
 5 5 3
"""
COMPONENTS = """.COMMENT a bar and a stem
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
.SEGMENT CHARACTER 0 ? "0"
.SEGMENT CHARACTER 1 ? "1"
"""


@pytest.fixture
def collection(tmp_path):
    """A made-up distribution with one collection of one writer."""
    for path, text in {
        "include/one/one.doc": DOCUMENT,
        "include/one/data/strokes.dat": ".COORD X Y T\n" + COMPONENTS,
        "data/1a/one/writer.dat": SEGMENTS,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_unipen_components_are_counted_over_all_includes(collection):
    digits = unipen.read(collection, "one")
    # Parts far apart, a single point, a missing component, a line as a 0 and a flat 1 are left out.
    assert [digit.label for digit in digits] == [7, 1, 1, 4]
    assert [stroke.tolist() for stroke in digits[0].strokes] == [
        [[0, -100], [60, -100]],
        [[60, -100], [55, -50], [50, -40], [30, 0]],
    ]
    assert digits[1].strokes[0].tolist() == [[55, -50], [50, -40]]
    assert len(digits[3].strokes) == 2
    assert {digit.writer for digit in digits} == {"one/writer.dat"}


def test_a_straight_line_is_a_one_or_was_cut_wrongly():
    for label, strokes, whole in (
        (1, [[[0, 0], [10, 100]]], True),
        (1, [[[0, 0], [99, 100]]], True),
        (1, [[[0, 0], [100, 20]]], False),
        (4, [[[0, 0], [10, 100]]], False),
        (7, [[[0, 0], [3, 50], [10, 100]]], False),
        (7, [[[0, 0], [60, 0], [20, 100]]], True),
        (4, [[[0, 0], [10, 100]], [[0, 50], [50, 50]]], True),
        (0, [[[0, 0], [50, 50], [0, 100], [-50, 50], [0, 0]]], True),
        (1, [[[0, 0], [0, 100], [0, 0], [0, 100]]], True),
    ):
        assert unipen.is_whole(label, [np.array(stroke, float) for stroke in strokes]) == whole, strokes


def test_a_collection_is_drawn_the_same_whatever_else_is_there(collection):
    (drawn,) = sets.collections(collection, looked_at=False)
    (collection / "data/1a/another").mkdir()
    _, again = sets.collections(collection, looked_at=False)
    assert len(drawn.pictures) == 4 and drawn.labels.tolist() == [7, 1, 1, 4]
    assert all(np.array_equal(a, b) for a, b in zip(drawn.pictures, again.pictures, strict=True))
    assert list(sets.collections(collection, looked_at=True)) == []


def test_worst_writers_are_those_who_are_read_worst():
    right = np.array([True] * 50 + [False] * 3 + [True] * 7 + [False])
    writers = np.array(["a"] * 25 + ["b"] * 25 + ["c"] * 10 + ["d"])
    # The one digit of d is too few.
    assert sets.worst_writers(right, writers) == {"writers": 1, "right": 7, "total": 10}
    assert sets.worst_writers(right[-1:], writers[-1:]) == {"writers": 0, "right": 0, "total": 0}


class Sevens:
    """A network that always says 7, and is sure of every other picture."""

    config = SimpleNamespace(threshold=1)

    def preprocess(self, picture):
        return torch.zeros(1, 28, 28)

    def predict(self, inputs):
        return np.eye(10)[[7] * len(inputs)], np.arange(len(inputs)) % 2 + 0.5


def test_a_set_in_parts_is_counted_as_one():
    writers = np.array(["a"] * 6)
    part = sets.Set([None] * 6, np.array([7, 7, 1, 7, 7, 7]), writers)
    alone = sets.Set([None] * 2, np.array([7, 0]))
    results = accuracy.people(Sevens(), [("both", iter([part] * 2)), ("one", iter([alone]))])
    rights = {name: (row[OURS]["right"], row[OURS]["total"]) for name, row in results["sets"].items()}
    assert rights == {"both": (10, 12), "one": (1, 2)}
    assert results["sets"]["both"][OURS]["interval"] == list(metrics.wilson(10, 12))
    assert results["details"]["both"]["confusion"][1][7] == 2
    assert results["details"]["both"]["reliability"] == [(12, 1.0, 10 / 12)]
    assert results["refused"] == {"both": {"refused": 6, "total": 12}, "one": {"refused": 1, "total": 2}}
    assert results["worst_writers"] == {"both": {"writers": 1, "right": 10, "total": 12}}


def test_upstreams_figures_stay_beside_new_ones():
    row = {OURS: metrics.counted(1, 2)}
    rows = accuracy.beside_upstream({"pendigits": row, "new": row})
    published = tables.stored("accuracy")["sets"]["pendigits"]
    assert rows == {"pendigits": {OURS: row[OURS], UPSTREAM: published[UPSTREAM]}, "new": row}


def test_an_answer_counts_for_the_drawing_of_its_event_and_newer_ones():
    """Here the answer to the first pointer-up comes before it."""
    row = latency.summary(
        {
            "pointerup": [{"at": 100, "revision": 2}, {"at": 300, "revision": 6}],
            "answers": [{"at": 30, "revision": 1}, {"at": 58, "revision": 3}, {"at": 320, "revision": 6}],
        }
    )
    assert (row["pointer_ups"], row["median_ms"], row["max_ms"]) == (2, 10.0, 20.0)


@pytest.mark.thorough
def test_latency_is_measured_on_the_page_as_it_is(browser):
    results = in_thread(lambda: latency.measured(drawings=2))
    assert results["sha256"] == tables.shipped() and list(results["rows"]) == list(latency.CASES)
    for row in results["rows"].values():
        assert row["pointer_ups"] >= 2 and 0 <= row["median_ms"] < 10_000
