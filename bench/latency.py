"""How fast an answer follows the pen in a real browser: `python -m bench.latency`. Writes docs/latency.json.

One run, headless, with mouse events at 125 Hz that do not wait for the page: our page in both editions, with a slowed CPU, with 100 ms
of network latency and with its server stopped; the same page with the network run by ONNX Runtime Web; and gr.Sketchpad with the network
on the server. `python -m bench.latency NAME...` measures only rows whose name contains a NAME, and writes nothing.

The clock runs in the page: from the moment it gets an event until an answer to the drawing at that moment (or to a newer one) is in the
document.

- pointer-up: of every stroke. The last move comes one event earlier. Chromium delivers it with the next frame or just before the
  pointer-up, and after a pointer-up it holds back all work of the page until it has drawn a frame: an answer that is not there before
  the pointer-up waits for that, 8 ms at 60 Hz on average, however fast the network is;
- moves in the frame: share of the pointer moves that changed the drawing and were answered within 16 ms.

"CPU 4x" slows the page's main thread with Chrome's emulation. It does not reach a worker (the protocol answers "Operation is only
supported for pages, not workers"), so the worker waits after each answer until four times its working time has passed. The server of
gr.Sketchpad is not slowed.

The ONNX Runtime rows need npm and the Python package onnx; the runtime is cached in data/cache/.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.onnx_web import Unavailable, export_onnx, fetch_runtime, replace_network
from bench.pointer import STRETCH, Visitor, chromium, until
from reports import tables
from tests.harness import ROOT
from tests.harness.person import DRAWINGS, varied
from tests.harness.servers import Server, StaticSite
from web.build import build

FRAME = 16.0  # milliseconds


@dataclass(frozen=True)
class Case:
    """What a row of the table is measured on."""

    name: str
    kind: str  # "static", "gradio", "onnx" or "stock"
    rate: int = 1  # how many times slower the CPU is
    network: int = 0  # milliseconds of latency added to each request
    stopped: bool = False  # whether the server is killed once the page has loaded


CASES = [
    Case("our page, static edition", "static"),
    Case("our page, static, server stopped", "static", stopped=True),
    Case("our page, static, 100 ms of network", "static", network=100),
    Case("our page, static, CPU 4x", "static", rate=4),
    Case("our page, static, CPU 6x", "static", rate=6),
    Case("our page in Gradio", "gradio"),
    Case("our page in Gradio, server stopped", "gradio", stopped=True),
    Case("our page in Gradio, CPU 4x", "gradio", rate=4),
    Case("ONNX Runtime Web", "onnx"),
    Case("ONNX Runtime Web, CPU 4x", "onnx", rate=4),
    Case("ONNX Runtime Web, CPU 6x", "onnx", rate=6),
    Case("gr.Sketchpad", "stock"),
    Case("gr.Sketchpad, 100 ms of network", "stock", network=100),
    Case("gr.Sketchpad, CPU 4x", "stock", rate=4),
    Case("gr.Sketchpad, CPU 6x", "stock", rate=6),
]


@contextmanager
def running(case: Case):
    """The server of a case: has a `url` and `kill()`."""
    with tempfile.TemporaryDirectory() as folder:
        if case.kind in ("static", "onnx"):
            site = Path(folder, "some", "where")
            build(site, ROOT / "weights")
            if case.kind == "onnx":
                replace_network(site)
            if case.rate > 1:
                worker = site / "read" / "worker.js"
                worker.write_text(worker.read_text() + STRETCH.replace("RATE", str(case.rate)))
            server = StaticSite(Path(folder))
        else:
            server = Server(*(["--sketchpad", "stock"] if case.kind == "stock" else []))
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.kill()


async def measure(browser, case: Case, drawings: int) -> dict:
    """The row of a case."""
    with running(case) as server:
        if (
            case.kind == "stock"
        ):  # a fresh page each time: on a second stroke the first one's answer would count
            digits = [digit for digit, strokes in DRAWINGS.items() if len(strokes) == 1]
            rows = []
            for number in range(drawings):
                visitor = await Visitor().open(browser, case, server)
                await visitor.draw(varied(digits[number % len(digits)], number))
                await until(
                    visitor.page, "noted.answers.length && noted.answers.at(-1).at > noted.pointerup[0].at"
                )
                rows.append(waits(await visitor.noted()))
                await visitor.context.close()
            return summary(case, rows)
        visitor = await Visitor().open(browser, case, server)
        settled = "document.querySelector('#prediction').dataset.revision === document.querySelector('#board').dataset.revision"
        for number in range(drawings):
            await visitor.draw(varied(list(DRAWINGS)[number % len(DRAWINGS)], number))
            await until(visitor.page, settled)
            await asyncio.sleep(0.1)
            await visitor.page.evaluate("document.querySelector('#clear').click()")
        events = await visitor.noted()
        await visitor.context.close()
    return summary(case, [waits(events)])


def waits(events: dict) -> dict:
    """Milliseconds from each event to its answer."""
    answers = events["answers"]

    def wait(event: dict) -> float:
        later = (a["at"] for a in answers if a["revision"] >= event["revision"] and a["at"] >= event["at"])
        before = any(a["revision"] >= event["revision"] > 0 for a in answers if a["at"] < event["at"])
        return 0.0 if before else next(later, np.inf) - event["at"]

    moves = [e for e in events["pointermove"] if e["revision"] > e["before"] or e["revision"] == 0]
    return {"up": [wait(e) for e in events["pointerup"]], "moves": [wait(e) for e in moves]}


def summary(case: Case, rows: list[dict]) -> dict:
    """The row of a case in docs/latency.json."""
    up, moves = (np.concatenate([row[key] for row in rows]) for key in ("up", "moves"))
    return {
        **asdict(case),
        "pointer_ups": len(up),
        "median_ms": round(float(np.median(up)), 1),
        "p95_ms": round(float(np.quantile(up, 0.95)), 1),
        "max_ms": round(float(up.max()), 1),
        "moves": len(moves),
        "moves_in_frame": round(float((moves <= FRAME).mean()), 3),
    }


def machine(browser) -> dict:
    """The machine that measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "chromium": browser.version,
        "load_before": round(os.getloadavg()[0], 1),
    }


async def measured(cases: list[Case], drawings: int, stock_drawings: int) -> dict:
    """Measure the cases one after the other."""
    async with chromium() as browser:
        store = {"machine": machine(browser), "rows": []}
        for case in cases:
            row = await measure(browser, case, stock_drawings if case.kind == "stock" else drawings)
            store["rows"].append(row)
            print(json.dumps(row), file=sys.stderr)
    return store


def main() -> None:
    """Measure, print the table, and write it if it is complete."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only rows whose name contains one of these")
    parser.add_argument("--drawings", type=int, default=40)
    parser.add_argument("--stock-drawings", type=int, default=10)
    options = parser.parse_args()
    cases = [case for case in CASES if not options.names or any(name in case.name for name in options.names)]
    if not cases:
        parser.error(f"no row has such a name; there are: {'; '.join(case.name for case in CASES)}")
    try:
        if any(case.kind == "onnx" for case in cases):
            fetch_runtime()
            with tempfile.TemporaryDirectory() as folder:
                export_onnx(Path(folder, "net.onnx"))
    except Unavailable as missing:
        sys.exit(f"bench.latency: {missing} Or leave it out: python -m bench.latency 'our page' gr.Sketchpad")
    results = asyncio.run(measured(cases, options.drawings, options.stock_drawings))
    print(tables.latency(results))
    if cases == CASES:
        tables.store("latency", results)


if __name__ == "__main__":
    main()
