"""The server behind the page: which weights are served, `/predict` and `/info` for programs, limits, middleware, telemetry."""

TITLE = "Draw a digit"
ABOUT = "Draw a digit and see a small neural network read it while you draw, in your browser."
VERSION = "1.0"  # of the page; a contributed drawing says which one took it
