"""How 5 is written. The waypoints are set by hand for this project; allographs.py explains the notation."""

from __future__ import annotations

from ..allographs import corner, way


def _five_belly(d, x, y):
    """From the neck's foot (x, y) round the belly to the lower left end, without the first point."""
    right, h = d(0.76, 0.88), 1 - y
    end = (d(0.06, 0.22), 1 - h * d(0.06, 0.28))
    rise = d(0.02, 0.12)
    return [
        (x + 0.22, y - rise),
        (right - 0.08, y + h * 0.14),
        (right, y + h * 0.48),
        (right - 0.14, 0.94),
        (0.42, 1),
        end,
    ]


@way(5, 3.5)
def five_one_stroke(d):
    """Bar from the right, neck, belly."""
    y, x = d(0.38, 0.5), d(0.18, 0.28)
    start = (d(0.68, 0.88), d(-0.04, 0.04))
    return [[start, corner(x + d(0.0, 0.1), 0.0), corner(x, y), *_five_belly(d, x, y)]]


@way(5, 3)
def five_bar_apart(d):
    """Neck and belly first; the bar is put on top and meets the neck."""
    y, x = d(0.38, 0.5), d(0.18, 0.28)
    top = x + d(0.0, 0.1)
    bar = [(top + d(-0.04, 0.02), d(-0.02, 0.04)), (d(0.7, 0.98), d(-0.07, 0.04))]
    return [[(top, 0.0), corner(x, y), *_five_belly(d, x, y)], bar]


@way(5, 1.6)
def five_bar_detached(d):
    """The bar hangs in the air, beside or above the neck."""
    y, x = d(0.4, 0.5), d(0.18, 0.28)
    top, height = x + d(0.02, 0.1), d(-0.14, 0.06)
    bar = [(top + d(0.02, 0.2), height), (d(0.72, 1.02), height + d(-0.08, 0.04))]
    return [[(top, 0.03), corner(x, y), *_five_belly(d, x, y)], bar]


@way(5, 1.6)
def five_like_s(d):
    """One stroke without corners."""
    y = d(0.4, 0.48)
    top = [(d(0.68, 0.86), d(0.0, 0.06)), (0.5, 0.0), (0.32, 0.04), (d(0.2, 0.27), y * 0.6), (0.32, y - 0.01)]
    return [
        [
            *top,
            (0.58, y + 0.06),
            (d(0.74, 0.84), 0.68),
            (0.66, 0.93),
            (0.42, 1.0),
            (d(0.08, 0.22), d(0.88, 0.98)),
        ]
    ]


@way(5, 0.9)
def five_angular(d):
    """Straight lines only."""
    y, x = d(0.4, 0.48), d(0.16, 0.24)
    right = d(0.72, 0.84)
    low = [
        corner(right, y + d(0.0, 0.08)),
        corner(right - d(0.0, 0.06), d(0.94, 1.0)),
        (d(0.08, 0.2), d(0.96, 1.02)),
    ]
    return [[(d(0.72, 0.9), d(-0.03, 0.03)), corner(x, 0.0), corner(x, y), *low]]


@way(5, 0.9)
def five_no_bar(d):
    """The bar is missing or a mere hook."""
    y, x = d(0.34, 0.44), d(0.2, 0.3)
    top = x + d(0.06, 0.2)
    hook = [(top + d(0.06, 0.16), d(-0.02, 0.03)), corner(top, 0.0)] if d.often(0.55) else [(top, 0.0)]
    return [[*hook, corner(x, y), *_five_belly(d, x, y)]]


@way(5, 1.2)
def five_big_belly(d):
    y, x = d(0.28, 0.36), d(0.2, 0.3)
    top = x + d(0.0, 0.1)
    belly = [
        (0.48, y - 0.02),
        (0.78, y + 0.14),
        (d(0.86, 0.94), 0.66),
        (0.7, 0.94),
        (0.4, 1.0),
        (d(0.04, 0.16), d(0.86, 0.94)),
    ]
    stroke = [corner(top, 0.0), corner(x, y), *belly]
    if d.often(0.5):
        return [[(d(0.66, 0.84), d(-0.03, 0.03)), *stroke]]
    return [stroke, [(top, d(-0.02, 0.02)), (d(0.68, 0.9), d(-0.06, 0.03))]]


@way(5, 0.9)
def five_small_belly(d):
    """A long neck and a small belly."""
    y, x = d(0.5, 0.6), d(0.22, 0.32)
    top = x + d(0.04, 0.14)
    stroke = [corner(top, 0.0), corner(x, y), *_five_belly(d, x, y)]
    return (
        [[(d(0.72, 0.92), d(-0.06, 0.03)), *stroke]]
        if d.often(0.6)
        else [stroke, [(top, 0.0), (0.85, -0.04)]]
    )


@way(5, 1)
def five_rising_bar(d):
    """The neck leans and the bar rises to the right."""
    y, x = d(0.4, 0.5), d(0.14, 0.24)
    top = x + d(0.1, 0.2)
    bar = [(top, 0.02), (d(0.8, 1.0), d(-0.2, -0.06))]
    return [[(top, 0.0), corner(x, y), *_five_belly(d, x, y)], bar]


@way(5, 0.9)
def five_curled_end(d):
    """The belly's end curls up and in."""
    y, x = d(0.36, 0.44), d(0.2, 0.28)
    curl = [(0.16, d(0.9, 0.97)), (0.08, 0.8), (d(0.16, 0.28), d(0.72, 0.8))]
    stroke = [corner(x + 0.06, 0.0), corner(x, y), *_five_belly(d, x, y)[:-1], *curl]
    return (
        [[(d(0.7, 0.88), 0.0), *stroke]]
        if d.often(0.5)
        else [stroke, [(x + 0.06, 0.0), (d(0.7, 0.9), d(-0.05, 0.03))]]
    )


@way(5, 1)
def five_open_belly(d):
    """The belly falls into a straight tail to the left."""
    y, x = d(0.36, 0.46), d(0.2, 0.3)
    top = x + d(0.02, 0.1)
    tail = [
        (x + 0.24, y - 0.03),
        (0.72, y + 0.1),
        (0.76, y + 0.26),
        (0.6, 0.84),
        (d(0.05, 0.25), d(0.98, 1.06)),
    ]
    stroke = [corner(top, 0.0), corner(x, y), *tail]
    return (
        [[(d(0.66, 0.9), d(-0.03, 0.03)), *stroke]]
        if d.often(0.5)
        else [stroke, [(top, 0), (d(0.7, 0.95), d(-0.06, 0.04))]]
    )


@way(5, 0.9)
def five_crossing_bar(d):
    """The bar begins left of the neck and crosses it, or sits a little below its top."""
    y, x = d(0.4, 0.5), d(0.22, 0.3)
    top, height = x + d(0.0, 0.08), d(0.02, 0.12)
    bar = [(top - d(0.04, 0.16), height), (d(0.68, 0.92), height + d(-0.06, 0.03))]
    return [[(top, 0.0), corner(x, y), *_five_belly(d, x, y)], bar]


@way(5, 0.7)
def five_curved_neck(d):
    """Neck and belly flow together; the bar is separate, so the stroke alone looks like an s cut off."""
    y = d(0.38, 0.48)
    neck = [
        (d(0.26, 0.36), 0.0),
        (0.2, y * 0.6),
        (0.26, y),
        (0.52, y + 0.02),
        (d(0.76, 0.86), 0.66),
        (0.64, 0.95),
    ]
    return [
        [*neck, (0.38, 1.0), (d(0.08, 0.2), d(0.86, 0.97))],
        [(d(0.26, 0.36), 0.0), (d(0.7, 0.92), d(-0.07, 0.04))],
    ]


@way(5, 0.5)
def five_steep_start(d):
    """The belly starts where the neck turns back on itself: the pen goes up the neck again a little."""
    y, x = d(0.46, 0.56), d(0.2, 0.28)
    up = [
        (x + 0.1, y - d(0.1, 0.16)),
        (0.5, y - d(0.12, 0.2)),
        (0.74, y + 0.02),
        (0.76, 0.74),
        (0.58, 0.96),
        (0.36, 1.0),
    ]
    return [
        [(x + d(0, 0.08), 0.0), corner(x, y), *up, (0.12, d(0.86, 0.96))],
        [(x, 0.0), (d(0.68, 0.9), d(-0.06, 0.03))],
    ]


@way(5, 1.3)
def five_narrow_body(d):
    """Neck and belly stand under the middle of a long bar; the tail goes far to the left."""
    y, x = d(0.28, 0.44), d(0.32, 0.44)
    belly = [
        (x + 0.18, y - d(0.0, 0.04)),
        (0.72, y + 0.14),
        (d(0.7, 0.78), 0.7),
        (0.56, 0.93),
        (d(0.02, 0.25), d(0.92, 1.04)),
    ]
    top = x + d(-0.04, 0.08)
    bar = [(top - d(0.0, 0.06), d(-0.02, 0.04)), (d(0.82, 1.05), d(-0.1, 0.03))]
    stroke = [(top, 0.0), corner(x, y), *belly]
    return [stroke, bar] if d.often(0.5) else [[bar[1], corner(*stroke[0]), *stroke[1:]]]


@way(5, 1)
def five_weak_neck(d):
    """The corner between neck and belly is soft or hardly there; a straight bar above."""
    y = d(0.34, 0.46)
    neck = [(d(0.3, 0.4), 0.0), (d(0.27, 0.34), y * 0.7), (0.4, y + 0.02), (0.64, y + 0.12)]
    end = [(d(0.68, 0.8), d(0.68, 0.76)), (0.58, 0.94), (d(0.05, 0.25), d(0.9, 1.03))]
    if d.often(0.5):
        return [[*neck, *end], [(d(0.22, 0.38), d(-0.02, 0.05)), (d(0.78, 1.0), d(-0.08, 0.04))]]
    return [[(d(0.72, 0.95), d(-0.05, 0.04)), corner(*neck[0]), *neck[1:], *end]]


@way(5, 1)
def five_straight_tail(d):
    """A roof and a line: the neck leans, the belly is one bend into a straight tail."""
    y, x = d(0.3, 0.42), d(0.22, 0.36)
    top = x + d(0.02, 0.12)
    body = [
        corner(top, 0.0),
        corner(x, y),
        (x + 0.2, y + 0.02),
        (d(0.56, 0.7), y + 0.2),
        (d(0.4, 0.55), 0.8),
        (d(0.1, 0.35), 1),
    ]
    return [[(d(0.7, 0.95), d(-0.06, 0.03)), *body]]


@way(5, 1.5)
def five_overhanging_bar(d):
    """The bar begins well to the left of the neck, so that the body hangs under it."""
    y, x = d(0.3, 0.44), d(0.28, 0.42)
    top, left = x + d(-0.02, 0.12), d(0.0, 0.18)
    belly = [(x + 0.18, y + d(-0.04, 0.03)), (d(0.62, 0.76), y + 0.18), (d(0.56, 0.7), 0.78)]
    tail = [(0.44, 0.95), (d(0.0, 0.25), d(0.94, 1.04))]
    bar = [(left, d(0.0, 0.08)), (d(0.8, 1.05), d(-0.08, 0.03))]
    return [[(top, 0.02), corner(x, y), *belly, *tail], bar]


@way(5, 1.8)
def five_closed_belly(d):
    """The belly comes round until it nearly meets the neck again, as a 6 that begins with a bar."""
    y, x = d(0.34, 0.5), d(0.18, 0.34)
    top, h = x + d(0.02, 0.16), 1 - y
    belly = [
        corner(top, 0.0),
        corner(x, y),
        *_five_belly(d, x, y)[:-1],
        (d(0.14, 0.24), 1 - h * d(0.08, 0.2)),
    ]
    end = (d(0.08, 0.26), 1 - h * d(0.35, 0.7))
    bar = (d(0.68, 1.1), d(-0.16, 0.04))
    if d.often(0.7):
        return [[bar, *belly, end]]
    return [[*belly, end], [(top, 0.0), bar]]


@way(5, 1.6)
def five_long_bar(d):
    """A flat body and a bar that runs far to the right, often rising."""
    y, x = d(0.3, 0.46), d(0.2, 0.34)
    top, h = x + d(0.08, 0.26), 1 - y
    right = d(0.6, 0.8)
    belly = [(x + 0.2, y - d(0.0, 0.08)), (right, y + h * 0.3), (right - 0.08, y + h * 0.7), (0.36, 1.0)]
    end = (d(0.0, 0.16), 1 - h * d(0.0, 0.4))
    bar = (d(1.0, 1.45), d(-0.24, 0.02))
    return [[bar, corner(top, 0.0), corner(x, y), *belly, end]]


@way(5, 0.7)
def five_slim_s(d):
    """Narrow: a short top, a bent back, a tail to the left."""
    x, y = d(0.4, 0.5), d(0.36, 0.48)
    top = [
        (d(0.56, 0.78), d(0.0, 0.12)),
        (d(0.48, 0.58), 0.0),
        (x - 0.04, d(0.08, 0.16)),
        (x - 0.04, y * 0.7),
    ]
    return [[*top, (0.5, y + 0.04), (d(0.58, 0.68), 0.66), (0.54, 0.9), (d(0.12, 0.36), d(0.93, 1.03))]]


@way(5, 0.4)
def five_ring_belly(d):
    """The belly comes round and up until it touches the neck's foot; the bar says that it is a 5."""
    y, x = d(0.36, 0.48), d(0.2, 0.3)
    belly = [
        *_five_belly(d, x, y)[:-1],
        (d(0.12, 0.2), 0.88),
        (d(0.1, 0.18), d(0.66, 0.74)),
        (x, y + d(0.04, 0.16)),
    ]
    bar = (d(0.74, 1.0), d(-0.08, 0.04))
    stroke = [corner(x + d(0.0, 0.1), 0.0), corner(x, y), *belly]
    return [[bar, *stroke]] if d.often(0.5) else [stroke, [(stroke[0][0], 0.0), bar]]
