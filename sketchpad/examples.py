"""Six digits that the page can draw by itself, as strokes: a few points each that the pen must pass, joined smoothly."""

from __future__ import annotations

import numpy as np

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
    """A centripetal-free Catmull-Rom curve (1974) through the waypoints, (n, 2), evenly spaced; broken at corners."""
    pieces, start = [], 0
    for end in range(1, len(waypoints)):
        if end == len(waypoints) - 1 or waypoints[end] in CORNERS:
            pieces.append(np.array(waypoints[start : end + 1], dtype=float))
            start = end
    return np.concatenate([_curve(piece)[0 if number == 0 else 1 :] for number, piece in enumerate(pieces)])


def _curve(points: np.ndarray) -> np.ndarray:
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.linspace(0, 1, 40, endpoint=False)[:, None]
    fine = [points[-1:]]
    for a, b, c, d in zip(padded[-4::-1], padded[-3::-1], padded[-2::-1], padded[:0:-1], strict=False):
        piece = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        fine.insert(0, piece)
    line = np.concatenate(fine)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.linspace(0, along[-1], max(2, round(along[-1] / SPACING)))
    return np.stack([np.interp(places, along, line[:, axis]) for axis in (0, 1)], axis=1)


def drawings() -> list[dict]:
    """`[{"digit": "2", "strokes": [[[x, y], ...], ...]}, ...]` in board units, rounded to a tenth."""
    return [
        {"digit": digit, "strokes": [np.round(_smooth(stroke), 1).tolist() for stroke in strokes]}
        for digit, strokes in WAYPOINTS.items()
    ]
