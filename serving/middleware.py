"""What every request passes: the open paths, limits, headers and policy, and one sentence for every error."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from serving.decoder import MAX_BYTES
from serving.limits import Refused, charge, visitor
from serving.settings import ALLOW_FRAMES, NAME, log_failure

API = "/gradio_api"
# Bytes of JSON without a picture; in base64 a picture is longer by a third.
SMALL = 2**16
# The paths that our page, Gradio's page, its clients and MCP read, and those that take a body, with the most
# bytes that it may have. All other paths are closed.
OPEN = {
    "/|/config|/theme.css|/robots.txt|/manifest.json|/favicon.ico|/pwa_icon|/health|/weights/current": 0,
    # Longer names of files make Gradio raise.
    "/(assets|static|web/[0-9a-f]{16}|weights/[0-9a-f]{64})/[!-~]{1,200}": 0,
    f"{API}/(info|openapi.json|app_id|startup-events|theme.css|queue/data|mcp/schema)": 0,
    f"{API}/call/(v2/)?(predict|info)/[0-9a-f]+": 0,
    f"{API}/(run/predict|mcp)": MAX_BYTES * 4 // 3 + SMALL,
    f"{API}/upload": MAX_BYTES + SMALL,
    # Gradio keeps these calls until somebody has fetched the answer, so pictures are uploaded before.
    f"{API}/(run/info|queue/join|call/(v2/)?(predict|info))": SMALL,
    "/contributions/(consent|submit|status|delete|accepted|collection)": 2**18,
}
LOCAL = ("127.0.0.1", "localhost", "::1")
# The whole body must arrive within so many seconds.
SECONDS = 60.0
# Gradio would walk through more values than these for so long that everybody waits.
MAX_VALUES = 60_000
FRAMES = "*" if ALLOW_FRAMES else "'self' https://huggingface.co"
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
        # Gradio's page holds scripts, and makes functions of its components' scripts.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self' blob:; "
        # No script can send a drawing anywhere but here.
        "connect-src 'self'; img-src 'self' data: blob:; form-action 'self'; object-src 'none'; "
        f"base-uri 'self'; frame-ancestors {FRAMES}"
    ),
    "x-content-type-options": "nosniff",
}
# The sentence for a status that comes without one.
SENTENCES = {
    404: "There is nothing here.",
    405: "This path expects another method.",
    408: "The request came too slowly.",
    413: "This is too large; a picture file may have 20 MiB, a drawing 256 KiB.",
}
FAILED = "The server could not do that; the page shows under Use via API what a call looks like."


class Guard(BaseHTTPMiddleware):
    """Lets a request through if its path is open, its origin may ask, and its address may ask for more.

    Every answer gets the headers and the policy, and every error is one sentence.
    """

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """The answer to a request, with an error as one sentence."""
        try:
            await self.admit(request)
            response = await call_next(request)
            if response.status_code >= 400:
                parts = response.body_iterator  # type: ignore[attr-defined]
                raise refusal(response.status_code, b"".join([part async for part in parts]))
        except Refused as error:
            response = answer(error)
        except (TimeoutError, ClientDisconnect):
            response = answer(refusal(408))
        except Exception as error:
            log_failure(error)
            response = answer(refusal(500))
        response.headers.update(HEADERS)
        return response

    async def admit(self, request: Request) -> None:
        """Read and check a request. Raises Refused when a limit or a rule forbids it."""
        path, who = request.scope["path"].rstrip("/") or "/", visitor(request)
        most = next((most for pattern, most in OPEN.items() if re.fullmatch(pattern, path)), None)
        if most is None:
            raise refusal(404)
        if request.method not in (("POST",) if most else ("GET", "HEAD")):
            raise refusal(405)
        charge(who, "requests")
        if not most:
            return
        if not path.startswith(API):
            check_origin(request)
        elif not path.endswith("/upload"):
            charge(who, "pictures")
        body = bytearray()
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                charge(who, "bytes", len(part))
                body += part
                if len(body) > most:
                    raise refusal(413)
        # Starlette hands on what `Request.body()` would have put here.
        request._body = one_file(bytes(body)) if path.endswith("/upload") else without_paths(bytes(body))


def check_origin(request: Request) -> None:
    """Raises Refused when a page of another site asks. Programs state no origin, and may ask."""
    host, origin = request.headers.get("host"), request.headers.get("origin")
    is_own = origin is None or origin.partition("://")[2] == host
    # Browsers state the site, except to pages on plain HTTP that are not on their own machine.
    site = request.headers.get("sec-fetch-site", "same-origin" if is_own else "cross-site")
    # Another site can give its own name this machine's address (DNS rebinding), and then write headers of its
    # own, but it has no certificate.
    is_plain = NAME in LOCAL and (origin or "").startswith("http:")
    is_here = is_plain or (request.client is not None and request.client.host in LOCAL)
    is_foreign = is_here and request.url.hostname not in LOCAL
    if is_foreign or site not in ("same-origin", "none"):
        sentence = (
            "Only this page may ask for that, not another site; a proxy must speak HTTPS and send "
            "X-Forwarded-For."
        )
        raise Refused(sentence, 403)


def one_file(raw: bytes) -> bytes:
    """A form with one file. Raises Refused for other forms: Gradio opens a file for each part."""
    # A form's first line, before which it may have line breaks, stands before each part and at the end.
    raw = raw.lstrip(b"\r\n")
    if raw.count(raw.partition(b"\r\n")[0]) != 2:
        raise Refused("One picture is uploaded at a time, as the file `files` of a form.")
    return raw


def without_paths(raw: bytes) -> bytes:
    """A JSON object in which each `path` has become a `url`. Raises Refused for other bodies.

    Gradio would download a picture from a `path` that is an address.
    """

    def renamed(part: dict) -> dict:
        path = part.pop("path", None)
        return {**part, "url": path} if path else part

    try:
        body = json.loads(raw, object_hook=renamed) if raw.count(b",") <= MAX_VALUES else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(f"The request's body must be a JSON object of at most {MAX_VALUES:,} values.")
    return json.dumps(body).encode()


def refusal(status: int, content: bytes = b"") -> Refused:
    """The refusal in the content of an answer of Gradio's, or the one for its status."""
    try:
        # Gradio answers 500 whatever the status of a refusal. Errors without a sentence hold None.
        return Refused(str.strip(json.loads(content)["error"]))
    except (ValueError, LookupError, TypeError):
        return Refused(SENTENCES.get(status, FAILED), status)


def answer(refused: Refused) -> Response:
    """A refusal in the shapes that Gradio's clients and our page read."""
    told = {"error": str(refused), "detail": str(refused), "code": refused.code}
    # Else the server would read the rest of a body, for as long as it comes.
    end = {"connection": "close"} if refused.status in (408, 413, 429) else {}
    return JSONResponse(told, refused.status, refused.headers | end)
