"""How 2 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


def _two_head(d, top=0.3):
    """From the left end over the top to the start of the way down.

    `top` is where the right side bulges most.
    """
    right = d(0.74, 0.86)
    return [
        (d(0.14, 0.26), d(0.17, 0.32)),
        (0.3, d(0.04, 0.1)),
        (0.52, 0.0),
        (right - 0.05, 0.09),
        (right, top),
    ]


@way(2, 4)
def two_flat_foot(d):
    y = d(0.24, 0.34)
    return [
        [
            *_two_head(d, y),
            (0.62, y + 0.25),
            (0.38, 0.8),
            corner(d(0.1, 0.2), 1.0),
            (d(0.75, 0.95), d(0.96, 1.03)),
        ]
    ]


@way(2, 3)
def two_small_loop(d):
    """A small loop at the foot, then a wave."""
    y, s = d(0.24, 0.32), d(0.05, 0.1)
    loop = [
        (0.24, 1.0 - s * 0.3),
        (0.12, 0.99 - s * 0.4),
        (0.12, 0.95 - s * 1.2),
        (0.26, 0.93 - s * 1.1),
        (0.48, 0.95),
    ]
    return [
        [
            *_two_head(d, y),
            (0.64, y + 0.25),
            (0.44, 0.8),
            *loop,
            (0.68, d(0.98, 1.04)),
            (d(0.82, 0.98), d(0.9, 1)),
        ]
    ]


@way(2, 1.6)
def two_big_loop(d):
    y, s = d(0.2, 0.3), d(0.1, 0.17)
    loop = [
        (0.22, 0.96),
        (0.08, 0.96),
        (0.03, 0.9 - s),
        (0.16, 0.88 - s * 1.2),
        (0.36, 0.88 - s * 0.4),
        (0.55, 0.98),
    ]
    return [
        [
            *_two_head(d, y),
            (0.68, 0.5),
            (0.44, 0.8),
            *loop,
            (0.75, d(1.0, 1.05)),
            (d(0.9, 1.05), d(0.86, 0.98)),
        ]
    ]


@way(2, 1.5)
def two_wavy_foot(d):
    """No loop, but the foot is a wave."""
    y, wave = d(0.24, 0.34), d(0.04, 0.09)
    foot = [
        corner(d(0.1, 0.2), 0.99),
        (0.3, 0.97 - wave),
        (0.5, 0.97),
        (0.7, 0.98 + wave),
        (d(0.85, 1.0), 0.98 - wave),
    ]
    return [[*_two_head(d, y), (0.62, y + 0.25), (0.36, 0.8), *foot]]


@way(2, 1.4)
def two_angular(d):
    """Like a Z with a bent or straight top."""
    top = [(d(0.1, 0.22), d(0.04, 0.16)), (0.45, d(-0.02, 0.06))] if d.often(0.8) else [(0.15, 0.0)]
    return [
        [
            *top,
            corner(d(0.74, 0.88), d(0.02, 0.16)),
            (0.48, 0.55),
            corner(d(0.08, 0.2), 1.0),
            (d(0.8, 0.98), 1.0),
        ]
    ]


@way(2, 1.6)
def two_hooked_top(d):
    """Begins with a hook or a curl."""
    y, s = d(0.24, 0.34), d(0.05, 0.11)
    hook = [
        (0.2 + s, 0.26 + s * 0.2),
        (0.24, 0.3 + s * 0.3),
        (0.15, 0.2),
        (0.26, 0.06),
        (0.5, 0.0),
        (0.75, 0.1),
    ]
    down = [(0.8, y), (0.62, y + 0.26), (0.36, 0.8), corner(d(0.1, 0.2), 1.0), (d(0.78, 0.95), d(0.96, 1.02))]
    return [hook + down]


@way(2, 1)
def two_swan(d):
    """A swan's neck whose foot hardly goes anywhere."""
    y = d(0.2, 0.3)
    foot = [corner(d(0.14, 0.24), 1.0), (d(0.32, 0.52), d(0.94, 1.02))]
    return [
        [
            (0.14, d(0.2, 0.34)),
            (0.3, 0.05),
            (0.52, 0.0),
            (0.72, 0.1),
            (0.74, y),
            (0.58, 0.55),
            (0.36, 0.82),
            *foot,
        ]
    ]


@way(2, 1.6)
def two_round_foot(d):
    """The lower left is a bend, no corner; the tail often rises."""
    y = d(0.24, 0.34)
    foot = [(0.24, 0.86), (0.2, 0.96), (0.34, 1.0), (0.6, 0.99), (d(0.8, 0.95), d(0.86, 0.99))]
    return [[*_two_head(d, y), (0.66, y + 0.22), (0.42, 0.7), *foot]]


@way(2, 0.8)
def two_sunk_tail(d):
    """The foot falls to the right."""
    y = d(0.2, 0.3)
    return [
        [
            *_two_head(d, y),
            (0.62, 0.5),
            (0.36, 0.76),
            corner(0.14, 0.88),
            (0.5, 0.93),
            (d(0.8, 1), d(1.0, 1.12)),
        ]
    ]


@way(2, 0.7)
def two_looped_top(d):
    """The head begins with a closed loop."""
    s = d(0.06, 0.1)
    loop = [(0.3, 0.1), (0.32 + s, 0.2), (0.24, 0.28), (0.14, 0.2), (0.24, 0.05), (0.5, 0.0), (0.76, 0.1)]
    return [[*loop, (0.8, 0.3), (0.6, 0.58), (0.36, 0.82), corner(0.14, 1.0), (d(0.78, 0.95), d(0.95, 1.02))]]


@way(2, 0.8)
def two_tight_corner(d):
    """The way down bends inwards, so that it meets the foot steeply, as printed."""
    y = d(0.26, 0.34)
    return [
        [
            *_two_head(d, y),
            (0.7, y + 0.16),
            (0.42, 0.68),
            (0.2, 0.84),
            corner(0.13, 1.0),
            (d(0.78, 0.95), 1.0),
        ]
    ]


@way(2, 0.6)
def two_bar_apart(d):
    """The foot is a stroke of its own."""
    y = d(0.24, 0.34)
    bar = [(d(0.04, 0.2), d(0.95, 1.04)), (d(0.8, 1.0), d(0.95, 1.04))]
    return [[*_two_head(d, y), (0.62, y + 0.26), (0.38, 0.8), (d(0.12, 0.2), 0.99)], bar]


@way(2, 0.8)
def two_shallow_head(d):
    """Hardly curved above: a slanted line with a cap, sometimes beginning level with its bend."""
    down = [(0.68, d(0.18, 0.26)), (0.46, 0.58), corner(d(0.1, 0.22), 1.0), (d(0.7, 0.95), d(0.94, 1.03))]
    return [[(d(0.18, 0.3), d(0.1, 0.18)), (0.45, 0.0), (0.66, 0.06), *down]]


@way(2, 0.7)
def two_big_head(d):
    """The head comes far round before the pen goes left; the foot is flat and low."""
    foot = [corner(d(0.1, 0.18), d(0.92, 1.0)), (0.5, d(0.9, 0.98)), (d(0.85, 1.0), d(0.92, 1.02))]
    return [
        [
            (0.16, d(0.3, 0.42)),
            (0.18, 0.14),
            (0.45, 0.0),
            (0.76, 0.1),
            (0.84, 0.36),
            (0.66, 0.62),
            (0.4, 0.8),
            *foot,
        ]
    ]


@way(2, 1)
def two_slim(d):
    """Narrow; the foot is short and may begin with a knot."""
    y = d(0.2, 0.34)
    head = [(d(0.26, 0.34), d(0.14, 0.3)), (0.36, 0.04), (0.5, 0.0), (0.64, 0.08), (0.66, y), (0.54, y + 0.3)]
    if d.often(0.5):
        s = d(0.03, 0.08)
        knot = [(0.32, 0.98), (0.24, 0.96 - s * 0.5), (0.28, 0.92 - s), (0.42, 0.94)]
        return [[*head, (0.42, 0.84), *knot, (d(0.62, 0.8), d(0.92, 1.02))]]
    return [[*head, (0.38, 0.84), corner(d(0.22, 0.3), 1.0), (d(0.6, 0.78), d(0.94, 1.02))]]


@way(2, 0.9)
def two_closed_loops(d):
    """The head curls in and the foot has a round loop, so that it is nearly an 8."""
    y, s = d(0.22, 0.3), d(0.1, 0.16)
    head = [
        (d(0.3, 0.42), d(0.26, 0.34)),
        (0.2, 0.2),
        (0.28, 0.05),
        (0.52, 0.0),
        (0.76, 0.1),
        (0.78, y),
        (0.62, 0.54),
    ]
    loop = [(0.4, 0.86), (0.26, 0.97), (0.1, 0.93), (0.1, 0.88 - s), (0.24, 0.84 - s), (0.42, 0.9)]
    return [[*head, *loop, (0.62, d(0.97, 1.02)), (d(0.74, 0.95), d(0.88, 0.98))]]


@way(2, 1.8)
def two_round_loop(d):
    """The foot is a round loop left of the way down, half as high as the digit; its tail is right."""
    y, top, left = d(0.2, 0.3), d(0.54, 0.72), d(-0.02, 0.16)
    loop = [
        (0.5, 0.86),
        (0.3, 1.0),
        (left, d(0.84, 0.92)),
        (left + 0.1, top + 0.06),
        (0.36, top),
        (0.58, top + 0.12),
    ]
    tail = [(0.74, d(0.84, 0.96)), (d(0.82, 1.0), d(0.9, 1.06))]
    return [[*_two_head(d, y), (0.68, 0.58), *loop, *tail]]


@way(2, 0.9)
def two_loop_under_a_line(d):
    """Hardly a head: a line comes down, turns through a loop at the left and ends right of it."""
    x, top, left = d(0.55, 0.72), d(0.54, 0.7), d(0.1, 0.26)
    head = [(x - d(0.04, 0.24), d(0.0, 0.14)), (x, d(0.02, 0.12))] if d.often(0.6) else [(x - 0.02, 0.0)]
    loop = [(x - 0.14, 0.82), (0.36, 1.0), (left, 0.86), (left + 0.14, top), (0.5, top + 0.06)]
    return [[*head, (x, 0.42), *loop, (0.64, d(0.78, 0.92)), (d(0.7, 0.88), d(0.88, 1.04))]]


@way(2, 0.9)
def two_short_tail(d):
    """The loop at the foot is closed and the tail ends where it crosses the way down, or a little beyond."""
    y, top, left = d(0.2, 0.34), d(0.56, 0.74), d(-0.02, 0.14)
    loop = [(0.54, 0.86), (0.3, 1.0), (left, 0.88), (left + 0.14, top + 0.04), (0.42, top)]
    return [[*_two_head(d, y), (d(0.72, 0.84), 0.56), *loop, (d(0.62, 0.95), top + d(-0.02, 0.1))]]


@way(2, 0.8)
def two_tail_from_within(d):
    """The pen goes far down to the left, back along its own line, and leaves it half way up for the tail."""
    y, foot = d(0.2, 0.32), (d(0.0, 0.14), d(0.9, 1.02))
    back = (d(0.24, 0.36), d(0.78, 0.88))
    return [[*_two_head(d, y), (0.62, 0.54), (0.36, 0.78), corner(*foot), back, (d(0.6, 0.9), d(0.86, 1.02))]]


@way(2, 1)
def two_rolled_head(d):
    """The head is rolled up, nearly or wholly a ring as of a 9; the foot is flat, a wave or a small loop."""
    y = d(0.24, 0.34)
    start = (
        [(d(0.56, 0.72), d(0.28, 0.38)), (0.4, d(0.36, 0.44))]
        if d.often(0.6)
        else [(d(0.34, 0.5), d(0.3, 0.42))]
    )
    head = [(0.24, 0.3), (0.24, 0.12), (0.5, 0.0), (d(0.74, 0.84), 0.12), (d(0.76, 0.86), y), (0.64, 0.6)]
    if d.often(0.4):
        s = d(0.04, 0.1)
        foot = [(0.36, 0.92), (0.22, 1.0), (0.12, 0.96 - s * 0.5), (0.22, 0.92 - s), (0.42, 0.95)]
    else:
        foot = [(0.42, 0.82), corner(d(0.14, 0.3), d(0.92, 1.0)), (0.45, d(0.9, 1.0))]
    return [[*start, *head, *foot, (d(0.6, 0.96), d(0.9, 1.04))]]


@way(2, 0.6)
def two_curled_tail(d):
    """The tail turns up at its end."""
    y, s = d(0.22, 0.32), d(0.02, 0.08)
    foot = [(0.26, 0.92), (0.16, 0.97), (0.14, 0.94 - s), (0.28, 0.92), (0.5, 1.0), (0.78, d(0.96, 1.02))]
    return [[*_two_head(d, y), (0.62, y + 0.26), *foot, (d(0.9, 1.02), d(0.68, 0.9))]]
