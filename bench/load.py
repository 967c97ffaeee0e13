"""How the server holds with many visitors, beside a plain gr.Interface in the same run: `python -m bench.load`.

    python -m bench.load                   everything, kept in docs/load.json
    python -m bench.load --seconds 5       shorter; nothing is written
    python -m bench.load --former FOLDER   also /predict of another version of this project, which lies there

Drawing costs the server nothing: the visitors' browsers read what is drawn. What is left, each with 1, 10, 50 and 200 visitors who ask
the next thing as soon as the last is answered:

- *opening the page*: Gradio's page, its configuration, every file of ours and the weights, as a browser that was never here;
- */predict*: a picture file in the request, opened in a child process;
- *contributing*: a drawing of some hundred points, kept on the disk before it is answered.

The plain page answers about a picture that was uploaded before, by Gradio's two requests, the call and its answer; and as its own page
does, which sends the drawing first, but with one request for it where the page makes several. The visitors run on the same cores as
the server, each with an address of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

import board
from contributions import CONSENT
from web.assets import assets, examples, fingerprint

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "load.json"
FORMER = "/predict of the former server"
OPENING, PREDICT, CONTRIBUTING = "opening the page", "/predict", "contributing a drawing"
UPLOADED, DRAWN = "plain gr.Interface, picture uploaded before", "plain gr.Interface, as its page draws"
VISITORS = (1, 10, 50, 200)
SECONDS = 20.0  # of each measurement
WEIGHTS = ("config.json", "model.safetensors")


@dataclass
class Tally:
    """What came of a measurement."""

    seconds: list[float] = field(default_factory=list)  # of each answer
    busy: int = 0
    errors: int = 0
    wrong: int = 0  # another digit than drawn

    def row(self, what: str, visitors: int, span: float) -> dict:
        """What is stored of it; times in milliseconds."""
        p50, p95, p99 = 1000 * np.quantile(self.seconds, [0.5, 0.95, 0.99]) if self.seconds else [0.0] * 3
        found = {"asked": what, "visitors": visitors, "rate": round(len(self.seconds) / span, 1)}
        found |= {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)}
        return {**found, "busy": self.busy, "errors": self.errors + self.wrong}


COLUMNS = "| asked | visitors | answers a second | p50 ms | p95 ms | p99 ms | busy | errors |\n| --- |" + 7 * " ---: |"


def line(row: dict) -> str:
    """A row of the table."""
    asked, visitors, *numbers = row.values()
    return f"| {asked} | {visitors} | {' | '.join(f'{number:.0f}' for number in numbers)} |"


# --- speaking HTTP ----------------------------------------------------------------------------------------------------


class Connection:
    """One visitor's kept-alive connection, with as little HTTP as will do, so that the visitors cost the page little."""

    def __init__(self, port: int, address: str):
        self.port, self.address, self.reader, self.writer = port, address, None, None

    async def post(self, path: str, body: bytes, media: str = "application/json") -> tuple[int, bytes]:
        return await self._send(f"POST {path}", body, media)

    async def get(self, path: str) -> tuple[int, bytes]:
        return await self._send(f"GET {path}", b"", "text/plain")

    async def _send(self, line: str, body: bytes, media: str) -> tuple[int, bytes]:
        for attempt in (0, 1):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Forwarded-For: {self.address}\r\n"
            head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
            try:
                self.writer.write(head.encode() + body)
                return await self._receive()
            except (OSError, asyncio.IncompleteReadError):  # closed between two requests, as servers may
                self.close()
                if attempt:
                    raise
        raise AssertionError

    async def _receive(self) -> tuple[int, bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        if "content-length:" in head:
            size = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
            return status, await self.reader.readexactly(size)
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append((await self.reader.readexactly(size + 2))[:-2])
        await self.reader.readline()
        return status, b"".join(parts)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.writer = None


# --- what is asked ----------------------------------------------------------------------------------------------------


def png(strokes: list) -> bytes:
    """A drawing as a picture file."""
    file = io.BytesIO()
    Image.fromarray(board.render([board.Stroke(np.array(stroke), 15.0) for stroke in strokes])).save(file, "PNG")
    return file.getvalue()


STROKES = {drawing["digit"]: drawing["strokes"] for drawing in examples()["drawings"]}
PNGS = {digit: png(strokes) for digit, strokes in STROKES.items()}


def data_url(content: bytes) -> dict:
    """A picture file as it is sent in a question."""
    url = "data:image/png;base64," + base64.b64encode(content).decode()
    return {"url": url, "meta": {"_type": "gradio.FileData"}}


def contribution(receipt: str, digit: str) -> dict:
    """A drawing of a digit as the collector sends it."""
    strokes = [
        {"points": points, "radius": 15, "times": list(range(0, 16 * len(points), 16))} for points in STROKES[digit]
    ]
    drawing = {"receipt": receipt, "id": f"{random.getrandbits(128):x}", "label": digit}
    return {**drawing, "strokes": strokes, "source": "collector"}


class Ours:
    """Asks our server."""

    def __init__(self, port: int):
        self.port = port
        self.receipts: dict[str, str] = {}

    async def open(self, connection: Connection, digit: str, tally: Tally) -> None:
        """All that a browser loads that was never here."""
        start = time.perf_counter()
        base = json.loads((await connection.get("/weights/current"))[1])["base"]
        ours = [f"/web/{fingerprint()}/{name}" for name in assets()] + [f"/{base}{name}" for name in WEIGHTS]
        statuses = [(await connection.get(path))[0] for path in ("/", "/config", "/theme.css", *ours)]
        tally.seconds.append(time.perf_counter() - start)
        tally.busy += any(status in (429, 503) for status in statuses)
        tally.errors += any(status not in (200, 429, 503) for status in statuses)

    async def predict(self, connection: Connection, digit: str, tally: Tally) -> None:
        """One picture."""
        said = await self._ask(connection, "run/predict", {"data": [data_url(PNGS[digit]), 3]}, tally)
        if said is not None:
            tally.wrong += said["data"][0]["label"] != digit

    async def contribute(self, connection: Connection, digit: str, tally: Tally) -> None:
        """One drawing, under a receipt of the visitor's."""
        if connection.address not in self.receipts:
            question = {"fn_name": "consent", "data": {"version": CONSENT}}
            said = await self._ask(connection, "component_server", question, Tally())
            if said is None:  # too many at once
                tally.busy += 1
                return
            self.receipts[connection.address] = said["receipt"]
        question = {"fn_name": "keep", "data": contribution(self.receipts[connection.address], digit)}
        said = await self._ask(connection, "component_server", question, tally)
        tally.errors += said is not None and "error" in said

    async def _ask(self, connection: Connection, path: str, question: dict, tally: Tally) -> dict | None:
        start = time.perf_counter()
        status, reply = await connection.post(f"/gradio_api/{path}", json.dumps(question).encode())
        if status != 200:
            tally.busy += status in (429, 503)
            tally.errors += status not in (429, 503)
            return None
        tally.seconds.append(time.perf_counter() - start)
        return json.loads(reply)


class Plain:
    """Asks the plain gr.Interface."""

    def __init__(self, port: int):
        self.port = port
        self.paths = {digit: _upload(port, content) for digit, content in PNGS.items()}
        config = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/config"))
        self.pad = next(c["id"] for c in config["components"] if c["type"] == "imageeditor")

    async def predict(self, connection: Connection, digit: str, tally: Tally) -> None:
        """One picture that has been uploaded before."""
        file = {"path": self.paths[digit], "meta": {"_type": "gradio.FileData"}}
        await self._call(connection, digit, {"background": None, "layers": [], "composite": file}, tally, 0.0)

    async def draw(self, connection: Connection, digit: str, tally: Tally) -> None:
        """One drawing as its own page sends it, but without the background and the layers: the picture, then the question."""
        name = f"{random.getrandbits(60):x}"
        fields = {
            "session_hash": "load",
            "component_id": self.pad,
            "fn_name": "accept_blobs",
            "type": "composite",
            "id": name,
        }
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in (*fields.items(), ("index", "null"))
        ]
        file = '--x\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\nContent-Type: image/png\r\n\r\n'
        body = "".join(parts).encode() + file.encode() + PNGS[digit] + b"\r\n--x--\r\n"
        start = time.perf_counter()
        status, reply = await connection.post("/gradio_api/component_server", body, "multipart/form-data; boundary=x")
        if status != 200:
            tally.errors += 1
            return
        sketch = {"background": None, "layers": [], "composite": None, "id": name}
        await self._call(connection, digit, sketch, tally, time.perf_counter() - start)

    async def _call(self, connection: Connection, digit: str, sketch: dict, tally: Tally, before: float) -> None:
        """Gradio's two requests: the call, and its answer from the stream of events."""
        start = time.perf_counter()
        status, reply = await connection.post("/gradio_api/call/predict", json.dumps({"data": [sketch]}).encode())
        if status != 200:
            tally.busy += status == 503
            tally.errors += status != 503
            return
        status, reply = await connection.get(f"/gradio_api/call/predict/{json.loads(reply)['event_id']}")
        if b"event: complete" not in reply:
            tally.errors += 1
            return
        tally.seconds.append(before + time.perf_counter() - start)
        said = json.loads(reply.split(b"event: complete\ndata: ", 1)[1].split(b"\n", 1)[0])
        tally.wrong += said[0]["label"] != digit


def _upload(port: int, content: bytes) -> str:
    """Put a picture onto a page's server; returns its path there."""
    part = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = part + content + b"\r\n--x--\r\n"
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/gradio_api/upload", body, {"Content-Type": "multipart/form-data; boundary=x"}
    )
    return json.load(urllib.request.urlopen(request))[0]


# --- visitors ---------------------------------------------------------------------------------------------------------


async def flat_out(ask: Callable[..., Awaitable], port: int, tally: Tally, until: float, number: int) -> None:
    """A visitor who asks without a pause."""
    connection, rng = Connection(port, f"10.0.{number // 250}.{1 + number % 250}"), random.Random(number)
    while time.perf_counter() < until:
        await ask(connection, rng.choice(list(PNGS)), tally)
    connection.close()


async def measure(count: int, seconds: float, visit: Callable[..., Awaitable]) -> tuple[Tally, float]:
    """Let `count` visitors ask for so many seconds; returns what came of it and how long it took."""
    tally, start = Tally(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(visit(tally, start + seconds, number))
    return tally, time.perf_counter() - start


# --- pages ------------------------------------------------------------------------------------------------------------


class Page:
    """A page as a process of its own."""

    def __init__(self, *command: str, folder: Path = ROOT):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {"GRADIO_SERVER_PORT": str(self.port), "GRADIO_ANALYTICS_ENABLED": "False", "BEHIND_PROXY": "1"}
        settings["CONTRIBUTIONS_DIR"] = tempfile.mkdtemp(prefix="load-")
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5).read(1)
                return
            except OSError:
                time.sleep(0.1)
        raise OSError(f"{' '.join(command)} did not come up.")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    @property
    def _processes(self) -> list[Path]:
        """The server and its children, in /proc."""
        own = Path(f"/proc/{self.process.pid}")
        children = (own / "task" / str(self.process.pid) / "children").read_text().split()
        return [own, *(Path("/proc", child) for child in children)]

    @property
    def megabytes(self) -> float:
        """Memory that the processes hold now."""
        texts = [(process / "status").read_text() for process in self._processes]
        return sum(int(text.split("VmRSS:")[1].split()[0]) / 1024 for text in texts)

    @property
    def cpu(self) -> float:
        """Seconds of processor time that they have used."""
        fields = [(process / "stat").read_text().rsplit(")", 1)[1].split() for process in self._processes]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement (default 20)")
    parser.add_argument("--visitors", type=int, nargs="+", default=list(VISITORS))
    parser.add_argument("--ours-only", action="store_true", help="without the plain page; nothing is stored")
    parser.add_argument("--former", type=Path, metavar="FOLDER", help="of another version, whose app.py is served")
    options = parser.parse_args()
    results = asyncio.run(run(options))
    if not options.ours_only and options.seconds >= SECONDS:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return 0


async def run(options: argparse.Namespace) -> dict:
    """Measure everything; returns the results, and prints them as they come."""
    ours_page = Page("app.py")
    ours, pages = Ours(ours_page.port), [ours_page]
    asked = {OPENING: (ours.open, ours), PREDICT: (ours.predict, ours), CONTRIBUTING: (ours.contribute, ours)}
    rows: list[dict] = []
    costs: dict[str, float] = {}
    try:
        if options.former:
            pages.append(Page("app.py", folder=options.former))
            former = Ours(pages[-1].port)
            asked |= {FORMER: (former.predict, former)}
        if not options.ours_only:
            pages.append(Page("-m", "bench.plain"))
            plain = Plain(pages[-1].port)
            asked |= {UPLOADED: (plain.predict, plain), DRAWN: (plain.draw, plain)}
        print(COLUMNS, flush=True)
        for way, (ask, page) in asked.items():
            visit = functools.partial(flat_out, ask, page.port)
            await measure(2, 2.0, visit)  # warm
            for count in options.visitors:
                cpu = ours_page.cpu
                tally, span = await measure(count, options.seconds, visit)
                rows.append(tally.row(way, count, span))
                print(line(rows[-1]), flush=True)
                if page is ours and tally.seconds:
                    costs[way] = 1000 * (ours_page.cpu - cpu) / len(tally.seconds)
        best = {way: max(row["rate"] for row in rows if row["asked"] == way) for way in asked}
        others = [way for way in (FORMER, UPLOADED, DRAWN) if best.get(way)]
        words = [
            f"The most answers a second of `/predict`: {best[PREDICT] / best[way]:.1f} times {way}." for way in others
        ]
        spent = ", ".join(f"{way} {cost:.1f} ms" for way, cost in costs.items())
        words.append(
            f"Processor time of the server, its children included: {spent}; memory {ours_page.megabytes:.0f} MB afterwards."
        )
        print("\n".join(words), flush=True)
    finally:
        for page in pages:
            page.stop()
    lines = [*COLUMNS.split("\n"), *map(line, rows), "", *words]
    return {"seconds": options.seconds, "rows": rows, "words": words, "lines": lines}


if __name__ == "__main__":
    sys.exit(main())
