"""How fast an answer follows the pen in a real browser: `python -m bench.latency`. Writes docs/latency.json.

It draws in a headless browser for some two minutes, with mouse events at 125 Hz that do not wait for the
page. The page's clock measures from the end of a stroke until the document has an answer to the drawing of
that moment, or to a newer one. After a pointer-up Chromium first draws a frame, and only then lets the page
work, so an answer that is not there yet comes 8 ms later on average.

"CPU 4x" slows the page with Chrome's emulation. That does not slow workers, so after each answer the worker
waits until four times its working time has passed.
"""

import asyncio
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.async_api import async_playwright

import bench
from reports import tables
from tests.harness import ROOT
from tests.harness.browser import FLAGS, path
from tests.harness.person import DRAWINGS, on_screen, varied
from tests.harness.servers import StaticSite
from web.build import build

# Time between mouse events, of which an ordinary mouse sends 125 a second, and between strokes.
PACE, LIFTED = 0.008, 0.1  # seconds
# Row -> how many times slower the CPU is.
CASES = {"static edition": 1, "static edition, CPU 4x": 4}
SETTLED = """document.querySelector("#prediction").dataset.revision ===
  document.querySelector("#board").dataset.revision"""

# Notes the ends of strokes, and the answers, in `noted`.
WATCH = """() => {
  const board = document.querySelector("#board"), noted = window.noted = { pointerup: [], answers: [] };
  let now = null, last = null;
  addEventListener("pointerup", (event) => {
    now = board.contains(event.target) ? { at: performance.now() } : null;
  }, true);
  // This listener runs after the page's own.
  addEventListener("pointerup", () => {
    if (now) noted.pointerup.push({ ...now, revision: Number(board.dataset.revision) });
  });
  new MutationObserver(() => {
    const about = document.querySelector("#prediction").dataset.revision;
    if (about === last) return;
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
    while (performance.now() < until) { /* busy, like a slower processor */ }
    send(...message);
  };
}
"""


async def until(page, expression: str, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.02)


async def stretched(route, rate: int) -> None:
    """Answer a request for worker.js with a slower worker."""
    response = await route.fetch()
    await route.fulfill(response=response, body=await response.text() + STRETCH.replace("RATE", str(rate)))


async def draw(page, cdp, strokes) -> None:
    """Draw strokes (board units) with the mouse. Each event is on time, whether or not the page is ready."""
    box = await page.locator("#board canvas").first.bounding_box()
    loop, sent = asyncio.get_running_loop(), []
    for points in strokes:
        places = [on_screen(box, point) for point in points]
        events = [("mouseMoved", "none", 0, places[0]), ("mousePressed", "left", 1, places[0])]
        events += [("mouseMoved", "left", 1, place) for place in places[1:]]
        # A mouse reports a move before the release, so it is released where it was last.
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


async def measure(browser, url: str, rate: int, drawings: int) -> dict:
    """The row of docs/latency.json for the page at `url` on a CPU `rate` times slower."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    if rate > 1:
        await page.route("**/worker.js", lambda route: stretched(route, rate))
    await page.goto(url)
    await page.locator("#board[data-engine=ready] canvas").first.wait_for()
    # A page that has just come up is still busy.
    await asyncio.sleep(1.5)
    cdp = await context.new_cdp_session(page)
    await page.evaluate(WATCH)
    await cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})
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

    def wait(event: dict) -> float:
        first = min(a["at"] for a in noted["answers"] if a["revision"] >= event["revision"])
        return max(0.0, first - event["at"])

    ups = np.array([wait(event) for event in noted["pointerup"]])
    return {
        "pointer_ups": len(ups),
        "median_ms": round(float(np.median(ups)), 1),
        "p95_ms": round(float(np.quantile(ups, 0.95)), 1),
        "max_ms": round(float(ups.max()), 1),
    }


def machine(browser) -> dict:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8")) if info.is_file() else None
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "chromium": browser.version,
    }


async def measured(drawings: int = 40) -> dict:
    """The content of docs/latency.json, with so many drawings a row. Raises LookupError."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder, "some", "where"), ROOT / "weights")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path(), args=FLAGS)
            server, rows = StaticSite(Path(folder)), {}
            try:
                for name, rate in CASES.items():
                    rows[name] = await measure(browser, server.url, rate, drawings)
                    print(f"{name}: {json.dumps(rows[name])}", file=sys.stderr)
            finally:
                server.kill()
            return {"sha256": tables.shipped(), "machine": machine(browser), "rows": rows}


def main() -> None:
    """Measure and store."""
    bench.parser("latency", __doc__).parse_args()
    try:
        tables.store("latency", asyncio.run(measured()))
    except LookupError as error:
        sys.exit(f"bench.latency: {error}.")


if __name__ == "__main__":
    main()
