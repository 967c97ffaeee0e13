"""How 5, 6, 7, 8 and 9 are written. Waypoints are set by hand for this project; see allographs.py for the notation."""

from __future__ import annotations

from .allographs import arc, corner, spiral, way

# --- 5 ---------------------------------------------------------------------------------------------------------------


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
    return [[*top, (0.58, y + 0.06), (d(0.74, 0.84), 0.68), (0.66, 0.93), (0.42, 1.0), (d(0.08, 0.22), d(0.88, 0.98))]]


@way(5, 0.9)
def five_angular(d):
    """Straight lines only."""
    y, x = d(0.4, 0.48), d(0.16, 0.24)
    right = d(0.72, 0.84)
    low = [corner(right, y + d(0.0, 0.08)), corner(right - d(0.0, 0.06), d(0.94, 1.0)), (d(0.08, 0.2), d(0.96, 1.02))]
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
    return [[(d(0.72, 0.92), d(-0.06, 0.03)), *stroke]] if d.often(0.6) else [stroke, [(top, 0.0), (0.85, -0.04)]]


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
        [[(d(0.7, 0.88), 0.0), *stroke]] if d.often(0.5) else [stroke, [(x + 0.06, 0.0), (d(0.7, 0.9), d(-0.05, 0.03))]]
    )


@way(5, 1)
def five_open_belly(d):
    """The belly falls into a straight tail to the left."""
    y, x = d(0.36, 0.46), d(0.2, 0.3)
    top = x + d(0.02, 0.1)
    tail = [(x + 0.24, y - 0.03), (0.72, y + 0.1), (0.76, y + 0.26), (0.6, 0.84), (d(0.05, 0.25), d(0.98, 1.06))]
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
    neck = [(d(0.26, 0.36), 0.0), (0.2, y * 0.6), (0.26, y), (0.52, y + 0.02), (d(0.76, 0.86), 0.66), (0.64, 0.95)]
    return [[*neck, (0.38, 1.0), (d(0.08, 0.2), d(0.86, 0.97))], [(d(0.26, 0.36), 0.0), (d(0.7, 0.92), d(-0.07, 0.04))]]


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


@way(5, 0.7)
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


# --- 6 ---------------------------------------------------------------------------------------------------------------


@way(6, 3.5)
def six_curved(d):
    """A bow to the left, closed by a bowl below."""
    h, w = d(0.22, 0.28), d(0.26, 0.34)
    stem = [(d(0.6, 0.78), d(0.0, 0.05)), (d(0.38, 0.48), 0.16), (0.24, 0.42)]
    return [[*stem, *arc(0.18 + w, 1 - h, w, h, 180, -170 - d(0, 30))]]


@way(6, 1.5)
def six_slim_tiny_loop(d):
    """Nearly a slanted line with a small loop at its foot."""
    h, w = d(0.1, 0.17), d(0.09, 0.16)
    stem = [(d(0.5, 0.68), 0.0), (0.42, 0.3), (0.33, 0.62)]
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
        [*stem, *arc(0.2 + w, 1 - h, w, h, 180, -135), (0.26, 1 - h * d(1.0, 1.5)), (d(0.0, 0.14), 1 - h * d(0.7, 1.2))]
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
    return [[(d(0.72, 0.95), 0.0), (0.5, 0.32), (0.26, 0.66), *arc(0.18 + w, 1 - h, w, h, 185, -160 - d(-10, 30))]]


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
    return [[*stem, *arc(0.19 + w, 1 - h, w, h, 180, -100), (0.34, 1 - h * 1.5), (d(0.2, 0.3), 1 - h * d(0.5, 0.9))]]


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


# --- 7 ---------------------------------------------------------------------------------------------------------------


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
    return [[*head, *_seven_stem(d, x, y)], [(d(0.16, 0.3), m + d(-0.02, 0.05)), (d(0.7, 0.9), m + d(-0.05, 0.03))]]


@way(7, 1.3)
def seven_curved_stem(d):
    """The stem swings in and ends upright."""
    x = d(0.76, 0.9)
    foot = d(0.3, 0.46)
    strokes = [[(d(0.06, 0.2), 0.02), corner(x, d(-0.02, 0.04)), (x - 0.2, 0.24), (foot + 0.06, 0.56), (foot, 1.0)]]
    if d.often(0.35):
        strokes.append([(d(0.22, 0.34), d(0.5, 0.6)), (d(0.68, 0.86), d(0.46, 0.56))])
    return strokes


@way(7, 1.2)
def seven_wavy_top(d):
    """The top is a wave that begins low."""
    x, s = d(0.78, 0.9), d(0.03, 0.08)
    top = [(d(0.06, 0.14), d(0.1, 0.18)), (0.22, 0.04 - s * 0.5), (0.44, 0.04 + s * 0.5), (0.62, 0.05 + s * 0.5)]
    strokes = [[*top, corner(x, d(-0.03, 0.02)), *_seven_stem(d, x, 0.0)]]
    if d.often(0.35):
        strokes.append([(d(0.18, 0.32), d(0.48, 0.56)), (d(0.7, 0.86), d(0.44, 0.54))])
    return strokes


@way(7, 1.1)
def seven_round_corner(d):
    x, foot = d(0.74, 0.84), d(0.24, 0.42)
    strokes = [
        [(d(0.08, 0.2), d(0.0, 0.06)), (0.42, 0.0), (x - 0.08, 0.02), (x, d(0.1, 0.16)), (0.56, 0.48), (foot, 1.0)]
    ]
    if d.often(0.3):
        strokes.append([(d(0.2, 0.32), d(0.5, 0.58)), (d(0.68, 0.84), d(0.46, 0.56))])
    return strokes


@way(7, 1)
def seven_upright_stem(d):
    x = d(0.7, 0.82)
    return [[(d(0.1, 0.25), d(-0.02, 0.06)), corner(x, 0.0), (x - d(0.02, 0.1), 0.5), (x - d(0.04, 0.2), 1.0)]]


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
        [(0.12, d(0.0, 0.05)), corner(x, 0.0), (0.52, 0.5), (foot, 0.9), (foot + turn * 0.5, 1.0), (foot + turn, 0.98)]
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


@way(7, 1)
def seven_barred_hooked(d):
    """A bar, a curled or bent start and a stem that is bent as well."""
    x, m = d(0.72, 0.86), d(0.44, 0.62)
    start = [(d(0.06, 0.16), d(0.1, 0.2)), (d(0.12, 0.2), 0.02)]
    bend = d(-0.06, 0.08)
    stem = [corner(x, d(-0.02, 0.05)), (0.58 - bend, 0.42), (0.46 - bend, 0.76), (d(0.3, 0.5), 1.0)]
    w = d(0.14, 0.3)
    return [[*start, (0.45, d(0.0, 0.08)), *stem], [(0.5 - w, m + d(-0.03, 0.06)), (0.5 + w, m + d(-0.06, 0.03))]]


# --- 8 ---------------------------------------------------------------------------------------------------------------


def _eight(d, waist, w1, w2, start_x=0.0, start_y=0.0):
    """An S from the upper right, down through the waist, round below and back up to where it began."""
    h = 1 - waist
    down = [(0.5 + w1 * 0.75, waist * 0.22), (0.5, 0.0), (0.5 - w1, waist * 0.42), (0.5 - w1 * 0.3, waist * 0.88)]
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
    return [upper, arc(0.5 + d(-0.04, 0.04), 1 - h, w2, h, b, b + (360 + d(-8, 20)) * (1 if d.often(0.4) else -1))]


@way(8, 1.8)
def eight_open_top(d):
    """Begins and ends apart at the top."""
    w, y = d(0.22, 0.32), d(0.42, 0.52)
    w2 = w * d(0.95, 1.25)
    down = [(0.5 + w * d(0.3, 0.9), d(0.0, 0.12)), (0.5 - w * 0.2, 0.02), (0.5 - w, y * 0.42), (0.5 - w * 0.3, y * 0.9)]
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
    w = d(0.14, 0.2)
    body = _eight(d, d(0.28, 0.36), w, d(0.28, 0.36))
    return [[*body, (0.5 + w * 0.7, d(0.03, 0.08))]]


@way(8, 1)
def eight_big_head(d):
    w = d(0.26, 0.34)
    body = _eight(d, d(0.52, 0.6), w, d(0.15, 0.24))
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
    up = [(0.5 - w2, (1 + y) / 2), (0.5, y), (0.5 + w1, y * d(0.3, 0.5)), (0.5 + w1 * d(0.2, 0.9), d(-0.04, 0.08))]
    line = down + up
    return [[(1 - x, q) for x, q in line]] if d.often(0.3) else [line]


@way(8, 0.7)
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


# --- 9 ---------------------------------------------------------------------------------------------------------------


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
    return [[*_bowl(d, w, h), corner(0.77, d(0.02, 0.16)), (0.5 * (x + 0.77) + d(-0.01, 0.02), 0.55), (x, 1.0)]]


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


@way(9, 1)
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


@way(9, 1.3)
def nine_wide_tail(d):
    """A low bowl; the tail is as wide as the bowl or wider and comes round like the lower bow of a 3."""
    w, h = d(0.2, 0.3), d(0.15, 0.22)
    ring = arc(0.72 - w, h, w, h, -d(20, 60), -350 + d(-25, 15))
    tail = [(0.76, 0.5), (d(0.74, 0.82), 0.74), (0.6, 0.96), (0.34, d(0.97, 1.02)), (d(0.02, 0.2), d(0.84, 0.98))]
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


@way(9, 0.9)
def nine_flat_bowl(d):
    """The bowl is pressed flat, as in haste."""
    w, h = d(0.2, 0.3), d(0.09, 0.15)
    x = d(0.4, 0.66)
    tilt = d(0.1, 0.35)
    ring = [(px, py - tilt * (px - 0.74)) for px, py in arc(0.74 - w, h, w, h, -d(10, 60), -350 + d(-10, 20))]
    return [[*ring, corner(0.76, d(0.0, 0.08)), (0.5 * (x + 0.76) + 0.02, 0.52), (x, 1.0)]]
