"""What a request's body must look like before Gradio sees it: it is let through as it is, or refused.

When Gradio does not understand a call, it answers without a sentence, and writes the call into the log with
the picture in it. It also fetches pictures from wherever a caller says.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from serving.limits import Refused
from serving.predict import ELSEWHERE, GONE

# The parts of a call. The JavaScript client sends the last two as null.
PARTS = {"data", "session_hash", "fn_index", "event_data", "trigger_id"}
NO_CALL = 'A call is {"data": [picture, top_k]} for predict and {"data": []} for info.'
NO_RPC = "This is not a JSON-RPC 2.0 request with a method and named params."
# Values in a body. Parsing more of them would hold up everybody.
MAX_VALUES = 60_000
SMALL = 2**16  # bytes of JSON without a picture


def check_call(path: str, raw: bytes, is_upload: Callable[[str], object]) -> None:
    """Raises Refused unless `raw` is a call of `/predict` or `/info` as Gradio's routes and MCP take it."""
    body = parsed(raw)
    if "/mcp" in path:
        params = body.get("params") or {}
        values = params.get("arguments") or {} if isinstance(params, dict) else None
        if body.get("jsonrpc") != "2.0" or "method" not in body or not isinstance(values, dict):
            raise Refused(NO_RPC)
    elif "/v2/" in path:
        values = body
        if not body.keys() <= {"picture", "top_k"} or "predict" in path and "picture" not in body:
            raise Refused("The arguments are picture and top_k.")
    else:
        number, session, data = body.get("fn_index"), body.get("session_hash"), body.get("data")
        info = "/info" in path or number == 1
        if number not in ((0, 1) if "/join" in path else (None, int(info))) or isinstance(number, bool):
            raise Refused("This page has changed; load it again.", 404)
        if not isinstance(data, list) or len(data) != (0 if info else 2):
            raise Refused(NO_CALL)
        if any(body[name] not in (None, False) for name in body.keys() - PARTS):
            raise Refused(NO_CALL)
        # Gradio keeps the arguments of a session long after the answer.
        if session is not None and (not isinstance(session, str) or len(session) > 64 or len(raw) > SMALL):
            raise Refused("session_hash is a word, and a picture inside the request comes without one.")
        values = dict(enumerate(data))
    for value in values.values():
        check_argument(value, is_upload)


def check_argument(value: object, is_upload: Callable[[str], object]) -> None:
    """Raises Refused unless it is a text, a number, None, or a picture wrapped as `handle_file` does."""
    wrapping = value if isinstance(value, dict) else {"value": value}
    for name, inner in wrapping.items():
        if isinstance(inner, (list, dict)) and (name, inner) != ("meta", {"_type": "gradio.FileData"}):
            raise Refused("An argument is a text, a number, or a picture as handle_file(...) wraps it.")
    path = wrapping.get("path")
    if path is not None and not (isinstance(path, str) and is_upload(path)):
        raise Refused(ELSEWHERE if "://" in str(path)[:20] else GONE, code="bad picture")


def parsed(raw: bytes) -> dict:
    """The object that a request's body holds. Raises Refused."""
    try:
        body = json.loads(raw) if raw.count(b",") <= MAX_VALUES else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(f"The request's body must be a JSON object, of at most {MAX_VALUES:,} values.")
    return body


def check_form(media_type: str, raw: bytes) -> None:
    """Raises Refused unless a form has one part; Gradio opens a file for each."""
    boundary = media_type.partition("boundary=")[2].partition(";")[0].strip('" ').encode()
    if not boundary or raw.count(b"--" + boundary) != 2 or b'name="files"' not in raw[:SMALL]:
        raise Refused("One picture is uploaded at a time, as the file `files` of a form.")
