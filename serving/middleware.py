"""What every request passes: headers and policy, errors as sentences, own origin, limits, a deadline for its body."""

from __future__ import annotations

import asyncio
import secrets
from urllib.parse import urlsplit

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.limits import RateLimiter, Refused
from serving.settings import Settings
from serving.telemetry import REFUSALS, REQUESTS, log_failure

POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "  # Gradio makes functions of its components' scripts
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{hub}; font-src 'self' data:; connect-src 'self'{hub}; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self' https://huggingface.co"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
FOR_EVER = "public, max-age=31536000, immutable"  # for what carries a hash in its address
LOCAL = ("127.0.0.1", "localhost", "::1")
ONLY_OURS = "Only this page itself may ask for that, not a page of another site."
LONGEST = 255  # bytes of a path: a longer one is none of ours, and may be the name of no file, at which Gradio fails
SENTENCES = {  # for what Starlette refuses, which raises it where a scope has an app, and Gradio, which answers
    400: ("The request could not be carried out; check its arguments.", "bad request"),
    404: ("There is nothing here.", "no such path"),
    405: ("This cannot be asked so; another method is expected.", "bad request"),
    413: ("This is too large; a picture file may have 10 MiB, a drawing 256 KiB.", "too large"),
    500: ("Something went wrong here; it is no fault of yours.", "failure"),
    503: ("The server is busy; try again in a moment.", "busy"),
}


class Outermost:
    """Gives every answer its headers and the policy, of which `scope["nonce"]` lets the page's own scripts run. Says in one sentence
    what was refused, by whomever, and what failed; counts it, and logs of a failure only its place.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app = app
        self.hub = (
            " https://huggingface.co" if settings.space_id else ""
        )  # Gradio shows there whose Space it is

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, path, nonce = 0, scope["path"], secrets.token_urlsafe(12)
        refused: Refused | None = None
        scope.update(path=path[:-1] if len(path) > 2 and path[-1] == "/" else path, app=self, nonce=nonce)

        async def decorated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(
                    {**HEADERS, "content-security-policy": POLICY.format(nonce=nonce, hub=self.hub)}
                )
                if path.startswith("/assets/") and message["status"] == 200:
                    headers["cache-control"] = FOR_EVER
            await send(message)

        async def screened(message: Message) -> None:
            nonlocal status, refused
            if not status:
                status = message["status"]
                refused = by_status(status) if status >= 400 else None
            if not refused:
                await decorated(message)

        try:
            if len(path.encode()) > LONGEST:
                raise HTTPException(404)
            await self.app(scope, receive, screened)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Refused as error:
            refused = error
        except HTTPException as error:
            refused = by_status(error.status_code)
        except httpx.InvalidURL:  # Gradio makes an address of the request's headers
            refused = Refused("Host, or X-Forwarded-Host, is no name of a host.")
        except Exception as error:
            log_failure(error)
            refused = by_status(500)
        REQUESTS.labels(scope.get("kind", "none"), refused.status if refused else status).inc()
        if refused:
            REFUSALS.labels(refused.code).inc()
            if 0 < status < 400:  # what has begun can only end
                await send({"type": "http.response.body", "body": b""})
            else:
                await answer(refused, path)(scope, receive, decorated)


def by_status(status: int) -> Refused:
    """What Starlette or Gradio refuses by a status alone."""
    sentence, code = SENTENCES.get(status, SENTENCES[400])
    return Refused(sentence, status, code)


def answer(refused: Refused, path: str) -> Response:
    """The answer of a refusal, in the shape that Gradio's clients read."""
    status, sentence = refused.status, str(refused)
    headers = {"retry-after": str(refused.seconds)} if status in (429, 503) else {}
    headers |= {"connection": "close"} if status in (408, 413) else {}  # the rest is not waited for
    detail: object = sentence
    if status == 400 and path.startswith(("/gradio_api/queue/", "/gradio_api/call/")):
        status, detail = 422, [{"__type__": "validate", "is_valid": False, "message": sentence}]
    # Gradio's clients read one of the first two, our page the last.
    return JSONResponse({"error": sentence, "detail": detail, "code": refused.code}, status, headers)


class Allowed:
    """Lets a request through if its origin may ask and its address has not asked too much; bounds the time of its body.

    `kind` is its class in `limits`; `own` says that only our own pages may ask; `into` what its bytes fill, "memory" or "disk".
    """

    def __init__(self, app: ASGIApp, limits: RateLimiter, kind: str, own: bool, into: str):
        self.app, self.limits, self.kind, self.own, self.into = app, limits, kind, own, into
        self.seconds = 60.0 if into == "disk" else 20.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who, size, whole = self.limits.visitor(scope), 0, False
        scope.update(visitor=who, kind=self.kind)
        if self.own:
            self._check_origin(Headers(scope=scope))
        self.limits.check(who, "rest", 1)
        if self.kind != "rest":
            self.limits.check(
                who, self.kind, int(self.kind == "contributions")
            )  # a picture costs when it is read
        deadline = asyncio.get_running_loop().time() + self.seconds

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:  # somebody wants to know when the visitor goes
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Refused("The request came too slowly.", 408) from None
            more, whole = len(message.get("body", b"")), not message.get("more_body")
            self.limits.hold(who, self.into, more)
            size += more
            return message

        self.limits.hold(who, self.kind, 1)
        try:
            await self.app(scope, bounded, send)
        finally:
            self.limits.hold(who, self.kind, -1)
            self.limits.hold(who, self.into, -size)

    def _check_origin(self, headers: Headers) -> None:
        """Raises Refused when a page of another site asks, also one whose name was made to mean this machine; programs, which state
        no origin, may.
        """
        origin, host, space = headers.get("origin"), headers.get("host", "").lower(), self.limits.settings
        own = {host, space.space_host, "huggingface.co" if space.space_id else None} - {None, ""}
        try:
            name, asking = urlsplit(f"//{host}").hostname, urlsplit((origin or "").lower()).netloc
        except ValueError:  # brackets that hold no address
            raise Refused(ONLY_OURS, 403, "other origin") from None
        if space.name in LOCAL and not space.behind_proxy and name not in LOCAL:
            raise Refused(
                "Only this machine may ask for that; behind a proxy set BEHIND_PROXY=1.", 403, "other origin"
            )
        if origin is not None and asking not in own:
            raise Refused(ONLY_OURS, 403, "other origin")
