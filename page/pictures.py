"""Picture files from strangers: opened within bounds, or refused with one sentence."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path

from PIL import Image

from model import MAX_SIDE, MIN_SIDE

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 2**20  # of a file; a photograph of a telephone has 2 to 6 MB


class BadPicture(ValueError):
    """The file is no picture that can be classified; the message is one sentence for who sent it."""


def open_picture(source: Path | bytes) -> Image.Image:
    """The first frame of a picture file, decoded. Its size is checked before any pixel is decoded.

    Raises BadPicture for anything but a PNG, JPEG, WebP, GIF or BMP of at most 10 MiB and 4096 pixels a side.
    """
    raw = source if isinstance(source, bytes) else _read(source)
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"The picture file is larger than {MAX_BYTES // 2**20} MiB; send a smaller one.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of a large picture; the check below refuses it
            image = Image.open(io.BytesIO(raw), formats=FORMATS)
            if max(image.size) > MAX_SIDE:
                raise BadPicture(
                    f"The picture is {image.width}x{image.height} pixels; send one of at most {MAX_SIDE} pixels a side."
                )
            if min(image.size) < MIN_SIDE:
                raise BadPicture(
                    f"The picture is {image.width}x{image.height} pixels; send one of at least {MIN_SIDE} pixels a side."
                )
            image.load()
            return image
    except BadPicture:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds; each means that the file is damaged or none
        raise BadPicture(
            f"This is not a picture that can be read; send a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file."
        ) from error


def _read(path: Path) -> bytes:
    """At most one byte more than is allowed, so that a huge file costs no memory."""
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def open_data_url(url: object) -> Image.Image:
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
    return open_picture(content)
