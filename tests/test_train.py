"""Training: it learns, repeats itself, stops in time, and writes the figures that it prints."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import data
import handwriting
import train
from model import Config, DigitCNN
from tests.harness import ROOT, called
from training import recipes, upstream
from training.augment import Ranges, augment
from training.fitting import OptimConfig, fit, fit_temperature, optimizers
from training.metrics import calibration_error, counted, describe, reliability, summary, wilson

QUICK = replace(
    recipes.QUICK, steps=4, views=2, drawn=500, nondigits=100, optim=replace(recipes.QUICK.optim, rounds=3)
)


def handful(count: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    """Made-up normalised images, ten kinds of blots, to train on without the archives."""
    generator = torch.Generator().manual_seed(0)
    kinds = torch.nn.functional.interpolate(
        torch.rand(10, 1, 5, 5, generator=generator), size=28, mode="bilinear"
    )
    labels = torch.arange(count) % 10
    images = kinds[labels] + 0.05 * torch.rand(count, 1, 28, 28, generator=generator)
    return images / images.amax(dim=(2, 3), keepdim=True), labels


@pytest.mark.parametrize("how", [{}, {"muon": 0.03, "bfloat16": True}])
def test_a_handful_is_learnt_by_heart(how):
    images, labels = handful()
    torch.manual_seed(0)
    net = DigitCNN(Config(channels=(8, 16, 32), dropout=0.0)).to(memory_format=torch.channels_last)
    optim = OptimConfig(rounds=6, batch=30, patience=6, learning_rate=2e-2, one_cycle=True, **how)
    fitted = fit(net, lambda: [(images, labels)] * 8, 8, (images, labels), optim)
    assert fitted.history[-1].validation_accuracy == 1.0
    assert (fitted.net(images).argmax(1) == labels).all()


def test_muon_moves_every_kernel_by_a_step_of_one_size_whatever_its_gradient():
    images, labels = handful()
    torch.manual_seed(0)
    net = DigitCNN(Config(channels=(8, 16, 32), dropout=0.0)).to(memory_format=torch.channels_last)
    kernels = [p for p in net.parameters() if p.ndim > 1]
    before = [p.detach().clone() for p in kernels]
    both = optimizers(net, OptimConfig(rounds=1, batch=30, patience=1, learning_rate=1e-3, muon=0.1))
    (1e-3 * torch.nn.functional.cross_entropy(net(images), labels)).backward()
    for optimizer in both:
        optimizer.step()
    for old, new in zip(before, kernels, strict=True):
        step = torch.linalg.svdvals((new.detach() - old).permute(0, *range(2, old.ndim), 1).flatten(1))
        # The step is about 0.1 in every direction.
        assert 0.05 < step.max() / max(1, len(old) / old[0].numel()) ** 0.5 < 0.15
        assert step.min() > 0.01 * step.max()


def test_same_seed_same_weights():
    images, labels = handful()
    nets = [recipes.train_ours(images, labels, seed, QUICK).net for seed in (1, 1, 2)]
    first, again, other = (net.state_dict() for net in nets)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["dense.weight"], other["dense.weight"])


def mixed(config: recipes.TrainConfig, contributed: recipes.Contributed | None = None) -> tuple:
    images, labels = handful()
    return recipes.mix(images, labels, 0, config, torch.Generator().manual_seed(0), contributed)


def test_a_batch_has_the_shares_of_the_recipe():
    sources, (held, labels) = mixed(replace(QUICK, drawn_share=0.8, nondigit_share=0.25))
    drawn, others, mnixel = sources
    assert [source.count for source in sources] == [77, 32, 19]
    (images, targets), _ = recipes.batches(sources, 2, Ranges(), torch.Generator().manual_seed(1))
    assert images.shape == (128, 1, 28, 28) and 0 <= images.min() <= images.max() <= 1 + 1e-6
    assert torch.equal(targets[77:109], torch.full((32, 10), 0.1))
    assert (targets.amax(1) == 1).sum() == 77 + 19
    # A twentieth of the drawn digits is held out, and of MNIXEL's one of each digit, in `views` copies.
    assert len(held) == 25 + 10 * 2 and np.bincount(labels[25:]).tolist() == [2] * 10
    made, made_labels, nondigits = recipes.drawings(500, 100, 0)
    assert torch.equal(held[:25], made[:25].float() / 255) and torch.equal(labels[:25], made_labels[:25])
    assert torch.equal(drawn.images, made[25:]) and torch.equal(drawn.targets.argmax(1), made_labels[25:])
    assert torch.equal(others.images, nondigits) and len(mnixel.images) == 20
    # Without MNIXEL every digit is drawn.
    none = torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.int64)
    alone, (held, _) = recipes.mix(*none, 0, QUICK, torch.Generator())
    assert [source.count for source in alone] == [102, 26] and len(held) == 25


def test_contributed_drawings_are_redrawn_from_their_strokes():
    """They join the drawn digits, each `views` times: once unchanged, then as other hands write it."""
    rng = np.random.default_rng(0)
    contributed = [handwriting.draw(digit, rng) for digit in (4, 7, 1)], np.array([4, 7, 1])
    config = replace(QUICK, views=8)
    sources, _ = mixed(config, contributed)
    assert [source.count for source in sources] == [source.count for source in mixed(config)[0]]
    images, targets = sources[0].images[475:], sources[0].targets[475:]
    assert targets.argmax(1).tolist() == [4] * 8 + [7] * 8 + [1] * 8
    assert len({image.numpy().tobytes() for image in images}) == 24
    guesses = DigitCNN.from_pretrained(ROOT / "weights").predict(recipes.as_float(images))[0].argmax(1)
    assert (guesses == targets.argmax(1).numpy()).mean() > 0.8
    alone, _ = mixed(replace(config, drawn=0, nondigits=0), contributed)
    assert torch.equal(alone[0].images, images) and len(alone[1].images) == 20


def test_best_weights_are_restored_and_patience_stops():
    images, labels = handful()
    # As the network learns, it gets worse on these.
    wrong = (images, (labels + 1) % 10)
    torch.manual_seed(0)
    net = DigitCNN(Config(channels=(4, 6, 8), dropout=0.0))
    optim = OptimConfig(rounds=30, batch=30, patience=4, learning_rate=1e-2)
    fitted = fit(net, lambda: [(images, labels)] * 5, 5, wrong, optim)
    losses = [round_.validation_loss for round_ in fitted.history]
    assert len(losses) == fitted.best_round + 5 < 30
    assert losses[fitted.best_round] == min(losses)
    with torch.inference_mode():
        restored = torch.nn.functional.cross_entropy(fitted.net(wrong[0]), wrong[1]).item()
    assert restored == pytest.approx(min(losses), rel=1e-5)


def test_held_out_images_are_of_every_digit_and_not_trained_on():
    labels = np.repeat(np.arange(10), 27)
    held = recipes.hold_out(labels, 0.1, seed=5)
    assert np.bincount(labels[held]).tolist() == [3] * 10
    assert np.array_equal(held, recipes.hold_out(labels, 0.1, seed=5))
    assert not np.array_equal(held, recipes.hold_out(labels, 0.1, seed=6))


STILL = Ranges(0, 0, 0, 0, 0, 0, 0, 0)


def test_each_range_changes_what_it_says():
    """The most that each change moves, turns, thickens or softens a bar in the middle of the image."""
    bar = torch.zeros(200, 1, 28, 28)
    bar[:, :, 6:22, 12:16] = 1
    y, x = np.mgrid[0:28, 0:28] - 13.5

    def measured(**ranges: float) -> dict[str, np.ndarray]:
        images = augment(bar, replace(STILL, **ranges), torch.Generator().manual_seed(1))[:, 0].numpy()
        mass = images.sum((1, 2))
        across, down = (images * x).sum((1, 2)) / mass, (images * y).sum((1, 2)) / mass
        lean = (images * x * y).sum((1, 2)) / (images * y * y).sum((1, 2))
        height = (images * y * y).sum((1, 2)) / mass
        return {"x": across, "y": down, "lean": lean, "height": height, "mass": mass}

    plain = [round(float(values[0]), 3) for values in measured().values()]
    assert plain == [0, 0, 0, 21.25, 64]
    shifted, turned = measured(shift=2.0), np.arctan(measured(rotation=20.0)["lean"])
    scaled = np.log(measured(scale=0.2)["height"] / 21.25) / 2
    for values, low, high in (
        (shifted["x"], 1.9, 2.01),
        (shifted["y"], 1.9, 2.01),
        (np.degrees(turned), 18, 21),
        (measured(shear=0.3)["lean"], 0.26, 0.33),
        (scaled, 0.17, 0.22),
    ):
        assert low < values.max() <= high and -high <= values.min() < -low
    thick = measured(thickness=1.0)["mass"]
    # Dilation adds a ring of one pixel; erosion, at half its share, takes one away.
    assert 100 < thick.max() <= 6 * 18 and 0.5 * (64 + 2 * 14) <= thick.min() < 50
    soft = augment(bar, replace(STILL, softness=0.8), torch.Generator().manual_seed(1))
    beside = soft[:, 0, 14, 11]
    assert 0.18 < beside.max() < 0.2001 and beside.min() == 0
    half = 0.5 * bar + 0.5 * (bar > 0) * (torch.arange(28) == 13)
    dim = augment(half, replace(STILL, contrast=1.0), torch.Generator())
    assert 0.5 == dim[:, 0, 14, 14].min() and 0.95 < dim[:, 0, 14, 14].max() <= 1
    assert 0.3 < (dim[:, 0, 14, 14] == 0.5).float().mean() < 0.7
    bent = augment(bar, replace(STILL, elastic=2.0), torch.Generator().manual_seed(1))
    assert (bent - bar).abs().amax((1, 2, 3)).median() > 0.3
    # All the randomness comes from the generator.
    first, again = (augment(bar, Ranges(), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)


def test_temperature():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6000, 10, generator=generator)
    labels = torch.distributions.Categorical(logits=logits).sample()
    assert fit_temperature(logits, labels) == pytest.approx(1, abs=0.08)
    assert fit_temperature(logits * 2, labels) == pytest.approx(2, abs=0.16)
    assert fit_temperature(logits * 9, labels) == 3 and fit_temperature(logits / 9, labels) == 0.5


def test_temperature_and_threshold_come_from_what_was_held_out():
    images, labels = handful()
    fitted = recipes.train_ours(images, labels, 0, replace(QUICK, rejection_rate=0.2))
    _, (held, truth) = mixed(replace(QUICK, rejection_rate=0.2))
    with torch.inference_mode():
        answers = fitted.net(held)
    assert fitted.net.config.temperature == fit_temperature(answers, truth)
    margins = fitted.net.predict(held)[1]
    assert fitted.net.config.threshold == round(float(np.quantile(margins, 0.2)), 3)


def test_figures():
    # This is a published value.
    assert wilson(113, 116) == pytest.approx((0.927, 0.991), abs=5e-4)
    assert wilson(0, 0) == (0, 1)
    assert wilson(116, 116)[1] == pytest.approx(1)
    sure = np.eye(10)[[0, 1, 2, 3]]
    half = np.full((4, 10), 0.5 / 9)
    half[:, 1] = 0.5
    assert reliability(np.array([0, 1, 9, 9]), sure) == [(4, 1.0, 0.5)]
    assert reliability(np.array([1, 0, 0, 0]), half) == [(4, 0.5, 0.25)]
    assert calibration_error([(4, 1.0, 1.0)]) == 0
    assert calibration_error([(1, 0.5, 1.0), (3, 0.9, 0.5)]) == pytest.approx(0.25 * 0.5 + 0.75 * 0.4)
    found = summary(np.array([0, 1, 9, 9]), sure)
    assert (found["right"], found["total"], found["accuracy"]) == (2, 4, 0.5)
    assert found["recall"][:3] == [1.0, 1.0, None] and found["recall"][9] == 0
    assert found["confusion"][9][2] == found["confusion"][9][3] == 1
    assert found["calibration_error"] == pytest.approx(0.5)
    assert describe(counted(115, 116)) == "115/116 = 99.1 % (95 % interval 95.3 to 99.8)"


def test_upstream_preprocessing_fills_the_picture():
    picture = np.zeros((28, 28))
    picture[3:9, 5:9] = 200.0
    filled = upstream.preprocess(picture)
    rows = np.flatnonzero((filled > 100).any(axis=1))
    assert np.ptp(rows) + 1 >= 27


def test_upstreams_penalty_is_keras_l2():
    net = upstream.UpstreamCNN()
    assert net.penalty().item() == pytest.approx(0.01 * net.layers[11].weight.square().sum().item())


def test_upstreams_recipe(monkeypatch, capsys):
    """It runs for one round on made-up images."""
    monkeypatch.setattr(recipes, "UPSTREAM", replace(recipes.UPSTREAM, rounds=1))
    images, labels = (each.numpy() for each in handful())
    done = recipes.run("upstream", data.Arrays(images[:, 0] * 255, labels, images[:, 0] * 255, labels), 3)
    assert (done.seed, done.test["total"], len(done.fitted.history)) == (3, 30, 1)
    said = capsys.readouterr().err
    assert "upstream, seed 3: 100%" in said and "loss=" in said and "validation=" in said


def test_without_archives_and_network_drawn_digits_will_do(tmp_path, monkeypatch):
    # Nothing listens there.
    away = {"MNIXEL_CACHE": str(tmp_path / "cache"), "MNIXEL_URL": "http://127.0.0.1:9"}
    monkeypatch.setitem(recipes.RECIPES, "drawn-only", replace(QUICK, drawn_share=1.0))
    out = ("--out", str(tmp_path / "weights"))
    done = called(train.main, *out, **away)
    assert done.returncode == 1 and done.stderr.endswith("or train without them: --recipe drawn-only\n")
    assert not (tmp_path / "weights").exists()
    done = called(train.main, *out, "--recipe", "drawn-only", **away)
    assert done.returncode == 0 and "Testing on other drawn digits" in done.stderr
    assert "drawn digits of another seed, drawn-only" in done.stdout
    stored = json.loads((tmp_path / "weights" / "metrics.json").read_text())
    assert (stored["recipe"], stored["test"]["total"]) == ("drawn-only", 1000)
    assert "MNIXEL test:" not in (tmp_path / "weights" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("--recipe magic", 2, "there is no recipe magic: choose ours, quick, "),
        ("--seeds 0", 2, "--seeds is at least 1"),
        ("--seed -1", 2, "--seed from 0"),
        ("--push NAME", 2, "argument --push: 'NAME' is not OWNER/NAME."),
        ("--push a/b/c", 2, "argument --push: 'a/b/c' is not OWNER/NAME."),
        ("--recipe upstream --push O/N", 2, "upstream has another"),
        ("--data nowhere", 1, "python train.py: cannot read or write nowhere/MNIST_UIS2.npz"),
        ("--out train.py", 1, "python train.py: cannot read or write train.py: File exists\n"),
    ],
)
def test_what_cannot_be_trained_is_said_first(arguments, status, message, mnixel):
    done = called(train.main, *arguments.split(), MNIXEL_DIR=str(mnixel))
    assert done.returncode == status and message in done.stderr and "Traceback" not in done.stderr


def test_the_cheap_recipes_get_what_was_measured_and_leave_the_shipped_weights_alone(
    monkeypatch, mnixel, tmp_path
):
    monkeypatch.setattr(train, "ROOT", tmp_path)
    monkeypatch.setitem(recipes.RECIPES, "quick", QUICK)
    for name in ("quick", "nearest-pixels", "nearest-normalised"):
        done = called(train.main, "--recipe", name, "--data", str(mnixel))
        assert done.returncode == 0, done.stderr
        stored = json.loads((tmp_path / "runs" / name / "metrics.json").read_text())
        assert (stored["recipe"], stored["test"]["total"]) == (name, 116)
        # The archives determine these counts.
        assert name != "nearest-pixels" or stored["test"]["right"] == 76
        assert name != "nearest-normalised" or stored["test"]["right"] >= 108
    assert not (tmp_path / "weights").exists() and train.parse(["--quick"]).recipe == "quick"


def test_shipped_figures_belong_to_the_shipped_weights(mnixel):
    """weights/metrics.json has the counts that these weights get here and now."""
    arrays = data.arrays("clean", mnixel)
    net = DigitCNN.from_pretrained(ROOT / "weights")
    found = summary(arrays.y_test, net.predict(recipes.normalised(arrays.x_test))[0])
    stored = json.loads((ROOT / "weights" / "metrics.json").read_text())
    assert found["confusion"] == stored["test"]["confusion"]
    assert found["right"] >= 115
    assert stored["sha256"] == net.config.sha256
