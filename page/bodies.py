"""What a request's body may say before Gradio or a network hears of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from gradio.utils import get_upload_folder

from page.visitors import BadRequest

VALUES = 60_000  # in a body: 10,000 points with their times have half as many
PATH = 1024  # letters of a file's path
LINK = re.compile(r"\s*[a-z][a-z0-9+.-]+:", re.I)
ARGUMENTS = (
    "The picture must be a file: wrap its path in handle_file(...), or send it as a data URL; top_k is a number."
)
NO_PICTURE = "There is no picture: send one as the first argument."
TOP_K = "top_k is a whole number from 1 to 10."
NoneType = type(None)
SHAPE = 'The request\'s body must be {"data": [...]}, the arguments in a list.'


def parse(raw: bytes) -> dict:
    """The object that a body holds. Raises BadRequest."""
    if raw.count(b",") > VALUES:  # parsing them would hold up everybody
        raise BadRequest("The request holds too many values; a drawing has at most 10,000 points.", 413, "too large")
    try:
        question = json.loads(raw)
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        raise BadRequest("The request's body must be a JSON object.")
    session = question.get("session_hash")
    if session is not None and not (isinstance(session, str) and len(session) <= 64):
        raise BadRequest("session_hash is a word of at most 64 letters.")
    return question


def whole_top_k(value: object) -> int:
    """A top_k of 1 to 10. Raises BadRequest."""
    if type(value) not in (int, float) or value not in range(1, 11):
        raise BadRequest(TOP_K, 400, "bad picture")
    return int(value)


def check_event(
    question: dict, name: str | None, events: dict[int, int], in_request: bool = False, use_stock: bool = False
) -> None:
    """Let through only what the page's events take: a number, files that were uploaded here. Raises BadRequest.

    `name` is that of an endpoint, `events` says how many arguments each event takes that is called by number; `in_request`: a
    picture may also be a data URL. What Gradio itself refuses it logs with what the visitor sent, and answers without a word.
    """
    data = question.get("data")
    if not isinstance(data, list):
        raise BadRequest(SHAPE)
    for number in ("fn_index", "trigger_id"):
        if question.get(number) is not None and type(question[number]) is not int:
            raise BadRequest(f"{number} is a whole number.")
    if question.get("fn_index") is not None:
        if events.get(question["fn_index"]) != len(data):
            raise BadRequest("This page has changed; load it again.", 404, "no such path")
    elif name == "predict":
        if not data:
            raise BadRequest(NO_PICTURE, 400, "bad picture")
        if len(data) > 2:
            raise BadRequest(ARGUMENTS)
        data.extend([3] * (2 - len(data)))  # top_k as it is by default
    elif name != "info" or data:
        raise BadRequest(ARGUMENTS)
    for place, value in enumerate(data):
        if place == 1 and not isinstance(value, (int, float, NoneType)):
            raise BadRequest(TOP_K, 400, "bad picture")
        if use_stock and isinstance(value, dict) and ("layers" in value or "id" in value):
            data[place] = _sketch(value)
        elif isinstance(value, dict):
            data[place] = _file(value, in_request)
        elif isinstance(value, (str, list)) or (place == 0 and value is not None):
            raise BadRequest(ARGUMENTS)


def _sketch(sketch: dict) -> dict:
    """What Gradio's own sketchpad sends: the name under which its layers were sent, or files."""
    layers, name = sketch.get("layers", []), sketch.get("id")
    if not isinstance(layers, list) or len(layers) > 3 or not isinstance(name, (str, NoneType)):
        raise BadRequest(ARGUMENTS)
    files = []
    for file in (sketch.get("background"), sketch.get("composite"), *layers):
        if not isinstance(file, (dict, NoneType)):
            raise BadRequest(ARGUMENTS)
        files.append(None if file is None else _file(file, False))
    return {"background": files[0], "composite": files[1], "layers": files[2:], "id": name}


def _file(file: dict, in_request: bool) -> dict:
    """A picture as Gradio's clients send it: uploaded before, or, where it may stand `in_request`, as a data URL."""
    path, url = file.get("path"), file.get("url")
    if not isinstance(path, (str, NoneType)) or not isinstance(url, (str, NoneType)):
        raise BadRequest(ARGUMENTS)
    clean = {"meta": {"_type": "gradio.FileData"}}
    if path is None and url is not None and url.startswith("data:"):
        if not in_request:  # Gradio keeps it in memory long after the answer
            raise BadRequest("Here a picture is uploaded first; /gradio_api/run/predict takes it in the request.")
        return {**clean, "url": url}
    if path is None or len(path) > PATH or LINK.match(path):
        raise BadRequest("The page fetches nothing from other places: download the picture and send the file.")
    folder, wanted = Path(get_upload_folder()).resolve(), Path(path)
    try:
        here = wanted.resolve().is_relative_to(folder) and wanted.is_file()
    except (OSError, ValueError):  # a name that is none
        here = False
    if not here:
        raise BadRequest(
            "There is no such uploaded picture: wrap its path in handle_file(...), or send it as a data URL.",
            400,
            "bad picture",
        )
    return {**clean, "path": path, "orig_name": wanted.name}
