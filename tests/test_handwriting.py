"""The drawing program: the same for a seed, inside the board, and read as the digits that it draws."""

import numpy as np
import pytest
import torch

import board
import handwriting
from handwriting import operators
from handwriting.allographs import ALLOGRAPHS
from handwriting.drawing import CHUNK, draw_allograph, to_input
from handwriting.operators import OPERATORS
from model import DigitCNN

WAYS = [way for digit in range(10) for way in ALLOGRAPHS[digit]]


def inside(strokes):
    """Whether all ink of the strokes lies on the board, in strokes that a page may send."""
    assert sum(len(stroke.points) for stroke in strokes) <= board.MAX_POINTS
    for points, radius in strokes:
        assert board.MIN_RADIUS <= radius <= board.MAX_RADIUS
        assert np.isfinite(points).all() and points.shape[1] == 2 and len(points) >= 1
        assert points.min() >= radius and points.max() <= board.SIZE - radius
    return True


def test_every_digit_has_many_ways():
    for digit in range(10):
        names = [way.name for way in ALLOGRAPHS[digit]]
        assert len(names) >= 8 and len(set(names)) == len(names)
        assert all(way.weight > 0 and way.digit == digit for way in ALLOGRAPHS[digit])


def test_a_seed_draws_the_same_and_another_something_else():
    def some(seed):
        rng = np.random.default_rng(seed)
        return np.concatenate([s.points for digit in range(10) for s in handwriting.draw(digit, rng)])

    assert np.array_equal(some(4), some(4))
    assert not np.array_equal(some(4), some(5))


def test_workers_do_not_change_the_drawings():
    count = CHUNK + 10  # two chunks
    one, labels = handwriting.drawings(count, seed=3, workers=1)
    two, labels_of_two = handwriting.drawings(count, seed=3, workers=2)
    assert np.array_equal(one, two) and np.array_equal(labels, labels_of_two)
    assert one.shape == (count, 28, 28) and one.dtype == np.uint8 and labels.dtype == np.int64
    assert np.bincount(labels, minlength=10).tolist() == [count // 10] * 10
    assert (one.max(axis=(1, 2)) == 255).all()
    assert len(np.unique(one.reshape(count, -1), axis=0)) == count


def test_digits_stay_on_the_board():
    rng = np.random.default_rng(0)
    for way in WAYS:
        for _ in range(6):
            assert inside(draw_allograph(way, rng))


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
    """`to_input` renders big drawings at half the resolution, and gives what the whole board gives."""
    net = DigitCNN()
    rng = np.random.default_rng(2)
    for i in range(20):
        strokes = handwriting.draw(i % 10, rng)
        fast, seen = (
            to_input(strokes, np.random.default_rng(0)),
            net.preprocess(board.render(strokes))[0].numpy(),
        )
        assert (
            np.abs(fast - seen).mean() < 0.01
        )  # the generator of seed 0 does not choose the archive's route


@pytest.fixture(scope="module")
def read():
    """For every way of writing, the share of 6 drawings that the shipped weights read as its digit."""
    torch.set_num_threads(1)
    net, rng = DigitCNN.from_pretrained("weights"), np.random.default_rng(6)
    images = np.stack([to_input(draw_allograph(way, rng), rng) for way in WAYS for _ in range(6)])
    guesses = net.predict(torch.from_numpy(images)[:, None])[0].argmax(axis=1).reshape(len(WAYS), 6)
    return {
        (way.digit, way.name): float((row == way.digit).mean())
        for way, row in zip(WAYS, guesses, strict=True)
    }


def test_drawings_are_read_as_their_digit(read):
    weights = [way.weight for way in WAYS]
    assert np.average([read[way.digit, way.name] for way in WAYS], weights=weights) > 0.95


def test_no_way_of_writing_is_another_digits(read):
    wrong = {way: share for way, share in read.items() if share < 0.5}
    assert not wrong, f"seldom read as their digit: {wrong}"


LINES = [np.stack([np.linspace(0.2, 0.8, 40), 0.5 + 0.3 * np.sin(np.linspace(0, 4, 40))], axis=1)]
LINES.append(
    np.array([[0.8, 0.7], [0.3, 0.75], [0.31, 0.4], [0.35, 0.2]]).repeat(5, axis=0)
    + np.arange(20)[:, None] / 99
)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_changes_a_drawing_and_keeps_it_whole(name):
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(30):
        lines = OPERATORS[name].change([line.copy() for line in LINES], rng)
        assert all(
            line.ndim == 2 and line.shape[1] == 2 and len(line) and np.isfinite(line).all() for line in lines
        )
        every = np.concatenate(lines)
        assert -1 < every.min() and every.max() < 2
        changed += len(lines) != len(LINES) or any(
            a.shape != b.shape or (a != b).any() for a, b in zip(lines, LINES, strict=True)
        )
    assert changed >= 8


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_takes_a_dot_and_a_short_line(name):
    rng = np.random.default_rng(1)
    for _ in range(10):
        lines = OPERATORS[name].change([np.array([[0.5, 0.5]]), np.array([[0.1, 0.1], [0.12, 0.1]])], rng)
        assert np.isfinite(np.concatenate(lines)).all()


def test_operators_are_kept_to_their_digits(monkeypatch):
    def differs(digit):
        rng = np.random.default_rng(2)
        return any(operators.vary(LINES, digit, rng) is not LINES for _ in range(40))

    assert differs(4) and differs(None)
    monkeypatch.setattr(operators, "OPERATORS", {"barred": OPERATORS["barred"]})
    # A drawing that is not a digit gets no bar.
    assert differs(7) and not differs(8) and not differs(None)


def test_two_ways_of_writing_are_blended_where_their_strokes_run_alike():
    rng = np.random.default_rng(0)
    down = np.stack([np.full(30, 0.4), np.linspace(0, 1, 30)], axis=1)
    beside = down + [0.2, 0.0]
    for other in (beside, beside[::-1]):
        (mixed,) = operators.blended([down], [other], rng)
        assert 0.4 < mixed[:, 0].min() and mixed[:, 0].max() < 0.6
        assert mixed[0, 1] == 0 and mixed[-1, 1] == 1
    across = down[:, ::-1]
    assert operators.blended([down], [across], rng)[0] is down
    assert operators.blended([down], [down, down], rng)[0] is down


def test_a_drawing_may_come_as_a_small_picture_of_black_and_white_pixels(monkeypatch):
    monkeypatch.setattr("handwriting.drawing.COARSE", 1.0)
    monkeypatch.setattr("handwriting.drawing.REDUCED", 0.0)
    rng = np.random.default_rng(3)
    thin = [board.Stroke(np.array([[30.0, 40.0], [400.0, 400.0]]), board.MIN_RADIUS)]
    for strokes in [thin] * 30 + [handwriting.draw(8, rng) for _ in range(30)]:
        image = to_input(strokes, rng)
        assert image.max() == 1 and image.sum() > 10


def test_kinds_that_teach_are_not_those_that_measure():
    assert not set(handwriting.TEACHING) & set(handwriting.MEASURING)
    assert set(handwriting.KINDS) == set(handwriting.TEACHING) | set(handwriting.MEASURING)
    assert len(handwriting.TEACHING) >= 20 and len(handwriting.MEASURING) >= 20


def test_nondigits_stay_on_the_board():
    rng = np.random.default_rng(0)
    for kind in handwriting.KINDS:
        for _ in range(5):
            assert inside(handwriting.draw_nondigit(kind, rng))
    with pytest.raises(KeyError):
        handwriting.draw_nondigit("no such kind", rng)


def test_nondigits_are_even_and_the_same_for_any_workers():
    count = CHUNK + 10
    one, kinds = handwriting.nondigits(count, 1, handwriting.MEASURING[:10], workers=1)
    two, _ = handwriting.nondigits(count, 1, handwriting.MEASURING[:10], workers=2)
    assert np.array_equal(one, two) and (one.max(axis=(1, 2)) == 255).all()
    assert np.bincount(kinds).tolist() == [count // 10] * 10


def test_thick_ink_all_round_the_board_is_drawn_all_the_same():
    """MNIXEL's reduction leaves such a drawing without a background, so it comes from the whole board."""
    corners = [(26, 26), (422, 26), (422, 422), (26, 422)]
    crossed = np.array([corners[i] for i in (0, 1, 2, 3, 0, 2, 1, 3)], dtype=float)
    for seed in range(12):  # about a quarter would pass through the reduction
        image = to_input([board.Stroke(crossed, 25.0)], np.random.default_rng(seed))
        assert image.max() == 1 and image.sum() > 50


def test_none_wanted_none_drawn():
    images, labels = handwriting.drawings(0, 0)
    assert images.shape == (0, 28, 28) and labels.shape == (0,)
