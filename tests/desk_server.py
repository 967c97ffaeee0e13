"""A small page server with nothing but contributions, as a process: `python tests/desk_server.py PORT`, settings as the page's.

The routes and their bodies are the page's own, so that what is tried on this server can be tried on the page.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIECE = 65_536


class DeskServer:
    """That process, which can be killed and started again at the same address."""

    def __init__(self, port: int, **environment: str):
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("CONTRIBUTIONS")}, **environment}
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.start()

    def start(self, seconds: float = 120) -> None:
        """Until it answers."""
        self._output = tempfile.TemporaryFile()
        command = [sys.executable, __file__, str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self._output, stderr=self._output
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/config", timeout=2).read(1)
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise AssertionError(f"the server did not come up:\n{self.output()}")

    def output(self) -> str:
        """What it has printed since it was started."""
        return os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0).decode()

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it."""
        self.process.send_signal(how)
        self.process.wait(30)


def main(port: int) -> None:
    """Serve until the process is ended."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    from contribute.desk import Desk
    from contribute.store import StoreError

    desk, closed = Desk.from_environment("test")
    assert desk, closed
    functions = {function.__name__: function for function in desk.functions}

    async def component_server(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse(await run_in_threadpool(functions[asked["fn_name"]], asked["data"]))

    async def collection(request: Request) -> Response:
        try:
            name, file = await run_in_threadpool(desk.collection, await request.json())
        except (ValueError, StoreError) as error:
            return JSONResponse({"error": str(error)}, 400)
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(os.fstat(file.fileno()).st_size),
        }
        pieces = iter(lambda: file.read(PIECE), b"")
        return StreamingResponse(
            pieces, media_type="application/octet-stream", headers=headers, background=BackgroundTask(file.close)
        )

    async def config(request: Request) -> Response:
        return JSONResponse({"components": [{"id": 1, "props": {"server_fns": list(functions)}}]})

    routes = [
        Route("/gradio_api/component_server", component_server, methods=["POST"]),
        Route("/contributions/collection", collection, methods=["POST"]),
        Route("/config", config),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")
    desk.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(int(sys.argv[1]))
