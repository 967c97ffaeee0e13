"""Fitting a network: one loop for every recipe, with early stopping and the best weights restored."""

import copy
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

# Each call gives one round of (images, labels).
Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class OptimConfig:
    """How long and how fast a network is fitted. Each round ends with the validation images."""

    # The training stops after this many rounds, or after `patience` rounds without a better validation loss.
    rounds: int
    # Images of each step.
    batch: int
    patience: int
    learning_rate: float
    # Learning rate of Muon (Jordan 2024) for matrices and kernels; at 0, AdamW updates these, too.
    muon: float = 0.0
    # Decoupled, as in AdamW.
    weight_decay: float = 0.0
    # Adam's epsilon.
    epsilon: float = 1e-8
    # Warm up, then anneal to 0 over all rounds (Smith and Topin 2018).
    one_cycle: bool = False
    # Decay of the running average of the weights, which is kept instead of them; at 0 there is no average.
    average: float = 0.0
    # Twice as fast on processors that have it, and as accurate here.
    bfloat16: bool = False


@dataclass
class Round:
    """The losses and the validation accuracy (0..1) of one round."""

    training_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass
class Fit:
    """A fitted network and its history. The weights are those of round number `best_round`, from 0."""

    net: nn.Module
    history: list[Round]
    best_round: int


def logits(net: nn.Module, images: Tensor) -> Tensor:
    """Logits (N, 10) for images (N, 1, 28, 28), in evaluation mode."""
    net.eval()
    with torch.inference_mode():
        # Pieces of this size fit a processor's cache.
        return torch.cat([net(piece) for piece in images.split(512)]).clone()


def optimizers(net: nn.Module, optim: OptimConfig) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters, or Muon for matrices and kernels and AdamW for the rest."""
    adam = functools.partial(torch.optim.AdamW, lr=optim.learning_rate, eps=optim.epsilon)
    if not optim.muon:
        return [adam(net.parameters(), weight_decay=optim.weight_decay)]
    matrices = [_as_matrix(p) for p in net.parameters() if p.ndim > 1]
    muon = torch.optim.Muon(matrices, lr=optim.muon, weight_decay=optim.weight_decay)
    return [muon, adam([p for p in net.parameters() if p.ndim < 2], weight_decay=0)]


def _as_matrix(weights: nn.Parameter) -> nn.Parameter:
    """Kernels as a matrix with a row for each output, in the same memory.

    After each backward pass the matrix gets their gradient.
    """
    if weights.ndim == 2:
        return weights
    # A view, because the kernels are channels last.
    rows = nn.Parameter(weights.detach().permute(0, 2, 3, 1).flatten(1))
    assert rows.data_ptr() == weights.data_ptr(), "the network's kernels are not channels last"

    def hand_over(leaf: Tensor) -> None:
        rows.grad, leaf.grad = leaf.grad.permute(0, 2, 3, 1).flatten(1), None

    weights.register_post_accumulate_grad_hook(hand_over)
    return rows


def fit(
    net: nn.Module,
    batches: Batches,
    steps: int,
    validation: tuple[Tensor, Tensor],
    optim: OptimConfig,
    penalty: Callable[[], Tensor] | None = None,
    title: str = "training",
) -> Fit:
    """Minimise cross-entropy, plus `penalty()`, and keep the weights with the least validation loss.

    A round has `steps` batches.
    """
    both, cycles = optimizers(net, optim), []
    if optim.one_cycle:
        one_cycle = functools.partial(OneCycleLR, total_steps=optim.rounds * steps, pct_start=0.2)
        cycles = [one_cycle(each, each.defaults["lr"], cycle_momentum=len(both) == 1) for each in both]
    half = optim.bfloat16 and torch.cpu.get_capabilities().get("avx512_bf16", False)
    average = None
    if optim.average:
        average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(optim.average), use_buffers=True)
    judged = average.module if average else net

    history: list[Round] = []
    progress = tqdm(range(optim.rounds), desc=title, unit="round", dynamic_ncols=True)
    for number in progress:
        net.train()
        losses = []
        for images, labels in batches():
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                answers = net(images)
            loss = F.cross_entropy(answers.float(), labels)
            if penalty:
                loss = loss + penalty()
            for each in both:
                each.zero_grad()
            loss.backward()
            for each in [*both, *cycles]:
                each.step()
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
        best = min(range(len(history)), key=lambda n: history[n].validation_loss)
        if best == number:
            best_weights = copy.deepcopy(judged.state_dict())
        progress.set_postfix(
            loss=f"{measured.training_loss:.3f}", validation=f"{measured.validation_loss:.3f}"
        )
        if number - best >= optim.patience:
            break
    progress.close()
    judged.load_state_dict(best_weights)
    return Fit(judged.eval(), history, best)


def fit_temperature(answers: Tensor, labels: Tensor) -> float:
    """The temperature T in 0.5..3 with the least loss of softmax(answers / T) (Guo et al. 2017).

    `answers` (N, 10) are logits of held-out images. A grid is enough, because the loss has one minimum in T.
    """
    grid = torch.linspace(0.5, 3, 251)
    losses = torch.stack([F.cross_entropy(answers / t, labels) for t in grid])
    return round(grid[losses.argmin()].item(), 3)
