"""Opens pictures of strangers in child processes that the system ends when one takes too much time or memory.

Told with a file of some hundred kilobytes, Pillow can be kept busy for minutes. `python serving/images.py` is such a child; it imports
Pillow and nothing heavier. There are two. A picture first gets QUICK seconds of processor time, which honest ones do not use up; what
needs more is opened anew with SLOW seconds, one such picture at a time, so that a child is always free within QUICK seconds.
"""

from __future__ import annotations

import asyncio
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
QUICK, SLOW = 0.4, 1.6  # seconds: 12 megapixels of JPEG take about 0.2
WAIT = 10.0  # seconds by the clock, for a machine that is busy with other things
TOO_SLOW = "The picture takes too long to open; send a simpler or smaller one."
HEAD = struct.Struct(">If")  # bytes that follow, and how many seconds they may take
Image.MAX_IMAGE_PIXELS = MAX_SIDE * MAX_SIDE // 2  # Pillow refuses twice as many


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


# --- in the child -----------------------------------------------------------------------------------------------------


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright. Its size is checked before any pixel is decoded.

    Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most 10 MiB and 8 to 4096 pixels a side.
    """
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
        if max(image.size) > MAX_SIDE or min(image.size) < MIN_SIDE:
            wanted = f"at most {MAX_SIDE}" if max(image.size) > MAX_SIDE else f"at least {MIN_SIDE}"
            raise BadPicture(f"The picture is {image.width}x{image.height} pixels; send one of {wanted} pixels a side.")
        image.load()
        return _plain(_upright(image))
    except BadPicture:
        raise
    except MemoryError as error:
        raise BadPicture("The picture takes too much memory to open; send a simpler or smaller one.") from error
    except Image.DecompressionBombError as error:
        raise BadPicture(f"The picture has too many pixels; send one of at most {MAX_SIDE} pixels a side.") from error
    except Exception as error:  # Pillow's decoders raise many kinds; each means that the file is damaged or none
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise BadPicture(f"This is not a picture that can be read; send a {kinds} file.") from error


_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif orientation -> Image.Transpose, as in model.py


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as Exif says; damaged Exif turns nothing."""
    try:
        turn = _TURNS.get(image.getexif().get(0x0112))
    except Exception:
        turn = None
    return image if turn is None else image.transpose(Image.Transpose(turn))


def _plain(image: Image.Image) -> Image.Image:
    """The picture without a palette, halved from 2048 pixels on: what model.py would make of it first."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return image
    clear = bool({"A", "a"} & set(image.getbands())) or "transparency" in image.info
    if max(image.size) > MAX_SIDE // 2:
        return image.convert("LA" if clear else "L").reduce(2)
    return image.convert("RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB")


def serve() -> None:
    """Answer pictures from the standard input until nobody sends any more: a JSON object each, and the pixels."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
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
        sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


# --- in the server ----------------------------------------------------------------------------------------------------


class _Child:
    """One such process, started when it is needed and again after it has ended."""

    process: asyncio.subprocess.Process | None = None

    async def open(self, raw: bytes, seconds: float) -> Image.Image | None:
        """The picture, or None when it took more than `seconds`. Raises BadPicture."""
        whole = False
        try:
            async with asyncio.timeout(WAIT):
                await self.start()
                self.process.stdin.writelines((HEAD.pack(len(raw), seconds), raw))
                said = json.loads(await self.process.stdout.readline())
                pixels = await self.process.stdout.readexactly(said["bytes"])
            whole = True
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            return None
        finally:  # also when whoever asked has gone: what is left of an answer must not be the next one's
            if not whole:
                self.stop()
        if "error" in said:
            raise BadPicture(said["error"])
        return Image.frombytes(said["mode"], tuple(said["size"]), pixels)

    async def start(self) -> None:
        """Make sure that the process runs: without our environment and its secrets, and deaf to the terminal's Ctrl-C."""
        if self.process is None:
            pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            few = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", __file__), stdin=pipe, stdout=pipe, stderr=null, env=few, start_new_session=True
            )

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            if self.process.returncode is None:
                self.process.kill()
            self.process.stdin.close()
        self.process = None


class Decoder:
    """Opens the pictures of one event loop in two children."""

    def __init__(self):
        self.children = (_Child(), _Child())
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self._slow = asyncio.Lock()
        for child in self.children:
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


if __name__ == "__main__":
    serve()
