"""The door: what comes in is bounded before anything looks at it, what goes out has its headers, all is counted.

An ASGI application around Gradio's. A request goes through if its path is one that the page needs, its address has not asked too
much, its body is small enough and has the shape that Gradio expects. Live drawings and `/predict` are answered here and now, by the
same functions as in Gradio's handlers but without their cost, and so are tools (page/tools.py); everything else goes on to Gradio.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from starlette.requests import ClientDisconnect

from page import bodies, tools
from page.counts import Counts, log_failure
from page.doors import DOORS, FUNCTIONS, STOCK, Door, find
from page.growing import Growing
from page.lane import Busy, Lane
from page.pictures import open_data_url, open_picture
from page.recognise import picture_of, reply, revision_of
from page.visitors import BadRequest, Refused, Visitors

Scope, Receive, Send = dict, Callable[[], Awaitable[dict]], Callable[[dict], Awaitable[None]]

PATIENCE = 20.0  # seconds that a body may take to arrive
SMALL = 64 * 2**10  # bytes of a body that need no room to be found for them
LINE = 2048  # bytes of a path with its query
FAILURE = "Something went wrong here; it is no fault of yours."
BUSY = "The page is busy. Your drawing is kept; the answer comes as soon as it can."

REFUSALS = {  # what Gradio refuses, in words
    400: "The request could not be carried out; check its arguments.",
    403: "There is nothing here.",
    404: "There is nothing here.",
    405: "This cannot be asked so.",
    413: "This is too large.",
    422: bodies.SHAPE,
    429: "There were too many requests; wait a little.",
    503: "The page is busy; try again in a moment.",
}
EVENT = ("data", "fn_index", "session_hash", "trigger_id")  # what Gradio is told of an event
POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "  # Gradio makes functions of its components' scripts
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{hub}; font-src 'self' data:; connect-src 'self'{hub}; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self' https://huggingface.co"
)
HUB = " https://huggingface.co" if os.environ.get("SPACE_ID") else ""  # Gradio shows there whose Space it is
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")  # assets carry a hash in their names


class Guard:
    """The application `app` behind its door.

    `status` answers `/health` and `/metrics`, `info` the endpoint of that name; `components` are those that have a function,
    `events` how many arguments each event takes.
    """

    def __init__(
        self,
        app: Callable,
        drawings: Lane,
        pictures: Lane,
        counts: Counts,
        status: Callable[[Scope], tuple[int, bytes, str]],
        info: Callable[[], dict],
        components: dict[str, set[int]],
        events: dict[int, int],
        use_stock: bool = False,
        visitors: Visitors | None = None,
    ):
        self.app, self.drawings, self.pictures, self.counts = app, drawings, pictures, counts
        self.status, self.info, self.use_stock = status, info, use_stock
        self.components, self.events = components, events
        self.doors = DOORS + (STOCK if use_stock else ())
        self.visitors = visitors or Visitors()
        self.boards = Growing()
        self.stopping = asyncio.Event()
        counts.open.set_function(lambda: self.visitors.running("visit"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # its start and its stop; there are no websockets
            return await self.app(scope, receive, send)
        await _Visit(self, scope, receive, send).run()


class _Visit:
    """One request on its way through the door."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send):
        self.guard, self.scope, self.receive, self._send = guard, scope, receive, send
        self.headers = {name: value for name, value in scope["headers"]}  # of several alike the last
        self.nonce = secrets.token_urlsafe(12)
        self.kind, self.started, self.ended = "none", False, False
        self.who = guard.visitors.name(scope)
        self.held = 0

    async def run(self) -> None:
        entered: list[str] = []
        try:
            if len(self.scope.get("raw_path", b"")) + len(self.scope["query_string"]) > LINE:
                raise BadRequest("The address is too long.", 414)
            door = find(self.guard.doors, self.scope["method"], self.scope["path"])
            self.kind = door.kind
            self._enter(door.kind, entered)
            await self._through(door, entered)
        except Refused as refused:
            self.guard.counts.refused(refused.reason)
            await self.refuse(refused)
        except ClientDisconnect:
            pass  # nobody is there to be told
        except Exception as error:
            log_failure(error)
            self.guard.counts.refused("failure")
            await self.refuse(Refused("failure", FAILURE, 500))
        finally:
            self.guard.visitors.release(self.who, self.held)
            for kind in entered:
                self.guard.visitors.leave(self.who, kind)

    def _enter(self, kind: str, entered: list[str]) -> None:
        self.guard.visitors.enter(self.who, kind)
        entered.append(kind)

    async def _through(self, door: Door, entered: list[str]) -> None:
        path = self.scope["path"].rstrip("/")
        if self.scope["method"] == "OPTIONS" or door.kind in ("page", "stream", "visit"):
            if path == "":
                return await self.page()
            return await self.forward(self.receive if door.kind == "page" else self.until_stop)
        if door.kind == "status":
            return await self.answer(*self.guard.status(self.scope))
        if door.kind == "upload":
            said = self._size(door.body)
            self.guard.visitors.upload(self.who, door.body if said is None else said)
            return await self.forward(self.counted(door.body))
        if door.kind == "tools" and self.scope["method"] == "GET":
            return await self.answer(200, orjson.dumps(tools.SCHEMA))
        raw = await self.body(door.body)
        if door.kind == "ask":
            if self.guard.use_stock and self.headers.get(b"content-type", b"").startswith(b"multipart/form-data"):
                return await self.forward(self.replay(raw))  # a blob for page/stock.py, which bounds it
            question = bodies.parse(raw)
            return await self.ask(question, raw, entered)
        question = bodies.parse(raw)
        if door.kind == "tools":
            status, said = await tools.answer(question, self.use_tool)
            return await self.answer(status, b"" if said is None else orjson.dumps(said))
        name = path.rsplit("/", 1)[-1]
        if "/call/v2/" in path:  # the arguments by their names, as the page's schema says
            names = ("picture", "top_k") if name == "predict" else ()
            question = {"data": [question[each] for each in names if each in question]}
            self.scope = {**self.scope, "path": path.replace("/v2/", "/")}
        question = {each: question[each] for each in EVENT if each in question}
        named = question.get("fn_index") is None and name != "join"
        in_request = named and door.kind == "run"
        bodies.check_event(question, name if named else None, self.guard.events, in_request, self.guard.use_stock)
        if in_request:
            if name == "info":
                return await self.answer(200, orjson.dumps({"data": [self.guard.info()]}))
            return await self.predict(*question["data"])
        await self.forward(self.replay(json.dumps(question).encode()), plain=True)

    # --- what comes in ------------------------------------------------------------------------------------------------

    def _size(self, limit: int) -> int | None:
        """The size that a request says it has, if it says so. Raises BadRequest when that is too much or no number."""
        said = self.headers.get(b"content-length")
        if said is None:
            return None
        if not said.isdigit() or len(said) > 15:
            raise BadRequest("Content-Length is not a number.")
        if int(said) > limit:
            raise _too_large(limit)
        return int(said)

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises Refused when it is larger than `limit`, comes too slowly or memory is short."""
        self._size(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise BadRequest("The request was cut off.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise _too_large(limit)
                    if size > SMALL:  # what is smaller is let in however full it is
                        self.guard.visitors.hold(self.who, size - self.held)
                        self.held = size
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise BadRequest("The request came too slowly.", 408) from None

    def counted(self, limit: int) -> Receive:
        """`receive` for a body that streams to disk: as slow and as large as allowed, then it ends."""
        size, files, deadline = 0, 0, time.monotonic() + 6 * PATIENCE

        async def receive() -> dict:
            nonlocal size, files
            message = await self.receive()
            size += len(message.get("body", b""))
            files += message.get("body", b"").count(b"filename=")
            if files > 1:
                raise BadRequest("One picture is uploaded at a time.", 413, "too large")
            if size > limit:
                raise _too_large(limit)
            if time.monotonic() > deadline:
                raise BadRequest("The request came too slowly.", 408)
            return message

        return receive

    async def until_stop(self) -> dict:
        """`receive` of a connection that stays open: when the page stops, nobody is there any more."""
        stop = asyncio.ensure_future(self.guard.stopping.wait())
        message = asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait((stop, message), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            stop.cancel()
            message.cancel()

    def replay(self, raw: bytes) -> Receive:
        """`receive` for a body that has been read already."""
        told = False

        async def receive() -> dict:
            nonlocal told
            if told:
                return await self.receive()  # until the visitor goes
            told = True
            return {"type": "http.request", "body": raw, "more_body": False}

        return receive

    # --- what is answered here ----------------------------------------------------------------------------------------

    async def ask(self, question: dict, raw: bytes, entered: list[str]) -> None:
        """A question of the page's own components."""
        name = question.get("fn_name")
        if not isinstance(name, str) or name not in FUNCTIONS:
            raise BadRequest("The page has no such function.", 404, "no such path")
        if type(question.get("component_id")) is not int or "session_hash" not in question:
            raise BadRequest("A question of the page names its component and its session.")
        if FUNCTIONS[name] != "ask":
            self._enter(FUNCTIONS[name], entered)
        if question["component_id"] not in self.guard.components.get(name, ()):
            raise BadRequest("This page has changed; load it again.", 404, "no such path")
        if name != "recognise":
            return await self.forward(self.replay(raw), plain=True)
        drawing = question.get("data")
        revision = revision_of(drawing)
        try:
            said = await self._timed(
                "drawing", self.guard.drawings, lambda: picture_of(drawing, self.guard.boards.render), 10
            )
        except Busy:
            self.guard.counts.refused("busy")
            said = {"busy": True, "error": BUSY}
        except ValueError as error:
            said = {"error": str(error)}
        await self.answer(200, orjson.dumps({"revision": revision, **said}))

    async def predict(self, file: dict | None, top_k: object) -> None:
        """`/predict` in one request: the picture is in it, or was uploaded before."""
        if file is None:
            raise BadRequest(bodies.NO_PICTURE, 400, "bad picture")
        path = file.get("path")
        said = await self._look(
            lambda: open_picture(Path(path)) if path else open_data_url(file["url"]), bodies.whole_top_k(top_k)
        )
        await self.answer(200, orjson.dumps({"data": [said]}))

    async def use_tool(self, name: str, arguments: dict) -> dict:
        """What a tool of page/tools.py gives. Raises Refused."""
        try:
            if name == "info":
                return self.guard.info()
            picture = tools.data_url(arguments.get("picture"))
            top_k = bodies.whole_top_k(arguments.get("top_k", 3))
            return await self._look(lambda: open_data_url(picture), top_k)
        except Refused as refused:  # becomes the tool's answer
            self.guard.counts.refused(refused.reason)
            raise

    async def _look(self, picture: Callable, top_k: int) -> dict:
        """What `/predict` says of the picture that `picture()` opens. Raises Refused."""
        try:
            return reply(await self._timed("picture", self.guard.pictures, picture, top_k))
        except Busy:
            raise Refused("busy", "The page is busy; try again in a moment.", 503) from None
        except ValueError as error:
            raise BadRequest(str(error), 400, "bad picture") from None
        except OSError:
            raise BadRequest("The picture is not here any more; send it again.", 400, "bad picture") from None

    async def _timed(self, kind: str, lane: Lane, picture: Callable, top_k: int) -> dict:
        start = time.perf_counter()
        found = await lane.ask(self.who, picture, top_k)
        self.guard.counts.answered(kind, time.perf_counter() - start)
        return found

    # --- what goes out ------------------------------------------------------------------------------------------------

    async def send(self, message: dict) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.guard.counts.requests.labels(self.kind, message["status"]).inc()
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() != b"server"]
            policy = (b"content-security-policy", POLICY.format(nonce=self.nonce, hub=HUB).encode())
            extra = [*HEADERS, policy]
            if self.scope["path"].startswith("/assets/") and message["status"] == 200:
                extra.append(FOR_EVER)
            message = {**message, "headers": [*kept, *extra]}
        elif not message.get("more_body"):
            self.ended = True
        await self._send(message)

    async def answer(
        self,
        status: int,
        content: bytes,
        media: str = "application/json",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """A whole response."""
        head = [(b"content-type", media.encode()), (b"content-length", str(len(content)).encode()), *headers]
        await self.send({"type": "http.response.start", "status": status, "headers": head})
        await self.send({"type": "http.response.body", "body": b"" if self.scope["method"] == "HEAD" else content})

    async def refuse(self, refused: Refused) -> None:
        """One sentence with its status; a response that has begun can only end."""
        if self.ended:
            return
        if self.started:
            return await self._send({"type": "http.response.body", "body": b""})
        detail, status = str(refused), refused.status  # Gradio's clients read `error` or `detail`,
        if (
            self.kind == "call" and status == 400
        ):  # and of an argument's fault they show the sentence if it comes like this
            detail, status = [{"__type__": "validate", "is_valid": False, "message": str(refused)}], 422
        said = orjson.dumps({"error": str(refused), "detail": detail})
        headers = ((b"retry-after", str(refused.seconds).encode()),) if refused.status in (429, 503) else ()
        if refused.status in (408, 413):
            headers += ((b"connection", b"close"),)  # the rest of the body is not waited for
        await self.answer(status, said, headers=headers)

    async def forward(self, receive: Receive, plain: bool = False) -> None:
        """Let Gradio answer; with `plain`, what it says of a bad argument gets the right status."""
        if not plain:
            return await self.screened(receive)
        try:
            start, body = await self.collect(receive)
        except Exception as error:  # Gradio fails on what it has not
            log_failure(error)
            raise Refused("failure", FAILURE, 500) from None
        if start["status"] == 500 and (sentence := _error_in(body)):
            raise BadRequest(sentence, 400, "bad picture")
        if start["status"] == 500:
            raise Refused("failure", FAILURE, 500)
        if start["status"] >= 400:
            raise BadRequest(REFUSALS.get(start["status"], REFUSALS[400]), start["status"])
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})

    async def screened(self, receive: Receive) -> None:
        """Let Gradio answer as it goes; what it refuses, and where it fails, is said in a sentence of ours."""
        status = 0

        async def screen(message: dict) -> None:
            nonlocal status
            status = status or message["status"]
            if status < 400:
                await self.send(message)

        try:
            await self.guard.app(self.scope, receive, screen)
        except Refused:  # of `counted`
            raise
        except Exception as error:  # Starlette has answered 500 before it lets one pass
            if status < 500:
                raise
            log_failure(error)
        if status >= 400:
            status = status if status in REFUSALS else 400
            raise BadRequest(REFUSALS[status], status)

    async def collect(self, receive: Receive) -> tuple[dict, bytes]:
        """Gradio's whole response, uncompressed."""
        start, parts = {}, []

        async def keep(message: dict) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        asked = [(name, value) for name, value in self.scope["headers"] if name != b"accept-encoding"]
        await self.guard.app({**self.scope, "headers": asked}, receive, keep)
        return start, b"".join(parts)

    async def page(self) -> None:
        """The page itself: its own scripts get this response's nonce, and no others run."""
        start, html = await self.collect(self.receive)
        if start["status"] == 200 and self.scope["method"] == "GET":
            self.guard.counts.opened()
        html = html.replace(b"<script", b'<script nonce="' + self.nonce.encode() + b'"')
        kept = [(n, v) for n, v in start["headers"] if n.lower() not in (b"content-length", b"content-encoding")]
        if b"gzip" in self.headers.get(b"accept-encoding", b"") and html:
            html = await asyncio.to_thread(gzip.compress, html, 4)
            kept += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
        kept.append((b"content-length", str(len(html)).encode()))
        kept.append((b"cache-control", b"no-store"))  # a nonce is good for once
        await self.send({**start, "headers": kept})
        await self.send({"type": "http.response.body", "body": html})


def _too_large(limit: int) -> BadRequest:
    return BadRequest(f"This takes at most {limit // 2**20} MiB.", 413, "too large")


def _error_in(body: bytes) -> str | None:
    try:
        said = json.loads(body).get("error")
    except (ValueError, AttributeError):
        return None
    return said if isinstance(said, str) and said else None
