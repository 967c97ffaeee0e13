"""Pictures that people bring: photographs of sheets, cards, forms and squared paper, odd colours, pairs.

`FREEHAND_DIR=... UNIPEN_DIR=... python -m bench.pictures` draws 200 strangers' digits (pendigits, and the
collections of UNIPEN whose mistakes were looked at) into made-up pictures of each kind, and compares each
kind with the same digits on plain paper. It prints the table after some minutes.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import bench
import board
from bench import pendigits, unipen
from model import DigitCNN
from reports import tables

# A side of a photograph.
SIDE = 640  # pixels
# Pictures of each kind, and of the large ones, which take long to make.
COUNT, FEW = 200, 20
Y, X = np.mgrid[0:SIDE, 0:SIDE] / SIDE
Strokes = list[np.ndarray]
Rng = np.random.Generator


def strangers(folder: Path, unipen_root: Path, count: int) -> list[tuple[int, Strokes]]:
    """`count` digits as (label, strokes): half from pendigits, half from UNIPEN's looked-at collections."""
    rng = np.random.default_rng(20)
    strokes, labels = pendigits.read(folder)
    pens = [(int(labels[i]), strokes[i]) for i in rng.choice(len(strokes), count - count // 2, replace=False)]
    others = [digit for name in unipen.LOOKED_AT for digit in unipen.read(unipen_root, name)]
    chosen = rng.choice(len(others), count // 2, replace=False)
    return pens + [(others[i].label, others[i].strokes) for i in chosen]


def cover(digit: Strokes, size: float, at=(0.5, 0.5), pen: float = 0.05, side: int = SIDE) -> np.ndarray:
    """How much ink covers each pixel: (side, side) 0..1. `size` is a share of the side, `pen` of the size."""
    points = np.concatenate(digit)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = size * board.SIZE / max(extent.max(), 1)
    corner = np.array(at) * board.SIZE - extent * scale / 2
    strokes = [board.Stroke((stroke - low) * scale + corner, pen * size * board.SIZE) for stroke in digit]
    return board.render(strokes, side).astype(np.float32) / 255


def layer(paint: Callable[[ImageDraw.ImageDraw, int], object], turn: float = 0.0) -> np.ndarray:
    """The shape that `paint` draws with 255, turned by `turn` degrees: (SIDE, SIDE) 0..1, smooth edges."""
    mask = Image.new("L", (2 * SIDE, 2 * SIDE))
    paint(ImageDraw.Draw(mask), 2 * SIDE)
    return np.asarray(mask.rotate(turn, Image.Resampling.BILINEAR).reduce(2), dtype=np.float32) / 255


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def photograph(paper: np.ndarray, rng: Rng, light: np.ndarray | None = None) -> Image.Image:
    """A telephone's photograph of paper (SIDE, SIDE) 0..1: unevenly lit, blurred, grainy, a JPEG."""
    if light is None:
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
        light = 1 - strength * (0.5 + 0.7 * ((X - 0.5) * np.cos(angle) + (Y - 0.5) * np.sin(angle)))
    image = Image.fromarray((255 * paper * light).clip(0, 255).astype(np.uint8))
    grey = np.asarray(image.filter(ImageFilter.GaussianBlur(0.9)), np.float32)
    grey = grey + rng.normal(0, rng.uniform(1, 4), grey.shape)
    warm = np.stack([grey, grey * rng.uniform(0.94, 1), grey * rng.uniform(0.85, 1)], axis=2)
    return jpeg(Image.fromarray(warm.clip(0, 255).astype(np.uint8)), int(rng.integers(70, 95)))


def blend(under, over, share: np.ndarray) -> np.ndarray:
    return under * (1 - share) + over * share


def sheet(digit: Strokes, rng: Rng, size=(0.25, 0.5), spread=0.12) -> np.ndarray:
    """Dark ink on paper that fills the picture."""
    at = rng.uniform(0.5 - spread, 0.5 + spread, 2)
    ink = cover(digit, rng.uniform(*size), at, rng.uniform(0.025, 0.055))
    return blend(rng.uniform(0.7, 0.92), rng.uniform(0.1, 0.35), ink)


# --- kinds of pictures ---


def plain(digit: Strokes, rng: Rng) -> Image.Image:
    return photograph(sheet(digit, rng), rng)


def table(digit: Strokes, rng: Rng, slanted: bool) -> Image.Image:
    """A strip of table at one edge, straight or slanted."""
    slope = np.tan(np.radians(rng.uniform(4, 14))) * rng.choice([-1, 1]) if slanted else 0
    strip = np.rot90(Y + slope * (X - 0.5) > 1 - rng.uniform(0.03, 0.18), rng.integers(4))
    wood = rng.uniform(0.15, 0.5) + 0.03 * rng.normal(size=(SIDE, 1))
    return photograph(blend(sheet(digit, rng, (0.22, 0.42), 0.06), wood, strip), rng)


def card(digit: Strokes, rng: Rng) -> Image.Image:
    """A light card on a darker desk, turned by up to 12 degrees."""
    half, off = rng.uniform(0.24, 0.45, 2), rng.uniform(0.46, 0.54, 2)
    box, radius = np.concatenate([off - half, off + half]), rng.uniform(0, 0.03)
    on = layer(lambda d, s: d.rounded_rectangle(list(box * s), radius * s, fill=255), rng.uniform(-12, 12))
    ink = cover(digit, min(half) * rng.uniform(0.8, 1.3), off, rng.uniform(0.025, 0.055))
    paper = blend(rng.uniform(0.75, 0.95), rng.uniform(0.1, 0.3), ink)
    return photograph(blend(rng.uniform(0.15, 0.55), paper, on), rng)


def printed(digit: Strokes, rng: Rng, least: int, most: int, inset: float) -> Image.Image:
    """`least` to `most` sides of a printed rectangle around the digit, up to `inset` from the edge."""
    gap, width = rng.uniform(0, inset), rng.uniform(0.006, 0.025)
    radius = rng.choice([0, 0, rng.uniform(0.03, 0.15)])
    kept = rng.permutation(4)[: rng.integers(least, most + 1)]

    def frame(d: ImageDraw.ImageDraw, s: int) -> None:
        a, b, w = gap * s, s - 1 - gap * s, round(width * s)
        if len(kept) == 4:
            return d.rounded_rectangle((a, a, b, b), radius * s, outline=255, width=w)
        sides = [(0, a, s, a + w), (0, b - w, s, b), (a, 0, a + w, s), (b - w, 0, b, s)]
        for side in kept:
            d.rectangle(sides[side], fill=255)

    lines = layer(frame, rng.uniform(-1.5, 1.5) if rng.random() < 0.5 else 0)
    ink = cover(digit, rng.uniform(0.4, 0.6) * (1 - 2 * gap), pen=rng.uniform(0.03, 0.06))
    paper = blend(blend(rng.uniform(0.8, 1), rng.uniform(0.1, 0.6), lines), rng.uniform(0, 0.3), ink)
    if rng.random() < 0.5:
        return photograph(paper, rng)
    return Image.fromarray((255 * paper).astype(np.uint8)).resize([int(rng.integers(64, 400))] * 2)


def lined(digit: Strokes, rng: Rng, squared: bool) -> Image.Image:
    """Ruled or squared paper with dark lines."""
    pitch, width, start = rng.uniform(0.07, 0.16), rng.uniform(0.0025, 0.006), rng.uniform(0, 0.1)

    def lines(d: ImageDraw.ImageDraw, s: int) -> None:
        for at in np.arange(start - pitch, 1.2, pitch) * s:
            for line in ((-s, at, 2 * s, at), (at, -s, at, 2 * s))[: 1 + squared]:
                d.line(line, fill=255, width=max(1, round(width * s)))

    drawn = layer(lines, rng.uniform(-3, 3) if rng.random() < 0.5 else 0)
    ink = cover(digit, rng.uniform(0.25, 0.55), rng.uniform(0.42, 0.58, 2), rng.uniform(0.03, 0.055))
    paper = blend(blend(rng.uniform(0.75, 0.92), rng.uniform(0.35, 0.6), drawn), rng.uniform(0.1, 0.25), ink)
    return photograph(paper, rng)


def finger(digit: Strokes, rng: Rng) -> Image.Image:
    """A finger in a corner of the picture."""
    corner, reach = rng.choice([0.0, 1.0], 2), rng.uniform(0.1, 0.28, 2)
    box = np.concatenate([corner - reach, corner + reach])
    thumb = layer(lambda d, s: d.ellipse(list(box * s), fill=255))
    return photograph(blend(sheet(digit, rng, (0.22, 0.4), 0.06), rng.uniform(0.15, 0.5), thumb), rng)


def corners(digit: Strokes, rng: Rng) -> Image.Image:
    """The light falls off towards the corners, down to a third."""
    far = np.minimum(2 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2), 1)
    return photograph(sheet(digit, rng), rng, 1 - rng.uniform(0.35, 0.67) * far ** rng.uniform(0.8, 1.6))


def transparent(digit: Strokes, rng: Rng) -> Image.Image:
    """Half-transparent ink on a transparent ground."""
    ink = cover(digit, rng.uniform(0.4, 0.8), pen=rng.uniform(0.03, 0.06), side=board.SIZE)
    colour = np.full((*ink.shape, 3), rng.integers(0, 256, 3), np.uint8)
    return Image.fromarray(np.dstack([colour, (ink * rng.uniform(40, 125)).astype(np.uint8)]))


def equally_bright(digit: Strokes, rng: Rng) -> Image.Image:
    """Red on green, or green on red, of the same luminance."""
    ink = cover(digit, rng.uniform(0.35, 0.7), pen=rng.uniform(0.03, 0.06))[..., None]
    red, blue = rng.uniform(150, 255), rng.uniform(0, 60)
    colours = rng.permutation([[red, 20, blue], [20, 20 + (red - 20) * 0.299 / 0.587, blue]])
    return Image.fromarray(np.rint(blend(colours[0], colours[1], ink)).astype(np.uint8))


def large(digit: Strokes, rng: Rng) -> Image.Image:
    return jpeg(plain(digit, rng).resize((5712, 4284), Image.Resampling.BILINEAR), 80)


def pair(first: Strokes, second: Strokes, rng: Rng, photo: bool) -> Image.Image:
    """Two digits of about the same height side by side, with a gap between them, perhaps slanted."""
    height, pen, slant = rng.uniform(0.25, 0.42), rng.uniform(0.03, 0.05), rng.uniform(-0.1, 0.35)
    both: Strokes = []
    start = 0.0
    for digit in (first, second):
        points = np.concatenate(digit)
        low, (wide, tall) = points.min(axis=0), np.ptp(points, axis=0)
        scale = height * rng.uniform(0.9, 1.1) / max(tall, 0.5 * wide, 1)
        both += [(stroke - low - (0, tall / 2)) * scale + (start, 0) for stroke in digit]
        start += wide * scale + (rng.uniform(0.08, 0.3) + 2 * pen) * height
    both = [stroke @ [[1, 0], [-slant, 1]] for stroke in both]
    extent = np.ptp(np.concatenate(both), axis=0).max()
    ink = cover(both, min(extent, 0.85), pen=pen * height / extent, side=SIDE if photo else board.SIZE)
    if photo:
        return photograph(blend(rng.uniform(0.7, 0.92), rng.uniform(0.1, 0.35), ink), rng)
    return Image.fromarray(np.rint(ink * 255).astype(np.uint8))


KINDS: dict[str, Callable[[Strokes, Rng], Image.Image]] = {
    "a strip of table at one edge": partial(table, slanted=False),
    "a sheet with a slanted edge": partial(table, slanted=True),
    "a card on a desk": card,
    "a printed frame": partial(printed, least=4, most=4, inset=0.12),
    "a cell of a form: one to three sides left": partial(printed, least=1, most=3, inset=0.02),
    "ruled paper": partial(lined, squared=False),
    "squared paper": partial(lined, squared=True),
    "a finger in a corner": finger,
    "dark corners": corners,
    "half-transparent ink": transparent,
    "ink and ground equally bright": equally_bright,
    "24 megapixels": large,
}


def read(net: DigitCNN, picture: Image.Image) -> int | None:
    """The digit that the network reads and is sure of, or None."""
    try:
        (probabilities,), (margin,) = net.predict(net.preprocess(picture)[None])
    except ValueError:
        return None
    return int(probabilities.argmax()) if margin >= net.config.threshold else None


def rows(net: DigitCNN, folder: Path, unipen_root: Path) -> Iterator[dict]:
    """A row for each kind: how many of `total` digits are named surely and rightly (`right`), surely and
    wrongly (`wrong_sure`), and surely and rightly on `plain` paper.

    A pair is right if it is not named as one digit.
    """
    digits = strangers(folder, unipen_root, COUNT)
    on_plain = [read(net, plain(strokes, rng_of(1, i))) == label for i, (label, strokes) in enumerate(digits)]
    for number, (kind, draw) in enumerate(KINDS.items()):
        total = FEW if draw is large else COUNT
        named = [read(net, draw(digits[i][1], rng_of(2, number, i))) for i in range(total)]
        right = sum(name == label for name, (label, _) in zip(named, digits, strict=False))
        wrong = sum(name is not None for name in named) - right
        yield row(kind, right, total, sum(on_plain[:total]), wrong)
    for photo, kind in enumerate(("two digits on a board", "two digits in a photograph")):
        pairs = [(digits[i][1], digits[(7 * i + 3) % COUNT][1], rng_of(3, i)) for i in range(COUNT)]
        wrong = sum(read(net, pair(*each, bool(photo))) is not None for each in pairs)
        yield row(kind, COUNT - wrong, COUNT, COUNT, wrong)


def rng_of(*seed: int) -> Rng:
    return np.random.default_rng(seed)


def row(name: str, right: int, total: int, plain: int, wrong_sure: int) -> dict:
    return {"name": name, "right": right, "total": total, "plain": plain, "wrong_sure": wrong_sure}


def main() -> None:
    """Measure and print."""
    bench.parser("pictures", __doc__).parse_args()
    folder, root = pendigits.folder(), unipen.folder()
    if folder is None or root is None:
        raise SystemExit("bench.pictures: FREEHAND_DIR and UNIPEN_DIR name the folders with the digits.")
    print(tables.counts(list(rows(DigitCNN.from_pretrained(tables.ROOT / "weights"), folder, root))))


if __name__ == "__main__":
    main()
