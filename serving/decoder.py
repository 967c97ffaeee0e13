"""Opens strangers' pictures in child processes, which end when a picture takes too much time or memory.

`python serving/decoder.py` is such a child; it imports Pillow and nothing heavier. A picture first gets the budget
QUICK, which is enough for most; what needs more is opened again with SLOW, one at a time.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import warnings
from typing import BinaryIO, NamedTuple

from PIL import Image, features

try:
    import resource
except ImportError:  # Windows; see serving/settings.py
    resource = None  # type: ignore[assignment]

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", *(["AVIF"] if features.check("avif") else [])]
MAX_BYTES = 20 * 2**20  # of a file; a photograph of 48 megapixels has some 15 MB
MIN_SIDE = 8  # pixels
MAX_PIXELS = 64_000_000
SIDE = 2048  # pixels; a larger picture is reduced, which leaves enough detail for 28x28
CLOCK = 10.0  # seconds that a picture may take by the clock, on a machine that is busy
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif's orientation -> Image.Transpose, as in model.py
LENGTH = struct.Struct("!I")  # before each part of a message between the server and a child


class Budget(NamedTuple):
    """What opening a picture may take."""

    seconds: float  # of processor time
    memory: int  # bytes of the child's data, of which Python and Pillow take some 30 MiB
    pixels: int  # to decode


QUICK, SLOW = Budget(0.3, 170 * 2**20, SIDE**2), Budget(1.7, 420 * 2**20, MAX_PIXELS)


class BadPicture(ValueError):
    """The file cannot be classified; the message is one sentence for whoever sent it."""


class TooMuch(BadPicture):
    """It takes more memory than the budget has."""


def open_picture(raw: bytes, budget: Budget = SLOW) -> Image.Image:
    """The first frame of a picture file, upright, without a palette, reduced to at most 2048 pixels a side.

    Raises BadPicture for what is not such a file, or has too few or too many pixels; TooMuch for what the budget
    does not allow.
    """
    Image.MAX_IMAGE_PIXELS = None  # this function has its own limit
    try:
        image: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
        width, height = image.size
        if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
            wanted = f"at least {MIN_SIDE} pixels a side"
            if width * height > MAX_PIXELS:
                wanted = f"at most {MAX_PIXELS // 10**6} megapixels"
            raise BadPicture(f"The picture is {width}x{height} pixels; send one of {wanted}.")
        if max(image.size) > SIDE:
            image.draft("L", (width // 2, height // 2))
        if (width * height if "progressive" in image.info else image.width * image.height) > budget.pixels:
            raise MemoryError
        image.load()
        has_alpha = bool({"A", "a"} & set(image.getbands())) or "transparency" in image.info
        is_deep = image.mode[0] in "IF"  # more than 8 bits
        if max(image.size) > SIDE:
            turned, image = image, reduced(image, image.mode[0] if is_deep else "LA" if has_alpha else "L")
        else:
            turned = image
            if not is_deep:
                image = image.convert("RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB")
        with contextlib.suppress(Exception):  # damaged Exif turns nothing
            image = image.transpose(Image.Transpose(TURNS[turned.getexif()[0x0112]]))
        return image
    except BadPicture:
        raise
    except MemoryError as error:
        raise TooMuch("The picture takes too much memory to open; send a smaller one.") from error
    except Exception as error:
        # Pillow's decoders raise many kinds of errors; each means that the file is damaged or not a picture.
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise BadPicture(f"This is not a picture that can be read; send a {kinds} file.") from error


def reduced(image: Image.Image, mode: str) -> Image.Image:
    """`image.convert(mode).reduce(factor)` in strips, which take less memory; 16 bits stay 16 bits."""
    factor = -(-max(image.size) // SIDE)
    final = image.mode if image.mode.startswith("I;16") else mode
    small = Image.new(final, (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, small.height, 128):
        box = (0, top * factor, image.width, min((top + 128) * factor, image.height))
        small.paste(image.crop(box).convert(mode).reduce(factor).convert(final), (0, top))
    return small


# --- the child, and the server's side of it ---------------------------------------------------------------------------


def send(stream: BinaryIO, *parts: bytes) -> None:
    """Write parts, each after its length."""
    for part in parts:
        stream.write(LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Read one part. Raises EOFError when the stream ends before it does."""
    head = stream.read(LENGTH.size)
    part = stream.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else b""
    if len(head) < LENGTH.size or len(part) < LENGTH.unpack(head)[0]:
        raise EOFError
    return part


def run_decoder() -> None:
    """Be a child: read a budget's name and a picture file, answer with a JSON object and the pixels, and again."""
    warnings.simplefilter("ignore")  # Pillow's, about odd tags
    Image.preinit()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        budget, answer, pixels = QUICK, dict[str, object](), b""
        if receive(source) == b"slow":
            budget = SLOW
            if hasattr(os, "nice"):
                os.nice(10)  # it ends with this picture; others go first
        if resource:
            resource.setrlimit(resource.RLIMIT_DATA, (budget.memory, resource.RLIM_INFINITY))
            # When the time is up the process ends, whatever library is at work.
            signal.setitimer(signal.ITIMER_PROF, budget.seconds)
        try:
            image = open_picture(receive(source), budget)
            pixels, answer = image.tobytes(), {"mode": image.mode, "size": image.size}
            del image
        except BadPicture as error:
            answer = {"error": str(error), "more": isinstance(error, TooMuch)}
        if resource:
            signal.setitimer(signal.ITIMER_PROF, 0)
        send(answers, json.dumps(answer).encode(), pixels)


class DecoderProcess(threading.local):
    """Opens pictures in a child, one for each thread, which is started when it is needed."""

    process: subprocess.Popen | None = None

    def open(self, raw: bytes, slowly: bool = False) -> Image.Image:
        """A picture file as model.py takes it. Raises BadPicture, or TimeoutError when the child had to end."""
        timer = None
        try:
            process = self.process = self.process or self._start()
            timer = threading.Timer(CLOCK, process.kill)
            timer.start()
            send(process.stdin, b"slow" if slowly else b"quick", raw)
            answer, pixels = json.loads(receive(process.stdout)), receive(process.stdout)
        except (OSError, EOFError, ValueError):
            self.end()
            raise TimeoutError from None
        finally:
            if timer:
                timer.cancel()
        if slowly:  # it may have had much memory
            self.end()
        if "error" in answer:
            raise (TooMuch if answer["more"] else BadPicture)(answer["error"])
        return Image.frombytes(answer["mode"], tuple(answer["size"]), pixels)

    def _start(self) -> subprocess.Popen:
        """Without the server's environment, which holds secrets, and deaf to the terminal's Ctrl-C."""
        few = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-P", __file__], env=few, start_new_session=True, **pipes)

    def end(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            with contextlib.suppress(OSError):  # what it did not read
                self.process.communicate()
            self.process = None


if __name__ == "__main__":
    run_decoder()
