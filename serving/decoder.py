"""Opens strangers' pictures, each in a child process that ends when it takes too much time or memory.

`python serving/decoder.py` is such a child; it imports Pillow and nothing heavier.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys

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
MIN_SIDE, MAX_PIXELS = 8, 64 * 2**20
SIDE = 2048
# Seconds of processor time that a child may take, and seconds by the clock.
SECONDS, CLOCK = 2, 10.0
# Bytes of a child's data.
MEMORY = 2**30


class BadPicture(ValueError):
    """The file cannot be classified. The message is one sentence for its sender."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright, without a palette, reduced to at most 2048 pixels a side.

    Raises BadPicture for one with too few or too many pixels, and what Pillow raises for other files.
    """
    Image.MAX_IMAGE_PIXELS = None
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
    image = image.convert("I" if mode.startswith("I;16") else mode)
    # Pillow would weigh colours by their transparency; model.py does not.
    bands = [band.reduce(factor) for band in image.split()]
    return Image.merge(image.mode, bands).convert(mode)


def open_in_child(raw: bytes) -> Image.Image:
    """A picture file as model.py takes it.

    Raises BadPicture, or TimeoutError with the child's exit status if it ended before it had answered.
    """
    # The server's environment holds secrets.
    few = {name: os.environ.get(name, "") for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
    command = [sys.executable, "-P", __file__]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, env=few, timeout=CLOCK)
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode:
        raise TimeoutError(done.returncode)
    head, _, pixels = done.stdout.partition(b"\n")
    answer = json.loads(head)
    if "error" in answer:
        raise BadPicture(answer["error"])
    return Image.frombytes(answer["mode"], answer["size"], pixels)


def be_the_child() -> None:
    """Read a picture file; write a line of JSON, and the pixels."""
    if resource:
        # The system ends the process, whatever library is at work.
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    pixels = b""
    try:
        image = open_picture(sys.stdin.buffer.read())
        answer, pixels = {"mode": image.mode, "size": image.size}, image.tobytes()
    except BadPicture as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "The picture takes too much memory to open; send a smaller one."}
    except Exception:
        # Pillow's decoders raise many kinds of errors; each means that the file is damaged or not a picture.
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        answer = {"error": f"This is not a picture that can be read; send a {kinds} file."}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pixels)


if __name__ == "__main__":
    be_the_child()
