"""Checks the body of a request before Gradio sees it.

Gradio would fetch a picture from whatever address a call names, answer a call that it does not understand
without a sentence, and keep the arguments of a session long after the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from serving.limits import Refused
from serving.predict import ELSEWHERE, GONE

CALL = 'a call is {"data": [picture, top_k]} for predict and {"data": []} for info.'
# Parsing more values than these would hold up everybody.
MAX_VALUES = 60_000
SMALL = 2**16  # bytes of JSON without a picture


def check_call(path: str, raw: bytes, is_upload: Callable[[str], object]) -> None:
    """Raises Refused unless `raw` is a call that Gradio or MCP can answer without fetching anything."""
    body = parsed(raw)
    check_paths(body, is_upload)
    if "/v2/" in path:
        if not body.keys() <= {"picture", "top_k"} or ("predict" in path and "picture" not in body):
            raise Refused("The arguments are picture and top_k.")
    elif "/mcp" not in path:
        number, data = body.get("fn_index"), body.get("data")
        # `queue/join` names the endpoint by its number alone.
        known = {"predict": (None, 0), "info": (None, 1)}.get(path.rpartition("/")[2], (0, 1))
        if number not in known:
            raise Refused("This page has changed; load it again.", 404)
        if not isinstance(data, list) or len(data) != (0 if path.endswith("/info") or number == 1 else 2):
            raise Refused(CALL.capitalize())
        if body.get("session_hash") is not None and len(raw) > SMALL:
            raise Refused("A picture inside the request is sent without session_hash.")


def check_paths(value: object, is_upload: Callable[[str], object]) -> None:
    """Raises Refused if a file is named in `value` that was not uploaded to this page."""
    if isinstance(value, dict):
        path = value.get("path")
        if path is not None and not (isinstance(path, str) and is_upload(path)):
            raise Refused(ELSEWHERE if "://" in str(path)[:20] else GONE, code="bad picture")
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            check_paths(inner, is_upload)


def parsed(raw: bytes) -> dict:
    """The JSON object in a request's body. Raises Refused."""
    try:
        body = json.loads(raw) if raw.count(b",") <= MAX_VALUES else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(f"The request's body must be a JSON object of at most {MAX_VALUES:,} values.")
    return body


def check_form(media_type: str, raw: bytes) -> None:
    """Raises Refused unless a form has one part, because Gradio opens a file for each."""
    boundary = media_type.partition("boundary=")[2].partition(";")[0].strip('" ').encode()
    if not boundary or raw.count(b"--" + boundary) != 2 or b'name="files"' not in raw[:SMALL]:
        raise Refused("One picture is uploaded at a time, as the file `files` of a form.")
