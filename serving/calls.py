"""What a call of `/predict` or `/info` must look like before Gradio sees it.

Gradio answers what it does not understand without a sentence, writes it into the log with the picture in it, and
fetches pictures from wherever a caller says. Nothing is changed here: a call is let through or refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from serving.limits import Refused
from serving.predict import ELSEWHERE, GONE

ARGUMENTS = {"predict": ("picture", "top_k"), "info": ()}
MAX_VALUES = 10_000  # in a body; parsing more would hold up everybody
INLINE = 2**16  # bytes; Gradio keeps the arguments of a session long after the answer, so there they are small
CHANGED = "This page has changed; load it again."
NOT_RPC = "This is not a JSON-RPC 2.0 request with a method and named params."


def check_call(path: str, raw: bytes, is_upload: Callable[[str], object]) -> None:
    """Raises Refused unless the body `raw` of a request to `path` is a call that Gradio or MCP can carry out."""
    body = parsed(raw)
    last = path.rstrip("/").rpartition("/")[2]
    if last == "mcp":
        params = body.get("params", {})
        if body.get("jsonrpc") != "2.0" or not isinstance(body.get("method"), str) or not isinstance(params, dict):
            raise Refused(NOT_RPC)
        arguments = params.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise Refused(NOT_RPC)
        check_arguments(list(arguments.values()), is_upload)
        return
    session, number, names = body.get("session_hash"), body.get("fn_index"), list(ARGUMENTS)
    if not isinstance(session, (str, type(None))) or len(session or "") > 64:
        raise Refused("session_hash is a word of at most 64 letters.")
    if session and len(raw) > INLINE:
        raise Refused("A picture inside the request is sent without session_hash.")
    if number is not None or last == "join":
        if type(number) is not int or number not in range(len(names)) or last not in ("join", names[number]):
            raise Refused(CHANGED, 404)
        last = names[number]
    if "/v2/" in path:  # the arguments by their names
        if unknown := sorted(body.keys() - set(ARGUMENTS[last])):
            raise Refused(f"There is no argument {unknown[0][:40]!r}; there are {', '.join(ARGUMENTS[last]) or 'none'}.")
        if "picture" in ARGUMENTS[last] and "picture" not in body:
            raise Refused("There is no picture: send one as the argument `picture`.")
        data = list(body.values())
    else:
        data = body.get("data")
        if not isinstance(data, list) or len(data) != len(ARGUMENTS[last]):
            raise Refused(
                f'The request\'s body must be {{"data": [{", ".join(ARGUMENTS[last])}]}}, the arguments in a list.'
            )
    if body.get("batched") or any(body.get(name) is not None for name in ("event_id", "trigger_id", "event_data")):
        raise Refused("A call has `data`, and may have `session_hash`; nothing else is carried out.")
    check_arguments(data, is_upload)


def parsed(raw: bytes) -> dict:
    """The object that a request's body holds. Raises Refused."""
    try:
        body = json.loads(raw) if raw.count(b",") <= MAX_VALUES else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(f"The request's body must be a JSON object, of at most {MAX_VALUES:,} values.")
    return body


def check_arguments(values: list, is_upload: Callable[[str], object]) -> None:
    """Raises Refused unless each value is a text, a number, None, or an upload or data URL in Gradio's wrapping."""
    for value in values:
        wrapping = value if isinstance(value, dict) else {"value": value}
        for name, inner in wrapping.items():
            if isinstance(inner, list) or isinstance(inner, dict) and (name != "meta" or inner != META):
                raise Refused("An argument is a text or a number; a picture may be wrapped as handle_file(...) does.")
        path = wrapping.get("path")
        if path is not None and not (isinstance(path, str) and is_upload(path)):
            elsewhere = isinstance(path, str) and "://" in path[:20]
            raise Refused(ELSEWHERE if elsewhere else GONE, code="bad picture")


META = {"_type": "gradio.FileData"}
