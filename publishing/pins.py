"""Reads the versions that constraints.txt pins, and finds the dependencies of packages."""

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# PyTorch's build for CUDA pins these itself. Without them constraints.txt fits all builds of PyTorch.
CUDA = re.compile(r"(cuda|nvidia)-|triton$")


def closure(requirements: Iterable[Requirement]) -> list[str]:
    """The packages in `requirements` and all their dependencies on this platform, sorted, as PEP 503 names.

    Raises PackageNotFoundError when one is not installed.
    """
    # A package is visited once for each of its extras.
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
    """Name -> version of each line `name==version` of a file. Raises OSError."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", file.read_text(encoding="utf-8"), re.M))
