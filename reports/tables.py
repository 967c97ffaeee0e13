"""Stores results as JSON in docs/, and draws them as Markdown tables in the documents."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from training import metrics
from web.charts import LEARNT, OURS, UPSTREAM

ROOT = Path(__file__).parent.parent
DOCS, ELSEWHERE = ROOT / "docs", ROOT / "runs" / "bench"

# Names of rows in docs/accuracy.json.
MNIXEL, UNSEEN, NONDIGITS = "MNIXEL test", "UNIPEN, writers nobody looked at", "non-digits"


class StaleResults(ValueError):
    """The published results are not those of the shipped weights."""


def stored(name: str) -> dict:
    """The results in docs/NAME.json, or {}."""
    path = DOCS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def shipped() -> str:
    """The SHA-256 of the weights that ship."""
    return json.loads((ROOT / "weights" / "config.json").read_text(encoding="utf-8"))["sha256"]


def store(name: str, results: dict, complete: bool = True) -> Path:
    """Write results with today's date to docs/NAME.json; returns the path.

    Incomplete results, and those of other weights than the shipped ones, go to runs/bench/NAME.json.
    """
    path = (DOCS if complete and results["sha256"] == shipped() else ELSEWHERE) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    dated = {"measured": datetime.now(UTC).date().isoformat()} | results
    path.write_text(json.dumps(dated, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
    return path


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *rows])


def share(part: int, total: int) -> str:
    """For example `2559/2631 = 97.3 % (95 % interval 96.6 to 97.8)`."""
    return metrics.describe(metrics.counted(part, total))


def percent(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %"


def accuracy(results: dict) -> str:
    """The tables of docs/accuracy.json: the sets and the non-digits, then those in its field "more"."""
    columns = ["", OURS, UPSTREAM, "lowest recall", "calibration error", "worst tenth of writers", "refused"]
    rows = []
    for name, row in results["sets"].items():
        figures = [metrics.describe(row[who]) if who in row else "" for who in (OURS, UPSTREAM)]
        rows.append([name, *figures, *details(results, name)])
    refused = results["refused"][NONDIGITS]
    rows.append([f"{NONDIGITS} refused", share(refused["refused"], refused["total"]), *[""] * 5])
    more = [f"{title}:\n\n{counts(found)}" for title, found in results["more"].items()]
    return "\n\n".join([markdown(columns, rows), *more])


def details(results: dict, name: str) -> list[str]:
    """Four cells about a set, "" if not measured: lowest recall, calibration, worst writers, refused."""
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
    """A table of rows with "name", "right" and "total", and a column for each other field of the first."""
    others = [key for key in rows[0] if key not in ("name", "right", "total")]
    lines = [
        [row["name"], share(row["right"], row["total"]), *(str(row[key]) for key in others)] for row in rows
    ]
    return markdown(["", "right", *(key.replace("_", " ") for key in others)], lines)


def latency(results: dict) -> str:
    """The table of docs/latency.json, with the machine below it."""
    columns = ["", "pointer-ups", "median ms", "p95 ms", "most ms"]
    rows = [
        [name, str(row["pointer_ups"]), *(f"{row[key]:.1f}" for key in ("median_ms", "p95_ms", "max_ms"))]
        for name, row in results["rows"].items()
    ]
    machine = results["machine"]
    where = f"{machine['cores']} cores of {machine['processor']}, Chromium {machine['chromium']}"
    return f"{markdown(columns, rows)}\n\nMeasured {results['measured']} on {where}."


def summary(results: dict) -> str:
    """The README's rows, from docs/accuracy.json and docs/latency.json. Raises StaleResults."""
    speed = stored("latency")
    for name, found in (("accuracy", results), ("latency", speed)):
        if found["sha256"] != shipped():
            raise StaleResults(f"docs/{name}.json is of other weights: run `python -m bench.{name}`.")
    sources = {
        MNIXEL: ("MNIXEL's test images", "volunteers' drawings, read once per run"),
        UNSEEN: ("UNIPEN", "pen strokes of writers nobody looked at during development"),
        "pendigits": ("pendigits", "pen strokes of 30 writers"),
        "MNIST": ("MNIST", "scanned digits, never used for training"),
    }
    rows = []
    for beginning, (title, source) in sources.items():
        row = next(row[OURS] for name, row in results["sets"].items() if name.startswith(beginning))
        rows.append([title, metrics.describe(row), source])
    learnt = results["more"][LEARNT][0]
    title, source = "UNIPEN, after ten drawings of one's own", "the other digits of those writers"
    rows.insert(2, [title, share(learnt["right"], learnt["total"]), source])
    others, digits = results["refused"][NONDIGITS], results["refused"][UNSEEN]
    said = f"{percent(others['refused'], others['total'])} of {others['total']:,}"
    lost = f"beside {percent(digits['refused'], digits['total'])} of the digits ({UNSEEN})"
    rows.append(["non-digits refused", f"{said}, {lost}", "kinds never used for training"])
    answer = next(iter(speed["rows"].values()))
    times = f"{answer['median_ms']:.1f} ms (95 % within {answer['p95_ms']:.1f} ms)"
    where = f"{answer['pointer_ups']} times in headless Chromium, two cores, no GPU"
    return markdown(["", "result", "measured on"], [*rows, ["time from pen-up to answer", times, where]])


# Document -> its tables: the function that draws each, and its results.
DOCUMENTS: dict[str, dict[Callable[[dict], str], str]] = {
    "README.md": {summary: "accuracy"},
    "docs/results.md": {accuracy: "accuracy", latency: "latency"},
}


def drawn(document: str) -> str:
    """The text of a document with new tables between the marks. Raises StaleResults."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for draw, results in DOCUMENTS[document].items():
        begin, end = f"<!-- {draw.__name__}: written by python -m reports -->", f"<!-- /{draw.__name__} -->"
        head, rest = text.split(begin)
        text = f"{head}{begin}\n\n{draw(stored(results))}\n\n{end}{rest.split(end)[1]}"
    return text


def write() -> None:
    """Draw the tables of all documents. Raises StaleResults before it changes anything."""
    texts = {ROOT / document: drawn(document) for document in DOCUMENTS}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
