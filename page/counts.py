"""What happens on the page, in numbers and in log lines: how much, how fast, what was refused and why. Never what or from where.

`/metrics` gives the numbers to Prometheus; once a minute in which something happened a JSON line goes to the log.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
import traceback
from collections import deque
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

EVERY = 60.0  # seconds between two lines in the log
RECENT = 2000  # answers of which a line gives the percentiles
ROOT = Path(__file__).parent.parent


def log(event: str, **fields: object) -> None:
    """One JSON line: the time (UTC), what happened, and fields that hold no drawing, no text of a visitor and no address."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, "event": event, **fields}), file=sys.stderr, flush=True)


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose. Its message may quote a visitor, and so is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{_short(frame.filename)}:{frame.lineno}" for frame in frames[-6:]]
    log("failure", type=type(error).__name__, at=places)


def _short(path: str) -> str:
    try:
        return str(Path(path).relative_to(ROOT))
    except ValueError:
        return Path(path).name


class Counts:
    """The numbers of one page; every method may be called from any thread."""

    def __init__(self):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        new = {"registry": self.registry}
        self.pages = Counter("pages_opened", "Pages sent to browsers", **new)
        self.open = Gauge("pages_open", "Pages open in browsers now", **new)
        self.requests = Counter("requests", "Requests by kind and status", ["kind", "status"], **new)
        self.refusals = Counter("refusals", "Requests refused, by reason", ["reason"], **new)
        self.answers = Counter("answers", "Drawings and pictures answered", ["kind"], **new)
        self.seconds = Histogram(
            "answer_seconds",
            "From the question read to the answer ready",
            ["kind"],
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5),
            **new,
        )
        self.waiting = Gauge("questions_waiting", "Questions in line", **new)
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._minute: dict[str, int] = {}
        self._lock = threading.Lock()

    def answered(self, kind: str, seconds: float) -> None:
        """A drawing or a picture was answered."""
        self.answers.labels(kind).inc()
        self.seconds.labels(kind).observe(seconds)
        with self._lock:
            self._recent.append(seconds)
            self._minute[f"{kind} answered"] = self._minute.get(f"{kind} answered", 0) + 1

    def opened(self) -> None:
        """The page was sent to a browser."""
        self.pages.inc()
        with self._lock:
            self._minute["pages opened"] = self._minute.get("pages opened", 0) + 1

    def refused(self, reason: str) -> None:
        """Something was refused; `reason` is one of few fixed words."""
        self.refusals.labels(reason).inc()
        with self._lock:
            self._minute[f"refused: {reason}"] = self._minute.get(f"refused: {reason}", 0) + 1

    def text(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def minute(self) -> dict | None:
        """What happened since the last call, for the log; None when nothing did."""
        with self._lock:
            happened, self._minute = self._minute, {}
            recent = sorted(self._recent)
            self._recent.clear()
        if not happened:
            return None
        if recent:
            happened["answer ms, median"] = round(1000 * recent[(len(recent) - 1) // 2], 1)
            happened["answer ms, p95"] = round(1000 * recent[math.ceil(0.95 * len(recent)) - 1], 1)
        return happened

    def report(self, stop: threading.Event, every: float = EVERY) -> None:
        """Log what happens, a line in `every` seconds, until `stop` is set."""
        done = False
        while not done:
            done = stop.wait(every)
            happened = self.minute()
            if happened:
                log("minute", **happened)
