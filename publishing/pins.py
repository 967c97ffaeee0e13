"""The exact versions in constraints.txt, and which of them a package brings in.

CONTRIBUTING.md has the command that writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PINS = "constraints.txt"
# Only a PyTorch for CUDA asks for these. It pins them itself, so that one file serves both kinds of PyTorch.
CUDA = re.compile(r"(cuda|nvidia)-|triton$")


class PinsError(ValueError):
    """A package is missing or has another version. The message is one sentence."""


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Name -> version of the installed packages that `requirements` name or bring in.

    Names are normalised (PEP 503), versions have no local label (`+cpu`), packages for other platforms are
    left out. Raises PinsError when a package is not installed, or in another version.
    """
    versions: dict[str, str] = {}
    # A package may be met again with another of its extras.
    seen: set[tuple[str, str]] = set()
    todo = [("The project", "", requirement) for requirement in requirements]
    while todo:
        asker, extra, requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not applies or CUDA.match(name):
            continue
        installed = next(iter(metadata.distributions(name=name)), None)
        if installed is None or not requirement.specifier.contains(installed.version, prereleases=True):
            state = f"but {installed.version} is" if installed else "which is not"
            wants = f"{asker} asks for {requirement}, {state} installed"
            raise PinsError(f"{wants}: run `pip install -r tests/requirements.txt`.")
        versions[name] = Version(installed.version).public
        for wanted in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, wanted))
            todo += [(name, wanted, Requirement(line)) for line in installed.requires or []]
    return dict(sorted(versions.items()))


def written(file: Path) -> dict[str, str]:
    """Name -> version of a file of pins. Raises OSError."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", file.read_text(encoding="utf-8"), re.M))
