"""How long the page takes to start: `python -m bench.boot`. Writes docs/boot.json.

    python -c "import gradio"                     the baseline, in the same run
    without MODEL_ID                              the embedded weights; no Hub is asked
    a Hub that is well, refuses, is silent, ...   the tests' local Hub, asked by the real client

Each start is a new process with an empty cache, timed from its beginning to the first page, imports included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from reports import tables
from tests.harness import ROOT
from tests.harness.hub import FAULTS, MODEL, LocalHub
from tests.harness.servers import Server

REPEATS = 3
IMPORT, ALONE, WELL = "`import gradio`", "the page without MODEL_ID", "a Hub that is well"


def measured(name: str) -> float:
    """Seconds until Python has imported gradio, or until the first page with a Hub of that kind."""
    if name == IMPORT:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import gradio"], check=True, cwd=ROOT)
        return time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder, LocalHub(Path(folder, "hub")).running() as hub:
        hub.put("model", MODEL, {path.name: path.read_bytes() for path in (ROOT / "weights").iterdir()})
        settings = {
            **hub.environment(Path(folder, "home"), ""),
            **({} if name == ALONE else {"MODEL_ID": MODEL}),
        }
        fault = FAULTS.get(name)
        if isinstance(fault, str):
            settings["HF_ENDPOINT"] = fault
        elif fault:
            hub.faults = [replace(fault)]
        start = time.perf_counter()
        server = Server(**settings)
        seconds = time.perf_counter() - start
        server.kill()
        return seconds


def main() -> None:
    """Measure in turn, print the table and write it."""
    measured(IMPORT)  # reads the files from the disk for the first time
    results: dict[str, list[float]] = {name: [] for name in (IMPORT, ALONE, WELL, *FAULTS)}
    for _ in range(REPEATS):
        for name, times in results.items():
            times.append(round(measured(name), 2))
            print(f"{name}: {times[-1]} s", file=sys.stderr)
    print(tables.boot(results))
    tables.store("boot", results)


if __name__ == "__main__":
    main()
