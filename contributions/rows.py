"""One contributed drawing as a row: a line of JSON in the store, on the Hub and in review. Rows from elsewhere are checked."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

from contributions.strokes import clean

MAX_BYTES = 32_768  # of a new row
LONGEST = 400_000  # bytes of a row from elsewhere: earlier versions stored drawings of up to 10,000 points
SOURCES = ("collector", "recognise")
ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_FORMER = ("opinion", "confidence", "weights")  # what terms "1" kept besides; no longer read
_TEXT = {  # field -> what it looks like
    "id": ID,
    "label": re.compile(r"[0-9]"),
    "source": re.compile("|".join(SOURCES)),
    "app": re.compile(r"[0-9A-Za-z.+-]{0,40}"),
    "writer": re.compile(r"[0-9a-f]{8,32}"),
    "receipt_hash": re.compile(r"[0-9a-f]{64}"),
    "consent": re.compile(r"[0-9]{1,4}"),
    "licence": re.compile(r"[ -~]{1,100}"),
    "utc": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", re.ASCII),
}


@dataclass(frozen=True)
class Drawing:
    """One contributed drawing, as it is stored, sent to the Hub and reviewed."""

    id: str
    label: str  # the digit that was asked for, "0".."9"
    strokes: list[dict]  # {"points": [[x, y], ...], "radius": r, "times": [ms, ...]}; see `strokes.clean`
    pixels: str  # MNIXEL's 28x28, 784 bytes, base64
    source: str  # "collector", or "recognise" for an answer that was judged
    app: str  # version of the page
    writer: str  # random
    receipt_hash: str
    consent: str  # version of the terms
    licence: str
    utc: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def image(self) -> bytes:
        """784 grey levels 0..255, row by row."""
        return base64.b64decode(self.pixels)


NAMES = {f.name for f in fields(Drawing)}


def to_line(drawing: Drawing) -> str:
    """The row as one line of JSON, ASCII only."""
    return json.dumps(asdict(drawing), separators=(",", ":"))


def parse(line: str | bytes) -> Drawing:
    """The drawing in a line of JSON, its strokes cleaned. Raises ValueError with what is wrong, which quotes nothing of the line."""
    if len(line) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} bytes")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    row = {name: value for name, value in row.items() if name not in _FORMER}
    if set(row) != NAMES:
        missing = ", ".join(sorted(NAMES - set(row)))
        raise ValueError(f"it lacks {missing}" if missing else "it has fields that no drawing has")
    for name, pattern in _TEXT.items():
        if not isinstance(row[name], str) or not pattern.fullmatch(row[name]):
            raise ValueError(f"its {name} is not what a page writes")
    try:
        pixels = base64.b64decode(row["pixels"], validate=True)
    except (ValueError, TypeError):
        pixels = b""
    if len(pixels) != 784 or not isinstance(row["pixels"], str):
        raise ValueError("its picture is not 28x28")
    try:
        strokes = clean(row["strokes"])
    except ValueError:
        strokes = []
    if not strokes:
        raise ValueError("its strokes draw nothing on the board")
    return Drawing(**{**row, "strokes": strokes})
