"""Drawings as the page sends them, and questions to a contribution service."""

import random
import time

import pytest

from contributions import CONSENT
from contributions.service import ContributionService
from contributions.store import Store
from tests.harness.person import DRAWINGS

# The page has an example of each.
DIGITS = "234578"


@pytest.fixture
def new_service(tmp_path) -> ContributionService:
    """A service with an empty store."""
    return ContributionService(Store(tmp_path / "store"), app="1.0")


def ids(store: Store) -> list[str]:
    """The ids of all drawings, in order."""
    return sorted(drawing.id for drawing in store.each())


def strokes(digit: str, shift: float = 0) -> list[dict]:
    """An example as the page sends it, a point every 16 ms."""
    found, time = [], 0
    for points in DRAWINGS[digit]:
        times = [time + 16 * number for number in range(len(points))]
        time = times[-1] + 240
        found.append({"points": [[x + shift, y] for x, y in points], "radius": 15, "times": times})
    return found


def scribble(points: int, seed: int = 0) -> list[dict]:
    """A drawing of one stroke with so many points, all near the middle of the board."""
    rng = random.Random(seed)
    places = [[round(rng.uniform(100, 140), 1), round(rng.uniform(100, 140), 1)] for _ in range(points)]
    return [{"points": places, "radius": 15, "times": [16 * number for number in range(points)]}]


def ask(service: ContributionService, name: str, **question) -> dict:
    """The answer that the page gets."""
    return service.answer(name, question)


def agree(service: ContributionService) -> str:
    """A new receipt."""
    return ask(service, "consent", version=CONSENT)["receipt"]


def submit(
    service: ContributionService,
    receipt: str,
    label: str = "2",
    digit: str = "2",
    id: str = "drawing-1",
    **more,
) -> dict:
    """Contribute an example; returns the answer."""
    drawn = more.pop("strokes") if "strokes" in more else strokes(digit)
    return ask(service, "submit", **{"receipt": receipt, "id": id, "label": label, "strokes": drawn, **more})


def wait_for(true, seconds: float = 60) -> None:
    """Wait until `true()`; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.1)
