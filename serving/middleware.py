"""What every request passes: the open paths, limits, headers and policy, and one sentence for every error."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.calls import SMALL, check_call, check_form
from serving.decoder import MAX_BYTES
from serving.limits import RateLimiter, Refused, visitor
from serving.settings import Settings, log_failure

API = "/gradio_api"
DRAWING, PICTURE = 2**18, MAX_BYTES * 4 // 3 + SMALL  # bytes of JSON


class Gate(NamedTuple):
    """How a path may be used.

    `kind` is what a request is charged as (serving/limits.py); `body` is the most bytes of its body, 0 for a
    GET; `check` is "call" or "form" for a body that is checked before Gradio gets it, "own" if only our own
    pages may ask.
    """

    kind: str = "requests"
    body: int = 0
    check: str = ""


# Our page, Gradio's page, its clients and MCP need these paths. All others are closed.
OPEN = {
    "/|/config|/theme.css|/robots.txt|/manifest.json|/favicon.ico|/pwa_icon|/health": Gate(),
    "/(assets|static|web/[0-9a-f]{16}|weights/[0-9a-f]{64})/.+|/weights/current": Gate(),
    f"{API}/(info|openapi.json|app_id|startup-events|theme.css|queue/data|mcp/schema)": Gate(),
    f"{API}/call/(v2/)?(predict|info)/[0-9a-f]+": Gate(),
    f"{API}/(run/predict|mcp)": Gate("requests", PICTURE, "call"),
    f"{API}/(run/info|queue/join|call/(v2/)?(predict|info))": Gate("requests", SMALL, "call"),
    f"{API}/upload": Gate("uploads", MAX_BYTES + SMALL, "form"),
    "/contributions/submit": Gate("contributions", DRAWING, "own"),
    "/contributions/(consent|status|delete|accepted|collection)": Gate("contributions", SMALL, "own"),
}
# Longest path served, in bytes; longer file names make Gradio raise.
LONGEST = 255
# A body has so many seconds.
SECONDS = 60.0

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:; "
    # Gradio's page holds scripts, and makes functions of its components' scripts.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    # Whatever a script does, it can send a drawing nowhere but here.
    "connect-src 'self'{hub}; img-src 'self' data: blob:{hub}; form-action 'self'; "
    "object-src 'none'; base-uri 'self'; frame-ancestors {frames}"
)
LOCAL = ("127.0.0.1", "localhost", "::1")
ONLY_OURS = "Only this page itself may ask for that, not a page of another site."
# The sentence for a status that comes without one of ours.
SENTENCES = {
    400: ("The request could not be carried out; check its arguments.", "bad request"),
    404: ("There is nothing here.", "no such path"),
    405: ("This path expects another method.", "bad request"),
    413: ("This is too large; a picture file may have 20 MiB, a drawing 256 KiB.", "too large"),
    500: ("Something went wrong here; it is not your fault.", "failure"),
    503: ("The server is busy; try again in a moment.", "busy"),
}


class ErrorsAndHeaders:
    """Gives every answer its headers and the policy, and says every error in one sentence.

    An answer that fails midway ends without its last part, so that the connection breaks and it does not look
    complete.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app = app
        # On a Space, Gradio's page asks the Hub whose it is.
        hub = " https://huggingface.co" if settings.space_id else ""
        policy = POLICY.format(hub=hub, frames="*" if settings.allow_frames else f"'self'{hub}")
        self.headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "strict-origin-when-cross-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] == "lifespan":
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
            else:
                held.extend(message.get("body", b"")[:SMALL])

        try:
            await self.app(scope, receive, screened)
            refused = by_status(status, bytes(held)) if status >= 400 else None
        except ClientDisconnect:
            return
        except Refused as error:
            refused = error
        except HTTPException as error:
            refused = by_status(error.status_code)
        except Exception as error:
            log_failure(error)
            refused = by_status(500)
        if refused and not 0 < status < 400:
            await answer(refused, scope["path"], self.headers)(scope, receive, send)


def by_status(status: int, body: bytes = b"") -> Refused:
    """The refusal for a status, with the sentence of ours that Gradio may have put into `body`."""
    try:
        sentence = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        sentence = None
    if isinstance(sentence, str):
        return Refused(sentence, 400 if status == 500 else status, "bad picture")
    sentence, code = SENTENCES.get(status, SENTENCES[400])
    return Refused(sentence, status, code)


def answer(refused: Refused, path: str, headers: dict[str, str]) -> Response:
    """The answer of a refusal, in the shapes that Gradio's clients and our page read."""
    status, sentence = refused.status, str(refused)
    detail: object = sentence
    if status in (429, 503):
        headers = {**headers, "retry-after": str(refused.seconds)}
    # The rest of the body is not waited for.
    if status in (408, 413):
        headers = {**headers, "connection": "close"}
    if status == 400 and path.startswith((f"{API}/queue/", f"{API}/call/")):
        status, detail = 422, [{"__type__": "validate", "is_valid": False, "message": sentence}]
    return JSONResponse({"error": sentence, "detail": detail, "code": refused.code}, status, headers)


class RequestGuard:
    """Lets a request through if its path is open, its origin may ask, and its address may ask for more."""

    def __init__(self, app: ASGIApp, limits: RateLimiter, is_upload: Callable[[str], object]):
        self.app, self.limits, self.is_upload = app, limits, is_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        path, headers, settings = scope["path"], Headers(scope=scope), self.limits.settings
        gate = gate_of(path, scope["method"])
        who = scope["visitor"] = visitor(scope, settings)
        if gate.check == "own":
            check_origin(headers, settings)
        self.limits.charge(who, "requests")
        held, most = 0, gate.body
        self.limits.hold(who, "requests", 1)
        try:
            if most:
                body = bytearray()
                if int(headers.get("content-length", 0)) > most:
                    raise by_status(413)
                async with asyncio.timeout(SECONDS):
                    async for part in Request(scope, receive).stream():
                        self.limits.hold(who, "bytes", len(part))
                        held += len(part)
                        body += part
                        if held > most:
                            raise by_status(413)
                raw = bytes(body)
                self.limits.charge(who, gate.kind, len(raw) // 1024 + 1 if gate.kind == "uploads" else 1)
                if gate.check == "call":
                    check_call(path, raw, self.is_upload)
                elif gate.check == "form":
                    check_form(headers.get("content-type", ""), raw)
                receive = replayed(raw, receive)
            await self.app(scope, receive, send)
        except TimeoutError:
            raise Refused("The request came too slowly.", 408) from None
        finally:
            self.limits.hold(who, "requests", -1)
            self.limits.hold(who, "bytes", -held)


def gate_of(path: str, method: str) -> Gate:
    """How the path may be used. Raises Refused when it is closed, or expects another method."""
    path = path.rstrip("/") or "/"
    gate = next((gate for pattern, gate in OPEN.items() if re.fullmatch(pattern, path)), None)
    if gate is None or "/.." in path or len(path.encode()) > LONGEST:
        raise by_status(404)
    if method not in (("POST",) if gate.body else ("GET", "HEAD")):
        raise by_status(405)
    return gate


def check_origin(headers: Headers, settings: Settings) -> None:
    """Raises Refused when a page of another site asks; programs, which state no origin, may.

    Another site's name that was made to mean this machine (DNS rebinding) is another site.
    """
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    own = {host, settings.space_host, "huggingface.co" if settings.space_id else None} - {None, ""}
    try:
        name, asking = urlsplit(f"//{host}").hostname, urlsplit((origin or "").lower()).netloc
    except ValueError:
        # The brackets do not hold an address.
        raise Refused(ONLY_OURS, 403, "other origin") from None
    if settings.name.strip("[]") in LOCAL and not settings.behind_proxy and name not in LOCAL:
        sentence = "Only this machine may ask for that; behind a proxy set BEHIND_PROXY=1."
        raise Refused(sentence, 403, "other origin")
    if origin is not None and asking not in own:
        raise Refused(ONLY_OURS, 403, "other origin")


def replayed(raw: bytes, receive: Receive) -> Receive:
    """An ASGI `receive` that gives the body `raw` once, and then tells when the visitor goes."""
    waiting = [raw]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
