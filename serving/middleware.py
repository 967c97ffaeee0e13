"""What every request passes: the open paths, the limits, the policy, and one sentence for every error."""

import asyncio
import json
import re

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from serving.decoder import MAX_BYTES
from serving.limits import Refused, charge, visitor
from serving.settings import ALLOW_FRAMES, log_failure

API = "/gradio_api"
# JSON without a picture. In base64, a picture is longer by a third.
SMALL = 2**16  # bytes
# The paths that our page, Gradio's page, its clients and MCP use, and the most bytes of a body; with 0 a path
# takes none. All other paths are closed.
OPEN = {
    "/|/config|/theme.css|/robots.txt|/manifest.json|/favicon.ico|/pwa_icon|/health|/weights/current": 0,
    # Gradio raises an error for longer names of files.
    "/(assets|static|web/[0-9a-f]{16}|weights/[0-9a-f]{64})/[!-~]{1,200}": 0,
    f"{API}/(info|openapi.json|app_id|startup-events|theme.css|queue/data|mcp/schema)": 0,
    f"{API}/call/(v2/)?(predict|info)/[0-9a-f]+": 0,
    f"{API}/(run/predict|mcp)": MAX_BYTES * 4 // 3 + SMALL,
    f"{API}/upload": MAX_BYTES + SMALL,
    # Gradio keeps these calls until their answer is fetched, so they name pictures that were uploaded before.
    f"{API}/(run/info|queue/join|call/(v2/)?(predict|info))": SMALL,
    "/contributions/(consent|submit|status|delete|accepted|collection)": 2**18,
}
# The time in which the whole body must arrive.
SECONDS = 60.0
# Everybody would have to wait while Gradio walks through more values than these.
MAX_VALUES = 60_000
FRAMES = "*" if ALLOW_FRAMES else "'self' https://huggingface.co"
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
        # Gradio's page has inline scripts, and makes functions from text.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self' blob:; "
        # No script can send a drawing anywhere else.
        "connect-src 'self'; img-src 'self' data: blob:; form-action 'self'; object-src 'none'; "
        f"base-uri 'self'; frame-ancestors {FRAMES}"
    ),
    "x-content-type-options": "nosniff",
}
# The sentences for errors that come without one, by status.
SENTENCES = {
    404: "There is nothing here.",
    405: "This path expects another method.",
    408: "The request came too slowly.",
    413: "This is too large; a picture file may have 20 MiB, a drawing 256 KiB.",
}
FAILED = "The server could not do that; the page shows under Use via API what a call looks like."


class Guard(BaseHTTPMiddleware):
    """Lets a request through if its path is open, its origin may ask, and its address is within its limits.

    Every answer gets HEADERS, and every error is one sentence.
    """

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """The answer to a request."""
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
        """Check a request, and read its body. Raises Refused when a rule or a limit forbids it."""
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
        # Starlette passes on the body that it finds here.
        request._body = one_file(bytes(body)) if path.endswith("/upload") else for_gradio(bytes(body))


def check_origin(request: Request) -> None:
    """Raises Refused when a page of another site asks. Programs state no origin, and may ask."""
    origin = request.headers.get("origin")
    is_own = origin is None or origin.partition("://")[2] == request.headers.get("host")
    # Browsers state the site, but not for plain HTTP between two machines.
    site = request.headers.get("sec-fetch-site", "same-origin" if is_own else "cross-site")
    if site != "same-origin":
        raise Refused("Only this page may ask for that, not another site.", 403)


def one_file(raw: bytes) -> bytes:
    """A form, if it has one file. Raises Refused for others, because Gradio opens a file for each part."""
    # The first line of a form, which may follow line breaks, separates its parts and ends it.
    raw = raw.lstrip(b"\r\n")
    if raw.count(raw.partition(b"\r\n")[0]) != 2:
        raise Refused("One picture is uploaded at a time, as the file `files` of a form.")
    return raw


def for_gradio(raw: bytes) -> bytes:
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
    data = body.get("data")
    if isinstance(data, list) and len(data) == 1:
        # Gradio fills in the default of `top_k` for its own clients only.
        data.append(3)
    return json.dumps(body).encode()


def refusal(status: int, content: bytes = b"") -> Refused:
    """The refusal that Gradio put into an answer, or the one for the answer's status."""
    try:
        # Gradio answers 500 for every refusal. Its own errors have None in place of a sentence.
        return Refused(str.strip(json.loads(content)["error"]))
    except (ValueError, LookupError, TypeError):
        return Refused(SENTENCES.get(status, FAILED), status)


def answer(refused: Refused) -> Response:
    """A refusal as Gradio's clients and our page read it."""
    told = {"error": str(refused), "detail": str(refused), "code": refused.code}
    # Otherwise the server would go on reading the body.
    end = {"connection": "close"} if refused.status in (408, 413, 429) else {}
    return JSONResponse(told, refused.status, refused.headers | end)
