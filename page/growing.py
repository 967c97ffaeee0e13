"""A drawing that grows is drawn on, not drawn anew: while the pen is down each question repeats the one before and adds to it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import board
from board import Stroke

KEPT = 100  # drawings, 200 kB each; more hands than that are rarely on the board in the same second
SECONDS = 5.0  # that a drawing is remembered after its last question


class _Board(NamedTuple):
    strokes: list[Stroke]
    picture: np.ndarray
    when: float


class Growing:
    """`render` as `board.render`, remembering for a few seconds what it drew last. Any thread may call it.

    A picture is the maximum over the pieces of its lines, so what was drawn before and what came since can be put together: the
    result is the same to the last bit.
    """

    def __init__(self):
        self._known: OrderedDict[tuple, _Board] = OrderedDict()  # by how a drawing begins; the oldest first
        self._lock = threading.Lock()

    def render(self, strokes: Sequence[Stroke]) -> np.ndarray:
        """Uint8 (448, 448), 0 background .. 255 ink; not to be written to."""
        if not strokes:
            return board.render(strokes)
        key = (*strokes[0].points[0].tolist(), strokes[0].radius)
        with self._lock:
            known = self._known.get(key)
        if known is not None and _begins(known.strokes, strokes):
            last = len(known.strokes) - 1
            tail = Stroke(strokes[last].points[len(known.strokes[last].points) - 1 :], strokes[last].radius)
            rest = [*([tail] if len(tail.points) > 1 else []), *strokes[last + 1 :]]
            picture = np.maximum(known.picture, board.render(rest)) if rest else known.picture
        else:
            picture = board.render(strokes)
        now = time.monotonic()
        with self._lock:
            self._known[key] = _Board(list(strokes), picture, now)
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return picture

    def forget(self) -> None:
        """Drop what was not asked about for SECONDS; somebody has to call this now and then."""
        with self._lock:
            while self._known and next(iter(self._known.values())).when < time.monotonic() - SECONDS:
                self._known.popitem(last=False)


def _begins(earlier: Sequence[Stroke], later: Sequence[Stroke]) -> bool:
    """Whether a drawing is an earlier one with something added to its last stroke, or after it."""
    if len(earlier) > len(later) or len(earlier[-1].points) < 2:  # a dot that becomes a line has other rounding
        return False
    return all(
        before.radius == after.radius
        and (
            len(before.points) <= len(after.points)
            if before is earlier[-1]
            else len(before.points) == len(after.points)
        )
        and np.array_equal(before.points, after.points[: len(before.points)])
        for before, after in zip(earlier, later, strict=False)
    )
