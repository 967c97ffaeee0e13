"""The files that browsers load, by the paths in their addresses."""

import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
# These files are at the top of the static edition.
STATIC = HERE / "static"
# Suffix of a file's name -> media type.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
STYLES = ("page.css", "teach/teach.css")
# The board needs these scripts, so the browser fetches all of them at once.
PRELOADED = ("words.js", "parts.js", "tabs.js", "draw/sketchpad.js", "read/engine.js", "read/digit.js")


def assets() -> dict[str, Path]:
    """Path below web/ -> file, of everything that browsers load from either edition of the page."""
    found = (path for path in sorted(HERE.rglob("*")) if path.suffix in TYPES and STATIC not in path.parents)
    return {path.relative_to(HERE).as_posix(): path for path in found}


def media_type(name: str) -> str:
    """The media type of an asset."""
    return TYPES[Path(name).suffix]


@cache
def fingerprint() -> str:
    """16 hexadecimal digits that change with any asset, so that browsers may cache addresses with them."""
    digest = hashlib.sha256()
    for name, path in assets().items():
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def head(base: str) -> str:
    """The HTML that loads styles and scripts from `base`, which is empty or ends in a slash."""
    styles = [f'<link rel="stylesheet" href="{base}{name}">' for name in STYLES]
    scripts = [f'<link rel="modulepreload" href="{base}{name}">' for name in ("main.js", *PRELOADED)]
    return "\n".join([*styles, *scripts])
