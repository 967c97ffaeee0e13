"""The exact version of everything that the requirements bring in: `python -m publishing.pins` writes constraints.txt.

    python -m publishing.pins            writes it, from what is installed
    python -m publishing.pins --check    writes nothing, and fails when it is not what would be written

`make setup` installs by it, and the Space's own pins are taken from it, so all three have what the tests ran with.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
ASKED = "requirements-dev.txt"  # includes requirements.txt
PINS = "constraints.txt"
HEAD = (
    "# Written by `python -m publishing.pins`: what requirements.txt and requirements-dev.txt bring in, exactly.\n"
    "# After a change there: `pip install -r requirements-dev.txt`, then that command.\n"
)
# A PyTorch for CUDA asks for these, one for the CPU does not. It pins them itself, and one file is to serve both.
CUDA = re.compile(r"(cuda|nvidia)-|triton$")


class PinsError(ValueError):
    """What is installed, what is asked for and what is pinned do not agree. The message is one sentence."""


def asked(file: Path) -> list[Requirement]:
    """The lines of a requirements file and of those that it includes by `-r`. Raises PinsError, OSError."""
    found = []
    for line in file.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r"):
            found += asked(file.parent / text.removeprefix("-r").strip())
        elif text:
            try:
                found.append(Requirement(text))
            except InvalidRequirement as error:
                raise PinsError(f"{file.name} has a line that asks for no package: {text!r}.") from error
    return found


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Name -> version of everything installed that `requirements` bring in, directly or not, themselves included.

    Names are normalised (PEP 503), versions without a local label (`+cpu`). What a marker leaves to other platforms is
    left out. Raises PinsError when something is not installed, or not in a version that is asked for.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()  # a package may be met again with another of its extras
    todo = [("The project", "", requirement) for requirement in requirements]
    while todo:
        asker, extra, requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not applies or CUDA.match(name):
            continue
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError as error:
            raise PinsError(
                f"{asker} asks for {requirement}, which is not installed: run `pip install -r {ASKED}`."
            ) from error
        if not requirement.specifier.contains(installed.version, prereleases=True):
            raise PinsError(
                f"{asker} asks for {requirement}, but {installed.version} is installed: run `pip install -r {ASKED}`."
            )
        found[name] = Version(installed.version).public
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                todo += [(name, wanted, Requirement(line)) for line in installed.requires or []]
    return dict(sorted(found.items()))


def written(file: Path) -> dict[str, str]:
    """Name -> version of a file that this command wrote. Raises OSError."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", file.read_text(), re.M))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="publishing.pins", description=f"Write {PINS}.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is stale")
    options = parser.parse_args(arguments)
    file = ROOT / PINS
    try:
        pins = closure(asked(ROOT / ASKED))
        text = HEAD + "".join(f"{name}=={version}\n" for name, version in pins.items())
        if not options.check:
            file.write_text(text)
        elif not file.is_file():
            raise PinsError(f"There is no {PINS}: run `python -m publishing.pins`.")
        elif file.read_text() != text:
            changed = sorted(name for name, _ in set(pins.items()) ^ set(written(file).items()))
            names = f" ({', '.join(dict.fromkeys(changed))})" if changed else ""
            raise PinsError(f"{PINS} is stale{names}: run `python -m publishing.pins`.")
    except (PinsError, OSError) as error:
        print(f"publishing.pins: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
