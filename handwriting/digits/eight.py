"""How 8 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import arc, corner, way


def _eight(d, waist, w1, w2, start_x=0.0, start_y=0.0):
    """An S from the upper right, down through the waist, round below and back up to where it began."""
    h = 1 - waist
    down = [
        (0.5 + w1 * 0.75, waist * 0.22),
        (0.5, 0.0),
        (0.5 - w1, waist * 0.42),
        (0.5 - w1 * 0.3, waist * 0.88),
    ]
    below = [(0.5 + w2 * 0.6, waist + h * 0.2), (0.5 + w2, waist + h * 0.58), (0.5, 1.0)]
    back = [(0.5 - w2, waist + h * 0.58), (0.5 - w2 * 0.6, waist + h * 0.2), (0.5 + w1 * 0.5, waist * 0.82)]
    return [*down, *below, *back, (0.5 + w1 * 0.9 + start_x, waist * 0.4 + start_y)]


@way(8, 4)
def eight_s_first(d):
    w = d(0.22, 0.32)
    body = _eight(d, d(0.4, 0.5), w, w * d(1.0, 1.35))
    return [[*body, (0.5 + w * d(0.5, 0.9), d(0.04, 0.12))]]


@way(8, 2)
def eight_mirrored(d):
    """Begins at the upper left and goes the other way."""
    w = d(0.22, 0.32)
    body = _eight(d, d(0.4, 0.5), w, w * d(1.0, 1.35)) + [(0.5 + w * d(0.5, 0.9), d(0.04, 0.12))]
    return [[(1 - x, y) for x, y in body]]


@way(8, 1.5)
def eight_from_middle(d):
    """Begins and ends at the waist."""
    y, w1 = d(0.4, 0.5), d(0.22, 0.32)
    w2 = w1 * d(1.0, 1.3)
    upper = arc(0.5, y / 2, w1, y / 2, 50, -230)
    lower = arc(0.5, (1 + y) / 2, w2, (1 - y) / 2, -50, 230 + d(-10, 20))
    body = [(0.5 + d(-0.04, 0.04), y), *upper, *lower, (0.5 + d(-0.06, 0.06), y - d(-0.02, 0.04))]
    return [[(1 - x, q) for x, q in body]] if d.often(0.4) else [body]


@way(8, 2)
def eight_two_circles(d):
    """A snowman: two rings, which may overlap or not quite touch."""
    y, w1 = d(0.4, 0.5), d(0.2, 0.3)
    w2, gap, a = w1 * d(1.0, 1.4), d(-0.04, 0.03), d(-140, 90)
    upper = arc(0.5, y / 2, w1, y / 2, -a, -a - 360 - d(-10, 20))
    b = d(-140, -40)
    h = (1 - y - gap) / 2
    return [
        upper,
        arc(0.5 + d(-0.04, 0.04), 1 - h, w2, h, b, b + (360 + d(-8, 20)) * (1 if d.often(0.4) else -1)),
    ]


@way(8, 1.8)
def eight_open_top(d):
    """Begins and ends apart at the top."""
    w, y = d(0.22, 0.32), d(0.42, 0.52)
    w2 = w * d(0.95, 1.25)
    down = [
        (0.5 + w * d(0.3, 0.9), d(0.0, 0.12)),
        (0.5 - w * 0.2, 0.02),
        (0.5 - w, y * 0.42),
        (0.5 - w * 0.3, y * 0.9),
    ]
    below = [
        (0.5 + w2 * 0.6, y + 0.12),
        (0.5 + w2, y + 0.32),
        (0.5, 1.0),
        (0.5 - w2, y + 0.32),
        (0.5 - w2 * 0.5, y + 0.1),
    ]
    return [[*down, *below, (0.5 + w * 0.5, y * 0.75), (0.5 + w * d(0.9, 1.4), d(0.0, 0.2))]]


@way(8, 1.3)
def eight_s_and_line(d):
    """A long S and a straight line back to its beginning."""
    w = d(0.22, 0.32)
    ess = [
        (0.5 + w * d(0.7, 1.0), d(0.04, 0.14)),
        (0.48, 0.0),
        (0.5 - w, 0.2),
        (0.5, 0.47),
        (0.5 + w, 0.75),
        (0.5, 1.0),
    ]
    back = [(0.5 - w * d(0.8, 1.0), d(0.84, 0.92)), (0.5 - w * 0.6, 0.7), (0.5 + w * 0.3, 0.38)]
    return [[*ess, *back, (0.5 + w * d(0.8, 1.2), d(-0.04, 0.1))]]


@way(8, 1.3)
def eight_slim(d):
    w = d(0.12, 0.2)
    body = _eight(d, d(0.42, 0.52), w, w * d(1.0, 1.3))
    return [[*body, (0.5 + w * d(0.4, 0.9), d(0.03, 0.12))]]


@way(8, 1)
def eight_small_head(d):
    w = d(0.1, 0.2)
    body = _eight(d, d(0.24, 0.36), w, d(0.22, 0.34))
    return [[*body, (0.5 + w * 0.7, d(0.03, 0.08))]]


@way(8, 1)
def eight_big_head(d):
    w = d(0.26, 0.34)
    body = _eight(d, d(0.52, 0.68), w, d(0.1, 0.24))
    return [[*body, (0.5 + w * 0.7, d(0.05, 0.12))]]


@way(8, 0.8)
def eight_hourglass(d):
    """Straight lines that cross, bars above and below."""
    w, y = d(0.22, 0.32), d(0.0, 0.05)
    ring = [
        corner(0.5 + w, y),
        corner(0.5 - w, d(0.0, 0.05)),
        (0.5, 0.48),
        corner(0.5 + w, d(0.94, 1.0)),
        corner(0.5 - w, 0.98),
    ]
    return [[*ring, (0.5, d(0.46, 0.54)), (0.5 + w * d(0.9, 1.1), y)]]


@way(8, 1)
def eight_tail_out(d):
    """The end runs on beyond the upper right, or the beginning sticks out there."""
    w = d(0.2, 0.3)
    body = _eight(d, d(0.4, 0.5), w, w * d(1.0, 1.3))
    if d.often(0.5):
        return [[(0.5 + w * d(1.1, 1.6), d(0.0, 0.12)), *body[1:-1], (0.5 + w * 0.9, d(0.08, 0.16))]]
    return [[*body, (0.5 + w * d(1.1, 1.7), d(-0.1, 0.05))]]


@way(8, 0.7)
def eight_three_and_side(d):
    """A 3 whose left sides are closed by a curve."""
    y = d(0.42, 0.5)
    three = [
        (0.3, 0.1),
        (0.5, 0.0),
        (0.74, 0.12),
        (0.68, y * 0.85),
        corner(0.46, y),
        (0.74, y + 0.12),
        (0.78, 0.78),
        (0.5, 1.0),
    ]
    side = [(0.22, 0.86), (0.2, 0.68), (0.44, y + 0.02), (0.24, y * 0.6), (0.28, d(0.06, 0.14))]
    return [[*three, *side]]


@way(8, 0.8)
def eight_loose(d):
    """The waist does not quite close on one side."""
    w, y = d(0.22, 0.3), d(0.42, 0.52)
    s = d(0.02, 0.07)
    down = [
        (0.5 + w * 0.6, d(0.03, 0.1)),
        (0.48, 0.0),
        (0.5 - w, y * 0.45),
        (0.5 - s, y),
        (0.5 - w, y + 0.28),
        (0.5, 1.0),
    ]
    back = [(0.5 + w, y + 0.28), (0.5 + s, y), (0.5 + w, y * 0.45), (0.5 + w * d(0.1, 0.5), d(0.0, 0.05))]
    return [[*down, *back]]


@way(8, 0.7)
def eight_open_below(d):
    """The lower bowl does not come back to the waist, or comes back outside."""
    w = d(0.22, 0.3)
    ring = arc(0.5, 0.22, w, 0.22, 60, -250)
    below = [
        (0.42, 0.46),
        (0.5 + w * 0.8, 0.62),
        (0.5 + w, 0.8),
        (0.5, 1.0),
        (0.5 - w, 0.8),
        (0.5 - w * 0.8, d(0.56, 0.64)),
    ]
    return [[*ring, *below, (0.5 - w * d(0.1, 0.5), d(0.46, 0.54))]]


@way(8, 1.2)
def eight_two_horns(d):
    """Open above like a gamma: down from one horn, round the lower bowl, up to the other."""
    w1, w2, y = d(0.2, 0.34), d(0.12, 0.26), d(0.44, 0.58)
    down = [
        (0.5 - w1 * d(0.3, 0.9), d(0.0, 0.08)),
        (0.5 - w1, y * d(0.25, 0.5)),
        (0.5, y),
        (0.5 + w2, (1 + y) / 2),
        (0.5, 1.0),
    ]
    up = [
        (0.5 - w2, (1 + y) / 2),
        (0.5, y),
        (0.5 + w1, y * d(0.3, 0.5)),
        (0.5 + w1 * d(0.2, 0.9), d(-0.04, 0.08)),
    ]
    line = down + up
    return [[(1 - x, q) for x, q in line]] if d.often(0.3) else [line]


@way(8, 1.2)
def eight_narrow_below(d):
    """A long narrow lower loop, the head open or closed: a slanted line with a turn at its foot."""
    w1, w2, y = d(0.16, 0.26), d(0.08, 0.16), d(0.36, 0.48)
    head = [(0.5 + w1 * d(0.6, 1.1), d(0.02, 0.16)), (0.5, 0.0), (0.5 - w1, y * 0.45), (0.5, y + 0.04)]
    foot = [(0.5 + w2, (1 + y) / 2), (0.5 + w2 * 0.2, 1.0), (0.5 - w2, (1 + y) / 2), (0.5 + w2 * 0.4, y)]
    return [[*head, *foot, (0.5 + w1, y * 0.45), (0.5 + w1 * d(0.6, 1.1), d(-0.02, 0.12))]]


@way(8, 1)
def eight_start_bar(d):
    """Begins with a level stroke at the upper left, or ends in one at the upper right."""
    w = d(0.2, 0.3)
    body = _eight(d, d(0.4, 0.5), w, w * d(0.95, 1.25))
    inside = d(0.08, 0.22)
    out = [(0.5 - w * d(1.1, 1.9), inside), (0.5 - w * d(0.2, 0.6), inside + d(-0.02, 0.06))]
    line = (
        [*body[::-1], *out[::-1]]
        if d.often(0.5)
        else [*out, *[(1 - x, y) for x, y in body[::-1]], (0.5 - w * 0.3, 0.04)]
    )
    return [line] if d.often(0.7) else [[(1 - x, y) for x, y in line]]


@way(8, 1.6)
def eight_left_start(d):
    """From far left at the waist across to the lower loop, then to a head that may stay open."""
    y, w, left = d(0.38, 0.5), d(0.08, 0.22), d(-0.2, 0.24)
    lower = [
        (left, y - d(0.0, 0.14)),
        (0.42, y + d(0.0, 0.06)),
        (0.55 + w * 0.8, 0.7),
        (0.52, 1.0),
        (0.5 - w, 0.8),
    ]
    head = [(0.54, y), (0.74, y * 0.4), (0.6, 0.0), (0.42, 0.06)]
    line = [*lower, *head, (d(0.32, 0.44), d(0.14, 0.26))]
    if d.often(0.4):
        line.append((0.48, y - 0.04))
    return [line]


@way(8, 1)
def eight_leaning_line(d):
    """A leaning narrow S and a straight line back to a pointed head."""
    w = d(0.02, 0.14)
    ess = [(d(0.3, 0.46), d(0.06, 0.14)), (0.45, 0.3), (0.5, 0.48), (0.46 + w * 0.5, 0.72), (0.36, 0.97)]
    back = [(0.3 - w, d(0.86, 0.94)), (0.4, 0.62), (0.6, 0.34)]
    top = (d(0.76, 0.95), d(-0.06, 0.06))
    line = [top, *ess, *back, (top[0] + d(-0.02, 0.06), top[1] + d(-0.06, 0.06))]
    return [line] if d.often(0.7) else [[corner(*p) if p in ess[:1] else p for p in line]]


@way(8, 1.2)
def eight_wide_top(d):
    """A wide S from the far right; a line to the waist or short of the top closes the lower loop."""
    w, y, right = d(0.18, 0.3), d(0.4, 0.52), d(0.78, 1.1)
    ess = [
        (right, d(0.0, 0.2)),
        (0.6, 0.0),
        (0.5 - w, y * 0.4),
        (0.44, y * 0.86),
        (0.5 + w, y + 0.2),
        (0.5, 1.0),
    ]
    back = [(0.5 - w * d(0.8, 1.2), 0.84), (0.44, d(0.6, 0.7))]
    end = (d(0.6, 0.8), y - d(0.0, 0.12)) if d.often(0.5) else (right - d(0.0, 0.12), d(0.12, 0.3))
    return [[*ess, *back, end]]


@way(8, 0.8)
def eight_open_loop(d):
    """A head, and below it two legs that meet or cross but hardly turn."""
    w, y = d(0.18, 0.28), d(0.4, 0.5)
    head = arc(0.5, y / 2, w, y / 2, 80, -240)
    legs = [(0.5, y + 0.02), (0.5 + w * 0.8, 0.7), (d(0.5, 0.6), d(0.95, 1.0)), (d(0.34, 0.44), d(0.92, 1.0))]
    return [[*head, *legs, (0.5 - w * d(0.6, 1.0), 0.76), (d(0.42, 0.5), y + d(0.04, 0.12))]]
