"""Opens strangers' pictures in child processes, which end when a picture takes too much time or memory.

A child runs `python serving/decoder.py`, which imports Pillow and nothing heavier.
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading

from PIL import Image, ImageOps

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
UNREADABLE = "This is not a picture that can be read; send a PNG, JPEG, WEBP, GIF, BMP, TIFF or AVIF file."
# The largest file. A photograph of 48 megapixels has some 15 MB.
MAX_BYTES = 20 * 2**20
# A test compares these with model.py, which this process does not import.
MIN_SIDE, MAX_PIXELS, THIN, SIDE = 8, 64 * 2**20, 512, 448
# The processor time that a picture may take.
SECONDS = 2
# The data that a child may hold.
MEMORY = 2**30  # bytes


class BadPicture(ValueError):
    """A picture is not accepted. The message is one sentence for its sender."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file: upright, without a palette, reduced to at most 448 pixels a side.

    Raises BadPicture for a picture with too few or too many pixels, and Pillow's errors for other files.
    """
    Image.MAX_IMAGE_PIXELS = None
    image: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
    short, long = sorted(image.size)
    if short < MIN_SIDE or short * long > MAX_PIXELS or long > THIN * short:
        raise BadPicture(
            f"The picture is {image.width}x{image.height} pixels; it must have at least {MIN_SIDE} a side, "
            f"at most {MAX_PIXELS // 2**20} megapixels, and a long side of at most {THIN} times the short "
            "one."
        )
    if long > SIDE:
        image.draft(None, (SIDE // 2, SIDE // 2))
    image.load()
    small = reduced(image)
    small.info["exif"] = image.info.get("exif", b"")
    # A picture with damaged Exif is not turned.
    with contextlib.suppress(Exception):
        return ImageOps.exif_transpose(small)
    return small


def reduced(image: Image.Image) -> Image.Image:
    """The picture without a palette, reduced as model.py reduces it, in mode RGBA, RGB, L, I or F."""
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB"
    if image.mode[0] in "IF":
        # These have more than 8 bits, which a conversion would lose.
        mode = image.mode[0]
    # Copying a large picture takes time.
    image = image if image.mode == mode else image.convert(mode)
    factor = min(-(-max(image.size) // SIDE), min(image.size) // MIN_SIDE)
    if mode == "RGBA":
        # Pillow would weigh colours by their transparency. model.py does not.
        return Image.merge(mode, [band.reduce(factor) for band in image.split()])
    return image.reduce(factor)


# Each thread has its own child.
_own = threading.local()


def open_in_child(raw: bytes) -> Image.Image:
    """A picture file as `open_picture` opens it, in a child process that this thread keeps for the next one.

    Raises BadPicture, or TimeoutError with the child's exit status if it ended before it answered.
    """
    child: subprocess.Popen | None = getattr(_own, "child", None)
    if child is None or child.poll() is not None:
        # The server's environment holds secrets.
        few = {name: os.environ.get(name, "") for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")}
        command, pipe = [sys.executable, "-P", __file__], subprocess.PIPE
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=few)
        _own.child = child
    assert child.stdin and child.stdout
    try:
        # Writing to a child that has ended fails; then its answer is empty.
        with contextlib.suppress(OSError):
            child.stdin.write(b"%d\n" % len(raw) + raw)
            child.stdin.flush()
        answer = json.loads(child.stdout.readline(2**12))
        if "error" not in answer:
            return Image.frombytes(answer["mode"], answer["size"], child.stdout.read(answer["bytes"]))
    except Exception:
        # The child has ended, or a picture has made it answer nonsense.
        child.kill()
        raise TimeoutError(child.wait()) from None
    raise BadPicture(answer["error"])


def be_the_child() -> None:
    """Read one picture file after another; write a line of JSON for each, and the pixels."""
    # Windows knows neither limit.
    can_limit = hasattr(signal, "setitimer")
    if can_limit:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while size := sys.stdin.buffer.readline():
        raw = sys.stdin.buffer.read(int(size))
        if can_limit:
            # When the time is up, the system ends the process, whatever library is at work.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            image = open_picture(raw)
            pixels = image.tobytes()
            answer = {"mode": image.mode, "size": image.size, "bytes": len(pixels)}
        except Exception as error:
            # Pillow raises many kinds of errors for damaged files.
            answer, pixels = {"error": str(error) if isinstance(error, BadPicture) else UNREADABLE}, b""
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    be_the_child()
