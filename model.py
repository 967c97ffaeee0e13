"""The digit classifier: picture -> ink -> normalised 28x28 -> probabilities.

    from model import DigitCNN
    net = DigitCNN.from_pretrained("weights")       # a folder, or a Hub repository "OWNER/NAME"
    net.classify(image, top_k=3)                    # [("2", 0.981), ("7", 0.012), ("1", 0.003)]

This file travels with the weights, so it needs no other file of the project, only torch, numpy, pillow,
safetensors and huggingface_hub. Training, the endpoints, tests and benchmarks all classify with it.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor, nn

WEIGHTS, CONFIG = "model.safetensors", "config.json"
# The format of config.json that this file reads and writes.
FORMAT = 3
LABELS = tuple("0123456789")

# Sides in pixels: the network's input, and the longer side of the ink in it, as in MNIST (LeCun et al. 1998).
INPUT, BOX = 28, 20
MIN_SIDE = 8  # pixels
REDUCED = 448  # pixels
MAX_PIXELS = 64 * 2**20
# A picture whose long side is more than this many times the short one is refused.
THIN = 512

EXPECTED = (
    "expected a path, an open file, bytes, a PIL image, a sketch pad's dictionary, or an array, tensor or "
    "list of shape (H, W), (H, W, 1), (H, W, 3), (H, W, 4), (1, H, W), (3, H, W) or (784,) with values 0..1 "
    "or 0..255"
)


class EmptyDrawing(ValueError):
    """The picture has no ink, so there is nothing to classify."""


class SeveralDigits(ValueError):
    """Several digits stand side by side in the picture; the network reads only one."""


# --- any picture -> luminance ---


def opened(image: Any) -> Image.Image | np.ndarray:
    """A picture in any form (see `EXPECTED`) as a Pillow image or an array (H, W), (H, W, 3) or (H, W, 4)."""
    try:
        if isinstance(image, (bytes, bytearray)):
            image = io.BytesIO(image)
        if isinstance(image, (str, os.PathLike)) or hasattr(image, "read"):
            image = Image.open(image)
        # Modes I and F have no fixed range; as arrays they get one from their values.
        if isinstance(image, Image.Image) and image.mode[0] not in "IF":
            return image
        if isinstance(image, Tensor) and not image.is_complex():
            image = image.detach().float().cpu()
        array = np.asarray(image)
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {image}: {EXPECTED}.") from error
    except Exception as error:
        # Damaged files raise nearly every kind of error. Nobody can use the addresses in memory.
        reason = re.sub(r" ?<[^<>]* at 0x\w+>", "", str(error))
        raise ValueError(f"The picture cannot be opened ({reason}): {EXPECTED}.") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"Cannot read a {type(image).__name__} as a picture: {EXPECTED}.")
    shape, array = array.shape, array.squeeze()
    if array.shape == (INPUT**2,):
        array = array.reshape(INPUT, INPUT)
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[2] not in (3, 4):
        array = np.moveaxis(array, 0, 2)
    is_one = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not is_one or (len(shape) == 4 and shape[0] > 1):
        raise ValueError(f"Cannot read an array of shape {shape} as one picture: {EXPECTED}.")
    return array


def luminance(image: Any) -> np.ndarray:
    """The picture as float32 (H, W), 0 black .. 1 white: upright, without transparency, at most 448 a side.

    Colours of one luminance, such as red on green, are read from the channel in which they differ most.
    """
    if isinstance(image, dict):
        # The value of a gr.Sketchpad, or a row of a data set.
        if "composite" in image and image["composite"] is None:
            raise EmptyDrawing("The sketch pad is empty: there is no ink in it.")
        image = image.get("composite", image.get("image"))
    given, image = image, opened(image)
    height, width = image.shape[:2] if isinstance(image, np.ndarray) else (image.height, image.width)
    short, long = sorted((height, width))
    if short < MIN_SIDE or height * width > MAX_PIXELS or long > THIN * short:
        raise ValueError(
            f"The picture is {width}x{height} pixels; it must have at least {MIN_SIDE} a side, at most "
            f"{MAX_PIXELS // 2**20} megapixels, and a long side of at most {THIN} times the short one."
        )
    planes = _planes(image) if isinstance(image, np.ndarray) else _decoded(image, image is not given)
    if len(planes) == 1:
        return planes[0]
    red, green, blue = planes[:3]
    # The weights are Pillow's.
    values = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    if len(planes) == 4 and planes[3].min() < 1:
        return _flatten(values, planes[3])
    spread, most = max((plane[::4, ::4].std(), i) for i, plane in enumerate(planes[:3]))
    return planes[most] if spread > 3 * values[::4, ::4].std() else values


def _planes(array: np.ndarray) -> list[np.ndarray]:
    """The channels of an array as float32 (H, W), 0..1, at most 448 a side."""
    low, high = array.min(), array.max()
    white = next((white for white in (1, 255, 65535) if high <= 1.001 * white), None)
    if white is None or not low >= -0.001 * white:
        raise ValueError(f"The picture has values from {low} to {high}: {EXPECTED}.")
    channels = np.moveaxis(np.atleast_3d(array), 2, 0).astype(np.float32)
    return _reduced([np.clip(channel / np.float32(white), 0, 1) for channel in channels], _step(array.shape))


def _decoded(image: Image.Image, is_ours: bool) -> list[np.ndarray]:
    """The channels of a Pillow image as float32 (H, W), 0..1, upright, at most 448 a side."""
    try:
        # A JPEG decodes faster at a fraction of its size. A picture that the caller opened must not change.
        if is_ours and max(image.size) > REDUCED:
            image.draft(None, (REDUCED // 2, REDUCED // 2))
        mode = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB"
        # The picture is read in strips of rows, because colours as floats take much memory.
        step = _step(image.size)
        strips, many = [], 64 * step
        for top in range(0, image.height, many):
            strip = image.crop((0, top, image.width, min(top + many, image.height)))
            # Pillow converts La to LA only.
            strip = (strip.convert("LA") if strip.mode == "La" else strip).convert(mode)
            strips.append(
                _reduced([np.asarray(channel) / np.float32(255) for channel in strip.split()], step)
            )
        channels = [Image.fromarray(np.concatenate(parts)) for parts in zip(*strips, strict=True)]
        # Damaged Exif does not turn the picture.
        with suppress(Exception):
            for channel in channels:
                channel.info = image.info
            channels = [ImageOps.exif_transpose(channel) for channel in channels]
        return [np.asarray(channel) for channel in channels]
    except Exception as error:
        raise ValueError(f"The picture cannot be decoded ({error}): {EXPECTED}.") from error


def _step(shape: Sequence[int]) -> int:
    """The factor that reduces a picture to at most 448 a side but leaves at least 8."""
    return min(-(-max(shape[:2]) // REDUCED), min(shape[:2]) // MIN_SIDE)


def _reduced(planes: list[np.ndarray], step: int) -> list[np.ndarray]:
    """Float32 planes (H, W), each pixel the mean of `step` x `step`."""
    return [np.asarray(Image.fromarray(plane).reduce(step)) for plane in planes]


def _flatten(values: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay a transparent picture on a background on which its ink can be seen.

    Ink on a transparent ground, as in a layer of a drawing program, goes on white if it is dark and on black
    if it is light. A picture with a ground of its own, such as a photograph with cut corners, goes on that
    ground. If the colours then show nothing, as with half-transparent ink, alpha itself is the picture.
    """
    opaque = values[alpha > 0.5]
    if opaque.size:
        low, middle, high = np.quantile(opaque, (0.02, 0.5, 0.98))
        is_drawn = high - low < 0.25 or opaque.size < 0.5 * alpha.size
        ground = float(middle < 0.5) if is_drawn else middle
        values = values * alpha + np.float32(ground) * (1 - alpha)
    elif alpha.max() < MIN_CONTRAST:
        raise EmptyDrawing("The picture is transparent: there is no ink in it.")
    return values if opaque.size and np.ptp(values) >= MIN_CONTRAST else alpha


# --- luminance -> ink ---

# Ink differs from paper by at least this share of full scale.
MIN_CONTRAST = 0.06
# A photographed digit has at least this much ink.
INK_PIXELS = 50
# Uneven light is estimated on a small copy with this longer side, in a window wider than a stroke. Pixels.
GROUND_SIDE, WINDOW = 64, 13
EVEN = "The picture is one even colour: there is no ink in it."


def to_ink(image: Any) -> np.ndarray:
    """The ink of a picture: float32 (H, W), 0 background .. 1 ink, at most 448 a side.

    The picture's frame shows the background, and with it whether the ink is lighter (as in MNIXEL) or darker
    (as on paper). An uneven background, as in a photograph, is estimated and subtracted, and its grain is
    cut off.

    Raises EmptyDrawing when nothing stands out from the background, ValueError for what is not a picture.
    """
    values = luminance(image)
    if np.ptp(values) < MIN_CONTRAST:
        raise EmptyDrawing(EVEN)
    frame = _frame(values, max(1, min(values.shape) // 16))
    ground = np.median(frame)
    if ground > 0.5 * (values.min() + values.max()):
        frame, ground, values = 1 - frame, 1 - ground, 1 - values
    is_even = np.mean(np.abs(frame - ground) < 1.5 / 255) >= 0.5
    ink = np.maximum(values - ground, 0) if is_even else _without_grain(values)
    if ink.max() < MIN_CONTRAST:
        raise EmptyDrawing("The picture has hardly any contrast: there is no ink in it.")
    return ink / ink.max()


def _frame(values: np.ndarray, edge: int) -> np.ndarray:
    """The values of the outermost `edge` rows and columns, with the corners twice."""
    sides = values[:edge], values[-edge:], values[:, :edge], values[:, -edge:]
    return np.concatenate([side.ravel() for side in sides])


def board_ink(values: np.ndarray) -> np.ndarray:
    """The ink of a square board of any size, float32 0..1, white on black; faster than `to_ink`.

    The empty ground around the ink is left out unless ink lies near the bottom or the right edge. Ink near
    the top and the left alone is less than half of the frame, so that `to_ink` would see the same ground.
    `normalise` gives the same result.
    """
    if values.max() < MIN_CONTRAST:
        raise EmptyDrawing(EVEN)
    rows, columns = _box(values > 0)
    edge = len(values) // 16
    if max(rows.stop, columns.stop) > len(values) - edge:
        return to_ink(values)
    return values[rows, columns] / values.max()


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns from the first to the last True of a mask (H, W) that has one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _bytes(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Float32 (H, W) 0..1 resampled to `shape`, as uint8."""
    small = Image.fromarray(values, "F").resize(shape[::-1], Image.Resampling.BOX)
    return np.rint(np.asarray(small).clip(0, 1) * 255).astype(np.uint8)


def _enlarged(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Uint8 (h, w) 0..255 resampled bilinearly to `shape` (H, W), as float32 0..1."""
    image = Image.fromarray(values.astype(np.float32) / np.float32(255), "F")
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BILINEAR))


def _grown(image: np.ndarray, side: int) -> np.ndarray:
    """The largest value in a square window of `side` around each pixel of a mask or of bytes (H, W)."""
    for _ in range(2):
        wide = np.pad(image.T, ((side // 2, side // 2), (0, 0)), mode="edge")
        image = np.maximum.reduce([wide[i : i + image.shape[1]] for i in range(side)])
    return image


def _without_grain(values: np.ndarray) -> np.ndarray:
    """The ink alone, 0..1, of light ink (H, W) on a dark, uneven, grainy ground, 0..1.

    The ground is estimated by a grey opening (Sternberg 1986), in a window wider than a stroke, on a small
    copy. Then the paper's grain is cut off at three times its spread, and specks of ink are dropped.
    """
    shape = (values.shape[0], values.shape[1])
    median = Image.fromarray(_bytes(values, shape)).filter(ImageFilter.MedianFilter(3))
    fine = np.asarray(median).astype(np.float32) / np.float32(255)

    shrink = GROUND_SIDE / max(shape)
    small = _bytes(fine, (max(1, round(shape[0] * shrink)), max(1, round(shape[1] * shrink))))
    ground = Image.fromarray(_grown(255 - _grown(255 - small, WINDOW), WINDOW))
    soft = np.asarray(ground.filter(ImageFilter.GaussianBlur(WINDOW / 3)))
    ink = np.maximum(fine - _enlarged(soft, shape), 0)

    grain = 1.4826 * np.median(np.abs(ink - np.median(ink)))
    brightest = min(INK_PIXELS, ink.size // 4)
    peak = np.partition(ink.ravel(), -brightest)[-brightest]
    cut = max(3 * grain, 0.3 * peak)
    if peak < MIN_CONTRAST or cut > 0.8 * peak:
        raise EmptyDrawing("Nothing in the picture stands out from its background: there is no ink in it.")
    ink = np.clip((ink - cut) / (0.9 * peak - cut), 0, 1)

    step = max(1, max(shape) // 128)
    coherent = _bytes(ink, (max(1, shape[0] // step), max(1, shape[1] // step))) > 51
    return ink * (_enlarged(_grown(coherent, 3), shape) > 0)


# --- ink -> what the network is given ---

# Ink from this share of the peak counts toward the box. It is not a multiple of 1/255, so that rounding flips
# no pixel.
EDGE = 0.41
# The blur that makes a board look most like MNIXEL's 28x28, measured on 200 drawings.
SOFTNESS = 0.6  # pixels


def normalise(ink: np.ndarray) -> np.ndarray:
    """Crop, scale and centre ink (H, W) 0..1: float32 (28, 28), 0 background .. 1 ink.

    One resampling makes the longer side of the ink's box 20 pixels and moves the centre of mass to the
    centre, as in MNIST (LeCun et al. 1998). Sharp sources are made as soft as MNIXEL's 28x28.
    """
    rows, columns = _box(ink >= EDGE)
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    pixel = side / BOX  # source pixels per pixel of the result

    mass = np.where(ink >= 0.1, ink, 0)
    by_row, by_column = mass.sum(axis=1, dtype=np.float64), mass.sum(axis=0, dtype=np.float64)
    centre_y = float(by_row @ (np.arange(ink.shape[0]) + 0.5) / by_row.sum())
    centre_x = float(by_column @ (np.arange(ink.shape[1]) + 0.5) / by_row.sum())
    # A long tail must not push the box over the edge.
    half = INPUT / 2 * pixel
    centre_y = min(max(centre_y, rows.stop - half), rows.start + half)
    centre_x = min(max(centre_x, columns.stop - half), columns.start + half)

    # Pillow's filter must not reach the window's edge. Beyond the ink, the window is 0.
    margin = int(np.ceil(half + 2 * pixel)) + 1
    left, top = int(centre_x) - margin, int(centre_y) - margin
    window = Image.fromarray(ink, "F").crop((left, top, left + 2 * margin, top + 2 * margin))
    x, y = centre_x - left, centre_y - top
    box = (x - half, y - half, x + half, y + half)
    small = np.asarray(window.resize((INPUT, INPUT), Image.Resampling.BILINEAR, box=box))
    # A 28x28 is soft already, a board is not.
    blur = _blur_matrix(SOFTNESS * min(max((pixel - 1) / 3, 0), 1))
    small = blur @ small @ blur.T
    return np.clip(small / small.max(), 0, 1).astype(np.float32)


def _blur_matrix(sigma: float) -> np.ndarray:
    """The (28, 28) matrix of a Gaussian blur of `sigma` pixels along one axis, with 0 beyond the edge."""
    bell = np.exp(-0.5 * np.square(np.arange(-INPUT, INPUT + 1) / max(sigma, 0.05)))
    places = np.arange(INPUT)
    return (bell / bell.sum())[INPUT + places[:, None] - places].astype(np.float32)


# --- finding the digit in a picture ---

# Sides in pixels: a board (board.py), the largest picture that is taken as it is, and the masks.
BOARD, SMALL, MASK_SIDE = 448, 32, 256
# A line of the paper runs straight along at least this share of the picture's side.
CROSSING = 0.6
# The digit's sheet of paper takes at least this share of the picture.
SHEET = 0.05
# Two digits are parted by lines that move this many columns to the left for each row down.
SLANTS = np.arange(-2, 5) / 10
# A part lower than this share of the tallest one is a dot or a bar, not a digit.
TALL = 0.5
# A gap wider than this share of the height parts two digits, whatever the network says of them.
WIDE = 0.08
# Ink whose margin is this far above the threshold is taken at once.
FIRM = 1.0  # logits


class Parts(NamedTuple):
    """The n connected parts of a mask (h, w)."""

    labels: np.ndarray  # (h, w), 0 outside and 1..n in the order in which rows meet them
    boxes: np.ndarray  # (n, 4) top, bottom, left, right
    sizes: np.ndarray  # (n,) pixels
    touching: np.ndarray  # (n,) bool: whether the part has a pixel in the mask `edge`

    def mask(self, some: np.ndarray) -> np.ndarray:
        """The mask (h, w) of the parts in `some`, (n,) bool."""
        return np.append(False, some)[self.labels]


def _parts(mask: np.ndarray, edge: np.ndarray) -> Parts:
    """The parts that are connected over sides or corners, by runs in rows (Rosenfeld and Pfaltz 1966)."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (rows, starts), ends = np.nonzero(steps == 1), np.nonzero(steps == -1)[1]
    width = mask.shape[1] + 2
    # A run touches the runs of the next row from the first that ends after its start to the last that starts
    # before its end.
    first = np.searchsorted(rows * width + ends, (rows + 1) * width + starts)
    count = np.searchsorted(rows * width + starts, (rows + 1) * width + ends, "right") - first
    above = np.repeat(np.arange(len(rows)), count)
    below = np.arange(len(above)) - np.repeat(np.cumsum(count) - count - first, count)
    part = np.arange(len(rows))
    while (part[above] != part[below]).any():
        lower = np.minimum(part[above], part[below])
        np.minimum.at(part, part[above], lower)
        np.minimum.at(part, part[below], lower)
        part = part[part]
    names, part = np.unique(part, return_inverse=True)
    boxes = np.tile([mask.shape[0], 0, mask.shape[1], 0], (len(names), 1))
    for column, edges in enumerate((rows, rows + 1, starts, ends)):
        (np.maximum if column % 2 else np.minimum).at(boxes[:, column], part, edges)
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(part + 1, ends - starts)
    touching = np.bincount(labels[edge], minlength=len(names) + 1)[1:] > 0
    return Parts(labels, boxes, np.bincount(part, ends - starts, len(names)), touching)


class Layout(NamedTuple):
    """The ink of a picture, and its connected parts in blocks of `step` x `step` pixels."""

    ink: np.ndarray  # (H, W)
    step: int
    parts: Parts
    edge: np.ndarray  # (h, w) bool: the edge of the picture or of the digit's sheet

    @property
    def tall(self) -> np.ndarray:
        """(n,) bool: the parts that are at least an eighth of the picture in height."""
        return np.ptp(self.parts.boxes[:, :2], axis=1) >= max(self.edge.shape) / 8


def _layout(ink: np.ndarray, filled: np.ndarray | None = None) -> Layout:
    """The layout of ink. `filled`, (H, W) bool, is everything around the digit's sheet of paper."""
    step = -(-max(ink.shape) // MASK_SIDE)

    def blocks(plane: np.ndarray) -> np.ndarray:
        plane = np.pad(plane, [(0, -side % step) for side in plane.shape])
        rows = np.maximum.reduce([plane[i::step] for i in range(step)])
        return np.maximum.reduce([rows[:, i::step] for i in range(step)])

    mask = blocks(ink) >= EDGE
    edge = _border(mask.shape) if filled is None else _border(mask.shape) | blocks(filled)
    return Layout(ink, step, _parts(mask, edge), edge)


def _border(shape: tuple[int, ...]) -> np.ndarray:
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    return border


def _pixels(blocks: np.ndarray, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of blocks of `step` pixels a side as one of pixels, (H, W) = `shape`."""
    return blocks.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]


def _only(layout: Layout, parts: Parts, some: np.ndarray) -> np.ndarray:
    """The ink of some parts, (n,) bool, and the faint ink around them, cut to their box."""
    keep = parts.mask(some)
    keep = _grown(keep, 3) & (keep | (parts.labels == 0))
    keep = _pixels(keep, layout.step, layout.ink.shape)
    box = _box(keep)
    return layout.ink[box] * keep[box]


def _lines(mask: np.ndarray) -> np.ndarray:
    """The nearly level lines across a mask, bool (h, w), without the ink that crosses them.

    Their slope, of at most six degrees, is that of the sharpest projection (Postl 1986).
    """
    (y, x), width = np.nonzero(mask), mask.shape[1]
    slopes = np.linspace(-0.1, 0.1, 33)
    turned = [np.rint(y + slope * (x - width / 2)).astype(int) + width for slope in slopes]
    profiles = [np.bincount(rows, minlength=sum(mask.shape) + width) for rows in turned]
    best = int(np.argmax([np.square(profile).sum() for profile in profiles]))
    rows, on = turned[best], (profiles[best] >= CROSSING * width)[turned[best]]
    lines = np.zeros_like(mask)
    if on.any():
        # The height of the run of ink through each pixel, which is larger where ink crosses a line.
        flat = np.pad(mask, ((1, 1), (0, 0))).T.ravel()
        length = np.zeros(len(flat), int)
        starts, ends = np.flatnonzero(np.diff(flat.astype(np.int8))).reshape(-1, 2).T
        length[flat] = np.repeat(ends - starts, ends - starts)
        length = length.reshape(width, -1).T[1:-1][y, x]
        near = np.isin(rows, np.unique(rows[on])[:, None] + (-1, 0, 1))
        near &= length <= 1.5 * np.median(length[on]) + 1
        lines[y[near], x[near]] = True
    return lines


def _sheets(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What may be the digit's sheet: the largest bright patch and the largest dark one (Otsu 1979).

    Gives the picture cut to each patch and all that it encloses, with everything around filled in the patch's
    brightness, and the mask of what was filled.
    """
    small = np.asarray(Image.fromarray(values, "F").reduce(4))
    if np.ptp(small) < 1e-3:
        return
    counts, levels = np.histogram(small, 64)
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * (levels[:-1] + levels[1:]) / 2)[:-1]
    between = np.square(sums - small.mean() * below) / np.maximum(below * (small.size - below), 1)
    bright, border = small > levels[1 + int(np.argmax(between))], _border(small.shape)
    for mask in (bright, ~bright):
        patches = _parts(mask, border)
        largest = int(np.argmax(patches.sizes))
        patch = patches.labels == largest + 1
        others = _parts(~patch, border)
        outside = others.mask(others.touching)
        top, bottom, left, right = 4 * patches.boxes[largest]
        if (
            outside.any()
            and patches.sizes[largest] >= SHEET * mask.size
            and bottom - top >= MIN_SIDE <= right - left
        ):
            filled = _pixels(outside, 4, values.shape)[top:bottom, left:right]
            cut = values[top:bottom, left:right]
            yield np.where(filled, np.median(small[patch]), cut), _grown(filled, 9)


def _candidates(layout: Layout) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The inks (H, W) that may be the digit, each with all the ink that may belong to it.

    Parts that touch the edge are left out. A second attempt also removes long lines from the parts that touch
    the edge or enclose something. Each attempt gives all that is left, and the largest part with those
    nearby.
    """
    whole = layout.parts
    frames = layout.tall
    boxes = whole.boxes[frames]
    inside = (boxes[:, None, ::2] < boxes[:, ::2]).all(2) & (boxes[:, None, 1::2] > boxes[:, 1::2]).all(2)
    frames[frames] = inside.any(axis=1)
    reach = whole.mask(whole.touching | frames)
    lines = _lines(reach) | _lines(reach.T).T
    for parts in (whole, _parts((whole.labels > 0) & ~lines, layout.edge))[: 1 + lines.any()]:
        inner = ~parts.touching
        if inner.any():
            rest = _only(layout, parts, inner)
            yield rest, rest
            top, bottom, left, right = parts.boxes[np.argmax(parts.sizes * inner)]
            near = max(bottom - top, right - left) // 4
            close = inner & (parts.boxes[:, ::2] < (bottom + near, right + near)).all(1)
            close &= (parts.boxes[:, 1::2] > (top - near, left - near)).all(1)
            if (close != inner).any():
                yield _only(layout, parts, close), rest


def side_by_side(ink: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """Split ink into two groups side by side; returns the gap as a share of the height, and both inks.

    A slanted line parts the groups, and each has a part at least half as tall as the tallest. Without two
    groups the gap is 0 and the list is empty.
    """
    layout = _layout(ink)
    parts = layout.parts
    heights = np.diff(parts.boxes[:, :2])[:, 0]
    is_tall = heights >= TALL * heights.max()
    gap, best = 0.0, is_tall
    y, x = np.nonzero(parts.labels)
    for slant in SLANTS if is_tall.sum() > 1 else ():
        start, end = np.full(len(heights), np.inf), np.full(len(heights), -np.inf)
        np.minimum.at(start, parts.labels[y, x] - 1, x + slant * y)
        np.maximum.at(end, parts.labels[y, x] - 1, x + slant * y)
        for edge in start:
            left = end < edge
            if (left & is_tall).any() and (~left & is_tall).any() and (left | (start >= edge)).all():
                wide = float(edge - end[left].max() - 1) / heights.max()
                if wide > gap:
                    gap, best = wide, left
    return gap, [_only(layout, parts, side) for side in (best, ~best)] if gap else []


# --- the network ---


@dataclass(frozen=True)
class Config:
    """All that a network needs besides its tensors; config.json holds it."""

    channels: tuple[int, int, int] = (8, 32, 80)  # one number for each block
    places: int = 3  # a side: the last block's maps are averaged over places x places parts
    dropout: float = 0.2  # share of the features that training hides from the dense layer
    temperature: float = 1.0  # divides the logits (Guo et al. 2017); fitted on validation images
    threshold: float = 0.0  # logits: a smaller margin (see `predict`) means "not sure"
    # The memory (see `adapt`), tuned with bench/memory.py on the writers that development looked at.
    strength: float = 18.0  # logits that a digit gains when a remembered drawing of it comes again
    focus: float = 4.0  # exponent of the cosine similarity: how quickly the gain fades
    standing: float = 0.2  # share of the gain for an untaught digit, times its own probability
    known: float = 0.52  # least similarity at which a lesson decides, whatever the margin
    sha256: str = ""  # hash of model.safetensors
    format: int = FORMAT


# The least and the largest value of each number in config.json.
RANGES = {
    "dropout": (0, 1),
    "temperature": (0.01, 100),
    "threshold": (0, 1000),
    "strength": (0, 1000),
    "focus": (1, 100),
    "standing": (0, 1),
    "known": (0, 1),
}


def _block(inputs: int, outputs: int) -> list[nn.Module]:
    """3x3 convolution without bias, batch normalisation and ReLU: 9*in*out + 2*out parameters."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


class DigitCNN(nn.Module):
    """A small convolutional network for digits, with its preprocessing.

    Five 3x3 convolutions in three blocks with pooling between them, averages over nine parts of the picture,
    and one dense layer: 42,738 parameters with the default 8, 32 and 80 channels.
    """

    POOLED = 14  # layers of `features` up to the second pooling, whose maps the memory compares
    lessons: Tensor  # (N, 1568): the features of the taught drawings, from `_remembered`
    taught: Tensor  # (N,): their digits

    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        self.source = ""  # where the weights are from: a folder, or "OWNER/NAME@commit"
        (a, b, c), p = config.channels, config.places
        self.features = nn.Sequential(  #      shape, parameters (default channels)
            *_block(1, a),  #                  (8, 28, 28)       88
            *_block(a, a),  #                  (8, 28, 28)      592
            nn.MaxPool2d(2),  #                (8, 14, 14)
            *_block(a, b),  #                  (32, 14, 14)   2,368
            *_block(b, b),  #                  (32, 14, 14)   9,280
            nn.MaxPool2d(2),  #                (32,  7,  7)
            *_block(b, c),  #                  (80,  7,  7)  23,200
            nn.AdaptiveAvgPool2d(p),  #        (80,  3,  3)
            nn.Flatten(),  #                   (720,)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Linear(c * p * p, len(LABELS))  # (10,)   7,210
        # Lessons are not weights, so files do not hold them.
        self.register_buffer("lessons", torch.zeros(0, b * 7 * 7), persistent=False)
        self.register_buffer("taught", torch.zeros(0, dtype=torch.int64), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10) for inputs (N, 1, 28, 28) from `preprocess`."""
        return self.dense(self.dropout(self.features(x)))

    # --- picture -> probabilities ---

    def preprocess(self, image: Any) -> Tensor:
        """The network's input for a picture: float32 (1, 28, 28) on the CPU, 0 background .. 1 ink.

        `image` may have any form in `EXPECTED`, light on dark or dark on light, from 8 pixels a side to 64
        megapixels. All ink of a board is used, and all ink of a picture of at most 32 pixels a side. In other
        pictures, the network chooses the ink that it accepts most firmly as a digit (see `_candidates`).

        Raises EmptyDrawing when the picture has no ink, SeveralDigits for two digits, and ValueError for
        anything that is not a picture.
        """
        values = luminance(image)
        if max(values.shape) <= SMALL or not self.config.threshold:
            return torch.from_numpy(normalise(to_ink(values)))[None]
        # Ink may run over a board's edge. A picture of the same size with a rim all around is not a board.
        is_black = [np.mean(part == 0) > 0.5 for part in (values, _frame(values, 1))]
        if values.shape == (BOARD, BOARD) and all(is_black):
            ink = rest = board_ink(values)
        else:
            ink, rest = self._find(values)
        gap, groups = side_by_side(rest)
        if groups and (gap > WIDE and ink is rest or min(self._margins(groups)) >= self.config.threshold):
            raise SeveralDigits("There is more than one digit in the picture; crop it to one.")
        return torch.from_numpy(normalise(ink))[None]

    def _find(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ink of the digit in a picture's luminance (H, W), and all the ink that may belong to it."""
        ink = to_ink(values)
        layout = _layout(ink)
        touching = layout.parts.touching
        margin = float(self._margins([ink])[0]) - self.config.threshold
        if not touching.any() and margin >= FIRM:
            return ink, ink
        is_cluttered = touching.any() and layout.tall[~touching].any()
        tried = [(ink, ink)] if margin >= 0 and not is_cluttered or not touching.any() else []
        tried += _candidates(layout)
        for sheet, filled in _sheets(values):
            with suppress(EmptyDrawing):
                tried += _candidates(_layout(to_ink(sheet), filled))
        if not tried:
            raise EmptyDrawing("All ink touches the edge of the picture: leave some paper around the digit.")
        margins = self._margins([one for one, _ in tried])
        # Where nothing touches the edge, part of a drawing is taken only if the network is sure of it.
        is_alone = not touching.any() and margins.max() < self.config.threshold
        return tried[0 if is_alone else int(np.argmax(margins))]

    def _margins(self, inks: list[np.ndarray]) -> np.ndarray:
        """How firmly the network accepts each ink as a digit (see `predict`)."""
        inputs = torch.from_numpy(np.stack([normalise(ink) for ink in inks]))[:, None]
        return _margin(self._logits(inputs)).numpy()

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """Turn off dropout, batch statistics and gradients, and give each layer its mode back afterwards."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            for module, was_training in modes:
                module.training = was_training

    def _logits(self, inputs: Tensor) -> Tensor:
        """Float32 (N, 10) on the CPU, whatever the network's device and precision."""
        with self._evaluating():
            return self(inputs.to(self.dense.weight)).float().cpu()

    def predict(self, inputs: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and logit margins for (N, 1, 28, 28) from `preprocess`.

        Probabilities are calibrated float32 (N, 10), and rows sum to 1. Margins are float32 (N,): how far the
        best logit stands above the mean one. Below `config.threshold`, the network is not sure. Non-digit
        drawings were taught to have equal logits (Hendrycks et al. 2019), so the margin tells them from
        digits better than the best probability does.
        """
        if not isinstance(inputs, Tensor) or inputs.shape[1:] != (1, INPUT, INPUT):
            raise ValueError(
                "predict() takes what preprocess() gives, (N, 1, 28, 28); classify() takes pictures."
            )
        logits = self._logits(inputs)
        margin = _margin(logits)
        if len(self.lessons):
            logits, margin = self._recall(inputs, logits, margin)
        return torch.softmax(logits / self.config.temperature, dim=1).numpy(), margin.numpy()

    def _inputs(self, images: Iterable[Any]) -> Tensor:
        """The network's inputs (N, 1, 28, 28) for N >= 0 pictures."""
        none = torch.zeros(0, 1, INPUT, INPUT)
        return torch.cat([none, *(self.preprocess(image)[None] for image in images)])

    def probabilities(self, images: Iterable[Any]) -> np.ndarray:
        """Calibrated float32 (N, 10) probabilities of the digits 0..9 for N pictures; rows sum to 1."""
        shape = getattr(images, "shape", (0, 0, 0))
        is_one = (len(shape) == 2 and shape[1] != INPUT**2) or (len(shape) == 3 and shape[2] in (3, 4))
        if is_one or not _is_batch(images):
            raise ValueError("probabilities() takes a list of pictures; put a single one into a list.")
        return self.predict(self._inputs(images))[0]

    def classify(self, image: Any, top_k: int = 3) -> list[tuple[str, float]]:
        """The `top_k` (1..10) most probable digits of a picture with their probabilities, best first."""
        return ranked(self.probabilities([image])[0], top_k)

    # --- learning a hand ---

    def adapt(self, images: Iterable[Any], labels: Iterable[str | int]) -> DigitCNN:
        """A network that also knows these pictures, labelled "0".."9" or 0..9; this one is unchanged.

        It remembers them beside the frozen weights (a cache model, Zhang et al. 2022), in addition to earlier
        lessons, which `save_pretrained` does not write. Raises ValueError when the two lists differ in length
        or a label is not a digit, and EmptyDrawing for a picture without ink.
        """
        are_lists = _is_batch(images) and _is_batch(labels)
        images, labels = (list(images), list(labels)) if are_lists else ([], [])
        if not are_lists or len(images) != len(labels):
            raise ValueError("adapt() takes a list of pictures and a list of as many labels.")
        digits = [str(label.item() if hasattr(label, "item") else label) for label in labels]
        if wrong := [digit for digit in digits if digit not in LABELS]:
            raise ValueError(f"A label is a digit from 0 to 9; {wrong[0]!r} is not.")
        return self.with_lessons(self._inputs(images), [int(digit) for digit in digits])

    def with_lessons(self, inputs: Tensor, labels: Sequence[int] | np.ndarray) -> DigitCNN:
        """As `adapt`, for inputs (N, 1, 28, 28) from `preprocess` and labels 0..9."""
        mine = copy.deepcopy(self)
        mine.lessons = torch.cat([self.lessons, self._remembered(inputs).to(self.lessons)])
        mine.taught = torch.cat([self.taught, torch.as_tensor(labels).to(self.taught)])
        return mine

    def _remembered(self, inputs: Tensor) -> Tensor:
        """The unit vectors by which the memory compares drawings: float32 (N, 1568).

        They are the standardised maps after the second pooling. A map's mean and deviation are those of
        max(0, x), where x is normal with mean `bias` and deviation `weight` of its batch normalisation.
        """
        with self._evaluating():
            maps = self.features[: self.POOLED](inputs.to(self.dense.weight)).float()
            norm = self.features[self.POOLED - 3]
            assert isinstance(norm, nn.BatchNorm2d)
            centre, spread = norm.bias.double(), norm.weight.double().abs() + 1e-3
            # A logistic function approximates the share of a normal distribution above 0.
            share = torch.sigmoid(1.702 * centre / spread)
            bell = spread * torch.exp(-((centre / spread) ** 2) / 2) / math.sqrt(2 * math.pi)
            mean = centre * share + bell
            variance = (centre**2 + spread**2) * share + centre * bell - mean**2
            deviation = variance.clamp(min=1e-6).sqrt()
            maps = (maps - mean[:, None, None].float()) / deviation[:, None, None].float()
            return nn.functional.normalize(maps.flatten(1))

    def _recall(self, inputs: Tensor, logits: Tensor, margin: Tensor) -> tuple[Tensor, Tensor]:
        """The network's own logits (N, 10) and margins (N,), changed by the lessons.

        Each digit gains `strength` times the similarity of its most similar lesson to the power of `focus`. A
        digit without a lesson gains a little by its own probability, so that taught digits do not crowd it
        out. A drawing that the network refuses is read only if it is similar enough to a lesson.
        """
        similar = (self._remembered(inputs) @ self.lessons.float().T).clamp(min=0).cpu()
        nearest = similar.new_zeros(len(similar), len(LABELS)).scatter_reduce(
            1, self.taught.cpu().expand(len(similar), -1), similar, "amax"
        )
        untaught = torch.bincount(self.taught.cpu(), minlength=len(LABELS)) == 0
        standing = self.config.standing * torch.softmax(logits / self.config.temperature, dim=1)
        standing = standing * (margin >= self.config.threshold)[:, None]
        gain = torch.where(untaught, standing, nearest**self.config.focus)
        logits = logits + self.config.strength * gain
        both = _margin(logits)
        is_known = nearest.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0] >= self.config.known
        return logits, torch.where(is_known, both + self.config.threshold, torch.minimum(both, margin))

    # --- files ---

    def save_pretrained(self, folder: str | Path) -> str:
        """Write model.safetensors (float16) and config.json to a folder; returns the weights' SHA-256.

        The SHA-256 goes into config.json, and the network's own weights are rounded to what was written.
        """
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = self.state_dict()
        for name, tensor in tensors.items():
            if tensor.is_floating_point():
                # Half precision is half the download.
                tensors[name] = tensor.half().contiguous()
                tensor.copy_(tensors[name])
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
        written = (folder / WEIGHTS).read_bytes()
        self.config = replace(self.config, sha256=hashlib.sha256(written).hexdigest())
        (folder / CONFIG).write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        return self.config.sha256

    @classmethod
    def from_pretrained(cls, source: str | Path, *, revision: str | None = None) -> DigitCNN:
        """A trained network from a folder, or from a Hub repository "OWNER/NAME" at a `revision`.

        Weights come from safetensors, the shape of the network from config.json. Every tensor must be there
        and no other, and the weights must have the SHA-256 that config.json states. Files
        from the Hub that fail this are downloaded once more.

        Raises FileNotFoundError when the folder, repository, revision or file does not exist,
        PermissionError when you may not read it, ConnectionError when the Hub does not answer, and ValueError
        when a file is not what it should be.
        """
        name = str(source)
        if not isinstance(source, (str, os.PathLike)) or not name.strip():
            raise ValueError(f"A network comes from a folder or a Hub repository OWNER/NAME, not {source!r}.")
        if Path(source).is_dir():
            return cls._load(Path(source), name)
        if Path(source).is_file():
            raise ValueError(f"{name} is a file; give the folder that holds {CONFIG} and {WEIGHTS}.")
        if not re.fullmatch("[^/.~][^/]*/[^/]+", name):
            raise FileNotFoundError(f"{name} is neither a folder nor a Hub repository OWNER/NAME; check it.")
        folder = _download(name, revision)
        try:
            return cls._load(folder, f"{name}@{folder.name}")
        except ValueError as spoilt:
            # The file may have been spoilt on its way here.
            try:
                folder = _download(name, folder.name, again=True)
            except ConnectionError:
                raise spoilt from None
            return cls._load(folder, f"{name}@{folder.name}")

    @classmethod
    def _load(cls, folder: Path, source: str) -> DigitCNN:
        """The network in a folder, which errors and `net.source` call `source` (see `from_pretrained`)."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        for name in (CONFIG, WEIGHTS):
            if not (folder / name).is_file():
                raise FileNotFoundError(
                    f"There is no {name} in {source}; a model folder has {CONFIG} and {WEIGHTS}."
                )
        try:
            raw = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            if raw["format"] != FORMAT:
                raise ValueError(
                    f"it is of format {raw['format']!r}; this model.py reads {FORMAT}; take the one beside it"
                )
            if wrong := {field.name for field in fields(Config)} ^ set(raw):
                raise ValueError(f"{', '.join(sorted(wrong))} missing or not expected")
            sizes = [*raw["channels"], raw["places"]]
            if [type(size) for size in sizes] != 4 * [int] or not all(1 <= size <= 256 for size in sizes):
                raise ValueError("three channels and places are expected, whole numbers of 1 to 256")
            for name, (low, high) in RANGES.items():
                if not low <= raw[name] <= high:
                    raise ValueError(f"a {name} of {low} to {high} is expected")
            net = cls(Config(**{**raw, "channels": tuple(raw["channels"])}))
        except (KeyError, RecursionError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"The {CONFIG} of {source} is not the configuration of this network ({error})."
            ) from error
        # Read once, so that what is hashed is what is loaded.
        weights = (folder / WEIGHTS).read_bytes()
        if weights.startswith(b"version https://git-lfs"):
            raise ValueError(
                f"The {WEIGHTS} of {source} is a Git LFS pointer, not the weights: run `git lfs pull` there."
            )
        if hashlib.sha256(weights).hexdigest() != net.config.sha256:
            raise ValueError(
                f"The {WEIGHTS} of {source} is not the file that {CONFIG} was written for: its SHA-256 "
                "differs. It was cut short or changed; take both files from where they were published."
            )
        try:
            net.load_state_dict(load(weights), strict=True)
        except (SafetensorError, RuntimeError) as error:
            raise ValueError(
                f"The {WEIGHTS} of {source} does not hold the tensors of the network in {CONFIG}. "
                "Take both files from the same place."
            ) from error
        net.source = source
        return net.eval()


def _is_batch(values: Any) -> bool:
    """Whether this is a list, or another iterable that is not one picture or one label."""
    is_one = isinstance(values, (Image.Image, str, bytes, bytearray, dict, os.PathLike))
    if is_one or hasattr(values, "read"):
        return False
    return getattr(values, "ndim", 1) > 0 and isinstance(values, Iterable)


def _margin(logits: Tensor) -> Tensor:
    """How far the best logit stands above the mean one, for logits (N, 10): (N,)."""
    return logits.amax(dim=1) - logits.mean(dim=1)


def ranked(probabilities: np.ndarray, top_k: int) -> list[tuple[str, float]]:
    """The `top_k` (1..10) labels of one row of probabilities with their values, most probable first."""
    if isinstance(top_k, bool) or not isinstance(top_k, (int, np.integer)) or not 1 <= top_k <= len(LABELS):
        raise ValueError(f"top_k is a whole number from 1 to {len(LABELS)}; this one is {top_k!r}.")
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    return [(LABELS[i], float(probabilities[i])) for i in order]


def _download(name: str, revision: str | None, again: bool = False) -> Path:
    """The folder in the Hub's cache with both files of a repository, of one commit, which names the folder.

    With `again`, both are downloaded even if the cache has them. Raises what `DigitCNN.from_pretrained` says.
    """
    from huggingface_hub import constants, errors, hf_hub_download

    folder, file = Path(), CONFIG
    try:
        for file in (CONFIG, WEIGHTS):
            # A push between the two requests must not mix two versions.
            pinned = folder.name or revision
            folder = Path(hf_hub_download(name, file, revision=pinned, force_download=again)).parent
        return folder
    except Exception as error:
        kind: type[Exception] = FileNotFoundError
        status = getattr(getattr(error, "response", None), "status_code", None)
        match error:
            case errors.GatedRepoError():
                kind, sentence = PermissionError, f"{name} is gated: ask for access on its page."
            case errors.RepositoryNotFoundError() | errors.HFValidationError():
                sentence = f"There is no model repository {name} that you may see."
            case errors.RevisionNotFoundError():
                sentence = f"{name} has no revision {revision!r}: give a branch, a tag or a full commit."
            case errors.LocalEntryNotFoundError():
                away = "HF_HUB_OFFLINE is set; unset it" if constants.HF_HUB_OFFLINE else "check the network"
                kind = ConnectionError
                sentence = f"The Hub cannot be asked for {name}, and it is not in the cache: {away}."
            case errors.EntryNotFoundError():
                sentence = f"There is no {file} in {name}: it does not hold weights of this network."
            case _ if status in (401, 403):
                kind, sentence = PermissionError, f"The Hub does not let you read {name}."
            case _:
                reason = f"status {status}" if status else str(error).strip().partition("\n")[0]
                kind = ConnectionError
                sentence = f"The Hub could not send {name} ({reason}): try again later."
        if kind is PermissionError or isinstance(error, errors.RepositoryNotFoundError):
            sentence += " Log in with `hf auth login`."
        raise kind(sentence) from error
