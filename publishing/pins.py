"""The exact versions in constraints.txt, and which packages a package brings in.

CONTRIBUTING.md has the command that writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINS = "constraints.txt"
# Only a PyTorch for CUDA asks for these. It pins them itself, so that one file serves both kinds of PyTorch.
CUDA = re.compile(r"(cuda|nvidia)-|triton$")


def closure(requirements: Iterable[Requirement]) -> list[str]:
    """Names of the installed packages that `requirements` name or bring in, sorted and normalised (PEP 503).

    Packages for other platforms are left out. Raises PackageNotFoundError when one is not installed.
    """
    # A package may be met again with another of its extras.
    seen: set[tuple[str, str]] = set()
    todo = [("", requirement) for requirement in requirements]
    while todo:
        extra, requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not applies or CUDA.match(name):
            continue
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                todo += [(wanted, Requirement(line)) for line in metadata.requires(name) or []]
    return sorted({name for name, _ in seen})


def written(file: Path) -> dict[str, str]:
    """Name -> version of a file of pins. Raises OSError."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", file.read_text(encoding="utf-8"), re.M))
