"""How 0 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

import math

from ..allographs import arc, spiral, way


@way(0, 5)
def zero_round(d):
    start = d(-140, -40)
    return [arc(0.5, 0.5, d(0.32, 0.46), 0.5, start, start - 360 - d(-8, 25))]


@way(0, 2)
def zero_clockwise(d):
    start = d(-180, -40)
    return [arc(0.5, 0.5, d(0.26, 0.44), 0.5, start, start + 360 + d(-10, 25))]


@way(0, 2)
def zero_slim(d):
    start = d(-140, -40)
    return [arc(0.5, 0.5, d(0.14, 0.26), 0.5, start, start - 360 - d(-8, 20))]


@way(0, 1.2)
def zero_from_anywhere(d):
    start, way_round = d(0, 360), 1 if d.often(0.5) else -1
    return [spiral(0.5, 0.5, d(0.28, 0.42), 0.5, start, start + way_round * (360 + d(0, 30)), d(0.82, 1.08))]


@way(0, 1.2)
def zero_open_at_top(d):
    start = d(-125, -70)
    return [spiral(0.5, 0.5, d(0.26, 0.42), 0.5, start, start - d(305, 345), d(0.9, 1.1))]


@way(0, 1.2)
def zero_curl_inside(d):
    """Begins or ends with a small curl that lies inside the bowl."""
    w = d(0.28, 0.42)
    x = 0.5 + w * d(-0.3, 0.3)
    curl = [(x + w * d(0.5, 0.8), d(0.02, 0.1)), (x + w * d(0.0, 0.5), d(0.18, 0.28))]
    body = arc(0.5, 0.5, w, 0.5, -75, -75 - 340)
    return (
        [body + curl[::1]] if d.often(0.6) else [[(x - w * 0.35, d(0.12, 0.26)), (x + w * 0.1, 0.14)] + body]
    )


@way(0, 1.5)
def zero_crossed_ends(d):
    """Begins outside at the upper right and closes across its own beginning."""
    w = d(0.26, 0.4)
    out = [(0.5 + w * d(0.3, 0.9), d(-0.12, 0.0))]
    return [out + arc(0.5, 0.52, w, 0.48, -100, -100 - 330) + [(0.5 + w * d(-0.2, 0.3), d(-0.06, 0.06))]]


@way(0, 0.8)
def zero_loop_on_top(d):
    """Joined by a little loop that stands out at the top."""
    w, s = d(0.28, 0.4), d(0.07, 0.14)
    body = arc(0.5, 0.53, w, 0.47, -80, -80 - 335)
    return [body + [(0.5, 0.0), (0.5 - s, -0.07), (0.5 - s * 0.3, -0.12), (0.5 + 1.6 * s, -0.02)]]


@way(0, 2.5)
def zero_marked(d):
    """Told from the letter O by a slash at any angle, inside the ring or beyond it, or by a dot."""
    start, w = d(-140, -40), d(0.22, 0.46)
    ring = arc(0.5, 0.5, w, 0.5, start, start + (365 if d.often(0.3) else -365))
    if d.often(0.06):
        return [ring, [(0.5, d(0.46, 0.5)), (0.51, 0.52)]]
    angle, reach, x, y = (
        math.radians(d(15, 85)),
        d(0.7, 1.2) if d.often(0.5) else d(1.2, 2.8),
        d(0.45, 0.55),
        d(0.44, 0.56),
    )
    across = math.cos(angle) * w * reach * (1 if d.often(0.75) else -1)
    slash = [(x + across, y - 0.5 * math.sin(angle) * reach), (x - across, y + 0.5 * math.sin(angle) * reach)]
    return [ring, slash]


@way(0, 1)
def zero_egg(d):
    """Wider at the top or at the bottom."""
    w, lean = d(0.28, 0.42), d(0.1, 0.28) * (1 if d.often(0.5) else -1)
    start = d(-130, -50)
    return [
        [
            (0.5 + (x - 0.5) * (1 + lean * (y - 0.5) * 2), y)
            for x, y in arc(0.5, 0.5, w, 0.5, start, start - 370)
        ]
    ]


@way(0, 0.7)
def zero_boxy(d):
    w, k = d(0.24, 0.38), d(0.78, 0.92)
    ring = [(0, -1), (-k, -k), (-1, 0), (-k, k), (0, 1), (k, k), (1, 0), (k, -k), (d(-0.2, 0.3), -1)]
    return [[(0.5 + w * x, 0.5 + 0.5 * y) for x, y in ring]]


@way(0, 0.6)
def zero_pointed(d):
    w, x = d(0.26, 0.4), d(0.4, 0.65)
    ring = [(0.5 - w * 0.8, 0.28), (0.5 - w, 0.6), (0.45, 1.0), (0.5 + w, 0.65), (0.5 + w * 0.75, 0.25)]
    return [[(x, 0.0), *ring, (x + d(-0.12, 0.06), d(-0.02, 0.05))]]


@way(0, 0.5)
def zero_two_halves(d):
    w = d(0.26, 0.4)
    left = arc(0.5, 0.5, w, 0.5, d(-90, -65), -280 + d(-10, 15))
    right = arc(0.5 + d(-0.03, 0.03), 0.5, w, 0.5, d(-120, -90), 90 + d(-10, 25))
    return [left, right]


@way(0, 0.5)
def zero_wide(d):
    start = d(-180, 0)
    width = d(0.48, 0.75) if d.often(0.7) else d(0.75, 1.0)
    return [spiral(0.5, 0.5, width, 0.5, start, start - 360 - d(-35, 40), d(0.85, 1.08))]


@way(0, 1)
def zero_line_inside(d):
    """The pen comes from or goes into the middle of the bowl in a long line, as for a slash not lifted."""
    w, reach = d(0.3, 0.5), d(0.3, 0.9)
    line = [(0.5 + w * 0.5 * reach, 0.5 - 0.3 * reach), (0.5 - w * 0.4 * reach, 0.5 + 0.3 * reach)]
    if d.often(0.5):
        return [arc(0.5, 0.5, w, 0.5, -60, -60 - 350) + line]
    return [[line[0], line[1]] + arc(0.5, 0.5, w, 0.5, -200, -200 - 370)]


@way(0, 1)
def zero_long_overlap(d):
    """The pen goes on inside or outside the line for a while after closing it."""
    start, way_round = d(-150, -30), -1 if d.often(0.75) else 1
    shrink = d(0.7, 0.92) if d.often(0.7) else d(1.06, 1.16)
    return [spiral(0.5, 0.5, d(0.28, 0.44), 0.5, start, start + way_round * (360 + d(25, 100)), shrink)]


@way(0, 0.8)
def zero_open_anywhere(d):
    """A gap in the ring, wherever the pen began."""
    start = d(0, 360)
    return [
        spiral(
            0.5, 0.5, d(0.3, 0.5), 0.5, start, start - d(285, 345) * (1 if d.often(0.8) else -1), d(0.9, 1.1)
        )
    ]
