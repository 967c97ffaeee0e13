"""Six digits that the page can draw by itself, as strokes: a few points each that the pen must pass, joined smoothly."""

from __future__ import annotations

import numpy as np

from handwriting import curves

RADIUS = 15  # board units

# Board units, x then y down. Written by hand for this project.
WAYPOINTS = {
    "2": [
        [
            (138, 142),
            (160, 98),
            (216, 76),
            (276, 96),
            (296, 148),
            (268, 214),
            (206, 286),
            (142, 352),
            (216, 346),
            (312, 350),
        ]
    ],
    "3": [[(146, 108), (206, 78), (272, 104), (278, 164), (206, 206), (280, 238), (296, 308), (232, 362), (142, 334)]],
    "4": [[(246, 74), (196, 160), (132, 262), (220, 264), (322, 260)], [(266, 178), (262, 270), (258, 378)]],
    "5": [
        [(196, 84), (186, 142), (176, 200), (232, 184), (292, 222), (298, 300), (236, 358), (150, 338)],
        [(196, 84), (246, 86), (304, 80)],
    ],
    "7": [[(130, 98), (220, 96), (312, 92), (262, 196), (218, 290), (196, 372)], [(166, 226), (230, 222), (290, 216)]],
    "8": [
        [
            (280, 118),
            (222, 78),
            (166, 116),
            (190, 182),
            (258, 234),
            (288, 310),
            (224, 368),
            (162, 314),
            (196, 240),
            (262, 178),
            (280, 118),
        ]
    ],
}
CORNERS = {(312, 92), (142, 352), (132, 262), (176, 200), (206, 206)}  # waypoints where the pen turns sharply
SPACING = 9.0  # board units between two points of the result: a hand at an ordinary speed


def _smooth(waypoints: list[tuple[int, int]]) -> np.ndarray:
    """The line (n, 2) that the pen draws through the waypoints, its points evenly spaced."""
    sharp = [place in CORNERS for place in waypoints]
    return curves.even(curves.through(np.array(waypoints, dtype=float), sharp), SPACING)


def drawings() -> list[dict]:
    """`[{"digit": "2", "strokes": [[[x, y], ...], ...]}, ...]` in board units, rounded to a tenth."""
    return [
        {"digit": digit, "strokes": [np.round(_smooth(stroke), 1).tolist() for stroke in strokes]}
        for digit, strokes in WAYPOINTS.items()
    ]
