"""Readers: the shipped network and upstream's as functions from pictures to probabilities and logit margins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import board
from model import DigitCNN
from training import upstream
from training.fitting import logits

Reader = Callable[
    [list[np.ndarray]], tuple[np.ndarray, np.ndarray]
]  # -> probabilities (N, 10), logit margins (N,)


def our_reader(net: DigitCNN) -> Reader:
    """The network of a folder of weights."""
    return lambda pictures: net.predict(torch.stack([net.preprocess(picture) for picture in pictures]))


def upstream_reader(folder: Path) -> Reader | None:
    """Upstream's network as `train.py --recipe upstream` left it in `folder`; None when it is not there."""
    if not (folder / "model.safetensors").is_file():
        return None
    net = upstream.UpstreamCNN()
    net.load_state_dict(load_file(folder / "model.safetensors"))
    scale = json.loads((folder / "metrics.json").read_text())["standardisation"]

    def read(pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        small = np.stack([board.reduce(p) if p.dtype == np.uint8 else 255 * p for p in pictures])
        inputs = upstream.standardise(np.stack([upstream.preprocess(image) for image in small]), **scale)
        probabilities = torch.softmax(logits(net, inputs), 1).numpy()
        return probabilities, probabilities.max(axis=1)

    return read


def multiply_adds(net: torch.nn.Module, shape: tuple[int, ...] = (1, 1, 28, 28)) -> int:
    """Multiplications with addition for one picture, of convolutions and dense layers, counted while one passes through."""
    count = 0

    def add(layer, _, output):
        nonlocal count
        count += output.numel() * layer.weight[0].numel()

    hooks = [
        m.register_forward_hook(add)
        for m in net.modules()
        if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))
    ]
    logits(net, torch.zeros(shape))
    for hook in hooks:
        hook.remove()
    return count


def milliseconds(read: Reader, picture: np.ndarray, repeats: int = 100) -> float:
    """Median time of one picture on one thread, preprocessing included."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        read([picture])
        times.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return 1000 * float(np.median(times))
