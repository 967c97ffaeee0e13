"""The pins: constraints.txt against what is installed, the list of a Space, and the advisories."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from publishing import bundles, pins
from tests.harness import ROOT

PINNED = pins.written(ROOT / "constraints.txt")


def asked(file: Path) -> list[Requirement]:
    """The lines of a requirements file and of those that it includes by `-r`."""
    lines = [text for line in file.read_text().splitlines() if (text := line.partition("#")[0].strip())]
    included = [line.removeprefix("-r").strip() for line in lines if line.startswith("-r")]
    own = [Requirement(line) for line in lines if not line.startswith("-r")]
    return own + [requirement for name in included for requirement in asked(file.parent / name)]


def test_the_pins_are_what_the_requirements_bring_in():
    """Exactly those packages, in the versions that are installed."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)
    wanted = asked(ROOT / "tests/requirements.txt")
    assert list(PINNED) == pins.closure(wanted), "see CONTRIBUTING.md: Change a pin"
    assert PINNED == {name: Version(metadata.version(name)).public for name in PINNED}
    assert all(PINNED[canonicalize_name(each.name)] in each.specifier for each in wanted)
    assert len(lines) == len(PINNED) and {"mcp", "torch", "pydantic-core", "pluggy"} <= set(PINNED)


def package(folder: Path, name: str, version: str, *needs: str) -> None:
    """Metadata of a package that is not installed."""
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (place / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {x}" for x in needs), ""]))


def test_extras_markers_and_cuda(tmp_path, monkeypatch):
    """An extra is followed if something asks for it; CUDA's packages are not."""
    package(
        tmp_path, "Some_Torch", "2.0", "nvidia-x==1; sys_platform != ''", "cuda-toolkit[a]==1", "triton==3"
    )
    package(
        tmp_path, "Server", "1.0",
        "Some.Torch>=1", "elsewhere; sys_platform == 'amiga'", "quick; extra == 'fast'",
    )  # fmt: skip
    package(tmp_path, "quick", "0.1", "server[fast]")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert pins.closure([Requirement("server")]) == ["server", "some-torch"]
    both = [Requirement("server"), Requirement("server[fast]")]
    assert pins.closure(both) == ["quick", "server", "some-torch"]


# --- a Space ---


@pytest.mark.parametrize("extra", ["", "oauth", "mcp"])
def test_space_pins_are_whole_and_agree_with_what_its_image_adds(extra):
    """The image adds gradio's extras `oauth` and `mcp`; a pin that conflicts with them fails the build."""
    pinned = dict(line.split("==") for line in bundles.requirements("t4-small").splitlines())
    assert pinned.items() <= PINNED.items()
    assert not {"pytest", "playwright", "matplotlib", "ruff"} & set(pinned)
    for name in ["gradio"] if extra else pinned:
        for need in map(Requirement, metadata.distribution(name).requires or []):
            other = canonicalize_name(need.name)
            if pins.CUDA.match(other) or need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            assert other in pinned or (extra and "extra" in str(need.marker)), f"{name} needs {need}"
            assert other not in pinned or need.specifier.contains(pinned[other]), f"{name} needs {need}"


@pytest.mark.parametrize(
    ("packages", "says"), [(["gradio"], r"^\S+ is"), (["no-such-thing"], "^no-such-thing is not installed, ")]
)
def test_a_space_whose_pins_are_not_known_is_not_published(packages, says, tmp_path, monkeypatch):
    (tmp_path / "constraints.txt").write_text("gradio==1.0\n")
    monkeypatch.setattr(bundles, "ROOT", tmp_path)
    monkeypatch.setattr(bundles, "PACKAGES", packages)
    with pytest.raises(bundles.PublishError, match=f"{says}.*or is not in constraints.txt: run `pip install"):
        bundles.requirements("cpu-basic")


# --- the advisories ---

SECURITY = (ROOT / "docs" / "security.md").read_text()
NUMBER = r"(CVE-20\d\d-\d{4,6}|GHSA(-[0-9a-z]{4}){3}|PYSEC-20\d\d-\d+)"


def test_advisories_that_the_pins_are_not_beyond():
    """Each row says whether it concerns the page. It goes once the pin has the fix."""
    table = SECURITY.split("\n## Not fixed in what is pinned\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    listed = [number for row in rows for number in row[1].split(", ")]
    assert len(listed) == len(set(listed))
    for name, numbers, what, fixed, verdict in rows:
        assert all(re.fullmatch(NUMBER, number) for number in numbers.split(", ")) and what, numbers
        assert fixed == "not found" or Version(PINNED[name]) < Version(fixed), numbers
        assert re.match(r"(does not concern this page: |\*\*concerns this page\*\*: )\w", verdict), verdict
