"""Runs a command line: errors become one sentence and an exit status."""

from __future__ import annotations

import argparse
import sys


def sentence(error: BaseException) -> str:
    """The message of an error, or a sentence for an OSError."""
    if isinstance(error, OSError):
        return f"cannot read or write {error.filename or 'a file'}: {error.strerror or error}"
    return str(error)


def run(parser: argparse.ArgumentParser, arguments: list[str] | None, *errors: type[Exception]) -> int:
    """Parse `arguments` and call what the command set as `run`.

    Returns 0, 1 after an OSError or one of `errors`, which it prints as a sentence, or 130 after Ctrl-C.
    """
    options = parser.parse_args(arguments)
    expected: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        options.run(options)
    except expected as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0
