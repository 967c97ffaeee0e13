"""Opens strangers' pictures in child processes, which end when a picture takes too much time or memory.

`python serving/decoder.py` is such a child; it imports Pillow and nothing heavier.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading

from PIL import Image, ImageOps

try:
    import resource
except ImportError:
    # Windows has no such module, so only CLOCK limits a child there.
    resource = None  # type: ignore[assignment]

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
# A photograph of 48 megapixels has some 15 MB.
MAX_BYTES = 20 * 2**20
# As in model.py, which this process does not import; a test compares them. A larger picture is reduced.
MIN_SIDE, MAX_PIXELS, THIN = 8, 64 * 2**20, 512
SIDE = 448
# Seconds of processor time that a picture may take, and seconds by the clock.
SECONDS, CLOCK = 2, 10.0
# Bytes of a child's data.
MEMORY = 2**30


class BadPicture(ValueError):
    """The file cannot be classified. The message is one sentence for its sender."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright, without a palette, reduced to at most 448 pixels a side.

    Raises BadPicture for one with too few or too many pixels, and what Pillow raises for other files.
    """
    Image.MAX_IMAGE_PIXELS = None
    image: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadPicture(f"The picture is {width}x{height} pixels; send one of at most 64 megapixels.")
    if min(width, height) < MIN_SIDE:
        raise BadPicture(f"The picture is {width}x{height} pixels; send one of at least 8 pixels a side.")
    if max(width, height) > THIN * min(width, height):
        raise BadPicture(f"The picture is {width}x{height} pixels, too thin to hold a digit; crop it to one.")
    if max(width, height) > SIDE:
        image.draft(None, (SIDE // 2, SIDE // 2))
    image.load()
    turned = reduced(image)
    turned.info |= {"exif": image.info.get("exif", b"")}
    # Damaged Exif does not turn the picture.
    with contextlib.suppress(Exception):
        return ImageOps.exif_transpose(turned)
    return turned


def plain_mode(image: Image.Image) -> str:
    """The mode without a palette: RGBA for a picture with transparency, L for grey, else RGB."""
    if image.mode[0] in "IF":
        # Modes I and F have more than 8 bits, which a conversion would lose.
        return image.mode
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


def reduced(image: Image.Image) -> Image.Image:
    """The picture in `plain_mode` and reduced as model.py does."""
    factor = min(-(-max(image.size) // SIDE), min(image.size) // MIN_SIDE)
    mode = plain_mode(image)
    if factor == 1:
        return image.convert(mode)
    wide = "I" if mode.startswith("I;16") else mode
    # A copy of a large picture takes time.
    image = image if image.mode == wide else image.convert(wide)
    if mode != "RGBA":
        return image.reduce(factor).convert(mode)
    # Pillow would weigh colours by their transparency; model.py does not.
    return Image.merge(mode, [band.reduce(factor) for band in image.split()])


class Child:
    """A process that opens pictures one by one. If a picture ends it, another takes its place."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None

    def open(self, raw: bytes) -> Image.Image:
        """A picture file as model.py takes it.

        Raises BadPicture, or TimeoutError with the child's exit status if it ended before it had answered.
        """
        if self._process is None or self._process.poll() is not None:
            # The server's environment holds secrets.
            few = {name: os.environ.get(name, "") for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
            command, pipe = [sys.executable, "-P", __file__], subprocess.PIPE
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=few
            )
        child = self._process
        assert child.stdin and child.stdout
        clock = threading.Timer(CLOCK, child.kill)
        clock.start()
        try:
            # A child that has ended takes nothing, and its answer is empty.
            with contextlib.suppress(OSError):
                child.stdin.write(b"%d\n" % len(raw) + raw)
                child.stdin.flush()
            answer = json.loads(child.stdout.readline(2**12))
            if "error" in answer:
                raise BadPicture(answer["error"])
            pixels = child.stdout.read(min(answer["bytes"], MEMORY))
            return Image.frombytes(answer["mode"], answer["size"], pixels)
        except BadPicture:
            raise
        except Exception:
            # The child has ended, or a picture has made it answer nonsense.
            child.kill()
            raise TimeoutError(child.wait()) from None
        finally:
            clock.cancel()


_own = threading.local()


def open_in_child(raw: bytes) -> Image.Image:
    """A picture file as model.py takes it, opened by this thread's child. Raises what `Child.open` does."""
    if not hasattr(_own, "child"):
        _own.child = Child()
    return _own.child.open(raw)


def be_the_child() -> None:
    """Read one picture file after another; write a line of JSON for each, and the pixels."""
    if resource:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while size := sys.stdin.buffer.readline():
        raw = sys.stdin.buffer.read(int(size))
        if resource:
            # The system then ends the process, whatever library is at work.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer, pixels = answer_to(raw)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


def answer_to(raw: bytes) -> tuple[dict, bytes]:
    """The child's answer about a picture file, and its pixels."""
    try:
        image = open_picture(raw)
        pixels = image.tobytes()
        return {"mode": image.mode, "size": image.size, "bytes": len(pixels)}, pixels
    except BadPicture as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": "The picture takes too much memory to open; send a smaller one."}, b""
    except Exception:
        # Pillow's decoders raise many kinds of errors; each means that the file is damaged or not a picture.
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        return {"error": f"This is not a picture that can be read; send a {kinds} file."}, b""


if __name__ == "__main__":
    be_the_child()
