"""The recipe of the project's network: MNIXEL's digits, drawn digits and non-digit drawings."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import board
import handwriting
from model import Config, DigitCNN, normalise, to_ink
from training.augment import Ranges, augment
from training.fitting import Fit, OptimConfig, fit, fit_temperature, logits

# Drawings that visitors contributed: strokes of each, and labels (N,) int64.
Contributed = tuple[list[list[board.Stroke]], np.ndarray]


@dataclass(frozen=True)
class TrainConfig:
    """How a network of ours is trained.

    Chosen by digits of other people that were looked at, never by the 116.
    """

    # Channels of the network's three blocks.
    channels: tuple[int, int, int] = Config.channels
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
    # Batches a round.
    steps: int = 200
    # Digits that the project draws itself, prepared before the first round.
    drawn: int = 50_000
    # Non-digit drawings, trained toward the uniform distribution.
    nondigits: int = 10_000
    # Share of drawn ones among a batch's digits, where there are MNIXEL images too.
    drawn_share: float = 0.8
    # Share of each batch; Hendrycks et al. (2019) teach refusal this way.
    nondigit_share: float = 0.2
    # Share of each digit of MNIXEL that is held out; a twentieth of the drawn ones is too.
    validation: float = 0.1
    # Augmented copies of each held-out MNIXEL image, so that 27 images weigh more than 27 answers.
    views: int = 16
    # Share of the held-out digits that "not sure" may take.
    rejection_rate: float = 0.015
    ranges: Ranges = field(default_factory=Ranges)


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


def drawings(digits: int, nondigits: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Drawn digits (N, 1, 28, 28), their labels (N,), and non-digit drawings (M, 1, 28, 28); uint8."""
    images, labels = handwriting.drawings(digits, seed)
    others = handwriting.nondigits(nondigits, seed)
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels), torch.from_numpy(others)[:, None]


class Source(NamedTuple):
    """Images that a part of each batch is taken from: uint8 0..255 or float 0..1, with a target a row."""

    images: Tensor  # (N, 1, 28, 28)
    targets: Tensor  # (N, 10)
    count: int  # images of each batch


def as_float(images: Tensor) -> Tensor:
    """Images as the network takes them."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def batches(
    sources: list[Source], steps: int, ranges: Ranges, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """`steps` batches of changed images and their targets."""
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
    """The sources of a recipe, and what is held out: drawings, and `views` augmented copies of MNIXEL's.

    Contributed drawings are redrawn `views` times and join the drawn ones.
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
    if batch - wild - drawn:
        held = torch.from_numpy(hold_out(labels.numpy(), config.validation, seed))
        held_images.append(augment(images[held].repeat(config.views, 1, 1, 1), config.ranges, generator))
        held_labels.append(labels[held].repeat(config.views))
        sources.append(Source(images[~held], F.one_hot(labels[~held], 10).float(), batch - wild - drawn))
    return sources, (torch.cat(held_images), torch.cat(held_labels))


def train_ours(
    images: Tensor, labels: Tensor, seed: int, config: TrainConfig, contributed: Contributed | None = None
) -> Fit:
    """Fit a DigitCNN on normalised MNIXEL images (N, 1, 28, 28), labels (N,) and on drawings.

    The same seed gives the same weights. What is held out picks the best round and then sets the temperature
    and the "not sure" threshold. N may be 0: then there are only the drawings.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sources, held = mix(images, labels, seed, config, generator, contributed)
    # Channels last is a third faster on a CPU.
    net = DigitCNN(Config(channels=config.channels)).to(memory_format=torch.channels_last)
    each_round = functools.partial(batches, sources, config.steps, config.ranges, generator)
    fitted = fit(net, each_round, config.steps, held, config.optim, title=f"seed {seed}")
    # The published weights have half precision, so everything is measured with that.
    fitted.net.half().float()
    temperature = fit_temperature(logits(fitted.net, held[0]), held[1])
    fitted.net.config = replace(fitted.net.config, temperature=temperature)
    margins = torch.from_numpy(fitted.net.predict(held[0])[1])
    threshold = round(torch.quantile(margins, config.rejection_rate).item(), 3)
    fitted.net.config = replace(fitted.net.config, threshold=threshold)
    return fitted
