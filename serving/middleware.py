"""What every request passes: known paths only, headers, limits, bounded bodies, own origin, errors as sentences."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from serving.decode import MAX_BYTES
from serving.limits import BadRequest, Limits, Refused
from serving.settings import Settings
from serving.telemetry import Telemetry, log_failure

Scope, Receive, Send = dict, Callable[[], Awaitable[dict]], Callable[[dict], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECONDS = 20.0  # that a body may take to come
UPLOAD_SECONDS = 60.0  # a photograph over a slow line
LINE = 2048  # bytes of a path with its query
PICTURE = MAX_BYTES * 4 // 3 + 4096  # bytes of a JSON body with a picture as a data URL
DRAWING = 256 * 2**10  # of a JSON body with a contributed drawing
SMALL = 64 * 2**10  # bytes of a body that need no room to be found for them
FAILURE = "Something went wrong here; it is no fault of yours."


@dataclass(frozen=True)
class Way:
    """One way in: methods, paths, class of limits, how large a body. `own`: for our own pages only. `stream`: stays open."""

    methods: str
    path: re.Pattern
    kind: str = "rest"
    body: int = 0
    own: bool = False
    stream: bool = False


def _way(methods: str, path: str, *more, **options) -> Way:
    return Way(methods, re.compile(path), *more, **options)


API = "/gradio_api"
NAMES = "(predict|info)/?"  # the named endpoints; `predict` is also how Gradio's page runs its events, by number
WAYS = (
    _way("GET HEAD", "/"),
    _way("GET HEAD", "/web/[^/]+/[^/]+"),
    _way("GET HEAD", "/weights/(current|[^/]+/[^/]+)"),
    _way("GET HEAD", "/health"),
    _way("GET HEAD", "/metrics", own=True),
    _way("POST", "/contributions/collection", "contributions", 4096, own=True),
    _way("POST", f"{API}/component_server/?", "contributions", DRAWING, own=True),
    _way("POST", f"{API}/upload/?", "rest", 2**14 + MAX_BYTES),
    _way("POST", f"{API}/(run|api)/{NAMES}", "pictures", PICTURE),
    _way("POST", f"{API}/(queue/join|call/(v2/)?{NAMES})", "pictures", 2**16),
    _way("POST", f"{API}/mcp/?", "pictures", PICTURE),
    _way("GET", f"{API}/mcp/schema/?"),
    # what Gradio's own page and its clients need of Gradio
    _way("GET HEAD", "/(config/?|theme.css|robots.txt|manifest.json|favicon.ico|pwa_icon(/[0-9]+)?)"),
    _way("GET HEAD", r"/(static|assets)/(?!.*\.\.)[^?]+"),
    _way("GET", f"{API}/(info/?|openapi.json|theme.css|app_id/?)"),
    _way("GET", f"{API}/(heartbeat/[^/]{{1,64}}|queue/data|call/{NAMES}[^/]+)", stream=True),
)


def find(method: str, path: str) -> Way:
    """The way in for a request. Raises BadRequest."""
    here = [way for way in WAYS if way.path.fullmatch(path)]
    for way in here:
        if method in way.methods.split():
            return way
    if here:
        raise BadRequest(f"This takes {' or '.join(here[0].methods.split())} only.", 405)
    raise BadRequest("There is nothing here.", 404, "no such path")


class Gate:
    """Lets a request through to `app` if its path is known, its origin may ask, and its address has not asked too much."""

    def __init__(self, app: App, settings: Settings, limits: Limits, telemetry: Telemetry, stopping: asyncio.Event):
        self.settings, self.limits, self.telemetry, self.stopping = settings, limits, telemetry, stopping
        self.apps = {way.body: RequestBodyLimitMiddleware(app, way.body) for way in WAYS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LINE:
            raise BadRequest("The address is too long.", 414)
        way = find(scope["method"], scope["path"])
        scope["kind"], scope["visitor"] = way.kind, self.limits.visitor(scope)
        who, body = scope["visitor"], _Body(way, scope["visitor"], self, receive)
        if way.own:
            self._check_origin(scope)
        for kind in {"rest", way.kind}:
            self.limits.check(who, kind)
        for kind in {"rest", way.kind} - {"pictures"}:  # which cost what it takes to read them
            self.limits.charge(who, kind)
        with self.limits.running(who, way.kind):
            try:
                await self.apps[way.body](scope, body.receive, send)
            finally:
                body.forget()

    def _check_origin(self, scope: Scope) -> None:
        """Raises BadRequest when a page of another site asks; programs, which have no Origin, may."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        own = {headers.get(b"host", b"").decode("latin-1").lower(), (self.settings.space_host or "").lower()} - {""}
        on_hub = bool(self.settings.space_id) and origin == "https://huggingface.co"
        if origin and not on_hub and urlsplit(origin).netloc.lower() not in own:
            raise BadRequest("Only this page itself may ask for that, not a page of another site.", 403, "other origin")


class _Body:
    """A request's body: one deadline for all of it, its bytes counted while they are in memory."""

    def __init__(self, way: Way, who: str, gate: Gate, receive: Receive):
        self.way, self.who, self.gate, self._receive = way, who, gate, receive
        seconds = UPLOAD_SECONDS if way.path.pattern.startswith(f"{API}/upload") else SECONDS
        self.upload = seconds == UPLOAD_SECONDS
        self.deadline: float | None = asyncio.get_running_loop().time() + seconds
        self.size = self.held = 0

    async def receive(self) -> dict:
        """The next message, as ASGI's `receive`. Raises Refused when it is late or memory is short."""
        if self.deadline is None:
            return await (self._until_stop() if self.way.stream else self._receive())
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self._receive()
        except TimeoutError:
            raise BadRequest("The request came too slowly.", 408) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self.size += len(message.get("body", b""))
        if self.upload:  # goes to the disk
            self.gate.limits.charge(self.who, "uploaded", len(message.get("body", b"")) / 1024)
        elif self.size > SMALL:  # what is smaller is let in however full it is
            self.gate.limits.hold(self.who, self.size - self.held)
            self.held = self.size
        if not message.get("more_body"):
            self.deadline = None
        return message

    def forget(self) -> None:
        """The request is over."""
        if self.held:
            self.gate.limits.hold(self.who, -self.held)

    async def _until_stop(self) -> dict:
        """The next message of a connection that stays open: when the server stops, nobody is there any more."""
        stop = asyncio.ensure_future(self.gate.stopping.wait())
        message = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((stop, message), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            stop.cancel()
            message.cancel()


# --- what goes out ----------------------------------------------------------------------------------------------------

POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "  # Gradio makes functions of its components' scripts
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{hub}; font-src 'self' data:; connect-src 'self'{hub}; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self' https://huggingface.co"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
FOR_EVER = "public, max-age=31536000, immutable"  # for what carries a hash in its address


class Headers:
    """Gives every response its policy and headers; the nonce is in `scope["nonce"]`."""

    def __init__(self, app: App, settings: Settings):
        self.app = app
        self.hub = " https://huggingface.co" if settings.space_id else ""  # Gradio shows there whose Space it is

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["nonce"] = secrets.token_urlsafe(12)
        policy = (b"content-security-policy", POLICY.format(nonce=scope["nonce"], hub=self.hub).encode())

        async def decorate(message: dict) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() != b"server"]
                if scope["path"].startswith("/assets/") and message["status"] == 200:
                    kept.append((b"cache-control", FOR_EVER.encode()))
                message = {**message, "headers": [*kept, *HEADERS, policy]}
            await send(message)

        await self.app(scope, receive, decorate)


class Sentences:
    """Says in one sentence what was refused and what failed; counts both, and logs no more of a failure than where it was."""

    def __init__(self, app: App, telemetry: Telemetry):
        self.app, self.telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: dict) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.telemetry.requests.labels(scope.get("kind", "none"), message["status"]).inc()
            await send(message)

        try:
            return await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Refused as error:
            refused = error
        except HTTPException as error:  # Starlette's, of which the body's limit is one
            most = next((way.body for way in WAYS if way.path.fullmatch(scope["path"])), 0)
            large = f"This takes at most {max(1, most // 1024):,} KiB."
            refused = BadRequest(large, 413, "too large") if error.status_code == 413 else BadRequest(FAILURE, 400)
        except Exception as error:
            log_failure(error)
            refused = Refused("failure", FAILURE, 500)
        self.telemetry.refused(refused.reason)
        if started:
            return await send({"type": "http.response.body", "body": b""})  # a response that has begun can only end
        await _response(scope, refused)(scope, receive, watch)


def _response(scope: Scope, refused: Refused) -> JSONResponse:
    """The sentence as Gradio's clients read it: from `error`, from `detail`, or for an argument's fault of a call as a validation."""
    sentence, status, headers = str(refused), refused.status, {}
    detail: object = sentence
    if status == 400 and re.match(f"{API}/(queue|call)/", scope["path"]):
        detail, status = [{"__type__": "validate", "is_valid": False, "message": sentence}], 422
    if status in (429, 503):
        headers["retry-after"] = str(refused.seconds)
    if status in (408, 413):
        headers["connection"] = "close"  # the rest of the body is not waited for
    return JSONResponse({"error": sentence, "detail": detail}, status, headers)
