"""Whether drawing stays at 60 frames a second: `python -m bench.frames`, with the CPU slowed 4 times, the strip and "why" open.

The static edition in headless Chromium; a mouse at 125 Hz that does not wait for the page. A frame is the time between two
`requestAnimationFrame` while the pen is down. Prints the share of frames longer than 32 ms, also with everything shut, writes
docs/frames.json, and exits with 1 where more than 2 % are longer. The slowed page, its slowed worker and the mouse share the processor: with
fewer than four cores this is harder than any visitor's device.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

import numpy as np

from bench.latency import Case, running
from bench.pointer import Visitor, chromium
from reports import tables

LONG, MOST = 32.0, 0.02  # milliseconds; share of the frames that may be longer

WATCH_FRAMES = """() => {
  window.lengths = [];
  let down = false, last = 0;
  addEventListener("pointerdown", () => { down = true; last = 0; }, true);
  addEventListener("pointerup", () => { down = false; }, true);
  const tick = (now) => {
    if (down && last) lengths.push(now - last);
    last = down ? now : 0;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


async def measure(drawings: int, is_open: bool, rate: int) -> dict:
    """Draw, and count the frames: {frames, long, share, median_ms, p99_ms, max_ms}, lengths in milliseconds."""
    from tests.harness.person import DRAWINGS, varied

    async with chromium() as browser:
        case = Case("frames", "static", rate=rate)
        with running(case) as server:
            visitor = await Visitor().open(browser, case, server)
            page = visitor.page
            if is_open:
                await page.locator("#why").click()
                await page.locator(".inside summary").click()
                await page.evaluate("scrollTo(0, 0)")
            await page.evaluate(WATCH_FRAMES)
            for number in range(drawings):
                await visitor.draw(varied(list(DRAWINGS)[number % len(DRAWINGS)], number))
                await page.locator("#clear").click()
            lengths = np.array(await page.evaluate("lengths"))
    long = int((lengths > LONG).sum())
    return {
        "frames": len(lengths),
        "long": long,
        "share": round(long / len(lengths), 4),
        "median_ms": round(float(np.median(lengths)), 1),
        "p99_ms": round(float(np.quantile(lengths, 0.99)), 1),
        "max_ms": round(float(lengths.max()), 1),
    }


def main() -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--drawings", type=int, default=20)
    parser.add_argument("--rate", type=int, default=4, help="how many times slower the CPU is (default 4)")
    options = parser.parse_args()
    conditions = {"strip and why open": True, "shut": False}
    rows = {
        name: asyncio.run(measure(options.drawings, is_open, options.rate))
        for name, is_open in conditions.items()
    }
    tables.store("frames", {"rate": options.rate, "cores": len(os.sched_getaffinity(0)), "rows": rows})
    print(json.dumps(rows))
    return int(max(row["share"] for row in rows.values()) > MOST)


if __name__ == "__main__":
    sys.exit(main())
