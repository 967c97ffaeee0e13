"""A real Chromium, headless."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def path() -> str:
    """The Chromium of this machine, or the one that CHROMIUM names. Raises LookupError without one."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise LookupError("no Chromium found; install one or name it in CHROMIUM")
    return found


@contextmanager
def chromium():
    """A running browser of Playwright. Raises LookupError without one."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise LookupError("Playwright is not installed") from None
    executable = path()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield running
        running.close()
