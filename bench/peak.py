"""How much memory the page has at most while everything in docs/security.md happens at once: `python -m bench.peak`.

Twenty-four addresses send, each again as soon as it is answered and for so many seconds: pictures that keep a decoder busy, the largest
pictures of every format, data URLs of 10 MiB, stalled uploads, questions of every kind. What is measured is the sum of the PSS
(proportional set size, /proc/PID/smaps_rollup) of the server and all its children, every 20 ms: a page that several processes share
counts once. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bench.fuzz import bombs
from bench.load import PNGS, Page, contribution, data_url

SECONDS = 20.0
HEAD = "POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 8.8.4.4\r\nContent-Type: multipart/form-data; boundary=x\r\n"
FORM = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            children += map(int, (task / "children").read_text().split())
    return [pid, *(found for child in children for found in tree(child))]


def megabytes(pid: int) -> dict[int, float]:
    """PSS of a process and of each of its descendants."""
    found = {}
    for process in tree(pid):
        with contextlib.suppress(OSError, TypeError):  # it has just ended
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            found[process] = int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) / 1024
    return found


def largest() -> dict[str, bytes]:
    """A digit of 4096 pixels a side in every format, over paper with some grain."""
    pixels = np.random.default_rng(0).integers(225, 245, (4096, 1), dtype=np.uint8).repeat(4096, axis=1)
    pixels[600:3500, 1950:2150] = 30
    image, found = Image.fromarray(pixels), {}
    deep = Image.fromarray(pixels.astype(np.uint16) * 257)
    for name, picture, more in (
        ("PNG", image.convert("RGBA"), {}), ("PNG 16", deep, {}), ("JPEG", image.convert("RGB"), {}), ("WEBP", image, {}),
        ("JPEG progressive", image.convert("RGB"), {"progressive": True, "subsampling": 0}), ("GIF", image, {}),
    ):  # fmt: skip
        file = io.BytesIO()
        picture.save(file, name.split()[0], **more)
        found[name] = file.getvalue()
    return found


class Watch:
    """The most memory that a page has had since this was made; `stop` ends the looking."""

    def __init__(self, pid: int):
        self.pid, self.most, self._over = pid, [0.0], threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            now = sorted(megabytes(self.pid).values(), reverse=True)
            self.most = max(self.most, now, key=sum)

    def stop(self) -> list[float]:
        """Of each process, the server first, when the sum was the most."""
        self._over.set()
        self._thread.join()
        return self.most


def siege(url: str, port: int, seconds: float) -> dict[str, int]:
    """Everything at once; returns how often which status was answered."""
    honest, statuses = PNGS["7"], {}
    pictures = [*bombs().values(), *largest().values(), honest + bytes(10 * 2**20 - len(honest)), honest]
    until = time.monotonic() + seconds

    def ask(number: int, path: str, question: Callable[[], dict] | dict) -> None:
        body, headers = json.dumps(question).encode(), {"X-Forwarded-For": f"8.8.{number}.8"}
        with httpx.Client(base_url=url, timeout=60, headers=headers) as client:
            while time.monotonic() < until:
                try:
                    status = client.post(path, content=body).status_code
                except httpx.HTTPError:
                    status = 0
                statuses[status] = statuses.get(status, 0) + 1

    stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    for connection in stalled:
        connection.sendall(f"{HEAD}Content-Length: 900000\r\n\r\n{FORM}".encode() + bytes(200_000))
    with ThreadPoolExecutor(2 * len(pictures) + 2) as pool:
        for number, raw in enumerate(2 * pictures):
            pool.submit(ask, number, "/gradio_api/run/predict", {"data": [data_url(raw), 3]})
        pool.submit(ask, 100, "/gradio_api/component_server", {"fn_name": "keep", "data": contribution("none", "2")})
        pool.submit(ask, 101, "/gradio_api/run/info", {"data": []})
    for connection in stalled:
        connection.close()
    return statuses


def main() -> int:
    """Run the command; returns the exit status: 1 when it was more than `--most`."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--most", type=float, default=600.0, help="megabytes (default 600)")
    options = parser.parse_args()
    page = Page("app.py")
    try:
        httpx.post(
            f"http://127.0.0.1:{page.port}/gradio_api/run/predict", json={"data": [data_url(PNGS["7"]), 1]}, timeout=60
        )
        rest, watch = sum(megabytes(page.process.pid).values()), Watch(page.process.pid)
        statuses = siege(f"http://127.0.0.1:{page.port}", page.port, options.seconds)
        most = watch.stop()
        time.sleep(3)
        after = sum(megabytes(page.process.pid).values())
        said = {"at rest": round(rest), "most": round(sum(most)), "of each then": list(map(round, most))}
        print(json.dumps({**said, "afterwards": round(after), "answers": statuses}))
    finally:
        page.stop()
    return int(sum(most) > options.most)


if __name__ == "__main__":
    sys.exit(main())
