"""The recipes: what `train.py` can train, from nearest neighbours to the shipped network."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
import torch

import data
from training import metrics, upstream
from training.fitting import Fit, OptimConfig, fit, logits
from training.recipe import Contributed, TrainConfig, normalised, prepare_drawings, train_ours

OURS = TrainConfig()
QUICK = replace(OURS, drawn=24_000, nondigits=4_800, steps=80)

# Epsilon is that of Keras' Adam.
UPSTREAM = OptimConfig(rounds=200, batch=64, patience=10, learning_rate=1e-3, epsilon=1e-7)
# The last tenth of the training images, as Keras' validation_split takes it.
UPSTREAM_VALIDATION = 0.1

RECIPES = {
    "ours": OURS,
    "quick": QUICK,
    "mnixel-only": replace(QUICK, drawn=0, nondigits=0),
    "drawn-only": replace(QUICK, drawn_share=1.0),
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
    # What else is needed to use the network.
    notes: dict = field(default_factory=dict)


def run_ours(
    arrays: data.Arrays | None, seed: int, config: TrainConfig, contributed: Contributed | None = None
) -> Run:
    """Train our network with one seed and measure it on the test images, or without archives on drawings."""
    start = time.perf_counter()
    if arrays is None or config.drawn_share == 1:
        images, labels = torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.int64)
    else:
        images, labels = normalised(arrays.x_train), torch.from_numpy(arrays.y_train)
    fitted = train_ours(images, labels, seed, config, contributed)
    seconds = time.perf_counter() - start
    if arrays is None:
        drawn, truth, _ = prepare_drawings(1000, 0, seed + 1_000_000)
        return Run(
            seed, metrics.summary(truth.numpy(), fitted.net.predict(drawn.float() / 255)[0]), seconds, fitted
        )
    probabilities = fitted.net.predict(normalised(arrays.x_test))[0]
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
    fitted = fit(
        net, batches, steps, (images[cut:], labels[cut:]), UPSTREAM, net.penalty, f"upstream, seed {seed}"
    )
    seconds = time.perf_counter() - start
    test = np.stack([upstream.preprocess(image) for image in arrays.x_test])
    answers = logits(fitted.net, upstream.standardise(test, mean, deviation))
    notes = {"standardisation": {"mean": mean, "deviation": deviation}}
    return Run(
        seed, metrics.summary(arrays.y_test, torch.softmax(answers, 1).numpy()), seconds, fitted, notes
    )


def run_nearest(arrays: data.Arrays, seed: int, prepare) -> Run:
    """1-nearest-neighbour by cosine on `prepare`d images; there is nothing random in it."""
    start = time.perf_counter()

    def rows(images: np.ndarray) -> np.ndarray:
        flat = np.asarray(prepare(images), dtype=np.float64).reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    nearest = (rows(arrays.x_test) @ rows(arrays.x_train).T).argmax(axis=1)
    certain = np.eye(metrics.DIGITS)[arrays.y_train[nearest]]
    return Run(seed, metrics.summary(arrays.y_test, certain), time.perf_counter() - start)


def run(recipe: str, arrays: data.Arrays | None, seed: int, contributed: Contributed | None = None) -> Run:
    """One seed of a recipe named in RECIPES. Only "drawn-only" does without MNIXEL's `arrays`."""
    if isinstance(RECIPES[recipe], TrainConfig):
        return run_ours(arrays, seed, RECIPES[recipe], contributed)
    if recipe == "upstream":
        return run_upstream(arrays, seed)
    return run_nearest(arrays, seed, normalised if recipe == "nearest-normalised" else lambda images: images)
