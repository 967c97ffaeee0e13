"""What every request passes: the open paths, limits, headers and policy, and one sentence for every error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from serving.calls import CALL, SMALL, check_call, check_form
from serving.decoder import MAX_BYTES
from serving.limits import RateLimiter, Refused, visitor
from serving.settings import Settings, log_failure

API = "/gradio_api"
DRAWING, PICTURE = 2**18, MAX_BYTES * 4 // 3 + SMALL  # bytes of JSON


# Paths that our page, Gradio's page, its clients and MCP read. All others are closed.
OPEN = (
    "/|/config|/theme.css|/robots.txt|/manifest.json|/favicon.ico|/pwa_icon|/health|/weights/current",
    # Longer names of files make Gradio raise.
    "/(assets|static|web/[0-9a-f]{16}|weights/[0-9a-f]{64})/[!-~]{1,200}",
    f"{API}/(info|openapi.json|app_id|startup-events|theme.css|queue/data|mcp/schema)",
    f"{API}/call/(v2/)?(predict|info)/[0-9a-f]+",
)
# Paths that take a body, and the most bytes that it may have.
BODIES = {
    f"{API}/(run/predict|mcp)": PICTURE,
    f"{API}/(run/info|queue/join|call/(v2/)?(predict|info))": SMALL,
    f"{API}/upload": MAX_BYTES + SMALL,
    "/contributions/submit": DRAWING,
    "/contributions/(consent|status|delete|accepted|collection)": SMALL,
}
# The whole body must arrive within so many seconds.
SECONDS = 60.0

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:; "
    # Gradio's page holds scripts, and makes functions of its components' scripts.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    # No script can send a drawing anywhere but here.
    "connect-src 'self'{hub}; img-src 'self' data: blob:{hub}; form-action 'self'; "
    "object-src 'none'; base-uri 'self'; frame-ancestors {frames}"
)
LOCAL = ("127.0.0.1", "localhost", "::1")
# The sentence for a status that comes without one of ours.
SENTENCES = {
    400: (f"The request could not be carried out; {CALL}", "bad request"),
    404: ("There is nothing here.", "no such path"),
    405: ("This path expects another method.", "bad request"),
    408: ("The request came too slowly.", "bad request"),
    413: ("This is too large; a picture file may have 20 MiB, a drawing 256 KiB.", "too large"),
    500: ("Something went wrong here; it is not your fault.", "failure"),
    503: ("The server is busy; try again in a moment.", "busy"),
}


class Guard(BaseHTTPMiddleware):
    """Lets a request through if its path is open, its origin may ask, and its address may ask for more.

    Every answer gets the headers and the policy, and every error is one sentence.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, limits: RateLimiter, is_upload: Callable[[str], object]
    ):
        super().__init__(app)
        self.settings, self.limits, self.is_upload = settings, limits, is_upload
        # On a Space, Gradio's page asks the Hub whose it is.
        hub = " https://huggingface.co" if settings.space_id else ""
        policy = POLICY.format(hub=hub, frames="*" if settings.allow_frames else f"'self'{hub}")
        self.headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "strict-origin-when-cross-origin",
        }

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """The answer to a request, with an error as one sentence."""
        path = request.scope["path"]
        # `Predictor` puts its refusals here.
        refusals: list[Refused] = request.scope.setdefault("refusals", [])
        try:
            response = await self.let_through(request, call_next)
            if response.status_code >= 400:
                response = answer(refusals[0] if refusals else by_status(response.status_code), path)
        except Refused as error:
            response = answer(error, path)
        except (TimeoutError, ClientDisconnect):
            response = answer(by_status(408), path)
        except Exception as error:
            log_failure(error)
            response = answer(by_status(500), path)
        response.headers.update(self.headers)
        return response

    async def let_through(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """The answer of Gradio or of our routes. Raises Refused when a limit or a rule forbids it."""
        path = request.scope["path"].rstrip("/") or "/"
        most, for_gradio = most_bytes(path, request.method), path.startswith(API)
        if most and not for_gradio:
            check_origin(request.headers, self.settings)
        who = request.scope["visitor"] = visitor(request.scope)
        self.limits.charge(who, "requests")
        if not most:
            return await call_next(request)
        if int(request.headers.get("content-length", 0)) > most:
            raise by_status(413)
        body = bytearray()
        try:
            async with asyncio.timeout(SECONDS):
                async for part in request.stream():
                    self.limits.hold(who, len(part))
                    body += part
                    if len(body) > most:
                        raise by_status(413)
            # Starlette hands on what `Request.body()` would have put here.
            raw = request._body = bytes(body)
            if not for_gradio:
                self.limits.charge(who, "contributions")
            elif path.endswith("/upload"):
                self.limits.charge(who, "uploads", len(raw) // 1024 + 1)
                check_form(request.headers.get("content-type", ""), raw)
            else:
                check_call(path, raw, self.is_upload)
            return await call_next(request)
        finally:
            self.limits.hold(who, -len(body))


def most_bytes(path: str, method: str) -> int:
    """How many bytes may be sent to an open path, 0 if it is only read. Raises Refused for other paths."""
    most = next((most for pattern, most in BODIES.items() if re.fullmatch(pattern, path)), 0)
    if "/.." in path or not (most or re.fullmatch("|".join(OPEN), path)):
        raise by_status(404)
    if method not in (("POST",) if most else ("GET", "HEAD")):
        raise by_status(405)
    return most


def by_status(status: int) -> Refused:
    """The refusal for a status that comes without a sentence of ours."""
    sentence, code = SENTENCES.get(status, SENTENCES[400])
    return Refused(sentence, status, code)


def answer(refused: Refused, path: str) -> Response:
    """A refusal in the shapes that Gradio's clients and our page read."""
    status, sentence, headers = refused.status, str(refused), {}
    detail: object = sentence
    if status in (429, 503):
        headers = {"retry-after": str(refused.seconds)}
    if status in (408, 413):
        # Nobody waits for the rest of the body.
        headers = {"connection": "close"}
    if status == 400 and path.startswith((f"{API}/queue/", f"{API}/call/")):
        status, detail = 422, [{"__type__": "validate", "is_valid": False, "message": sentence}]
    return JSONResponse({"error": sentence, "detail": detail, "code": refused.code}, status, headers)


def check_origin(headers: Headers, settings: Settings) -> None:
    """Raises Refused when a page of another site asks. Programs state no origin, and may ask.

    A foreign name that was made to mean this machine (DNS rebinding) is another site.
    """
    host, origin = headers.get("host", "").lower(), headers.get("origin")
    name = re.sub(r":\d*$", "", host).strip("[]")
    if settings.name in LOCAL and not settings.behind_proxy and name not in LOCAL:
        sentence = "Only this machine may ask for that; behind a proxy set BEHIND_PROXY=1."
        raise Refused(sentence, 403, "other origin")
    own = {host, settings.space_host, "huggingface.co" if settings.space_id else ""} - {""}
    if origin is not None and origin.lower().partition("://")[2] not in own:
        sentence = "Only this page itself may ask for that, not a page of another site."
        raise Refused(sentence, 403, "other origin")
