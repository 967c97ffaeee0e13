"""Opens pictures in child processes that the system ends when one takes too much time or memory (`serving/decode.py`).

Two children at most. A picture first gets QUICK seconds of processor time, which honest ones do not use up; what needs more is
opened anew with SLOW seconds, one such picture at a time, so that the other child is always free within QUICK seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from pathlib import Path

from PIL import Image

from serving import decode
from serving.decode import BadPicture

CHILDREN = 2
QUICK, SLOW = 0.4, 1.6  # seconds of processor time: a 12-megapixel photograph takes about 0.2
WAIT = 10.0  # seconds by the clock that an answer may take, for a machine that does much else
TOO_SLOW = "The picture takes too long to open; send a simpler or smaller one."


class _Child:
    """One process of serving/decode.py, started when it is first needed and again after it has died."""

    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Make sure that the process runs."""
        if self.process is None:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", decode.__file__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # a library's last words may quote the picture
                env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},  # no secrets
                start_new_session=True,  # Ctrl-C is for the server, which still answers what is under way
            )

    async def open(self, raw: bytes, seconds: float) -> Image.Image | None:
        """The picture, or None when it took more than `seconds` of processor time. Raises BadPicture."""
        try:
            await self.start()
            async with asyncio.timeout(WAIT):
                self.process.stdin.write(decode.HEAD.pack(len(raw), seconds))
                self.process.stdin.write(raw)
                (size,) = struct.unpack(">I", await self.process.stdout.readexactly(4))
                said = json.loads(await self.process.stdout.readexactly(size))
                pixels = await self.process.stdout.readexactly(said.get("bytes", 0))
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            await self.stop()
            return None
        except BaseException:  # whoever asked is gone: what is left of the answer must not be the next one's
            await asyncio.shield(self.stop())
            raise
        if "error" in said:
            raise BadPicture(said["error"])
        return Image.frombytes(said["mode"], tuple(said["size"]), pixels)

    async def stop(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            process.stdin.close()
            await process.wait()


class Decoder:
    """Opens the pictures of one event loop."""

    def __init__(self):
        self._children = [_Child() for _ in range(CHILDREN)]
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self._slow = asyncio.Lock()
        for child in self._children:
            self._free.put_nowait(child)

    async def open(self, raw: bytes) -> Image.Image:
        """A picture file as model.py takes it. Raises BadPicture with one sentence."""
        image = await self._open(raw, QUICK)
        if image is None:
            async with self._slow:
                image = await self._open(raw, SLOW)
        if image is None:
            raise BadPicture(TOO_SLOW)
        return image

    async def _open(self, raw: bytes, seconds: float) -> Image.Image | None:
        child = await self._free.get()
        try:
            return await child.open(raw, seconds)
        finally:
            self._free.put_nowait(child)

    async def start(self) -> None:
        """Start the children before the first picture comes."""
        for child in self._children:
            await child.start()

    async def close(self) -> None:
        """End the children."""
        for child in self._children:
            await child.stop()


def read(path: Path) -> bytes:
    """A picture's file, at most one byte more than is allowed, so that a huge one costs no memory."""
    with open(path, "rb") as file:
        return file.read(decode.MAX_BYTES + 1)
