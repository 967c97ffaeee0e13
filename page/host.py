"""Running the page: the server around Gradio's application, from its start to a stop that cuts nobody off."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from gradio.utils import get_upload_folder
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from page import VERSION
from page.counts import Counts, log
from page.doors import FUNCTIONS
from page.guard import Guard
from page.lane import Lane
from page.served import Served
from page.visitors import KEPT, behind_proxy

PORTS = range(7860, 7960)  # where a page is looked for that was not told its port
CONNECTIONS = 4000  # at once, from everybody
HEAD = 64 * 2**10  # bytes of a request before its body
HEAD_SECONDS = 20.0  # that they may take to come
STOPPING = 5  # seconds that a stop waits for answers under way
STUCK = 10.0  # seconds in line from which the page calls itself unwell
SESSIONS = 500  # of which Gradio keeps a state, some 30 kB each
QUEUED = 64  # calls in Gradio's own queue


class Protocol(HttpToolsProtocol):
    """uvicorn's, with a bound on the size of a request's head and on the time that it may take to come."""

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.head += len(data)
        if self.late is not None and self.head > HEAD:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        self._stop_expecting()
        super().on_headers_complete()

    def connection_lost(self, exc) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    late: asyncio.TimerHandle | None = None  # closes a connection whose head does not come

    def _expect(self) -> None:
        self._stop_expecting()
        self.head, self.late = 0, self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_expecting(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None


def application(page: gr.Blocks, served: Served, info: Callable[[], dict], use_stock: bool, **look) -> Guard:
    """The page as an ASGI application behind its guard; `look` is theme, head and js for Gradio."""
    page.queue(max_size=QUEUED, default_concurrency_limit=2)
    page.state_session_capacity = SESSIONS
    page.delete_cache = (int(KEPT / 2), int(KEPT / 2))  # looked at so often, deleted from that age on
    counts = Counts()
    # One thread for drawings: two of them mostly wait for Python's lock. One large picture does not stop the small ones.
    lanes = [Lane(served, "drawings", 1), Lane(served, "pictures", 2)]
    counts.waiting.set_function(lambda: sum(lane.waiting for lane in lanes))
    stop = threading.Event()

    @contextlib.asynccontextmanager
    async def life(app: fastapi.FastAPI) -> AsyncIterator[None]:
        threads = [
            threading.Thread(target=counts.report, args=(stop,), name="log"),
            threading.Thread(target=_tidy, args=(guard, stop), name="tidy"),
        ]
        for thread in threads:
            thread.start()
        log("started", version=VERSION, weights=served.current.origin)
        try:
            yield
        finally:
            for lane in lanes:
                await asyncio.to_thread(lane.close)
            stop.set()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            log("stopped")

    def status(scope: dict) -> tuple[int, bytes, str]:
        if scope["path"] == "/health":
            well = not guard.stopping.is_set() and all(lane.stuck < STUCK for lane in lanes)
            said = {"status": "ok" if well else "unwell", "weights": served.current.origin, "version": VERSION}
            return (200 if well else 503), json.dumps(said).encode(), "application/json"
        if not _may_read_metrics(scope):
            said = {"error": "The metrics are for who runs the page: send METRICS_TOKEN as a bearer token."}
            return 403, json.dumps(said).encode(), "application/json"
        return 200, counts.text(), "text/plain; version=0.0.4"

    outside = fastapi.FastAPI(lifespan=life, openapi_url=None, docs_url=None, redoc_url=None)
    gr.mount_gradio_app(
        outside,
        page,
        path="/",
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        show_error=False,
        max_file_size="10mb",
        **look,
    )
    components = {
        name: {number for number, block in page.blocks.items() if hasattr(getattr(block, name, None), "_is_server_fn")}
        for name in FUNCTIONS
    }
    events = {number: len(event.inputs) for number, event in page.fns.items()}
    guard = Guard(outside, *lanes, counts, status, info, components, events, use_stock)
    return guard


def _tidy(guard: Guard, stop: threading.Event) -> None:
    """Every few seconds until the stop: forget drawings, and delete uploads that are old, also those that were cut off."""
    while not stop.wait(5):
        guard.boards.forget()
        old = time.time() - KEPT
        # In this order what lies in a folder comes before the folder.
        for path in sorted(Path(get_upload_folder()).glob("**/*"), reverse=True):
            with contextlib.suppress(OSError):  # in use, not empty, or gone
                if path.stat().st_mtime < old:
                    path.rmdir() if path.is_dir() else path.unlink()


def _may_read_metrics(scope: dict) -> bool:
    """With METRICS_TOKEN set its bearer; without, who sits at this very machine."""
    token = os.environ.get("METRICS_TOKEN")
    if token:
        said = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(said, f"Bearer {token}".encode())
    near = (scope.get("client") or ("",))[0] in ("127.0.0.1", "::1")
    return near and not behind_proxy() and b"x-forwarded-for" not in dict(scope["headers"])


def listen(name: str, port: int | None) -> socket.socket:
    """A socket at that port, or at the first free one from 7860 on. Raises OSError with one sentence."""
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    for number in [port] if port else PORTS:
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


def serve(guard: Guard, name: str, port: int | None) -> None:
    """Serve until somebody stops it, by Ctrl-C or SIGTERM: no new questions then, and those under way are answered.

    Raises OSError when there is no such address or its port is taken.
    """
    listening = listen(name, port)
    _raise_file_limit()
    sys.setswitchinterval(0.001)  # the event loop shares Python's lock with the lanes and must not wait long for it
    config = uvicorn.Config(
        guard,
        http=Protocol,
        ws="none",
        log_level="error",  # a visitor can bring about as many warnings as they like
        access_log=False,  # it would hold addresses
        server_header=False,
        proxy_headers=False,  # page/visitors.py decides whom to believe
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=STOPPING,
    )
    where = "127.0.0.1" if name in ("0.0.0.0", "::", "") else name
    print(f"The page is on http://{where}:{listening.getsockname()[1]}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's, which tells the guard when it stops, so that connections that stay open do not hold it up."""

    def handle_exit(self, sig, frame) -> None:
        super().handle_exit(sig, frame)
        self.config.app.stopping.set()


def _raise_file_limit() -> None:
    """Each visitor is a connection or two, each a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * CONNECTIONS, hard)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
