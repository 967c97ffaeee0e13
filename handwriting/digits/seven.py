"""How 7 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


def _seven_stem(d, x, y):
    """From the corner (x, y) down, without the corner."""
    foot, bend = d(0.2, 0.42), d(-0.02, 0.06)
    return [(x + (foot - x) * 0.5 - bend, y + (1 - y) * 0.45), (foot, 1.0)]


@way(7, 3.5)
def seven_plain(d):
    x, y = d(0.74, 0.9), d(-0.04, 0.04)
    return [[(d(0.05, 0.2), d(-0.02, 0.06)), corner(x, y), *_seven_stem(d, x, y)]]


@way(7, 3)
def seven_barred(d):
    x, y = d(0.74, 0.9), d(-0.04, 0.04)
    m = d(0.42, 0.58)
    bar = [(d(0.14, 0.3), m + d(-0.02, 0.06)), (d(0.72, 0.92), m + d(-0.06, 0.03))]
    return [[(d(0.05, 0.2), d(-0.02, 0.06)), corner(x, y), *_seven_stem(d, x, y)], bar]


@way(7, 1.6)
def seven_serif(d):
    """A short stroke down at the left end."""
    x, y = d(0.74, 0.9), d(-0.04, 0.04)
    left = d(0.08, 0.18)
    return [[(left + d(-0.04, 0.04), d(0.12, 0.26)), corner(left, 0.0), corner(x, y), *_seven_stem(d, x, y)]]


@way(7, 1.3)
def seven_serif_and_bar(d):
    x, y, left, m = d(0.74, 0.88), d(-0.03, 0.03), d(0.08, 0.18), d(0.44, 0.56)
    head = [(left + d(-0.04, 0.04), d(0.12, 0.24)), corner(left, 0.0), corner(x, y)]
    return [
        [*head, *_seven_stem(d, x, y)],
        [(d(0.16, 0.3), m + d(-0.02, 0.05)), (d(0.7, 0.9), m + d(-0.05, 0.03))],
    ]


@way(7, 1.3)
def seven_curved_stem(d):
    """The stem swings in and ends upright."""
    x = d(0.76, 0.9)
    foot = d(0.3, 0.46)
    strokes = [
        [(d(0.06, 0.2), 0.02), corner(x, d(-0.02, 0.04)), (x - 0.2, 0.24), (foot + 0.06, 0.56), (foot, 1.0)]
    ]
    if d.often(0.35):
        strokes.append([(d(0.22, 0.34), d(0.5, 0.6)), (d(0.68, 0.86), d(0.46, 0.56))])
    return strokes


@way(7, 1.2)
def seven_wavy_top(d):
    """The top is a wave that begins low."""
    x, s = d(0.78, 0.9), d(0.03, 0.08)
    top = [
        (d(0.06, 0.14), d(0.1, 0.18)),
        (0.22, 0.04 - s * 0.5),
        (0.44, 0.04 + s * 0.5),
        (0.62, 0.05 + s * 0.5),
    ]
    strokes = [[*top, corner(x, d(-0.03, 0.02)), *_seven_stem(d, x, 0.0)]]
    if d.often(0.35):
        strokes.append([(d(0.18, 0.32), d(0.48, 0.56)), (d(0.7, 0.86), d(0.44, 0.54))])
    return strokes


@way(7, 1.1)
def seven_round_corner(d):
    x, foot = d(0.74, 0.84), d(0.24, 0.42)
    strokes = [
        [
            (d(0.08, 0.2), d(0.0, 0.06)),
            (0.42, 0.0),
            (x - 0.08, 0.02),
            (x, d(0.1, 0.16)),
            (0.56, 0.48),
            (foot, 1.0),
        ]
    ]
    if d.often(0.3):
        strokes.append([(d(0.2, 0.32), d(0.5, 0.58)), (d(0.68, 0.84), d(0.46, 0.56))])
    return strokes


@way(7, 1)
def seven_upright_stem(d):
    x = d(0.7, 0.82)
    return [
        [(d(0.1, 0.25), d(-0.02, 0.06)), corner(x, 0.0), (x - d(0.02, 0.1), 0.5), (x - d(0.04, 0.2), 1.0)]
    ]


@way(7, 0.9)
def seven_two_strokes(d):
    """Bar and stem are separate and need not meet exactly."""
    x = d(0.7, 0.86)
    return [
        [(d(0.06, 0.18), d(-0.02, 0.06)), (x, d(-0.03, 0.03))],
        [(x + d(-0.06, 0.06), d(-0.06, 0.04)), *_seven_stem(d, x, 0)],
    ]


@way(7, 0.9)
def seven_hooked_start(d):
    """A curl or an angular hook at the left end."""
    x, s = d(0.76, 0.88), d(0.06, 0.14)
    start = [(d(0.16, 0.24), 0.04 + s), corner(d(0.04, 0.12), 0.02 + s * 0.4), (0.2, 0.0)]
    return [[*start, corner(x, d(-0.03, 0.04)), *_seven_stem(d, x, 0.0)]]


@way(7, 0.7)
def seven_foot_hook(d):
    """The stem's foot turns to the right or to the left."""
    x, turn = d(0.74, 0.86), d(0.06, 0.14) * (1 if d.often(0.6) else -1)
    foot = d(0.3, 0.42)
    return [
        [
            (0.12, d(0.0, 0.05)),
            corner(x, 0.0),
            (0.52, 0.5),
            (foot, 0.9),
            (foot + turn * 0.5, 1.0),
            (foot + turn, 0.98),
        ]
    ]


@way(7, 0.8)
def seven_steep_bar(d):
    """The bar crosses at right angles to a slanted stem, so it falls or rises steeply; or it is short."""
    x = d(0.76, 0.9)
    m, w, rise = d(0.44, 0.58), d(0.12, 0.24), d(-0.12, 0.1)
    bar = [(0.5 - w, m - rise), (0.5 + w, m + rise)]
    return [[(d(0.06, 0.18), d(0.0, 0.05)), corner(x, 0.0), *_seven_stem(d, x, 0.0)], bar]


@way(7, 0.7)
def seven_short_top(d):
    """A short top, a long slanted stem."""
    x = d(0.66, 0.76)
    strokes = [[(x - d(0.34, 0.42), d(0.0, 0.06)), corner(x, 0.0), (x - 0.18, 0.5), (x - d(0.3, 0.44), 1.0)]]
    if d.often(0.4):
        strokes.append([(x - 0.38, d(0.5, 0.58)), (x + d(0.02, 0.12), d(0.46, 0.54))])
    return strokes


@way(7, 0.6)
def seven_falling_top(d):
    """The top slopes down to the right, or up."""
    slope = d(0.06, 0.16) * (1 if d.often(0.5) else -1)
    x, y = d(0.76, 0.9), 0.08 + slope * 0.5
    return [[(d(0.06, 0.18), 0.08 - slope * 0.5), corner(x, y), *_seven_stem(d, x, y)]]


@way(7, 0.3)
def seven_looped_corner(d):
    """The upper right corner is a small loop."""
    s, foot = d(0.02, 0.06), d(0.24, 0.4)
    loop = [(0.74, 0.05), (0.82, 0.02 - s * 0.2), (0.82, 0.0 - s), (0.74, 0.0 - s * 0.4), (0.68, 0.16)]
    return [[(0.1, d(0.0, 0.06)), (0.4, 0.05), *loop, (0.5, 0.5), (foot, 1.0)]]


@way(7, 1.5)
def seven_barred_hooked(d):
    """A bar, a curled or bent start and a stem that is bent as well."""
    x, m = d(0.72, 0.86), d(0.44, 0.76)
    start = [(d(0.06, 0.16), d(0.1, 0.2)), (d(0.12, 0.2), 0.02)]
    bend = d(-0.06, 0.08)
    stem = [corner(x, d(-0.02, 0.05)), (0.58 - bend, 0.42), (0.46 - bend, 0.76), (d(0.3, 0.5), 1.0)]
    w = d(0.14, 0.3)
    return [
        [*start, (0.45, d(0.0, 0.08)), *stem],
        [(0.5 - w, m + d(-0.03, 0.06)), (0.5 + w, m + d(-0.06, 0.03))],
    ]


@way(7, 3)
def seven_low_bar(d):
    """A round head that begins with a hook, and a long bar low on the stem."""
    x, m = d(0.66, 0.82), d(0.56, 0.82)
    head = [(d(0.08, 0.22), d(0.1, 0.22)), (d(0.18, 0.28), 0.03), (0.46, d(-0.01, 0.04)), (x - 0.04, 0.03)]
    stem = [(x, d(0.1, 0.18)), (x - 0.14, 0.5), (d(0.32, 0.5), d(0.94, 1.02))]
    return [[*head, *stem], [(d(0.1, 0.3), m + d(-0.02, 0.05)), (d(0.68, 0.95), m + d(-0.05, 0.04))]]


@way(7, 1)
def seven_long_serif(d):
    """The stroke down at the left end is long, a third to a half of the height."""
    x, left, fall = d(0.72, 0.88), d(0.06, 0.2), d(0.24, 0.5)
    top = corner(x, d(-0.03, 0.05)) if d.often(0.6) else (x, d(0.0, 0.08))
    return [[(left - d(-0.04, 0.12), fall), corner(left, d(0.0, 0.06)), top, *_seven_stem(d, x, 0.0)]]


@way(7, 0.5)
def seven_rising_top(d):
    """The top is a long line that rises steeply, the stem short and bent: nearly the roof of a house."""
    x, low = d(0.74, 0.92), d(0.16, 0.32)
    turn = [corner(x, 0.0)] if d.often(0.5) else [(x - 0.12, 0.03), (x, d(0.06, 0.14))]
    return [[(d(-0.1, 0.1), low), *turn, (x - d(0.02, 0.14), 0.5), (d(0.4, 0.66), 1.0)]]


@way(7, 0.6)
def seven_arch(d):
    """Two legs: the left one short, a round arch, the right one long."""
    x, fall = d(0.66, 0.84), d(0.3, 0.56)
    arch = [(d(0.12, 0.26), 0.14), (0.36, 0.02), (x - 0.12, 0.0), (x, d(0.12, 0.22))]
    return [[(d(0.1, 0.26), fall), *arch, (x - d(-0.04, 0.1), 0.56), (x - d(-0.04, 0.3), 1.0)]]


@way(7, 1)
def seven_drooping(d):
    """Wide: a long top, a bend that hangs out to the right, and a short foot that comes back far."""
    x = d(0.9, 1.15)
    head = [(d(-0.1, 0.08), d(0.0, 0.1)), (0.4, d(0.0, 0.06)), (x - 0.12, d(0.04, 0.14)), (x, d(0.26, 0.4))]
    return [[*head, (x - d(0.1, 0.26), 0.66), (d(0.4, 0.66), d(0.96, 1.02))]]


@way(7, 2)
def seven_falling_bar(d):
    """A curled or round head, a stem to the lower left, and a bar low on it that falls to the right."""
    x, m = d(0.6, 0.78), d(0.5, 0.78)
    head = [(d(0.06, 0.24), d(0.1, 0.26)), (d(0.2, 0.32), 0.02), (x - 0.1, d(0.0, 0.05)), (x, d(0.08, 0.16))]
    foot = (d(0.22, 0.46), d(0.94, 1.02))
    return [
        [*head, ((x + foot[0]) / 2 + d(0.0, 0.08), 0.5), foot],
        [(d(0.1, 0.32), m), (d(0.7, 0.98), m + d(0.0, 0.14))],
    ]
