"""The network as ONNX: the tensor of `preprocess` -> probabilities and the margin that says "not sure"."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from model import DigitCNN

OPSET = 17  # from 2022, so that older runtimes can read it


class Answer(nn.Module):
    """`DigitCNN.predict` in layers that ONNX has."""

    def __init__(self, net: DigitCNN):
        super().__init__()
        # ONNX has no pooling of 7 into 3. With this stride the parts are the same.
        stride = 7 // net.config.places
        pool = nn.AvgPool2d(7 - (net.config.places - 1) * stride, stride)
        layers = [pool if isinstance(layer, nn.AdaptiveAvgPool2d) else layer for layer in net.features]
        self.layers, self.temperature = nn.Sequential(*layers, net.dense), net.config.temperature

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, 28, 28) -> (N, 10) probabilities and (N,) margins."""
        logits = self.layers(image)
        return (logits / self.temperature).softmax(dim=1), logits.amax(dim=1) - logits.mean(dim=1)


def export(net: DigitCNN, path: Path) -> None:
    """Write `net` to `path`; needs the package onnx. The same network gives the same bytes."""
    names = ["image", "probabilities", "margin"]
    with warnings.catch_warnings():
        # The newer exporter needs one more package.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            Answer(net).eval(),
            (torch.zeros(1, 1, 28, 28),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "N"} for name in names},
        )
