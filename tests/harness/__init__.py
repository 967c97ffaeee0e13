"""A page under test, a person who draws, a local Hub: what tests, benchmarks and reports share. Nothing that ships imports it."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# The environment without what would send a test to another Hub, other archives or another store.
CLEAN = {
    k: v for k, v in os.environ.items() if not k.startswith(("HF_", "MODEL_", "GRADIO_", "MNIXEL_", "CONTRIBUTIONS"))
}


def without(what: str) -> None:
    """Skip a test for want of something; on a CI machine, which must have it, fail."""
    import pytest  # benches and reports do without

    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def in_thread(run):
    """What the coroutine function `run` returns, run in a thread of its own: the browser's driver has the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result(120)
