"""A real Chromium, headless."""

import os
import shutil

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


def launch(playwright):
    """A running Chromium. Raises LookupError without one."""
    return playwright.chromium.launch(executable_path=path(), args=FLAGS)
