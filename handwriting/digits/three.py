"""How 3 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


def _three_upper(d, y):
    """The upper bow from its left end to the waist's height `y`, without the waist."""
    start = (d(0.14, 0.3), d(0.08, 0.2))
    return [start, (0.34, d(0.0, 0.05)), (0.58, 0.01), (d(0.7, 0.8), y * 0.5), (0.62, y * 0.88)]


def _three_lower(d, y, right=0.0):
    """The lower bow from the waist's height `y` to its left end."""
    x, h = d(0.76, 0.88) + right, 1 - y
    end = (d(0.08, 0.24), 1 - h * d(0.1, 0.32))
    return [(x - 0.16, y + h * 0.09), (x, y + h * 0.45), (x - 0.1, 1 - h * 0.12), (0.44, 1.0), end]


@way(3, 4)
def three_round(d):
    y = d(0.4, 0.5)
    return [[*_three_upper(d, y), corner(d(0.32, 0.48), y), *_three_lower(d, y)]]


@way(3, 2.5)
def three_soft_waist(d):
    """No corner at the waist: it is only dented."""
    y = d(0.4, 0.5)
    return [[*_three_upper(d, y), (d(0.44, 0.56), y), *_three_lower(d, y)]]


@way(3, 1.6)
def three_looped_waist(d):
    y, s = d(0.42, 0.52), d(0.04, 0.09)
    loop = [(0.45, y + s * 0.4), (0.32, y + s * 0.6), (0.3, y - s * 0.5), (0.44, y - s * 0.7)]
    return [[*_three_upper(d, y), *loop, *_three_lower(d, y)]]


@way(3, 1.4)
def three_flat_top(d):
    """A bar, a diagonal and a bowl: ezh."""
    y, x = d(0.36, 0.46), d(0.34, 0.48)
    top = [(d(0.1, 0.24), d(-0.02, 0.05)), corner(d(0.74, 0.88), d(-0.02, 0.05)), corner(x, y)]
    return [[*top, *_three_lower(d, y)]]


@way(3, 0.9)
def three_flat_top_soft(d):
    """As the flat one, its corners rounded."""
    y = d(0.36, 0.46)
    top = [(d(0.1, 0.22), 0.03), (0.5, 0.0), (0.76, 0.02), (0.74, 0.12), (0.58, y * 0.75), (0.46, y)]
    return [[*top, *_three_lower(d, y)]]


@way(3, 1.3)
def three_big_belly(d):
    y = d(0.28, 0.37)
    return [[*_three_upper(d, y), corner(d(0.36, 0.5), y), *_three_lower(d, y, 0.06)]]


@way(3, 0.9)
def three_big_head(d):
    y = d(0.52, 0.62)
    return [[*_three_upper(d, y), corner(d(0.3, 0.46), y), *_three_lower(d, y, -0.06)]]


@way(3, 1)
def three_shallow(d):
    """A mirrored epsilon: two slight bows, a small waist."""
    y = d(0.42, 0.5)
    upper = [(d(0.2, 0.34), d(0.05, 0.14)), (0.45, 0.0), (0.63, 0.1), (0.6, y - 0.1)]
    lower = [(0.66, y + 0.12), (0.7, 0.76), (0.54, 0.97), (d(0.15, 0.3), d(0.9, 1.0))]
    return [[*upper, corner(d(0.44, 0.52), y), *lower]]


@way(3, 1)
def three_curled_end(d):
    """The lower end comes round and up."""
    y = d(0.38, 0.48)
    curl = [(0.14, d(0.84, 0.92)), (0.1, d(0.7, 0.78)), (d(0.14, 0.26), d(0.66, 0.72))]
    return [[*_three_upper(d, y), corner(0.42, y), *_three_lower(d, y)[:-1], (0.24, 0.98), *curl]]


@way(3, 0.8)
def three_long_tail(d):
    """The lower bow falls away into a straight tail to the left."""
    y = d(0.32, 0.42)
    tail = [(0.66, y + 0.08), (0.74, y + 0.24), (0.62, 0.8), (d(0.0, 0.25), d(0.98, 1.1))]
    return [[*_three_upper(d, y), corner(0.42, y), *tail]]


@way(3, 1)
def three_hooked_start(d):
    y, s = d(0.4, 0.5), d(0.04, 0.1)
    hook = [(0.26 + s, 0.2), (0.2, 0.22 + s * 0.4), (0.16, 0.13), (0.34, 0.01), (0.58, 0.01), (0.72, y * 0.5)]
    return [[*hook, (0.6, y * 0.9), corner(d(0.36, 0.46), y), *_three_lower(d, y)]]


@way(3, 0.6)
def three_zigzag(d):
    """Straight lines above and below, a mirrored sigma with a bent foot."""
    y = d(0.42, 0.5)
    top = [(0.14, d(0.0, 0.06)), corner(d(0.7, 0.82), d(0.08, 0.16)), corner(d(0.34, 0.46), y)]
    return [[*top, corner(d(0.74, 0.86), d(0.66, 0.78)), (d(0.1, 0.22), d(0.96, 1.03))]]


@way(3, 0.5)
def three_two_bows(d):
    """Each bow is a stroke of its own."""
    y = d(0.42, 0.5)
    gap = d(-0.03, 0.05)
    return [[*_three_upper(d, y), (d(0.34, 0.46), y)], [(d(0.34, 0.46), y + gap), *_three_lower(d, y + gap)]]


@way(3, 0.8)
def three_long_waist(d):
    """The waist runs far to the left and back."""
    y = d(0.42, 0.5)
    return [[*_three_upper(d, y), corner(d(0.14, 0.28), y + d(-0.02, 0.05)), (0.45, y), *_three_lower(d, y)]]


@way(3, 1)
def three_weak_waist(d):
    """The waist is a mere dent in a line that falls to the left."""
    y = d(0.34, 0.46)
    upper, right = [(d(0.1, 0.26), d(0.02, 0.14)), (0.44, 0.0), (0.7, 0.06), (0.68, y * 0.6)], d(0.57, 0.74)
    end = (d(0.1, 0.3), d(0.94, 1.03))
    return [[*upper, corner(d(0.5, 0.6), y), (right, y + 0.12), (right, 0.74), (0.54, 0.94), end]]


@way(3, 0.8)
def three_small_belly_flat_top(d):
    """A bar, a long way down and a small bow."""
    y = d(0.46, 0.58)
    top = [(d(0.08, 0.22), d(-0.02, 0.08)), corner(d(0.74, 0.86), d(-0.02, 0.04)), corner(d(0.42, 0.54), y)]
    return [[*top, (0.7, y + 0.08), (0.76, y + 0.22), (0.6, 0.96), (d(0.14, 0.32), d(0.92, 1.02))]]


@way(3, 1.5)
def three_dented_seven(d):
    """Like a 7 with a dent: the waist hardly goes back to the right, the lower bow is long and shallow."""
    y, dent = d(0.34, 0.5), d(0.04, 0.16)
    x = d(0.46, 0.58)
    top = [(d(0.04, 0.24), d(0.0, 0.16)), (0.42, d(-0.02, 0.05)), (d(0.7, 0.84), d(0.0, 0.1))]
    if d.often(0.5):
        top[-1] = corner(*top[-1])
    turn = corner(x, y) if d.often(0.7) else (x, y)
    foot = [
        (x + dent, y + 0.12),
        (x + dent * d(0.8, 1.3), 0.72),
        (x - 0.02, 0.92),
        (d(0.08, 0.36), d(0.92, 1.04)),
    ]
    return [[*top, (x + 0.1, y * 0.75), turn, *foot]]
