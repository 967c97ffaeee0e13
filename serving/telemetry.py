"""What happens on the server, in numbers and in log lines: how much, how fast, what was refused and why. Never what or from where.

`/metrics` gives the numbers to Prometheus; once a minute in which something happened a JSON line goes to the log.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from collections import Counter as Tally
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

MINUTE = 60.0  # seconds between two lines in the log
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5)  # seconds
ROOT = Path(__file__).parent.parent


def log(event: str, **fields: object) -> None:
    """One JSON line: the time (UTC), what happened, and fields that hold no drawing, no text of a visitor and no address."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, "event": event, **fields}), file=sys.stderr, flush=True)


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose. Its message may quote a visitor, and so is left out."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{_short(frame.filename)}:{frame.lineno}" for frame in frames]
    log("failure", type=type(error).__name__, at=places)


def _short(path: str) -> str:
    return str(Path(path).relative_to(ROOT)) if Path(path).is_relative_to(ROOT) else Path(path).name


class Telemetry:
    """The numbers of one server; every method may be called from any thread."""

    def __init__(self):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        new = {"registry": self.registry}
        self.pages = Counter("pages_opened", "Pages sent to browsers", **new)
        self.open = Gauge("pages_open", "Pages open in browsers now", **new)
        self.requests = Counter("requests", "Requests by kind and status", ["kind", "status"], **new)
        self.refusals = Counter("refusals", "Requests refused, by reason", ["reason"], **new)
        self.stored = Counter("drawings_stored", "Contributed drawings", **new)
        self.seconds = Histogram("answer_seconds", "From the picture to the answer", buckets=BUCKETS, **new)
        self.waiting = Gauge("pictures_waiting", "Pictures that wait or are being read", **new)
        self._minute: Tally[str] = Tally()
        self._lock = threading.Lock()

    def answered(self, seconds: float) -> None:
        """A picture was classified."""
        self.seconds.observe(seconds)
        self._count("pictures answered")

    def opened(self) -> None:
        """The page was sent to a browser."""
        self.pages.inc()
        self._count("pages opened")

    def kept(self) -> None:
        """A contributed drawing was stored."""
        self.stored.inc()
        self._count("drawings stored")

    def refused(self, reason: str) -> None:
        """Something was refused; `reason` is one of few fixed words."""
        self.refusals.labels(reason).inc()
        self._count(f"refused: {reason}")

    def text(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def report(self, stop: threading.Event) -> None:
        """Log what happened, a line a minute, until `stop` is set."""
        stopped = False
        while not stopped:
            stopped = stop.wait(MINUTE)
            with self._lock:
                happened, self._minute = self._minute, Tally()
            if happened:
                log("minute", **happened)

    def _count(self, what: str) -> None:
        with self._lock:
            self._minute[what] += 1
