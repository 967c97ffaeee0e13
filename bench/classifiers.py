"""Classifiers: our network and upstream's as functions from pictures to probabilities and margins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import board
from model import DigitCNN, SeveralDigits, normalise, to_ink
from training import upstream
from training.fitting import logits

# Pictures -> probabilities (N, 10) and how sure each answer is (N,).
Classifier = Callable[[list[np.ndarray]], tuple[np.ndarray, np.ndarray]]


def inputs_of(net: DigitCNN, pictures: list[np.ndarray]) -> tuple[torch.Tensor, np.ndarray]:
    """Inputs (N, 1, 28, 28), and bool (N,): which pictures hold several digits, and are prepared as one."""
    inputs, refused = [], np.zeros(len(pictures), bool)
    for i, picture in enumerate(pictures):
        try:
            inputs.append(net.preprocess(picture))
        except SeveralDigits:
            refused[i] = True
            inputs.append(torch.from_numpy(normalise(to_ink(picture)))[None])
    return torch.stack(inputs), refused


def ours(net: DigitCNN) -> Classifier:
    """This project's network, with its logit margins; 0 where it sees several digits."""

    def classify(pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        inputs, refused = inputs_of(net, pictures)
        probabilities, margins = net.predict(inputs)
        return probabilities, np.where(refused, 0, margins)

    return classify


def upstreams(folder: Path) -> Classifier | None:
    """Upstream's network as `train.py --recipe upstream` left it in `folder`; None when it is not there.

    It gets MNIXEL's 28x28, as in its training; the window that upstream's own page uses would make it worse.
    """
    if not (folder / "model.safetensors").is_file():
        return None
    net = upstream.UpstreamCNN()
    net.load_state_dict(load_file(folder / "model.safetensors"))
    scale = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["standardisation"]

    def classify(pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        small = [board.reduce(p) if p.dtype == np.uint8 else 255 * p for p in pictures]
        inputs = upstream.standardise(np.stack([upstream.preprocess(image) for image in small]), **scale)
        probabilities = torch.softmax(logits(net, inputs), 1).numpy()
        return probabilities, probabilities.max(axis=1)

    return classify
