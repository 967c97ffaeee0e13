"""What happens on the server, as numbers for Prometheus and lines of the log; never what was drawn, or from where."""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("events", "Pages opened, pictures answered, drawings stored", ["event"])
REFUSALS = Counter("refusals", "Requests refused, by reason", ["reason"])
REQUESTS = Counter("requests", "Requests by class and status", ["kind", "status"])
SECONDS = Histogram("answer_seconds", "From the picture to the answer or its refusal")
WAITING = Gauge("pictures_waiting", "Pictures that wait or are being read")


def log(event: str, **fields: object) -> None:
    """One JSON line: the time (UTC), what happened, and fields that hold no drawing, no text of a visitor and no address."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, "event": event, **fields}), file=sys.stderr, flush=True)


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose, without its message, which may quote a visitor."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    log(
        "failure",
        type=type(error).__name__,
        at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    )
