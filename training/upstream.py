"""The baseline: network and preprocessing of the notebook of "Deep Learning Digit Classifier".

Repeated in PyTorch for comparison only; the page never uses it. Where Keras and PyTorch differ in a default
(initial weights, batch normalisation, Adam's epsilon), Keras' value is set. Source:
github.com/Konat23/Deep-Learning-Digit-Clasifier-UI.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

PARAMETERS = 351_770  # what upstream's notebook counts; 416 of them are running means and variances
L2 = 0.01  # of the dense layer's weights, in the loss


class UpstreamCNN(nn.Module):
    """Two convolutions without padding, two dense layers."""

    def __init__(self):
        super().__init__()

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)  # Keras' defaults
            return [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), norm, nn.MaxPool2d(2), nn.Dropout(0.1)]

        self.layers = nn.Sequential(  #   shape          parameters, running statistics included
            *block(1, 128),  #            (128, 13, 13)   1,792
            *block(128, 80),  #           (80, 5, 5)     92,560
            nn.Flatten(),  #              (2000,)
            nn.Linear(2000, 128),  #      (128,)        256,128
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(128, 10),  #        (10,)           1,290
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        # Keras has no batch counters, the buffers without dimensions.
        statistics = [b for b in self.buffers() if b.ndim]
        count = sum(t.numel() for t in [*self.parameters(), *statistics])
        assert count == PARAMETERS, f"{count} parameters instead of {PARAMETERS}"

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) from `preprocess` and `standardise` -> (N, 10) logits."""
        return self.layers(x)

    def penalty(self) -> Tensor:
        """What upstream's loss adds: Keras' l2(0.01), which has no factor 1/2."""
        return L2 * self.layers[11].weight.square().sum()


def preprocess(image: np.ndarray) -> np.ndarray:
    """What upstream trained on: (28, 28) 0..255 -> (28, 28) 0..255.

    The centre of mass goes to the centre by whole pixels, then the picture is enlarged about its centre until
    the box of what is drawn fills it (the longer side; what would leave the picture is cut off).
    """
    side = image.shape[0]
    mass = image.sum()
    if mass == 0:
        return image.copy()
    grid = np.arange(side)
    down = round((side - 1) / 2 - float(image.sum(axis=1) @ grid / mass))
    right = round((side - 1) / 2 - float(image.sum(axis=0) @ grid / mass))
    centred = _shift(image, down, right)
    rows, columns = np.flatnonzero(centred.any(axis=1)), np.flatnonzero(centred.any(axis=0))
    box = max(np.ptp(rows), np.ptp(columns)) + 1
    half = box / 2
    middle = side / 2
    window = (middle - half, middle - half, middle + half, middle + half)
    picture = Image.fromarray(centred.astype(np.float32), "F")
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=window), dtype=np.float64)


def _shift(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move a picture by whole pixels; what comes in is background, what leaves is lost."""
    height, width = image.shape
    moved = np.zeros_like(image)
    moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return moved


def standardise(images: np.ndarray, mean: float, deviation: float) -> Tensor:
    """Pictures (N, 28, 28), less the mean and divided by the deviation, as float32 (N, 1, 28, 28)."""
    return torch.from_numpy(((images - mean) / deviation).astype(np.float32))[:, None]
