"""How long the page takes to come up: `python -m bench.boot`.

    python -c "import gradio"               what the first answer to a browser is compared with, in the same run
    without MODEL_ID                        the embedded weights, nobody is asked
    a Hub that is well, refuses, is silent, ...

Each is a process of its own with an empty cache; the time is from its start to the first page, imports included, so the last
column says how much more than the import alone that is. Real clients against the local hub of the tests. `--quick` leaves the
misbehaving Hubs out, and writes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from reports import tables
from tests.harness.hub import FAULTS, MODEL, LocalHub
from tests.harness.servers import Server

ROOT = Path(__file__).parent.parent

REPEATS = 3
IMPORT, ALONE = "`import gradio`", "the page without MODEL_ID"


def boot(hub: LocalHub, home: Path, **settings: str) -> float:
    """Seconds from the start of the page's process to its first answer to a browser."""
    environment = {**hub.environment(home, ""), **settings}
    start = time.perf_counter()
    server = Server(**environment)
    seconds = time.perf_counter() - start
    server.kill()
    return seconds


def imported() -> float:
    """Seconds that Python takes to import gradio and end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import gradio"], check=True, cwd=ROOT)
    return time.perf_counter() - start


def measured(name: str) -> float:
    """Seconds to the first page with a Hub of that kind."""
    with tempfile.TemporaryDirectory() as folder, LocalHub(Path(folder, "hub")).running() as hub:
        hub.put("model", MODEL, {path.name: path.read_bytes() for path in (ROOT / "weights").iterdir()})
        fault = FAULTS.get(name)
        settings = {} if name == ALONE else {"MODEL_ID": MODEL}
        if isinstance(fault, str):
            settings["HF_ENDPOINT"] = fault
        elif fault:
            hub.faults = [replace(fault)]
        return boot(hub, Path(folder, "home"), **settings)


def main() -> None:
    """Measure in turn, print the table and keep what was measured in docs/boot.json."""
    quick = sys.argv[1:] == ["--quick"]
    names = [ALONE] if quick else [ALONE, "a Hub that is well", *FAULTS]
    imported()  # files that are read from the disk for the first time
    found: dict[str, list[float]] = {name: [] for name in (IMPORT, *names)}
    for _ in range(REPEATS):
        for name in found:
            found[name].append(imported() if name == IMPORT else measured(name))
            print(f"{name}: {found[name][-1]:.2f} s", file=sys.stderr)
    print(tables.boot(found))
    if not quick:
        (tables.DOCS / "boot.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
