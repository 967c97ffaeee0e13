"""Every environment variable that the server reads, its command line, and a log without visitors' data."""

import argparse
import logging
import os
import sys
import traceback
from pathlib import Path

MODEL_ID = os.environ.get("MODEL_ID", "")
MODEL_REVISION = os.environ.get("MODEL_REVISION") or "main"
MODEL_REFRESH = os.environ.get("MODEL_REFRESH") or "600"
PORT = os.environ.get("GRADIO_SERVER_PORT", "7860")
ALLOW_FRAMES = os.environ.get("ALLOW_FRAMES") == "1"

# On a Space, which has a SPACE_ID, visitors come through proxies on private networks. uvicorn believes the
# X-Forwarded-For of these.
if os.environ.get("SPACE_ID"):
    private = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1,fc00::/7"
    os.environ.setdefault("FORWARDED_ALLOW_IPS", private)

# Gradio reads the port as it is imported, before `command_line` is called, and fails with a traceback.
if not (PORT.isascii() and PORT.isdecimal()):
    argparse.ArgumentParser("python app.py").error(f"GRADIO_SERVER_PORT is {PORT!r}; it must be a number.")


def command_line() -> int:
    """The port of `python app.py`. A wrong number is an error of one sentence."""
    parser = argparse.ArgumentParser(
        "python app.py",
        description="Serve the page until Ctrl-C. It is up after some five seconds.",
        epilog="docs/operations.md lists the environment variables, MODEL_ID for example.",
    )
    # Without a port, Gradio would take the next one when this is taken.
    about = "port to serve on (GRADIO_SERVER_PORT, or 7860)"
    parser.add_argument("--port", metavar="N", type=int, default=PORT, help=about)
    if not (MODEL_REFRESH.isdecimal() and int(MODEL_REFRESH)):
        parser.error(f"MODEL_REFRESH is {MODEL_REFRESH!r}; it must be a number of seconds, at least 1.")
    return parser.parse_args().port


def keep_visitors_out_of_the_log() -> None:
    """Reduce all libraries' log records and tracebacks to their places, because they quote what was sent."""

    def place(name, level, path, line, message, args, exc_info, *_, **__) -> logging.LogRecord:
        kind = f" ({exc_info[0].__name__})" if exc_info and exc_info[0] else ""
        return logging.LogRecord(name, level, path, line, f"{name}, {Path(path).name}:{line}{kind}", (), None)

    logging.setLogRecordFactory(place)
    traceback.print_exc = lambda *_, **__: log_failure(sys.exc_info()[1])


def log_failure(error: BaseException | None) -> None:
    """Print an error's type and where it arose, but not its message, which may quote a visitor."""
    frames = traceback.extract_tb(error.__traceback__)[-6:] if error else []
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    print(f"failure: {type(error).__name__} at {' '.join(places)}", file=sys.stderr, flush=True)
