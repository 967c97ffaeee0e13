"""The server behind the page: the weights that it serves, `/predict` and `/info` for programs, and limits."""

TITLE = "Draw a digit"
# The latest version in docs/changelog.md. Each contributed drawing names the version that took it.
VERSION = "5"
