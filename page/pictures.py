"""Picture files from strangers: opened within bounds, or refused with one sentence."""

from __future__ import annotations

import base64
import io
import struct
import warnings
from pathlib import Path

from PIL import Image

from model import MAX_SIDE, MIN_SIDE

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 2**20  # of a file; a photograph of a telephone has 2 to 6 MB

Image.MAX_IMAGE_PIXELS = MAX_SIDE * MAX_SIDE // 2  # Pillow refuses twice that wherever Gradio opens a picture by itself

# Pillow before 13 reads some metadata in quadratic time and memory (docs/security.md), and Gradio takes no 13 yet.
EXIF = 64 * 2**10  # bytes; a JPEG's segment holds no more. What is not read at worst leaves a photograph turned
EXIF_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # bytes of a value of each type of the TIFF format
GIF = 256 * 2**10  # bytes of a file: a drawing takes a tenth, and comments of this size still read fast
_load_exif = Image.Exif.load


def _load_sound_exif(exif: Image.Exif, data: bytes | None) -> None:
    _load_exif(exif, data if data is None or _is_sound(data) else b"")


def _is_sound(data: bytes) -> bool:
    """Whether Exif is short and its first directory's values fit into it, as those cannot that share one block a thousand times."""
    tiff = data.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if len(data) > EXIF or order is None or len(tiff) < 8:
        return False
    (start,) = struct.unpack(order + "L", tiff[4:8])
    entries = tiff[start + 2 :][: 12 * int.from_bytes(tiff[start : start + 2], "little" if order == "<" else "big")]
    size = 0
    for at in range(0, len(entries) - 11, 12):
        kind, count = struct.unpack(order + "HL", entries[at + 2 : at + 8])
        size += count * (EXIF_SIZES[kind] if kind < len(EXIF_SIZES) else 8)
    return size <= len(tiff)


Image.Exif.load = _load_sound_exif


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


def open_picture(source: Path | bytes, most: int = MAX_SIDE) -> Image.Image:
    """The first frame of a picture file, decoded. Its size is checked before any pixel is decoded.

    Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most 10 MiB and `most` (4096) pixels a side.
    """
    raw = source if isinstance(source, bytes) else _read(source)
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
    if raw.startswith(b"GIF") and len(raw) > GIF:
        raise BadPicture(f"A GIF may have at most {GIF // 1024} KiB; send a PNG or a JPEG.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of a large picture; the check below refuses it
            image = Image.open(io.BytesIO(raw), formats=FORMATS)
            if max(image.size) > most:
                raise BadPicture(
                    f"The picture is {image.width}x{image.height} pixels; send one of at most {most} pixels a side."
                )
            if min(image.size) < MIN_SIDE:
                raise BadPicture(
                    f"The picture is {image.width}x{image.height} pixels; send one of at least {MIN_SIDE} pixels a side."
                )
            if any(tile[0] == "bmp_rle" for tile in image.tile):  # Pillow unpacks it in Python, byte by byte
                raise BadPicture("A BMP with run lengths is not read here; send a PNG.")
            image.load()
            return image
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise BadPicture(f"The picture has too many pixels; send one of at most {most} pixels a side.") from error
    except Exception as error:  # Pillow's decoders raise many kinds; each means that the file is damaged or none
        raise BadPicture(
            f"This is not a picture that can be read; send a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file."
        ) from error


def _read(path: Path) -> bytes:
    """At most one byte more than is allowed, so that a huge file costs no memory."""
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def open_data_url(url: object, most: int = MAX_SIDE) -> Image.Image:
    """The picture in a data URL, `data:image/...;base64,...`. Raises BadPicture for anything else."""
    if not isinstance(url, str) or len(url) > MAX_BYTES * 4 / 3 + 100:
        raise BadPicture(f"A picture is sent as a data URL of at most {MAX_BYTES // 2**20} MiB.")
    head, _, body = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        raise BadPicture("A picture's data URL begins with data:image/png;base64, or the like.")
    try:
        content = base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadPicture("The picture's data URL is damaged.") from error
    return open_picture(content, most)
