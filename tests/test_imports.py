"""The layout: imports point down and make no circle, and a Space gets only what it runs."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import publish
from tests.harness import ROOT, called

# The lowest comes first. A module imports its own package and those of lower rows. So model.py, which travels
# alone, imports none of them.
LAYERS = [
    ("model", "board"),
    ("data", "handwriting"),
    ("web",),
    ("training",),
    ("reports",),
    ("publishing",),
    ("contributions", "serving"),
    ("app", "publish"),
    ("train",),
    ("bench",),
    ("tests",),
]
LAYER = {package: number for number, row in enumerate(LAYERS) for package in row}
# Benches and reports also open pages through this package.
SHARED = "tests.harness"
NEVER_SHIPPED = {"bench", "handwriting", "reports", "tests", "training"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in LAYER
    for path in [*ROOT.glob(f"{package}.py"), *ROOT.glob(f"{package}/**/*.py")]
}


def imported(name: str, path: Path) -> set[str]:
    """The project's modules that a module imports, at its top or in a function."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = (name if path.name == "__init__.py" else name.rpartition(".")[0]).split(".")
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            # `from package import module` imports a module; `from module import name` does not.
            names = [inner if (inner := f"{base}.{alias.name}") in MODULES else base for alias in node.names]
        else:
            continue
        modules |= {each for each in names if each in MODULES and each != name}
    return modules


IMPORTS = {name: imported(name, path) for name, path in MODULES.items()}


@pytest.mark.parametrize("package", LAYER)
def test_imports_point_down(package):
    names = [name for name in MODULES if name.split(".")[0] == package]
    upward = {
        f"{name} imports {other}"
        for name in names
        for other in IMPORTS[name]
        if (above := other.split(".")[0]) != package and LAYER[above] >= LAYER[package]
        if not (package in ("bench", "reports") and f"{other}.".startswith(f"{SHARED}."))
    }
    assert names and not upward


def test_no_circle():
    # This raises CycleError with the modules of a circle.
    TopologicalSorter(IMPORTS).prepare()


def test_a_space_gets_only_what_it_runs():
    done = called(publish.main, "space", "OWNER", "--dry-run")
    assert done.returncode == 0, done.stderr
    files = [line.split()[0] for line in done.stdout.splitlines() if ".py " in line]
    assert "app.py" in files and len(files) <= 30, files
    assert not {file for file in files if file.split("/")[0].removesuffix(".py") in NEVER_SHIPPED}
