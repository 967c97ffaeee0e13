"""The baseline: the course project's network and preprocessing, in PyTorch.

It follows the notebook of github.com/Konat23/Deep-Learning-Digit-Clasifier-UI. Where the defaults of Keras
and PyTorch differ (initial weights, batch normalisation, Adam's epsilon), it sets those of Keras.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn


class UpstreamCNN(nn.Module):
    """Two convolutions without padding, two dense layers."""

    def __init__(self):
        super().__init__()

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            # Keras has these defaults.
            norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
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

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) from `preprocess` and `standardise` -> (N, 10) logits."""
        return self.layers(x)

    def penalty(self) -> Tensor:
        """The term that upstream adds to the loss: Keras' l2(0.01), which has no factor 1/2."""
        return 0.01 * self.layers[11].weight.square().sum()


def preprocess(image: np.ndarray) -> np.ndarray:
    """A picture (28, 28) 0..255 as upstream trained on it, in the same form.

    The centre of mass moves to the centre by whole pixels. Then the picture is enlarged around its centre
    until the longer side of the ink fills it. Ink that leaves the picture is lost.
    """
    side = image.shape[0]
    mass, grid = image.sum(), np.arange(side)
    down = round((side - 1) / 2 - float(image.sum(axis=1) @ grid / mass))
    right = round((side - 1) / 2 - float(image.sum(axis=0) @ grid / mass))
    centred = np.pad(image, side)[side - down : 2 * side - down, side - right : 2 * side - right]
    rows, columns = np.flatnonzero(centred.any(axis=1)), np.flatnonzero(centred.any(axis=0))
    middle, half = side / 2, (max(np.ptp(rows), np.ptp(columns)) + 1) / 2
    window = (middle - half, middle - half, middle + half, middle + half)
    picture = Image.fromarray(centred.astype(np.float32), "F")
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=window), dtype=np.float64)


def standardise(images: np.ndarray, mean: float, deviation: float) -> Tensor:
    """Pictures (N, 28, 28) with mean 0 and deviation 1, as float32 (N, 1, 28, 28)."""
    return torch.from_numpy(((images - mean) / deviation).astype(np.float32))[:, None]
