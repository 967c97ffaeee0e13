"""Runs a command. An expected error becomes one sentence and an exit status."""

import argparse
import re
import sys
from collections.abc import Callable

# The name of a repository on the Hub, which has further rules of its own.
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def repository(text: str) -> str:
    """The argument `text` if it is OWNER/NAME. Raises an error that argparse prints."""
    if not REPOSITORY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not OWNER/NAME.")
    return text


def sentence(error: BaseException) -> str:
    """The message of an error. An OSError gets a sentence."""
    if isinstance(error, OSError):
        return f"cannot read or write {error.filename or 'a file'}: {error.strerror or error}"
    return str(error)


def guarded(prog: str, command: Callable[[], int | None], *errors: type[Exception]) -> int:
    """Call `command` of the program `prog`; returns its exit status, where None is 0.

    An OSError or one of `errors` is printed as a sentence and gives 1. Ctrl-C gives 130.
    """
    expected: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        return command() or 0
    except expected as error:
        print(f"{prog}: {sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{prog}: stopped", file=sys.stderr)
        return 130


def run(parser: argparse.ArgumentParser, arguments: list[str] | None, *errors: type[Exception]) -> int:
    """Parse `arguments` and call the `run` of the chosen command; returns the exit status of `guarded`."""
    options = parser.parse_args(arguments)
    return guarded(parser.prog, lambda: options.run(options), *errors)
