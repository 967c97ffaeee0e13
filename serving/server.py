"""Putting it together and running it, from the start to a stop that cuts nobody off.

On a Space the Hub's proxy bears what comes before a whole request: heads without end, connections that never speak. Elsewhere put a
proxy before the server; here uvicorn's bound on connections holds, and who does not read what was sent is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from gradio.utils import get_upload_folder
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router

from serving import VERSION
from serving.events import Gradio
from serving.limits import Limits
from serving.middleware import Gate, Headers, Sentences
from serving.predict import Predictor
from serving.routes import Routes
from serving.settings import Settings
from serving.telemetry import Telemetry, log
from serving.weights import Weights

PORTS = range(7860, 7960)  # where a free one is looked for
CONNECTIONS = 4000  # at once, from everybody
UNREAD = 30_000  # milliseconds that sent bytes may wait for a reader
STOPPING = 5  # seconds that a stop waits for answers under way
SESSIONS, QUEUED = 500, 64  # of which Gradio keeps a state, some 30 kB each; calls in its queue


class Server:
    """The page and everything around it as one ASGI application, `app`."""

    def __init__(self, settings: Settings, weights: Weights):
        self.settings, self.weights = settings, weights
        self.limits, self.telemetry, self.stopping = Limits(settings), Telemetry(), asyncio.Event()
        self.predictor = Predictor(weights, self.limits, self.telemetry, Path(get_upload_folder()))

    def mount(self, page: gr.Blocks, functions: dict[str, Callable], collection: Callable | None, **look) -> None:
        """Put the page in; `look` is theme and head for Gradio."""
        page.queue(max_size=QUEUED, default_concurrency_limit=None)
        page.state_session_capacity = SESSIONS
        inner = fastapi.FastAPI(lifespan=self._life, openapi_url=None, docs_url=None, redoc_url=None)
        gr.mount_gradio_app(
            inner,
            page,
            path="/",
            footer_links=["api"],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            show_error=False,
            pwa=True,
            **look,
        )
        gradio = Gradio(
            inner, {n: len(event.inputs) for n, event in page.fns.items()}, self.predictor, self.telemetry.opened
        )
        self.routes = Routes(
            self.settings, self.predictor, self.limits, self.telemetry, self.stopping, functions, collection, gradio
        )
        router = Router(self.routes.list(), default=gradio, redirect_slashes=False)
        gate = Gate(router, self.settings, self.limits, self.telemetry, self.stopping)
        programs = CORSMiddleware(gate, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"])
        outside = Headers(Sentences(programs, self.telemetry), self.settings)

        async def app(scope, receive, send) -> None:
            await (outside if scope["type"] == "http" else inner)(scope, receive, send)  # else its start and its stop

        self.app = app

    @contextlib.asynccontextmanager
    async def _life(self, _: fastapi.FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        report = threading.Thread(target=self.telemetry.report, args=(stop,), name="log")
        report.start()
        tidy, children = asyncio.create_task(self.routes.tidy()), asyncio.create_task(self.predictor.decoder.start())
        log("started", version=VERSION, weights=self.weights.files.origin)
        self.weights.start()
        try:
            yield
        finally:
            tidy.cancel()
            await children
            await self.predictor.close()
            stop.set()
            await asyncio.to_thread(report.join)
            log("stopped")

    def run(self) -> None:
        """Serve until somebody stops it, by Ctrl-C or SIGTERM: no new questions then, and those under way are answered.

        Raises OSError when there is no such address or its port is taken.
        """
        listening = listen(self.settings.name, self.settings.port)
        _raise_file_limit()
        config = uvicorn.Config(
            self.app,
            ws="none",
            log_level="error",  # a visitor can bring about as many warnings as they like
            access_log=False,  # it would hold addresses
            server_header=False,
            proxy_headers=False,  # serving/limits.py decides whom to believe
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=STOPPING,
        )
        server = uvicorn.Server(config)
        handle_exit = server.handle_exit

        def stop(sig, frame) -> None:
            handle_exit(sig, frame)
            self.stopping.set()  # connections that stay open do not hold it up

        server.handle_exit = stop
        where = "127.0.0.1" if self.settings.name in ("0.0.0.0", "::", "") else self.settings.name
        print(f"The page is on http://{where}:{listening.getsockname()[1]}", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def listen(name: str, port: int | None) -> socket.socket:
    """A socket at that port, or at the first free one from 7860 on. Raises OSError with one sentence."""
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    for number in [port] if port else PORTS:
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD)
        try:
            listening.bind((name.strip("[]"), number))
            listening.listen(2048)
            return listening
        except OSError as error:
            listening.close()
            reason = error
    if port:
        raise OSError(
            f"The page cannot have port {port} at {name} ({reason.strerror}); GRADIO_SERVER_PORT names another."
        )
    raise OSError(f"No port from {PORTS[0]} to {PORTS[-1]} is free at {name}; GRADIO_SERVER_PORT names another.")


def _raise_file_limit() -> None:
    """Each visitor is a connection or two, each a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * CONNECTIONS, hard)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
