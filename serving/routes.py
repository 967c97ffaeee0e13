"""Every way into the server, and what it answers: assets, weights, `/predict`, uploads, contributions, Gradio. The rest is closed."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

from prometheus_client import generate_latest
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from publishing.fetch import NEEDED
from serving import ABOUT, TITLE, VERSION, mcp
from serving.images import MAX_BYTES
from serving.limits import ALLOWED, Refused
from serving.middleware import FOR_EVER, Allowed
from serving.predict import Predictor
from serving.telemetry import EVENTS
from web.assets import assets, fingerprint, media_type

API = "/gradio_api"
PICTURE, DRAWING, SMALL = (
    MAX_BYTES * 4 // 3 + 4096,
    2**18,
    2**16,
)  # bytes of JSON with a data URL, a drawing, neither
GRADIO = (  # what Gradio's page and its clients need of Gradio
    *("/config", "/theme.css", "/robots.txt", "/manifest.json", "/favicon.ico", "/pwa_icon"),
    *("/static/{file:path}", "/assets/{file:path}", f"{API}/info", f"{API}/openapi.json", f"{API}/app_id"),
    *(
        f"{API}/queue/data",
        f"{API}/call/predict/{{id}}",
        f"{API}/call/info/{{id}}",
        f"{API}/call/v2/predict/{{id}}",
    ),
)
GENERIC = re.compile(
    rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*'
)  # Gradio's page of itself to other sites
OURS = (
    f'<title>{TITLE}</title><meta name="description" content="{ABOUT}"><meta property="og:title" content="{TITLE}">'
    f'<meta property="og:description" content="{ABOUT}"><meta property="og:type" content="website">'
    '<meta name="twitter:card" content="summary"></head>'
).encode()
NO_DATA = 'The request\'s body must be {"data": [...]}, the arguments in a list.'
NO_FORM = "One picture is uploaded at a time, of at most 10 MiB, as the file `files` of a form."
TAKES = {"predict": 2, "info": 0}  # arguments
CHANGED = "This page has changed; load it again."
FRESH = {"cache-control": "no-store"}
STAYS = ALLOWED["uploads"][-1]  # seconds, of an upload


@dataclass
class Routes:
    """The routes and what they need. `events`: number -> name, of Gradio's page; `functions`: what the page's components may ask;
    `collection`: a file's name and the open file with the drawings of a receipt.
    """

    predictor: Predictor
    gradio: ASGIApp
    events: dict[int, str]
    functions: dict[str, Callable[[dict], dict]]
    collection: Callable[[dict], tuple] | None

    def all(self) -> list[Route]:
        """Path, answer, bytes of a body, class of limits, whether only our own pages may ask."""

        def way(path, answer, body=0, kind="rest", own=False, into="memory", zipped=False) -> Route:
            passed = [Middleware(GZipMiddleware)] if zipped else []
            passed += [Middleware(Allowed, self.predictor.limits, kind, own, into)]
            passed += [Middleware(RequestBodyLimitMiddleware, body)]
            return Route(path, answer, methods=["POST"] if body else ["GET", "HEAD"], middleware=passed)

        weights = self.predictor.weights
        queue = (f"{API}/queue/join", f"{API}/call/{{name}}", f"{API}/call/v2/{{name}}")
        return [
            way("/", self._page, zipped=True),
            way("/web/{fingerprint}/{name:path}", self._asset, zipped=True),
            way(
                "/weights/current", fresh(lambda: {"base": f"weights/{weights.files.key}/", **weights.info()})
            ),
            way("/weights/{key}/{name}", self._weights_file),
            way(
                "/health",
                fresh(lambda: {"status": "ok", "weights": weights.files.origin, "version": VERSION}),
            ),
            way("/metrics", self._metrics, own=True),
            way("/contributions/collection", self._take_home, SMALL, "contributions", own=True),
            way("/contributions/{name}", self._contribute, DRAWING, "contributions", own=True),
            way(f"{API}/component_server", self._component, DRAWING, "contributions", own=True),
            way(f"{API}/upload", self._upload, MAX_BYTES + SMALL, into="disk"),
            way(f"{API}/mcp", self._tools, PICTURE, "pictures"),
            way(f"{API}/mcp/schema", fresh(lambda: mcp.TOOLS)),  # where the Hub looks for a Space's tools
            way(f"{API}/run/predict", self._predict, PICTURE, "pictures"),
            way(f"{API}/run/info", self._info, SMALL),
            *(way(path, self._call, SMALL, "pictures") for path in queue),
            *(way(path, self.gradio) for path in GRADIO),
        ]

    async def _page(self, request: Request) -> Response:
        """Gradio's page, which speaks of ours to other sites; its own scripts get this response's nonce, and no others run."""
        html = bytes((await whole(self.gradio, request.scope)).body)
        EVENTS.labels("page opened").inc()
        html = GENERIC.sub(b"", html).replace(b"</head>", OURS, 1)
        html = html.replace(b"<script", b'<script nonce="' + request.scope["nonce"].encode() + b'"')
        return Response(html, media_type="text/html", headers=FRESH)  # a nonce is good for once

    async def _asset(self, request: Request) -> Response:
        name, files = request.path_params["name"], assets()
        if request.path_params["fingerprint"] != fingerprint() or name not in files:
            raise Refused(CHANGED, 404, "no such path")
        return FileResponse(files[name], media_type=media_type(name), headers={"cache-control": FOR_EVER})

    async def _weights_file(self, request: Request) -> Response:
        name, files = request.path_params["name"], self.predictor.weights.files
        if request.path_params["key"] != files.key or name not in NEEDED:
            raise Refused("These weights are not served any more; load the page again.", 404, "no such path")
        content, media = (files.config, "json") if name == "config.json" else (files.tensors, "octet-stream")
        return Response(content, media_type=f"application/{media}", headers={"cache-control": FOR_EVER})

    async def _predict(self, request: Request) -> Response:
        who = request.scope["visitor"]
        answer = await self.predictor.predict(who, *data_of(await body(request)))  # which nothing else holds
        return JSONResponse({"data": [answer]})

    async def _info(self, request: Request) -> Response:
        data_of({"data": [], **await body(request)})
        return JSONResponse({"data": [self.predictor.weights.info()]})

    async def _call(self, request: Request) -> Response:
        """A call of Gradio's queue, with no more than what its events take: it logs what it cannot understand."""
        question, path, name = await body(request), request.url.path, request.path_params.get("name")
        session, number = question.get("session_hash"), None if name else question.get("fn_index")
        if "/v2/" in path:  # the arguments by their names, as the page's schema says
            given = "picture" in question or "top_k" in question
            question["data"] = [question.get("picture"), question.get("top_k", 3)] if given else []
        data = data_of(question)
        if not isinstance(session, (str, type(None))) or len(session or "") > 64:
            raise Refused("session_hash is a word of at most 64 letters.")
        event = name or (self.events.get(number) if type(number) is int else None)
        if event not in TAKES:
            raise Refused(NO_DATA if name else CHANGED, 404)
        if len(data) > (takes := TAKES[event]):
            raise Refused(NO_DATA)
        data += [None, 3][len(data) : takes]
        if data and str(data[0]).startswith("data:"):  # Gradio keeps it long after the answer
            raise Refused(
                "Here a picture is uploaded first; /gradio_api/run/predict takes it in the request."
            )
        if data:
            self.predictor.content(data[0])  # Gradio says nothing of a picture that is none of ours
            data[0] = {"path": data[0], "meta": {"_type": "gradio.FileData"}}
        raw = json.dumps({"data": data, "session_hash": session, "fn_index": number}).encode()
        path = path.replace("/v2", "")
        return await whole(self.gradio, {**request.scope, "path": path, "raw_path": path.encode()}, raw)

    async def _tools(self, request: Request) -> Response:
        answer = await mcp.answer(await body(request), self.predictor, request.scope["visitor"])
        return Response(status_code=202) if answer is None else JSONResponse(answer)

    async def _upload(self, request: Request) -> Response:
        """One picture, as Gradio's clients send it before they ask: a list with its path, which only means something here."""
        limits, who = self.predictor.limits, request.scope["visitor"]
        limits.check(who, "uploads")
        parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=0)
        parser.spool_max_size = SMALL
        try:
            (file,) = (await parser.parse()).getlist("files")
        except (MultiPartException, KeyError, ValueError):
            raise Refused(NO_FORM) from None
        assert isinstance(file, UploadFile)  # there are no fields
        path, content = self.predictor.uploads / secrets.token_hex(16), await file.read(MAX_BYTES + 1)
        await file.close()
        await run_in_threadpool(path.write_bytes, content)
        asyncio.get_running_loop().call_later(STAYS, path.unlink, True)
        limits.check(who, "uploads", 1 + len(content) // 1024)
        return JSONResponse([str(path)])

    async def _component(self, request: Request) -> Response:
        """A question of the page's own components: agree, keep, count, delete."""
        question, who, limits = await body(request), request.scope["visitor"], self.predictor.limits
        name = question.get("fn_name")
        if not isinstance(name, str) or name not in self.functions:
            raise Refused(CHANGED, 404, "no such path")
        if name == "keep":
            limits.check(who, "drawings")
        answer = await run_in_threadpool(self.functions[name], question.get("data") or {})
        if name == "keep" and "error" not in answer:
            limits.check(who, "drawings", 1)
            EVENTS.labels("drawing stored").inc()
        return JSONResponse(answer)

    async def _contribute(self, request: Request) -> Response:
        name = {"submit": "keep", "delete": "forget"}.get(request.path_params["name"], request.path_params["name"])
        if name not in self.functions:
            raise Refused(CHANGED, 404, "no such path")
        return JSONResponse(await run_in_threadpool(self.functions[name], await body(request)))

    async def _take_home(self, request: Request) -> Response:
        if self.collection is None:
            raise Refused("Contributions are switched off here.", code="off")
        try:
            name, file = await run_in_threadpool(self.collection, await body(request))
        except ValueError as error:
            raise Refused(str(error), code=getattr(error, "code", "refused")) from None
        headers = {"content-disposition": f'attachment; filename="{name}"', **FRESH}
        parts = iter(lambda: file.read(2**16), b"")
        return StreamingResponse(parts, 200, headers, "application/octet-stream", BackgroundTask(file.close))

    async def _metrics(self, request: Request) -> Response:
        """Prometheus' numbers: for the bearer of METRICS_TOKEN, or where there is none for who sits at this very machine."""
        settings, bearer = self.predictor.limits.settings, request.headers.get("authorization", "")
        near = request.client and request.client.host in ("127.0.0.1", "::1") and not settings.behind_proxy
        allowed = near and "x-forwarded-for" not in request.headers
        if settings.metrics_token:
            allowed = hmac.compare_digest(bearer.encode(), f"Bearer {settings.metrics_token}".encode())
        if not allowed:
            raise Refused("The metrics are for who runs the page: send METRICS_TOKEN as a bearer token.", 403)
        return Response(generate_latest(), media_type="text/plain; version=0.0.4")


def fresh(state: Callable[[], object]) -> Callable:
    """A route that answers with the state of the moment."""

    async def answer(request: Request) -> Response:
        return JSONResponse(state(), headers=FRESH)

    return answer


async def whole(app: ASGIApp, scope: Scope, body: bytes = b"") -> Response:
    """An application's whole response to a request with that body, uncompressed."""
    start: MutableMapping = {}
    parts, unwanted = [], (b"accept-encoding", b"content-length")

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Message) -> None:
        start.update(message) if message["type"] == "http.response.start" else parts.append(
            message.get("body", b"")
        )

    await app(
        {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in unwanted]}, receive, collect
    )
    media = dict(start["headers"]).get(b"content-type", b"").decode("latin-1")
    return Response(b"".join(parts), start["status"], media_type=media)


async def body(request: Request) -> dict:
    """The object that a request's body holds. Raises Refused."""
    raw = b"".join([part async for part in request.stream()])  # `request.body` would keep it
    try:
        question = (
            json.loads(raw) if raw.count(b",") <= 60_000 else None
        )  # parsing more would hold up everybody
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        raise Refused("The request's body must be a JSON object, of at most 60,000 values.")
    return question


def data_of(question: dict) -> list:
    """The arguments in a question, as texts and numbers. Raises Refused."""
    if not isinstance(question.get("data"), list):
        raise Refused(NO_DATA)
    return [plain(value) for value in question["data"]]


def plain(value: object) -> object:
    """An argument as a text or a number: a picture in Gradio's wrapping, {"path": ...} or {"url": ...}, is what is in it."""
    if isinstance(value, dict):
        value = value.get("url") if value.get("path") is None else value["path"]
    return value if isinstance(value, (str, int, float, type(None))) else ""
