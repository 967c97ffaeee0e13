"""What people bring: photographs of digits on sheets, cards, forms and squared paper, odd colours, two digits at once.

    python -m bench.pictures             a table, a kind of picture a row; 200 strangers' digits each
    python -m bench.pictures --digits 60 --kind strip

Strangers' digits (pendigits, and the collections of UNIPEN whose mistakes were looked at) are drawn on made-up photographs.
Each kind is compared with the same digits on plain paper. Nothing here trains or chooses anything of the network.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import board
from bench import freehand, unipen
from model import DigitCNN

SIDE = 640  # of a photograph, pixels
Strokes = list[np.ndarray]
Draw = Callable[[Strokes, np.random.Generator], object]


def strangers(pendigits: Path, unipen_root: Path, count: int) -> list[tuple[int, Strokes]]:
    """`count` digits as (label, strokes), half of them from pendigits, half from looked-at UNIPEN."""
    rng = np.random.default_rng(20)
    strokes, labels = freehand.read(pendigits)
    pens = [(int(labels[i]), strokes[i]) for i in rng.choice(len(strokes), count - count // 2, replace=False)]
    others = [digit for name in unipen.LOOKED_AT for digit in unipen.read(unipen_root, name)[0]]
    chosen = rng.choice(len(others), count // 2, replace=False)
    return pens + [(others[i].label, others[i].strokes) for i in chosen]


def cover(digit: Strokes, height: float, at=(0.5, 0.5), pen: float = 0.05, side: int = SIDE) -> np.ndarray:
    """How much ink covers each pixel, (side, side) 0..1; `height`, `pen` (half a stroke's width) in digit and picture sides."""
    points = np.concatenate(digit)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = height * board.SIZE / max(extent.max(), 1)
    corner = np.array(at) * board.SIZE - extent * scale / 2
    strokes = [board.Stroke((stroke - low) * scale + corner, pen * height * board.SIZE) for stroke in digit]
    return board.render(strokes, side).astype(np.float32) / 255


def layer(
    paint: Callable[[ImageDraw.ImageDraw, int], None], turn: float = 0.0, outside: int = 0
) -> np.ndarray:
    """What `paint` draws with 255 on a mask, (SIDE, SIDE) 0..1, turned by `turn` degrees, smooth at its edges."""
    mask = Image.new("L", (2 * SIDE, 2 * SIDE), outside)
    paint(ImageDraw.Draw(mask), 2 * SIDE)
    mask = mask.rotate(turn, Image.Resampling.BILINEAR, fillcolor=outside).reduce(2)
    return np.asarray(mask, dtype=np.float32) / 255


def photograph(
    paper: np.ndarray, light: np.ndarray | float, rng: np.random.Generator, blur=0.9
) -> Image.Image:
    """Reflectances 0..1 (SIDE, SIDE) under a light, as a telephone keeps them: warm, grainy, blurred, a JPEG."""
    grey = Image.fromarray((255 * paper * light).clip(0, 255).astype(np.uint8))
    grey = np.asarray(grey.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    grey = grey + rng.normal(0, rng.uniform(1, 4), grey.shape)
    warm = np.stack([grey, grey * rng.uniform(0.94, 1), grey * rng.uniform(0.85, 1)], axis=2)
    return jpeg(Image.fromarray(warm.clip(0, 255).astype(np.uint8)), int(rng.integers(70, 95)))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def blend(under: np.ndarray | float, over: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    return under * (1 - share) + over * share


def sheet(digit: Strokes, rng: np.random.Generator, size=(0.25, 0.5), spread=0.12) -> np.ndarray:
    """Dark ink on paper that fills the picture."""
    at = rng.uniform(0.5 - spread, 0.5 + spread, 2)
    ink = cover(digit, rng.uniform(*size), at, rng.uniform(0.025, 0.055))
    return blend(rng.uniform(0.7, 0.92), rng.uniform(0.1, 0.35), ink)


def shade(rng: np.random.Generator, strength: float = 0.3) -> np.ndarray:
    """Light that falls off to one side by up to `strength`."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    angle = rng.uniform(0, 2 * np.pi)
    return 1 - rng.uniform(0, strength) * (
        0.5 + 0.5 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)) * 1.4
    )


# --- kinds of pictures ------------------------------------------------------------------------------------------------


def plain(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    return photograph(sheet(digit, rng), shade(rng), rng)


def table(digit: Strokes, rng: np.random.Generator, slanted: bool) -> Image.Image:
    """A strip of table at one edge, straight or slanted."""
    depth, turn = (
        rng.uniform(0.03, 0.18),
        rng.uniform(4, 14) * rng.choice([-1, 1]) if slanted else rng.uniform(-1, 1),
    )
    strip = layer(lambda d, s: d.rectangle((-s, s * (1 - depth), 2 * s, 2 * s), fill=255), 0)
    if slanted:
        y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
        strip = ((y + np.tan(np.radians(turn)) * (x - 0.5)) > 1 - depth).astype(np.float32)
    strip = np.rot90(strip, rng.integers(4))
    grain = rng.uniform(0.15, 0.5) + 0.03 * rng.normal(size=(SIDE, 1))
    return photograph(blend(sheet(digit, rng, (0.22, 0.42), 0.06), grain, strip), shade(rng), rng)


def card(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    """A card on a desk, darker or lighter than the desk, turned by up to 12 degrees."""
    half, off, turn = rng.uniform(0.24, 0.45, 2), rng.uniform(-0.04, 0.04, 2) + 0.5, rng.uniform(-12, 12)
    corners = [off[0] - half[0], off[1] - half[1], off[0] + half[0], off[1] + half[1]]
    on = layer(
        lambda d, s: d.rounded_rectangle([c * s for c in corners], rng.uniform(0, 0.03) * s, fill=255), turn
    )
    ink = cover(digit, min(half) * rng.uniform(0.8, 1.3), off, rng.uniform(0.025, 0.055))
    paper = blend(rng.uniform(0.75, 0.95), rng.uniform(0.1, 0.3), ink)
    return photograph(blend(rng.uniform(0.15, 0.55), paper, on), shade(rng), rng)


def printed(digit: Strokes, rng: np.random.Generator, sides: tuple[int, int], inset: float) -> Image.Image:
    """Lines of a form round the digit: `sides` of a rectangle, up to `inset` from the picture's edge."""
    gap, width = rng.uniform(0, inset), rng.uniform(0.006, 0.025)
    radius = rng.choice([0, 0, rng.uniform(0.03, 0.15)])
    kept = rng.permutation(4)[: rng.integers(sides[0], sides[1] + 1)]

    def frame(d: ImageDraw.ImageDraw, s: int) -> None:
        a, b, w = gap * s, s - 1 - gap * s, round(width * s)
        if len(kept) == 4:
            d.rounded_rectangle((a, a, b, b), radius * s, outline=255, width=w)
        boxes = [(0, a, s, a + w), (0, b - w, s, b), (a, 0, a + w, s), (b - w, 0, b, s)]
        for side in kept if len(kept) < 4 else ():
            d.rectangle(boxes[side], fill=255)

    lines = layer(frame, rng.uniform(-1.5, 1.5) if rng.random() < 0.5 else 0)
    ink = cover(digit, rng.uniform(0.4, 0.6) * (1 - 2 * gap), (0.5, 0.5), rng.uniform(0.03, 0.06))
    paper = blend(blend(rng.uniform(0.8, 1), rng.uniform(0.1, 0.6), lines), rng.uniform(0, 0.3), ink)
    if rng.random() < 0.5:
        return photograph(paper, shade(rng), rng)
    size = int(rng.integers(64, 400))
    return Image.fromarray((255 * paper).astype(np.uint8)).resize((size, size), Image.Resampling.BOX)


def lined(digit: Strokes, rng: np.random.Generator, squared: bool) -> Image.Image:
    """Ruled or squared paper with dark lines."""
    pitch, width, start = rng.uniform(0.07, 0.16), rng.uniform(0.0025, 0.006), rng.uniform(0, 0.1)

    def lines(d: ImageDraw.ImageDraw, s: int) -> None:
        for at in np.arange(start - pitch, 1.2, pitch) * s:
            d.line((-s, at, 2 * s, at), fill=255, width=max(1, round(width * s)))
            if squared:
                d.line((at, -s, at, 2 * s), fill=255, width=max(1, round(width * s)))

    drawn = layer(lines, rng.uniform(-3, 3) if rng.random() < 0.5 else 0)
    ink = cover(digit, rng.uniform(0.25, 0.55), rng.uniform(0.42, 0.58, 2), rng.uniform(0.03, 0.055))
    paper = blend(blend(rng.uniform(0.75, 0.92), rng.uniform(0.35, 0.6), drawn), rng.uniform(0.1, 0.25), ink)
    return photograph(paper, shade(rng), rng)


def finger(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    """A finger or a shadow in a corner: an ellipse that comes in from there."""
    x, y = rng.choice([0.0, 1.0], 2)
    wide, high = rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.25)
    box = [x - wide, y - high, x + wide, y + high]
    thumb = layer(lambda d, s: d.ellipse([v * s for v in box], fill=255))
    return photograph(
        blend(sheet(digit, rng, (0.22, 0.4), 0.06), rng.uniform(0.15, 0.5), thumb), shade(rng), rng
    )


def corners(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    """The light falls off towards the corners, down to a third."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    light = 1 - rng.uniform(0.35, 0.67) * np.minimum(2 * (x**2 + y**2), 1) ** rng.uniform(0.8, 1.6)
    return photograph(sheet(digit, rng), light, rng)


def transparent(digit: Strokes, rng: np.random.Generator) -> np.ndarray:
    """Half-transparent ink on nothing: uint8 (448, 448, 4)."""
    ink = cover(digit, rng.uniform(0.4, 0.8), pen=rng.uniform(0.03, 0.06), side=board.SIZE)
    colour = np.full((*ink.shape, 3), rng.integers(0, 256, 3), np.uint8)
    return np.dstack([colour, (ink * rng.uniform(40, 125)).astype(np.uint8)])


def equally_bright(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    """Red on green, or the other way round, of one luminance."""
    ink = cover(digit, rng.uniform(0.35, 0.7), pen=rng.uniform(0.03, 0.06))[..., None]
    red, blue = rng.uniform(150, 255), rng.uniform(0, 60)
    pair = [np.array([red, 20, blue]), np.array([20, 20 + (red - 20) * 0.299 / 0.587, blue])]
    ground, over = pair if rng.random() < 0.5 else pair[::-1]
    return Image.fromarray(np.rint(blend(ground, over, ink)).astype(np.uint8))


def large(digit: Strokes, rng: np.random.Generator) -> Image.Image:
    """24 megapixels, as a telephone keeps them."""
    small = photograph(sheet(digit, rng), shade(rng), rng)
    return jpeg(small.resize((5712, 4284), Image.Resampling.BILINEAR), 80)


def pair(first: Strokes, second: Strokes, rng: np.random.Generator, photo: bool) -> object:
    """Two digits of about one height side by side, with a little ground between their ink, perhaps slanted."""
    height, pen = rng.uniform(0.25, 0.42), rng.uniform(0.03, 0.05)
    slant, gap = rng.uniform(-0.1, 0.35), rng.uniform(0.05, 0.3) * height
    parts, x = [], 0.0
    for digit in (first, second):
        points = np.concatenate(digit)
        scale = height * rng.uniform(0.9, 1.1) / max(np.ptp(points[:, 1]), 0.5 * np.ptp(points[:, 0]), 1)
        moved = [(stroke - points.min(axis=0)) * scale for stroke in digit]
        wide = max(stroke[:, 0].max() for stroke in moved)
        parts += [stroke + (x, -max(s[:, 1].max() for s in moved) / 2) for stroke in moved]
        x += wide + gap + 2 * pen * height
    parts = [stroke - np.stack([slant * stroke[:, 1], 0 * stroke[:, 1]], axis=1) for stroke in parts]
    extent = np.ptp(np.concatenate(parts), axis=0).max()
    ink = cover(parts, min(extent, 0.85), pen=pen * height / extent, side=SIDE if photo else board.SIZE)
    if photo:
        return photograph(blend(rng.uniform(0.7, 0.92), rng.uniform(0.1, 0.35), ink), shade(rng), rng)
    return np.rint(ink * 255).astype(np.uint8)


KINDS: dict[str, Draw] = {
    "a strip of table at one edge": partial(table, slanted=False),
    "a sheet with a slanted edge": partial(table, slanted=True),
    "a card on a desk": card,
    "a printed frame": partial(printed, sides=(4, 4), inset=0.12),
    "a cell of a form: one to three sides left": partial(printed, sides=(1, 3), inset=0.02),
    "ruled paper": partial(lined, squared=False),
    "squared paper": partial(lined, squared=True),
    "a finger in a corner": finger,
    "dark corners": corners,
    "half-transparent ink": transparent,
    "ink and ground equally bright": equally_bright,
    "24 megapixels": large,
}


def read(net: DigitCNN, picture: object) -> int | None:
    """The digit that is named surely, or None."""
    try:
        (probabilities,), (margin,) = net.predict(net.preprocess(picture)[None])
    except ValueError:
        return None
    return int(probabilities.argmax()) if margin >= net.config.threshold else None


def rows(
    net: DigitCNN, pendigits: Path, unipen_root: Path, count: int = 200, only: str = ""
) -> Iterator[dict]:
    """A row a kind of picture: how many of `total` digits are named right and surely (`right`), wrongly and surely
    (`wrong_sure`), and how many of the same digits are named right on plain paper (`plain`).

    Of two digits, `wrong_sure` are those that are named as one.
    """
    digits = strangers(pendigits, unipen_root, count)
    on_paper = [
        read(net, plain(strokes, np.random.default_rng([1, i]))) for i, (_, strokes) in enumerate(digits)
    ]
    known = sum(answer == label for answer, (label, _) in zip(on_paper, digits, strict=True))
    for number, (kind, draw) in enumerate(KINDS.items()):
        if only not in kind:
            continue
        chosen = digits[:: max(1, len(digits) // 20)] if draw is large else digits
        right = wrong = 0
        for i, (label, strokes) in enumerate(chosen):
            answer = read(net, draw(strokes, np.random.default_rng([2, number, i])))
            right, wrong = right + (answer == label), wrong + (answer not in (label, None))
        was = (
            known
            if len(chosen) == len(digits)
            else sum(
                a == label
                for a, (label, _) in list(zip(on_paper, digits, strict=True))[:: max(1, len(digits) // 20)]
            )
        )
        yield {"kind": kind, "right": right, "total": len(chosen), "plain": was, "wrong_sure": wrong}
    for kind, photo in (("two digits in a photograph", True), ("two digits on a board", False)):
        if only in kind:
            named = 0
            for i, (_, first) in enumerate(digits):
                second = digits[(i * 7 + 3) % len(digits)][1]
                named += read(net, pair(first, second, np.random.default_rng([3, i]), photo)) is not None
            yield {
                "kind": kind,
                "right": len(digits) - named,
                "total": len(digits),
                "plain": len(digits),
                "wrong_sure": named,
            }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--digits", type=int, default=200)
    parser.add_argument("--kind", default="", help="only kinds whose name has this in it")
    parser.add_argument("--weights", default="weights")
    given = parser.parse_args()
    pendigits, root = freehand.folder(), unipen.folder()
    if pendigits is None or root is None:
        raise SystemExit("FREEHAND_DIR and UNIPEN_DIR name the folders with the digits of strangers.")
    for row in rows(DigitCNN.from_pretrained(given.weights), pendigits, root, given.digits, given.kind):
        print(
            "{kind:45s} right {right:3d} of {total}, on plain paper {plain:3d}, wrong {wrong_sure}".format(
                **row
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
