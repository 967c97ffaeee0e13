"""A small page server with nothing but contributions: `python -m tests.harness.contribution_server PORT`,
settings as the page's.

The routes and their bodies are the page's own, so that what is tried on this server can be tried on the page.
"""

from __future__ import annotations

import sys


def main(port: int) -> None:
    """Serve until the process is ended."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from contributions.service import ContributionService

    service, closed = ContributionService.from_environment("test")
    assert service, closed

    async def contributions(request: Request) -> Response:
        name, question = request.path_params["name"], await request.json()
        answer = await run_in_threadpool(service.answer, name, question)
        if isinstance(answer, bytes):
            return Response(answer)
        return JSONResponse(answer, 400 if name == "collection" else 200)

    async def health(request: Request) -> Response:
        return JSONResponse({})

    routes = [Route("/contributions/{name}", contributions, methods=["POST"]), Route("/health", health)]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")
    service.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
