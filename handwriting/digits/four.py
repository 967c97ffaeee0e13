"""How 4 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


@way(4, 3.5)
def four_open(d):
    """An L that lies back, and a stem from above it."""
    y, x = d(0.52, 0.68), d(0.55, 0.72)
    left = [(d(0.2, 0.4), d(0.0, 0.12)), corner(d(0.05, 0.18), y), (d(0.82, 1.0), y + d(-0.05, 0.04))]
    return [left, [(x + d(-0.02, 0.08), d(0.0, 0.28)), (x - d(-0.03, 0.08), 1.0)]]


@way(4, 2)
def four_upright_l(d):
    """An upright L and a long stem."""
    y, x, left = d(0.48, 0.64), d(0.6, 0.74), d(0.1, 0.25)
    ell = [(left + d(-0.02, 0.08), 0.03), corner(left, y), (d(0.8, 1.0), y + d(-0.06, 0.03))]
    return [ell, [(x, d(-0.05, 0.12)), (x + d(-0.08, 0.03), 1.0)]]


@way(4, 1.6)
def four_cup(d):
    """A rounded cup instead of the L; the stem runs down its right side."""
    y, x = d(0.44, 0.58), d(0.68, 0.78)
    cup = [(d(0.18, 0.28), 0.0), (0.14, y * 0.6), (0.24, y), (0.45, y + 0.03), (x, y - d(0.0, 0.12))]
    return [cup, [(x + d(0.0, 0.06), d(-0.04, 0.08)), (x - d(0.0, 0.1), 1.0)]]


@way(4, 2)
def four_closed(d):
    """A triangle whose stem goes on; the bar crosses it."""
    y, x = d(0.58, 0.72), d(0.56, 0.7)
    return [
        [(x, 0.0), corner(d(0.03, 0.15), y), (d(0.84, 1.0), y + d(-0.03, 0.03))],
        [(x, d(-0.02, 0.04)), (x, 1.0)],
    ]


@way(4, 1.6)
def four_one_stroke(d):
    """From the bar's right end to the left, up and down the stem."""
    y, x = d(0.55, 0.7), d(0.56, 0.7)
    return [
        [(d(0.85, 1.0), y + d(-0.04, 0.03)), corner(d(0.04, 0.16), y), corner(x, 0.0), (x - d(0, 0.08), 1.0)]
    ]


@way(4, 0.8)
def four_pointed_nine(d):
    """A pointed bowl, the bar ends at the stem."""
    y, x = d(0.46, 0.6), d(0.64, 0.72)
    bowl = [(x - d(0.0, 0.06), 0.0), corner(d(0.08, 0.2), y), corner(x, y - d(0.0, 0.08))]
    return [[*bowl, corner(x + d(0.0, 0.04), d(0.0, 0.1)), (x - 0.02, 0.5), (x - d(0.0, 0.12), 1.0)]]


@way(4, 1.2)
def four_lightning(d):
    """Down, across and down without lifting: like lightning."""
    y, x = d(0.46, 0.6), d(0.64, 0.78)
    down = [corner(d(0.06, 0.2), y), corner(x, y - d(0.04, 0.16)), (x - d(0.1, 0.26), 1.0)]
    return [[(d(0.28, 0.42), 0.0), *down]]


@way(4, 1.3)
def four_looped_stroke(d):
    """One stroke: across, a sharp turn up to the top of the stem, and down."""
    y, x = d(0.46, 0.6), d(0.62, 0.74)
    left = [
        (d(0.18, 0.34), 0.0),
        corner(d(0.06, 0.16), y),
        (0.4, y - d(0.0, 0.04)),
        corner(x, y - d(0.02, 0.1)),
    ]
    return [[*left, corner(x + d(0.02, 0.1), d(0.0, 0.2)), (x, 0.55), (x - d(0.02, 0.12), 1.0)]]


@way(4, 1)
def four_cup_one_stroke(d):
    """A round cup and, from its right horn, straight down: like the Cyrillic che."""
    y, x = d(0.42, 0.55), d(0.68, 0.78)
    cup = [(d(0.16, 0.26), 0.0), (0.14, y * 0.65), (0.28, y), (0.5, y), (x - 0.04, y * 0.65)]
    return [[*cup, corner(x, d(-0.03, 0.08)), (x - 0.02, 0.5), (x - d(0.02, 0.12), 1.0)]]


@way(4, 1)
def four_low_stem(d):
    """The stem begins only a little above the bar."""
    y, x = d(0.5, 0.62), d(0.58, 0.7)
    left = [(d(0.2, 0.4), 0.0), corner(d(0.06, 0.18), y), (d(0.85, 1.0), y + d(-0.06, 0.02))]
    return [left, [(x + d(0.0, 0.04), y - d(0.1, 0.22)), (x - d(0.0, 0.08), 1.0)]]


@way(4, 0.7)
def four_chair(d):
    """Two uprights and a bar between them, each a stroke."""
    y, left, x = d(0.46, 0.58), d(0.16, 0.24), d(0.7, 0.78)
    bar = [(left - d(-0.02, 0.04), y), (x + d(0.0, 0.18), y + d(-0.05, 0.03))]
    return [[(left, 0.0), (left - 0.02, y)], bar, [(x, d(-0.03, 0.08)), (x, 1.0)]]


@way(4, 0.8)
def four_corner_loop(d):
    """The lower left corner is a small loop."""
    y, s, x = d(0.54, 0.66), d(0.04, 0.08), d(0.56, 0.7)
    loop = [(0.2, y - 0.1), (0.1, y + s * 0.6), (0.04, y + s * 0.1), (0.14, y - s), (0.4, y - 0.02)]
    return [[(d(0.3, 0.5), 0.0), *loop, (d(0.82, 1.0), y)], [(x, d(0.0, 0.25)), (x - d(0.0, 0.06), 1.0)]]


@way(4, 0.8)
def four_bar_stops_short(d):
    """The bar ends at the stem or hardly crosses it; open above."""
    y, x = d(0.46, 0.62), d(0.66, 0.78)
    left = [(d(0.22, 0.38), d(0.0, 0.1)), corner(d(0.06, 0.18), y), (x + d(-0.04, 0.05), y - d(-0.02, 0.08))]
    return [left, [(x + d(0.0, 0.08), d(0.0, 0.2)), (x - d(0.02, 0.12), 1.0)]]


@way(4, 0.6)
def four_curved_side(d):
    """The left side swings out in a bow and the stem leans."""
    y, x = d(0.5, 0.64), d(0.56, 0.68)
    left = [
        (d(0.4, 0.55), 0.0),
        (0.24, y * 0.45),
        corner(d(0.04, 0.14), y),
        (0.5, y - 0.03),
        (d(0.85, 1.0), y - 0.06),
    ]
    return [left, [(x + d(0.04, 0.14), d(0.0, 0.3)), (x - d(0.04, 0.14), 1.0)]]


@way(4, 1.6)
def four_tall_left(d):
    """The left side is the tall one; a short stem crosses the bar's end. Some are narrow."""
    y, x = d(0.58, 0.8), d(0.48, 0.72)
    left = [(d(0.3, 0.5), 0.0), corner(d(0.1, 0.26), y), (x + d(0.0, 0.25), y + d(-0.1, 0.03))]
    return [left, [(x + d(-0.02, 0.08), y - d(0.1, 0.3)), (x - d(0.0, 0.1), d(1.0, 1.12))]]


@way(4, 0.8)
def four_narrow(d):
    """Narrow, the two uprights close together."""
    y, left, x = d(0.45, 0.65), d(0.3, 0.38), d(0.58, 0.66)
    ell = [(left + d(0.0, 0.12), 0.0), corner(left, y), (x + d(0.0, 0.2), y + d(-0.08, 0.02))]
    return [ell, [(x + d(0.0, 0.08), d(0.0, 0.3)), (x - d(0.0, 0.06), 1.0)]]


@way(4, 0.7)
def four_closed_cup(d):
    """A round bowl with a pointed top and a bar that crosses the stem."""
    y, x = d(0.5, 0.62), d(0.58, 0.68)
    bowl = [
        (x, 0.0),
        (0.34, y * 0.4),
        (d(0.14, 0.22), y * 0.85),
        (0.26, y + 0.03),
        (0.55, y),
        (d(0.76, 0.98), y - 0.05),
    ]
    return [bowl, [(x, d(-0.02, 0.12)), (x - d(0.0, 0.08), 1.0)]]


@way(4, 1.3)
def four_tall_left_one_stroke(d):
    """Down a tall left side, round a low bend, up a little and down a short stem."""
    y, x = d(0.58, 0.84), d(0.44, 0.68)
    left = [(d(0.24, 0.52), 0.0), (0.24, y * 0.6), (d(0.12, 0.28), y)]
    rise = corner(x + d(0.0, 0.08), y - d(0.12, 0.4))
    return [
        [
            *left,
            (0.5 * x + 0.12, y + d(0.0, 0.04)),
            (x - 0.04, y - 0.06),
            rise,
            (x - d(0.0, 0.1), d(1.0, 1.12)),
        ]
    ]


@way(4, 0.8)
def four_low_bar(d):
    """Most of the digit is its bowl: the bar is low, the stem hardly goes beyond it."""
    y, x = d(0.74, 0.88), d(0.54, 0.7)
    side = [(x - d(0.0, 0.16), 0.0), (d(0.26, 0.36), y * 0.4), (d(0.1, 0.2), y * 0.85)]
    bend = [corner(d(0.04, 0.14), y)] if d.often(0.6) else [(0.12, y - 0.02), (0.3, y + 0.02)]
    return [[*side, *bend, (d(0.8, 1.0), y + d(-0.06, 0.03))], [(x, d(0.0, 0.35)), (x - d(0.0, 0.06), 1.0)]]
