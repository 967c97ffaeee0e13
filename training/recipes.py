"""The recipes: what `train.py` can train, from nearest neighbours to the shipped network, each run by one seed."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import data
import handwriting
from model import DigitCNN, normalise, to_ink
from training import metrics, upstream
from training.augment import Ranges, augment
from training.fitting import Fit, Schedule, fit, fit_temperature, logits


@dataclass(frozen=True)
class Ours:
    """The shipped network's recipe. Chosen by strangers' strokes (`bench/freehand.py`), never by the 116."""

    schedule: Schedule = Schedule(
        rounds=50, batch=128, patience=50, learning_rate=4e-3, weight_decay=0.05, one_cycle=True, average=0.99
    )
    steps: int = 24  # batches a round
    drawn: int = 20_000  # digits that the project draws itself, prepared before the first round
    nondigits: int = 6_000  # drawings that are no digits, for which every digit is to be equally improbable
    drawn_share: float = 0.5  # of each batch, where there are MNIXEL images too
    nondigit_share: float = 0.2  # of each batch (Hendrycks et al. 2019 teach refusal so)
    validation: float = 0.1  # share of each digit of MNIXEL that is held out; a twentieth of the drawn ones is too
    views: int = 16  # changed copies of each held-out MNIXEL image, so that 27 images weigh more than 27 answers
    refused: float = 0.003  # share of the held-out digits that "not sure" may take
    ranges: Ranges = field(default_factory=Ranges)


UPSTREAM = Schedule(rounds=200, batch=64, patience=10, learning_rate=1e-3, epsilon=1e-7)  # Keras' Adam
UPSTREAM_VALIDATION = 0.1  # the last tenth of the training images, as Keras' validation_split takes it

RECIPES = {
    "ours": Ours(),
    "mnixel-only": Ours(drawn=0, nondigits=0),
    "drawn-only": Ours(drawn_share=1.0),
    "upstream": UPSTREAM,
    "nearest-pixels": None,
    "nearest-normalised": None,
}


@dataclass
class Run:
    """One seed of one recipe: what it got on the test images, and how."""

    seed: int
    test: dict
    seconds: float
    fitted: Fit | None = None
    notes: dict = field(default_factory=dict)  # what else is needed to use the network


# --- recipes ----------------------------------------------------------------------------------------------------------


def normalised(images: np.ndarray) -> Tensor:
    """MNIXEL images (N, 28, 28) 0..255 through the one preprocessing: float32 (N, 1, 28, 28)."""
    return torch.from_numpy(np.stack([normalise(to_ink(image / 255)) for image in images]))[:, None]


def hold_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Boolean (N,): the validation images, `share` of each digit, at least one, drawn by `seed`."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=bool)
    for digit in np.unique(labels):
        members = np.flatnonzero(labels == digit)
        held[rng.choice(members, max(1, round(share * len(members))), replace=False)] = True
    return held


@functools.lru_cache(maxsize=2)  # cross-validation trains many times on the same drawings
def prepare_drawings(digits: int, nondigits: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Drawn digits (N, 1, 28, 28) with labels (N,), and drawings that are no digits (M, 1, 28, 28)."""
    images, labels = handwriting.drawings(digits, seed)
    others, _ = handwriting.nondigits(nondigits, seed)
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels), torch.from_numpy(others)[:, None]


def train_ours(images: Tensor, labels: Tensor, seed: int, recipe: Ours) -> Fit:
    """Fit a DigitCNN on normalised MNIXEL images (N, 1, 28, 28), labels (N,) and on drawings. Deterministic by the seed.

    What is held out (of MNIXEL as `views` changed copies, and of the drawings) picks the best round and then sets the temperature
    and the "not sure" threshold. N may be 0: then there are only the drawings.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sources, held_images, held_labels = [], [], []  # of sources: images, labels, how many of them in a batch
    batch = recipe.schedule.batch
    wild = round(batch * recipe.nondigit_share) if recipe.nondigits else 0
    drawn = 0
    if recipe.drawn:
        print(f"drawing {recipe.drawn:,} digits and {recipe.nondigits:,} other things ...", flush=True)
        drawn_images, drawn_labels, others = prepare_drawings(recipe.drawn, recipe.nondigits, seed)
        drawn = round((batch - wild) * (recipe.drawn_share if len(images) else 1))
        cut = len(drawn_images) // 20
        held_images.append(drawn_images[:cut])
        held_labels.append(drawn_labels[:cut])
        sources.append((drawn_images[cut:], F.one_hot(drawn_labels[cut:], 10).float(), drawn))
        sources.append((others, torch.full((len(others), 10), 0.1), wild))
    if batch - wild - drawn:
        held = torch.from_numpy(hold_out(labels.numpy(), recipe.validation, seed))
        held_images.append(augment(images[held].repeat(recipe.views, 1, 1, 1), recipe.ranges, generator))
        held_labels.append(labels[held].repeat(recipe.views))
        sources.append((images[~held], F.one_hot(labels[~held], 10).float(), batch - wild - drawn))
    validation = torch.cat(held_images), torch.cat(held_labels)

    def batches():
        for _ in range(recipe.steps):
            picks = [torch.randint(len(x), (count,), generator=generator) for x, _, count in sources]
            x = torch.cat([source[0][pick] for source, pick in zip(sources, picks, strict=True)])
            y = torch.cat([source[1][pick] for source, pick in zip(sources, picks, strict=True)])
            yield augment(x, recipe.ranges, generator), y

    net = DigitCNN().to(memory_format=torch.channels_last)  # a third faster on a CPU
    fitted = fit(net, batches, recipe.steps, validation, recipe.schedule, title=f"seed {seed}")
    answers = logits(fitted.net, validation[0])
    temperature = fit_temperature(answers, validation[1])
    fitted.net.config = replace(fitted.net.config, temperature=temperature)
    evidence = torch.from_numpy(fitted.net.judge_tensors(validation[0])[1])
    threshold = round(torch.quantile(evidence, recipe.refused).item(), 3)
    fitted.net.config = replace(fitted.net.config, threshold=threshold)
    return fitted


def run_ours(arrays: data.Arrays | None, seed: int, recipe: Ours) -> Run:
    """Train our network with one seed and look at the test images; without archives, at drawn digits of another seed."""
    start = time.perf_counter()
    if arrays is None or recipe.drawn_share == 1:
        images, labels = torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.int64)
    else:
        images, labels = normalised(arrays.x_train), torch.from_numpy(arrays.y_train)
    fitted = train_ours(images, labels, seed, recipe)
    seconds = time.perf_counter() - start
    if arrays is None:
        drawn, truth, _ = prepare_drawings(1000, 0, seed + 1_000_000)
        return Run(seed, metrics.summary(truth.numpy(), fitted.net.judge_tensors(drawn)[0]), seconds, fitted)
    probabilities = fitted.net.judge_tensors(normalised(arrays.x_test))[0]
    return Run(seed, metrics.summary(arrays.y_test, probabilities), seconds, fitted)


def run_upstream(arrays: data.Arrays, seed: int) -> Run:
    """Train upstream's network by upstream's recipe with one seed and look at the test images."""
    start = time.perf_counter()
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train = np.stack([upstream.preprocess(image) for image in arrays.x_train])
    mean, deviation = float(train.mean()), float(train.std())
    images, labels = upstream.standardise(train, mean, deviation), torch.from_numpy(arrays.y_train)
    cut = int(len(images) * (1 - UPSTREAM_VALIDATION))

    def batches():
        for chosen in torch.randperm(cut, generator=generator).split(UPSTREAM.batch):
            yield images[chosen], labels[chosen]

    net = upstream.UpstreamCNN().to(memory_format=torch.channels_last)
    steps = -(-cut // UPSTREAM.batch)
    fitted = fit(net, batches, steps, (images[cut:], labels[cut:]), UPSTREAM, net.penalty, f"upstream, seed {seed}")
    seconds = time.perf_counter() - start
    test = np.stack([upstream.preprocess(image) for image in arrays.x_test])
    answers = logits(fitted.net, upstream.standardise(test, mean, deviation))
    notes = {"standardisation": {"mean": mean, "deviation": deviation}}
    return Run(seed, metrics.summary(arrays.y_test, torch.softmax(answers, 1).numpy()), seconds, fitted, notes)


def run_nearest(arrays: data.Arrays, seed: int, prepare) -> Run:
    """1-nearest-neighbour by cosine on `prepare`d images; there is nothing random in it."""
    start = time.perf_counter()

    def rows(images: np.ndarray) -> np.ndarray:
        flat = np.asarray(prepare(images), dtype=np.float64).reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    nearest = (rows(arrays.x_test) @ rows(arrays.x_train).T).argmax(axis=1)
    certain = np.eye(metrics.DIGITS)[arrays.y_train[nearest]]
    return Run(seed, metrics.summary(arrays.y_test, certain), time.perf_counter() - start)


def run(recipe: str, arrays: data.Arrays | None, seed: int) -> Run:
    """One seed of a recipe named in RECIPES. Only "drawn-only" does without MNIXEL's `arrays`."""
    if isinstance(RECIPES[recipe], Ours):
        return run_ours(arrays, seed, RECIPES[recipe])
    if recipe == "upstream":
        return run_upstream(arrays, seed)
    return run_nearest(arrays, seed, normalised if recipe == "nearest-normalised" else lambda images: images)
