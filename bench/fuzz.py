"""Broken picture files thrown at the page's own way of reading them: `python -m bench.fuzz`.

    python -m bench.fuzz --minutes 10 --seed 1      print how many were tried and what went wrong; keep what did

Small good files of every format and mode are spoilt: bytes, blocks (PNG chunks, JPEG segments, RIFF chunks), header fields, and
blocks added that say unlikely things. Each goes through `open_picture`, with the processor time that the server's children have, and `DigitCNN.preprocess`, in a process
of its own, so that a crash or a hang is a finding and not the end. What gives an outcome not met before is spoilt further. A finding
is anything but an answer, a refusal in one sentence or a process that its time ended, more time than SLOW or more memory than LARGE;
the file goes to `tests/seeds/`.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import random
import re
import resource
import signal
import struct
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "tests" / "seeds"
SLOW = 2.0  # seconds of one core, for any file
LARGE, SMALL = 200.0, 100_000  # MB above what the process had before, for a file of so many bytes
HANGS = 30.0  # seconds until the answer is not waited for any more
LIMIT = 3 * 2**30  # bytes of the process; more is refused by the system
SENTENCE = re.compile(r"[A-Za-z][^\n]{10,400}\.")


# --- files to begin with ----------------------------------------------------------------------------------------------


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    """An image as a file of that kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of (type, data) chunks, with right lengths and check sums; IEND is added."""
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def ihdr(width: int, height: int, bits: int = 8, colour: int = 0, interlaced: int = 0) -> tuple[bytes, bytes]:
    """PNG's header; colour is 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)


def idat(rows: bytes) -> tuple[bytes, bytes]:
    """PNG's pixels: each row begins with its filter."""
    return b"IDAT", zlib.compress(rows, 9)


def interlaced(values: np.ndarray) -> bytes:
    """A grey PNG of uint8 values (H, W) in Adam7's seven passes, which Pillow reads and does not write."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [values[top::down, left::across] for top, left, down, across in passes]
    rows = b"".join(b"\0" + row.tobytes() for part in parts for row in part if row.size)
    return png(ihdr(values.shape[1], values.shape[0], interlaced=1), idat(rows))


def bmp(width: int, height: int, pixels: bytes, compression: int = 1, bits: int = 8) -> bytes:
    """A BMP file with a grey palette; compression 1 is run lengths of 8 bits, 2 of 4 bits."""
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 0, 0, 256, 0)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + palette + pixels


def exif(entries: list[tuple[int, int, int, int]], rest: bytes = b"", order: str = "<", following: int = 0) -> bytes:
    """EXIF of (tag, type, count, value or offset) entries; `rest` is what offsets point into."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return (
        head + b"".join(struct.pack(order + "HHII", *e) for e in entries) + struct.pack(order + "I", following) + rest
    )


def scans(side: int, count: int) -> bytes:
    """A progressive JPEG of `side` pixels whose shortest scan comes again and again: a few bytes each, and all pixels anew."""
    raw = encoded(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    starts = [at for at in range(len(raw) - 1) if raw[at : at + 2] == b"\xff\xda"] + [len(raw) - 2]
    again = min(
        (raw[a:b] for a, b in zip(starts[1:], starts[2:], strict=False)), key=len
    )  # the first has what others refine
    return raw[:-2] + again * count + raw[-2:]


def exif_segments(count: int) -> bytes:
    """A JPEG with so many segments of Exif of ten bytes, which Pillow puts together one by one."""
    raw = encoded(seven(), "JPEG")
    return raw[:2] + (b"\xff\xe1\x00\x0a" + b"Exif\0\0" + b"II") * count + raw[2:]


def empty_chunks(count: int) -> bytes:
    """A PNG with so many chunks that hold nothing."""
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(seven()))
    return png(ihdr(40, 40), *[(b"teSt", b"")] * count, idat(rows))


def bombs() -> dict[str, bytes]:
    """Files of a few megabytes at most that keep Pillow busy for much longer than a picture of their size does, by name."""
    return {
        "scans.jpg": scans(4096, 12_000),
        "exif-segments.jpg": exif_segments(400_000),
        "empty-chunks.png": empty_chunks(2_000_000 // 3),
    }


def seven(side: int = 40) -> Image.Image:
    """A 7, black on white."""
    image = Image.new("L", (side, side), 255)
    places = [(0.2 * side, 0.2 * side), (0.8 * side, 0.2 * side), (0.4 * side, 0.85 * side)]
    ImageDraw.Draw(image).line(places, fill=0, width=max(2, side // 10))
    return image


def good() -> dict[str, bytes]:
    """Small files that can be read, by name."""
    grey = seven()
    colour, clear = grey.convert("RGB"), grey.convert("RGBA")
    clear.putalpha(Image.eval(grey, lambda value: 255 - value))
    palette = grey.convert("P")
    frames = [seven(), seven().rotate(90), seven().rotate(180)]
    animated = {"save_all": True, "append_images": [f.convert("RGB") for f in frames[1:]], "duration": 40}
    turned = exif([(0x112, 3, 1, 6), (0x10F, 2, 8, 38)], b"a maker\0")
    deep = np.asarray(grey).astype(np.uint16) * 257
    rgba16 = np.dstack([deep, deep, deep, 65535 - deep]).astype(">u2")
    files = {f"{mode}.png": encoded(grey.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")}
    return files | {
        "clear.png": encoded(clear, "PNG"),
        "palette-clear.png": encoded(palette, "PNG", transparency=bytes(range(256))),
        "grey-clear.png": encoded(grey, "PNG", transparency=255),
        "colour-clear.png": encoded(colour, "PNG", transparency=(255, 255, 255)),
        "16-bit.png": encoded(Image.fromarray(deep), "PNG"),
        "16-bit-clear.png": png(ihdr(40, 40, 16, 6), idat(b"".join(b"\0" + row.tobytes() for row in rgba16))),
        "interlaced.png": interlaced(np.asarray(grey)),
        "turned.png": encoded(colour, "PNG", exif=turned),
        "animated.png": encoded(colour, "PNG", **animated),
        "grey.jpg": encoded(grey, "JPEG"),
        "colour.jpg": encoded(colour, "JPEG"),
        "progressive.jpg": encoded(colour, "JPEG", progressive=True, icc_profile=b"no profile"),
        "cmyk.jpg": encoded(colour.convert("CMYK"), "JPEG"),
        "turned.jpg": encoded(colour, "JPEG", exif=b"Exif\0\0" + turned),
        "several.jpg": encoded(colour, "MPO", save_all=True, append_images=animated["append_images"]),
        "plain.gif": encoded(palette, "GIF"),
        "animated.gif": encoded(palette, "GIF", transparency=3, disposal=2, **animated),
        "lossy.webp": encoded(colour, "WEBP"),
        "lossless.webp": encoded(clear, "WEBP", lossless=True, exif=turned),
        "animated.webp": encoded(clear, "WEBP", **animated),
        "grey.bmp": encoded(grey, "BMP"),
        "colour.bmp": encoded(colour, "BMP"),
        "clear.bmp": encoded(clear, "BMP"),
        "bits.bmp": encoded(grey.convert("1"), "BMP"),
    }


def hostile() -> dict[str, bytes]:
    """Files that mean harm, by name: small ones, and the `bombs`."""
    head, pixels = ihdr(40, 40), idat(b"".join(b"\0" + row.tobytes() for row in np.asarray(seven())))
    bomb = zlib.compress(bytes(50 * 2**20), 9)
    colour = seven().convert("RGB")
    huge = (1 << 31) - 1
    turn = (0x112, 3, 1, 6)
    files = {
        "81-megapixels.png": png(ihdr(9000, 9000, 1), idat(bytes(9000 * 1126))),
        "states-huge.png": png(ihdr(huge, huge), pixels),
        "states-nothing.png": png(ihdr(0, 0), pixels),
        "states-more.png": png(ihdr(4096, 4096), pixels),
        "more-pixels.png": png(head, (b"IDAT", bomb)),
        "text-bomb.png": png(head, (b"zTXt", b"Comment\0\0" + bomb), pixels),
        "text-bombs.png": png(head, *[(b"zTXt", b"C\0\0" + zlib.compress(bytes(2**20), 9))] * 90, pixels),
        "itxt-bomb.png": png(head, (b"iTXt", b"Comment\0\1\0en\0C\0" + bomb), pixels),
        "profile-bomb.png": png(head, (b"iCCP", b"p\0\0" + bomb), pixels),
        "exif-as-text.png": png(head, (b"tEXt", b"Raw profile type exif\0\nexif\n8\nno hexadecimal"), pixels),
        "states-huge.gif": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + encoded(seven(), "GIF")[13:],
        "states-huge.bmp": bmp(huge, huge, b"\0\1"),
        "upside-down-huge.bmp": bmp(40, -huge, b"\0\1"),
        "runs.bmp": bmp(40, 40, (b"\x14\xff\x0a\0\x0a\xff" + b"\0\0") * 40 + b"\0\1"),
        "short-lines.bmp": bmp(4096, 4096, b"\1\xff\0\0" * 4096 + b"\0\1"),
        "16-megapixels.png": png(ihdr(4096, 4096, 1), idat((bytes(257) + b"\xff" * 256) * 4096)),
        "16-megapixels-clear.png": png(ihdr(4096, 4096, 8, 6), idat((b"\0" + bytes(range(256)) * 64) * 4096)),
        "turned-nonsense.jpg": encoded(colour, "JPEG", exif=b"Exif\0\0" + exif([turn, (0x8769, 4, 1, 8)], b"x" * 9)),
        "turned-offset.jpg": encoded(colour, "JPEG", exif=b"Exif\0\0" + exif([turn, (0x10F, 2, huge, huge)])),
        "turned-no-exif.jpg": encoded(colour, "JPEG", exif=b"Exif\0\0no exif"),
        "empty.png": b"",
        "zeros.png": bytes(5000),
    }
    return files | bombs() | {f"cut-{name}": content[: len(content) * 2 // 3] for name, content in good().items()}


# --- spoiling them ----------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, 2, 7, 8, 9, 127, 128, 255, 256, 4095, 4096, 4097, 32767, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
Blocks = list[tuple[bytes, bytes]]


def split(raw: bytes) -> tuple[Blocks, Callable[[Blocks, bool], bytes]]:
    """A file's blocks (type, data) and the function that makes a file of them; it corrects sums and sizes if told so."""
    blocks: Blocks = []
    if raw.startswith(b"\x89PNG"):
        at = 8
        while at + 8 <= len(raw):
            (size,) = struct.unpack_from(">I", raw, at)
            blocks.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + size]))
            at += 12 + size

        def join(blocks: Blocks, right: bool) -> bytes:
            parts = [
                struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d) if right else 0)
                for k, d in blocks
            ]
            return raw[:8] + b"".join(parts)

    elif raw.startswith(b"\xff\xd8"):
        at = 2
        while at + 4 <= len(raw) and raw[at] == 255 and raw[at + 1] != 0xDA:
            size = max(2, int.from_bytes(raw[at + 2 : at + 4], "big"))
            blocks.append((raw[at : at + 2], raw[at + 4 : at + 2 + size]))
            at += 2 + size
        blocks.append((b"", raw[at:]))

        def join(blocks: Blocks, right: bool) -> bytes:
            return b"\xff\xd8" + b"".join(
                k + struct.pack(">H", (len(d) + 2) & 65535) + d if k else d for k, d in blocks
            )

    elif raw.startswith(b"RIFF"):
        at = 12
        while at + 8 <= len(raw):
            (size,) = struct.unpack_from("<I", raw, at + 4)
            blocks.append((raw[at : at + 4], raw[at + 8 : at + 8 + size]))
            at += 8 + size + size % 2

        def join(blocks: Blocks, right: bool) -> bytes:
            body = b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in blocks)
            return b"RIFF" + (struct.pack("<I", len(body) + 4) if right else raw[4:8]) + b"WEBP" + body

    else:
        blocks.append((b"", raw))

        def join(blocks: Blocks, right: bool) -> bytes:
            return b"".join(data for _, data in blocks)

    return blocks, join


def spoilt_bytes(raw: bytes, rng: random.Random) -> bytes:
    """One to four small changes: bits, numbers, spans."""
    data = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(min(len(data), rng.choice((64, 64, 2**30))) or 1)  # the head counts most
        match rng.randrange(6):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1 | 2:
                size, order = rng.choice((1, 2, 4)), rng.choice(("big", "little"))
                data[at : at + size] = (rng.choice(NUMBERS) % 256**size).to_bytes(size, order)
            case 3:
                del data[at : at + rng.choice((1, 2, 4, 50, 10_000))]
            case 4:
                data[at:at] = data[at : at + rng.choice((1, 4, 50, 1000))] * rng.choice((1, 1, 20))
            case 5:
                data[at:at] = rng.randbytes(rng.choice((1, 3, 20, 200)))
    return bytes(data[: 2**20])


def unlikely_exif(rng: random.Random) -> bytes:
    """EXIF that says a picture is turned, and other things that need not be true."""
    tags = (0x112, 0x10F, 0x8769, 0x8825, 0x927C, 0xA005, 0x14A, 0x2BC, 0x111, 0x117, 0x100, rng.randrange(65536))
    entries = [(0x112, rng.choice((3, 3, 4)), 1, rng.choice((1, 3, 5, 6, 8)))] if rng.random() < 0.8 else []
    for _ in range(rng.randrange(6)):
        value = rng.choice((8, 20, 38, 50, 62, rng.choice(NUMBERS)))
        entries.append(
            (rng.choice(tags), rng.randrange(15), rng.choice((0, 1, 2, 3, 5, 16, rng.choice(NUMBERS))), value)
        )
    rest = rng.choice((b"", rng.randbytes(60), exif([(t, rng.randrange(15), 1, 8) for t in tags[:4]])[8:]))
    return exif(entries, rest, rng.choice("<>"), rng.choice((0, 0, 8, 26)))


def unlikely_block(raw: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    """A block that a file of that format may have and seldom has."""
    noise = rng.randbytes(rng.choice((0, 1, 2, 3, 6, 9, 32, 256, 800)))
    said, digit = unlikely_exif(rng), rng.choice(b"1368")
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="%c"/></x:xmpmeta>' % digit
    if raw.startswith(b"\x89PNG"):
        as_text = b"\nexif\n      %d\n%s" % (len(said), said.hex().encode())
        return rng.choice(
            (
                (b"eXIf", said),
                (b"tEXt", b"Raw profile type exif\0" + as_text[: rng.choice((5, 9, 33, None))]),
                (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
                (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(rng.choice((10, 2**20, 2**21))))),
                (b"iCCP", b"profile\0\0" + zlib.compress(noise)),
                (b"acTL", struct.pack(">II", rng.choice(NUMBERS), rng.choice(NUMBERS))),
                (
                    b"fcTL",
                    struct.pack(">IIIIIHHBB", *(rng.choice((0, 1, 20, 40, 2**31 - 1)) for _ in range(5)), 1, 9, 1, 1),
                ),
                (rng.choice((b"tRNS", b"PLTE", b"gAMA", b"cHRM", b"pHYs", b"sRGB", b"bKGD", b"tIME", b"fdAT")), noise),
            )
        )
    if raw.startswith(b"\xff\xd8"):
        return rng.choice(
            (
                (b"\xff\xe1", b"Exif\0\0" + said),
                (b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0" + xmp),
                (b"\xff\xe2", b"MPF\0" + unlikely_exif(rng)),
                (b"\xff\xe2", b"ICC_PROFILE\0" + noise),
                (b"\xff\xed", b"Photoshop 3.0\0" + b"8BIM" + noise),
                (b"\xff\xee", b"Adobe\0" + noise),
                (bytes((255, rng.randrange(0xC0, 0xFF))), noise),
            )
        )
    return rng.choice(((b"EXIF", said), (b"XMP ", xmp), (b"ANMF", noise), (b"ALPH", noise), (b"ICCP", noise)))


def spoilt(raw: bytes, rng: random.Random) -> bytes:
    """A file changed in some way that a careless or an evil program could."""
    blocks, join = split(raw)
    if len(blocks) < 2 or rng.random() < 0.3:
        return spoilt_bytes(raw, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(blocks)) if blocks else 0
        match rng.randrange(7):
            case 0 if len(blocks) > 1:
                del blocks[at]
            case 1 if blocks:
                blocks.insert(rng.randrange(len(blocks)), blocks[at])
            case 2 | 3 if blocks:
                kind, data = blocks[at]
                if kind == b"IDAT" and rng.random() < 0.5:  # behind the compression
                    data = zlib.compress(spoilt_bytes(_inflated(data), rng))
                else:
                    data = spoilt_bytes(data, rng)
                blocks[at] = (kind, data)
            case 4 if blocks and blocks[0][0] == b"IHDR" and len(blocks[0][1]) == 13:
                size = [rng.choice((8, 20, 40, 41, 600, 4096, rng.choice(NUMBERS))) for _ in range(2)]
                values = (rng.choice((1, 2, 4, 8, 16, 3)), rng.choice((0, 2, 3, 4, 6, 1)), 0, 0, rng.choice((0, 1)))
                blocks[0] = (b"IHDR", struct.pack(">II5B", *size, *values))
            case _:
                blocks.insert(rng.randrange(min(len(blocks), 4) + 1), unlikely_block(raw, rng))
    return join(blocks, rng.random() < 0.5)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 2**17)
    except zlib.error:
        return data


# --- looking at them --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of a file. `what`: "answer", "refusal", "ended" when its time was up, or what went wrong; `place`: where, to tell
    outcomes apart.
    """

    what: str
    said: str = ""
    place: str = ""
    seconds: float = 0.0  # of one core
    memory: float = 0.0  # MB at most above what the process had before

    def wrong(self, size: int, slow: float = SLOW) -> str | None:
        """What is wrong about that, for a file of `size` bytes, in a word or two; None when nothing is."""
        if self.what not in ("answer", "refusal", "ended"):
            return self.what
        if self.seconds > slow:
            return "slow"
        return "memory" if self.memory > LARGE and size < SMALL else None


def _memory() -> tuple[float, float]:
    """MB that this process has now, and the most that it had since the peak was last forgotten."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return tuple(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    except OSError:  # no Linux: the peak is that of the process's whole life
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,) * 2


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}"


def _look(net, raw: bytes) -> Outcome:
    """The server's function and the network's preprocessing on a file, watched."""
    from serving.images import SLOW, open_picture

    _forget_peak()
    before, start = _memory()[0], time.process_time()
    place = ""
    try:
        signal.setitimer(signal.ITIMER_PROF, SLOW.seconds)  # as in the server's children; then this process ends
        image = open_picture(raw)
        signal.setitimer(signal.ITIMER_PROF, 0)
        place = f"{image.format} {image.mode} {'transparency' in image.info}"
        tensor = net.preprocess(image)
        right = tuple(tensor.shape) == (1, 28, 28) and 0 <= float(tensor.min()) and float(tensor.max()) <= 1
        what, said = ("answer", "") if right and bool(tensor.isfinite().all()) else ("bad tensor", "")
    except ValueError as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        where = _place(error.__cause__ or error)
        what = "refusal" if SENTENCE.fullmatch(str(error)) else f"no sentence in {where.split(':')[0]}"
        said, place = str(error), f"{place} {where}"
    except Exception as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        what, said, place = f"{type(error).__name__} in {_place(error).split(':')[0]}", str(error), place
    return Outcome(what, said[:500], place, time.process_time() - start, _memory()[1] - before)


def _serve(connection) -> None:
    """The process that looks at files until nobody sends any more."""
    import torch

    from model import DigitCNN

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Pillow's, of each odd tag
    net = DigitCNN.from_pretrained(ROOT / "weights")
    for raw in good().values():
        _look(net, raw)  # what is loaded on first use is not a file's fault
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, resource.RLIM_INFINITY))
    connection.send(None)
    try:
        while True:
            connection.send(_look(net, connection.recv_bytes()))
    except (EOFError, KeyboardInterrupt):
        pass


class Watched:
    """Looks at files in a process of its own, and starts another when one ends it. Used in a `with` statement."""

    def __enter__(self) -> Watched:
        self._start()
        return self

    def __exit__(self, *_) -> None:
        self._stop()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._connection.recv()

    def _stop(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()

    def look(self, raw: bytes) -> Outcome:
        """What becomes of a file."""
        try:
            self._connection.send_bytes(raw)
            if self._connection.poll(HANGS):
                return self._connection.recv()
            outcome = Outcome("hang", seconds=HANGS)
        except (EOFError, OSError):
            self._process.join()
            how = self._process.exitcode
            outcome = Outcome("ended" if how == -signal.SIGPROF else f"crash {how}")
        self._stop()
        self._start()
        return outcome


def shrunk(raw: bytes, same: Callable[[bytes], bool]) -> bytes:
    """A shorter file for which `same` still holds: without blocks it does not need, then without spans of bytes."""
    blocks, join = split(raw)
    at = len(blocks) - 1
    while at >= 0:
        fewer = blocks[:at] + blocks[at + 1 :]
        if len(join(fewer, True)) < len(raw) and same(join(fewer, True)):
            blocks, raw = fewer, join(fewer, True)
        at -= 1
    step = len(raw) // 2
    while step > len(raw) // 64:
        for start in range(len(raw) - step, -1, -step):
            if same(shorter := raw[:start] + raw[start + step :]):
                raw = shorter
        step //= 2
    return raw


# --- the run ----------------------------------------------------------------------------------------------------------


def files(rng: random.Random, pool: list[bytes]) -> Iterator[bytes]:
    """Good and hostile files as they are, then spoilt ones without end; `pool` may grow meanwhile."""
    yield from (*good().values(), *hostile().values())
    while True:
        raw = rng.choice(pool)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            raw = spoilt(raw, rng) or raw
        yield raw


def ending(raw: bytes) -> str:
    """The usual ending of a file's name."""
    kinds = {b"\x89PNG": "png", b"\xff\xd8": "jpg", b"GIF8": "gif", b"RIFF": "webp", b"BM": "bmp"}
    return next((name for begin, name in kinds.items() if raw.startswith(begin)), "dat")


def main() -> None:
    """Throw files at the page's functions for some minutes and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="of what is tried (default 1)")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    pool = list(good().values())
    known = {*pool, *hostile().values()}  # these need not be kept
    seen: set[tuple[str, str]] = set()
    found: set[Path] = set()
    counts: Counter = Counter()
    slowest = largest = (0.0, "")
    begin = time.monotonic()
    with Watched() as watched:
        for raw in files(rng, pool):
            if time.monotonic() - begin > 60 * options.minutes:
                break
            outcome = watched.look(raw)
            counts[outcome.what] += 1
            described = f"{len(raw):,} bytes of {ending(raw)}, {outcome.place or outcome.said}"
            slowest = max(slowest, (outcome.seconds, described))
            largest = max(largest, (outcome.memory, described))
            if (outcome.what, outcome.place) not in seen:
                seen.add((outcome.what, outcome.place))
                if len(raw) < SMALL and outcome.seconds < 0.1:
                    pool.append(raw)
            if wrong := outcome.wrong(len(raw)):
                path = SEEDS / f"{re.sub('[^a-z0-9]+', '-', wrong.lower()).strip('-')}.{ending(raw)}"
                if path not in found:
                    found.add(path)
                    if raw in known:
                        print(f"{wrong}: {described}; {outcome.said or 'no words'}", flush=True)
                        continue
                    if " in " in wrong:  # an exception: quickly had again
                        raw = shrunk(raw, lambda shorter: watched.look(shorter).what == wrong)  # noqa: B023
                    SEEDS.mkdir(exist_ok=True)
                    path.write_bytes(raw)
                    print(f"{wrong}: {described}; {outcome.said or 'no words'}; kept as {path.name}", flush=True)
    total = sum(counts.values())
    print(f"{total:,} files in {(time.monotonic() - begin) / 60:.1f} minutes, {len(seen)} kinds of outcome")
    print(", ".join(f"{count:,} {what}" for what, count in counts.most_common()))
    print(f"{len(found)} kinds of findings")
    print(f"slowest: {slowest[0]:.2f} s of one core, {slowest[1]}")
    print(f"largest: {largest[0]:.0f} MB, {largest[1]}")


if __name__ == "__main__":
    main()
