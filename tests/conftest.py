"""Fixtures that all tests share. Tests of what the machine lacks are skipped; the end of a run says why."""

import os
import shutil
import signal
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from model import DigitCNN
from tests.harness import ROOT, TRACKED, parity, without
from tests.harness.browser import launch
from tests.harness.hub import LocalHub
from tests.harness.person import visits
from tests.harness.servers import Server, StaticSite

# How long an example takes depends on the machine, not on the code.
settings.register_profile("project", deadline=None, max_examples=30)
settings.load_profile("project")


@pytest.fixture(scope="session")
def mnixel() -> Path:
    """The folder with MNIXEL's archives."""
    folder = Path(os.environ.get("MNIXEL_DIR") or "nowhere")
    if not (folder / "MNIST_UIS2.npz").is_file():
        without("MNIXEL archives not found; set MNIXEL_DIR")
    return folder.resolve()


# `make test` leaves out the tests that are marked as thorough. In these modules each case of a test needs a
# browser or a process, so that the marker is also set for all cases of a test but the first.
ONCE = set("page view tabs teaching words static hub engine publishing review mirror".split())


def pytest_collection_modifyitems(items):
    """Mark the cases that only `make test-all` runs."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        test = item.path.stem.removeprefix("test_"), getattr(item, "originalname", item.name)
        if test in seen and test[0] in ONCE:
            item.add_marker("thorough")
        seen.add(test)


def pytest_terminal_summary(terminalreporter):
    """Print what could not be checked on this machine, each reason once."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT CHECKED ({count} tests): {reason}", yellow=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The page as a clean clone serves it: the files that git tracks, without archives, cache and Hub."""
    clone = tmp_path_factory.mktemp("clone")
    for name in TRACKED:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, clone / name)
    # A copy of the project may not be a git checkout.
    running = Server(clone if TRACKED else ROOT, HOME=str(clone), HF_HUB_OFFLINE="1")
    yield running
    running.kill(signal.SIGTERM)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The static edition as `python -m web build` writes it."""
    from web.build import build

    folder = tmp_path_factory.mktemp("site")
    build(folder / "some" / "where", ROOT / "weights")
    running = StaticSite(folder)
    yield running
    running.kill()


@pytest.fixture(params=["static", "gradio"])
def edition(request):
    """Each of the two editions of the page in turn: as files, and served by app.py."""
    return request.getfixturevalue("server" if request.param == "gradio" else "site")


@pytest.fixture
def hub(tmp_path):
    """A local Hub, on which the account has a plan."""
    with LocalHub().running() as running:
        yield running


@pytest.fixture(scope="session")
def net() -> DigitCNN:
    """The network that ships."""
    return DigitCNN.from_pretrained(ROOT / "weights")


@pytest.fixture(scope="session")
def engine(browser):
    """digit.js alone in a real browser, with the weights that ship."""
    with parity.served(parity.site()) as url:
        yield parity.Engine(browser, url)


visit = visits()


@pytest.fixture
def desktop(visit, site):
    return visit(site.url)


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, for `Person.check_with_axe`."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    """A real browser."""
    try:
        return launch(playwright)
    except LookupError as missing:
        without(str(missing))
