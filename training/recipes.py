"""The recipes: what `train.py` can train, from nearest neighbours to the shipped network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

import data
from training import metrics, upstream
from training.fitting import Fit, OptimConfig, fit, logits
from training.recipe import Contributed, TrainConfig, as_float, drawings, normalised, train_ours

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
    """One seed of one recipe, with its figures on the test images."""

    seed: int
    test: dict
    fitted: Fit | None = None
    seconds: float = 0.0


def run_ours(
    arrays: data.Arrays | None, seed: int, config: TrainConfig, contributed: Contributed | None
) -> Run:
    """Train our network with one seed and read the test images, or drawn ones without `arrays`."""
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
    """Train upstream's network as upstream did, with one seed, and read the test images."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train, test = (
        np.stack([upstream.preprocess(image) for image in images])
        for images in (arrays.x_train, arrays.x_test)
    )
    scale = {"mean": float(train.mean()), "deviation": float(train.std())}
    images, labels = upstream.standardise(train, **scale), torch.from_numpy(arrays.y_train)
    cut = int(len(images) * (1 - UPSTREAM_VALIDATION))

    def batches():
        for chosen in torch.randperm(cut, generator=generator).split(UPSTREAM.batch):
            yield images[chosen], labels[chosen]

    net = upstream.UpstreamCNN().to(memory_format=torch.channels_last)
    steps, held = -(-cut // UPSTREAM.batch), (images[cut:], labels[cut:])
    fitted = fit(net, batches, steps, held, UPSTREAM, net.penalty, f"upstream, seed {seed}")
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
