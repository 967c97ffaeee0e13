"""What the server answers itself: assets, weights, `/predict` and `/info` in one request, uploads, contributions, health, metrics."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from serving import VERSION, mcp
from serving.decode import MAX_BYTES
from serving.events import Gradio, parse
from serving.limits import BadRequest, Limits
from serving.middleware import API, FOR_EVER
from serving.predict import Predictor
from serving.settings import Settings
from serving.telemetry import Telemetry
from web.assets import assets, fingerprint, media_type

OLD = 600.0  # seconds after which an upload is deleted


class Routes:
    """The routes and what they need; `functions` are what the page's components may ask, `collection` streams one's own drawings."""

    def __init__(
        self,
        settings: Settings,
        predictor: Predictor,
        limits: Limits,
        telemetry: Telemetry,
        stopping: asyncio.Event,
        functions: dict[str, Callable[[dict], dict]],
        collection: Callable[[dict], tuple] | None,
        gradio: Gradio,
    ):
        self.settings, self.predictor, self.limits, self.telemetry = settings, predictor, limits, telemetry
        self.stopping, self.functions, self.make_collection, self.gradio = stopping, functions, collection, gradio
        self.uploads, self.assets = predictor.uploads, assets()
        self._collecting = asyncio.Lock()  # one at a time: each takes some megabytes

    def list(self) -> list[Route]:
        """All of them; what is none of them goes to Gradio."""
        small = [Middleware(GZipMiddleware)]
        post = {"methods": ["POST"]}
        return [
            Route("/", self.gradio.page, middleware=small),
            Route("/web/{fingerprint}/{name}", self.asset, middleware=small),
            Route("/weights/current", self.weights),
            Route("/weights/{key}/{name}", self.weights_file),
            Route("/health", self.health),
            Route("/metrics", self.metrics),
            Route("/contributions/collection", self.collection, **post),
            *(Route(f"{API}/component_server{end}", self.component_server, **post) for end in ("", "/")),
            *(Route(f"{API}/upload{end}", self.upload, **post) for end in ("", "/")),
            *(Route(f"{API}/{way}/{{name}}{end}", self.run, **post) for way in ("run", "api") for end in ("", "/")),
            *(Route(f"{API}/mcp{end}", self.tools, **post) for end in ("", "/")),
            *(Route(f"{API}/mcp/schema{end}", self.tools_schema) for end in ("", "/")),
        ]

    # --- what browsers load ---------------------------------------------------------------------------------------

    async def asset(self, request: Request) -> Response:
        """A file of the page's own script. Only the present version is there."""
        name = request.path_params["name"]
        if request.path_params["fingerprint"] != fingerprint() or name not in self.assets:
            raise BadRequest("There is nothing here.", 404, "no such path")
        return FileResponse(
            self.assets[name], media_type=media_type(name), headers={"cache-control": FOR_EVER}, stat_result=None
        )

    async def weights(self, request: Request) -> Response:
        """Which weights a page should load."""
        now = self.predictor.weights
        said = {"base": f"weights/{now.files.key}/", **now.info()}
        return JSONResponse(said, headers={"cache-control": "no-store"})

    async def weights_file(self, request: Request) -> Response:
        """config.json or model.safetensors of the weights with that key."""
        content = self.predictor.weights.file(request.path_params["key"], request.path_params["name"])
        if content is None:
            raise BadRequest("These weights are not served any more; load the page again.", 404, "no such path")
        kind = "application/json" if request.path_params["name"].endswith(".json") else "application/octet-stream"
        return Response(content, media_type=kind, headers={"cache-control": FOR_EVER})

    # --- what programs ask ----------------------------------------------------------------------------------------

    async def run(self, request: Request) -> Response:
        """`/predict` and `/info` in one request, and the events of Gradio's page, which come here by number."""
        question = parse(await request.body())
        if question.get("fn_index") is not None:
            return await self.gradio.event(request, question)
        if request.path_params["name"] == "info":
            return JSONResponse({"data": [self.predictor.info()]})
        data = question.get("data")
        if not isinstance(data, list):
            raise BadRequest('The request\'s body must be {"data": [...]}, the arguments in a list.')
        picture, top_k = self.predictor.checked(*(data or [None])[:3])
        said = await self.predictor.predict(picture, top_k, request.scope["visitor"])
        return JSONResponse({"data": [said]})

    async def tools(self, request: Request) -> Response:
        """One message of MCP."""

        async def use(name: str, arguments: dict) -> dict:
            if name == "info":
                return self.predictor.info()
            picture, top_k = self.predictor.checked(arguments.get("picture"), arguments.get("top_k", 3))
            return await self.predictor.predict(picture, top_k, request.scope["visitor"])

        status, said = await mcp.answer(parse(await request.body()), use)
        return Response(status_code=status) if said is None else JSONResponse(said, status)

    async def tools_schema(self, request: Request) -> Response:
        """The tools, where Gradio's own MCP tells them without a session."""
        return JSONResponse(mcp.SCHEMA)

    async def upload(self, request: Request) -> Response:
        """One picture, as Gradio's clients send it before they ask: a list with its path, which only means something here."""
        self.limits.check(request.scope["visitor"], "uploaded")
        try:
            async with request.form(max_files=1, max_fields=0) as form:
                files = form.getlist("files")
                if len(files) != 1 or isinstance(files[0], str):
                    raise BadRequest("One picture is uploaded at a time, as the file `files` of a form.")
                if files[0].size > MAX_BYTES:
                    raise BadRequest(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.", 413)
                folder = self.uploads / secrets.token_hex(16)
                folder.mkdir()
                path = folder / ("picture" + Path(files[0].filename or "").suffix[:8].replace("\0", ""))
                await run_in_threadpool(_copy, files[0].file, path)
        except (HTTPException, KeyError) as error:
            if getattr(error, "status_code", 400) != 400:
                raise
            raise BadRequest("One picture is uploaded at a time, as the file `files` of a form.") from None
        return JSONResponse([str(path)])

    async def tidy(self) -> None:
        """Delete uploads that are old, every few seconds for ever: in our own folder, where nobody else's files are."""
        while True:
            await asyncio.sleep(10)
            await run_in_threadpool(_delete_old, self.uploads, time.time() - OLD)

    # --- contributions --------------------------------------------------------------------------------------------

    async def component_server(self, request: Request) -> Response:
        """A question of the page's own components: agree, keep, count, delete."""
        question = parse(await request.body())
        name, who = question.get("fn_name"), request.scope["visitor"]
        function = self.functions.get(name) if isinstance(name, str) else None
        if function is None:
            raise BadRequest("The page has no such function; load it again.", 404, "no such path")
        if name == "keep":
            self.limits.check(who, "stored")
        said = await run_in_threadpool(function, question.get("data"))
        if name == "keep" and "error" not in said:
            self.limits.charge(who, "stored")
            self.telemetry.kept()
        return JSONResponse(said)

    async def collection(self, request: Request) -> Response:
        """All drawings of a receipt as a file."""
        question = parse(await request.body())
        if self.make_collection is None:
            raise BadRequest("Contributions are switched off here.")
        async with self._collecting:
            try:
                name, media, parts = await run_in_threadpool(self.make_collection, question)
            except ValueError as error:
                raise BadRequest(str(error)) from None
        return StreamingResponse(parts, 200, {"content-disposition": f'attachment; filename="{name}"'}, media)

    # --- for who runs it ------------------------------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        """Whether the server is well."""
        well = not self.stopping.is_set()
        said = {"status": "ok" if well else "stopping", "weights": self.predictor.weights.files.origin}
        return JSONResponse({**said, "version": VERSION}, 200 if well else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus' numbers: with METRICS_TOKEN set for its bearer, without for who sits at this very machine."""
        token, headers = self.settings.metrics_token, request.headers
        if token:
            allowed = hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {token}".encode())
        else:
            near = request.client is not None and request.client.host in ("127.0.0.1", "::1")
            allowed = near and not self.settings.behind_proxy and "x-forwarded-for" not in headers
        if not allowed:
            raise BadRequest("The metrics are for who runs the page: send METRICS_TOKEN as a bearer token.", 403)
        return Response(self.telemetry.text(), media_type="text/plain; version=0.0.4")


def _copy(source, path: Path) -> None:
    with open(path, "xb") as file:
        while part := source.read(2**20):
            file.write(part)


def _delete_old(folder: Path, before: float) -> None:
    # In this order what lies in a folder comes before the folder.
    for path in sorted(folder.glob("**/*"), reverse=True):
        try:
            if path.lstat().st_mtime < before:
                path.rmdir() if path.is_dir() else path.unlink()
        except OSError:
            pass  # in use, not empty, or gone
