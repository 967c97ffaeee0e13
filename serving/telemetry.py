"""What happens on the server, in numbers and log lines: how much, how fast, what was refused and why. Never what or from where.

`/metrics` gives the numbers to Prometheus; once a minute what has changed goes to the log as a JSON line.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5)  # seconds


def log(event: str, **fields: object) -> None:
    """One JSON line: the time (UTC), what happened, and fields that hold no drawing, no text of a visitor and no address."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, "event": event, **fields}), file=sys.stderr, flush=True)


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose. Its message may quote a visitor, and so is left out."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    log("failure", type=type(error).__name__, at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames])


class Telemetry:
    """The numbers of one server."""

    def __init__(self):
        self.registry, self._logged = CollectorRegistry(), {}
        ProcessCollector(registry=self.registry)
        new = {"registry": self.registry}
        self.events = Counter("events", "Pages opened, pictures answered, drawings stored", ["event"], **new)
        self.refusals = Counter("refusals", "Requests refused, by reason", ["reason"], **new)
        self.requests = Counter("requests", "Requests by class and status", ["kind", "status"], **new)
        self.seconds = Histogram("answer_seconds", "From the picture to the answer", buckets=BUCKETS, **new)
        self.waiting = Gauge("pictures_waiting", "Pictures that wait or are being read", **new)

    def text(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def minute(self) -> None:
        """Log how often what happened since the last call, if anything did."""
        samples = [sample for metric in (self.events, self.refusals) for sample in metric.collect()[0].samples]
        now = {next(iter(s.labels.values())): int(s.value) for s in samples if s.name.endswith("_total")}
        changed = {name: value - self._logged.get(name, 0) for name, value in now.items()}
        self._logged = now
        if any(changed.values()):
            log("minute", **{name: count for name, count in changed.items() if count})
