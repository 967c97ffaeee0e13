"""Opens pictures of strangers in child processes that the system ends when one takes too much time or memory.

Told with a file of some hundred kilobytes, Pillow can be kept busy for minutes. `python serving/images.py` is such a child; it imports
Pillow and nothing heavier. There are two. A picture first gets QUICK seconds of processor time, which honest ones do not use up; what
needs more is opened anew with SLOW seconds, one such picture at a time, so that a child is always free within QUICK seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import resource
import signal
import struct
import sys
import warnings

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 2**20  # of a file; a photograph of a telephone has 2 to 6 MB
MIN_SIDE, MAX_SIDE = 8, 4096  # pixels, as model.py takes them
MEMORY = 2**30  # bytes of address space of a child
LARGE = 96 * 2**10  # KiB: a child that has had more in memory is not kept
QUICK, SLOW, CLOCK = (
    0.3,
    1.7,
    10.0,
)  # seconds: 12 megapixels of JPEG take about 0.2; by the clock for a machine that is busy
HEAD = struct.Struct(">If")  # bytes that follow, and how many seconds they may take
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif's orientation -> Image.Transpose, as in model.py


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright, as model.py would have it first: no palette, halved from 2048 pixels on.

    Its size is checked before any pixel is decoded. Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most
    10 MiB and 8 to 4096 pixels a side.
    """
    Image.MAX_IMAGE_PIXELS = MAX_SIDE * MAX_SIDE // 2  # Pillow refuses twice as many
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
        if max(image.size) > MAX_SIDE or min(image.size) < MIN_SIDE:
            wanted = f"at most {MAX_SIDE}" if max(image.size) > MAX_SIDE else f"at least {MIN_SIDE}"
            raise BadPicture(f"The picture is {image.width}x{image.height} pixels; send one of {wanted} pixels a side.")
        image.load()
        with contextlib.suppress(Exception):  # damaged Exif turns nothing
            image = image.transpose(Image.Transpose(TURNS[image.getexif()[0x0112]]))
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            return image
        clear = bool({"A", "a"} & set(image.getbands())) or "transparency" in image.info
        if max(image.size) > MAX_SIDE // 2:
            return image.convert("LA" if clear else "L").reduce(2)
        return image.convert("RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB")
    except BadPicture:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise BadPicture(f"The picture has too many pixels; send one of at most {MAX_SIDE} pixels a side.") from error
    except Exception as error:  # Pillow's decoders raise many kinds; each means that the file is damaged or none
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise BadPicture(f"This is not a picture that can be read; send a {kinds} file.") from error


def serve() -> None:
    """Be a child: answer pictures from the standard input until nobody sends any more, a JSON object each, and the pixels."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")  # Pillow's, of odd tags
    Image.preinit()
    while head := sys.stdin.buffer.read(HEAD.size):
        size, seconds = HEAD.unpack(head)
        raw, pixels = sys.stdin.buffer.read(size), b""
        signal.setitimer(signal.ITIMER_PROF, seconds)  # then the process ends, whatever library is at work
        try:
            image = open_picture(raw)
            pixels = image.tobytes()
            said = {"mode": image.mode, "size": image.size, "bytes": len(pixels)}
        except BadPicture as error:
            said = {"error": str(error), "bytes": 0}
        signal.setitimer(signal.ITIMER_PROF, 0)
        said["peak"] = _peak()
        sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


def _peak() -> int:
    """KiB that this process has had in memory at most, as Linux tells; getrusage would count the server that it was forked from."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


class Decoder:
    """Opens the pictures of one event loop in two children, which are started when they are needed and again after they have ended."""

    def __init__(self):
        self._children: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue()
        self._slow = asyncio.Lock()
        for _ in range(2):
            self._children.put_nowait(None)

    async def open(self, raw: bytes, turn: contextlib.AbstractAsyncContextManager) -> Image.Image:
        """A picture file as model.py takes it, after waiting for one's `turn`.

        Raises BadPicture with one sentence, TimeoutError when it takes too long.
        """
        with contextlib.suppress(TimeoutError):
            async with turn:
                return await self._ask(raw, QUICK)
        async with self._slow:
            return await self._ask(raw, SLOW)

    async def _ask(self, raw: bytes, seconds: float) -> Image.Image:
        """Let a child open the picture. Raises TimeoutError when that ends the child."""
        child = await self._children.get()
        whole = False
        try:
            async with asyncio.timeout(CLOCK):
                child = child or await _child()
                child.stdin.writelines((HEAD.pack(len(raw), seconds), raw))
                said = json.loads(await child.stdout.readline())
                pixels = await child.stdout.readexactly(said["bytes"])
            whole = said["peak"] < LARGE
        except (OSError, ValueError, asyncio.IncompleteReadError):
            raise TimeoutError from None
        finally:  # also when whoever asked has gone: what is left of an answer must not be the next one's
            self._children.put_nowait(child if whole else _end(child))
        if "error" in said:
            raise BadPicture(said["error"])
        return Image.frombytes(said["mode"], tuple(said["size"]), pixels)

    def close(self) -> None:
        """End the children that have nothing to do."""
        while not self._children.empty():
            _end(self._children.get_nowait())


async def _child() -> asyncio.subprocess.Process:
    """A new child: without our environment and its secrets, and deaf to the terminal's Ctrl-C."""
    pipes = dict.fromkeys(("stdin", "stdout"), asyncio.subprocess.PIPE) | {"stderr": asyncio.subprocess.DEVNULL}
    few = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    command = (sys.executable, "-P", __file__)
    return await asyncio.create_subprocess_exec(*command, **pipes, env=few, start_new_session=True)


def _end(child: asyncio.subprocess.Process | None) -> None:
    if child is not None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.stdin.close()


if __name__ == "__main__":
    serve()
