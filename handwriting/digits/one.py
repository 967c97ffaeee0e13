"""How 1 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


@way(1, 5)
def one_bare(d):
    lean = d(-0.05, 0.2)
    return [[(0.5 + lean, 0.0), (0.5 + d(-0.03, 0.03), 0.5), (0.5 - lean, 1.0)]]


@way(1, 1)
def one_leaning(d):
    lean = d(0.2, 0.38)
    return [[(0.5 + lean, 0.0), (0.5 + d(-0.03, 0.03), 0.5), (0.5 - lean, 1.0)]]


@way(1, 3)
def one_flag(d):
    x = d(0.5, 0.6)
    return [
        [
            (x - d(0.12, 0.3), d(0.12, 0.32)),
            corner(x, 0.0),
            (x + d(-0.03, 0.03), 0.5),
            (x - d(-0.04, 0.15), 1.0),
        ]
    ]


@way(1, 3)
def one_long_flag(d):
    x = d(0.52, 0.65)
    return [
        [
            (x - d(0.3, 0.5), d(0.35, 0.6)),
            corner(x, 0.0),
            (x + d(-0.03, 0.03), 0.5),
            (x - d(-0.06, 0.12), 1.0),
        ]
    ]


@way(1, 0.7)
def one_inverted_v(d):
    x, fall = 0.55, d(0.6, 0.8)
    return [
        [
            (x - d(0.28, 0.45), fall),
            (x - 0.13, 0.27),
            corner(x, 0.0),
            (x + d(0.0, 0.05), 0.5),
            (x + d(0, 0.1), 1),
        ]
    ]


@way(1, 2)
def one_flag_and_foot(d):
    x, y, w = d(0.48, 0.56), d(0.97, 1.02), d(0.2, 0.36)
    flag = [(x - d(0.14, 0.3), d(0.12, 0.35)), corner(x, 0.0), (x, 0.5), (x, 1.0)]
    return [flag, [(x - w, y + d(-0.03, 0.03)), (x + w * d(0.8, 1.1), y)]]


@way(1, 1)
def one_foot(d):
    w = d(0.15, 0.36)
    return [
        [(0.5 + d(0, 0.06), 0.0), (0.5, 1.0)],
        [(0.5 - w, 1.0), (0.5 + w * d(0.8, 1.1), 1.0 + d(-0.04, 0.02))],
    ]


@way(1, 0.8)
def one_foot_without_lifting(d):
    """The pen runs back along the foot."""
    x, w = 0.52, d(0.16, 0.32)
    flag = [(x - d(0.12, 0.3), d(0.15, 0.35)), corner(x, 0.0)] if d.often(0.7) else [(x, 0.0)]
    return [
        [
            *flag,
            (x, 0.5),
            corner(x - 0.02, 1.0),
            corner(x - w, d(0.97, 1.04)),
            (x, 1.0),
            (x + w, d(0.96, 1.02)),
        ]
    ]


@way(1, 1.4)
def one_curved_flag(d):
    """The flag is a wave, as a swan's neck."""
    x, w, bow = d(0.52, 0.64), d(0.24, 0.5), d(-0.04, 0.04)
    flag = [(x - w, d(0.2, 0.4)), (x - w * 0.55, d(0.2, 0.28)), (x - w * 0.2, 0.1), corner(x, 0.0)]
    return [[*flag, (x - d(0.0, 0.08) - bow, 0.5), (x - d(-0.03, 0.2) + bow, 1.0)]]


@way(1, 1)
def one_flat_flag(d):
    """The flag goes level or even rises to the left; short, for a long one would be a 7."""
    x = 0.55
    return [
        [
            (x - d(0.14, 0.26), d(0.02, 0.12)),
            corner(x, 0.0),
            (x + d(-0.03, 0.03), 0.5),
            (x - d(-0.05, 0.06), 1.0),
        ]
    ]


@way(1, 0.7)
def one_hook_at_foot(d):
    turn = d(0.1, 0.24) * (1 if d.often(0.75) else -1)
    flag = [(d(0.25, 0.4), d(0.12, 0.3)), corner(0.5, 0.0)] if d.often(0.45) else [(0.5, 0.0)]
    return [
        [*flag, (0.49, 0.5), (0.49 + turn * 0.05, 0.88), (0.5 + turn * 0.4, 0.99), (0.5 + turn, d(0.9, 1.0))]
    ]


@way(1, 0.8)
def one_bowed(d):
    bow = d(0.04, 0.11) * (1 if d.often(0.5) else -1)
    return [[(0.5 + d(0, 0.12), 0.0), (0.5 + bow, 0.33), (0.5 + bow, 0.66), (0.5 - d(0, 0.1), 1.0)]]


@way(1, 0.7)
def one_closed_flag(d):
    """Flag and stem nearly run together: the pen goes up and comes straight down."""
    x = 0.55
    return [[(x - d(0.08, 0.24), d(0.3, 0.65)), corner(x, 0.0), (x - 0.01, 0.5), (x - d(0.0, 0.12), 1.0)]]


@way(1, 0.6)
def one_flag_apart(d):
    """The flag is a stroke of its own, not quite at the top."""
    x, y = 0.52, d(0.0, 0.08)
    return [
        [(x, 0.0), (x - d(-0.02, 0.06), 1.0)],
        [(x + d(-0.02, 0.02), y), (x - d(0.16, 0.3), y + d(0.12, 0.3))],
    ]


@way(1, 0.4)
def one_serif_and_foot(d):
    """Bars at both ends: as printed, or as a capital I whose upper bar has only its left half."""
    w = d(0.16, 0.3)
    top = [(0.5 - w, d(0.04, 0.16)), corner(0.5, 0.0), (0.5, 1.0)]
    return [top, [(0.5 - w * d(0.9, 1.4), 1.0), (0.5 + w * d(0.9, 1.4), 1.0)]]


@way(1, 1)
def one_hooked_flag(d):
    """The flag begins with a hook that points down."""
    x = d(0.54, 0.66)
    flag = [(x - d(0.3, 0.42), d(0.3, 0.46)), (x - d(0.24, 0.3), d(0.16, 0.24)), corner(x, 0.0)]
    return [[*flag, (x - d(0.0, 0.06), 0.5), (x - d(0.02, 0.2), 1.0)]]


@way(1, 0.8)
def one_round_head(d):
    """The flag is a small round hook or a closed curl that flows into the stem; often with a foot."""
    x, s = d(0.5, 0.6), d(0.05, 0.12)
    curl = [(x - d(0.04, 0.08), 0.14 + s)] if d.often(0.2) else []
    stem = [
        *curl,
        (x - 1.6 * s, 0.12 + s),
        (x - 1.2 * s, 0.03),
        (x - 0.2 * s, 0.0),
        (x + 0.3 * s, 0.12),
        (x, 0.5),
    ]
    foot = [(x - d(0.12, 0.34), d(0.96, 1.02)), (x + d(0.1, 0.34), d(0.96, 1.02))]
    line = [*stem, (x - d(-0.04, 0.1), 1.0)]
    return [line, foot] if d.often(0.6) else [line]


@way(1, 1.2)
def one_round_top(d):
    """A long flag that falls steeply and bends into the stem without a corner."""
    x, w = d(0.54, 0.68), d(0.2, 0.5)
    flag = [
        (x - w, w * d(0.7, 1.5)),
        (x - w * 0.5, w * d(0.3, 0.6)),
        (x - 0.1, d(0.01, 0.05)),
        (x, d(0.02, 0.08)),
    ]
    return [[*flag, (x - d(0.0, 0.06), 0.45), (x - d(0.0, 0.22), 1.0)]]


@way(1, 1.2)
def one_steep_flag(d):
    """Narrow and leaning: the flag rises steeply, the stem falls back beside it or across its beginning."""
    lean, x = d(0.0, 0.3), d(0.5, 0.62)
    flag = [(x - d(0.12, 0.34), d(0.3, 0.6)), corner(x + lean * 0.5, 0.0)]
    return [[*flag, (x + d(-0.04, 0.02), 0.5), (x - lean * 0.5, 1.0)]]


@way(1, 1)
def one_bent_flag(d):
    """The flag comes up, bends and runs level or falls a little to the stem: shorter than a 7's top."""
    x, w = d(0.54, 0.66), d(0.16, 0.34)
    flag = [
        (x - w - d(0.0, 0.04), d(0.14, 0.32)),
        (x - w * d(0.7, 0.9), d(0.06, 0.12)),
        corner(x, d(0.0, 0.04)),
    ]
    return [[*flag, (x - d(0.0, 0.06), 0.5), (x - d(0.0, 0.14), 1.0)]]
