"""How fast an answer follows the pen in a real browser: `python -m bench.latency`. Writes docs/latency.json.

It draws in a headless browser for some five minutes, with mouse events at 125 Hz that do not wait for the
page, in the static and in the Gradio edition. `python -m bench.latency NAME...` measures only rows whose name
contains a NAME. The clock runs in the page: from an event until an answer to the drawing at that moment, or
to a newer one, is in the document.

- pointer-up: the end of every stroke. Chromium holds back all work of the page after it until it has drawn a
  frame, so an answer that is not there yet waits 8 ms on average.
- moves in the frame: pointer moves that changed the drawing and were answered within 16 ms.

"CPU 4x" slows the page with Chrome's emulation. That does not reach a worker, so the worker waits after each
answer until four times its working time has passed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from playwright.async_api import async_playwright

from reports import tables
from tests.harness import ROOT
from tests.harness.browser import FLAGS, path
from tests.harness.person import DRAWINGS, on_screen, varied
from tests.harness.servers import Server, StaticSite
from web.build import build

FRAME = 16.0  # milliseconds
PACE = 0.008  # seconds between mouse events: 125 Hz, an ordinary mouse
LIFTED = 0.1  # seconds between the strokes of a drawing
SETTLED = """document.querySelector("#prediction").dataset.revision ===
  document.querySelector("#board").dataset.revision"""

# Notes events and answers in `noted`.
WATCH = """() => {
  const board = document.querySelector("#board"), revision = (part) => Number(part?.dataset.revision ?? 0);
  const noted = window.noted = { pointermove: [], pointerup: [], answers: [] };
  let down = false;
  addEventListener("pointerdown", (event) => { down = board.contains(event.target); }, true);
  for (const type of ["pointermove", "pointerup"]) {
    let now = null;
    addEventListener(type, (event) => {
      if (!down) return;
      now = { at: performance.now(), before: revision(board) };
      now.revision = now.before;
      noted[type].push(now);
    }, true);
    // This listener runs after the page's own.
    addEventListener(type, () => {
      if (now) now.revision = revision(board);
      now = null;
    });
  }
  addEventListener("pointerup", () => { down = false; }, true);
  let last = null;
  new MutationObserver(() => {
    const prediction = document.querySelector("#prediction"), about = prediction?.dataset.revision;
    if (!about || about === last) return;
    last = about;
    noted.answers.push({ at: performance.now(), revision: Number(about) });
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-revision"] });
}"""

# Appended to worker.js, so that each answer takes RATE times as long as the worker worked for it.
STRETCH = """
{
  const work = turn.port1.onmessage, send = self.postMessage.bind(self);
  let began = 0;
  turn.port1.onmessage = (event) => { began = performance.now(); return work(event); };
  self.postMessage = (...message) => {
    const until = began + RATE * (performance.now() - began);
    while (performance.now() < until) { /* as a slower processor would */ }
    send(...message);
  };
}
"""


class Case(NamedTuple):
    gradio: bool = False  # app.py's page instead of the static edition
    rate: int = 1  # how many times slower the CPU is
    stopped: bool = False  # whether the server is killed once the page has loaded


CASES = {
    "static edition": Case(),
    "static edition, server stopped": Case(stopped=True),
    "static edition, CPU 4x": Case(rate=4),
    "static edition, CPU 6x": Case(rate=6),
    "Gradio edition": Case(gradio=True),
    "Gradio edition, CPU 4x": Case(gradio=True, rate=4),
}


@contextmanager
def running(case: Case) -> Iterator[Server | StaticSite]:
    with tempfile.TemporaryDirectory() as folder:
        if not case.gradio:
            build(Path(folder, "some", "where"), ROOT / "weights")
        server = Server() if case.gradio else StaticSite(Path(folder))
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.kill()


async def until(page, expression: str, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.02)


async def stretched(route, rate: int) -> None:
    """Answer a request for the worker's script with a slower worker."""
    response = await route.fetch()
    await route.fulfill(response=response, body=await response.text() + STRETCH.replace("RATE", str(rate)))


async def draw(page, cdp, strokes) -> None:
    """Draw strokes (board units) with the mouse, each event on time, ready or not."""
    box = await page.locator("#board canvas").first.bounding_box()
    loop, sent = asyncio.get_running_loop(), []
    for points in strokes:
        places = [on_screen(box, point) for point in points]
        events = [("mouseMoved", "none", 0, places[0]), ("mousePressed", "left", 1, places[0])]
        events += [("mouseMoved", "left", 1, place) for place in places[1:]]
        # A mouse reports its position before a release, so it is released where it was last.
        events.append(("mouseReleased", "left", 0, places[-1]))
        due = loop.time()
        for kind, button, buttons, (x, y) in events:
            event = {"type": kind, "x": x, "y": y, "button": button, "buttons": buttons}
            event["clickCount"] = int(kind != "mouseMoved")
            sent.append(asyncio.ensure_future(cdp.send("Input.dispatchMouseEvent", event)))
            due += PACE
            await asyncio.sleep(due - loop.time())
        await asyncio.sleep(LIFTED)
    await asyncio.gather(*sent)


async def measure(browser, case: Case, drawings: int) -> dict:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    if case.rate > 1:
        await page.route("**/worker.js", lambda route: stretched(route, case.rate))
    with running(case) as server:
        await page.goto(server.url)
        await page.locator("#board[data-engine=ready] canvas").first.wait_for()
        # The page is still busy when it has come up.
        await asyncio.sleep(1.5)
        cdp = await context.new_cdp_session(page)
        await page.evaluate(WATCH)
        if case.stopped:
            server.kill()
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": case.rate})
        for number in range(drawings):
            await draw(page, cdp, varied(list(DRAWINGS)[number % len(DRAWINGS)], number))
            await until(page, SETTLED)
            await asyncio.sleep(0.1)
            await page.evaluate("document.querySelector('#clear').click()")
        noted = await page.evaluate("noted")
    await context.close()
    return summary(noted)


def summary(noted: dict) -> dict:
    """The row of docs/latency.json for the events and answers that WATCH noted."""
    answers = noted["answers"]

    def wait(event: dict) -> float:
        enough = [answer["at"] for answer in answers if answer["revision"] >= event["revision"]]
        if event["revision"] and enough and enough[0] < event["at"]:
            return 0.0
        return next((at for at in enough if at >= event["at"]), np.inf) - event["at"]

    ups = np.array([wait(event) for event in noted["pointerup"]])
    moves = np.array([wait(event) for event in noted["pointermove"] if event["revision"] > event["before"]])
    return {
        "pointer_ups": len(ups),
        "median_ms": round(float(np.median(ups)), 1),
        "p95_ms": round(float(np.quantile(ups, 0.95)), 1),
        "max_ms": round(float(ups.max()), 1),
        "moves": len(moves),
        "moves_in_frame": int((moves <= FRAME).sum()),
    }


def machine(browser) -> dict:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "chromium": browser.version,
    }


async def measured(cases: dict[str, Case], drawings: int) -> dict:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path(), args=FLAGS)
        rows = {}
        for name, case in cases.items():
            rows[name] = await measure(browser, case, drawings)
            print(f"{name}: {json.dumps(rows[name])}", file=sys.stderr)
        results = {"sha256": tables.shipped(), "machine": machine(browser), "rows": rows}
        await browser.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only rows whose name contains one of these")
    parser.add_argument("--drawings", type=int, default=40, help="drawings for each row (default 40)")
    tables.add_publish(parser)
    options = parser.parse_args()
    wanted = options.names or [""]
    cases = {name: case for name, case in CASES.items() if any(part in name for part in wanted)}
    if not cases:
        parser.error(f"no row has such a name; there are: {'; '.join(CASES)}")
    try:
        results = asyncio.run(measured(cases, options.drawings))
    except LookupError as error:
        sys.exit(f"bench.latency: {error}.")
    tables.store("latency", results, options.publish)


if __name__ == "__main__":
    main()
