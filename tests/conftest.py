"""Fixtures that all tests share. What a machine lacks is skipped with a reason, and each reason is told once at the end."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from tests.harness import ROOT, without
from tests.harness import browser as browsers
from tests.harness.hub import LocalHub
from tests.harness.servers import Server, StaticSite

settings.register_profile("project", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("project")


@pytest.fixture(scope="session")
def mnixel() -> Path:
    """The folder with the real archives."""
    folder = Path(os.environ.get("MNIXEL_DIR", "")) if os.environ.get("MNIXEL_DIR") else None
    if folder is None or not (folder / "MNIST_UIS2.npz").is_file():
        without("MNIXEL archives not found; set MNIXEL_DIR")
    return folder.resolve()


# Of these tests `make test` runs the first so many cases: one promise each, kept in many ways. `make test-all` runs them all.
FIRST = {
    "test_round_trip": 1,  # transfer modes
    "test_a_publish_that_was_killed_is_finished_by_the_next": 2,  # kill points
    "test_publishing_that_fails_says_why_in_one_sentence": 5,
    "test_what_cannot_be_loaded_says_why": 3,
    "test_a_configuration_with_something_missing_is_refused": 2,
    "test_figures_from_the_hub_that_are_none_are_not_shown": 1,
    "test_page_is_up_whatever_the_hub_does": 2,
    "test_weights_that_mean_harm_are_refused": 4,
    "test_weights_that_do_not_check_out_are_not_published": 1,
    "test_a_repository_without_our_files": 1,
    "test_only_uploads_reach_the_network_of_files": 8,
    "test_what_once_went_wrong_does_so_no_more": 3,
    "test_bad_requests_get_one_sentence": 3,  # thousands of requests
    "test_nothing_that_was_called_saved_is_lost": 1,
    "test_thirty_drawings_by_touch": 1,
    "test_a_spoilt_answer_is_found": 6,
    "test_an_honest_picture_passes_two_bombs": 1,
    "test_axe_finds_nothing_serious": 4,
    "test_a_link_to_any_drawing": 2,
}


def pytest_collection_modifyitems(items):
    """Mark what repeats a promise."""
    seen: Counter[str] = Counter()
    for item in items:
        name = getattr(item, "originalname", item.name)
        seen[name] += 1
        if seen[name] > FIRST.get(name, len(items)):
            item.add_marker("repeat")


def pytest_terminal_summary(terminalreporter):
    """What could not be checked on this machine, each reason once."""
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT CHECKED ({count} tests): {reason}", yellow=True)


@pytest.fixture(scope="session")
def server():
    """The page as `make run` serves it."""
    running = Server()
    yield running
    running.kill(signal.SIGTERM)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The static edition as `python -m web build` writes it, served by the simplest of servers."""
    from web.build import build

    folder = tmp_path_factory.mktemp("site")
    build(folder / "some" / "where", ROOT / "weights")
    running = StaticSite(folder)
    yield running
    running.kill()


@pytest.fixture(params=["gradio", "static"])
def edition(request):
    """Each of the two editions of the page in turn: served by app.py, and as files."""
    return request.getfixturevalue("server" if request.param == "gradio" else "site")


@pytest.fixture
def hub(tmp_path):
    """A local Hub and a paid account on it."""
    with LocalHub(tmp_path / "hub").running() as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    """A real browser."""
    try:
        with browsers.chromium() as running:
            yield running
    except LookupError as missing:
        without(str(missing))
