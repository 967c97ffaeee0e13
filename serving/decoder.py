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
import warnings

from PIL import Image, ImageOps, features

try:
    import resource
except ImportError:
    # Windows has no such module, see serving/settings.py.
    resource = None  # type: ignore[assignment]

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", *(["AVIF"] if features.check("avif") else [])]
# A photograph of 48 megapixels has some 15 MB.
MAX_BYTES = 20 * 2**20
# As in model.py, which this process does not import; a test compares them. A larger picture is reduced.
MIN_SIDE, MAX_PIXELS = 8, 64 * 2**20
SIDE = 2048
# Seconds of processor time that a picture may take, and seconds by the clock.
SECONDS, CLOCK = 2.0, 10.0
# Bytes of a child's data, of which Python and Pillow take some 30 MiB.
MEMORY = 450 * 2**20


class BadPicture(ValueError):
    """The file cannot be classified; the message is one sentence for whoever sent it."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright, without a palette, reduced to at most 2048 pixels a side.

    Raises BadPicture for what is not such a file, and for one with too few or too many pixels.
    """
    Image.MAX_IMAGE_PIXELS = None
    try:
        image: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadPicture(f"The picture is {width}x{height} pixels; send one of at most 64 megapixels.")
        if min(width, height) < MIN_SIDE:
            raise BadPicture(f"The picture is {width}x{height} pixels; send one of at least 8 pixels a side.")
        if max(width, height) > SIDE:
            image.draft(None, (SIDE // 2, SIDE // 2))
        image.load()
        turned = reduced(image)
        turned.info |= {"exif": image.info.get("exif", b"")}
        # Damaged Exif does not turn the picture.
        with contextlib.suppress(Exception):
            return ImageOps.exif_transpose(turned)
        return turned
    except BadPicture:
        raise
    except MemoryError as error:
        raise BadPicture("The picture takes too much memory to open; send a smaller one.") from error
    except Exception as error:
        # Pillow's decoders raise many kinds of errors; each means that the file is damaged or not a picture.
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise BadPicture(f"This is not a picture that can be read; send a {kinds} file.") from error


def plain_mode(image: Image.Image) -> str:
    """The mode without a palette: RGBA for a picture with transparency, L for grey, else RGB."""
    if image.mode[0] in "IF":
        # Modes I and F have more than 8 bits, which a conversion would lose.
        return image.mode
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


def reduced(image: Image.Image) -> Image.Image:
    """The picture in `plain_mode` and reduced as model.py does, in strips, which take less memory."""
    factor = min(-(-max(image.size) // SIDE), min(image.size) // MIN_SIDE)
    mode = plain_mode(image)
    if factor == 1:
        return image.convert(mode)
    small = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, small.height, 32):
        box = (0, top * factor, image.width, min((top + 32) * factor, image.height))
        strip = image.crop(box).convert("I" if mode.startswith("I;16") else mode)
        # Pillow would weigh colours by their transparency; model.py does not.
        bands = [band.reduce(factor) for band in strip.split()]
        small.paste(Image.merge(strip.mode, bands).convert(mode), (0, top))
    return small


def run_decoder() -> None:
    """Be a child: read the length of a picture file and the file; answer a line of JSON, and the pixels."""
    warnings.simplefilter("ignore")
    Image.preinit()
    if resource:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.RLIM_INFINITY))
    while line := sys.stdin.buffer.readline():
        raw, pixels, answer = sys.stdin.buffer.read(int(line)), b"", dict[str, object]()
        # The signal ends the process, whatever library is at work.
        if resource:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            image = open_picture(raw)
            pixels, answer = image.tobytes(), {"mode": image.mode, "size": image.size}
            del image
        except BadPicture as error:
            answer = {"error": str(error)}
        if resource:
            signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps({**answer, "bytes": len(pixels)}).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


class DecoderProcess(threading.local):
    """Opens pictures in a child, one for each thread, which is started when it is needed."""

    process: subprocess.Popen | None = None

    def open(self, raw: bytes) -> Image.Image:
        """A picture file as model.py takes it. Raises BadPicture, or TimeoutError if the child ends."""
        process = self.process = self.process or start_decoder()
        timer = threading.Timer(CLOCK, process.kill)
        timer.start()
        try:
            process.stdin.write(b"%d\n" % len(raw) + raw)  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            pixels = process.stdout.read(answer["bytes"])  # type: ignore[union-attr]
            if "error" in answer:
                raise BadPicture(answer["error"])
            return Image.frombytes(answer["mode"], tuple(answer["size"]), pixels)
        except BadPicture:
            raise
        except (OSError, LookupError, ValueError):
            # The child has ended before it had answered.
            self.process = None
            process.kill()
            with contextlib.suppress(OSError):
                process.communicate()
            raise TimeoutError from None
        finally:
            timer.cancel()


def start_decoder() -> subprocess.Popen:
    """A child without the server's environment, which holds secrets, and deaf to the terminal's Ctrl-C."""
    few = {name: os.environ.get(name, "") for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
    return subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=few,
        start_new_session=True,
    )


if __name__ == "__main__":
    run_decoder()
