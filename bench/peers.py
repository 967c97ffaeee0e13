"""Peers: other projects' networks from PyPI, if they are installed (`pip install --no-deps digit-recognizer-py ccexam`).

Both are convolutional networks trained on MNIST that ship their weights. As published they resize the whole picture to 28x28;
behind this project's preprocessing they get what our network gets. Their code is not imported, because it wants torchvision.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from model import INPUT, DigitCNN
from training.fitting import logits

MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's pixels, by which both standardise


def _convolutions(*channels: int) -> list[nn.Module]:
    """3x3 convolutions that keep the size, each with ReLU and pooling; the first takes one channel."""
    layers = []
    for inputs, outputs in zip((1, *channels), channels, strict=False):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return layers


def _dense(inputs: int, hidden: int) -> list[nn.Module]:
    return [nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 10)]


# Distribution on PyPI: package, file of weights in it, layers in the order of its tensors.
PEERS: dict[str, tuple[str, str, Callable[[], list[nn.Module]]]] = {
    "digit-recognizer-py": (
        "digit_recognizer",
        "models/handwriting_model.pth",
        lambda: [*_convolutions(32, 64, 128), nn.Flatten(), *_dense(128 * 3 * 3, 256)],
    ),
    "ccexam": (
        "ccexam",
        "weights/mnist.pth",
        lambda: [*_convolutions(32, 64), nn.Flatten(), *_dense(64 * 7 * 7, 128)],
    ),
}


def load(name: str) -> nn.Module | None:
    """A peer's network, or None when its package is not installed."""
    package, file, layers = PEERS[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    tensors = torch.load(
        Path(spec.submodule_search_locations[0]) / file, weights_only=True, map_location="cpu"
    )
    net = nn.Sequential(*layers())
    net.load_state_dict(dict(zip(net.state_dict(), tensors.values(), strict=True)))
    return net.eval()


def as_published(picture: np.ndarray) -> Tensor:
    """Float32 (1, 28, 28): a picture (H, W), uint8 or float 0..1, light on dark, reduced whole."""
    levels = picture if picture.dtype == np.uint8 else np.rint(255 * picture).astype(np.uint8)
    small = Image.fromarray(levels).resize((INPUT, INPUT), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255)[None]


def reader(name: str, ours: DigitCNN | None = None) -> Callable[[list[np.ndarray]], np.ndarray] | None:
    """Pictures -> probabilities (N, 10) of a peer, as published or behind the preprocessing of `ours`; None without it."""
    net = load(name)
    if net is None:
        return None
    prepare = ours.preprocess if ours else as_published

    def read(pictures: list[np.ndarray]) -> np.ndarray:
        inputs = (torch.stack([prepare(picture) for picture in pictures]) - MEAN) / DEVIATION
        return torch.softmax(logits(net, inputs), dim=1).numpy()

    return read
