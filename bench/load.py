"""How the server holds with many visitors, beside a plain gr.Interface in the same run: `python -m bench.load`.

    python -m bench.load                   everything, written to docs/load.json
    python -m bench.load --seconds 2       shorter; nothing is written
    python -m bench.load --former FOLDER   also /predict of the version of this project in that folder

Drawing costs the server nothing, because the visitors' browsers read what is drawn. Measured is the rest, by visitors who ask again as
soon as they are answered: *opening the page* (all that a browser loads on a first visit), */predict* (a picture in the request, opened in
a child process), *contributing* (a drawing that is on the disk before the answer). The plain page gets a picture that was uploaded
before, and answers by Gradio's two requests.

Servers take turns, ROUNDS times, and the median round counts: on a busy machine single rounds differ by a third. The visitors run on the
same cores as the server, each with their own address.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from contributions import CONSENT
from reports import tables
from tests.harness.calls import data_url, encoded, picture, upload
from tests.harness.contributor import DIGITS, strokes
from tests.harness.servers import Process, Server, family, free_port
from web.assets import assets, fingerprint

API = "/gradio_api"
OPENING, PREDICT, CONTRIBUTING = "opening the page", "/predict", "contributing a drawing"
FORMER, PLAIN = "/predict of the former server", "plain gr.Interface, picture uploaded before"
VISITORS = (1, 10, 50)
SECONDS, ROUNDS = 5.0, 3  # of a round, and how many of each
PNGS = {digit: encoded(picture(digit)) for digit in DIGITS}


class Busy(Exception):
    """The server has refused, for too many at once."""


class Visitor:
    """A client with its own address and connection, which sends one digit."""

    def __init__(self, server: Process, number: int):
        self.server, self.http = (
            server,
            http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120),
        )
        self.headers = {
            "X-Forwarded-For": f"8.{number // 250}.{number % 250}.8",
            "Content-Type": "application/json",
        }
        self.digit, self.reference = (
            DIGITS[number % len(DIGITS)],
            "",
        )  # receipt, or path of the uploaded picture

    def ask(self, path: str, question: object = None) -> bytes:
        """The answer to GET, or to POST of a question. Raises Busy, or AssertionError for another status than 200."""
        body = json.dumps(question).encode() if question else None
        self.http.request("POST" if body else "GET", path, body, self.headers)
        reply = self.http.getresponse()
        content = reply.read()
        if reply.status in (429, 503):
            raise Busy
        assert reply.status == 200, f"{path}: {reply.status}"
        return content


def opened(visitor: Visitor) -> None:
    """All that a browser loads on a first visit."""
    base = json.loads(visitor.ask("/weights/current"))["base"]
    files = [f"/web/{fingerprint()}/{name}" for name in assets()]
    for path in ("/", "/config", "/theme.css", *files, f"/{base}config.json", f"/{base}model.safetensors"):
        visitor.ask(path)


def predicted(visitor: Visitor) -> None:
    """One picture."""
    answer = json.loads(visitor.ask(f"{API}/run/predict", {"data": [data_url(PNGS[visitor.digit]), 3]}))
    assert answer["data"][0]["label"] == visitor.digit


def contributed(visitor: Visitor) -> None:
    """One drawing, under a receipt of the visitor's."""
    path = f"{API}/component_server"
    if not visitor.reference:
        consent = {"fn_name": "consent", "data": {"version": CONSENT}}
        visitor.reference = json.loads(visitor.ask(path, consent))["receipt"]
    drawing = {
        "receipt": visitor.reference,
        "id": secrets.token_hex(8),
        "label": visitor.digit,
        "source": "collector",
    }
    question = {"fn_name": "keep", "data": {**drawing, "strokes": strokes(visitor.digit)}}
    assert "saved" in json.loads(visitor.ask(path, question))


def called(visitor: Visitor) -> None:
    """One picture that was uploaded before: the plain page's call, and the stream with its answer."""
    visitor.reference = visitor.reference or upload(visitor.server, PNGS[visitor.digit])["path"]
    file = {"path": visitor.reference, "meta": {"_type": "gradio.FileData"}}
    question = {"data": [{"background": None, "layers": [], "composite": file}]}
    number = json.loads(visitor.ask(f"{API}/call/predict", question))["event_id"]
    answer = visitor.ask(f"{API}/call/predict/{number}").split(b"event: complete\ndata: ")[1]
    assert json.loads(answer.split(b"\n")[0])[0]["label"] == visitor.digit


@dataclass
class Tally:
    """The results of the rounds of one kind."""

    rates: list[float] = field(default_factory=list)  # answers a second
    seconds: list[float] = field(default_factory=list)  # of each answer
    busy: int = 0
    errors: list[str] = field(default_factory=list)

    def measure(self, ask: Callable[[Visitor], None], visitors: list[Visitor], seconds: float) -> None:
        """Let the visitors ask all at once for so long."""
        before, begin = len(self.seconds), time.perf_counter()

        def visit(visitor: Visitor) -> None:
            while (start := time.perf_counter()) < begin + seconds:
                try:
                    ask(visitor)
                    self.seconds.append(time.perf_counter() - start)
                except Busy:
                    self.busy += 1
                except (OSError, http.client.HTTPException, AssertionError, LookupError, ValueError) as error:
                    self.errors.append(repr(error))
                    visitor.http.close()

        with ThreadPoolExecutor(len(visitors)) as pool:
            list(pool.map(visit, visitors))
        self.rates.append((len(self.seconds) - before) / (time.perf_counter() - begin))

    def row(self, asked: str, visitors: int) -> dict:
        """A row of docs/load.json; times in milliseconds."""
        p50, p95, p99 = (1000 * np.quantile(self.seconds or [0.0], [0.5, 0.95, 0.99])).round(1).tolist()
        row = {"asked": asked, "visitors": visitors, "rate": round(statistics.median(self.rates), 1)}
        return {**row, "p50": p50, "p95": p95, "p99": p99, "busy": self.busy, "errors": len(self.errors)}


def processor_time(pid: int) -> float:
    """Seconds that a server and its children have used."""
    stats = [Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split() for each in family(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def run(options: argparse.Namespace) -> dict:
    """Measure everything and return the results; prints each row when it is there."""
    ours, rows = Server(BEHIND_PROXY="1"), []
    asked: dict[str, tuple[Callable[[Visitor], None], Process]] = {
        OPENING: (opened, ours), CONTRIBUTING: (contributed, ours), PREDICT: (predicted, ours),
    }  # fmt: skip
    with ExitStack() as stack:
        stack.callback(ours.kill)
        if options.former:
            asked[FORMER] = (predicted, Server(BEHIND_PROXY="1", folder=options.former))
            stack.callback(asked[FORMER][1].kill)
        settings = {
            **os.environ,
            "GRADIO_SERVER_PORT": (port := str(free_port())),
            "GRADIO_ANALYTICS_ENABLED": "False",
        }
        plain = Process([sys.executable, "-m", "bench.plain"], f"http://127.0.0.1:{port}", settings)
        asked[PLAIN] = (called, plain)
        stack.callback(plain.kill)
        for ask, server in asked.values():
            Tally().measure(ask, [Visitor(server, 999)], 1.0)  # warm
        for count in VISITORS:
            tallies = {kind: Tally() for kind in asked}
            for kind in ROUNDS * list(asked):
                ask, server = asked[kind]
                tallies[kind].measure(
                    ask, [Visitor(server, number) for number in range(count)], options.seconds
                )
            for kind, tally in tallies.items():
                rows.append(tally.row(kind, count))
                print(json.dumps(rows[-1]), *set(tally.errors), file=sys.stderr)
        before, tally = processor_time(ours.process.pid), Tally()
        tally.measure(predicted, [Visitor(ours, number) for number in range(10)], options.seconds)
        spent = 1000 * (processor_time(ours.process.pid) - before) / len(tally.seconds)
    best = {kind: max(row["rate"] for row in rows if row["asked"] == kind) for kind in asked}
    most = "The most answers a second of `/predict`"
    words = [
        f"{most}: {best[PREDICT] / best[kind]:.2f} times {kind}." for kind in (FORMER, PLAIN) if kind in asked
    ]
    words.append(f"A picture takes {spent:.1f} ms of the server's processor time, its children included.")
    return {"seconds": options.seconds * ROUNDS, "rows": rows, "words": words}


def main() -> None:
    """Measure, print the table, and write it unless the rounds were shorter."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of each round (default {SECONDS:.0f})"
    )
    parser.add_argument("--former", type=Path, metavar="FOLDER", help="another version of this project")
    options = parser.parse_args()
    results = run(options)
    print(tables.load(results))
    if options.seconds >= SECONDS:
        tables.store("load", results)


if __name__ == "__main__":
    main()
