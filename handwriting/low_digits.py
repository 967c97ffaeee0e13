"""How 0, 1, 2, 3 and 4 are written. Waypoints are set by hand for this project; see allographs.py for the notation."""

from __future__ import annotations

from .allographs import arc, corner, spiral, way

# --- 0 ---------------------------------------------------------------------------------------------------------------


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
    return [body + curl[::1]] if d.often(0.6) else [[(x - w * 0.35, d(0.12, 0.26)), (x + w * 0.1, 0.14)] + body]


@way(0, 1.2)
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


@way(0, 0.7)
def zero_slashed(d):
    start, w, reach = d(-140, -40), d(0.3, 0.44), d(0.75, 1.2)
    slash = [(0.5 + w * reach * 0.8, 0.5 - 0.42 * reach), (0.5 - w * reach * 0.8, 0.5 + 0.42 * reach)]
    return [arc(0.5, 0.5, w, 0.5, start, start - 365), slash]


@way(0, 1)
def zero_egg(d):
    """Wider at the top or at the bottom."""
    w, lean = d(0.28, 0.42), d(0.1, 0.28) * (1 if d.often(0.5) else -1)
    start = d(-130, -50)
    return [[(0.5 + (x - 0.5) * (1 + lean * (y - 0.5) * 2), y) for x, y in arc(0.5, 0.5, w, 0.5, start, start - 370)]]


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
    start = d(-140, -40)
    return [arc(0.5, 0.5, d(0.48, 0.6), 0.5, start, start - 360 - d(-5, 20))]


# --- 1 ---------------------------------------------------------------------------------------------------------------


@way(1, 4)
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
    return [[(x - d(0.12, 0.3), d(0.12, 0.32)), corner(x, 0.0), (x + d(-0.03, 0.03), 0.5), (x - d(-0.04, 0.15), 1.0)]]


@way(1, 2.5)
def one_long_flag(d):
    x = d(0.52, 0.65)
    return [[(x - d(0.3, 0.5), d(0.35, 0.6)), corner(x, 0.0), (x + d(-0.03, 0.03), 0.5), (x - d(-0.06, 0.12), 1.0)]]


@way(1, 0.7)
def one_inverted_v(d):
    x, fall = 0.55, d(0.6, 0.8)
    return [[(x - d(0.28, 0.45), fall), (x - 0.13, 0.27), corner(x, 0.0), (x + d(0.0, 0.05), 0.5), (x + d(0, 0.1), 1)]]


@way(1, 2)
def one_flag_and_foot(d):
    x, y, w = d(0.48, 0.56), d(0.97, 1.02), d(0.2, 0.36)
    flag = [(x - d(0.14, 0.3), d(0.12, 0.35)), corner(x, 0.0), (x, 0.5), (x, 1.0)]
    return [flag, [(x - w, y + d(-0.03, 0.03)), (x + w * d(0.8, 1.1), y)]]


@way(1, 1)
def one_foot(d):
    w = d(0.15, 0.36)
    return [[(0.5 + d(0, 0.06), 0.0), (0.5, 1.0)], [(0.5 - w, 1.0), (0.5 + w * d(0.8, 1.1), 1.0 + d(-0.04, 0.02))]]


@way(1, 0.8)
def one_foot_without_lifting(d):
    """The pen runs back along the foot."""
    x, w = 0.52, d(0.16, 0.32)
    flag = [(x - d(0.12, 0.3), d(0.15, 0.35)), corner(x, 0.0)] if d.often(0.7) else [(x, 0.0)]
    return [[*flag, (x, 0.5), corner(x - 0.02, 1.0), corner(x - w, d(0.97, 1.04)), (x, 1.0), (x + w, d(0.96, 1.02))]]


@way(1, 1.2)
def one_curved_flag(d):
    """The flag is a wave, as a swan's neck."""
    x = d(0.52, 0.6)
    flag = [(x - d(0.25, 0.42), d(0.24, 0.4)), (x - 0.16, d(0.2, 0.28)), (x - 0.05, 0.1), corner(x, 0.0)]
    return [[*flag, (x - d(-0.02, 0.04), 0.5), (x - d(-0.03, 0.12), 1.0)]]


@way(1, 1)
def one_flat_flag(d):
    """The flag goes level or even rises to the left; short, for a long one would be a 7."""
    x = 0.55
    return [[(x - d(0.14, 0.26), d(0.02, 0.12)), corner(x, 0.0), (x + d(-0.03, 0.03), 0.5), (x - d(-0.05, 0.06), 1.0)]]


@way(1, 0.7)
def one_hook_at_foot(d):
    turn = d(0.1, 0.24) * (1 if d.often(0.75) else -1)
    flag = [(d(0.25, 0.4), d(0.12, 0.3)), corner(0.5, 0.0)] if d.often(0.45) else [(0.5, 0.0)]
    return [[*flag, (0.49, 0.5), (0.49 + turn * 0.05, 0.88), (0.5 + turn * 0.4, 0.99), (0.5 + turn, d(0.9, 1.0))]]


@way(1, 0.8)
def one_bowed(d):
    bow = d(0.04, 0.11) * (1 if d.often(0.5) else -1)
    return [[(0.5 + d(0, 0.12), 0.0), (0.5 + bow, 0.33), (0.5 + bow, 0.66), (0.5 - d(0, 0.1), 1.0)]]


@way(1, 0.7)
def one_closed_flag(d):
    """Flag and stem nearly run together: the pen goes up and comes straight down."""
    x = 0.55
    return [[(x - d(0.08, 0.16), d(0.3, 0.55)), corner(x, 0.0), (x - 0.01, 0.5), (x - d(0.0, 0.08), 1.0)]]


@way(1, 0.6)
def one_flag_apart(d):
    """The flag is a stroke of its own, not quite at the top."""
    x, y = 0.52, d(0.0, 0.08)
    return [[(x, 0.0), (x - d(-0.02, 0.06), 1.0)], [(x + d(-0.02, 0.02), y), (x - d(0.16, 0.3), y + d(0.12, 0.3))]]


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


# --- 2 ---------------------------------------------------------------------------------------------------------------


def _two_head(d, top=0.3):
    """From the left end over the top to the start of the way down; `top` is where the right side bulges most."""
    right = d(0.74, 0.86)
    return [(d(0.14, 0.26), d(0.17, 0.32)), (0.3, d(0.04, 0.1)), (0.52, 0.0), (right - 0.05, 0.09), (right, top)]


@way(2, 4)
def two_flat_foot(d):
    y = d(0.24, 0.34)
    return [[*_two_head(d, y), (0.62, y + 0.25), (0.38, 0.8), corner(d(0.1, 0.2), 1.0), (d(0.75, 0.95), d(0.96, 1.03))]]


@way(2, 3)
def two_small_loop(d):
    """A small loop at the foot, then a wave."""
    y, s = d(0.24, 0.32), d(0.05, 0.1)
    loop = [(0.24, 1.0 - s * 0.3), (0.12, 0.99 - s * 0.4), (0.12, 0.95 - s * 1.2), (0.26, 0.93 - s * 1.1), (0.48, 0.95)]
    return [[*_two_head(d, y), (0.64, y + 0.25), (0.44, 0.8), *loop, (0.68, d(0.98, 1.04)), (d(0.82, 0.98), d(0.9, 1))]]


@way(2, 1.6)
def two_big_loop(d):
    y, s = d(0.2, 0.3), d(0.1, 0.17)
    loop = [(0.22, 0.96), (0.08, 0.96), (0.03, 0.9 - s), (0.16, 0.88 - s * 1.2), (0.36, 0.88 - s * 0.4), (0.55, 0.98)]
    return [[*_two_head(d, y), (0.68, 0.5), (0.44, 0.8), *loop, (0.75, d(1.0, 1.05)), (d(0.9, 1.05), d(0.86, 0.98))]]


@way(2, 1.5)
def two_wavy_foot(d):
    """No loop, but the foot is a wave."""
    y, wave = d(0.24, 0.34), d(0.04, 0.09)
    foot = [corner(d(0.1, 0.2), 0.99), (0.3, 0.97 - wave), (0.5, 0.97), (0.7, 0.98 + wave), (d(0.85, 1.0), 0.98 - wave)]
    return [[*_two_head(d, y), (0.62, y + 0.25), (0.36, 0.8), *foot]]


@way(2, 1.4)
def two_angular(d):
    """Like a Z with a bent or straight top."""
    top = [(d(0.1, 0.22), d(0.04, 0.16)), (0.45, d(-0.02, 0.06))] if d.often(0.8) else [(0.15, 0.0)]
    return [[*top, corner(d(0.74, 0.88), d(0.02, 0.16)), (0.48, 0.55), corner(d(0.08, 0.2), 1.0), (d(0.8, 0.98), 1.0)]]


@way(2, 1.6)
def two_hooked_top(d):
    """Begins with a hook or a curl."""
    y, s = d(0.24, 0.34), d(0.05, 0.11)
    hook = [(0.2 + s, 0.26 + s * 0.2), (0.24, 0.3 + s * 0.3), (0.15, 0.2), (0.26, 0.06), (0.5, 0.0), (0.75, 0.1)]
    down = [(0.8, y), (0.62, y + 0.26), (0.36, 0.8), corner(d(0.1, 0.2), 1.0), (d(0.78, 0.95), d(0.96, 1.02))]
    return [hook + down]


@way(2, 1)
def two_swan(d):
    """A swan's neck whose foot hardly goes anywhere."""
    y = d(0.2, 0.3)
    foot = [corner(d(0.14, 0.24), 1.0), (d(0.32, 0.52), d(0.94, 1.02))]
    return [[(0.14, d(0.2, 0.34)), (0.3, 0.05), (0.52, 0.0), (0.72, 0.1), (0.74, y), (0.58, 0.55), (0.36, 0.82), *foot]]


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
    return [[*_two_head(d, y), (0.62, 0.5), (0.36, 0.76), corner(0.14, 0.88), (0.5, 0.93), (d(0.8, 1), d(1.0, 1.12))]]


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
    return [[*_two_head(d, y), (0.7, y + 0.16), (0.42, 0.68), (0.2, 0.84), corner(0.13, 1.0), (d(0.78, 0.95), 1.0)]]


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
        [(0.16, d(0.3, 0.42)), (0.18, 0.14), (0.45, 0.0), (0.76, 0.1), (0.84, 0.36), (0.66, 0.62), (0.4, 0.8), *foot]
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
    head = [(d(0.3, 0.42), d(0.26, 0.34)), (0.2, 0.2), (0.28, 0.05), (0.52, 0.0), (0.76, 0.1), (0.78, y), (0.62, 0.54)]
    loop = [(0.4, 0.86), (0.26, 0.97), (0.1, 0.93), (0.1, 0.88 - s), (0.24, 0.84 - s), (0.42, 0.9)]
    return [[*head, *loop, (0.62, d(0.97, 1.02)), (d(0.74, 0.95), d(0.88, 0.98))]]


# --- 3 ---------------------------------------------------------------------------------------------------------------


def _three_upper(d, y):
    """The upper bow from its left end to the waist's height `y`, without the waist."""
    start = (d(0.14, 0.3), d(0.08, 0.2))
    return [start, (0.34, d(0.0, 0.05)), (0.58, 0.01), (d(0.7, 0.8), y * 0.5), (0.62, y * 0.88)]


def _three_lower(d, y, right=0.0):
    """The lower bow from the waist's height `y` to its left end."""
    x, h = d(0.76, 0.88) + right, 1 - y
    end = (d(0.08, 0.24), 1 - h * d(0.1, 0.32))
    return [(x - 0.16, y + h * 0.09), (x, y + h * 0.45), (x - 0.1, 1 - h * 0.12), (0.44, 1.0), end]


@way(3, 4)
def three_round(d):
    y = d(0.4, 0.5)
    return [[*_three_upper(d, y), corner(d(0.32, 0.48), y), *_three_lower(d, y)]]


@way(3, 2.5)
def three_soft_waist(d):
    """No corner at the waist: it is only dented."""
    y = d(0.4, 0.5)
    return [[*_three_upper(d, y), (d(0.44, 0.56), y), *_three_lower(d, y)]]


@way(3, 1.6)
def three_looped_waist(d):
    y, s = d(0.42, 0.52), d(0.04, 0.09)
    loop = [(0.45, y + s * 0.4), (0.32, y + s * 0.6), (0.3, y - s * 0.5), (0.44, y - s * 0.7)]
    return [[*_three_upper(d, y), *loop, *_three_lower(d, y)]]


@way(3, 1.4)
def three_flat_top(d):
    """A bar, a diagonal and a bowl: ezh."""
    y, x = d(0.36, 0.46), d(0.34, 0.48)
    top = [(d(0.1, 0.24), d(-0.02, 0.05)), corner(d(0.74, 0.88), d(-0.02, 0.05)), corner(x, y)]
    return [[*top, *_three_lower(d, y)]]


@way(3, 0.9)
def three_flat_top_soft(d):
    """As the flat one, its corners rounded."""
    y = d(0.36, 0.46)
    top = [(d(0.1, 0.22), 0.03), (0.5, 0.0), (0.76, 0.02), (0.74, 0.12), (0.58, y * 0.75), (0.46, y)]
    return [[*top, *_three_lower(d, y)]]


@way(3, 1.3)
def three_big_belly(d):
    y = d(0.28, 0.37)
    return [[*_three_upper(d, y), corner(d(0.36, 0.5), y), *_three_lower(d, y, 0.06)]]


@way(3, 0.9)
def three_big_head(d):
    y = d(0.52, 0.62)
    return [[*_three_upper(d, y), corner(d(0.3, 0.46), y), *_three_lower(d, y, -0.06)]]


@way(3, 1)
def three_shallow(d):
    """A mirrored epsilon: two slight bows, a small waist."""
    y = d(0.42, 0.5)
    upper = [(d(0.2, 0.34), d(0.05, 0.14)), (0.45, 0.0), (0.63, 0.1), (0.6, y - 0.1)]
    lower = [(0.66, y + 0.12), (0.7, 0.76), (0.54, 0.97), (d(0.15, 0.3), d(0.9, 1.0))]
    return [[*upper, corner(d(0.44, 0.52), y), *lower]]


@way(3, 1)
def three_curled_end(d):
    """The lower end comes round and up."""
    y = d(0.38, 0.48)
    curl = [(0.14, d(0.84, 0.92)), (0.1, d(0.7, 0.78)), (d(0.14, 0.26), d(0.66, 0.72))]
    return [[*_three_upper(d, y), corner(0.42, y), *_three_lower(d, y)[:-1], (0.24, 0.98), *curl]]


@way(3, 0.8)
def three_long_tail(d):
    """The lower bow falls away into a straight tail to the left."""
    y = d(0.32, 0.42)
    tail = [(0.66, y + 0.08), (0.74, y + 0.24), (0.62, 0.8), (d(0.0, 0.25), d(0.98, 1.1))]
    return [[*_three_upper(d, y), corner(0.42, y), *tail]]


@way(3, 1)
def three_hooked_start(d):
    y, s = d(0.4, 0.5), d(0.04, 0.1)
    hook = [(0.26 + s, 0.2), (0.2, 0.22 + s * 0.4), (0.16, 0.13), (0.34, 0.01), (0.58, 0.01), (0.72, y * 0.5)]
    return [[*hook, (0.6, y * 0.9), corner(d(0.36, 0.46), y), *_three_lower(d, y)]]


@way(3, 0.6)
def three_zigzag(d):
    """Straight lines above and below, a mirrored sigma with a bent foot."""
    y = d(0.42, 0.5)
    top = [(0.14, d(0.0, 0.06)), corner(d(0.7, 0.82), d(0.08, 0.16)), corner(d(0.34, 0.46), y)]
    return [[*top, corner(d(0.74, 0.86), d(0.66, 0.78)), (d(0.1, 0.22), d(0.96, 1.03))]]


@way(3, 0.5)
def three_two_bows(d):
    """Each bow is a stroke of its own."""
    y = d(0.42, 0.5)
    gap = d(-0.03, 0.05)
    return [[*_three_upper(d, y), (d(0.34, 0.46), y)], [(d(0.34, 0.46), y + gap), *_three_lower(d, y + gap)]]


@way(3, 0.8)
def three_long_waist(d):
    """The waist runs far to the left and back."""
    y = d(0.42, 0.5)
    return [[*_three_upper(d, y), corner(d(0.14, 0.28), y + d(-0.02, 0.05)), (0.45, y), *_three_lower(d, y)]]


@way(3, 1)
def three_weak_waist(d):
    """The waist is a mere dent in a line that falls to the left."""
    y = d(0.34, 0.46)
    upper = [(d(0.1, 0.26), d(0.02, 0.14)), (0.44, 0.0), (0.7, 0.06), (0.68, y * 0.6)]
    end = (d(0.1, 0.3), d(0.94, 1.03))
    return [[*upper, corner(d(0.5, 0.6), y), (0.72, y + 0.12), (0.72, 0.74), (0.54, 0.94), end]]


@way(3, 0.8)
def three_small_belly_flat_top(d):
    """A bar, a long way down and a small bow."""
    y = d(0.46, 0.58)
    top = [(d(0.08, 0.22), d(-0.02, 0.08)), corner(d(0.74, 0.86), d(-0.02, 0.04)), corner(d(0.42, 0.54), y)]
    return [[*top, (0.7, y + 0.08), (0.76, y + 0.22), (0.6, 0.96), (d(0.14, 0.32), d(0.92, 1.02))]]


# --- 4 ---------------------------------------------------------------------------------------------------------------


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
    return [[(x, 0.0), corner(d(0.03, 0.15), y), (d(0.84, 1.0), y + d(-0.03, 0.03))], [(x, d(-0.02, 0.04)), (x, 1.0)]]


@way(4, 1.6)
def four_one_stroke(d):
    """From the bar's right end to the left, up and down the stem."""
    y, x = d(0.55, 0.7), d(0.56, 0.7)
    return [[(d(0.85, 1.0), y + d(-0.04, 0.03)), corner(d(0.04, 0.16), y), corner(x, 0.0), (x - d(0, 0.08), 1.0)]]


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
    left = [(d(0.18, 0.34), 0.0), corner(d(0.06, 0.16), y), (0.4, y - d(0.0, 0.04)), corner(x, y - d(0.02, 0.1))]
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
    left = [(d(0.4, 0.55), 0.0), (0.24, y * 0.45), corner(d(0.04, 0.14), y), (0.5, y - 0.03), (d(0.85, 1.0), y - 0.06)]
    return [left, [(x + d(0.04, 0.14), d(0.0, 0.3)), (x - d(0.04, 0.14), 1.0)]]


@way(4, 1.5)
def four_tall_left(d):
    """The left side is the tall one; a short stem crosses the bar's end."""
    y, x = d(0.58, 0.74), d(0.56, 0.72)
    left = [(d(0.3, 0.5), 0.0), corner(d(0.1, 0.22), y), (x + d(0.0, 0.25), y + d(-0.1, 0.03))]
    return [left, [(x + d(-0.02, 0.08), y - d(0.12, 0.35)), (x - d(0.0, 0.1), d(0.92, 1.08))]]


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
