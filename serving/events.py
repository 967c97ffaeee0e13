"""Gradio behind the gate: its page gets the nonce, its queue only what the named endpoints take, its errors become sentences."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from serving.limits import BadRequest, Refused
from serving.predict import Predictor

REFUSALS = {404: "There is nothing here.", 503: "The server is busy; try again in a moment."}  # of Gradio's, in words
REFUSED = "The request could not be carried out; check its arguments."


class Gradio:
    """Gradio's application; `events` says how many arguments each of its events takes."""

    def __init__(self, app, events: dict[int, int], predictor: Predictor, opened):
        self.app, self.events, self.predictor, self.opened = app, events, predictor, opened

    async def __call__(self, scope, receive, send) -> None:
        """Router's default: what is not answered by a route of ours."""
        if scope["method"] == "POST":
            return await (await self.event(Request(scope, receive)))(scope, receive, send)
        status = 0

        async def screen(message: dict) -> None:
            nonlocal status
            status = status or message["status"]
            if status < 400:
                await send(message)

        await self.app(without(scope, b"origin"), receive, screen)
        if status >= 400:
            raise BadRequest(REFUSALS.get(status, REFUSED), status)

    async def page(self, request: Request) -> Response:
        """The page itself: its own scripts get this response's nonce, and no others run."""
        response = await self._whole(request.scope, b"")
        if request.method == "GET":
            self.opened()
        nonce = request.scope["nonce"].encode()
        html = response.body.replace(b"<script", b'<script nonce="' + nonce + b'"')
        return Response(html, media_type="text/html", headers={"cache-control": "no-store"})  # a nonce is good for once

    async def event(self, request: Request, question: dict | None = None) -> Response:
        """A call of Gradio's queue, or of an event of its page by number, once its arguments are known to be what they take."""
        question = parse(await request.body()) if question is None else question
        path = request.url.path.rstrip("/")
        name = path.rsplit("/", 1)[-1]
        if "/call/v2/" in path:  # arguments by their names, as the page's schema says
            names = ("picture", "top_k") if name == "predict" else ()
            question = {"data": [question[each] for each in names if each in question]}
            path = path.replace("/v2/", "/")
        number, session, data = question.get("fn_index"), question.get("session_hash"), question.get("data")
        if not isinstance(data, list):
            raise BadRequest('The request\'s body must be {"data": [...]}, the arguments in a list.')
        if session is not None and not (isinstance(session, str) and len(session) <= 64):
            raise BadRequest("session_hash is a word of at most 64 letters.")
        if number is not None and (type(number) is not int or self.events.get(number) != len(data)):
            raise BadRequest("This page has changed; load it again.", 404, "no such path")
        if number is None and name not in ("predict", "info"):
            raise BadRequest("An event is called by its number, fn_index.")
        takes = self.events[number] if number is not None else 2 * (name == "predict")
        clean = {"data": self._arguments(data, takes), "session_hash": session, "fn_index": number}
        body = json.dumps({key: value for key, value in clean.items() if value is not None}).encode()
        response = await self._whole({**request.scope, "path": path, "raw_path": path.encode()}, body)
        if response.status_code >= 400:
            raise BadRequest(REFUSALS.get(response.status_code, REFUSED), min(response.status_code, 503))
        return response

    def _arguments(self, data: list, takes: int) -> list:
        """Nothing, or a picture that was uploaded here and a number. Raises BadRequest; Gradio would log what it refuses."""
        if takes == 0 and not data:
            return []
        if takes != 2 or not 1 <= len(data) <= 2:
            raise BadRequest("Send a picture, and how many digits to list, top_k.")
        picture, top_k = self.predictor.checked(data[0], *data[1:])
        if picture.startswith("data:"):  # Gradio keeps it in memory long after the answer
            raise BadRequest("Here a picture is uploaded first; /gradio_api/run/predict takes it in the request.")
        return [{"path": picture, "meta": {"_type": "gradio.FileData"}}, top_k]

    async def _whole(self, scope: dict, body: bytes) -> Response:
        """Gradio's whole response, uncompressed."""
        start, parts = {}, []

        async def receive() -> dict:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: dict) -> None:
            start.update(message) if message["type"] == "http.response.start" else parts.append(message.get("body", b""))

        await self.app(without(scope, b"origin", b"accept-encoding", b"content-length"), receive, keep)
        response = Response(b"".join(parts), start["status"])
        response.raw_headers = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
        response.raw_headers.append((b"content-length", str(len(response.body)).encode()))
        return response


def without(scope: dict, *names: bytes) -> dict:
    """A request without these headers: our own middleware answers for origins, and compresses."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in names]}


def parse(raw: bytes) -> dict:
    """The object that a body holds. Raises BadRequest."""
    try:
        question = json.loads(raw) if raw.count(b",") <= 60_000 else None  # parsing more would hold up everybody
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        raise BadRequest("The request's body must be a JSON object.")
    return question
