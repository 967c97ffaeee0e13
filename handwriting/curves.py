"""Smooth curves through waypoints, evenly spaced and rounded. A line is a float array (n, 2)."""

from collections.abc import Sequence

import numpy as np

# Spacing of the points of a drawing in its unit square.
FINE = 0.02
# Points between two waypoints, before the line is spaced evenly.
STEPS = 10


def through(waypoints: np.ndarray, corners: Sequence[bool]) -> np.ndarray:
    """A curve (n, 2) through waypoints (m, 2), smooth except at `corners`, where it turns sharply."""
    breaks = [i for i in range(1, len(waypoints) - 1) if corners[i]]
    bounds = [0, *breaks, len(waypoints) - 1]
    pieces = [_smooth(waypoints[a : b + 1]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def _smooth(points: np.ndarray) -> np.ndarray:
    """A centripetal Catmull-Rom curve (Yuksel et al. 2011), which does not loop at uneven waypoints."""
    if len(points) < 3:
        return points
    chord = np.diff(points, axis=0)
    time = np.sqrt(np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-6))[:, None]
    speed = chord / time
    inner = (speed[:-1] * time[1:] + speed[1:] * time[:-1]) / (time[:-1] + time[1:])
    tangents = np.concatenate([2 * speed[:1] - inner[:1], inner, 2 * speed[-1:] - inner[-1:]])
    s = (np.arange(STEPS) / STEPS)[None, :, None]
    a, b = points[:-1, None], points[1:, None]
    ta, tb = (tangents[:-1] * time)[:, None], (tangents[1:] * time)[:, None]
    # A Hermite spline by Horner's method.
    spans = a + s * (ta + s * (3 * (b - a) - 2 * ta - tb + s * (2 * (a - b) + ta + tb)))
    return np.concatenate([spans.reshape(-1, 2), points[-1:]])


def even(line: np.ndarray, spacing: float, start: float = 0.0, stop: float = 1.0) -> np.ndarray:
    """The part of the line between two shares of its length, as points about `spacing` apart."""
    step = np.diff(line, axis=0)
    along = np.concatenate([[0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])
    total = along[-1]
    if total < 1e-9:
        return line[:1]
    count = max(2, int(round(total * (stop - start) / spacing)) + 1)
    places = np.linspace(start * total, stop * total, count)
    return np.stack([np.interp(places, along, line[:, 0]), np.interp(places, along, line[:, 1])], axis=1)


def rounded(line: np.ndarray, sigma: float) -> np.ndarray:
    """The line blurred by a Gaussian of `sigma` points, as a quick hand rounds bends. Both ends stay."""
    reach = int(np.ceil(2.5 * sigma))
    if reach < 1 or len(line) <= reach + 1:
        return line
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    kernel /= kernel.sum()
    head, tail = 2 * line[0] - line[reach:0:-1], 2 * line[-1] - line[-2 : -reach - 2 : -1]
    padded = np.concatenate([head, line, tail])
    return np.stack([np.convolve(padded[:, axis], kernel, mode="valid") for axis in (0, 1)], axis=1)


def turns(line: np.ndarray, over: int = 3) -> np.ndarray:
    """The angle in radians (n,) by which the line turns at each point, over `over` points on either side."""
    turns = np.zeros(len(line))
    if len(line) > 2 * over:
        step = line[over:] - line[:-over]
        angles = np.arctan2(step[:, 1], step[:, 0])
        turns[over:-over] = (angles[over:] - angles[:-over] + np.pi) % (2 * np.pi) - np.pi
    return turns
