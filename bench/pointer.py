"""The pointer of `bench/latency.py`: mouse events that do not wait for the page, and the times of their answers."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager

from playwright.async_api import async_playwright

from tests.harness.browser import FLAGS, path
from tests.harness.person import on_screen

PACE = 0.008  # seconds between mouse events: 125 Hz, an ordinary mouse
LIFTED = 0.1  # seconds between the strokes of a drawing

# Notes events and answers. gr.Sketchpad has no revisions: there, any answer that appears after an event counts as one to it.
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
    addEventListener(type, () => {  // after the page's own listener
      if (now) now.revision = revision(board);
      now = null;
    });
  }
  addEventListener("pointerup", () => { down = false; }, true);
  let last = null;
  new MutationObserver(() => {
    const prediction = document.querySelector("#prediction"), { confidence, revision: about } = prediction?.dataset ?? {};
    const seen = about ?? confidence;
    if (!confidence || seen === last) return;
    last = seen;
    noted.answers.push({ at: performance.now(), revision: revision(prediction) });
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-revision", "data-confidence"] });
}"""

# What is appended to worker.js: each answer takes RATE times as long as the worker worked for it.
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


@asynccontextmanager
async def chromium():
    """Chromium as the tests start it, by asyncio, because input must not wait for the page here."""
    try:
        executable = path()
    except LookupError as error:
        sys.exit(f"bench.latency: {error}.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


async def until(page, expression: str, seconds: float = 60) -> None:
    """Wait until a JavaScript expression is true."""
    async with asyncio.timeout(seconds):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.02)


class Visitor:
    """A page that is open, and a mouse."""

    async def open(self, browser, case, server) -> Visitor:
        """Open the page of a `bench.latency.Case` under its conditions."""
        self.context = await browser.new_context(viewport={"width": 1280, "height": 800})
        self.page = page = await self.context.new_page()
        if (
            case.kind == "gradio" and case.rate > 1
        ):  # the worker's script comes from app.py: slowed on its way
            await page.route("**/worker.js", lambda route: self._stretch(route, case.rate))
        await page.goto(server.url)
        await page.locator("#board canvas").first.wait_for()
        if case.kind != "stock":
            await page.locator("#board[data-engine=ready]").wait_for()
        await asyncio.sleep(
            1.5
        )  # the work of a page that has come up; the stock pad does not say when its brush is ready
        self.cdp = await self.context.new_cdp_session(page)
        await page.evaluate(WATCH)
        if case.stopped:
            server.kill()
        if case.network:
            await self.cdp.send("Network.enable")
            conditions = {
                "offline": False,
                "latency": case.network,
                "downloadThroughput": -1,
                "uploadThroughput": -1,
            }
            await self.cdp.send("Network.emulateNetworkConditions", conditions)
        await self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": case.rate})
        return self

    async def _stretch(self, route, rate: int) -> None:
        response = await route.fetch()
        await route.fulfill(
            response=response, body=await response.text() + STRETCH.replace("RATE", str(rate))
        )

    async def draw(self, strokes) -> None:
        """Draw strokes (board units) with the mouse, each event on time, whether or not the page is ready for it."""
        box = await self.page.locator("#board canvas").first.bounding_box()
        loop, sent = asyncio.get_running_loop(), []
        for points in strokes:
            places = [on_screen(box, point) for point in points]
            events = [("mouseMoved", 0, places[0]), ("mousePressed", 1, places[0])]
            # A mouse reports its position before a release, so it is released where it was last.
            events += [("mouseMoved", 1, place) for place in places[1:]] + [("mouseReleased", 0, places[-1])]
            due = loop.time()
            for kind, buttons, (x, y) in events:
                event = {
                    "type": kind,
                    "x": x,
                    "y": y,
                    "buttons": buttons,
                    "clickCount": int(kind != "mouseMoved"),
                }
                event["button"] = "none" if buttons == 0 and kind == "mouseMoved" else "left"
                sent.append(asyncio.ensure_future(self.cdp.send("Input.dispatchMouseEvent", event)))
                due += PACE
                await asyncio.sleep(due - loop.time())
            await asyncio.sleep(LIFTED)
        await asyncio.gather(*sent)

    async def noted(self) -> dict:
        """What WATCH noted."""
        return await self.page.evaluate("noted")
