"""The ways into the page: which paths it needs, whose allowance they use, how large a body they take. Everything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from page.pictures import MAX_BYTES
from page.visitors import BadRequest

PICTURE = MAX_BYTES * 4 // 3 + 4096  # bytes of a JSON body with a picture as a data URL
DRAWING = 4 * 2**20  # bytes of a live question: 10,000 points, or a picture that the browser made small
UPLOAD = 2 * MAX_BYTES  # a picture, and what is around it

FUNCTIONS = {  # what the page's own components may ask -> whose allowance it uses
    "recognise": "ask",
    "look": "ask",
    "status": "ask",
    "keep": "keep",
    "consent": "enrol",
    "collection": "take",
    "forget": "take",
}


@dataclass(frozen=True)
class Door:
    """One way in: which methods, which paths, whose allowance, how large a body."""

    methods: str
    path: re.Pattern
    kind: str
    body: int = 0


def _door(methods: str, path: str, kind: str, body: int = 0) -> Door:
    return Door(methods, re.compile(path), kind, body)


API = "/gradio_api"
NAMES = "(predict|info)/?"  # the named endpoints; `predict` is also how the page's own events run, by number
DOORS = (
    _door("GET HEAD", "/", "page"),
    _door("GET", "/(config/?|theme.css|robots.txt|manifest.json|favicon.ico|pwa_icon(/[0-9]+)?)", "page"),
    _door("GET", r"/(static|assets)/(?!.*\.\.)[^?]+", "page"),
    _door("GET", f"{API}/(info/?|openapi.json|theme.css|app_id/?)", "page"),
    _door("GET", f"{API}/heartbeat/[^/]{{1,64}}", "visit"),
    _door("GET", f"{API}/(queue/data|call/{NAMES}[^/]+)", "stream"),
    _door("POST", f"{API}/component_server/?", "ask", DRAWING),
    _door("POST", f"{API}/(run|api)/{NAMES}", "run", PICTURE),
    _door("POST", f"{API}/mcp/?", "tools", PICTURE),
    _door("GET", f"{API}/mcp/schema/?", "tools"),
    _door("POST", f"{API}/(queue/join|call/(v2/)?{NAMES})", "call", PICTURE),
    _door("POST", f"{API}/upload/?", "upload", UPLOAD),
    _door("GET HEAD", "/(health|metrics)", "status"),
)
STOCK = (  # what Gradio's own sketchpad needs besides: its pictures come back as files
    _door("GET HEAD", f"{API}/file=.+", "page"),
    _door("GET", f"{API}/upload_progress", "stream"),
)


def find(doors: tuple[Door, ...], method: str, path: str) -> Door:
    """The way in for a request. Raises BadRequest."""
    here = [door for door in doors if door.path.fullmatch(path)]
    for door in here:
        if method in door.methods.split() or (method == "OPTIONS" and "POST" in door.methods):
            return door
    if here:
        raise BadRequest(f"This takes {' or '.join(here[0].methods.split())} only.", 405)
    raise BadRequest("There is nothing here.", 404, "no such path")
