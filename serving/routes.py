"""The page's own paths: its scripts, the weights, its health, and contributions."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from serving import VERSION
from serving.limits import Refused, charge, visitor
from serving.weights import Weights
from web.assets import assets, fingerprint, media_type

# For addresses that contain a hash of their content.
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
FRESH = {"cache-control": "no-store"}
DOWNLOAD = {"content-disposition": 'attachment; filename="MNIST.npz"', **FRESH}


def own_routes(weights: Weights) -> list[Route]:
    """The page's scripts, the weights, and its health."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "weights": weights.files.origin, "version": VERSION})

    async def asset(request: Request) -> Response:
        name, files = request.path_params["name"], assets()
        if name not in files:
            raise HTTPException(404)
        return FileResponse(files[name], media_type=media_type(name), headers=FOR_EVER)

    async def current(request: Request) -> Response:
        return JSONResponse({"base": f"weights/{weights.files.key}/", **weights.info()}, headers=FRESH)

    async def weights_file(request: Request) -> Response:
        files = weights.files
        contents = {"config.json": files.config, "model.safetensors": files.tensors}
        name = request.path_params["name"]
        if request.path_params["key"] != files.key or name not in contents:
            raise HTTPException(404)
        return Response(contents[name], headers=FOR_EVER)

    return [
        Route("/health", health),
        Route(f"/web/{fingerprint()}/{{name:path}}", asset),
        Route("/weights/current", current),
        Route("/weights/{key}/{name}", weights_file),
    ]


def contribution_routes(ask: Callable[[str, dict], dict | bytes]) -> list[Route]:
    """The questions to the contribution service, by name. An answer is JSON, or bytes for a file."""

    async def contribute(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "submit":
            charge(visitor(request), "drawings")
        answer = await run_in_threadpool(ask, name, await request.json())
        if isinstance(answer, bytes):
            return Response(answer, headers=DOWNLOAD)
        if name == "collection":
            raise Refused(answer["error"], code=answer["code"])
        return JSONResponse(answer)

    return [Route("/contributions/{name}", contribute, methods=["POST"])]
