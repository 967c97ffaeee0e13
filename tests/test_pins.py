"""The pins: constraints.txt against what is installed, and the advisories that it is held against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from publishing import pins
from tests.harness import ROOT

PINNED = pins.written(ROOT / "constraints.txt")


def asked(file: Path) -> list[Requirement]:
    """The lines of a requirements file and of those that it includes by `-r`."""
    lines = [text for line in file.read_text().splitlines() if (text := line.partition("#")[0].strip())]
    included = [line.removeprefix("-r").strip() for line in lines if line.startswith("-r")]
    own = [Requirement(line) for line in lines if not line.startswith("-r")]
    return own + [requirement for name in included for requirement in asked(file.parent / name)]


def test_the_pins_are_what_the_requirements_bring_in():
    """Neither less nor more, in the versions that are installed: what the tests run with."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)
    assert PINNED == pins.closure(asked(ROOT / "tests/requirements.txt")), "see CONTRIBUTING.md: Change a pin"
    assert [line.partition("==")[0] for line in lines] == list(PINNED)
    assert {"mcp", "torch", "pydantic-core", "pluggy"} <= set(PINNED)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("numpy==1.0", r", but 2\S+ is installed: run `pip install -r \S+`\.$"),
        ("no-such-thing==1.0", r", which is not installed: run `pip install -r \S+`\.$"),
    ],
)  # fmt: skip
def test_what_is_not_installed_is_said_in_one_sentence(wanted, message):
    with pytest.raises(pins.PinsError, match=message):
        pins.closure([Requirement(wanted)])


def package(folder: Path, name: str, version: str, *needs: str) -> None:
    """Metadata of a package that is not installed."""
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir(exist_ok=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (place / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {x}" for x in needs), ""]))


def test_extras_markers_and_cuda(tmp_path, monkeypatch):
    """An extra is followed where it is asked for; CUDA's packages never."""
    cuda = ("nvidia-x==1; sys_platform != ''", "cuda-toolkit[a]==1", "triton==3")
    package(tmp_path, "Some_Torch", "2.0+cu99", *cuda)
    needs = ("Some.Torch>=1", "elsewhere; sys_platform == 'amiga'", "quick; extra == 'fast'")
    package(tmp_path, "Server", "1.0", *needs)
    package(tmp_path, "quick", "0.1rc1", "server[fast]")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert pins.closure([Requirement("server")]) == {"server": "1.0", "some-torch": "2.0"}
    versions = pins.closure([Requirement("server"), Requirement("server[fast]")])
    assert versions == {"quick": "0.1rc1", "server": "1.0", "some-torch": "2.0"}
    package(tmp_path, "quick", "0.1rc1", "server>=2")
    with pytest.raises(pins.PinsError, match="quick asks for server>=2, but 1.0 is installed"):
        pins.closure([Requirement("server[fast]")])


# --- the advisories ---

SECURITY = (ROOT / "docs" / "security.md").read_text()
NUMBER = r"(CVE-20\d\d-\d{4,6}|GHSA(-[0-9a-z]{4}){3}|PYSEC-20\d\d-\d+)"


def advisories(heading: str) -> list[list[str]]:
    """Rows of the table under a heading of docs/security.md: package, numbers, what, fixed in, verdict."""
    part = SECURITY.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_advisories_that_the_pins_are_not_beyond():
    """Each is listed once and says whether it concerns the page. Once a pin is beyond it, it goes."""
    rows = advisories("Not fixed in what is pinned")
    listed = [number for row in rows for number in row[1].split(", ")]
    assert len(listed) == len(set(listed))
    for name, numbers, what, fixed, verdict in rows:
        assert all(re.fullmatch(NUMBER, number) for number in numbers.split(", ")) and what, numbers
        assert fixed == "not found" or Version(PINNED[name]) < Version(fixed), numbers
        assert re.match(r"(does not concern this page: |\*\*concerns this page\*\*: )\w", verdict), verdict
