"""What is stored of the strokes that a page sends: what is on the board, with times that tell how fast the hand was and nothing else.

Everything that is stored may be published, so there must be no room in it for what a reviewer cannot see.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import board

MAX_POINTS = 2_000  # of a contributed drawing; an ordinary digit has 20 to 150
LATEST = 10_000_000  # milliseconds: nobody draws a digit for three hours
TICK = 4  # milliseconds: times are stored in multiples of it, a quarter of a screen's frame
PAUSE = 10_000  # milliseconds: a longer rest between two points is stored as this


def clean(payload: Any) -> list[dict]:
    """The part of a drawing that is stored: [{"points": [[x, y], ...], "radius": r, "times": [ms, ...]}, ...].

    Points off the board are dropped, with their times; a stroke that leaves the board and comes back becomes two, and one of which
    nothing is left goes. Coordinates and radii are rounded to 0.1 board units. Times begin at 0, never run backwards (an earlier time
    is raised to the one before it), rest at most PAUSE between two points, and are multiples of TICK; a stroke sent without times has
    none. Cleaning twice is cleaning once.

    Raises ValueError, with one sentence, for what is no drawing (see `board.parse_strokes`).
    """
    stored: list[dict] = []
    clock = _Clock()
    for stroke, raw in zip(board.parse_strokes(payload), payload, strict=True):
        times = _times(raw)
        points = stroke.points.round(1) + 0.0  # no -0.0
        inside = ((points >= 0) & (points <= board.SIZE)).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
        for first, end in edges.reshape(-1, 2).tolist():
            stored.append(
                {
                    "points": points[first:end].tolist(),
                    "radius": round(stroke.radius, 1),
                    "times": [clock.at(time) for time in times[first:end]],
                }
            )
    return stored


def limited(strokes: list[dict]) -> list[dict]:
    """The same strokes, if they are few enough to be contributed. Raises ValueError with one sentence."""
    points = sum(len(stroke["points"]) for stroke in strokes)
    if points > MAX_POINTS:
        raise ValueError(
            f"A contributed drawing has at most {MAX_POINTS:,} points; this one has {points:,}. Draw it anew."
        )
    if len(strokes) > board.MAX_STROKES:
        raise ValueError(
            f"A drawing has at most {board.MAX_STROKES} strokes; this one has {len(strokes)}. Draw it anew."
        )
    return strokes


class _Clock:
    """Times as they are stored, for the times of one point after the other."""

    def __init__(self) -> None:
        self.latest: int | None = None
        self.passed = 0

    def at(self, time: int) -> int:
        if self.latest is not None:
            self.passed += min(max(time - self.latest, 0), PAUSE)
        self.latest = max(time, self.latest or 0)
        return self.passed // TICK * TICK


def _times(raw: dict) -> list[int]:
    """The times of a stroke that was sent, [] when it has none."""
    times = raw.get("times", [])
    good = isinstance(times, list) and all(type(time) is int and 0 <= time <= LATEST for time in times)
    if not good or len(times) not in (0, len(raw["points"])):
        raise ValueError("The times of a stroke are whole milliseconds, one for each point.")
    return times
