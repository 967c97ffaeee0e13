"""The pins: constraints.txt against what is installed, the command that writes it, and the advisories that it is held against."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from publishing import pins
from tests.harness import ROOT

FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "publishing/__init__.py", "publishing/pins.py")


def run(folder: Path, *arguments: str):
    command = [sys.executable, "-m", "publishing.pins", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def needs(wanted: Requirement) -> list[Requirement]:
    """What an installed package needs on this machine, with the extras that are asked for."""
    lines = [Requirement(line) for line in metadata.distribution(wanted.name).requires or []]
    extras = ["", *wanted.extras]
    return [line for line in lines if line.marker is None or any(line.marker.evaluate({"extra": e}) for e in extras)]


def test_the_pins_are_up_to_date():
    done = run(ROOT, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_that_is_brought_in_is_pinned_once_and_nothing_else():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names)) == [canonicalize_name(name) for name in names]
    for line in lines:
        name, _, version = line.partition("==")
        assert metadata.version(name).partition("+")[0] == version
    direct = pins.asked(ROOT / "requirements-dev.txt")
    indirect = [line for name in names for line in needs(Requirement(name))]
    with_extras = [line for wanted in direct + indirect if wanted.extras for line in needs(wanted)]
    brought_in = {canonicalize_name(line.name) for line in direct + indirect + with_extras}
    assert set(names) == {name for name in brought_in if not pins.CUDA.match(name)}
    assert {"httptools", "uvloop", "torch", "pydantic-core", "pluggy"} <= set(names)


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with the command and the files that it reads."""
    (tmp_path / "publishing").mkdir()
    for name in FILES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("requirements.txt", "numpy==2", "numpy==1", r"asks for numpy==1\S+, but 2\S+ is installed: run `pip"),
        ("requirements-dev.txt", "ruff==", "ruff==9", r"asks for ruff==9\S+, but \S+ is installed: run `pip"),
        ("requirements.txt", "tqdm==", "no-such-thing==1.0\ntqdm==", "asks for no-such-thing==1.0, which is not inst"),
        ("requirements.txt", "tqdm==", "./here\ntqdm==", "requirements.txt has a line that asks for no package"),
        ("constraints.txt", "fastapi==", "fastapi==9", r"constraints.txt is stale \(fastapi\): run `python -m"),
        ("constraints.txt", "h11==", "nobody-asks==1.0\nh11==", r"is stale \(nobody-asks\): run"),
        ("constraints.txt", "Written by", "Once written by", "constraints.txt is stale: run `python -m"),
    ],
    ids=["pin differs", "pin of the tools differs", "not installed", "no package", "stale", "too much", "by hand"],
)
@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "write"])
def test_what_does_not_agree_is_said_in_one_sentence(file, old, new, said, arguments, project):
    edit(project / file, old, new)
    before = (project / "constraints.txt").read_text()
    done = run(project, *arguments)
    if file == "constraints.txt" and not arguments:  # that is what writing is for
        assert (done.returncode, done.stderr) == (0, "")
        assert (project / "constraints.txt").read_text() == (ROOT / "constraints.txt").read_text()
        return
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"publishing\.pins: .*{said}.*\.\n", done.stderr), done.stderr
    assert (project / "constraints.txt").read_text() == before


def test_without_the_file(project):
    (project / "constraints.txt").unlink()
    done = run(project, "--check")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "There is no constraints.txt" in done.stderr
    assert run(project).returncode == 0
    assert (project / "constraints.txt").read_text() == (ROOT / "constraints.txt").read_text()


def package(folder: Path, name: str, version: str, *needs: str) -> None:
    """Something that looks installed, as far as its metadata go."""
    (folder / f"{name}-{version}.dist-info").mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {x}" for x in needs)]
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text("\n".join(lines) + "\n")


def test_extras_markers_and_cuda(tmp_path, monkeypatch):
    """An extra is followed where it is asked for; CUDA's packages never, so that one file serves both builds of PyTorch."""
    package(tmp_path, "Some_Torch", "2.0+cu99", "nvidia-x==1; sys_platform != ''", "cuda-toolkit[a]==1", "triton==3")
    package(tmp_path, "Server", "1.0", "Some.Torch>=1", "elsewhere; sys_platform == 'amiga'", "quick; extra == 'fast'")
    package(tmp_path, "quick", "0.1rc1", "server[fast]")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert pins.closure([Requirement("server")]) == {"server": "1.0", "some-torch": "2.0"}
    found = pins.closure([Requirement("server"), Requirement("server[fast]")])
    assert found == {"quick": "0.1rc1", "server": "1.0", "some-torch": "2.0"}
    with pytest.raises(pins.PinsError, match="quick asks for server>=2, but 1.0 is installed"):
        (tmp_path / "quick-0.1rc1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: quick\nVersion: 0.1rc1\nRequires-Dist: server>=2\n"
        )
        pins.closure([Requirement("server[fast]")])


# --- the advisories ---------------------------------------------------------------------------------------------------

SECURITY = (ROOT / "docs" / "security.md").read_text()
PINNED = pins.written(ROOT / "constraints.txt")
NUMBER = r"(CVE-20\d\d-\d{4,6}|GHSA(-[0-9a-z]{4}){3}|PYSEC-20\d\d-\d+)"


def advisories(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of docs/security.md: package, numbers, what, fixed in, verdict."""
    part = SECURITY.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return rows[2:]


def test_advisories_that_the_pins_are_beyond():
    rows = advisories("Fixed in what is pinned")
    assert {row[0] for row in rows} == {"gradio", "mcp", "pillow", "python-multipart", "starlette", "torch", "uvicorn"}
    for name, numbers, what, fixed, verdict in rows:
        assert all(re.fullmatch(NUMBER, number) for number in numbers.split(", ")) and what, numbers
        version = re.fullmatch(r"(after )?([\d.]+)", fixed)
        assert version, fixed
        assert Version(PINNED[name]) >= Version(version[2]), numbers
        assert Version(PINNED[name]) > Version(version[2]) or not version[1], numbers
        assert verdict == "the pinned version is beyond it"


def test_advisories_that_the_pins_are_not_beyond():
    """Each says why it does not concern the page, or that it does; once a pin is beyond it, it belongs to the other table."""
    rows = advisories("Not fixed in what is pinned")
    for name, numbers, what, fixed, verdict in rows:
        assert all(re.fullmatch(NUMBER, number) for number in numbers.split(", ")) and what, numbers
        assert fixed == "not found" or Version(PINNED[name]) < Version(fixed), numbers
        assert re.match(r"(does not concern this page: |\*\*concerns this page\*\*: )\w", verdict), verdict


def test_no_advisory_is_listed_twice():
    rows = advisories("Fixed in what is pinned") + advisories("Not fixed in what is pinned")
    numbers = [number for row in rows for number in row[1].split(", ")]
    assert len(numbers) == len(set(numbers))
    pinned = SECURITY.split("\n## What is pinned\n")[1]
    assert pinned.count("\n|") == len(rows) + 4  # no row outside of the two tables
