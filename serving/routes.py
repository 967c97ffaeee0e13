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
        is_config = name == "config.json"
        media = "application/json" if is_config else "application/octet-stream"
        return Response(files.config if is_config else files.tensors, media_type=media, headers=FOR_EVER)

    return [
        Route("/health", health),
        Route("/web/{fingerprint}/{name:path}", asset),
        Route("/weights/current", current),
        Route("/weights/{key}/{name}", weights_file),
    ]


def contribution_routes(
    functions: dict[str, Callable[[dict], dict]], download: Callable[[dict], bytes], limits: RateLimiter
) -> list[Route]:
    """What the page asks a contribution service, by the name of the function; `download` gives a file."""

    async def contribute(request: Request) -> Response:
        name, who = request.path_params["name"], request.scope["visitor"]
        if name == "submit":
            limits.charge(who, "drawings", 0)
        answer = await run_in_threadpool(functions[name], parsed(await request.body()))
        if name == "submit" and "error" not in answer:
            limits.charge(who, "drawings")
        return JSONResponse(answer)

    async def collection(request: Request) -> Response:
        try:
            content = await run_in_threadpool(download, parsed(await request.body()))
        except ValueError as error:
            raise Refused(str(error), code=getattr(error, "code", "refused")) from None
        headers = {"content-disposition": 'attachment; filename="MNIST.npz"', **FRESH}
        return Response(content, media_type="application/octet-stream", headers=headers)

    return [
        Route("/contributions/collection", collection, methods=["POST"]),
        Route("/contributions/{name}", contribute, methods=["POST"]),
    ]
