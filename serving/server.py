"""Putting the server together and running it, from the start to a stop that cuts nobody off.

On a Space the Hub's proxy bears what comes before a whole request: heads without end, connections that never speak. Elsewhere put a
proxy before the server. Here hold uvicorn's bound on connections, and one on the time that an answer may wait for its reader.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from gradio.utils import get_upload_folder
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router

from serving import VERSION, telemetry
from serving.limits import RateLimiter
from serving.middleware import Outermost
from serving.predict import Predictor
from serving.routes import Routes
from serving.settings import Settings
from serving.weights import Weights

CONNECTIONS = 4000  # at once, from everybody
UNREAD = 30.0  # seconds that sent bytes may wait for a reader, also one whose window stays full
STOPPING = 5  # seconds that a stop waits for answers under way
MALLOPT = {
    -1: 2**24,
    -3: 2**22,
    -8: 2,
}  # glibc: large blocks, and no others, go back at once; two arenas at most


class Server:
    """The page and everything around it; `app` is the ASGI application once the page is mounted."""

    def __init__(self, settings: Settings, weights: Weights):
        self.settings = settings
        self.predictor = Predictor(weights, RateLimiter(settings), Path(get_upload_folder()))

    def mount(
        self, page: gr.Blocks, functions: dict[str, Callable], collection: Callable | None, **look
    ) -> None:
        """Put the page in, and what its components may ask; `look` is theme and head for Gradio."""
        page.queue(
            max_size=64, default_concurrency_limit=None
        )  # calls that wait; Predictor says how many are read
        page._queue.sleep_when_free = 0.01  # else Gradio looks a thousand times a second whether a call waits
        page.state_session_capacity = 500  # some 30 kB each
        inner = fastapi.FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        inner.add_middleware(
            CORSMiddleware
        )  # none: else Gradio has its own, which lets any page read with credentials
        closed = {"run_history": False, "enable_monitoring": False, "mcp_server": False, "show_error": False}
        gr.mount_gradio_app(
            inner, page, path="/", footer_links=["api"], ssr_mode=False, pwa=True, **closed, **look
        )
        events = {number: str(event.api_name) for number, event in page.fns.items()}
        router = Router(
            Routes(self.predictor, inner, events, functions, collection).all(), redirect_slashes=False
        )
        ours = Outermost(router, self.settings)
        programs = CORSMiddleware(
            ours, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]
        )

        async def app(scope, receive, send) -> None:
            await (programs if scope["type"] == "http" else inner)(
                scope, receive, send
            )  # else its start and its stop

        self.app = app

    def run(self, listening: socket.socket) -> None:
        """Serve until somebody stops it, by Ctrl-C or SIGTERM: no new questions then, and those under way are answered."""
        with contextlib.suppress(ValueError):  # each visitor is a connection or two, each a file
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with contextlib.suppress(AttributeError):  # no glibc
            for option, value in MALLOPT.items():
                ctypes.CDLL(None).mallopt(option, value)
        config = uvicorn.Config(
            self.app, ws="none", limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=STOPPING, server_header=False,
            log_level="error", access_log=False, proxy_headers=False,  # logs would hold addresses of visitors
        )  # fmt: skip
        where = "127.0.0.1" if self.settings.name in ("0.0.0.0", "::") else self.settings.name
        print(f"The page is on http://{where}:{listening.getsockname()[1]}", flush=True)
        signal.signal(
            signal.SIGTERM, lambda *_: sys.exit(0)
        )  # uvicorn raises the signal again once it has stopped
        telemetry.log("started", version=VERSION, weights=self.predictor.weights.files.origin)
        self.predictor.weights.start()
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass
        finally:
            telemetry.log("stopped")


def listen(name: str, port: int) -> socket.socket:
    """A socket at that address. Raises OSError with one sentence."""
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        listening = socket.create_server((name.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        where = f"{name}, port {port} ({error.strerror})"
        raise OSError(
            f"The page cannot be served at {where}; choose by GRADIO_SERVER_NAME and GRADIO_SERVER_PORT."
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * UNREAD))
    return listening
