"""Every environment variable that the server reads, its command line, and a log without visitors' data."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from pathlib import Path

MODEL_ID = os.environ.get("MODEL_ID", "")
MODEL_REVISION = os.environ.get("MODEL_REVISION") or "main"
MODEL_REFRESH = os.environ.get("MODEL_REFRESH") or "600"
ALLOW_FRAMES = os.environ.get("ALLOW_FRAMES") == "1"

# The Hub sets SPACE_ID on a Space, whose visitors come through proxies on private networks. uvicorn believes
# the X-Forwarded-For of these.
if os.environ.get("SPACE_ID"):
    private = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1,fc00::/7"
    os.environ.setdefault("FORWARDED_ALLOW_IPS", private)


# Gradio's own reading of these ends in a traceback for a wrong port, or for an IPv6 address.
NAME = os.environ.pop("GRADIO_SERVER_NAME", "") or ("0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
PORT = os.environ.pop("GRADIO_SERVER_PORT", "") or "7860"
HELP = """\
environment variables (docs/operations.md has all of them):
  MODEL_ID, MODEL_REVISION  weights from the Hub, OWNER/NAME, instead of the embedded ones
  MODEL_REFRESH             seconds between two looks for newer weights (600)
  CONTRIBUTIONS             off: the page takes no drawings
  CONTRIBUTIONS_DIR         folder of contributed drawings (data/submissions)
  CONTRIBUTIONS_REPO        private dataset repository that mirrors them
  GRADIO_SERVER_NAME        address to listen on (127.0.0.1)
  GRADIO_SERVER_PORT        port, unless --port is given (7860)
  ALLOW_FRAMES=1            other sites may show the page in a frame
"""


def command_line() -> int:
    """The port of `python app.py`. A wrong number, here or in the environment, is one sentence."""
    parser = argparse.ArgumentParser(
        "python app.py",
        description="Serve the page until Ctrl-C. It is up after some five seconds.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", metavar="N", default=PORT, help="port to serve on (7860)")
    port = parser.parse_args().port
    if not (port.isdecimal() and 0 < int(port) < 2**16):
        parser.error(f"the port is {port!r}; it must be a number from 1 to 65535.")
    if not MODEL_REFRESH.replace(".", "", 1).isdecimal():
        parser.error(f"MODEL_REFRESH is {MODEL_REFRESH!r}; it must be a number of seconds.")
    return int(port)


def keep_visitors_out_of_the_log() -> None:
    """Reduce the log records and tracebacks of all libraries to their places: they quote what was sent."""

    def place(name, level, path, line, message, args, exc_info, *_, **__) -> logging.LogRecord:
        kind = f" ({exc_info[0].__name__})" if exc_info and exc_info[0] else ""
        return logging.LogRecord(name, level, path, line, f"{name}, {Path(path).name}:{line}{kind}", (), None)

    logging.setLogRecordFactory(place)
    traceback.print_exc = lambda *_, **__: log_failure(sys.exc_info()[1])


def log_failure(error: BaseException | None) -> None:
    """Print an error's type and where it arose, without its message, which may quote a visitor."""
    frames = traceback.extract_tb(error.__traceback__)[-6:] if error else []
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    print(f"failure: {type(error).__name__} at {' '.join(places)}", file=sys.stderr, flush=True)
