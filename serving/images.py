"""Opens strangers' pictures in child processes that the system ends when one takes too much time or memory.

`python serving/images.py` is such a child; it imports Pillow and nothing heavier. A picture first gets what is QUICK, which honest ones
seldom use up; what needs more is opened anew with what is SLOW, one at a time (see `predict`), so that a child is soon free for others.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import warnings
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NamedTuple

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 2**20  # of a file; a photograph of a telephone has 2 to 6 MB
MIN_SIDE, MAX_SIDE = 8, 4096  # pixels, as model.py takes them
HALF = MAX_SIDE // 2
CLOCK = 10.0  # seconds that a picture may take by the clock, on a machine that is busy
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif's orientation -> Image.Transpose, as in model.py


class Budget(NamedTuple):
    """What opening a picture may take."""

    seconds: float  # of processor time
    memory: int  # bytes of the child's data, of which it has 90 MiB reserved and 20 in use before
    pixels: int  # to decode


QUICK, SLOW = Budget(0.3, 170 * 2**20, HALF**2), Budget(1.7, 200 * 2**20, MAX_SIDE**2)


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


class TooMuch(BadPicture):
    """It takes more memory than the budget has."""


def open_picture(raw: bytes, budget: Budget = SLOW) -> Image.Image:
    """The first frame of a picture file, upright, as model.py would have it first: no palette, halved from 2048 pixels on.

    Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most 10 MiB and 8 to 4096 pixels a side, TooMuch for what the
    budget does not allow.
    """
    Image.MAX_IMAGE_PIXELS = None  # the sides say it all
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
    try:
        image: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
        width, height = image.size
        if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
            wanted = f"at most {MAX_SIDE}" if max(image.size) > MAX_SIDE else f"at least {MIN_SIDE}"
            raise BadPicture(f"The picture is {width}x{height} pixels; send one of {wanted} pixels a side.")
        if max(image.size) > HALF:
            image.draft("L", (width // 2, height // 2))
        if (width * height if "progressive" in image.info else image.width * image.height) > budget.pixels:
            raise MemoryError
        image.load()
        with contextlib.suppress(Exception):  # damaged Exif turns nothing
            image = image.transpose(Image.Transpose(TURNS[image.getexif()[0x0112]]))
        clear = bool({"A", "a"} & set(image.getbands())) or "transparency" in image.info
        deep = image.mode[0] in "IF"  # more than 8 bits
        if max(image.size) > HALF:
            return _halved(image, image.mode[0] if deep else "LA" if clear else "L")
        return (
            image if deep else image.convert("RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB")
        )
    except BadPicture:
        raise
    except MemoryError as error:
        raise TooMuch("The picture takes too much memory to open; send a smaller one.") from error
    except (
        Exception
    ) as error:  # Pillow's decoders raise many kinds; each means that the file is damaged or none
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise BadPicture(f"This is not a picture that can be read; send a {kinds} file.") from error


def _halved(image: Image.Image, mode: str) -> Image.Image:
    """`image.convert(mode).reduce(2)` in strips, for want of memory; 16 bits stay 16 bits."""
    final = image.mode if image.mode.startswith("I;16") else mode
    small = Image.new(final, ((image.width + 1) // 2, (image.height + 1) // 2))
    for top in range(0, image.height, 256):
        strip = image.crop((0, top, image.width, min(top + 256, image.height)))
        small.paste(strip.convert(mode).reduce(2).convert(final), (0, top // 2))
    return small


def serve() -> None:
    """Be a child: take pictures from the standard input, a socket, until it is closed; answer each by a JSON object and the pixels."""
    warnings.simplefilter("ignore")  # Pillow's, of odd tags
    Image.preinit()
    connection = Connection(sys.stdin.fileno())
    while True:
        budget, answer, pixels = QUICK, dict[str, object](), b""
        if connection.recv_bytes() == b"slow":
            os.nice(10)  # it ends with this picture; others' go first
            budget = SLOW
        resource.setrlimit(resource.RLIMIT_DATA, (budget.memory, resource.RLIM_INFINITY))
        signal.setitimer(
            signal.ITIMER_PROF, budget.seconds
        )  # then the process ends, whatever library is at work
        signal.setitimer(signal.ITIMER_REAL, CLOCK)
        try:
            image = open_picture(connection.recv_bytes(), budget)
            pixels, answer = image.tobytes(), {"mode": image.mode, "size": image.size}
            del image
        except BadPicture as error:
            answer = {"error": str(error), "more": isinstance(error, TooMuch)}
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(json.dumps(answer).encode())
        connection.send_bytes(pixels)


class Child(threading.local):
    """Opens pictures in a process, one for each thread, started when it is needed and again after it has ended."""

    process: subprocess.Popen | None = None

    def open(self, raw: bytes, slowly: bool = False) -> Image.Image:
        """A picture file as model.py takes it. Raises BadPicture with one sentence, TooMuch, TimeoutError when that ends the process."""
        try:
            if not self.process:
                self._start()
            self.connection.send_bytes(b"slow" if slowly else b"quick")
            self.connection.send_bytes(raw)
            answer, pixels = json.loads(self.connection.recv_bytes()), self.connection.recv_bytes()
        except (OSError, EOFError, ValueError):
            self.end()
            raise TimeoutError from None
        if slowly:  # it may have had much memory
            self.end()
        if "error" in answer:
            raise (TooMuch if answer["more"] else BadPicture)(answer["error"])
        return Image.frombytes(answer["mode"], tuple(answer["size"]), pixels)

    def _start(self) -> None:
        """Without our environment and its secrets, and deaf to the terminal's Ctrl-C."""
        few = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        few |= {"MALLOC_MMAP_THRESHOLD_": str(2**22), "MALLOC_TRIM_THRESHOLD_": str(2**24)}  # as in server.py
        command, nothing = [sys.executable, "-P", __file__], subprocess.DEVNULL
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=nothing,
                stderr=nothing,
                env=few,
                start_new_session=True,
            )

    def end(self) -> None:
        """End the process; its exit status is in `status`."""
        if self.process:
            self.process.kill()
            self.status = self.process.wait()
            self.connection.close()
            self.process = None


if __name__ == "__main__":
    serve()
