"""The files that browsers load, by the names under which they ask for them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
TYPES = {  # the ending of a file's name -> its media type
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def assets() -> dict[str, Path]:
    """Name -> file, of everything that a browser loads from either edition of the page."""
    return {path.name: path for path in sorted(HERE.iterdir()) if path.suffix in TYPES.keys() - {".html"}}


def media_type(name: str) -> str:
    """The media type of a file that `assets` names."""
    return TYPES[Path(name).suffix]


@cache
def fingerprint() -> str:
    """16 hexadecimal digits that change with any asset: part of its address, so that a browser may cache it for ever."""
    digest = hashlib.sha256()
    for name, path in assets().items():
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def examples() -> dict:
    """`{"radius": r, "drawings": [{"digit": "2", "strokes": [[[x, y], ...], ...]}, ...]}` in board units."""
    return json.loads((HERE / "examples.json").read_text())
