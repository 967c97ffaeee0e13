"""What a request's body may say before Gradio or a network hears of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from gradio.utils import get_upload_folder

from page.visitors import BadRequest

VALUES = 60_000  # in a body: 10,000 points with their times have half as many
LINK = re.compile(r"\s*[a-z][a-z0-9+.-]+:", re.I)
ARGUMENTS = "The arguments are a picture file and a number, or none; see the page's API."
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


def check_event(question: dict, name: str | None, events: dict[int, int], use_stock: bool = False) -> None:
    """Let through only what the page's events take: a number, files that were uploaded here. Raises BadRequest.

    `name` is that of an endpoint, `events` says how many arguments each event takes that is called by number. What Gradio itself
    refuses it logs with what the visitor sent, and answers without a word.
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
            raise BadRequest("There is no picture: send one as the first argument.", 400, "bad picture")
        if len(data) > 2:
            raise BadRequest(ARGUMENTS)
        data.extend([3] * (2 - len(data)))  # top_k as it is by default
    elif name != "info" or data:
        raise BadRequest(ARGUMENTS)
    for place, value in enumerate(data):
        if place == 1 and not isinstance(value, (int, float, NoneType)):
            raise BadRequest(TOP_K, 400, "bad picture")
        if use_stock and isinstance(value, dict) and "layers" in value:
            _check_sketch(value)
        elif isinstance(value, dict):
            _check_file(value)
        elif isinstance(value, (str, list)) or (place == 0 and value is not None):
            raise BadRequest(ARGUMENTS)


def _check_sketch(sketch: dict) -> None:
    """What Gradio's own sketchpad sends: the name under which its layers were sent, or files."""
    layers = sketch["layers"]
    if not isinstance(layers, list) or len(layers) > 3 or not isinstance(sketch.get("id"), (str, NoneType)):
        raise BadRequest(ARGUMENTS)
    for file in (sketch.get("background"), sketch.get("composite"), *layers):
        if isinstance(file, dict):
            _check_file(file)
        elif file is not None:
            raise BadRequest(ARGUMENTS)


def _check_file(file: dict) -> None:
    """A picture as Gradio's clients send it: uploaded before, or as a data URL."""
    path, url = file.get("path"), file.get("url")
    named = {key: value for key, value in file.items() if key not in ("path", "url", "meta", "is_stream", "size")}
    if (
        not isinstance(path, (str, NoneType))
        or not isinstance(url, (str, NoneType))
        or not isinstance(file.get("meta", {}), dict)
        or not isinstance(file.get("is_stream", False), bool)
        or type(file.get("size")) not in (int, NoneType)
        or not set(named) <= {"orig_name", "mime_type"}
        or not all(isinstance(value, (str, NoneType)) and len(value or "") <= 300 for value in named.values())
    ):
        raise BadRequest(ARGUMENTS)
    if path is None and url is not None and url.startswith("data:"):
        return
    if path is None or LINK.match(path):
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
