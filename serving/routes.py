"""The page's own paths: its scripts, the weights, its health, and contributions. Gradio answers the others."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from publishing.fetch import NEEDED
from serving import VERSION
from serving.calls import CHANGED, parsed
from serving.limits import RateLimiter, Refused
from serving.weights import Weights
from web.assets import assets, fingerprint, media_type

FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # for what has a hash in its address
FRESH = {"cache-control": "no-store"}
OFF = {"error": "Contributions are switched off here.", "code": "off"}
STAYS = 600.0  # seconds that an upload stays


@dataclass
class Routes:
    """The routes and what they need: `functions` of a contribution service by their names, and its downloads."""

    weights: Weights
    limits: RateLimiter
    functions: dict[str, Callable[[dict], dict]]
    download: Callable[[dict], tuple] | None

    def all(self) -> list[Route]:
        """For FastAPI's `routes`. What may be asked at all, and by whom, is in serving/middleware.py."""
        return [
            Route("/health", self._health),
            Route("/web/{fingerprint}/{name:path}", self._asset),
            Route("/weights/current", self._current),
            Route("/weights/{key}/{name}", self._weights_file),
            Route("/contributions/collection", self._download, methods=["POST"]),
            Route("/contributions/{name}", self._contribution, methods=["POST"]),
        ]

    async def _health(self, request: Request) -> Response:
        state = {"status": "ok", "weights": self.weights.files.origin, "version": VERSION}
        return JSONResponse(state, headers=FRESH)

    async def _asset(self, request: Request) -> Response:
        name, files = request.path_params["name"], assets()
        if request.path_params["fingerprint"] != fingerprint() or name not in files:
            raise Refused(CHANGED, 404, "no such path")
        return FileResponse(files[name], media_type=media_type(name), headers=FOR_EVER)

    async def _current(self, request: Request) -> Response:
        base = f"weights/{self.weights.files.key}/"
        return JSONResponse({"base": base, **self.weights.info()}, headers=FRESH)

    async def _weights_file(self, request: Request) -> Response:
        name, files = request.path_params["name"], self.weights.files
        if request.path_params["key"] != files.key or name not in NEEDED:
            raise Refused("These weights are not served any more; load the page again.", 404, "no such path")
        content, media = (files.config, "json") if name == "config.json" else (files.tensors, "octet-stream")
        return Response(content, media_type=f"application/{media}", headers=FOR_EVER)

    async def _contribution(self, request: Request) -> Response:
        """A question of the page: agree, submit, count, delete, show what was accepted."""
        name, who = request.path_params["name"], request.scope["visitor"]
        if not self.functions:
            return JSONResponse(OFF)
        if name == "submit":
            self.limits.charge(who, "drawings")
        answer = await run_in_threadpool(self.functions[name], parsed(await request.body()))
        if name == "submit" and "error" not in answer:
            self.limits.charge(who, "drawings", 1)
        return JSONResponse(answer)

    async def _download(self, request: Request) -> Response:
        """One's own drawings as a file."""
        if self.download is None:
            raise Refused(OFF["error"], code=OFF["code"])
        try:
            name, file = await run_in_threadpool(self.download, parsed(await request.body()))
        except ValueError as error:
            raise Refused(str(error), code=getattr(error, "code", "refused")) from None
        headers = {"content-disposition": f'attachment; filename="{name}"', **FRESH}
        headers["content-length"] = str(os.fstat(file.fileno()).st_size)
        parts = iter(lambda: file.read(2**16), b"")
        return StreamingResponse(parts, 200, headers, "application/octet-stream", BackgroundTask(file.close))


def tidied(folder: Path):
    """A lifespan for FastAPI, during which old uploads are deleted from the page's own `folder`.

    Gradio's `delete_cache` does not know of files whose upload was cut off.
    """

    async def tidy() -> None:
        while True:
            await asyncio.sleep(min(STAYS, 30.0))
            for path in folder.rglob("*"):
                if path.is_file() and path.stat().st_mtime < time.time() - STAYS:
                    path.unlink(missing_ok=True)

    @asynccontextmanager
    async def lifespan(app):
        task = asyncio.create_task(tidy())
        yield
        task.cancel()

    return lifespan
