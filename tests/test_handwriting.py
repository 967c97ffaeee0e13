"""The drawing program: repeatable, inside the board, and read as the digits that it draws."""

import base64
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import board
import handwriting
from handwriting import dataset, hand, operators
from handwriting.allographs import ALLOGRAPHS, Allograph, Shape, read_allographs
from handwriting.drawing import CHUNK, allograph_of, draw_allograph, hand_of, to_input
from handwriting.operators import OPERATORS
from handwriting.trace import trace
from model import DigitCNN
from tests.harness import python

WAYS = [way for digit in range(10) for way in ALLOGRAPHS[digit]]


def check_board(strokes):
    """Assert that all ink lies on the board, within the limits of a drawing."""
    assert sum(len(stroke.points) for stroke in strokes) <= board.MAX_POINTS
    for points, radius in strokes:
        assert board.MIN_RADIUS <= radius <= board.MAX_RADIUS
        assert np.isfinite(points).all() and points.shape[1] == 2 and len(points) >= 1
        assert points.min() >= radius and points.max() <= board.SIZE - radius


# --- the table and its notation ---


def middle(text):
    """The waypoints of a shape if all its throws are 0."""
    shape = Shape(text)
    return shape.paths(np.zeros(shape.throws))


def test_the_notation_means_what_its_explanation_says():
    assert middle("50,0 20,100! | 0,50") == [[(0.5, 0.0), (0.2, 1.0, True)], [(0.0, 0.5)]]
    shape = Shape("50~5a~4,0 20~-5a,7~3")
    assert shape.throws == 3
    ((first, second),) = shape.paths(np.array([1.0, 0, 0]))
    assert first == pytest.approx((0.55, 0)) and second == pytest.approx((0.15, 0.07))
    ((first, second),) = shape.paths(np.array([0, -1.0, 1]))
    assert first == pytest.approx((0.46, 0)) and second == pytest.approx((0.2, 0.1))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("o20,0,80,50,-90,-180", [(0.5, 0), (0.2879, 0.0732), (0.2, 0.25)]),
        ("o20,0,80,50,0,90", [(0.8, 0.25), (0.7121, 0.4268), (0.5, 0.5)]),
        ("o0,0,100,100,0,90,50", [(1, 0.5), (0.7652, 0.7652), (0.5, 0.75)]),
        ("o40,0,60,100,-90,-91,100,90", [(1.0, 0.5), (1.0, 0.4983)]),
    ],
    ids=["against the clock", "with the clock", "half the radii at its end", "tilted clockwise"],
)
def test_an_arc_fills_its_box(text, places):
    (path,) = middle(text)
    assert np.array(path) == pytest.approx(np.array(places), abs=2e-4)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("7 plain 20 10,0 | | 80,0", "a stroke has no points"),
        ("7 plain 20 10,0 80", "'80' is neither X,Y nor oLEFT,TOP"),
        ("7 plain 20 10,0 80,1.5", "'80,1.5' is neither"),
        ("7 plain 20 o1,2,3", "'o1,2,3' is neither"),
        ("17 plain 20 10,0 80,0", "a line begins as 7 plain 20"),
        ("7 plain 10,0 80,0", "a line begins as 7 plain 20"),
        ("7 plain 0 10,0 80,0", "a line begins as 7 plain 20"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, line, says):
    table = tmp_path / "table.txt"
    table.write_text(f"# how it is written\n7 good 20 10,0 80,0!\n{line}\n")
    with pytest.raises(ValueError, match=f"^table.txt, line 3 cannot be read: {says}"):
        read_allographs(table)


def test_every_digit_has_many_shapes_within_reach_of_its_square():
    rng = np.random.default_rng(0)
    assert all(len(ALLOGRAPHS[digit]) >= 8 for digit in range(10))
    for way in WAYS:
        points = [p[:2] for path in way.shape.paths(rng.uniform(-1, 1, way.shape.throws)) for p in path]
        assert -0.6 < np.min(points) and np.max(points) < 1.6, way.name


def test_a_sheet_that_cannot_be_written_is_one_sentence(tmp_path):
    for path in (tmp_path / "sheet.txt", tmp_path / "none" / "sheet.png"):
        failed = python("-m", "handwriting", "sheet", str(path))
        assert failed.returncode == 1 and failed.stderr.count("\n") == 1, failed.stderr
        assert failed.stderr.startswith("python -m handwriting sheet: ")


def test_digits_that_cannot_be_built_are_one_sentence(tmp_path):
    (tmp_path / "out").write_text("mine")
    failed = python("-m", "handwriting", "build", str(tmp_path / "out"))
    said = f"python -m handwriting build: cannot read or write {tmp_path / 'out'}: File exists\n"
    assert (failed.returncode, failed.stderr) == (1, said)
    failed = python("-m", "handwriting", "build", str(tmp_path), "--seed", "-1")
    assert failed.returncode == 2 and failed.stderr.endswith("error: --seed is at least 0, not -1.\n")


def test_ctrl_c_stops_the_program_without_a_traceback(tmp_path, monkeypatch, capsys):
    from handwriting import __main__

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, "build", interrupted)
    monkeypatch.setattr(sys, "argv", ["handwriting", "build", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "\npython -m handwriting build: stopped\n"


# --- tracing ---


def link(*strokes):
    """A link as the page's Share button makes it."""
    data = b""
    for points in strokes:
        data += struct.pack(">BH", 16, len(points))
        for value in np.rint((np.array(points, float) + 32) * 64).astype(int).flat:
            data += struct.pack(">H", value)
    return "https://page/?lang=en#d=" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_shared_drawing_becomes_a_line_of_the_table(tmp_path):
    angles = np.radians(np.arange(-90, -451, -6))
    ring = 200 + np.stack([60 * np.cos(angles), 100 * np.sin(angles)], axis=1)
    seven = [(100, 100), (180, 100), (250, 100), (230, 160), (190, 230), (150, 300)]
    done = python("-m", "handwriting", "trace", link(seven, ring))
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.removeprefix("DIGIT NAME 10 ").strip().split(" | ")
    assert first.count("!") == 1 and 3 <= len(first.split()) <= 5 and "!" not in second
    assert 6 <= len(second.split()) <= 14
    table = tmp_path / "table.txt"
    table.write_text(done.stdout.replace("DIGIT NAME", "7 mine"))
    (traced,) = read_allographs(table)[7]
    drawn = hand.trace(traced.shape.paths(np.zeros(0)), STEADY, np.random.default_rng(0))
    high = 200.0
    for line, points in zip(drawn, (seven, ring), strict=True):
        back = line * high + [(250 + 100) / 2 - high / 2, 100]
        assert np.abs(back.min(axis=0) - np.min(points, axis=0)).max() < 8
        assert np.abs(back.max(axis=0) - np.max(points, axis=0)).max() < 8


STEADY = hand.Hand(0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 200.0, 10.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://page/", "there is no whole drawing in this link"),
        ("https://page/#d=AA", "there is no whole drawing in this link"),
        ("https://page/#d=?", "there is no whole drawing in this link"),
        ("https://page/#d=DwAA", "there is no whole drawing in this link"),
        (link([(9, 9)])[:-3], "there is no whole drawing in this link"),
        (link([(9, 9), (10, 9)]), "this drawing is a dot"),
    ],
)
def test_a_link_without_a_drawing_is_refused_in_one_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        trace(text)


# --- hands ---


def test_a_hand_stays_itself():
    """Its shapes and brush stay, and its drawings are more alike than those of different hands."""
    rng = np.random.default_rng(0)

    def pictures(hands):
        images = [to_input(handwriting.draw(5, rng, each), np.random.default_rng(0)) for each in hands]
        return np.stack(images).reshape(len(images), -1)

    one, others = hand.any_hand(rng), [hand.any_hand(rng) for _ in range(12)]
    assert len({allograph_of(one, 5).name for _ in range(12)}) == 1
    assert len({allograph_of(each, 5).name for each in others}) >= 4
    strokes = [handwriting.draw(digit, rng, one)[0] for digit in range(10)]
    assert {stroke.radius for stroke in strokes} == {one.radius}
    spreads = [np.mean([pictures([each] * 8).std(axis=0).mean() for each in others[:6]])]
    spreads.append(pictures(others).std(axis=0).mean())
    assert spreads[0] < 0.8 * spreads[1], spreads
    assert spreads[0] > 0.2 * spreads[1], "nobody draws the same thing twice"


def test_throws_of_a_hand_reach_everything_evenly():
    shape, rng = Shape("50~50,0"), np.random.default_rng(0)
    seeds = range(4000)
    values = [hand.paths_of(shape, np.random.default_rng(seed), rng)[0][0][0] for seed in seeds]
    assert np.histogram(values, 5, (0, 1))[0] / 4000 == pytest.approx(np.full(5, 0.2), abs=0.03)


def test_workers_do_not_change_the_drawings():
    # This makes two chunks.
    count = CHUNK + 10
    one, labels = handwriting.drawings(count, seed=3, workers=1)
    two, labels_of_two = handwriting.drawings(count, seed=3, workers=2)
    assert np.array_equal(one, two) and np.array_equal(labels, labels_of_two)
    # Each hand has a page of its own.
    assert np.sort(labels.reshape(-1, 10)).tolist() == [list(range(10))] * (count // 10)
    others = [handwriting.nondigits(count, 3, workers) for workers in (1, 2)]
    assert np.array_equal(*others)
    for images in (one, others[0]):
        assert images.shape == (count, 28, 28) and images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) == 255).all()
        assert len(np.unique(images.reshape(count, -1), axis=0)) == count
    assert handwriting.drawings(0, 0)[0].shape == handwriting.nondigits(0, 0).shape == (0, 28, 28)


def test_every_drawing_stays_on_the_board():
    rng = np.random.default_rng(0)
    for way in WAYS * 6:
        check_board(draw_allograph(way, rng))
    for kind in handwriting.KINDS * 5:
        check_board(handwriting.draw_nondigit(kind, rng))


def test_sizes_and_brushes_are_those_of_people():
    rng = np.random.default_rng(1)
    sides, radii = [], []
    for i in range(400):
        strokes = handwriting.draw(i % 10, rng)
        sides.append(np.ptp(np.concatenate([s.points for s in strokes]), axis=0).max() / board.SIZE)
        radii.append(strokes[0].radius)
    assert 0.15 < min(sides) < 0.33 and 0.8 < max(sides) < 0.95
    assert min(radii) < 8 and max(radii) > 20 and 11 < np.mean(radii) < 17


def test_half_the_resolution_makes_no_difference():
    """`to_input` renders big drawings at half the resolution."""
    net, rng = DigitCNN(), np.random.default_rng(2)
    for i in range(20):
        strokes = handwriting.draw(i % 10, rng)
        # With seed 0, the drawing does not go through MNIXEL's reduction.
        fast = to_input(strokes, np.random.default_rng(0))
        assert np.abs(fast - net.preprocess(board.render(strokes))[0].numpy()).mean() < 0.01


def test_shapes_are_read_as_their_digit():
    torch.set_num_threads(1)
    net, rng = DigitCNN.from_pretrained("weights"), np.random.default_rng(6)

    def share(way: Allograph, count: int) -> float:
        images = np.stack([to_input(draw_allograph(way, rng), rng) for _ in range(count)])
        return (net.predict(torch.from_numpy(images)[:, None])[0].argmax(axis=1) == way.digit).mean()

    shares = [share(way, 6) for way in WAYS]
    assert np.average(shares, weights=[way.weight for way in WAYS]) > 0.95
    # Six drawings of a shape may all be odd by chance.
    doubtful = [way for way, read in zip(WAYS, shares, strict=True) if read < 0.5]
    wrong = [f"{way.digit} {way.name}" for way in doubtful if share(way, 60) < 0.5]
    assert not wrong, f"seldom read as their digit: {wrong}"


# --- operators ---

LINES = [np.stack([np.linspace(0.2, 0.8, 40), 0.5 + 0.3 * np.sin(np.linspace(0, 4, 40))], axis=1)]
CORNERS = np.array([[0.8, 0.7], [0.3, 0.75], [0.31, 0.4], [0.35, 0.2]])
LINES.append(CORNERS.repeat(5, axis=0) + np.arange(20)[:, None] / 99)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_changes_a_drawing_and_keeps_it_whole(name):
    rng, changed = np.random.default_rng(0), 0
    for _ in range(30):
        lines = OPERATORS[name].change([line.copy() for line in LINES], rng)
        assert all(line.ndim == 2 and line.shape[1] == 2 and len(line) for line in lines)
        every = np.concatenate(lines)
        assert np.isfinite(every).all() and -1 < every.min() and every.max() < 2
        changed += len(lines) != len(LINES) or not all(map(np.array_equal, lines, LINES))
    assert changed >= 8
    dot, short = np.array([[0.5, 0.5]]), np.array([[0.1, 0.1], [0.12, 0.1]])
    for _ in range(10):
        assert np.isfinite(np.concatenate(OPERATORS[name].change([dot, short], rng))).all()


def varied(digit, own=None, seed=2):
    """The share of drawings that operators change. `own` is a hand's seed, or None for many hands."""
    rng, count = np.random.default_rng(seed), 0
    for number in range(400):
        dice = np.random.default_rng(number if own is None else own)
        count += operators.vary(LINES, digit, dice, rng) is not LINES
    return count / 400


def test_operators_keep_to_their_shares_and_digits_and_a_hand_to_its_habits(monkeypatch):
    barred = OPERATORS["barred"]
    monkeypatch.setattr(operators, "OPERATORS", {"barred": barred})
    assert varied(7) == pytest.approx(barred.share, abs=0.07)
    assert varied(8) == varied(None) == 0
    habits = {round(varied(7, own), 1) for own in range(12)}
    assert max(habits) >= 0.8 and min(habits) <= 0.2 and len(habits) <= 4


def test_two_shapes_are_blended_where_their_strokes_run_alike():
    down = np.stack([np.full(30, 0.4), np.linspace(0, 1, 30)], axis=1)
    for other in (down + [0.2, 0.0], (down + [0.2, 0.0])[::-1]):
        (mixed,) = operators.blended([down], [other], 0.25)
        assert mixed[:, 0] == pytest.approx(0.45) and mixed[0, 1] == 0 and mixed[-1, 1] == 1
    assert operators.blended([down], [down[:, ::-1]], 0.5)[0] is down
    assert operators.blended([down], [down, down], 0.5)[0] is down


def test_a_drawing_may_come_as_a_small_picture_of_black_and_white_pixels(monkeypatch):
    monkeypatch.setattr("handwriting.drawing.COARSE", 1.0)
    monkeypatch.setattr("handwriting.drawing.REDUCED", 0.0)
    rng = np.random.default_rng(3)
    thin = [board.Stroke(np.array([[30.0, 40.0], [400.0, 400.0]]), board.MIN_RADIUS)]
    for strokes in [thin] * 30 + [handwriting.draw(8, rng) for _ in range(30)]:
        image = to_input(strokes, rng)
        assert image.max() == 1 and image.sum() > 10


def test_thick_ink_all_round_the_board_is_drawn_all_the_same():
    """MNIXEL's reduction would leave such a drawing without a background."""
    corners = [(26, 26), (422, 26), (422, 422), (26, 422)]
    crossed = np.array([corners[i] for i in (0, 1, 2, 3, 0, 2, 1, 3)], dtype=float)
    # With about a quarter of the seeds, a drawing goes through the reduction.
    for seed in range(12):
        image = to_input([board.Stroke(crossed, 25.0)], np.random.default_rng(seed))
        assert image.max() == 1 and image.sum() > 50


# --- contributed drawings, non-digits, the dataset ---


def test_redrawings_begin_with_the_drawing_itself():
    strokes = [handwriting.draw(digit, np.random.default_rng(digit)) for digit in (3, 8)]
    images, labels = handwriting.redrawings(strokes, np.array([3, 8]), 3, seed=1, workers=1)
    assert labels.tolist() == [3, 3, 3, 8, 8, 8] and images.shape == (6, 28, 28)
    plain = [DigitCNN().preprocess(board.render(each))[0].numpy() for each in strokes]
    for number, image in enumerate(plain):
        away = [np.abs(255 * image - images[3 * number + copy]).mean() for copy in range(3)]
        assert away[0] < 3 < min(away[1:])


def test_kinds_that_teach_are_not_those_that_measure():
    assert not set(handwriting.TEACHING) & set(handwriting.MEASURING)
    assert set(handwriting.KINDS) == set(handwriting.TEACHING) | set(handwriting.MEASURING)
    assert len(handwriting.TEACHING) >= 20 and len(handwriting.MEASURING) >= 20


def test_the_dataset_of_drawn_digits_says_who_drew_what(tmp_path):
    import datasets

    paths = dataset.build(tmp_path / "drawn", sizes={"train": 60, "test": 20}, workers=1)
    train, test = (datasets.Dataset.from_parquet(str(path), keep_in_memory=True) for path in paths)
    assert [len(train), len(test)] == [60, 20]
    assert train.column_names == ["image", "label", "allograph", "hand"]
    assert not set(train["hand"]) & set(test["hand"]) and len(set(train["hand"])) == 3
    images, labels = handwriting.drawings(60, 0, 1, dataset.EACH)
    assert np.array_equal(np.stack([np.asarray(image) for image in train["image"]]), images)
    assert list(train["label"]) == labels.tolist()
    for row, digit in zip(train.select_columns(["allograph", "hand"]), labels, strict=True):
        assert row["allograph"] == allograph_of(hand_of(0, row["hand"]), digit).name
    assert Path(paths[0]).name == "train-00000-of-00001.parquet"
