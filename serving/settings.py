"""Every environment variable that the server reads besides Gradio's, and a log without visitors' data."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path

MODEL_ID = os.environ.get("MODEL_ID", "")
MODEL_REVISION = os.environ.get("MODEL_REVISION") or "main"
MODEL_REFRESH = max(1.0, float(os.environ.get("MODEL_REFRESH") or 600))  # seconds
ALLOW_FRAMES = os.environ.get("ALLOW_FRAMES") == "1"

# The Hub sets SPACE_ID on a Space, whose visitors come through proxies on private networks. uvicorn believes
# the X-Forwarded-For of these.
if os.environ.get("SPACE_ID"):
    private = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1,fc00::/7"
    os.environ.setdefault("FORWARDED_ALLOW_IPS", private)


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
