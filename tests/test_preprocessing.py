"""One preprocessing: whatever the size, place, polarity and light, the network is given the same digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import board
from model import DigitCNN, EmptyDrawing, board_ink, normalise, to_ink
from tests.harness.person import DRAWINGS

NET = DigitCNN()
digits = st.sampled_from(sorted(DRAWINGS))


def drawn(digit: str, scale: float = 0.6, x: float = 224, y: float = 224, radius: float = 12) -> np.ndarray:
    strokes = [(np.array(stroke) - 224) * scale + (x, y) for stroke in DRAWINGS[digit]]
    return board.render([board.Stroke(stroke, radius * scale) for stroke in strokes])


def seen(picture) -> np.ndarray:
    return NET.preprocess(picture)[0].numpy()


def apart(a, b) -> float:
    """Mean difference of two inputs, relative to the ink of one: 0 for the same, 1.5 for unlike digits."""
    first, second = seen(a), seen(b)
    return float(np.abs(first - second).sum() / first.sum())


def test_unlike_digits_are_far_apart():
    assert min(apart(drawn(a), drawn(b)) for a in DRAWINGS for b in DRAWINGS if a != b) > 0.5


def test_what_the_network_is_given():
    tensor = NET.preprocess(drawn("5"))
    assert (tensor.shape, str(tensor.dtype)) == ((1, 28, 28), "torch.float32")
    assert (tensor.min(), tensor.max()) == (0, 1)
    picture = tensor[0].numpy()
    rows, columns = np.nonzero(picture > 0.4)
    # The longer side is 20.
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
    grid = np.arange(28) + 0.5
    # The centre of mass is in the centre.
    assert picture.sum(axis=1) @ grid / picture.sum() == pytest.approx(14, abs=0.3)
    assert picture.sum(axis=0) @ grid / picture.sum() == pytest.approx(14, abs=0.3)
    assert np.array_equal(picture, seen(drawn("5")))


# The tolerances are about twice the largest difference in 2,000 draws.
@given(digits, st.floats(140, 308), st.floats(130, 318))
def test_place_does_not_matter(digit, x, y):
    assert apart(drawn(digit), drawn(digit, x=x, y=y)) < 0.07


@given(digits, st.floats(0.3, 1.2))
def test_size_does_not_matter(digit, scale):
    assert apart(drawn(digit), drawn(digit, scale=scale)) < 0.12


@given(digits, st.integers(112, 1500))
def test_resolution_does_not_matter(digit, side):
    strokes = [board.Stroke(np.array(stroke), 15.0) for stroke in DRAWINGS[digit]]
    assert apart(board.render(strokes), board.render(strokes, side)) < 0.08


@given(digits)
def test_polarity_and_contrast_do_not_matter(digit):
    white = drawn(digit)
    assert apart(white, 255 - white) < 1e-4
    assert apart(white, (white / 255).astype(np.float32)) < 1e-4
    pencil = 255 - (white * 0.4).astype(np.uint8)
    assert apart(white, pencil) < 0.005
    grey = (90 + white * 0.5).astype(np.uint8)
    assert apart(white, grey) < 0.005


@given(digits)
def test_colour_and_alpha_do_not_matter(digit):
    white = drawn(digit)
    layer = np.zeros((448, 448, 4), np.uint8)
    layer[..., 3] = white
    assert apart(white, layer) < 1e-4, "black ink on a transparent ground"
    layer[..., :3] = 255
    assert apart(white, layer) < 1e-4, "white ink on a transparent ground"
    assert apart(white, np.dstack([white] * 3)) < 1e-4
    blue = np.dstack([255 - white, 255 - white, np.full_like(white, 255)])
    assert apart(white, blue) < 0.05


def photograph(digit: str, seed: int, grain: float = 6) -> np.ndarray:
    """A telephone's picture, 600x800: dark ink on paper under uneven light, with grain."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((800, 600), np.float32)
    ink[170:618, 60:508] = drawn(digit, scale=rng.uniform(0.4, 0.9)) / 255
    y, x = np.mgrid[0:800, 0:600] / 800
    light = 0.55 + 0.35 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)).clip(-0.5, 0.9)
    paper = 255 * light * (1 - 0.65 * ink) + rng.normal(0, grain, ink.shape)
    return paper.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("digit", sorted(DRAWINGS))
def test_photographs(digit):
    assert max(apart(drawn(digit), photograph(digit, seed)) for seed in range(4)) < 0.25


def test_a_small_digit_on_a_large_photograph():
    rng = np.random.default_rng(2)
    large = 200 + rng.normal(0, 6, (1500, 1500))
    ink = np.asarray(Image.fromarray(drawn("4", scale=1)).resize((180, 180), Image.Resampling.BOX)) / 255
    large[900:1080, 300:480] *= 1 - 0.7 * ink
    assert apart(drawn("4"), large.clip(0, 255).astype(np.uint8)) < 0.5


def test_mnixel_and_board_look_alike():
    """An archive's 28x28 and a board are equally soft and thick after preprocessing."""
    for digit in DRAWINGS:
        picture = drawn(digit, scale=0.9, radius=16)
        small = board.reduce(picture) / 255
        assert apart(picture, small) < 0.25
        assert seen(small).sum() == pytest.approx(seen(picture).sum(), rel=0.1)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((28, 28), np.uint8),
        np.full((448, 448, 3), 255, np.uint8),
        np.full((64, 64), 0.5),
        np.zeros((32, 32, 4), np.uint8),
        Image.new("RGBA", (100, 100), (255, 0, 0, 0)),
        (np.random.default_rng(0).normal(128, 2, (300, 300))).astype(np.uint8),
        (np.random.default_rng(0).normal(190, 8, (900, 700))).clip(0, 255).astype(np.uint8),
    ],
    ids=["black", "white", "grey", "transparent", "transparent PIL", "grain", "paper"],
)
def test_no_ink(picture):
    with pytest.raises(EmptyDrawing, match="no ink"):
        NET.preprocess(picture)


NO_PICTURES = [
    *(None, "digit.png", b"not a picture", [[0, 1]], [[0, 1], [2]], np.array(["a"])),
    *(np.zeros(shape, np.uint8) for shape in ((7, 28), (28, 28, 2), (2, 28, 28, 3), (783,))),
    *(np.full((28, 28), value) for value in (-0.1, 70_000, np.nan)),
    *(Image.new("1", size) for size in ((5, 5), (20_000, 8), (8200, 8200))),
    *(Image.fromarray(np.full((20, 20), value, np.float32)) for value in (np.nan, -5.0, 1e9)),
]


# Workers must agree on the names.
@pytest.mark.parametrize("picture", NO_PICTURES, ids=lambda value: type(value).__name__)
def test_no_picture(picture):
    with pytest.raises(ValueError, match="expected a path|must have at least 8 a side") as caught:
        NET.preprocess(picture)
    assert not isinstance(caught.value, EmptyDrawing)


@given(st.integers(8, 60), st.integers(8, 60), st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 4]))
def test_any_picture_is_read_or_refused(height, width, seed, kind):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width) if kind == 2 else (height, width, kind)).astype(np.uint8)
    try:
        tensor = NET.preprocess(picture)
    except EmptyDrawing:
        return
    assert np.isfinite(tensor.numpy()).all()
    assert 0 <= tensor.min() <= tensor.max() == 1


@pytest.mark.parametrize("shape", [(8, 8), (8, 4096), (4096, 8), (4096, 4096)])
def test_the_smallest_and_the_largest(shape):
    picture = np.zeros(shape, np.uint8)
    picture[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 4 : shape[1] // 2 + 1] = 255
    assert seen(picture).max() == 1


def test_steps_are_the_public_ones():
    picture = drawn("7")
    assert np.array_equal(normalise(to_ink(picture)), seen(picture))
    # The edge of a board is ground, even if it is filled.
    filled = np.pad(np.zeros((360, 360), np.float32), 44, constant_values=1)
    assert np.array_equal(board_ink(filled), to_ink(filled))


def test_the_outermost_pixels_of_a_small_picture_are_its_ground():
    """Ink may fill all the rest of the picture."""
    ink = np.zeros((20, 20), np.float32)
    ink[1:-1, 1:-1] = ink[8:12] = ink[:, 8:12] = 1
    assert np.array_equal(to_ink(ink), ink)


def test_a_long_tail_is_not_cut_off():
    """All 20 pixels of the ink stay in the picture, although its centre of mass is near one end."""
    ink = np.zeros((200, 200), np.float32)
    ink[:30] = ink[:, 96:104] = 1
    for turn in range(4):
        rows, columns = np.nonzero(normalise(np.rot90(ink, turn)) > 0.2)
        assert min(np.ptp(rows), np.ptp(columns)) + 1 >= 20
