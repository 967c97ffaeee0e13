"""Strokes -> board -> MNIXEL's reduction. test_engine.py has the strokes that are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import board
import data

inside = st.floats(40, 408)
radii = st.floats(board.MIN_RADIUS, board.MAX_RADIUS)
lines = st.lists(st.tuples(inside, inside), min_size=1, max_size=6)


def dot(x: float, y: float, radius: float) -> np.ndarray:
    return board.render([board.Stroke(np.array([[x, y]]), radius)])


@given(lines, radii)
def test_every_pixel_is_the_coverage_by_distance(points, radius):
    points = np.array(points)
    y, x = np.mgrid[0:448, 0:448] + 0.5
    distance = np.full((448, 448), np.inf)
    for a, b in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        (dx, dy), length = b - a, max((b - a) @ (b - a), 1e-12)
        along = np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / length, 0, 1)
        distance = np.minimum(distance, np.hypot(x - a[0] - along * dx, y - a[1] - along * dy))
    expected = 255 * np.clip(radius + 0.5 - distance, 0, 1)
    assert np.abs(board.render([board.Stroke(points, radius)]) - expected).max() < 2


def test_lines_that_leave_the_board_are_cut():
    across = board.render([board.Stroke(np.array([[-25.0, 224.0], [473.0, 224.0]]), 10.0)])
    assert (across[224] == 255).all()
    assert board.render([board.Stroke(np.array([[-25.0, -25.0]]), 5.0)]).sum() == 0
    (slanted,) = board.parse_strokes([{"points": [[400, 224], [1000, 824]], "radius": 5}])
    rows = np.flatnonzero(board.render([slanted])[:, 440])
    assert rows.mean() == pytest.approx(264, abs=1), "a line that leaves the board is bent"


def test_reduction_keeps_a_256th_of_the_sum():
    for radius in (5.0, 15.0, 25.0):
        drawn = dot(200, 250, radius)
        assert board.reduce(drawn).sum() == pytest.approx(drawn.sum() / 256, rel=1e-9)
    assert board.reduce(np.full((448, 448), 255, np.uint8))[5:-5, 5:-5] == pytest.approx(255)
    with pytest.raises(ValueError, match="448x448"):
        board.reduce(np.zeros((28, 28)))


def test_reduction_is_separable_pyramid_steps():
    """By its definition: four times, pad with zeros, filter with the 5x5 kernel, and halve."""
    picture = np.random.default_rng(0).integers(0, 256, (448, 448)).astype(float)
    kernel = np.outer(board.PYRAMID_KERNEL, board.PYRAMID_KERNEL)
    expected = picture
    for _ in range(4):
        padded, size = np.pad(expected, 2), expected.shape[0]
        parts = (kernel[i, j] * padded[i : i + size, j : j + size] for i in range(5) for j in range(5))
        expected = sum(parts)[::2, ::2]
    assert np.abs(board.reduce(picture) - expected).max() < 1e-9


def test_reduction_is_the_one_that_upstream_used(mnixel):
    """The archives have the range and the smoothness of reduced drawings; test_data.py shows more."""
    images = data.arrays("raw", mnixel).x_train
    images = images[images.max(axis=(1, 2)) > 0]
    line = np.array([[0.0, 224.0], [448.0, 224.0]])
    thinnest = board.reduce(board.render([board.Stroke(line, board.MIN_RADIUS)])).max()
    darkest = images.max(axis=(1, 2))
    assert thinnest < darkest.min()
    assert 250 < darkest.max() < 255

    # Ink only where it tells two neighbours apart most: the steepest step that any drawing can have.
    reduction = np.eye(448)
    for _ in range(4):
        reduction = board._halved(reduction)
    steepest = 255 * np.maximum(reduction[14] - reduction[13], 0).sum()
    for axis in (1, 2):
        seen = np.abs(np.diff(images, axis=axis)).max()
        assert 0.7 * steepest < seen < steepest


def test_another_size_scales_the_drawing():
    stroke = board.Stroke(np.array([[112.0, 224.0], [336.0, 224.0]]), 20.0)
    half = board.render([stroke], 224) / 255
    assert half.shape == (224, 224)
    assert half.sum() == pytest.approx(board.render([stroke]).sum() / 255 / 4, rel=0.01)
    rows, columns = np.nonzero(half >= 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (102, 121, 46, 177)


def test_strokes_are_joined_where_they_cross():
    """A pixel has the largest coverage of any stroke, not their sum."""
    across = board.Stroke(np.array([[100.0, 200.3], [300.0, 200.3]]), 10.0)
    down = board.Stroke(np.array([[200.3, 100.0], [200.3, 300.0]]), 10.0)
    both = board.render([across, down])
    assert np.array_equal(both, np.maximum(board.render([across]), board.render([down])))
    assert board.render([]).sum() == 0


def test_strokes_are_parsed():
    (stroke,) = board.parse_strokes([{"points": [[1, 2], [3.5, 4]], "radius": 15}])
    assert stroke.points.tolist() == [[1, 2], [3.5, 4]] and stroke.radius == 15
    assert board.parse_strokes([{"points": [[-900, 5000]]}])[0].points.tolist() == [[-900, 2240]]
    assert board.parse_strokes([{"points": [[9e5, -9e5]]}])[0].points.tolist() == [[2240, -1792]]
    assert board.parse_strokes([{"points": [[0, 0]]}])[0].radius == board.DEFAULT_RADIUS
    assert board.parse_strokes([]) == []
