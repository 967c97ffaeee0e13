"""A small page server with nothing but contributions: `python -m tests.harness.contribution_server PORT`, settings as the page's.

The routes and their bodies are the page's own, so that what is tried on this server can be tried on the page.
"""

from __future__ import annotations

import os
import sys

PIECE = 65_536


def main(port: int) -> None:
    """Serve until the process is ended."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    from contributions.service import ContributionService

    service, closed = ContributionService.from_environment("test")
    assert service, closed
    functions = {function.__name__: function for function in service.functions}

    async def component_server(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse(await run_in_threadpool(functions[asked["fn_name"]], asked["data"]))

    async def collection(request: Request) -> Response:
        try:
            name, file = await run_in_threadpool(service.collection, await request.json())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(os.fstat(file.fileno()).st_size),
        }
        pieces = iter(lambda: file.read(PIECE), b"")
        return StreamingResponse(
            pieces,
            media_type="application/octet-stream",
            headers=headers,
            background=BackgroundTask(file.close),
        )

    async def config(request: Request) -> Response:
        return JSONResponse({"components": [{"id": 1, "props": {"server_fns": list(functions)}}]})

    routes = [
        Route("/gradio_api/component_server", component_server, methods=["POST"]),
        Route("/contributions/collection", collection, methods=["POST"]),
        Route("/config", config),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")
    service.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
