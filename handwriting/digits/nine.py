"""How 9 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import arc, corner, spiral, turned, way


def _bowl(d, w, h, right=0.76):
    """A bowl from its upper right, over the left, closed at the right: counter-clockwise."""
    return arc(right - w, h, w, h, -d(25, 55), -360 + d(-5, 20))


@way(9, 3)
def nine_curled_tail(d):
    w, h = d(0.24, 0.34), d(0.22, 0.29)
    tail = [(0.75, 0.6), (0.68, 0.86), (0.5, 1.0), (d(0.3, 0.36), 0.98), (d(0.12, 0.26), d(0.82, 0.94))]
    return [[*_bowl(d, w, h), corner(0.77, d(0.04, 0.16)), *tail]]


@way(9, 3)
def nine_straight_tail(d):
    w, h = d(0.22, 0.34), d(0.2, 0.28)
    x = d(0.56, 0.78)
    return [
        [*_bowl(d, w, h), corner(0.77, d(0.02, 0.16)), (0.5 * (x + 0.77) + d(-0.01, 0.02), 0.55), (x, 1.0)]
    ]


@way(9, 1.4)
def nine_like_g(d):
    """A long tail that comes round to the left and up."""
    w, h = d(0.24, 0.32), d(0.19, 0.25)
    tail = [(0.76, 0.55), (0.74, 0.8), (0.58, 0.98), (0.34, 0.98), (0.2, 0.84), (d(0.2, 0.32), d(0.7, 0.78))]
    return [[*_bowl(d, w, h), corner(0.77, d(0.02, 0.12)), *tail]]


@way(9, 1.4)
def nine_open_bowl(d):
    """The bowl does not reach the stem at the top."""
    w, h = d(0.24, 0.32), d(0.22, 0.28)
    ring = spiral(0.74 - w, h, w, h, -d(60, 110), -345, d(0.95, 1.1))
    tail = [(0.76, 0.6), (d(0.62, 0.74), 0.86), (d(0.3, 0.6), 1.0)]
    return [[*ring, corner(0.78, d(0.04, 0.18)), *tail]]


@way(9, 1.3)
def nine_bowl_and_stem(d):
    """The stem is a stroke of its own."""
    w, h, start = d(0.24, 0.34), d(0.2, 0.28), d(-140, 0)
    ring = arc(0.74 - w, h, w, h, start, start - 360 - d(-10, 15))
    x = d(0.73, 0.8)
    foot = [(x - d(0.0, 0.1), 1.0)] if d.often(0.6) else [(x - 0.06, 0.85), (x - d(0.25, 0.45), d(0.96, 1.0))]
    return [ring, [(x, d(0.0, 0.2)), (x - 0.01, 0.5), *foot]]


@way(9, 1.4)
def nine_one_loop(d):
    """No corner: the bowl flows into the tail, the pen begins at the stem's middle or inside."""
    w, h = d(0.24, 0.32), d(0.2, 0.27)
    ring = arc(0.74 - w, h, w, h, d(0, 40), 350 - 720)
    return [[*[(x, y) for x, y in ring], (0.74, 0.5), (d(0.58, 0.7), 0.78), (d(0.3, 0.6), 1.0)]]


@way(9, 1.2)
def nine_clockwise(d):
    """Begins at the stem, goes under the bowl, round its left side and over into the stem."""
    w, h = d(0.24, 0.32), d(0.22, 0.28)
    ring = arc(0.74 - w, h, w, h, d(20, 60), 350)
    tail = [(0.76, h + 0.16), (d(0.68, 0.76), 0.7), (d(0.35, 0.68), 1.0)]
    return [[*ring, *tail]]


@way(9, 1.5)
def nine_small_bowl(d):
    """A small bowl on a long tail."""
    w, h = d(0.13, 0.2), d(0.12, 0.17)
    x = d(0.48, 0.7)
    return [[*_bowl(d, w, h, 0.72), corner(0.73, d(0.02, 0.1)), (0.5 * (x + 0.73) + 0.02, 0.5), (x, 1.0)]]


@way(9, 1)
def nine_big_bowl(d):
    w, h = d(0.32, 0.4), d(0.3, 0.35)
    tail = [(0.8, 0.7), (d(0.6, 0.74), 0.92), (d(0.25, 0.55), d(0.98, 1.04))]
    return [[*_bowl(d, w, h, 0.8), corner(0.82, d(0.06, 0.2)), *tail]]


@way(9, 0.8)
def nine_angular(d):
    """A bowl of straight lines, a straight stem."""
    x, y = d(0.7, 0.78), d(0.4, 0.5)
    top = d(0.0, 0.06)
    bowl = [
        corner(x, top),
        corner(d(0.22, 0.34), d(0.02, 0.12)),
        corner(d(0.18, 0.28), y),
        corner(x - 0.02, y - d(0, 0.08)),
    ]
    return [[*bowl, corner(x + 0.01, top + d(0.0, 0.08)), (x - d(0.0, 0.16), 1.0)]]


@way(9, 0.9)
def nine_flat_foot(d):
    """The tail turns sharply and runs level to the left."""
    w, h = d(0.24, 0.32), d(0.2, 0.28)
    tail = [(0.75, 0.6), (0.74, 0.86), (0.6, d(0.97, 1.0)), (d(0.08, 0.3), d(0.95, 1.02))]
    return [[*_bowl(d, w, h), corner(0.77, d(0.02, 0.16)), *tail]]


@way(9, 0.8)
def nine_leaning(d):
    """A slanted leg that begins under the bowl's right side."""
    w, h = d(0.26, 0.34), d(0.22, 0.28)
    ring = arc(0.74 - w, h, w, h, -d(30, 90), -360 - d(0, 20))
    return [[*ring, corner(0.75, h - d(0.04, 0.12)), (d(0.56, 0.64), 0.66), (d(0.3, 0.48), 1.0)]]


@way(9, 0.7)
def nine_gap_at_stem(d):
    """The bowl, a c, stands apart from the stem."""
    w, h = d(0.22, 0.3), d(0.2, 0.26)
    ring = arc(0.66 - w, h, w, h, -d(20, 60), -360 + d(20, 60))
    x = d(0.72, 0.78)
    return [ring, [(x, d(0.0, 0.1)), (x - 0.01, 0.5), (x - d(0.0, 0.12), 1.0)]]


@way(9, 0.8)
def nine_looped_join(d):
    """The pen closes the bowl beyond the stem, then turns down."""
    w, h = d(0.22, 0.3), d(0.2, 0.26)
    ring = arc(0.7 - w, h, w, h, -d(10, 40), -300)
    join = [(0.72, h + 0.02), (d(0.8, 0.86), d(0.06, 0.14))]
    tail = [(0.78, 0.5), (d(0.66, 0.76), 0.78), (d(0.36, 0.64), 1.0)]
    return [[*ring, join[0], corner(*join[1]), *tail]]


@way(9, 0.7)
def nine_hooked_foot(d):
    """The stem's foot turns to the right, as some write a q."""
    w, h = d(0.24, 0.32), d(0.2, 0.27)
    tail = [(0.76, 0.55), (0.75, 0.9), (d(0.8, 0.84), 0.99), (d(0.86, 0.94), d(0.94, 0.99))]
    return [[*_bowl(d, w, h), corner(0.77, d(0.02, 0.14)), *tail]]


@way(9, 1.8)
def nine_wide_tail(d):
    """A low bowl; the tail is as wide as the bowl or wider and comes round like the lower bow of a 3."""
    w, h = d(0.1, 0.28), d(0.1, 0.22)
    ring = arc(0.72 - w, h, w, h, -d(20, 60), -350 + d(-25, 15))
    tail = [
        (0.76, 0.5),
        (d(0.74, 0.82), 0.74),
        (0.6, 0.96),
        (0.34, d(0.97, 1.02)),
        (d(-0.05, 0.2), d(0.84, 1.0)),
    ]
    return [[*ring, corner(0.74, h * d(0.4, 1.0)), *tail]]


@way(9, 1)
def nine_hanging_bowl(d):
    """The bowl stays open: it goes left and down, comes back to the right, and the pen turns down there."""
    h = d(0.32, 0.46)
    cup = [
        (d(0.6, 0.78), d(0.0, 0.08)),
        (0.44, 0.0),
        (d(0.2, 0.3), h * 0.5),
        (0.34, h),
        (0.56, h - 0.03),
        corner(0.75, h * d(0.1, 0.55)),
    ]
    end = d(0.1, 0.5)
    return [[*cup, (0.76, 0.6), (0.68, 0.84), (max(end, 0.3) + 0.1, 0.98), (end, d(0.9, 1.02))]]


@way(9, 1.2)
def nine_flat_bowl(d):
    """The bowl is pressed flat, as in haste."""
    w, h = d(0.2, 0.3), d(0.05, 0.14)
    x = d(0.05, 0.66)
    tilt = d(0.1, 0.35)
    ring = [(px, py - tilt * (px - 0.74)) for px, py in arc(0.74 - w, h, w, h, -d(10, 60), -350 + d(-10, 20))]
    return [[*ring, corner(0.76, d(0.0, 0.08)), (0.5 * (x + 0.76) + 0.02, 0.52), (x, 1.0)]]


@way(9, 2)
def nine_leaf(d):
    """The bowl is a narrow leaf that leans with the stem, pointed where it meets it."""
    w, h, tilt = d(0.12, 0.2), d(0.24, 0.34), d(20, 55)
    x, y = d(0.4, 0.5), h * d(0.8, 1.0)
    bowl = turned(arc(x, y, w, h, -d(50, 100), -400 - d(-20, 20)), tilt, x, y)
    right = d(0.68, 0.8)
    return [[*bowl, corner(right, d(0.0, 0.14)), (right - d(0.08, 0.16), 0.56), (d(0.3, 0.62), 1.0)]]


@way(9, 1.1)
def nine_tall_bowl(d):
    """The bowl takes most of the height and the stem ends just below it, as an a."""
    w, h = d(0.26, 0.42), d(0.34, 0.42)
    x = d(0.72, 0.86)
    ring = arc(x - w, h, w, h, -d(20, 60), -360 + d(-10, 30))
    return [[*ring, corner(x + 0.02, h * d(0.2, 0.9)), (x + d(-0.06, 0.06), 0.8), (x + d(-0.24, 0.12), 1.0)]]


@way(9, 1.1)
def nine_overlapped(d):
    """The pen goes round the bowl once and a half, beginning inside."""
    w, h = d(0.22, 0.32), d(0.2, 0.28)
    ring = spiral(0.72 - w, h, w, h, d(40, 120), -360 - d(-10, 20), 1.0)
    inner = [(0.72 - w + (x - 0.72 + w) * d(0.6, 0.9), h + (y - h) * d(0.6, 0.9)) for x, y in ring[:2]]
    return [[*inner, *ring[2:], corner(d(0.72, 0.8), h * d(0.1, 0.6)), (0.68, 0.6), (d(0.36, 0.66), 1.0)]]


@way(9, 1)
def nine_flag(d):
    """The bowl stays open: it begins well to the right of the stem, so that its start is a flag."""
    h = d(0.32, 0.46)
    start = (d(0.78, 0.98), d(0.0, 0.12))
    cup = [(0.54, 0.0), (d(0.2, 0.32), h * 0.45), (0.32, h), (0.52, h - d(0.0, 0.06))]
    x = d(0.62, 0.74)
    return [[start, *cup, corner(x, h * d(0.4, 0.8)), (x - 0.02, 0.66), (x - d(0.0, 0.24), 1.0)]]


@way(9, 0.7)
def nine_round_shoulder(d):
    """The stem is a bend of its own: it leaves the bowl to the right and comes down as a wide bow."""
    w, h = d(0.16, 0.26), d(0.18, 0.28)
    ring = arc(0.5 - w, h, w, h, 10, -350)
    x = d(0.7, 0.86)
    return [
        [
            *ring,
            (0.56, h * d(0.1, 0.5)),
            (x, d(0.12, 0.3)),
            (x + d(-0.02, 0.06), 0.6),
            (x - d(0.0, 0.14), 1.0),
        ]
    ]


@way(9, 1.5)
def nine_hook_and_bow(d):
    """A small open hook for a bowl, then a long S that swings out to the right and far back left."""
    h, x = d(0.2, 0.36), d(0.66, 0.8)
    hook = [(x, d(0.0, 0.1)), (0.5, 0.0), (d(0.24, 0.36), h * 0.45), (0.38, h), (0.56, h * d(0.7, 1.0))]
    turn = (x, h * d(0.2, 0.7))
    tail = [(x + d(-0.02, 0.08), 0.55), (x - d(0.02, 0.12), 0.82), (0.46, 0.98), (d(0.0, 0.3), d(0.86, 1.02))]
    return [[*hook, corner(*turn) if d.often(0.6) else turn, *tail]]


@way(9, 2)
def nine_spurred(d):
    """The bowl begins right of the stem and goes clockwise, so a spur stands out at the stem."""
    h, x = d(0.36, 0.54), d(0.6, 0.76)
    spur = [(x + d(0.06, 0.3), h - d(-0.08, 0.12)), (x - 0.05, h)]
    left, top = d(0.12, 0.36), d(0.38, 0.6)
    round_ = [
        (left + 0.08, h - d(0.0, 0.08)),
        (left, h * 0.55),
        (top, 0.0),
        (x - d(0.0, 0.06), h * d(0.3, 0.6)),
    ]
    if d.often(0.4):
        round_[2] = corner(*round_[2])
    return [[*spur, *round_, (x - d(0.0, 0.08), 0.62), (x - d(0.0, 0.3), 1.0)]]


@way(9, 4)
def nine_over_a_belly(d):
    """A small bowl, ring or knot on a large bow that swings out to the right and ends far left."""
    w, h, x = d(0.07, 0.24), d(0.08, 0.24), d(0.5, 0.72)
    start = -d(-40, 110)
    bowl = spiral(x - w, h, w, h, start, start - d(270, 480), d(0.7, 1.1))
    belly = x + d(0.0, 0.2)
    bow = [(belly - 0.06, 0.42), (belly, d(0.6, 0.76)), (belly - 0.2, d(0.92, 0.98))]
    tail = [(d(0.2, 0.4), d(0.96, 1.02)), (d(-0.2, 0.14), d(0.84, 1.02))]
    join = [corner(x + d(-0.02, 0.06), h * d(0.5, 1.5))] if d.often(0.6) else []
    return [[*bowl, *join, *bow, *tail]]
