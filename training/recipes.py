"""The recipes: what `train.py` can train, from nearest neighbours to the shipped network."""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import board
import data
import handwriting
from model import Config, DigitCNN, normalise, to_ink
from training import metrics, upstream
from training.augment import Ranges, augment
from training.fitting import Fit, OptimConfig, fit, fit_temperature, logits

# Drawings that visitors contributed: strokes of each, and labels (N,) int64.
Contributed = tuple[list[list[board.Stroke]], np.ndarray]


@dataclass(frozen=True)
class TrainConfig:
    """How our network is trained.

    The values were chosen by other people's digits that were looked at, never by MNIXEL's 116 test images.
    """

    optim: OptimConfig = OptimConfig(
        rounds=25,
        batch=128,
        patience=25,
        learning_rate=4e-3,
        muon=0.03,
        weight_decay=0.05,
        one_cycle=True,
        average=0.99,
        bfloat16=True,
    )
    # Batches in a round.
    steps: int = 200
    # Digits that the project's program draws before the first round.
    drawn: int = 50_000
    # Non-digit drawings, trained toward the uniform distribution.
    nondigits: int = 10_000
    # Share of drawn digits among the digits of a batch, if there are MNIXEL images, too.
    drawn_share: float = 0.8
    # Share of non-digits in a batch. Hendrycks et al. (2019) teach a network to refuse like this.
    nondigit_share: float = 0.2
    # Share of each of MNIXEL's digits that is held out. Of the drawn digits, a twentieth is.
    validation: float = 0.1
    # Augmented copies of each held-out MNIXEL image, so that 27 images weigh more than 27 answers.
    views: int = 16
    # Share of the held-out digits that may be answered with "not sure".
    rejection_rate: float = 0.015
    ranges: Ranges = Ranges()


OURS = TrainConfig()
QUICK = replace(OURS, drawn=24_000, nondigits=4_800, steps=80)
# Upstream used Keras, whose Adam has this epsilon.
UPSTREAM = OptimConfig(rounds=200, batch=64, patience=10, learning_rate=1e-3, epsilon=1e-7)

RECIPES = {
    "ours": OURS,
    "quick": QUICK,
    "mnixel-only": replace(QUICK, drawn=0, nondigits=0),
    "drawn-only": replace(QUICK, drawn_share=1.0),
    "upstream": UPSTREAM,
    "nearest-pixels": None,
    "nearest-normalised": None,
}

# --- our network --------------------------------------------------------------------------------------------


def normalised(images: np.ndarray) -> Tensor:
    """MNIXEL images (N, 28, 28) 0..255 after the shared preprocessing: float32 (N, 1, 28, 28) 0..1."""
    return torch.from_numpy(np.stack([normalise(to_ink(image / 255)) for image in images]))[:, None]


def hold_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Choose validation images: bool (N,) with a random `share` of each digit, at least one of each."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=bool)
    for digit in np.unique(labels):
        members = np.flatnonzero(labels == digit)
        held[rng.choice(members, max(1, round(share * len(members))), replace=False)] = True
    return held


def drawings(digits: int, nondigits: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Drawn digits (N, 1, 28, 28), their labels (N,), and non-digit drawings (M, 1, 28, 28); uint8."""
    images, labels = handwriting.drawings(digits, seed)
    others = handwriting.nondigits(nondigits, seed)
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels), torch.from_numpy(others)[:, None]


class Source(NamedTuple):
    """Images (N, 1, 28, 28), uint8 0..255 or float 0..1, and targets (N, 10).

    Each batch gets `count` of them.
    """

    images: Tensor
    targets: Tensor
    count: int


def as_float(images: Tensor) -> Tensor:
    """Images in 0..1, as the network takes them."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def batches(
    sources: list[Source], steps: int, ranges: Ranges, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """`steps` batches of augmented images and their targets."""
    for _ in range(steps):
        images, targets = [], []
        for source in sources:
            picks = torch.randint(len(source.images), (source.count,), generator=generator)
            images.append(as_float(source.images[picks]))
            targets.append(source.targets[picks])
        yield augment(torch.cat(images), ranges, generator), torch.cat(targets)


def mix(
    images: Tensor,
    labels: Tensor,
    seed: int,
    config: TrainConfig,
    generator: torch.Generator,
    contributed: Contributed | None = None,
) -> tuple[list[Source], tuple[Tensor, Tensor]]:
    """The sources of a recipe, and the held-out images with their labels.

    Drawn digits are held out as they are, MNIXEL's as `views` augmented copies. Contributed drawings are
    redrawn `views` times, and join the drawn digits.
    """
    batch = config.optim.batch
    wild = round(batch * config.nondigit_share) if config.nondigits else 0
    drawn = 0
    sources, held_images, held_labels = [], [], []
    if config.drawn or contributed:
        print(f"drawing {config.drawn:,} digits and {config.nondigits:,} other things ...", flush=True)
        made, made_labels, others = drawings(config.drawn, config.nondigits, seed)
        cut = min(len(made) // 20, 4000)
        held_images.append(as_float(made[:cut]))
        held_labels.append(made_labels[:cut])
        made, made_labels = made[cut:], made_labels[cut:]
        if contributed:
            more, more_labels = handwriting.redrawings(*contributed, config.views, seed)
            made = torch.cat([made, torch.from_numpy(more)[:, None]])
            made_labels = torch.cat([made_labels, torch.from_numpy(more_labels)])
        drawn = round((batch - wild) * (config.drawn_share if len(images) else 1))
        sources.append(Source(made, F.one_hot(made_labels, 10).float(), drawn))
        if wild:
            sources.append(Source(others, torch.full((len(others), 10), 0.1), wild))
    if real := batch - wild - drawn:
        held = torch.from_numpy(hold_out(labels.numpy(), config.validation, seed))
        held_images.append(augment(images[held].repeat(config.views, 1, 1, 1), config.ranges, generator))
        held_labels.append(labels[held].repeat(config.views))
        sources.append(Source(images[~held], F.one_hot(labels[~held], 10).float(), real))
    return sources, (torch.cat(held_images), torch.cat(held_labels))


def train_ours(
    images: Tensor, labels: Tensor, seed: int, config: TrainConfig, contributed: Contributed | None = None
) -> Fit:
    """Fit a DigitCNN to drawings and to normalised MNIXEL images (N, 1, 28, 28) with labels (N,).

    N may be 0. The same seed gives the same weights. The held-out images choose the best round, and then the
    temperature and the "not sure" threshold.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sources, held = mix(images, labels, seed, config, generator, contributed)
    # Channels last is a third faster on a CPU.
    net = DigitCNN(Config()).to(memory_format=torch.channels_last)
    each_round = functools.partial(batches, sources, config.steps, config.ranges, generator)
    fitted = fit(net, each_round, config.steps, held, config.optim, title=f"seed {seed}")
    # The weights are published in half precision, so everything is measured with that.
    fitted.net.half().float()
    temperature = fit_temperature(logits(fitted.net, held[0]), held[1])
    fitted.net.config = replace(fitted.net.config, temperature=temperature)
    margins = torch.from_numpy(fitted.net.predict(held[0])[1])
    threshold = round(torch.quantile(margins, config.rejection_rate).item(), 3)
    fitted.net.config = replace(fitted.net.config, threshold=threshold)
    return fitted


# --- one run ------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One seed of a recipe: its figures on the test images, and the network if it trains one."""

    seed: int
    test: dict
    fitted: Fit | None = None
    seconds: float = 0.0


def run_ours(
    arrays: data.Arrays | None, seed: int, config: TrainConfig, contributed: Contributed | None
) -> Run:
    """Train our network and test it on MNIXEL, or on drawn digits of another seed without `arrays`."""
    if arrays is None or config.drawn_share == 1:
        images, labels = torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.int64)
    else:
        images, labels = normalised(arrays.x_train), torch.from_numpy(arrays.y_train)
    fitted = train_ours(images, labels, seed, config, contributed)
    if arrays is None:
        drawn, drawn_labels, _ = drawings(1000, 0, seed + 1_000_000)
        inputs, truth = as_float(drawn), drawn_labels.numpy()
    else:
        inputs, truth = normalised(arrays.x_test), arrays.y_test
    return Run(seed, metrics.summary(truth, fitted.net.predict(inputs)[0]), fitted)


def run_upstream(arrays: data.Arrays, seed: int) -> Run:
    """Train upstream's network as upstream did, and test it on MNIXEL."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train, test = (np.stack(list(map(upstream.preprocess, part))) for part in (arrays.x_train, arrays.x_test))
    scale = {"mean": float(train.mean()), "deviation": float(train.std())}
    images, labels = upstream.standardise(train, **scale), torch.from_numpy(arrays.y_train)
    # The validation images are the last tenth, as with Keras' validation_split.
    cut = int(len(images) * 0.9)

    def shuffled():
        for chosen in torch.randperm(cut, generator=generator).split(UPSTREAM.batch):
            yield images[chosen], labels[chosen]

    net = upstream.UpstreamCNN().to(memory_format=torch.channels_last)
    steps, held = -(-cut // UPSTREAM.batch), (images[cut:], labels[cut:])
    fitted = fit(net, shuffled, steps, held, UPSTREAM, net.penalty, f"upstream, seed {seed}")
    answers = torch.softmax(logits(fitted.net, upstream.standardise(test, **scale)), 1).numpy()
    return Run(seed, metrics.summary(arrays.y_test, answers), fitted)


def run_nearest(arrays: data.Arrays, seed: int, prepare: Callable) -> Run:
    """1-nearest-neighbour by cosine on `prepare`d images. The seed has no effect."""

    def rows(images: np.ndarray) -> np.ndarray:
        flat = np.asarray(prepare(images), dtype=np.float64).reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    nearest = (rows(arrays.x_test) @ rows(arrays.x_train).T).argmax(axis=1)
    certain = np.eye(metrics.DIGITS)[arrays.y_train[nearest]]
    return Run(seed, metrics.summary(arrays.y_test, certain))


def run(recipe: str, arrays: data.Arrays | None, seed: int, contributed: Contributed | None = None) -> Run:
    """Run one seed of a recipe in RECIPES. Only "drawn-only" needs no `arrays`."""
    start, config = time.perf_counter(), RECIPES[recipe]
    if isinstance(config, TrainConfig):
        done = run_ours(arrays, seed, config, contributed)
    elif recipe == "upstream":
        done = run_upstream(arrays, seed)
    else:
        done = run_nearest(arrays, seed, normalised if recipe == "nearest-normalised" else np.asarray)
    done.seconds = time.perf_counter() - start
    return done
