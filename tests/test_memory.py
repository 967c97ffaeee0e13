"""What a network is taught with `adapt`: in Python, in the browser, and as bench/memory.py measures it."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import board
from bench import memory
from handwriting import draw, draw_nondigit
from model import LABELS, DigitCNN
from tests.harness import ROOT, parity
from tests.harness.parity import Engine, compare

SEVEN = [board.Stroke(np.array([[120.0, 90.0], [320.0, 90.0], [200.0, 360.0]]), 15.0)]
DRAWN = board.render(SEVEN)
LISTS = "adapt() takes a list of pictures and a list of as many labels."


@pytest.fixture(scope="module")
def lessons() -> list[parity.Drawing]:
    """One of each digit, and a heart for the 7."""
    rng = np.random.default_rng(1)
    return [*(draw(digit, rng) for digit in range(10)), draw_nondigit("heart", rng)]


LEARNT = [*range(10), 7]


@pytest.fixture(scope="module")
def mine(net, lessons) -> DigitCNN:
    return net.adapt([board.render(drawing) for drawing in lessons], LEARNT)


def inputs_of(net: DigitCNN, drawings: list[parity.Drawing]) -> torch.Tensor:
    return torch.stack([net.preprocess(board.render(drawing)) for drawing in drawings])


def logits_of(net: DigitCNN, inputs: torch.Tensor) -> np.ndarray:
    """Logits (N, 10) less their mean, from the probabilities."""
    logits = net.config.temperature * np.log(net.predict(inputs)[0].astype(np.float64))
    return logits - logits.mean(axis=1, keepdims=True)


# --- what is remembered ---


def test_without_lessons_nothing_changes(net):
    inputs = inputs_of(net, parity.generated(30))
    for ours, theirs in zip(net.predict(inputs), net.adapt([], []).predict(inputs), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_network_that_was_taught_from_is_unchanged(net, mine):
    inputs = inputs_of(net, parity.generated(30))
    untaught = DigitCNN.from_pretrained(ROOT / "weights")
    assert np.array_equal(net.predict(inputs)[0], untaught.predict(inputs)[0])
    mine.adapt([DRAWN], [1]).double()
    assert net.dense.weight.dtype == mine.dense.weight.dtype == torch.float32
    assert len(net.lessons) == 0 and len(mine.lessons) == len(LEARNT)


@pytest.mark.parametrize("label", range(10))
def test_a_drawing_that_comes_again_is_what_it_was_taught_to_be(net, label):
    """Its digit gains the whole strength, and each other one a share of it by its own probability."""
    taught, strength = net.adapt([DRAWN], [label]), net.config.strength
    inputs = inputs_of(net, [SEVEN])
    expected = strength * net.config.standing * net.predict(inputs)[0][0].astype(np.float64)
    expected[label] = strength
    gain = logits_of(taught, inputs)[0] - logits_of(net, inputs)[0]
    assert gain == pytest.approx(expected - expected.mean(), abs=1e-3)
    assert taught.classify(DRAWN, 1)[0][0] == LABELS[label]


def test_the_most_similar_lesson_of_a_digit_counts(net, lessons):
    """Beside a nearer one, a farther lesson of the same digit changes nothing; of another digit it does."""
    near, far = DRAWN, board.render(lessons[7])
    inputs = inputs_of(net, [SEVEN])
    one = net.adapt([near], [7])
    assert np.array_equal(one.predict(inputs)[0], one.adapt([far], [7]).predict(inputs)[0])
    assert not np.array_equal(one.predict(inputs)[0], one.adapt([far], [1]).predict(inputs)[0])


def test_similarity_is_a_cosine_and_fades_with_the_focus(net):
    inputs = inputs_of(net, parity.generated(12))
    similar = (net._remembered(inputs) @ net._remembered(inputs).T).numpy()
    assert np.diag(similar) == pytest.approx(1, abs=1e-5)
    taught = net.with_lessons(inputs[:1].expand(10, -1, -1, -1), range(10))
    taught = taught.with_lessons(inputs[1:2], [3])
    gain = logits_of(taught, inputs) - logits_of(net, inputs)
    nearest = np.maximum(similar[:2], 0) ** net.config.focus
    expected = net.config.strength * (nearest.max(axis=0) - nearest[0])
    assert gain[:, 3] - gain[:, 4] == pytest.approx(expected, abs=2e-3)


def test_lessons_add_up(net, lessons, mine):
    step = net
    for drawing, label in zip(lessons, LEARNT, strict=True):
        step = step.adapt((each for each in [board.render(drawing)]), (each for each in [str(label)]))
    inputs = inputs_of(net, parity.generated(30))
    assert np.allclose(step.predict(inputs)[0], mine.predict(inputs)[0], atol=1e-6)


def test_a_shape_of_ones_own_is_read_and_digits_are_read_as_before(net):
    hearts, digits, _ = memory.shapes(net, lessons=4, digits=50)
    assert hearts["plain"] == 0
    assert hearts["right"] >= 0.8 * hearts["total"]
    assert digits["right"] >= 0.97 * digits["total"]


TRIANGLE = [board.Stroke(np.array([[220.0, 90], [90, 330], [350, 330], [220, 90]]), 12.0)]


def test_what_is_unlike_every_lesson_stays_unknown(net):
    """A drawing that the network refuses is not read because something else was taught."""
    taught = net.adapt([DRAWN], [7])
    assert net.predict(inputs_of(net, [TRIANGLE]))[1] < net.config.threshold
    assert taught.predict(inputs_of(net, [TRIANGLE]))[1] < net.config.threshold


def test_digits_without_a_lesson_gain_nothing_from_a_drawing_that_the_network_refuses(net):
    inputs = inputs_of(net, [TRIANGLE])
    gain = logits_of(net.adapt([DRAWN], [7]), inputs)[0] - logits_of(net, inputs)[0]
    others = np.delete(gain, 7)
    assert others == pytest.approx(others[0], abs=1e-3)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_lessons_come_along_to_another_floating_point_type(mine, kind):
    inputs = inputs_of(mine, parity.generated(10))
    moved = mine.adapt([], []).to(kind).predict(inputs)[0]
    assert moved.dtype == np.float32
    assert np.allclose(moved, mine.predict(inputs)[0], atol=0.05)


def test_files_do_not_hold_what_was_learnt(mine, tmp_path):
    # Saving rounds the network that is saved, so a copy is.
    saved = mine.adapt([], [])
    saved.save_pretrained(tmp_path)
    again = DigitCNN.from_pretrained(tmp_path)
    assert again.lessons.shape == (0, 1568)
    assert again.config == saved.config


@pytest.mark.parametrize("label", ["7", np.int64(7), np.str_("7"), torch.tensor(7)], ids=repr)
def test_labels(net, label):
    assert net.adapt([DRAWN], [label]).taught.tolist() == [7]


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        ([DRAWN], [7, 7], LISTS),
        ([DRAWN], "7", LISTS),
        ([DRAWN], None, LISTS),
        ([DRAWN], torch.tensor(7), LISTS),
        ({"composite": DRAWN}, ["7"], LISTS),
        (Path("seven.png"), ["7"], LISTS),
        ((DRAWN for _ in range(2)), ["7"], LISTS),
        ([DRAWN], ["heart"], "A label is a digit from 0 to 9; 'heart' is not."),
        ([DRAWN], [True], "'True' is not"),
        ([DRAWN * 0], [7], "no ink"),
    ],
)
def test_what_cannot_be_taught(net, images, labels, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        net.adapt(images, labels)


# --- in the browser ---


@pytest.fixture(scope="module")
def engine(browser, lessons):
    """digit.js, whose network `net` knows the lessons and `plain` does not."""
    with parity.served(parity.site()) as url:
        engine = Engine(browser, url)
        taught = [[parity.message(drawing) for drawing in lessons], LEARNT]
        engine.page.evaluate(
            "async (given) => { window.plain = net; window.net = await net.adapt(...given); }", taught
        )
        yield engine
        engine.page.close()


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.thorough)])
def test_python_and_the_browser_agree_with_lessons(mine, engine, count):
    row = compare("with lessons", mine, engine, parity.generated(count, seed=3))
    assert row.probability < 1e-4, row.differences
    assert row.answers == 0, row.differences


def test_the_lesson_that_decided_is_named(engine, lessons):
    """None is named where the network's own reading stands."""
    heart, seven, two = (parity.message(lessons[i]) for i in (10, 7, 2))
    assert engine.page.evaluate(
        """async ([heart, seven, two]) => {
          const heartTensor = await net.preprocess(heart), taught = net.predict(heartTensor);
          const asEight = await plain.adapt([two, seven], [2, "8"]);
          const sevenTensor = await net.preprocess(seven);
          const eight = asEight.predict(sevenTensor), sure = net.predict(sevenTensor);
          const alone = plain.predict(heartTensor), features = plain.features(heartTensor);
          const again = plain.withLessons([{ features, label: "7" }]).predict(heartTensor);
          return [taught.digit, taught.lesson, taught.own.digit, eight.digit, eight.lesson, eight.own.digit,
            alone.digit, alone.lesson, sure.digit, sure.lesson, again.digit, again.lesson];
        }""",
        [heart, seven, two],
    ) == ["7", 10, None, "8", 1, "7", None, None, "7", None, "7", 0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("[line], []", LISTS),
        ("line, [7]", LISTS),
        ('[line], ["heart"]', 'A label is a digit from 0 to 9; "heart" is not.'),
        ("[[]], [7]", "no ink"),
    ],
)
def test_what_cannot_be_taught_in_the_browser(engine, arguments, sentence):
    said = engine.page.evaluate(
        f"async (line) => plain.adapt({arguments}).then(() => 'learnt', (error) => error.message)",
        parity.message(SEVEN),
    )
    assert sentence in said


# --- how it is measured ---


def test_rows_count_right(net):
    """Two people: one draws hearts for ones, and one writes as everybody does."""
    rng = np.random.default_rng(5)
    labels = np.arange(30) % 10
    hearts = [draw_nondigit("heart", rng) if label == 1 else draw(int(label), rng) for label in labels]
    digits = [draw(int(label), rng) for label in labels]
    people = [memory.Writer(inputs_of(net, drawings), labels) for drawings in (hearts, digits)]
    rows = {row["name"]: row for row in memory.rows(net, people)}
    ten, elsewhere = rows[memory.TEN], rows[memory.SOMEBODY_ELSE]
    assert ten["total"] == 40 and elsewhere["total"] == 60 and rows[memory.CORRECTED]["total"] == 60
    read = [net.predict(person.inputs[10:])[0].argmax(axis=1) for person in people]
    assert ten["right"] > ten["plain"] == (np.array(read) == labels[10:]).sum()
    assert rows[memory.CORRECTED]["right"] > rows[memory.CORRECTED]["plain"]
    assert [row["taught"] for row in rows.values() if "taught" in row] == [0, 1, 2, 5, 10, 20]
