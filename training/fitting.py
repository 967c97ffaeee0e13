"""Fitting a network: one loop for every recipe, with a validation split, early stopping and the best weights restored."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]  # each call gives one round of (images, labels)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. A round ends with a look at the validation images; in a plain epoch it is one pass."""

    rounds: int  # at most
    batch: int  # images a step
    patience: int  # rounds without a better validation loss, then stop
    learning_rate: float
    weight_decay: float = 0.0  # decoupled, as AdamW has it
    epsilon: float = 1e-8  # of Adam
    one_cycle: bool = False  # warm up, then anneal to nothing over all rounds (Smith and Topin 2018)
    average: float = (
        0.0  # decay of the running average of the weights that is validated and kept; 0 keeps the last ones
    )


@dataclass
class Round:
    """What one round measured: mean training loss, validation loss and accuracy (0..1)."""

    training_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass
class Fit:
    """A fitted network, the course of it, and whether somebody pressed Ctrl-C."""

    net: nn.Module
    history: list[Round]
    best_round: int  # index into history: where the weights are from
    interrupted: bool = False


def logits(net: nn.Module, images: Tensor) -> Tensor:
    """(N, 10) answers for (N, 1, 28, 28), without gradients, in evaluation mode, in pieces that fit a cache."""
    net.eval()
    with torch.inference_mode():
        return torch.cat([net(piece) for piece in images.split(512)]).clone()


def fit(
    net: nn.Module,
    batches: Batches,
    steps: int,
    validation: tuple[Tensor, Tensor],
    schedule: Schedule,
    penalty: Callable[[], Tensor] | None = None,
    title: str = "training",
) -> Fit:
    """Minimise cross-entropy (plus `penalty()`) with AdamW and give back the weights with the least validation loss.

    `steps` is the number of batches in a round. Ctrl-C ends it early with the best weights so far; before the first round has
    ended there are none, and KeyboardInterrupt goes on to the caller.
    """
    optimizer = torch.optim.AdamW(
        net.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay, eps=schedule.epsilon
    )
    cycle = None
    if schedule.one_cycle:
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, schedule.learning_rate, total_steps=schedule.rounds * steps, pct_start=0.2
        )
    average = None
    if schedule.average:
        average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(schedule.average), use_buffers=True)
    judged = average.module if average else net

    history: list[Round] = []
    best, best_weights, interrupted = -1, None, False
    progress = tqdm(range(schedule.rounds), desc=title, unit="round", dynamic_ncols=True)
    try:
        for number in progress:
            net.train()
            losses = []
            for images, labels in batches():
                loss = F.cross_entropy(net(images), labels)
                if penalty:
                    loss = loss + penalty()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if cycle:
                    cycle.step()
                if average:
                    average.update_parameters(net)
                losses.append(loss.item())
            answers = logits(judged, validation[0])
            measured = Round(
                float(np.mean(losses)),
                F.cross_entropy(answers, validation[1]).item() + (penalty().item() if penalty else 0.0),
                (answers.argmax(1) == validation[1]).float().mean().item(),
            )
            history.append(measured)
            if best < 0 or measured.validation_loss < history[best].validation_loss:
                best, best_weights = number, copy.deepcopy(judged.state_dict())
            progress.set_postfix(loss=f"{measured.training_loss:.3f}", validation=f"{measured.validation_loss:.3f}")
            if number - best >= schedule.patience:
                break
    except KeyboardInterrupt:
        if best_weights is None:
            raise
        interrupted = True
    finally:
        progress.close()
    judged.load_state_dict(best_weights)
    return Fit(judged.eval(), history, best, interrupted)


def fit_temperature(answers: Tensor, labels: Tensor, low: float = 0.5, high: float = 3.0) -> float:
    """The temperature that makes softmax(answers / T) most likely for `labels` (Guo et al. 2017), within low..high.

    `answers` (N, 10) are logits of images that were not trained on. The likelihood has one optimum in T, so a fine grid will do.
    """
    grid = torch.linspace(low, high, 251)
    losses = torch.stack([F.cross_entropy(answers / t, labels) for t in grid])
    return round(grid[losses.argmin()].item(), 3)
