"""Stores results as JSON in docs/, and draws them as Markdown tables in the documents."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from training import metrics
from web.charts import LEARNT, OURS, UPSTREAM

ROOT = Path(__file__).parent.parent
DOCS, ELSEWHERE = ROOT / "docs", ROOT / "runs" / "bench"

# Rows of docs/accuracy.json.
MNIXEL, UNSEEN, NONDIGITS = "MNIXEL test", "UNIPEN, writers nobody looked at", "non-digits"

# The fields of results that count the digits or events behind a figure.
SIZES = ("total", "pointer_ups")


class StaleResults(ValueError):
    """The published results are of other weights than those that ship."""


# --- stored results -----------------------------------------------------------------------------------------


def stored(name: str) -> dict:
    """The results of a benchmark in docs/NAME.json; {} when it has not been run."""
    path = DOCS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def shipped() -> str:
    """The SHA-256 of the weights that ship."""
    return json.loads((ROOT / "weights" / "config.json").read_text(encoding="utf-8"))["sha256"]


def sizes(results: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """The path of every field in SIZES, and its value."""
    if isinstance(results, dict):
        for key, value in results.items():
            if key in SIZES:
                yield (*path, key), value
            else:
                yield from sizes(value, (*path, key))


def add_publish(parser: argparse.ArgumentParser) -> None:
    """Add the option that `store` takes."""
    about = "replace the published results, even by fewer measurements"
    parser.add_argument("--publish", action="store_true", help=about)


def store(name: str, results: dict, publish: bool = False) -> Path:
    """Write results, with today's date, to docs/NAME.json; returns the path.

    Results of weights that do not ship go to runs/bench/NAME.json. So do results with a figure that rests on
    less than the published one, unless `publish` is true.
    """
    measured = dict(sizes(results))
    fewer = [path for path, n in sizes(stored(name)) if measured.get(path, 0) < n]
    folder = DOCS
    if results.get("sha256", shipped()) != shipped():
        print("These are not the weights that ship, so docs/ stays as it is.", file=sys.stderr)
        folder = ELSEWHERE
    elif fewer and not publish:
        row = " / ".join(fewer[0][:-1])
        print(f"The published results rest on more ({row}); --publish replaces them.", file=sys.stderr)
        folder = ELSEWHERE
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    dated = {"measured": datetime.now(UTC).date().isoformat()} | results
    path.write_text(json.dumps(dated, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
    return path


# --- Markdown -----------------------------------------------------------------------------------------------


def between(text: str, begin: str, end: str, new: str) -> str:
    """Replace what stands between the lines `begin` and `end` by `new`."""
    head, rest = text.split(begin)
    return f"{head}{begin}\n\n{new}\n\n{end}{rest.split(end)[1]}"


def markdown(columns: list[str], rows: list[list[str]], right: int = 99) -> str:
    """A Markdown table; columns from number `right` on align right."""
    rule = ["---:" if number >= right else "---" for number in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, rule, *rows])


def share(part: int, total: int) -> str:
    """Such as `2559/2631 = 97.3 % (95 % interval 96.6 to 97.8)`."""
    return metrics.describe(metrics.counted(part, total))


def percent(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %"


# --- one function for each file of results ------------------------------------------------------------------


def accuracy(results: dict) -> str:
    """The tables of docs/accuracy.json: the sets and the non-digits, then the rows of other modules."""
    columns = ["", OURS, UPSTREAM, "lowest recall", "calibration error", "worst tenth of writers", "refused"]
    rows = []
    for name, row in results["sets"].items():
        figures = [metrics.describe(row[who]) if who in row else "" for who in (OURS, UPSTREAM)]
        rows.append([name, *figures, *details(results, name)])
    refused = results["refused"].get(NONDIGITS)
    if refused:
        rows.append([f"{NONDIGITS} refused", share(refused["refused"], refused["total"]), *[""] * 5])
    parts = [markdown(columns, rows)]
    parts += [f"{title}:\n\n{counts(found)}" for title, found in results.get("more", {}).items() if found]
    return "\n\n".join(parts)


def details(results: dict, name: str) -> list[str]:
    """A set's lowest recall, calibration error, worst writers and refused digits; "" where unmeasured."""
    cells = ["", ""]
    if found := results["details"].get(name):
        recall = {d: part for d, part in enumerate(metrics.recall(found["confusion"])) if part is not None}
        digit = min(recall, key=lambda d: recall[d])
        error = metrics.calibration_error(found["reliability"])
        cells = [f"{100 * recall[digit]:.1f} % (of the {digit}s)", f"{error:.3f}"]
    worst, refused = results["worst_writers"].get(name), results["refused"].get(name)
    writers = f"{percent(worst['right'], worst['total'])} ({worst['writers']} writers)" if worst else ""
    return [*cells, writers, percent(refused["refused"], refused["total"]) if refused else ""]


def counts(rows: list[dict]) -> str:
    """A table of another module's rows: name, right of total with its interval, and every other field."""
    others = [key for key in rows[0] if key not in ("name", "right", "total")]
    lines = []
    for row in rows:
        rest = [str(row.get(key, "")) for key in others]
        lines.append([row["name"], share(row["right"], row["total"]), *rest])
    return markdown(["", "right", *(key.replace("_", " ") for key in others)], lines)


def recipes(results: dict) -> str:
    """The ablation of docs/recipes.json, in misses on MNIXEL's test images and on other people's digits."""
    trained = results["recipes"]
    people: dict = max((row["people"] for row in trained.values()), key=len, default={})
    rows = []
    for recipe, row in trained.items():
        misses = [row["total"] - right for right in row["rights"]]
        seeds = len(misses)
        each = ", ".join(map(str, misses)) if seeds > 1 else "nothing random"
        found = [row["people"].get(name) for name in people]
        accuracies = [percent(part["right"], part["total"]) if part else "" for part in found]
        rows.append([row["title"], f"{sum(misses) / seeds:.2g}", each, *accuracies, command(recipe, seeds)])
    columns = ["recipe", "misses of 116, mean over seeds", "each seed", *people, "command"]
    when = f"Measured {results['measured']}, with the drawing program of that day."
    return f"{markdown(columns, rows, right=1)}\n\n{when}"


def command(recipe: str, seeds: int) -> str:
    """The command that trains a recipe with that many seeds."""
    return f"`python train.py --recipe {recipe}{f' --seeds {seeds}' if seeds > 1 else ''}`"


def latency(results: dict) -> str:
    """The table of docs/latency.json, with the machine below it."""
    columns = ["", "pointer-ups", "median ms", "p95 ms", "most ms", "moves answered in the frame"]
    rows = []
    for name, row in results["rows"].items():
        times = [f"{row[key]:.1f}" for key in ("median_ms", "p95_ms", "max_ms")]
        moves = percent(row["moves_in_frame"], row["moves"])
        rows.append([name, str(row["pointer_ups"]), *times, moves])
    machine = results["machine"]
    where = f"{machine['cores']} cores of {machine['processor']}, Chromium {machine['chromium']}"
    return f"{markdown(columns, rows, right=1)}\n\nMeasured {results['measured']} on {where}."


def summary(results: dict) -> str:
    """The README's rows, from docs/accuracy.json and docs/latency.json. Raises StaleResults."""
    speed = stored("latency")
    for name, found in (("accuracy", results), ("latency", speed)):
        if found["sha256"] != shipped():
            raise StaleResults(f"docs/{name}.json is of other weights: run `python -m bench.{name}`.")
    sources = {
        MNIXEL: ("MNIXEL's test images", "volunteers' drawings, read once per run"),
        UNSEEN: ("UNIPEN", "pen strokes of writers held out during development"),
        "pendigits": ("pendigits", "pen strokes of 30 writers"),
        "MNIST": ("MNIST", "scanned digits, never used for training"),
    }
    rows = []
    for beginning, (title, source) in sources.items():
        row = next(row[OURS] for name, row in results["sets"].items() if name.startswith(beginning))
        rows.append([title, metrics.describe(row), source])
    for row in results.get("more", {}).get(LEARNT, [])[:1]:
        title, source = "UNIPEN, after ten drawings of one's own", "the other digits of those writers"
        rows.insert(2, [title, share(row["right"], row["total"]), source])
    refused = dict(results["refused"])
    others = refused.pop(NONDIGITS)
    name, digits = next(iter(refused.items()))
    said = f"{percent(others['refused'], others['total'])} of {others['total']:,}"
    lost = f"beside {percent(digits['refused'], digits['total'])} of the digits ({name})"
    rows.append(["non-digits refused", f"{said}, {lost}", "kinds never used for training"])
    answer = next(iter(speed["rows"].values()))
    times = f"{answer['median_ms']:.1f} ms (95 % within {answer['p95_ms']:.1f} ms)"
    where = f"{answer['pointer_ups']} times in headless Chromium, two cores, no GPU"
    return markdown(["", "result", "measured on"], [*rows, ["time from pen-up to answer", times, where]])


# --- the documents ------------------------------------------------------------------------------------------

# Marker -> the function that draws the table, its document, its results.
TABLES: dict[str, tuple[Callable[[dict], str], str, str]] = {
    "summary": (summary, "README.md", "accuracy"),
    **{draw.__name__: (draw, "docs/results.md", draw.__name__) for draw in (accuracy, recipes, latency)},
}


def markers(name: str) -> tuple[str, str]:
    """The lines around a table."""
    return f"<!-- {name}: written by python -m reports -->", f"<!-- /{name} -->"


def write() -> list[Path]:
    """Draw every table whose results are there into its document; returns the documents that changed.

    Raises StaleResults before it changes anything when figures in the README would be of other weights.
    """
    texts: dict[Path, str] = {}
    for name, (draw, document, results) in TABLES.items():
        path = ROOT / document
        if measured := stored(results):
            text = texts.get(path) or path.read_text(encoding="utf-8")
            texts[path] = between(text, *markers(name), draw(measured))
    changed = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    for path in changed:
        path.write_text(texts[path], encoding="utf-8")
    return changed
