"""Python commands without the seconds that importing PyTorch takes: each is a process forked from one that has imported it.

A command has its own folder, environment, arguments and output, and finds nothing of this project in memory: as a new interpreter would.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
import types
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

# No library of the Hub is among them: those read the environment when they are imported.
IMPORTED = ["numpy", "PIL.Image", "torch", "safetensors.torch", "yaml", "httpx"]
SECONDS = 240  # that a command may take

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


def _run(arguments: Sequence[str], folder: str, environment: dict[str, str], outputs: tuple[str, str]) -> None:
    """Become `python ARGUMENTS`."""
    for number, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    sys.path[:] = [path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix))]
    first, *rest = arguments
    try:
        if first == "-c":
            sys.argv, code = ["-c", *rest[1:]], rest[0]
            sys.path.insert(0, "")
            sys.modules["__main__"] = main = types.ModuleType("__main__")
            exec(compile(code, "<string>", "exec"), main.__dict__)
        elif first == "-m":
            sys.argv = rest
            sys.path.insert(0, folder)
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(arguments)
            sys.path.insert(0, str(Path(folder, first).parent))
            runpy.run_path(first, run_name="__main__")
    finally:
        atexit._run_exitfuncs()


class Command:
    """A running command, which can be killed and waited for."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: dict[str, str]):
        self._work = tempfile.TemporaryDirectory()
        self._outputs = (f"{self._work.name}/stdout", f"{self._work.name}/stderr")
        self._process = _context.Process(target=_run, args=(arguments, str(folder), environment, self._outputs))
        self._process.start()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, seconds: float = SECONDS) -> SimpleNamespace:
        """Its exit status and output, as subprocess.run tells them. Raises TimeoutError."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            self.kill()
            raise TimeoutError(f"still running after {seconds} s")
        out, err = (Path(path).read_text() if Path(path).exists() else "" for path in self._outputs)
        self._work.cleanup()
        return SimpleNamespace(returncode=self._process.exitcode, stdout=out, stderr=err)
