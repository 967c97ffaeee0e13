"""The server behind the page: which weights are served, `/predict` and `/info` for programs, and limits."""

TITLE = "Draw a digit"
VERSION = "3"  # the latest in CHANGELOG.md; a contributed drawing says which one took it
