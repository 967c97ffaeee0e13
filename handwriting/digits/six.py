"""How 6 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import arc, corner, spiral, turned, way


@way(6, 3.5)
def six_curved(d):
    """A bow to the left, closed by a bowl below."""
    h, w = d(0.22, 0.28), d(0.26, 0.34)
    stem = [(d(0.6, 0.78), d(0.0, 0.05)), (d(0.38, 0.48), 0.16), (0.24, 0.42)]
    return [[*stem, *arc(0.18 + w, 1 - h, w, h, 180, -170 - d(0, 30))]]


@way(6, 1.6)
def six_slim_tiny_loop(d):
    """Nearly a slanted line with a small loop at its foot, which may close beyond the line."""
    h, w = d(0.1, 0.17), d(0.09, 0.16)
    stem = [(d(0.5, 0.68), 0.0), (0.42, 0.3), (0.33, 0.62)]
    if d.often(0.4):
        end = (0.3 - d(0.05, 0.25), 1 - h * d(0.8, 1.4))
        return [[*stem, *arc(0.3 + w, 1 - h, w, h, 180, -100), (0.32, 1 - h * d(1.5, 1.9)), end]]
    return [[*stem, *arc(0.3 + w, 1 - h, w, h, 180, -170 - d(-20, 30))]]


@way(6, 1.5)
def six_big_loop(d):
    h, w = d(0.27, 0.33), d(0.32, 0.4)
    stem = [(d(0.6, 0.85), d(-0.08, 0.0)), (0.4, 0.08), (0.2, 0.35)]
    return [[*stem, *arc(0.12 + w, 1 - h, w, h, 180, -170 - d(-5, 30))]]


@way(6, 1.3)
def six_curled(d):
    """Ends in a spiral inside the bowl."""
    h, w = d(0.25, 0.31), d(0.28, 0.36)
    stem = [(d(0.6, 0.78), 0.0), (0.4, 0.14), (0.22, 0.42)]
    return [[*stem, *spiral(0.16 + w, 1 - h, w, h, 180, -170 - d(40, 110), d(0.35, 0.6))]]


@way(6, 1.5)
def six_straight_stem(d):
    h, w = d(0.2, 0.27), d(0.24, 0.34)
    left = 0.2
    return [[(d(0.45, 0.75), 0.0), (0.36, 0.36), *arc(left + w, 1 - h, w, h, 195, -170 - d(-10, 30))]]


@way(6, 1.2)
def six_open_loop(d):
    """The bowl does not reach the stem."""
    h, w = d(0.22, 0.3), d(0.26, 0.36)
    stem = [(d(0.55, 0.75), d(0.0, 0.04)), (d(0.34, 0.46), 0.16), (0.22, 0.44)]
    return [[*stem, *spiral(0.18 + w, 1 - h, w, h, 180, -d(85, 140), d(0.85, 1.0))]]


@way(6, 1)
def six_like_b(d):
    """An upright stem, the bowl to its right; without the straight top of a b where it can be."""
    h, w = d(0.2, 0.28), d(0.24, 0.32)
    top = [(d(0.24, 0.42), 0.0), (0.2, 0.3)]
    return [[*top, *arc(0.18 + w, 1 - h, w, h, 185, -165 - d(-5, 25))]]


@way(6, 1)
def six_crossing_end(d):
    """The bowl closes beyond the stem."""
    h, w = d(0.2, 0.28), d(0.24, 0.34)
    stem = [(d(0.56, 0.76), 0.0), (0.38, 0.18), (0.24, 0.46)]
    return [
        [
            *stem,
            *arc(0.2 + w, 1 - h, w, h, 180, -135),
            (0.26, 1 - h * d(1.0, 1.5)),
            (d(0.0, 0.14), 1 - h * d(0.7, 1.2)),
        ]
    ]


@way(6, 1)
def six_hooked_top(d):
    """The top bends over to the right, sometimes down."""
    h, w = d(0.22, 0.3), d(0.26, 0.34)
    top = [(d(0.72, 0.86), d(0.1, 0.2)), (0.64, 0.01), (0.46, 0.03), (0.26, 0.25), (0.18, 0.5)]
    return [[*top, *arc(0.17 + w, 1 - h, w, h, 175, -170 - d(-10, 30))]]


@way(6, 0.9)
def six_clockwise_bowl(d):
    """The bowl is drawn the other way round: along the stem down, up its right side and back to the stem."""
    h, w = d(0.2, 0.28), d(0.24, 0.32)
    stem = [(d(0.5, 0.72), 0.0), (0.34, 0.25), (0.21, 0.55), (0.2, 0.82)]
    bowl = arc(0.2 + w, 1 - h, w, h, 200, 200 + d(330, 370))
    return [stem, bowl] if d.often(0.5) else [[*stem, *arc(0.2 + w, 1 - h, w, h, 130, -180)]]


@way(6, 0.7)
def six_angular(d):
    y, right = d(0.52, 0.62), d(0.68, 0.8)
    stem = [(d(0.5, 0.72), 0.0), corner(d(0.16, 0.24), d(0.5, 0.62)), corner(0.22, 0.97)]
    return [[*stem, corner(right, d(0.95, 1.0)), corner(right - 0.02, y), (d(0.18, 0.28), y + d(0.02, 0.12))]]


@way(6, 0.9)
def six_leaning(d):
    """A long, straight diagonal into a flat bowl."""
    h, w = d(0.17, 0.23), d(0.24, 0.32)
    return [
        [(d(0.72, 0.95), 0.0), (0.5, 0.32), (0.26, 0.66), *arc(0.18 + w, 1 - h, w, h, 185, -160 - d(-10, 30))]
    ]


@way(6, 0.8)
def six_like_snail(d):
    """Short above: the bowl is most of the digit and the top only comes round it."""
    h, w = d(0.3, 0.36), d(0.3, 0.38)
    stem = [(d(0.68, 0.84), d(0.02, 0.1)), (0.48, 0.0), (0.26, 0.14), (0.13, 0.45)]
    return [[*stem, *spiral(0.12 + w, 1 - h, w, h, 178, -165 - d(0, 40), d(0.75, 0.95))]]


@way(6, 0.6)
def six_inner_loop(d):
    """The bowl closes low: the pen meets the stem near the foot, or ends inside."""
    h, w = d(0.2, 0.27), d(0.22, 0.32)
    stem = [(d(0.5, 0.7), 0.0), (0.34, 0.2), (0.2, 0.55)]
    return [
        [
            *stem,
            *arc(0.19 + w, 1 - h, w, h, 180, -100),
            (0.34, 1 - h * 1.5),
            (d(0.2, 0.3), 1 - h * d(0.5, 0.9)),
        ]
    ]


@way(6, 0.9)
def six_loop_on_a_line(d):
    """A straight line and a narrow loop that leans against its foot."""
    h, w = d(0.13, 0.2), d(0.14, 0.22)
    x = d(0.26, 0.34)
    stem = [(d(0.3, 0.56), 0.0), (x + 0.03, 0.5), (x, 0.9)]
    loop = [
        (x + 0.08, 1.0),
        (x + 2 * w * 0.8, 1 - h * 0.5),
        (x + 2 * w * 0.7, 1 - h * 1.7),
        (x + 0.08, 1 - h * d(1.3, 1.9)),
    ]
    return [[*stem, *loop, (x - d(-0.03, 0.06), 1 - h * d(0.8, 1.3))]]


@way(6, 2)
def six_tilted_bowl(d):
    """A leaning line that turns at the lower left; the bowl is flat, tilted and lies to the right of it."""
    w, h, tilt = d(0.24, 0.36), d(0.1, 0.2), d(-50, -15)
    x, y = d(0.4, 0.52), 1 - h - d(0.06, 0.14)
    bowl = turned(arc(x, y, w, h, 150, -175 - d(-10, 40)), tilt, x, y)
    return [[(d(0.5, 0.8), 0.0), (d(0.3, 0.46), 0.3), (d(0.12, 0.24), 0.66), *bowl]]


@way(6, 1)
def six_ring_at_the_end(d):
    """A wide bow, and at its right end a ring that does not reach back to it."""
    w, r = d(0.34, 0.46), d(0.1, 0.22)
    right = 0.1 + 2 * w
    bow = [(d(0.14, 0.6), 0.0), (d(0.08, 0.2), 0.3), (0.08, 0.68), (d(0.3, 0.4), 0.97), (0.12 + w, 1.0)]
    ring = arc(right - r, d(0.62, 0.74), r, r * d(0.8, 1.3), 40, -d(230, 330))
    return [[*bow, *ring]]


@way(6, 0.5)
def six_line_through(d):
    """The bowl's end runs down through the bow and below it."""
    x, w = d(0.14, 0.24), d(0.24, 0.36)
    bow = [(d(0.45, 0.7), 0.0), (d(0.24, 0.36), 0.28), (x, 0.62), (x + 0.12, d(0.8, 0.88)), (x + w, 0.82)]
    back = [
        (x + 1.5 * w, 0.62),
        (x + 1.2 * w, d(0.44, 0.52)),
        (x + 0.7 * w, 0.6),
        (x + d(0.4, 0.7) * w, d(0.92, 1.04)),
    ]
    return [[*bow, *back]]


@way(6, 0.8)
def six_curled_top(d):
    """The top begins with a curl or a wave to the left."""
    h, w = d(0.2, 0.27), d(0.24, 0.34)
    top = [(d(0.04, 0.2), d(0.0, 0.08)), (d(0.24, 0.36), d(0.04, 0.14)), (0.22, 0.34)]
    return [[*top, *arc(0.18 + w, 1 - h, w, h, 190, -165 - d(-10, 40))]]


@way(6, 0.8)
def six_unclosed(d):
    """The bowl ends as soon as it has turned up: an L with a hook."""
    right = d(0.6, 0.85)
    stem = [
        (d(0.42, 0.75), 0.0),
        (0.3, 0.34),
        (d(0.14, 0.24), 0.76),
        (0.26, d(0.94, 1.0)),
        (0.5, d(0.96, 1.02)),
    ]
    return [
        [*stem, (right, d(0.84, 0.92)), (right - d(0.0, 0.1), d(0.64, 0.78)), (d(0.34, 0.54), d(0.6, 0.76))]
    ]


@way(6, 1)
def six_short_stem(d):
    """A straight short stem at the left and a loop beside its foot, which closes against it."""
    x, h, w = d(0.18, 0.3), d(0.2, 0.34), d(0.14, 0.28)
    stem = [(x + d(-0.02, 0.2), 0.0), (x + d(0.0, 0.06), 0.4), (x, 0.8), (x + 0.08, d(0.95, 1.0))]
    loop = [
        (x + w, 1.0 - h * 0.1),
        (x + 2 * w, 1 - h),
        (x + 1.3 * w, 1 - 1.9 * h),
        (x + 0.5 * w, 1 - h * d(1.2, 1.7)),
    ]
    return [[*stem, *loop, (x + d(-0.02, 0.05), 1 - h * d(0.6, 1.2))]]


@way(6, 2.5)
def six_like_a_sail(d):
    """A straight stem that turns sharply at the lower left; a pointed bowl closes on the stem or beyond."""
    x, y = d(0.06, 0.26), d(0.68, 0.92)
    stem = [(x + d(0.06, 0.44), 0.0), (x + d(0.0, 0.14), 0.4)]
    turn = corner(x, y) if d.often(0.4) else (x, y)
    right, top = d(0.66, 0.92), d(0.38, 0.6)
    bowl = [
        (x + 0.16, d(0.92, 1.0)),
        (right - 0.16, d(0.9, 1.0)),
        (right, top + 0.16),
        (right - d(0.02, 0.2), top),
    ]
    return [[*stem, turn, *bowl, (x + d(-0.16, 0.24), d(top + 0.08, max(y, top + 0.12)))]]
