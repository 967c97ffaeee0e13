"""A contributed drawing as a row: a line of JSON in the store and on the Hub. Rows from the Hub are checked.

Every row may be published, so it has no room for anything that a reviewer cannot see. Of the strokes it holds
only the points on the board, and times that say no more than how fast the hand was.
"""

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
# Stored times are multiples of this, a quarter of a screen's frame.
TICK = 4  # milliseconds
# Longer rests between two points are stored as this.
PAUSE = 10_000  # milliseconds
# The longest row holds some 1,800 points; an ordinary digit has 20 to 150.
MAX_BYTES = 32_768
DIGITS = list("0123456789")
SOURCES = ("collector", "recognise")
ID = re.compile(r"[0-9A-Za-z-]{8,64}")
# Except for the strokes, the fields of a row are plain text that is safe to print in a terminal or on a card.
PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class Drawing:
    """One contributed drawing."""

    id: str
    # The digit that was asked for, "0".."9".
    label: str
    # In the form that `clean` returns.
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
        """The grey levels of the 28x28 pixels, 0..255, row by row."""
        return base64.b64decode(self.pixels)


def to_line(drawing: Drawing) -> str:
    """The row of a drawing, in ASCII and without the line break."""
    return json.dumps(asdict(drawing), separators=(",", ":"))


def parse(line: str | bytes) -> Drawing:
    """The drawing in a row, its strokes cleaned. Raises ValueError, whose message does not quote the row."""
    try:
        drawing = Drawing(**json.loads(line))
        drawing = replace(drawing, strokes=clean(drawing.strokes))
        texts = [value for name, value in vars(drawing).items() if name != "strokes"]
        is_whole = drawing.strokes and len(drawing.image) == board.SMALL**2 and len(line) <= MAX_BYTES
        is_named = ID.fullmatch(drawing.id) and drawing.label in DIGITS
        if is_whole and is_named and all(map(PRINTABLE.fullmatch, texts)):
            return drawing
    except (TypeError, ValueError, RecursionError):
        pass
    raise ValueError("a row is not a drawing as the page writes it")


# --- strokes ------------------------------------------------------------------------------------------------


def clean(payload: Any) -> list[dict]:
    """The strokes that are stored of a drawing: [{"points": [[x, y], ...], "radius": r, "times": [ms, ...]}].

    Points off the board are dropped with their times, and a stroke that leaves the board and comes back
    becomes two. Coordinates and radii are rounded to 0.1 board units. Times begin at 0, are multiples of
    TICK, and rest at most PAUSE between two points. They never run backwards: an earlier time is raised to
    the time before it. A stroke that was sent without times has none. Cleaning twice changes nothing more.

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
    """The times of a stroke from the page, [] when it has none."""
    times = raw.get("times", [])
    good = isinstance(times, list) and all(type(time) is int and 0 <= time <= LATEST for time in times)
    if not good or len(times) not in (0, len(raw["points"])):
        raise ValueError("The times of a stroke are whole milliseconds, one for each point.")
    return times


def drawn(strokes: list[dict]) -> np.ndarray:
    """Strokes on their board: uint8 (448, 448), 0 background .. 255 ink."""
    return board.render([board.Stroke(np.array(s["points"], np.float64), s["radius"]) for s in strokes])
