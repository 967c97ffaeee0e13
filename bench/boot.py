"""How long the page takes to come up while the Hub misbehaves: `python -m bench.boot`.

    without MODEL_ID                        the embedded weights, nobody is asked: what the others are compared with
    a Hub that is well, refuses, is silent, ...

Each is a process of its own with an empty cache; the time is from its start to the first page, imports included, so the last
column says what the Hub costs. Real clients against the local hub of the tests.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from conftest import Server  # noqa: E402
from local_hub import LocalHub  # noqa: E402
from test_hub import FAULTS, MODEL  # noqa: E402

from bench.ladder import between  # noqa: E402

README = ROOT / "README.md"
BEGIN, END = "<!-- boot: written by python -m bench.boot -->", "<!-- /boot -->"
REPEATS = 2


def boot(hub: LocalHub, home: Path, **settings: str) -> float:
    """Seconds from the start of the page's process to its first answer to a browser."""
    environment = {**hub.environment(home, ""), **settings}
    start = time.perf_counter()
    server = Server(**environment)
    seconds = time.perf_counter() - start
    server.kill()
    return seconds


def main() -> None:
    """Measure, print the table and put it into the README."""
    found: dict[str, float] = {}
    for name in ["without MODEL_ID", "a Hub that is well", *FAULTS]:
        seconds = []
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as folder, LocalHub(Path(folder, "hub")).running() as hub:
                hub.put("model", MODEL, {path.name: path.read_bytes() for path in (ROOT / "weights").iterdir()})
                fault = FAULTS.get(name)
                settings = {} if name == "without MODEL_ID" else {"MODEL_ID": MODEL}
                if isinstance(fault, str):
                    settings["HF_ENDPOINT"] = fault
                elif fault:
                    hub.faults = [replace(fault)]
                seconds.append(boot(hub, Path(folder, "home"), **settings))
        found[name] = max(seconds)
        print(f"{name}: {', '.join(f'{s:.1f}' for s in seconds)} s", file=sys.stderr)
    base = found["without MODEL_ID"]
    lines = [
        f"| the Hub | seconds to the first page, most of {REPEATS} | more than without a Hub |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {seconds:.1f} | {seconds - base:+.1f} |" for name, seconds in found.items()]
    text = "\n".join(lines)
    print(text)
    README.write_text(between(README.read_text(), BEGIN, END, text))


if __name__ == "__main__":
    main()
