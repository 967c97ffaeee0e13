"""How the page holds with many visitors, beside a plain gr.Interface in the same run: `python -m bench.load`.

    python -m bench.load                   everything, written into README.md
    python -m bench.load --seconds 5       shorter; nothing is written

Three ways of asking, each with 1, 10, 50 and 200 visitors:

- *live*: as the page does it. A visitor draws for two seconds in every six, 60 points a second, and while the pen is down one question
  about the strokes so far is under way; the next follows as soon as the page's script would send it.
- *flat out*: the same questions, each visitor asking the next as soon as the last is answered: the most that can be had.
- */predict*: a picture file in the request, flat out.

The plain page answers when a stroke is done. It is asked in the two ways that cost it least: about a picture that was uploaded before, by
Gradio's two requests, the call and its answer; and as its own page does, which sends the drawing first, but with one request for it
where the page makes several.

The visitors run on the same cores as the page, and are one address to it; an hour's worth of questions is asked in the end, to see
what stays in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

import board
from bench.ladder import between
from web.assets import examples

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- load: written by python -m bench.load -->", "<!-- /load -->"
UPLOADED, DRAWN = "plain gr.Interface, picture uploaded before", "plain gr.Interface, as its page draws"
VISITORS = (1, 10, 50, 200)
SECONDS = 20.0  # of each measurement
HOUR = 60_000  # live questions: what five visitors who never stop drawing ask in an hour
DRAWING, RESTING = 2.0, 4.0  # seconds
POINTS = 60  # a second, as a screen gives them
AT_ONCE = 4  # points that a hand has added when the next question is asked
PACE = 0.033  # seconds; sketchpad.js


@dataclass
class Tally:
    """What came of a measurement."""

    seconds: list[float] = field(default_factory=list)  # of each answer
    busy: int = 0
    errors: int = 0
    wrong: int = 0  # another revision than asked for, or another digit than drawn

    def row(self, what: str, visitors: int, span: float) -> str:
        """A row of the table."""
        p50, p95, p99 = 1000 * np.quantile(self.seconds, [0.5, 0.95, 0.99]) if self.seconds else [float("nan")] * 3
        rate = len(self.seconds) / span
        return f"| {what} | {visitors} | {rate:.0f} | {p50:.0f} | {p95:.0f} | {p99:.0f} | {self.busy} | {self.errors + self.wrong} |"


# --- speaking HTTP ----------------------------------------------------------------------------------------------------


class Connection:
    """One visitor's kept-alive connection, with as little HTTP as will do, so that the visitors cost the page little."""

    def __init__(self, port: int):
        self.port, self.reader, self.writer = port, None, None

    async def post(self, path: str, body: bytes, media: str = "application/json") -> tuple[int, bytes]:
        return await self._send(f"POST {path}", body, media)

    async def get(self, path: str) -> tuple[int, bytes]:
        return await self._send(f"GET {path}", b"", "text/plain")

    async def _send(self, line: str, body: bytes, media: str) -> tuple[int, bytes]:
        for attempt in (0, 1):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
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


# --- what is drawn and asked ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """A digit as a visitor draws it: strokes of points 1/60 s apart, two seconds of them."""

    digit: str
    strokes: list[list[list[float]]]

    def moved(self, rng: random.Random) -> Drawing:
        """The drawing at another place: no two hands begin at the same point."""
        x, y = rng.uniform(-20, 20), rng.uniform(-20, 20)
        return Drawing(self.digit, [[[round(px + x, 1), round(py + y, 1)] for px, py in s] for s in self.strokes])

    def begun(self, points: int) -> list[dict]:
        """The strokes with that many points."""
        found = []
        for stroke in self.strokes:
            if points > 0:
                found.append({"points": stroke[:points], "radius": 15})
            points -= len(stroke)
        return found


def drawings() -> list[Drawing]:
    """The page's own examples, in as many points as two seconds give."""
    found = []
    for example in examples()["drawings"]:
        lengths = [
            np.concatenate([[0], np.cumsum(np.hypot(*np.diff(s, axis=0).T))]) for s in map(np.array, example["strokes"])
        ]
        total = sum(length[-1] for length in lengths)
        strokes = []
        for stroke, length in zip(map(np.array, example["strokes"]), lengths, strict=True):
            at = np.linspace(0, length[-1], max(2, round(DRAWING * POINTS * length[-1] / total)))
            strokes.append(np.stack([np.interp(at, length, stroke[:, axis]) for axis in (0, 1)], 1).round(1).tolist())
        found.append(Drawing(str(example["digit"]), strokes))
    return found


def png(drawing: Drawing) -> bytes:
    """The drawing as a picture file."""
    file = io.BytesIO()
    Image.fromarray(board.render([board.Stroke(np.array(s), 15.0) for s in drawing.strokes])).save(file, "PNG")
    return file.getvalue()


class Ours:
    """Asks the page as its own script does."""

    def __init__(self, port: int):
        self.port = port
        config = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/config"))
        self.pad = next(c["id"] for c in config["components"] if "sketchpad" in (c["props"].get("elem_classes") or []))

    async def live(self, connection: Connection, drawing: Drawing, points: int, revision: int, tally: Tally) -> bool:
        """One question about the first points of a drawing; whether it was answered."""
        question = {
            "data": {"revision": revision, "strokes": drawing.begun(points), "picture": None},
            "fn_name": "recognise",
            "component_id": self.pad,
            "session_hash": "load",
        }
        body = json.dumps(question).encode()
        start = time.perf_counter()
        status, reply = await connection.post("/gradio_api/component_server", body)
        took = time.perf_counter() - start
        said = json.loads(reply)
        if status != 200 or "error" in said:
            if said.get("busy") or status in (429, 503):
                tally.busy += 1
            else:
                tally.errors += 1
            return False
        tally.seconds.append(took)
        complete = points >= sum(map(len, drawing.strokes))
        tally.wrong += said["revision"] != revision or (complete and said["digit"] != drawing.digit)
        return True

    async def predict(self, connection: Connection, drawing: Drawing, tally: Tally) -> None:
        """One picture."""
        url = "data:image/png;base64," + base64.b64encode(PNGS[drawing.digit]).decode()
        body = json.dumps({"data": [{"url": url, "meta": {"_type": "gradio.FileData"}}, 3]}).encode()
        start = time.perf_counter()
        status, reply = await connection.post("/gradio_api/run/predict", body)
        took = time.perf_counter() - start
        if status in (429, 503):
            tally.busy += 1
        elif status != 200:
            tally.errors += 1
        else:
            tally.seconds.append(took)
            tally.wrong += json.loads(reply)["data"][0]["label"] != drawing.digit


class Plain:
    """Asks the plain gr.Interface."""

    def __init__(self, port: int):
        self.port = port
        self.paths = {digit: _upload(port, content) for digit, content in PNGS.items()}
        config = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/config"))
        self.pad = next(c["id"] for c in config["components"] if c["type"] == "imageeditor")

    async def predict(self, connection: Connection, drawing: Drawing, tally: Tally) -> None:
        """One picture that has been uploaded before."""
        file = {"path": self.paths[drawing.digit], "meta": {"_type": "gradio.FileData"}}
        await self._call(connection, drawing, {"background": None, "layers": [], "composite": file}, tally, 0.0)

    async def draw(self, connection: Connection, drawing: Drawing, tally: Tally) -> None:
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
        body = "".join(parts).encode() + file.encode() + PNGS[drawing.digit] + b"\r\n--x--\r\n"
        start = time.perf_counter()
        status, reply = await connection.post("/gradio_api/component_server", body, "multipart/form-data; boundary=x")
        if status != 200:
            tally.errors += 1
            return
        sketch = {"background": None, "layers": [], "composite": None, "id": name}
        await self._call(connection, drawing, sketch, tally, time.perf_counter() - start)

    async def _call(self, connection: Connection, drawing: Drawing, sketch: dict, tally: Tally, before: float) -> None:
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
        tally.wrong += said[0]["label"] != drawing.digit


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

DRAWINGS = drawings()
PNGS = {drawing.digit: png(drawing) for drawing in DRAWINGS}


async def draws(page: Ours, tally: Tally, until: float, rng: random.Random) -> None:
    """A visitor who draws, two seconds in every six, from a moment of their own on."""
    connection, revision = Connection(page.port), 0
    await asyncio.sleep(rng.uniform(0, DRAWING + RESTING))
    while time.perf_counter() < until:
        drawing, begun = rng.choice(DRAWINGS).moved(rng), time.perf_counter()
        total, points, done = sum(map(len, drawing.strokes)), 0, False
        while not done:
            points = min(total, int(POINTS * (time.perf_counter() - begun)) + 1)
            revision += 1
            start = time.perf_counter()
            answered = await page.live(connection, drawing, points, revision, tally)
            took = time.perf_counter() - start
            done = answered and points == total
            if not answered:
                await asyncio.sleep(rng.uniform(1, 2))
            elif points < total:
                await asyncio.sleep(min(max(PACE, took) / 2, max(0.0, begun + DRAWING - time.perf_counter())))
        await asyncio.sleep(max(0.0, begun + DRAWING + RESTING - time.perf_counter()))
    connection.close()


async def flat_out(
    ask: Callable[..., Awaitable], page: Ours | Plain, tally: Tally, until: float, rng: random.Random
) -> None:
    """A visitor who asks without a pause."""
    connection = Connection(page.port)
    while time.perf_counter() < until:
        await ask(connection, rng.choice(DRAWINGS).moved(rng), tally)
    connection.close()


def live_flat_out(page: Ours) -> Callable[..., Awaitable]:
    """The live questions of one drawing after the other, as fast as they are answered: each has four points more."""
    begun: dict[Connection, tuple[Drawing, int]] = {}

    async def ask(connection: Connection, drawing: Drawing, tally: Tally) -> None:
        drawing, points = begun.get(connection, (drawing, 0))
        points += AT_ONCE
        if not await page.live(connection, drawing, points, points, tally):
            return await asyncio.sleep(random.uniform(1, 2))
        if points < sum(map(len, drawing.strokes)):
            begun[connection] = (drawing, points)
        else:
            del begun[connection]

    return ask


async def measure(count: int, seconds: float, visit: Callable[..., Awaitable]) -> tuple[Tally, float]:
    """Let `count` visitors ask for so many seconds; returns what came of it and how long it took."""
    tally, start = Tally(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(visit(tally, start + seconds, random.Random(number)))
    return tally, time.perf_counter() - start


# --- pages ------------------------------------------------------------------------------------------------------------


class Page:
    """A page as a process of its own."""

    def __init__(self, *command: str):
        self.port = _free_port()
        settings = {"GRADIO_SERVER_PORT": str(self.port), "GRADIO_ANALYTICS_ENABLED": "False", "CONTRIBUTIONS": "off"}
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
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
    def megabytes(self) -> float:
        """Memory that the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement (default 20)")
    parser.add_argument("--visitors", type=int, nargs="+", default=list(VISITORS))
    parser.add_argument(
        "--hour", type=int, default=HOUR, help="questions of the last measurement (default 60,000; 0: none)"
    )
    parser.add_argument("--ours-only", action="store_true", help="without the plain page")
    options = parser.parse_args()
    write = options.seconds >= SECONDS and options.hour >= HOUR and not options.ours_only
    lines = asyncio.run(run(options))
    if write:
        README.write_text(between(README.read_text(), BEGIN, END, "\n".join(lines)))
    return 0


async def run(options: argparse.Namespace) -> list[str]:
    """Measure everything; returns the lines for the README, and prints them as they come."""
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    ours_page = Page("app.py")
    ours = Ours(ours_page.port)
    plain_page = None if options.ours_only else Page("-m", "bench.plain")
    best: dict[str, float] = {}
    try:
        tell("| asked | visitors | answers a second | p50 ms | p95 ms | p99 ms | busy | errors |")
        tell("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        ways = [
            ("live", lambda *a: draws(ours, *a)),
            ("live, flat out", lambda *a: flat_out(live_flat_out(ours), ours, *a)),
            ("/predict, flat out", lambda *a: flat_out(ours.predict, ours, *a)),
        ]
        if plain_page:
            plain = Plain(plain_page.port)
            ways.append((UPLOADED, lambda *a: flat_out(plain.predict, plain, *a)))
            ways.append((DRAWN, lambda *a: flat_out(plain.draw, plain, *a)))
        for way, visit in ways:
            await measure(2, 2.0, visit)  # warm
            for count in options.visitors:
                tally, span = await measure(count, options.seconds, visit)
                tell(tally.row(way, count, span))
                best[way] = max(best.get(way, 0), len(tally.seconds) / span)
        tell("")
        if plain_page:
            tell(
                f"The most answers a second against the plain page's: live drawing {best['live, flat out'] / best[DRAWN]:.1f} times "
                f"({best['live, flat out'] / best[UPLOADED]:.1f} times what it answers about pictures that lie there already), "
                f"`/predict` {best['/predict, flat out'] / best[UPLOADED]:.1f} times."
            )
            plain_page.stop()
            plain_page = None
        if options.hour:
            tell(await hour(ours_page, ours, options.hour))
    finally:
        ours_page.stop()
        if plain_page:
            plain_page.stop()
    return lines


async def hour(page: Page, ours: Ours, questions: int) -> str:
    """Ask an hour's worth without a pause; returns a sentence about memory and processor time."""
    before, cpu = page.megabytes, page.cpu
    tally, left = Tally(), questions

    async def visit(tally: Tally, until: float, rng: random.Random) -> None:
        nonlocal left
        ask, connection = live_flat_out(ours), Connection(ours.port)
        while left > 0:
            left -= 1
            await ask(connection, rng.choice(DRAWINGS).moved(rng), tally)
        connection.close()

    tally, span = await measure(10, float("inf"), visit)
    used = 1000 * (page.cpu - cpu) / max(1, len(tally.seconds))
    return (
        f"{len(tally.seconds):,} live questions in {span:.0f} s ({tally.errors + tally.wrong} errors): memory {before:.0f} MB before, "
        f"{page.megabytes:.0f} MB after. A question costs {used:.1f} ms of one core; a drawing of two seconds has up to 60, so a thousand "
        f"drawings cost up to {1000 * 60 * used / 1000 / 60:.0f} minutes of one core."
    )


if __name__ == "__main__":
    sys.exit(main())
