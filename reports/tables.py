"""Results as Markdown tables, and the tables' places in the documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
OURS, UPSTREAM = "this project", "upstream's network and recipe"  # the columns of docs/accuracy.json


def stored(name: str) -> dict:
    """What a benchmark has left in docs/NAME.json; {} when it has not been run."""
    path = DOCS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def store(name: str, results: dict) -> None:
    """Write the results of a benchmark to docs/NAME.json."""
    (DOCS / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")


def between(text: str, begin: str, end: str, new: str) -> str:
    """`text` with what stands between the lines `begin` and `end` replaced by `new`."""
    head, rest = text.split(begin)
    return f"{head}{begin}\n\n{new}\n\n{end}{rest.split(end)[1]}"


def markdown(columns: list[str], rows: list[list[str]], right: int = 99) -> str:
    """A Markdown table; columns from number `right` on are aligned to the right."""
    rule = ["---:" if number >= right else "---" for number in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, rule, *rows])


# --- one function for each file of results ----------------------------------------------------------------------------


def accuracy(results: dict) -> str:
    """Of docs/accuracy.json: every row, and other projects' networks if they were measured."""
    rows = [
        [name, *(figures.get(who, "") for who in (OURS, UPSTREAM))]
        for name, figures in results["rows"].items()
    ]
    peers = (
        f"\n\nOther projects' networks on the same boards:\n\n{results['peers']}"
        if results.get("peers")
        else ""
    )
    return markdown(["", OURS, UPSTREAM], rows) + peers


def recipes(results: dict) -> str:
    """Of docs/recipes.json: the ablation, in misses on MNIXEL's test images and on other people's digits."""
    people: dict = max((row["people"] for row in results.values()), key=len, default={})
    rows = []
    for row in results.values():
        misses = [row["total"] - right for right in row["rights"]]
        mean, each = f"{sum(misses) / len(misses):.2g}", ", ".join(map(str, misses))
        each = each if len(misses) > 1 else "nothing random"
        accuracies = [
            f"{100 * row['people'][name][0] / row['people'][name][1]:.1f} %" if name in row["people"] else ""
            for name in people
        ]
        rows.append([row["title"], mean, each, *accuracies, f"`{row['command']}`"])
    columns = ["recipe", "misses of 116, mean over seeds", "each seed", *people, "command"]
    return markdown(columns, rows, right=1)


def operators(results: dict) -> str:
    """Of docs/operators.json: accuracy and log loss with every operator, and the changes when one is left out, worst first."""
    whole = results["none"]
    first = next(iter(whole))
    rows = [["every operator", *(f"{100 * a:.2f} %, log loss {loss:.3f}" for a, loss in whole.values())]]
    left_out = {name: row for name, row in results.items() if isinstance(row, dict) and name != "none"}
    for name, row in sorted(left_out.items(), key=lambda item: -item[1][first][1]):
        changes = [(row[key][0] - a, row[key][1] - loss) for key, (a, loss) in whole.items()]
        rows.append([f"without {name}", *(f"{100 * a:+.2f}, {loss:+.3f}" for a, loss in changes)])
    return markdown(["", *whole], rows)


def frames(results: dict) -> str:
    """Of docs/frames.json: frames while one draws with a slowed CPU."""
    machine = f"CPU {results['rate']}x, {results['cores']} cores"
    columns = [machine, "frames", "longer than 32 ms", "median ms", "p99 ms"]
    rows = [
        [
            name,
            str(row["frames"]),
            f"{100 * row['share']:.1f} %",
            f"{row['median_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
        ]
        for name, row in results["rows"].items()
    ]
    return markdown(columns, rows, right=1)


def parity(results: dict) -> str:
    """Of docs/parity.json: how far the browser and Python are apart."""
    columns = [
        "",
        "read",
        "boards that differ",
        "inputs, at most",
        "probabilities, at most",
        "answers that differ",
    ]
    rows = [
        [
            row["name"],
            str(row["total"]),
            "" if row["pictures"] else str(row["boards"]),
            *(f"{row[key]:.0e}" for key in ("tensor", "probability")),
            str(row["answers"]),
        ]
        for row in results["rows"]
    ]
    return markdown(columns, rows, right=1)


def latency(results: dict) -> str:
    """Of docs/latency.json: the table, and two sentences below it."""
    measured, rows = {row["name"]: row for row in results["rows"]}, []
    columns = ["", "pointer-ups", "median ms", "p95 ms", "most ms", "moves answered in the frame"]
    for name, row in measured.items():
        times = [f"{row[key]:.1f}" for key in ("median_ms", "p95_ms", "max_ms")]
        rows.append([name, str(row["pointer_ups"]), *times, f"{100 * row['moves_in_frame']:.0f} %"])
    static = next(iter(measured.values()))["median_ms"]
    ratios = [
        f"{name} takes {measured[name]['median_ms'] / max(static, 0.1):.1f} times as long"
        for name in ("ONNX Runtime Web", "gr.Sketchpad")
        if name in measured
    ]
    compared = f"{' and '.join(ratios)} as the static page (medians of one run). " if ratios else ""
    machine = results["machine"]
    where = f"{machine['cores']} cores of {machine['processor']}, Chromium {machine['chromium']}, load {machine['load_before']}."
    return f"{markdown(columns, rows, right=1)}\n\n{compared}{where}"


def load(results: dict) -> str:
    """Of docs/load.json: the table, and the sentences below it."""
    columns = ["asked", "visitors", "answers a second", "p50 ms", "p95 ms", "p99 ms", "busy", "errors"]
    keys = ("rate", "p50", "p95", "p99", "busy", "errors")
    rows = [
        [row["asked"], str(row["visitors"]), *(f"{row[key]:.0f}" for key in keys)] for row in results["rows"]
    ]
    return "\n\n".join(
        [markdown(columns, rows, right=1), f"{results['seconds']:g} seconds each.", *results["words"]]
    )


def boot(results: dict) -> str:
    """Of docs/boot.json: the least of several starts, and against `import gradio` in the same run."""
    base = min(results["`import gradio`"])
    rows = [[name, f"{min(times):.1f}", f"{min(times) / base:.2f}"] for name, times in results.items()]
    repeats = len(next(iter(results.values())))
    return markdown(["", f"seconds, least of {repeats}", "against the import"], rows, right=1)


def summary(_: dict) -> str:
    """The README's six rows: of docs/accuracy.json and docs/latency.json."""
    figures = {name: row[OURS] for name, row in stored("accuracy")["rows"].items() if row.get(OURS)}
    sources = {  # title -> measured on, beginning of the row's name
        "MNIXEL's test images": ("volunteers' drawings, read once per run", "MNIXEL test"),
        "UNIPEN": ("pen strokes of writers held out during development", "UNIPEN, writers nobody"),
        "pendigits": ("pen strokes of 30 writers", "pendigits"),
        "MNIST": ("digits held out during development", "MNIST"),
        "non-digits refused": (
            "kinds never used for training; real digits: UNIPEN's",
            "non-digits refused as",
        ),
    }
    table = []
    for title, (source, beginning) in sources.items():
        figure = next(text for name, text in figures.items() if name.startswith(beginning))
        table.append(
            [title, figure.partition(" (below")[0].replace("of the digits", "of real digits"), source]
        )
    row = next(iter(stored("latency")["rows"]))
    answer = f"{row['median_ms']:.1f} ms (95 % within {row['p95_ms']:.1f} ms)"
    table.append(["time from pen-up to answer", answer, "headless Chromium, two cores, no GPU"])
    return markdown(["", "result", "measured on"], table)


# --- the documents ----------------------------------------------------------------------------------------------------

# Name of the markers -> who draws the table, in which document, from which results.
TABLES: dict[str, tuple[Callable[[dict], str], str, str]] = {
    "summary": (summary, "README.md", "accuracy"),
    **{
        draw.__name__: (draw, "docs/results.md", draw.__name__)
        for draw in (accuracy, recipes, operators, latency, frames, parity, load, boot)
    },
}


def markers(name: str) -> tuple[str, str]:
    """The lines around a table."""
    return f"<!-- {name}: written by python -m reports -->", f"<!-- /{name} -->"


def write() -> list[Path]:
    """Draw every table whose results are there into its document; returns the documents that changed."""
    changed = {}
    for name, (draw, document, results) in TABLES.items():
        path = ROOT / document
        text = path.read_text()
        if (measured := stored(results)) and (new := between(text, *markers(name), draw(measured))) != text:
            path.write_text(new)
            changed[path] = True
    return list(changed)
