"""Putting the server together and running it, from the start to a stop that cuts nobody off.

On a Space the Hub's proxy bears what comes before a whole request: heads without end, connections that never speak. Elsewhere put a
proxy before the server. Here hold uvicorn's bound on connections, and one on the time that an answer may wait for its reader.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import resource
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from gradio.utils import get_upload_folder
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router

from serving import VERSION, telemetry
from serving.limits import ALLOWED, Limits
from serving.middleware import Outermost
from serving.predict import Predictor
from serving.routes import Routes
from serving.settings import Settings
from serving.weights import Weights

PORTS = range(7860, 7960)  # where a free one is looked for
CONNECTIONS = 4000  # at once, from everybody
UNREAD = 30.0  # seconds that sent bytes may wait for a reader, also one whose window stays full
STOPPING = 5  # seconds that a stop waits for answers under way
MALLOPT = {-1: 2**24, -3: 2**22, -8: 2}  # glibc: large blocks, and no others, go back at once; two arenas at most


class Server:
    """The page and everything around it; `app` is the ASGI application once the page is mounted."""

    def __init__(self, settings: Settings, weights: Weights):
        self.settings = settings
        self.predictor = Predictor(weights, Limits(settings), Path(get_upload_folder()))
        self._started: Callable[[], None] | None = None

    def mount(self, page: gr.Blocks, functions: dict[str, Callable], collection: Callable | None, **look) -> None:
        """Put the page in, and what its components may ask; `look` is theme and head for Gradio."""
        page.queue(max_size=64, default_concurrency_limit=None)  # calls that wait; Predictor says how many are read
        page._queue.sleep_when_free = 0.01  # else Gradio looks a thousand times a second whether a call waits
        page.state_session_capacity = 500  # some 30 kB each
        inner = fastapi.FastAPI(lifespan=self._life, openapi_url=None, docs_url=None, redoc_url=None)
        inner.add_middleware(CORSMiddleware)  # none: else Gradio has its own, which lets any page read with credentials
        closed = {"run_history": False, "enable_monitoring": False, "mcp_server": False, "show_error": False}
        gr.mount_gradio_app(inner, page, path="/", footer_links=["api"], ssr_mode=False, pwa=True, **closed, **look)
        events = {number: str(event.api_name) for number, event in page.fns.items()}
        router = Router(Routes(self.predictor, inner, events, functions, collection).all(), redirect_slashes=False)
        programs = CORSMiddleware(router, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])
        outermost = Outermost(programs, self.settings)

        async def app(scope, receive, send) -> None:
            await (outermost if scope["type"] == "http" else inner)(scope, receive, send)  # else its start and its stop

        self.app = app

    @contextlib.asynccontextmanager
    async def _life(self, _: fastapi.FastAPI) -> AsyncIterator[None]:
        telemetry.log("started", version=VERSION, weights=self.predictor.weights.files.origin)
        self.predictor.weights.start()
        tidy = asyncio.create_task(self._tidy())
        if self._started:
            self._started()
        yield
        tidy.cancel()
        telemetry.log("stopped")

    async def _tidy(self) -> None:
        """Each minute: delete old uploads, in our own folder where nobody else's files are."""
        while True:
            await asyncio.sleep(60)
            for path in self.predictor.uploads.iterdir():
                with contextlib.suppress(OSError):
                    if path.is_file() and path.stat().st_mtime < time.time() - ALLOWED["uploads"][-1]:
                        path.unlink()

    def run(self, listening: socket.socket, started: Callable[[], None] | None = None) -> None:
        """Serve until somebody stops it, by Ctrl-C or SIGTERM: no new questions then, and those under way are answered.

        `started` is called when answers are about to begin; it must not wait.
        """
        self._started = started
        with contextlib.suppress(ValueError, OSError):  # each visitor is a connection or two, each a file
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            most = 4 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * CONNECTIONS, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        with contextlib.suppress(AttributeError, TypeError, OSError):  # no glibc
            for option, value in MALLOPT.items():
                ctypes.CDLL(None).mallopt(option, value)
        config = uvicorn.Config(
            self.app, ws="none", limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=STOPPING, server_header=False,
            log_level="error", access_log=False, proxy_headers=False,  # logs would hold addresses of visitors
        )  # fmt: skip
        where = "127.0.0.1" if self.settings.name in ("0.0.0.0", "::") else self.settings.name
        print(f"The page is on http://{where}:{listening.getsockname()[1]}", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def listen(name: str, port: int | None) -> socket.socket:
    """A socket at that port, or at the first free one from 7860 on. Raises OSError with one sentence."""
    family, problem = socket.AF_INET6 if ":" in name else socket.AF_INET, None
    for number in [port] if port else PORTS:
        try:
            listening = socket.create_server((name.strip("[]"), number), family=family, backlog=2048)
        except OSError as error:
            if isinstance(error.__context__, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise OSError(f"GRADIO_SERVER_NAME is {name!r}, which is no address of this machine.") from error
            problem = error.strerror
            continue
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * UNREAD))
        return listening
    which = f"port {port}" if port else f"a port from {PORTS[0]} to {PORTS[-1]}"
    raise OSError(f"The page cannot have {which} at {name} ({problem}); GRADIO_SERVER_PORT names another.")
