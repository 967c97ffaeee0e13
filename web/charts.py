"""The results as figures for the page: from the JSON that the measuring commands write to HTML and SVG, the
same in both editions.

A figure is a drawing, a caption, and its numbers as a table in a fold. Words and numbers are marked so that
the page says them in the visitor's language; colours are classes of page.css, since the page's policy forbids
inline styles. What has not been measured, or was measured of other weights, is left out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from web.assets import HERE, assets

RESULTS = HERE.parent / "docs"
FILES = ("accuracy.json", "data.json", "recipes.json")  # of docs/, what the figures are drawn from
OURS, UPSTREAM = "this project", "upstream's network and recipe"  # columns of accuracy.json
# Rows of accuracy.json: how much better a person's digits are read once some have been taught.
LEARNT = "Learning a hand, UNIPEN's writers nobody looked at"
STRANGERS = "pendigits"  # whose digits are counted where the steps of the training are compared
# Of a drawing, and where its axes begin and end.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 56, 456, 24, 254
FEWEST = 50  # answers that a dot of the calibration stands for
WORDS = next(iter(json.loads((HERE / "words.json").read_text(encoding="utf-8")).values()))


def read(path: Path) -> dict:
    """A file of results; empty where nothing has been measured."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


# --- words and numbers -------------------------------------------------------------------------------------


def say(key: str, **values: str) -> str:
    """A sentence of words.json, its placeholders filled; an unknown key stands for itself without what is
    before its colon.
    """
    if key not in WORDS:
        return escape(key.partition(":")[2])
    slots = {name: f'<span data-slot="{name}">{value}</span>' for name, value in values.items()}
    sentence = re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], escape(WORDS[key], quote=False))
    return f'<span data-word="{key}">{sentence}</span>'


def number(value: float, digits: int = 0) -> str:
    shown = f"{value:.{digits}f}"
    return (
        shown
        if shown.isdecimal() and value < 1000
        else f'<span data-number="{shown}">{value:,.{digits}f}</span>'
    )


def percent(value: float, digits: int = 1) -> str:
    """A share in 0..1 as per cent."""
    shown = f"{100 * value:.{digits}f}"
    return f'<span data-share="{shown}">{shown}%</span>'


# --- parts of figures --------------------------------------------------------------------------------------


def figure(name: str, drawing: str, caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A drawing with its caption; `head` and the first cell of each row are the headings of its numbers."""
    numbers = f"<details><summary>{say('charts.numbers')}</summary>{table(head, rows)}</details>"
    opening = f'<figure class="chart" data-chart="{escape(name)}">'
    return f"{opening}{drawing}<figcaption>{caption}</figcaption>{numbers}</figure>"


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], mark: Callable[[int, int], str] = lambda y, x: ""
) -> str:
    """A table that scrolls by itself where it is wide; `mark` gives the class of the cell in that row and
    column.
    """
    top = "".join(f'<th scope="col">{cell}</th>' if cell else "<td></td>" for cell in head)
    body = ""
    for y, (first, *cells) in enumerate(rows):
        body += f'<tr><th scope="row">{first}</th>'
        body += "".join(f'<td class="{mark(y, x)}">{cell}</td>' for x, cell in enumerate(cells)) + "</tr>"
    body = body.replace(' class=""', "")
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="group">{whole}</div>'


def svg(content: str, height: float = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{content}</svg>'  # a table says the same


def text(x: float, y: float, words: str, kind: str = "") -> str:
    words = words.replace("<span", "<tspan").replace("</span", "</tspan")
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>'


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def axes(across: tuple[dict[float, str], str], up: tuple[dict[float, str], str]) -> str:
    """Ticks (pixels -> label) and what they measure, of both axes."""
    drawn = text((LEFT + RIGHT) / 2, HEIGHT - 6, across[1], "middle") + text(4, 12, up[1])
    drawn += "".join(text(at, BOTTOM + 18, label, "middle") for at, label in across[0].items())
    for at, label in up[0].items():
        drawn += line([(LEFT, at), (RIGHT, at)], "rule") + text(LEFT - 6, at + 4, label, "end")
    return drawn


def line(points: Iterable[tuple[float, float]], kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def bar(x: float, y: float, width: float, height: float, kind: str = "bar") -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def columns(*keys: str) -> list[str]:
    return [say(f"charts.{key}") for key in keys]


# --- the tab Data ------------------------------------------------------------------------------------------


def data_tab(weights: Path, results: Path = RESULTS) -> str:
    """What the network in the folder `weights` learnt from, and room for the digits that figures.js shows."""
    gallery = '<ul class="cells" data-set="{}"></ul>'
    options = {"": say("data.all")} | {digit: digit for digit in "0123456789"}
    radio = '<label><input type="radio" name="data-digit" value="{}">{}</label>'
    choice = f'<fieldset class="filter"><legend>{say("data.filter")}</legend>'
    choice += (
        "".join(radio.format(*option) for option in options.items())
        + '</fieldset><p class="count" role="status"></p>'
    )
    html = section(
        "data.closest", '<p class="closest-says" role="status"></p><ul class="cells closest"></ul>'
    )
    html += learnt(read(weights / "metrics.json"), read(results / "data.json"))
    html += section("data.ways", choice + gallery.format("gallery"))
    html += section("data.contributed", gallery.format("contributed")).replace(">", " hidden>", 1)
    mnixel = "show/mnixel.json" in assets()  # which the publisher has to ask for
    html += (
        section("data.mnixel", gallery.format("mnixel")) if mnixel else f"<p>{say('data.mnixel.hidden')}</p>"
    )
    return f'<div class="figures">{html}</div>'


def learnt(report: dict, counts: dict) -> str:
    """What was learnt from, and how many of each digit MNIXEL has."""
    settings, html = report["settings"], ""
    if settings.get("drawn"):
        told = {"count": settings["drawn"], "ways": report["ways"], "none": settings["nondigits"]}
        html = f"<p>{say('data.drawn', **{name: number(value) for name, value in told.items()})}</p>"
    if report.get("contributed"):
        html += f"<p>{say('data.given', count=number(report['contributed']))}</p>"
    if counts:
        train, test = counts["clean"]["train"], counts["clean"]["test"]
        up, step = scale(0, max(train), BOTTOM, TOP), (RIGHT - LEFT) / 10
        digits = {LEFT + (d + 0.5) * step: str(d) for d in range(10)}
        levels = {up(n): str(n) for n in range(0, max(train) + 1, 10)}
        drawn = axes((digits, say("charts.digit")), (levels, say("charts.drawings")))
        for split, kind, start in ((train, "bar", 4), (test, "bar other", 21)):
            drawn += "".join(
                bar(LEFT + d * step + start, up(n), 15, BOTTOM - up(n), kind) for d, n in enumerate(split)
            )
        rows = [(str(d), str(train[d]), str(test[d])) for d in range(10)]
        caption = say("data.frequency", train=number(sum(train)), test=number(sum(test)))
        html += figure("frequency", svg(drawn), caption, columns("digit", "train", "test"), rows)
    return f"<section><h2>{say('data.learnt')}</h2>{html}</section>"


# --- the tab Model -----------------------------------------------------------------------------------------


def model_tab(weights: Path, results: Path = RESULTS) -> str:
    """How good the network in the folder `weights` is, how it was trained, what each step is worth, what it
    still misreads.
    """
    report, accuracy = read(weights / "metrics.json"), read(results / "accuracy.json")
    recipes = read(results / "recipes.json").get("recipes", {})
    wrong = read(HERE / "show" / "gallery.json").get("mistakes", {})
    details = accuracy.get("details", {}) if accuracy.get("sha256") == report["sha256"] else {}
    html = '<p class="about"><span class="parameters"></span> <span class="stale"></span></p>'
    matrix, name = report["test"]["confusion"], "MNIXEL test"
    if details:
        html += section("model.people", people(accuracy, ["MNIXEL test", *details]))
        # The largest set says most.
        name = max(details, key=lambda each: accuracy["sets"][each][OURS]["total"])
        matrix = details[name]["confusion"]
        html += section("model.taught", taught(accuracy.get("more", {}).get(LEARNT, [])))
    html += section("model.confusion", confusion(name, matrix))
    html += section("model.sure", reliability(name, details[name]["reliability"]) if details else "")
    html += section("model.learning", learning(report)) + section("model.steps", steps(recipes))
    if wrong.get("sha256") == report["sha256"]:
        told = {name: number(wrong[name]) for name in ("drawn", "wrong", "refused")}
        told["shown"] = str(len(wrong["shown"]))
        html += section(
            "model.mistakes", f'<p>{say("model.misread", **told)}</p><ul class="cells mistakes"></ul>'
        )
    return f'<div class="figures">{html}</div>'


def section(title: str, content: str) -> str:
    """What stands under a title and a sentence; nothing where there is nothing."""
    return (
        f"<section><h2>{say(title)}</h2><p>{say(f'{title}.says')}</p>{content}</section>" if content else ""
    )


def people(accuracy: dict, names: Sequence[str]) -> str:
    """A dot and its interval for each of the sets; upstream's share beside them in the table."""
    rows = {name: accuracy["sets"][name] for name in names}
    low = 5 * math.floor(20 * min(row[OURS]["interval"][0] for row in rows.values()))
    end = len(rows) * 40 + 22
    at, drawn, told = scale(low, 100, 8, RIGHT), "", []
    for y, (name, row) in zip(range(30, end, 40), rows.items(), strict=False):
        who, right, total = say(f"set:{name}"), row[OURS]["right"], row[OURS]["total"]
        share, least, most = (100 * part for part in (right / total, *row[OURS]["interval"]))
        drawn += text(0, y - 10, who) + line([(8, y), (RIGHT, y)], "rule")
        drawn += line([(at(least), y), (at(most), y)], "line") + dot(at(share), y)
        part = say("charts.of", right=number(right), total=number(total))
        bounds = say("charts.bounds", low=percent(least / 100), high=percent(most / 100))
        theirs = row.get(UPSTREAM)
        upstream = percent(theirs["right"] / theirs["total"]) if theirs else "–"
        told.append((who, part, percent(share / 100), bounds, upstream))
    for tick in range(low, 101, 1 if low > 90 else 5):
        drawn += line([(at(tick), end - 32), (at(tick), end - 16)], "rule")
        drawn += text(
            at(tick),
            end,
            percent(tick / 100, 0),
            "middle" if low < tick < 100 else "end" if tick > low else "",
        )
    head = columns("whose", "right", "share", "interval", "upstream")
    return figure("people", svg(drawn, end + 8), say("model.interval"), head, told)


def dot(x: float, y: float, radius: float = 5) -> str:
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def confusion(name: str, matrix: list[list[int]]) -> str:
    """The matrix as a table, a mistake the darker the more often it was made, and the commonest ones in
    words.
    """
    wrong = sorted(
        ((n, y, x) for y, row in enumerate(matrix) for x, n in enumerate(row) if n and x != y), reverse=True
    )
    most, total = max((n for n, *_ in wrong), default=1), sum(map(sum, matrix))

    def mark(y: int, x: int) -> str:
        return "hit" if x == y else f"heat{math.ceil(4 * matrix[y][x] / most)}" if matrix[y][x] else ""

    caption = say(
        "model.set", set=say(f"set:{name}"), wrong=number(sum(n for n, *_ in wrong)), total=number(total)
    )
    common = " ".join(say("model.taken", drawn=str(y), read=str(x), count=number(n)) for n, y, x in wrong[:3])
    rows = [(str(y), *(str(n or "") for n in row)) for y, row in enumerate(matrix)]
    body = table(["", *map(str, range(10))], rows, mark)
    opening = f'<figure class="chart confusion" data-chart="confusion: {escape(name)}">'
    return f"{opening}{body}<figcaption>{caption} {common}</figcaption></figure>"


def merged(bins: Iterable[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Bins (answers, mean confidence, share right) joined with their neighbours until each has FEWEST
    answers.
    """
    found: list[tuple[int, float, float]] = []
    for count, sure, right in bins:
        if found and found[-1][0] < FEWEST:
            before = found.pop()
            total = before[0] + count
            sure, right = (
                (before[0] * a + count * b) / total for a, b in ((before[1], sure), (before[2], right))
            )
            count = total
        found.append((count, sure, right))
    return found


def reliability(name: str, bins: list[tuple[int, float, float]]) -> str:
    """How often it is right when it is that sure; a dot is the larger the more answers it stands for."""
    bins = merged(bins)
    x, y, most = scale(0, 1, LEFT, RIGHT), scale(0, 1, BOTTOM, TOP), max(count for count, *_ in bins)
    across, up = ({side(n / 5): percent(n / 5, 0) for n in range(6)} for side in (x, y))
    drawn = axes((across, say("charts.said")), (up, say("charts.were")))
    drawn += line([(LEFT, BOTTOM), (RIGHT, TOP)], "rule strong")
    drawn += "".join(dot(x(sure), y(right), 3 + 7 * math.sqrt(count / most)) for count, sure, right in bins)
    rows = [(percent(sure), percent(right), number(count)) for count, sure, right in bins]
    caption = say("model.diagonal", set=say(f"set:{name}"))
    return figure(f"reliability: {name}", svg(drawn), caption, columns("said", "were", "answers"), rows)


def learning(report: dict) -> str:
    """Both losses of every round on a logarithmic scale, and the round whose weights were kept."""
    history, best, every = report["history"], report["best_round"] + 1, max(1, len(report["history"]) // 5)
    losses = {key: [each[f"{key}_loss"] for each in history] for key in ("training", "validation")}
    low, high = (
        math.log10(0.97 * min(map(min, losses.values()))),
        math.log10(1.03 * max(map(max, losses.values()))),
    )
    x, y = scale(1, max(2, len(history)), LEFT, RIGHT), scale(low, high, BOTTOM, TOP)
    levels = [n for n in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5) if low <= math.log10(n) <= high]
    rounds = {x(n): str(n) for n in range(every, len(history) + 1, every)}
    heights = {y(math.log10(n)): number(n, 0 if n >= 1 else 2) for n in levels}
    drawn = axes((rounds, say("charts.round")), (heights, say("charts.loss")))
    drawn += line([(x(best), TOP), (x(best), BOTTOM)], "rule strong")
    for at, (key, kind) in zip(
        (TOP + 18, TOP + 36), (("training", "line other"), ("validation", "line")), strict=True
    ):
        drawn += line([(x(n), y(math.log10(loss))) for n, loss in enumerate(losses[key], 1)], kind)
        drawn += line([(180, at), (204, at)], kind) + text(210, at + 4, say(f"charts.{key}"))
    rows = [
        (str(n), *(number(each[f"{key}_loss"], 3) for key in losses), percent(each["validation_accuracy"]))
        for n, each in enumerate(history, 1)
    ]
    caption = say(
        "model.kept", round=number(best), rounds=number(len(history)), seconds=number(report["seconds"])
    )
    return figure(
        "learning", svg(drawn), caption, columns("round", "training", "validation", "held_out"), rows
    )


def taught(rows: list[dict]) -> str:
    """Right answers against the drawings that a writer has taught."""
    curve = [(row["taught"], row["right"] / row["total"], row) for row in rows if "taught" in row]
    if len(curve) < 2:
        return ""
    low = math.floor(100 * min(share for _, share, _ in curve))
    x, y = scale(0, math.sqrt(curve[-1][0]), LEFT, RIGHT), scale(low, 100, BOTTOM, TOP)
    points = [(x(math.sqrt(count)), y(100 * share)) for count, share, _ in curve]
    counts = {at: str(count) for (at, _), (count, *_) in zip(points, curve, strict=True)}
    shares = {y(tick): percent(tick / 100, 0) for tick in range(low, 101)}
    drawn = axes((counts, say("charts.taught")), (shares, say("charts.right"))) + line(points, "line")
    drawn += "".join(dot(*point) for point in points)
    told = [
        (str(count), say("charts.of", right=number(row["right"]), total=number(row["total"])), percent(share))
        for count, share, row in curve
    ]
    head = columns("taught", "right", "share")
    return figure("taught", svg(drawn), say("model.taught.how"), head, told)


def steps(recipes: dict) -> str:
    """The share of strangers' digits that each recipe misread, as bars; nothing where it has not been
    measured.
    """
    counts = {name: row["people"][STRANGERS] for name, row in recipes.items() if STRANGERS in row["people"]}
    wrong = {name: 1 - count["right"] / count["total"] for name, count in counts.items()}
    if not wrong:
        return ""
    long, drawn, rows = scale(0, max(wrong.values()), 0, WIDTH - 60), "", []
    for y, (name, share) in enumerate(wrong.items()):
        drawn += text(0, 46 * y + 16, say(f"recipe:{name}")) + bar(0, 46 * y + 22, long(share), 14)
        drawn += text(long(share) + 6, 46 * y + 34, percent(share))
        missed = counts[name]["total"] - counts[name]["right"]
        rows.append((say(f"recipe:{name}"), number(missed), percent(share)))
    caption = say("model.recipes", total=number(max(count["total"] for count in counts.values())))
    return figure("steps", svg(drawn, 46 * len(wrong)), caption, columns("step", "mistakes", "share"), rows)
