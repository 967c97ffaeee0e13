"""Augmentation: changes normalised digits as if other hands had drawn them.

It works on whole batches, after `model.preprocess`: an affine map, an elastic one (Simard et al. 2003), a
thicker or thinner line, a softer or harder edge.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Ranges:
    """The largest change of each kind. Changes are uniform in both directions."""

    rotation: float = 14.0  # degrees
    shear: float = 0.25  # share of the height
    # Each axis is scaled on its own.
    scale: float = 0.14  # natural logarithm
    shift: float = 1.6  # pixels
    # Standard deviation of the displacement at the nodes of a 5x5 grid.
    elastic: float = 1.5  # pixels
    # Shares of one step of dilation or erosion, and of blur.
    thickness: float = 0.9
    softness: float = 0.7
    # Levels are multiplied by up to 1 plus this in half of the images, and cut off at 1.
    contrast: float = 1.5


def augment(images: Tensor, ranges: Ranges, generator: torch.Generator) -> Tensor:
    """Change each of (N, 1, 28, 28) images in 0..1 at random; the result has the same shape and range."""
    for change in (_warp, _thickness, _edge):
        images = change(images, ranges, generator)
    return images


def _even(n: int, limit: float, generator: torch.Generator) -> Tensor:
    """Values (N,) drawn uniformly from -limit..limit."""
    return (torch.rand(n, generator=generator) * 2 - 1) * limit


def _warp(images: Tensor, ranges: Ranges, generator: torch.Generator) -> Tensor:
    n, _, side, _ = images.shape
    # The coordinates of grid_sample run from -1 to 1.
    pixel = 2 / side
    angle = _even(n, math.radians(ranges.rotation), generator)
    slant = _even(n, ranges.shear, generator)
    sx, sy = _even(n, ranges.scale, generator).exp(), _even(n, ranges.scale, generator).exp()
    tx, ty = _even(n, ranges.shift * pixel, generator), _even(n, ranges.shift * pixel, generator)
    cos, sin = angle.cos(), angle.sin()
    # rotation @ slant @ scale maps a position in the result to a position in the image.
    rows = [cos * sx, (cos * slant - sin) * sy, tx, sin * sx, (sin * slant + cos) * sy, ty]
    theta = torch.stack(rows, dim=1).view(n, 2, 3)
    grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
    strength = torch.rand(n, 1, 1, 1, generator=generator) * ranges.elastic * pixel
    nodes = torch.randn(n, 2, 5, 5, generator=generator) * strength
    field = F.interpolate(nodes, size=side, mode="bicubic", align_corners=True)
    return F.grid_sample(images, grid + field.permute(0, 2, 3, 1), align_corners=False)


def _thickness(images: Tensor, ranges: Ranges, generator: torch.Generator) -> Tensor:
    """Blend towards a 3x3 grey dilation (thicker) or erosion (thinner)."""
    share = _even(len(images), ranges.thickness, generator).view(-1, 1, 1, 1)
    thick = F.max_pool2d(images, 3, stride=1, padding=1)
    thin = -F.max_pool2d(-images, 3, stride=1, padding=1)
    # Erosion gets half the share, because it would remove a thin line.
    return torch.where(share > 0, images + share * (thick - images), images + 0.5 * -share * (thin - images))


def _edge(images: Tensor, ranges: Ranges, generator: torch.Generator) -> Tensor:
    """Soften or sharpen by blending with a blurred copy, rescale the brightest ink to 1, and add contrast."""
    share = _even(len(images), ranges.softness, generator).view(-1, 1, 1, 1)
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    blurred = F.conv2d(images, (kernel[:, None] * kernel).view(1, 1, 3, 3), padding=1)
    edged = (images + share * (blurred - images)).clamp_min(0)
    edged = edged / edged.amax(dim=(2, 3), keepdim=True).clamp_min(0.25)
    gain = 1 + _even(len(images), ranges.contrast, generator).clamp_min(0).view(-1, 1, 1, 1)
    return (gain * edged).clamp_max(1)
