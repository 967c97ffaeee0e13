"""A page under test, a person who draws, a local Hub: for tests, benchmarks and reports."""

import asyncio
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parent.parent.parent
# The files that git tracks, relative to ROOT; none where this is not a git checkout.
TRACKED = [
    name
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    if (ROOT / name).is_file()
]
# The environment without the variables that name a Hub, archives or a store.
CLEAN = {
    k: v
    for k, v in os.environ.items()
    if not k.startswith(("HF_", "MODEL_", "GRADIO_", "MNIXEL_", "CONTRIBUTIONS"))
}


def python(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run Python under CLEAN and `environment` until it ends."""
    command, environment = [sys.executable, *arguments], CLEAN | environment
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


def without(what: str) -> None:
    """Skip a test because the machine lacks something. A CI machine must have it: there, the test fails."""
    # Benchmarks and reports run without pytest.
    import pytest

    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def called(main, *arguments: str, **environment: str) -> SimpleNamespace:
    """Run a command's `main` in this process, under CLEAN and `environment`."""
    out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
    os.environ.clear()
    os.environ.update(CLEAN | environment)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = main(list(arguments))
    except SystemExit as stopped:
        status = stopped.code
    finally:
        os.environ.clear()
        os.environ.update(before)
    return SimpleNamespace(returncode=status, stdout=out.getvalue(), stderr=err.getvalue())


def in_thread(run):
    """Run a coroutine function in another thread, because the browser's driver has the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result(120)
