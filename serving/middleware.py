"""What every request passes: the list of open paths, headers and policy, limits, and one sentence for every error."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.calls import check_call
from serving.decoder import MAX_BYTES
from serving.limits import RateLimiter, Refused
from serving.settings import Settings

API, PICTURE, SMALL = "/gradio_api", MAX_BYTES * 4 // 3 + 4096, 2**16  # bytes of JSON with and without a picture


class Way(NamedTuple):
    """How a path may be used: its class in `limits`, the bytes of a body, and who may ask."""

    kind: str = "rest"
    body: int = 0  # at most; 0 is a GET
    own: bool = False  # only our own pages may ask
    call: bool = False  # Gradio gets the body only after `check_call`


OPEN = {  # what our page, Gradio's, its clients and MCP need; everything else is closed
    "/|/config|/theme.css|/robots.txt|/manifest.json|/favicon.ico|/pwa_icon|/health": Way(),
    "/(assets|static|web|weights)/.+": Way(),
    f"{API}/(info|openapi.json|app_id|startup-events|theme.css|queue/data|mcp/schema)": Way(),
    f"{API}/call/(v2/)?(predict|info)/[0-9a-f]+": Way(),
    f"{API}/(run/predict|mcp)": Way("pictures", PICTURE, call=True),
    f"{API}/(run/info|queue/join|call/(v2/)?(predict|info))": Way("pictures", SMALL, call=True),
    f"{API}/upload": Way("uploads", MAX_BYTES + SMALL),
    "/contributions/submit": Way("contributions", 2**18, own=True),
    "/contributions/(consent|status|delete|accepted|collection)": Way("contributions", SMALL, own=True),
}
LONGEST = 255  # bytes of a path; longer file names make Gradio raise

POLICY = (
    "default-src 'self'; "
    # Gradio's page has scripts of its own inside, and makes functions of its components' scripts.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    # No script, whatever it does, can send a drawing anywhere but here.
    "img-src 'self' data: blob:{hub}; font-src 'self' data:; connect-src 'self'{hub}; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors {frames}"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
HUB = " https://huggingface.co"
LOCAL = ("127.0.0.1", "localhost", "::1")
ONLY_OURS = "Only this page itself may ask for that, not a page of another site."
SENTENCES = {  # for a status that Gradio or Starlette answers without a sentence
    400: ("The request could not be carried out; check its arguments.", "bad request"),
    404: ("There is nothing here.", "no such path"),
    405: ("This path expects another method.", "bad request"),
    413: (f"This is too large; a picture file may have {MAX_BYTES // 2**20} MiB, a drawing 256 KiB.", "too large"),
    500: ("Something went wrong here; it is not your fault.", "failure"),
    503: ("The server is busy; try again in a moment.", "busy"),
}


class ErrorsAndHeaders:
    """Gives every answer its headers and the policy, and says every error in one sentence.

    What fails on our side is logged with its place only. An answer that fails midway ends its connection, so that it
    does not look complete.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app = app
        hub = HUB if settings.space_id else ""  # on a Space, Gradio shows there whose Space it is
        frames = "*" if settings.allow_frames else f"'self'{hub}"
        self.headers = {**HEADERS, "content-security-policy": POLICY.format(hub=hub, frames=frames)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, held = 0, bytearray()

        async def screened(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(self.headers)
            if status < 400:
                await send(message)
            elif message["type"] == "http.response.body" and len(held) < SMALL:
                held.extend(message.get("body", b""))

        try:
            await self.app(scope, receive, screened)
            if status < 400:
                return
            refused = by_status(status, bytes(held))
        except ClientDisconnect:
            return  # nobody is there to be told
        except Refused as error:
            refused = error
        except HTTPException as error:
            refused = by_status(error.status_code)
        except httpx.InvalidURL:  # Gradio makes an address of the request's headers
            refused = Refused("Host, or X-Forwarded-Host, is not the name of a host.")
        except Exception as error:
            log_failure(error)
            refused = by_status(500)
        if not 0 < status < 400:
            await answer(refused, scope["path"], self.headers)(scope, receive, send)


def by_status(status: int, body: bytes = b"") -> Refused:
    """The refusal for a status; the sentence is the one in `body` if Gradio has put ours there."""
    try:
        said = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        said = None
    if isinstance(said, str):
        return Refused(said, 400 if status == 500 else status)
    sentence, code = SENTENCES.get(status, SENTENCES[400])
    return Refused(sentence, status, code)


def answer(refused: Refused, path: str, headers: dict[str, str]) -> Response:
    """The answer of a refusal, in the shapes that Gradio's clients and our page read."""
    status, sentence, more = refused.status, str(refused), {}
    if status in (429, 503):
        more["retry-after"] = str(refused.seconds)
    if status in (408, 413):
        more["connection"] = "close"  # the rest is not waited for
    detail: object = sentence
    if status == 400 and path.startswith((f"{API}/queue/", f"{API}/call/")):
        status, detail = 422, [{"__type__": "validate", "is_valid": False, "message": sentence}]
    content = {"error": sentence, "detail": detail, "code": refused.code}
    return JSONResponse(content, status, {**headers, **more})


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose, without its message, which may quote a visitor."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    print(f"failure: {type(error).__name__} at {' '.join(places[-6:])}", file=sys.stderr, flush=True)


class RequestGuard:
    """Lets a request through if its path is open, its origin may ask and its address has not asked for too much.

    A body has a limit in bytes and in seconds.
    """

    def __init__(self, app: ASGIApp, limits: RateLimiter, is_upload: Callable[[str], object]):
        self.app, self.limits, self.is_upload = app, limits, is_upload
        self.seconds = {"uploads": 60.0, "rest": 20.0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await (self.app(scope, receive, send) if scope["type"] == "lifespan" else send({"type": "websocket.close"}))
            return
        way, headers, who = open_way(scope["path"], scope["method"]), Headers(scope=scope), self.limits.visitor(scope)
        scope["visitor"] = who
        if way.own:
            self._check_origin(headers)
        self.limits.charge(who, "rest", 1)
        if way.kind != "rest":
            # A picture is charged when it is read, an upload by the bytes that came.
            self.limits.charge(who, way.kind, int(way.kind != "pictures"))
        body = Body(receive, self.limits, who, way, headers, self.seconds.get(way.kind, 20.0))
        self.limits.reserve(who, way.kind, 1)
        try:
            if way.call:
                raw = await body.whole()
                check_call(scope["path"], raw, self.is_upload)
                body.replay(raw)
            await self.app(scope, body, send)
        finally:
            self.limits.reserve(who, way.kind, -1)
            body.release()

    def _check_origin(self, headers: Headers) -> None:
        """Raises Refused when a page of another site asks; programs, which state no origin, may.

        Another site's name that was made to mean this machine (DNS rebinding) is another site.
        """
        settings = self.limits.settings
        origin, host = headers.get("origin"), headers.get("host", "").lower()
        own = {host, settings.space_host, "huggingface.co" if settings.space_id else None} - {None, ""}
        try:
            name, asking = urlsplit(f"//{host}").hostname, urlsplit((origin or "").lower()).netloc
        except ValueError:  # brackets that hold no address
            raise Refused(ONLY_OURS, 403, "other origin") from None
        if settings.name.strip("[]") in LOCAL and not settings.behind_proxy and name not in LOCAL:
            sentence = "Only this machine may ask for that; behind a proxy set BEHIND_PROXY=1."
            raise Refused(sentence, 403, "other origin")
        if origin is not None and asking not in own:
            raise Refused(ONLY_OURS, 403, "other origin")


def open_way(path: str, method: str) -> Way:
    """How the path may be used. Raises Refused when it is closed, or expects another method."""
    path = path.rstrip("/") or "/"
    ways = [way for pattern, way in OPEN.items() if re.fullmatch(pattern, path)]
    if not ways or len(path.encode()) > LONGEST or "/.." in path:
        raise by_status(404)
    way = next((way for way in ways if method in (("POST",) if way.body else ("GET", "HEAD"))), None)
    if not way:
        raise by_status(405)
    return way


class Body:
    """A request's body as an ASGI `receive`: no larger and no slower than allowed, and one file if it is a form.

    Gradio opens a file for each part of a form, so more parts than one are refused.
    """

    def __init__(
        self, receive: Receive, limits: RateLimiter, who: str, way: Way, headers: Headers, seconds: float
    ):
        self._receive, self._limits, self._who, self._way = receive, limits, who, way
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._size, self._held, self._ended, self._replayed = 0, 0, False, None
        boundary = re.search(r'boundary="?([^";,]+)', headers.get("content-type", ""))
        self._boundary, self._tail, self._parts = b"--" + boundary[1].encode() if boundary else b"", b"", 0
        if headers.get("content-length", "0").isdecimal() and int(headers.get("content-length", 0)) > way.body:
            raise by_status(413)

    async def __call__(self) -> Message:
        if self._replayed is not None:
            raw, self._replayed = self._replayed, None
            return {"type": "http.request", "body": raw, "more_body": False}
        if self._ended:  # somebody wants to know when the visitor goes
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Refused("The request came too slowly.", 408) from None
        part, self._ended = message.get("body", b""), not message.get("more_body")
        self._size += len(part)
        if self._size > self._way.body:
            raise by_status(413)
        if self._way.kind == "uploads":
            self._check_parts(part)
            self._limits.charge(self._who, "uploaded", len(part) // 1024)
        else:
            self._limits.reserve(self._who, "memory", len(part))
            self._held += len(part)
        return message

    def _check_parts(self, part: bytes) -> None:
        if self._boundary:
            seen = self._tail + part
            self._parts += seen.count(self._boundary)
            self._tail = seen[max(seen.rfind(self._boundary) + 1, len(seen) - len(self._boundary) + 1) :]
        if self._parts > 2:  # before the file, and behind it
            raise Refused("One picture is uploaded at a time, as the file `files` of a form.")

    async def whole(self) -> bytes:
        """All of it. Raises Refused, and ClientDisconnect when the visitor goes."""
        parts = []
        while not self._ended:
            message = await self()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
        return b"".join(parts)

    def replay(self, raw: bytes) -> None:
        """Give `raw` to whoever reads next."""
        self._replayed = raw

    def release(self) -> None:
        """Its bytes are held no more."""
        self._limits.reserve(self._who, "memory", -self._held)
