"""Opens picture files of strangers, in a process of its own: `python serving/decode.py` reads them from its standard input.

A picture comes as 8 bytes (its size, and the seconds of processor time that it may take) and its content. The answer is 4 bytes, the size
of a JSON object, and that: `{"error": sentence}`, or `{"mode", "size", "bytes"}` and the pixels. Pillow, told with a file of a few
hundred kilobytes, can be kept busy for minutes or take gigabytes, so the system ends this process when it takes more than it may.
`serving/images.py` starts it again. It imports Pillow and nothing heavier.
"""

from __future__ import annotations

import io
import json
import resource
import signal
import struct
import sys
import warnings

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 2**20  # of a file; a photograph of a telephone has 2 to 6 MB
MIN_SIDE, MAX_SIDE = 8, 4096  # pixels, as model.py takes them
MEMORY = 2**30  # bytes of address space
HEAD = struct.Struct(">If")

Image.MAX_IMAGE_PIXELS = MAX_SIDE * MAX_SIDE // 2  # Pillow refuses twice as many


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


def open_picture(raw: bytes) -> Image.Image:
    """The first frame of a picture file, upright, in a mode that model.py reads without loss.

    Its size is checked before any pixel is decoded. Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most
    10 MiB and 8 to 4096 pixels a side.
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
        raise BadPicture(
            f"This is not a picture that can be read; send a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file."
        ) from error


_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Exif orientation -> Image.Transpose, as in model.py


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as Exif says; damaged Exif turns nothing."""
    try:
        turn = _TURNS.get(image.getexif().get(0x0112))
    except Exception:
        turn = None
    return image if turn is None else image.transpose(Image.Transpose(turn))


def _plain(image: Image.Image) -> Image.Image:
    """The picture without palette or profile, halved from 2048 pixels on: what model.py would make of it first, in less memory."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return image
    clear = bool({"A", "a"} & set(image.getbands())) or "transparency" in image.info
    if max(image.size) > MAX_SIDE // 2:
        return image.convert("LA" if clear else "L").reduce(2)
    if clear:
        return image.convert("RGBA")
    return image.convert("L") if image.mode in ("1", "L") else image.convert("RGB")


def serve() -> None:
    """Answer pictures until nobody sends any more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")  # Pillow's, of odd tags
    Image.preinit()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(HEAD.size):
        size, seconds = HEAD.unpack(head)
        raw = source.read(size)
        signal.setitimer(signal.ITIMER_PROF, seconds)  # at its end the process ends, whatever library is at work
        pixels = b""
        try:
            image = open_picture(raw)
            pixels = image.tobytes()
            said = {"mode": image.mode, "size": image.size, "bytes": len(pixels)}
        except BadPicture as error:
            said = {"error": str(error)}
        signal.setitimer(signal.ITIMER_PROF, 0)
        told = json.dumps(said).encode()
        sink.write(struct.pack(">I", len(told)) + told + pixels)
        sink.flush()


if __name__ == "__main__":
    serve()
