"""The server behind the page: which weights are served, `/predict` and `/info` for programs, and limits."""

TITLE = "Draw a digit"
# The latest version in CHANGELOG.md. A contributed drawing says which version took it.
VERSION = "3"
