"""Rows: a contributed drawing as a line of JSON in the store and on the Hub. Rows from elsewhere are checked.

Everything that is stored may be published, so a row has no room for anything that a reviewer cannot see: of
the strokes it holds only what is on the board, and times that say only how fast the hand was.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

import board

# Nobody draws a digit for three hours.
LATEST = 10_000_000  # milliseconds
# Times are stored in multiples of a quarter of a screen's frame.
TICK = 4  # milliseconds
# A longer rest between two points is stored as this.
PAUSE = 10_000  # milliseconds
# The longest row holds some 1,800 points; an ordinary digit has 20 to 150.
MAX_BYTES = 32_768
DIGITS = list("0123456789")
SOURCES = ("collector", "recognise")
ID = re.compile(r"[0-9A-Za-z-]{8,64}")
LICENCE_NAME = re.compile(r"[ -~]{1,100}")
# The fields of a row other than its strokes hold nothing that a terminal or a card would not print.
PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class Drawing:
    """One contributed drawing, as it is stored, sent to the Hub and reviewed."""

    id: str
    # The digit that was asked for, "0".."9".
    label: str
    # As `clean` returns them.
    strokes: list[dict]
    # MNIXEL's 28x28: 784 bytes in base64.
    pixels: str
    # The tab: "collector", or "recognise" for a correction of an answer.
    source: str
    # The version of the page.
    app: str
    # A random number for the writer.
    writer: str
    receipt_hash: str
    # The version of the terms.
    consent: str
    licence: str
    utc: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def image(self) -> bytes:
        """784 grey levels 0..255, row by row."""
        return base64.b64decode(self.pixels)


def to_line(drawing: Drawing) -> str:
    """The row as one line of JSON, ASCII only."""
    return json.dumps(asdict(drawing), separators=(",", ":"))


def parse(line: str | bytes) -> Drawing:
    """The drawing in a line of JSON, its strokes cleaned. Raises ValueError, which quotes nothing of it."""
    try:
        drawing = Drawing(**json.loads(line))
        drawing = replace(drawing, strokes=clean(drawing.strokes))
        texts = [value for name, value in vars(drawing).items() if name != "strokes"]
        is_whole = drawing.strokes and drawing.label in DIGITS and len(drawing.image) == board.SMALL**2
        if (
            is_whole
            and len(line) <= MAX_BYTES
            and ID.fullmatch(drawing.id)
            and all(map(PRINTABLE.fullmatch, texts))
        ):
            return drawing
    except (TypeError, ValueError, RecursionError):
        pass
    raise ValueError("a row is not a drawing as the page writes it")


# --- strokes ------------------------------------------------------------------------------------------------


def clean(payload: Any) -> list[dict]:
    """The part of a drawing that is stored: [{"points": [[x, y], ...], "radius": r, "times": [ms, ...]}].

    Points off the board are dropped, with their times; a stroke that leaves the board and comes back becomes
    two. Coordinates and radii are rounded to 0.1 board units. Times begin at 0, never run backwards (an
    earlier time is raised to the one before it), rest at most PAUSE between two points, and are multiples of
    TICK; a stroke sent without times has none. Cleaning is idempotent.

    Raises ValueError, with one sentence, for what is not a drawing (see `board.parse_strokes`).
    """
    stored: list[dict] = []
    for stroke, raw in zip(board.parse_strokes(payload), payload, strict=True):
        times = _times(raw)
        # Adding 0.0 turns -0.0 into 0.0.
        points = stroke.points.round(1) + 0.0
        inside = ((points >= 0) & (points <= board.SIZE)).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
        for first, end in edges.reshape(-1, 2).tolist():
            part = {"points": points[first:end].tolist(), "radius": round(stroke.radius, 1)}
            stored.append({**part, "times": times[first:end]})
    sent = np.array([time for stroke in stored for time in stroke["times"]], dtype=np.int64)
    latest = np.maximum.accumulate(sent)
    passed = np.cumsum(np.minimum(np.diff(latest, prepend=latest[:1]), PAUSE)) // TICK * TICK
    cleaned = iter(passed.tolist())
    for part in stored:
        part["times"] = [next(cleaned) for _ in part["times"]]
    return stored


def _times(raw: dict) -> list[int]:
    """The times of a sent stroke, [] when it has none."""
    times = raw.get("times", [])
    good = isinstance(times, list) and all(type(time) is int and 0 <= time <= LATEST for time in times)
    if not good or len(times) not in (0, len(raw["points"])):
        raise ValueError("The times of a stroke are whole milliseconds, one for each point.")
    return times


def drawn(strokes: list[dict]) -> np.ndarray:
    """Strokes on their board: uint8 (448, 448), 0 background .. 255 ink."""
    return board.render([board.Stroke(np.array(s["points"], np.float64), s["radius"]) for s in strokes])
