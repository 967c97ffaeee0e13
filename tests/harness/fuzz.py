"""Fuzzing of picture files: small good files of every format and mode, hostile ones, and mutations of both.

tests/seeds has the files that were once answered wrongly.
"""

import random
import re
import signal
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw, features

from model import DigitCNN
from serving.decoder import open_in_child
from tests.harness import ROOT
from tests.harness.calls import BOMBS, encoded

SEEDS = ROOT / "tests" / "seeds"
SENTENCE = re.compile(r"[A-Za-z][^\n]{10,400}\.")
NET = DigitCNN.from_pretrained(ROOT / "weights")


# --- the corpus to begin with ---


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk, with the right length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, colour: int = 0) -> bytes:
    """A PNG file. `colour` is 0 for grey, 6 for RGB and alpha."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def idat(rows: bytes) -> bytes:
    """The chunk of a PNG's pixels. Each row begins with the number of its filter."""
    return chunk(b"IDAT", zlib.compress(rows, 9))


def seven(side: int = 40) -> Image.Image:
    """A 7, black on white."""
    image = Image.new("L", (side, side), 255)
    places = [(0.2 * side, 0.2 * side), (0.8 * side, 0.2 * side), (0.4 * side, 0.85 * side)]
    ImageDraw.Draw(image).line(places, fill=0, width=max(2, side // 10))
    return image


PIXELS = idat(b"".join(b"\0" + row.tobytes() for row in np.asarray(seven())))
TURNED = Image.Exif()
TURNED[0x112] = 6


def good() -> dict[str, bytes]:
    """Small valid files, by name."""
    grey = seven()
    colour, palette, clear = grey.convert("RGB"), grey.convert("P"), grey.convert("RGBA")
    clear.putalpha(Image.eval(grey, lambda value: 255 - value))
    frames = [grey.rotate(90).convert("RGB"), grey.rotate(180).convert("RGB")]
    animated = {"save_all": True, "append_images": frames, "duration": 40}
    deep = np.asarray(grey).astype(np.uint16) * 257
    modes = {f"{mode}.png": encoded(grey.convert(mode)) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")}
    return modes | {
        "clear.png": encoded(clear),
        "palette-clear.png": encoded(palette, transparency=bytes(range(256))),
        "16-bit.png": encoded(Image.fromarray(deep)),
        "turned.png": encoded(colour, exif=TURNED),
        "animated.png": encoded(colour, **animated),
        "grey.jpg": encoded(grey, "JPEG"),
        "progressive.jpg": encoded(colour, "JPEG", progressive=True, icc_profile=b"no profile"),
        "cmyk.jpg": encoded(colour.convert("CMYK"), "JPEG"),
        "turned.jpg": encoded(colour, "JPEG", exif=TURNED),
        "several.jpg": encoded(colour, "MPO", save_all=True, append_images=frames),
        "animated.gif": encoded(palette, "GIF", transparency=3, disposal=2, **animated),
        "lossy.webp": encoded(colour, "WEBP"),
        "lossless.webp": encoded(clear, "WEBP", lossless=True, exif=TURNED),
        "animated.webp": encoded(clear, "WEBP", **animated),
        "grey.tiff": encoded(grey, "TIFF"),
        **({"colour.avif": encoded(colour, "AVIF")} if features.check("avif") else {}),
        **{f"{mode}.bmp": encoded(grey.convert(mode), "BMP") for mode in ("1", "L", "RGB", "RGBA")},
    }


def hostile() -> dict[str, bytes]:
    """Malicious files, by name: small ones, and the bombs."""
    bomb, huge = zlib.compress(bytes(50 * 2**20), 9), (1 << 31) - 1
    text = chunk(b"zTXt", b"C\0\0" + zlib.compress(bytes(2**20), 9))
    bmp = encoded(seven(), "BMP")
    files = {
        "81-megapixels.png": png(9000, 9000, idat(bytes(9000 * 1126)), bits=1),
        "states-huge.png": png(huge, huge, PIXELS),
        "more-pixels.png": png(40, 40, chunk(b"IDAT", bomb)),
        "text-bombs.png": png(40, 40, *[text] * 90, PIXELS),
        "states-huge.bmp": bmp[:18] + struct.pack("<ii", huge, huge) + bmp[26:],
        "16-megapixels.png": png(4096, 4096, idat((bytes(257) + b"\xff" * 256) * 4096), bits=1),
    }
    cuts = {f"cut-{name}": content[: len(content) * 2 // 3] for name, content in good().items()}
    return files | cuts | {name: bomb() for name, bomb in BOMBS.items()}


# --- mutation ---

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 4095, 4096, 4097, 32767, 65535, 2**24)
NUMBERS += (2**31 - 1, 2**31, 2**32 - 1)


def mutate(raw: bytes, rng: random.Random) -> bytes:
    """A file with one to four small changes: bits, numbers, spans."""
    data = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 4))):
        # The head of a file decides the most.
        at = rng.randrange(min(len(data), rng.choice((64, 64, 2**30))) or 1)
        match rng.randrange(5):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                size, order = rng.choice((1, 2, 4)), rng.choice(("big", "little"))
                data[at : at + size] = (rng.choice(NUMBERS) % 256**size).to_bytes(size, order)
            case 2:
                del data[at : at + rng.choice((1, 2, 4, 50, 10_000))]
            case 3:
                data[at:at] = data[at : at + rng.choice((1, 4, 50, 1000))] * rng.choice((1, 1, 20))
            case 4:
                data[at:at] = rng.randbytes(rng.choice((1, 3, 20, 200)))
    return bytes(data[: 2**20])


# --- what happens to a file ---


def outcome(raw: bytes) -> str:
    """What the child and the network do with a file: "answer", "refusal", "ended", or what went wrong."""
    try:
        tensor = NET.preprocess(open_in_child(raw))
    except TimeoutError as error:
        # The limit on processor time ends a child with this signal.
        return "ended" if error.args[0] == -signal.SIGPROF else f"crash {error.args[0]}"
    except ValueError as error:
        return "refusal" if SENTENCE.fullmatch(str(error)) else f"no sentence: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    is_right = tuple(tensor.shape) == (1, 28, 28) and bool(((tensor >= 0) & (tensor <= 1)).all())
    return "answer" if is_right else "a bad tensor"


def findings(files: dict[str, bytes]) -> dict[str, str]:
    """What went wrong, by name of the file."""
    outcomes = {name: outcome(raw) for name, raw in files.items()}
    return {name: how for name, how in outcomes.items() if how not in ("answer", "refusal", "ended")}
