"""The server behind the page: which weights are served, `/predict` and `/info` for programs, limits, middleware, telemetry."""

VERSION = "1.0"  # of the page; a contributed drawing says which one took it
