"""The tabs Data and Model: HTML and SVG from the JSON files of results.

A figure is a drawing, a caption, and a table of its numbers, which unfolds. Words and numbers are marked, so
that the page can say them in the visitor's language. Colours are classes of page.css, because the page's
policy forbids inline styles. Results of other weights are left out.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from web.assets import HERE
from web.words import say

Row = Sequence[str]
Rows = Iterable[Row]
Bin = tuple[int, float, float]

RESULTS = HERE.parent / "docs"
# The files in docs/ that figures are drawn from.
FILES = ("accuracy.json", "data.json")
# Columns of accuracy.json.
OURS, UPSTREAM = "this project", "upstream's network and recipe"
# Rows of accuracy.json: how many of a writer's digits are read right once some have been taught.
LEARNT = "Learning a hand, UNIPEN's writers nobody looked at"
# The size of a drawing in its own units, and where its axes begin and end.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 56, 456, 24, 254
# Each dot of the calibration stands for at least this many answers.
FEWEST = 50


def read(path: Path) -> dict:
    """A file of results, or {} if it does not exist."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def number(value: float, digits: int = 0) -> str:
    shown = f"{value:.{digits}f}"
    if shown.isdecimal() and value < 1000:
        return shown
    return f'<span data-number="{shown}">{value:,.{digits}f}</span>'


def percent(value: float, digits: int = 1) -> str:
    """A share in 0..1 as a percentage."""
    shown = f"{100 * value:.{digits}f}"
    return f'<span data-share="{shown}">{shown}%</span>'


def section(title: str, content: str, attribute: str = "") -> str:
    """A title, its sentence and the content."""
    return f"<section{attribute}><h2>{say(title)}</h2><p>{say(f'{title}.says')}</p>{content}</section>"


def figure(name: str, drawing: str, caption: str, columns: Row, rows: Rows, height: float = HEIGHT) -> str:
    """A figure. The table's headings are `columns` and the first cell of each row."""
    drawing = f'<svg viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{drawing}</svg>'
    numbers = table([say(f"charts.{column}") for column in columns], rows)
    numbers = f"<details><summary>{say('charts.numbers')}</summary>{numbers}</details>"
    opening = f'<figure class="chart" data-chart="{escape(name)}">'
    return f"{opening}{drawing}<figcaption>{caption}</figcaption>{numbers}</figure>"


def table(head: Row, rows: Rows, mark: Callable[[int, int], str] = lambda y, x: "") -> str:
    """A table, which scrolls if it is too wide. `mark` gives the class of the cell at (row, column)."""
    top = "".join(f'<th scope="col">{cell}</th>' if cell else "<td></td>" for cell in head)
    body = ""
    for y, (first, *cells) in enumerate(rows):
        body += f'<tr><th scope="row">{first}</th>'
        body += "".join(f'<td class="{mark(y, x)}">{cell}</td>' for x, cell in enumerate(cells)) + "</tr>"
    body = body.replace(' class=""', "")
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="group">{whole}</div>'


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    words = words.replace("<span", "<tspan").replace("</span", "</tspan")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def line(points: Iterable[tuple[float, float]], kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def dot(x: float, y: float, radius: float = 5) -> str:
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def axes(across: dict[float, str], across_is: str, up: dict[float, str], up_is: str) -> str:
    """Both axes: their ticks (place -> label), and the key of each axis's name."""
    drawn = text((LEFT + RIGHT) / 2, HEIGHT - 6, say(f"charts.{across_is}"), "middle")
    drawn += text(4, 12, say(f"charts.{up_is}"))
    drawn += "".join(text(at, BOTTOM + 18, label, "middle") for at, label in across.items())
    for at, label in up.items():
        drawn += line([(LEFT, at), (RIGHT, at)], "rule") + text(LEFT - 6, at + 4, label, "end")
    return drawn


# --- the tab Data ------------------------------------------------------------------------------------------


def data_tab(weights: Path, results: Path = RESULTS) -> str:
    """What the network in `weights` learnt from, and empty lists for the digits that figures.js adds."""
    cells = '<ul class="cells" data-set="{}"></ul>'
    options = {"": say("data.all")} | {digit: digit for digit in "0123456789"}
    choice = f'<fieldset class="filter"><legend>{say("data.filter")}</legend>'
    for value, label in options.items():
        radio = f'<input type="radio" name="data-digit" value="{value}">'
        choice += f'<label class="button">{radio}{label}</label>'
    choice += '</fieldset><p class="count" role="status"></p>'
    closest = '<p class="closest-says" role="status"></p><ul class="cells closest"></ul>'
    html = section("data.closest", closest)
    html += learnt(read(weights / "metrics.json"), read(results / "data.json"))
    html += section("data.ways", choice + cells.format("gallery"))
    html += section("data.contributed", cells.format("contributed"), " hidden")
    html += f"<p>{say('data.hidden')}</p>"
    return f'<div class="figures">{html}</div>'


def learnt(report: dict, counts: dict) -> str:
    """The numbers of digits that the network learnt from, by source."""
    settings, html = report["settings"], ""
    if settings.get("drawn"):
        drawn, none = number(settings["drawn"]), number(settings["nondigits"])
        html = f"<p>{say('data.drawn', count=drawn, none=none)}</p>"
    if report.get("contributed"):
        html += f"<p>{say('data.given', count=number(report['contributed']))}</p>"
    if counts:
        train, test = (number(sum(counts["clean"][split])) for split in ("train", "test"))
        html += f"<p>{say('data.mnixel', train=train, test=test)}</p>"
    return f"<section><h2>{say('data.learnt')}</h2>{html}</section>"


# --- the tab Model -----------------------------------------------------------------------------------------


def model_tab(weights: Path, results: Path = RESULTS) -> str:
    """How well the network in `weights` reads, how its training went, and which drawings it misreads."""
    report, accuracy = read(weights / "metrics.json"), read(results / "accuracy.json")
    wrong = read(HERE / "show" / "gallery.json").get("mistakes", {})
    details = accuracy.get("details", {}) if accuracy.get("sha256") == report["sha256"] else {}
    html = ""
    if details:
        sets = f"<p>{say('model.sets')}</p>"
        html += section("model.people", sets + people(accuracy, ["MNIXEL test", *details]))
        if LEARNT in accuracy["more"]:
            html += section("model.taught", taught(accuracy["more"][LEARNT]))
        # The largest set says most.
        name = max(details, key=lambda each: accuracy["sets"][each][OURS]["total"])
        html += section("model.confusion", confusion(name, details[name]["confusion"]))
        html += section("model.sure", reliability(name, details[name]["reliability"]))
    else:
        html += f"<section><h2>{say('model.people')}</h2><p>{say('model.unmeasured')}</p></section>"
    html += section("model.learning", learning(report))
    if wrong.get("sha256") == report["sha256"]:
        told = {name: number(wrong[name]) for name in ("drawn", "wrong", "refused")}
        misread = say("model.misread", shown=str(len(wrong["shown"])), **told)
        misread += f" {say('model.mistakes.above')}" if details else ""
        html += section("model.mistakes", f'<p>{misread}</p><ul class="cells mistakes"></ul>')
    html += '<p class="about"><span class="parameters"></span> <span class="stale"></span></p>'
    return f'<div class="figures">{html}</div>'


def people(accuracy: dict, names: Sequence[str]) -> str:
    """The share read right in each set, with its interval. The table also has upstream's share."""
    sets = {name: accuracy["sets"][name] for name in names}
    low = 5 * math.floor(20 * min(each[OURS]["interval"][0] for each in sets.values()))
    end = len(sets) * 40 + 22
    at, drawn, rows = scale(low, 100, 8, RIGHT), "", []
    for y, (name, each) in zip(range(30, end, 40), sets.items(), strict=False):
        whose, right, total = say(f"set:{name}"), each[OURS]["right"], each[OURS]["total"]
        share, (least, most) = right / total, each[OURS]["interval"]
        drawn += text(0, y - 10, whose) + line([(8, y), (RIGHT, y)], "rule")
        drawn += line([(at(100 * least), y), (at(100 * most), y)], "line") + dot(at(100 * share), y)
        part = say("charts.of", right=number(right), total=number(total))
        bounds = say("charts.bounds", low=percent(least), high=percent(most))
        theirs = each.get(UPSTREAM)
        upstream = percent(theirs["right"] / theirs["total"]) if theirs else "–"
        rows.append((whose, part, percent(share), bounds, upstream))
    for tick in range(low, 101, 1 if low > 90 else 5):
        place = {low: "start", 100: "end"}.get(tick, "middle")
        drawn += line([(at(tick), end - 32), (at(tick), end - 16)], "rule")
        drawn += text(at(tick), end, percent(tick / 100, 0), place)
    columns = ("whose", "right", "share", "interval", "upstream")
    return figure("people", drawn, say("model.interval"), columns, rows, end + 8)


def confusion(name: str, matrix: list[list[int]]) -> str:
    """The confusion matrix as a table, darker where mistakes are frequent, and the top three in words."""
    cells = [(n, y, x) for y, row in enumerate(matrix) for x, n in enumerate(row)]
    wrong = sorted((cell for cell in cells if cell[0] and cell[1] != cell[2]), reverse=True)
    most, misread = max((n for n, *_ in wrong), default=1), sum(n for n, *_ in wrong)

    def mark(y: int, x: int) -> str:
        return "hit" if x == y else f"heat{math.ceil(3 * matrix[y][x] / most)}"

    total = number(sum(n for n, *_ in cells))
    caption = [say("model.set", set=say(f"set:{name}"), wrong=number(misread), total=total)]
    caption += [say("model.taken", drawn=str(y), read=str(x), count=number(n)) for n, y, x in wrong[:3]]
    rows = [(str(y), *(str(n or "") for n in row)) for y, row in enumerate(matrix)]
    opening = f'<figure class="chart confusion" data-chart="confusion: {escape(name)}">'
    body = table(["", *map(str, range(10))], rows, mark)
    return f"{opening}{body}<figcaption>{' '.join(caption)}</figcaption></figure>"


def merged(bins: Iterable[Bin]) -> list[Bin]:
    """Bins (answers, mean confidence, share right), joined until all but the last have FEWEST answers."""
    found: list[Bin] = []
    for count, sure, right in bins:
        if found and found[-1][0] < FEWEST:
            n, surer, righter = found.pop()
            sure, right = ((n * a + count * b) / (n + count) for a, b in ((surer, sure), (righter, right)))
            count += n
        found.append((count, sure, right))
    return found


def reliability(name: str, bins: list[Bin]) -> str:
    """The share right against the confidence. A larger dot stands for more answers."""
    bins = merged(bins)
    x, y, most = scale(0, 1, LEFT, RIGHT), scale(0, 1, BOTTOM, TOP), max(count for count, *_ in bins)
    across, up = ({side(n / 5): percent(n / 5, 0) for n in range(6)} for side in (x, y))
    drawn = axes(across, "said", up, "were") + line([(LEFT, BOTTOM), (RIGHT, TOP)], "rule dashed")
    drawn += "".join(dot(x(sure), y(right), 3 + 7 * math.sqrt(count / most)) for count, sure, right in bins)
    rows = [(percent(sure), percent(right), number(count)) for count, sure, right in bins]
    caption = say("model.diagonal", set=say(f"set:{name}"))
    return figure(f"reliability: {name}", drawn, caption, ("said", "were", "answers"), rows)


def learning(report: dict) -> str:
    """Both losses by round, on a logarithmic scale, with the round whose weights were kept."""
    history, best = report["history"], report["best_round"] + 1
    every = max(1, len(history) // 5)
    losses = {key: [each[f"{key}_loss"] for each in history] for key in ("training", "validation")}
    every_loss = [loss for each in losses.values() for loss in each]
    low, high = math.log10(0.97 * min(every_loss)), math.log10(1.03 * max(every_loss))
    x, y = scale(1, max(2, len(history)), LEFT, RIGHT), scale(low, high, BOTTOM, TOP)
    levels = [n for n in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5) if low <= math.log10(n) <= high]
    rounds = {x(n): str(n) for n in range(every, len(history) + 1, every)}
    heights = {y(math.log10(n)): number(n, 0 if n >= 1 else 2) for n in levels}
    drawn = axes(rounds, "round", heights, "loss")
    drawn += line([(x(best), TOP), (x(best), BOTTOM)], "rule dashed")
    for key, kind, at in (("training", "line dashed", TOP + 18), ("validation", "line", TOP + 36)):
        drawn += line([(x(n), y(math.log10(loss))) for n, loss in enumerate(losses[key], 1)], kind)
        drawn += line([(180, at), (204, at)], kind) + text(210, at + 4, say(f"charts.{key}"))
    rows = [
        (str(n), *(number(each[f"{key}_loss"], 3) for key in losses), percent(each["validation_accuracy"]))
        for n, each in enumerate(history, 1)
    ]
    told = {"round": best, "rounds": len(history), "seconds": report["seconds"]}
    caption = say("model.kept", **{name: number(value) for name, value in told.items()})
    return figure("learning", drawn, caption, ("round", "training", "validation", "held_out"), rows)


def taught(rows: list[dict]) -> str:
    """The share read right against the number of drawings that a writer has taught."""
    curve = [(row["taught"], row["right"] / row["total"], row) for row in rows if "taught" in row]
    low = math.floor(100 * min(share for _, share, _ in curve))
    x, y = scale(0, math.sqrt(curve[-1][0]), LEFT, RIGHT), scale(low, 100, BOTTOM, TOP)
    points = [(x(math.sqrt(count)), y(100 * share)) for count, share, _ in curve]
    counts = {x(math.sqrt(count)): str(count) for count, *_ in curve}
    shares = {y(tick): percent(tick / 100, 0) for tick in range(low, 101)}
    drawn = axes(counts, "taught", shares, "right") + line(points, "line")
    drawn += "".join(dot(*point) for point in points)
    told = []
    for count, share, row in curve:
        part = say("charts.of", right=number(row["right"]), total=number(row["total"]))
        told.append((str(count), part, percent(share)))
    return figure("taught", drawn, say("model.taught.how"), ("taught", "right", "share"), told)
