"""The server behind the page: which weights are served, `/predict` and `/info` for programs, limits and middleware."""

TITLE = "Draw a digit"
ABOUT = "Draw a digit and see a small neural network read it while you draw, in your browser."
VERSION = "3"  # the latest in CHANGELOG.md; a contributed drawing says which one took it
