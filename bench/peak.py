"""Peak memory of the page while everything in docs/security.md happens at once: `python -m bench.peak`.

Some thirty clients send, each again as soon as it is answered: pictures that keep a decoder busy, the largest pictures of every format,
data URLs of 10 MiB, stalled uploads, calls of every kind. Every 20 ms the PSS (proportional set size, /proc/PID/smaps_rollup: a page
that several processes share counts once) of the server and its children is added up. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bench.fuzz import bombs
from tests.harness.calls import data_url, encoded, picture, post
from tests.harness.contributor import strokes
from tests.harness.servers import Server, family

HEAD = "POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 8.8.4.4\r\nContent-Type: multipart/form-data; boundary=x\r\n"
FORM = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


def megabytes(pid: int) -> list[float]:
    """PSS of a process and of each of its children."""
    sizes = []
    with contextlib.suppress(OSError):  # a thread has just ended
        for process in family(pid):
            with contextlib.suppress(OSError, TypeError):  # the process has just ended
                text = Path(f"/proc/{process}/smaps_rollup").read_text()
                sizes.append(int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) / 1024)
    return sizes


def largest() -> list[bytes]:
    """A digit of 4096 pixels a side in every format, over paper with some grain."""
    pixels = np.random.default_rng(0).integers(225, 245, (4096, 1), dtype=np.uint8).repeat(4096, axis=1)
    pixels[600:3500, 1950:2150] = 30
    grey, deep = Image.fromarray(pixels), Image.fromarray(pixels.astype(np.uint16) * 257)
    colour = grey.convert("RGB")
    files = [
        encoded(image, kind)
        for image, kind in ((grey.convert("RGBA"), "PNG"), (deep, "PNG"), (colour, "JPEG"))
    ]
    files.append(encoded(colour, "JPEG", progressive=True, subsampling=0))
    return [*files, encoded(grey, "WEBP"), encoded(grey, "GIF")]


def siege(server: Server, seconds: float) -> dict[int, int]:
    """Send everything at once; returns the number of answers by status."""
    honest = encoded(picture("7"))
    pictures = [*bombs().values(), *largest(), honest + bytes(10 * 2**20 - len(honest)), honest]
    keep = {"receipt": "none", "id": "peak-0001", "label": "2", "strokes": strokes("2")}
    questions = [("run/predict", {"data": [data_url(raw), 3]}) for raw in 2 * pictures]
    questions += [("component_server", {"fn_name": "keep", "data": keep}), ("run/info", {"data": []})]
    statuses: dict[int, int] = {}
    until = time.monotonic() + seconds

    def ask(number: int) -> None:
        path, question = questions[number]
        with httpx.Client(timeout=60, headers={"X-Forwarded-For": f"8.8.{number}.8"}) as client:
            while time.monotonic() < until:
                try:
                    status = client.post(f"{server.url}/gradio_api/{path}", json=question).status_code
                except httpx.HTTPError:
                    status = 0
                statuses[status] = statuses.get(status, 0) + 1

    with contextlib.ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(f"{HEAD}Content-Length: 900000\r\n\r\n{FORM}".encode() + bytes(200_000))
        with ThreadPoolExecutor(len(questions)) as pool:
            list(pool.map(ask, range(len(questions))))
    return statuses


def main() -> int:
    """Run the command; returns the exit status: 1 when it was more than `--most`."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--most", type=float, default=600.0, help="megabytes (default 600)")
    options = parser.parse_args()
    server, over, seen = Server(BEHIND_PROXY="1"), threading.Event(), [[0.0]]

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(megabytes(server.process.pid))

    try:
        post(server, "run/predict", {"data": [data_url(encoded(picture("7"))), 1]})
        rest, watching = sum(megabytes(server.process.pid)), threading.Thread(target=watch)
        watching.start()
        statuses = siege(server, options.seconds)
        over.set()
        watching.join()
        most = max(seen, key=sum)
        time.sleep(3)
        result = {
            "at rest": round(rest),
            "most": round(sum(most)),
            "of each then": [round(each) for each in most],
        }
        print(
            json.dumps(
                {**result, "afterwards": round(sum(megabytes(server.process.pid))), "answers": statuses}
            )
        )
    finally:
        server.kill(signal.SIGTERM)
    return int(sum(most) > options.most)


if __name__ == "__main__":
    sys.exit(main())
