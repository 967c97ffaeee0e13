"""Runs a command: an expected error becomes one sentence and an exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def sentence(error: BaseException) -> str:
    """The message of an error, or a sentence for an OSError."""
    if isinstance(error, OSError):
        return f"cannot read or write {error.filename or 'a file'}: {error.strerror or error}"
    return str(error)


def guarded(prog: str, command: Callable[[], object], *errors: type[Exception]) -> int:
    """Call `command`, and return the exit status for the command line `prog`.

    That is 0, 1 after an OSError or one of `errors`, which it prints as a sentence, or 130 after Ctrl-C.
    """
    expected: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        command()
    except expected as error:
        print(f"{prog}: {sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{prog}: stopped", file=sys.stderr)
        return 130
    return 0


def run(parser: argparse.ArgumentParser, arguments: list[str] | None, *errors: type[Exception]) -> int:
    """Parse `arguments` and call what the command set as `run`; returns the exit status of `guarded`."""
    options = parser.parse_args(arguments)
    return guarded(parser.prog, lambda: options.run(options), *errors)
