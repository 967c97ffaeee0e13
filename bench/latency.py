"""How long the answer takes after the pen is up, in a real browser: our board against the stock gr.Sketchpad, in one run.

    python -m bench.latency                 60 drawings on our board, 20 on the stock one

Clocked inside the page, from the pointerup event to the moment that the answer describing the finished drawing is in the
document; what has been answered by then counts next to nothing. The pen moves until it is lifted, as a hand does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from bench.ladder import between

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- latency: written by python -m bench.latency -->", "<!-- /latency -->"
sys.path.append(str(Path(__file__).parent.parent / "tests"))  # a person at the page is the same in tests and here

OURS = """() => {
  const board = document.querySelector('#board'), prediction = document.querySelector('#prediction');
  window.waits = [];
  board.addEventListener('pointerup', () => {
    const start = performance.now();
    const done = () => prediction.dataset.revision === board.dataset.revision;
    setTimeout(() => {  // after the page's own handler, which may change the drawing once more
      if (done()) return window.waits.push(performance.now() - start);
      const observer = new MutationObserver(() => {
        if (!done()) return;
        observer.disconnect();
        window.waits.push(performance.now() - start);
      });
      observer.observe(prediction, { attributes: true });
    });
  }, true);
}"""

STOCK = """() => {
  window.waits = [];
  let start = null;
  document.querySelector('#board').addEventListener('pointerup', () => { start = performance.now(); }, true);
  new MutationObserver(() => {
    const digit = document.querySelector('#prediction')?.dataset.confidence;
    if (start === null || !digit) return;
    window.waits.push(performance.now() - start);
    start = null;
  }).observe(document.body, { childList: true, subtree: true, attributes: true });
}"""


def describe(name: str, waits: list[float]) -> str:
    """A row of the table: median, 95th percentile and most, in milliseconds."""
    return f"| {name} | {len(waits)} | {np.median(waits):.1f} | {np.quantile(waits, 0.95):.1f} | {max(waits):.1f} |"


def ours(browser, server, drawings: int) -> list[float]:
    """Milliseconds for each of `drawings` one-stroke drawings on our board; the page stays open as a visitor's does."""
    from person import DRAWINGS, Person, varied

    person = Person(browser, server.url)
    person.page.evaluate(OURS)
    one_stroke = [digit for digit, strokes in DRAWINGS.items() if len(strokes) == 1]
    for number in range(drawings):
        person.draw(varied(one_stroke[number % len(one_stroke)], number))
        person.settle()
        person.page.wait_for_function("(count) => window.waits.length === count", arg=number + 1)
        person.page.click("#clear")
    waits = person.page.evaluate("window.waits")
    person.leave()
    return waits


def stock(browser, server, drawings: int) -> list[float]:
    """The same on the stock component, on a fresh page each time: a second stroke would find the first one's answer."""
    from person import DRAWINGS, drag, on_screen, varied

    waits = []
    one_stroke = [digit for digit, strokes in DRAWINGS.items() if len(strokes) == 1]
    for number in range(drawings):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.url)
        canvas = page.locator("#board canvas").first
        canvas.wait_for()
        page.wait_for_timeout(1500)
        page.evaluate(STOCK)
        box = canvas.bounding_box()
        (points,) = varied(one_stroke[number % len(one_stroke)], number)
        drag(page, [on_screen(box, point) for point in points])
        page.wait_for_function("window.waits.length === 1", timeout=60_000)
        waits += page.evaluate("window.waits")
        page.close()
    return waits


def main() -> None:
    """Run both and print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drawings", type=int, default=60)
    parser.add_argument("--stock-drawings", type=int, default=20)
    options = parser.parse_args()

    from conftest import Server, chromium

    results = {}
    with chromium() as browser:
        for name, arguments, run, count in (
            ("ours", [], ours, options.drawings),
            ("gr.Sketchpad", ["--sketchpad", "stock"], stock, options.stock_drawings),
        ):
            server = Server(*arguments)
            try:
                results[name] = run(browser, server, count)
            finally:
                server.kill()
    ratio = np.median(results["gr.Sketchpad"]) / np.median(results["ours"])
    lines = [
        "| pointer up to final answer | drawings | median ms | p95 ms | most ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [describe(name, waits) for name, waits in results.items()]
    lines += ["", f"Ours is {ratio:.0f} times as fast (ratio of the medians of one run)."]
    README.write_text(between(README.read_text(), BEGIN, END, "\n".join(lines)))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
