"""The page's own paths: its scripts, the weights, its health, and contributions."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from publishing.fetch import NEEDED
from serving import VERSION
from serving.calls import parsed
from serving.limits import RateLimiter, Refused
from serving.weights import Weights
from web.assets import assets, fingerprint, media_type

# For addresses with a hash in them.
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
FRESH = {"cache-control": "no-store"}
DOWNLOAD = {"content-disposition": 'attachment; filename="MNIST.npz"', **FRESH}


def own_routes(weights: Weights) -> list[Route]:
    """The page's scripts, the weights, and its health."""

    async def health(request: Request) -> Response:
        state = {"status": "ok", "weights": weights.files.origin, "version": VERSION}
        return JSONResponse(state, headers=FRESH)

    async def asset(request: Request) -> Response:
        name, files = request.path_params["name"], assets()
        if request.path_params["fingerprint"] != fingerprint() or name not in files:
            raise Refused("This page has changed; load it again.", 404, "no such path")
        return FileResponse(files[name], media_type=media_type(name), headers=FOR_EVER)

    async def current(request: Request) -> Response:
        return JSONResponse({"base": f"weights/{weights.files.key}/", **weights.info()}, headers=FRESH)

    async def weights_file(request: Request) -> Response:
        name, files = request.path_params["name"], weights.files
        if request.path_params["key"] != files.key or name not in NEEDED:
            raise Refused("These weights are not served any more; load the page again.", 404, "no such path")
        if name == "config.json":
            return Response(files.config, media_type="application/json", headers=FOR_EVER)
        return Response(files.tensors, media_type="application/octet-stream", headers=FOR_EVER)

    return [
        Route("/health", health),
        Route("/web/{fingerprint}/{name:path}", asset),
        Route("/weights/current", current),
        Route("/weights/{key}/{name}", weights_file),
    ]


def contribution_routes(ask: Callable[[str, dict], dict | bytes], limits: RateLimiter) -> list[Route]:
    """What the page asks the contribution service, by the question's name; a file comes as bytes."""

    async def contribute(request: Request) -> Response:
        name, who = request.path_params["name"], request.scope["visitor"]
        if name == "submit":
            limits.charge(who, "drawings", 0)
        answer = await run_in_threadpool(ask, name, parsed(await request.body()))
        if isinstance(answer, bytes):
            return Response(answer, media_type="application/octet-stream", headers=DOWNLOAD)
        if name == "collection":
            raise Refused(answer["error"], code=answer["code"])
        if name == "submit" and "error" not in answer:
            limits.charge(who, "drawings")
        return JSONResponse(answer)

    return [Route("/contributions/{name}", contribute, methods=["POST"])]
