"""The digit classifier: picture -> ink -> normalised 28x28 -> probabilities.

    from model import DigitCNN
    net = DigitCNN.from_pretrained("weights")       # a folder, or a Hub repository "OWNER/NAME"
    net.classify(image, top_k=3)                    # [("2", 0.981), ("7", 0.012), ("1", 0.003)]

This file needs torch, numpy, pillow, safetensors and huggingface_hub, and no other file of the project: it travels with the
weights. Everything that classifies (training, the page, the endpoints, tests, benchmarks) goes through `preprocess`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn

INPUT = 28  # side of what the network is given, pixels
BOX = 20  # longer side of the ink inside it; LeCun et al. (1998) made MNIST so
MIN_SIDE, MAX_SIDE = 8, 4096  # of a picture, pixels
FORMAT = 3  # of config.json; a reader refuses another

EXPECTED = (
    "expected a PIL image or a numpy array (H, W), (H, W, 3) or (H, W, 4), "
    f"uint8 0..255 or float 0..1, {MIN_SIDE} to {MAX_SIDE} pixels a side"
)


class EmptyDrawing(ValueError):
    """There is no ink in the picture, so there is nothing to classify."""


class AlteredWeights(ValueError):
    """The weights are not those that config.json was written for: their SHA-256 differs."""


# --- picture -> ink -------------------------------------------------------------------------------------------------


def _luminance_and_alpha(image: Image.Image | np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Float32 (H, W) luminance 0..1 and alpha 0..1 (None when the picture is opaque throughout)."""
    if isinstance(image, Image.Image):
        _check_side(image.height, image.width)
        try:
            image = _array_of(_upright(image))
        except OSError as error:
            raise ValueError(f"The picture cannot be decoded ({error}): {EXPECTED}.") from error
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f"Cannot read a {type(image).__name__} as a picture (open a file with PIL first): {EXPECTED}."
        )
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(f"Cannot read an array of shape {image.shape} as a picture: {EXPECTED}.")
    _check_side(*image.shape[:2])
    if image.dtype == np.uint8:
        top = np.float32(255)
    elif np.issubdtype(image.dtype, np.floating):
        image, top = image.astype(np.float32), np.float32(1)
        if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
            raise ValueError(f"The picture has values outside 0..1 or that are not numbers: {EXPECTED}.")
    else:
        raise ValueError(f"Cannot read an array of {image.dtype} as a picture: {EXPECTED}.")
    if image.ndim == 2:
        return image.astype(np.float32) / top, None
    weights = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow
    strips = np.array_split(image, 1 + image.size // 2**21)  # colours as floats take four times the memory
    luminance = np.concatenate([(strip.astype(np.float32) / top)[..., :3] @ weights for strip in strips])
    if image.shape[2] == 3 or image[..., 3].min() == top:
        return luminance, None
    return luminance, image[..., 3].astype(np.float32) / top


_TURNS = {  # Exif orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as Exif says: a telephone notes there which side is up. Damaged Exif turns nothing.

    Pillow's own `exif_transpose` also writes the Exif anew, and fails on what is damaged there in many ways.
    """
    try:
        turn = _TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:
        turn = None
    return image.transpose(turn) if turn is not None else image


def _check_side(height: int, width: int) -> None:
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise ValueError(
            f"The picture is {width}x{height} pixels; it must have {MIN_SIDE} to {MAX_SIDE} a side."
        )


def _array_of(image: Image.Image) -> np.ndarray:
    """A Pillow image of any mode as an array that `_luminance_and_alpha` takes."""
    if image.mode.startswith("I;16"):
        return np.asarray(image, dtype=np.float32) / np.float32(65535)
    if image.mode in (
        "I",
        "F",
    ):  # 32 bits without a stated range: 16-bit PNGs open as I, floats as 0..1 or 0..255
        values = np.asarray(image, dtype=np.float32)
        top = next((limit for limit in (1, 255, 65535) if np.nanmax(values, initial=0) <= limit), None)
        if top is None:
            raise ValueError(f"The picture has values above 65535: {EXPECTED}.")
        return values / np.float32(top)
    has_alpha = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    try:
        if (
            max(image.size) > MAX_SIDE // 2
        ):  # half of it has detail enough for 28x28, in a third of the memory
            image = image.convert("LA" if has_alpha else "L").reduce(2)
        return np.asarray(image.convert("RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"))
    except ValueError as error:  # a colour that the palette has not
        raise ValueError(f"The picture cannot be decoded ({error}): {EXPECTED}.") from error


def _flatten(luminance: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay a picture with transparency on a background on which its ink can be seen.

    Ink on a transparent ground (a layer of a drawing program) goes on white when it is dark and on black when it is light. A
    picture that brings its own ground along (a photograph with cut corners) goes on that ground.
    """
    opaque = luminance[alpha > 0.5]
    if opaque.size == 0:
        raise EmptyDrawing("The picture is transparent: there is no ink in it.")
    low, middle, high = np.quantile(opaque, (0.02, 0.5, 0.98))
    if high - low < 0.25 or opaque.size < 0.5 * alpha.size:
        ground = 1.0 if middle < 0.5 else 0.0
    else:
        ground = middle
    return luminance * alpha + np.float32(ground) * (1 - alpha)


MIN_CONTRAST = 0.06  # of full scale: less is paper, not ink
INK_PIXELS = 50  # a photographed digit has at least so many, however small it is on the paper
GROUND_SIDE = 64  # pixels: the resolution at which uneven light is estimated


def to_ink(image: Image.Image | np.ndarray) -> np.ndarray:
    """The ink of a picture: float32 (H, W), 0 background .. 1 ink; a grainy picture comes back no larger than 1024.

    The frame of the picture tells the background, and so whether the ink is lighter (MNIXEL) or darker (a note). A background
    that is not one even value, as in a photograph, is estimated and taken away, and its grain is cut off.

    Raises EmptyDrawing when nothing stands out from the background, ValueError for what is no picture (see `EXPECTED`).
    """
    values, alpha = _luminance_and_alpha(image)
    if alpha is not None:
        values = _flatten(values, alpha)
    if values.max() - values.min() < MIN_CONTRAST:
        raise EmptyDrawing("The picture is one even colour: there is no ink in it.")

    edge = max(1, min(values.shape) // 16)
    frame = np.concatenate(
        [values[:edge].ravel(), values[-edge:].ravel(), values[:, :edge].ravel(), values[:, -edge:].ravel()]
    )
    ground = np.median(frame) if frame.min() < frame.max() else frame[0]
    if ground > 0.5 * (values.min() + values.max()):
        frame, ground = 1 - frame, 1 - ground  # dark on light
        np.subtract(1, values, out=values)
    if np.mean(np.abs(frame - ground) < 1.5 / 255) < 0.5:
        ink = _without_grain(values)
    else:
        ink = np.maximum(
            np.subtract(values, ground, out=values), 0, out=values
        )  # in place: pictures may be large
    peak = ink.max()
    if peak < MIN_CONTRAST:
        raise EmptyDrawing("The picture has hardly any contrast: there is no ink in it.")
    return np.divide(ink, peak, out=ink)


def trimmed(image: Image.Image | np.ndarray) -> Image.Image | np.ndarray:
    """A board without most of its empty ground, which changes no result and saves most of the time; others as they are."""
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 2
        or min(image.shape) < 4 * MIN_SIDE
    ):
        return image
    inked: np.ndarray = image != 0
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not rows.size:
        return image
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    around = min(bottom - top, right - left) // 14 + MIN_SIDE  # no less than the frame that `to_ink` looks at
    height, width = image.shape
    if min(top, left, height - bottom, width - right) < min(height, width) // 16:
        return image  # ink in the frame: all of it counts
    return image[max(top - around, 0) : bottom + around, max(left - around, 0) : right + around]


def _filtered(values: np.ndarray, size: tuple[int, int], *filters: ImageFilter.Filter) -> np.ndarray:
    """Float32 (H, W) 0..1 resampled to `size` (width, height), then through Pillow's 8-bit rank filters."""
    small = Image.fromarray(values, "F").resize(size, Image.Resampling.BOX)
    image = Image.fromarray(np.rint(np.asarray(small).clip(0, 1) * 255).astype(np.uint8))
    for step in filters:
        image = image.filter(step)
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def _enlarged(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Float32 array resampled bilinearly to `shape` (H, W)."""
    return np.asarray(Image.fromarray(values, "F").resize(shape[::-1], Image.Resampling.BILINEAR))


def _without_grain(values: np.ndarray) -> np.ndarray:
    """Light ink (H, W) on a dark, uneven, grainy ground, 0..1: the ink alone, 0..1.

    The ground is a grey opening (Sternberg 1986) with a window wider than a stroke, on a small copy. What is left of the paper's
    grain is cut at three times its spread; ink that hangs together only as specks is dropped.
    """
    factor = max(
        1.0, min(max(values.shape) / 1024, min(values.shape) / MIN_SIDE)
    )  # finer ones only carry more grain
    shape = (round(values.shape[0] / factor), round(values.shape[1] / factor))
    fine = _filtered(values, shape[::-1], ImageFilter.MedianFilter(3))

    shrink = GROUND_SIDE / max(shape)
    size = (max(1, round(shape[1] * shrink)), max(1, round(shape[0] * shrink)))
    window = 2 * (GROUND_SIDE // 10) + 1
    ground = _filtered(
        fine,
        size,
        ImageFilter.MinFilter(window),
        ImageFilter.MaxFilter(window),
        ImageFilter.GaussianBlur(window / 3),
    )
    ink = np.maximum(fine - _enlarged(ground, shape), 0)

    grain = 1.4826 * np.median(np.abs(ink - np.median(ink)))
    brightest = min(INK_PIXELS, ink.size // 4)
    peak = np.partition(ink.ravel(), -brightest)[-brightest]
    cut = max(3 * grain, 0.3 * peak)
    if peak < MIN_CONTRAST or cut > 0.8 * peak:
        raise EmptyDrawing("Nothing in the picture stands out from its background: there is no ink in it.")
    ink = np.clip((ink - cut) / (0.9 * peak - cut), 0, 1)

    step = max(1, max(shape) // 128)
    size = (max(1, shape[1] // step), max(1, shape[0] // step))
    coherent = _filtered(ink, size) > 0.2
    mask = _filtered(coherent.astype(np.float32), size, ImageFilter.MaxFilter(3))
    return ink * (_enlarged(mask, shape) > 0)


# --- ink -> what the network is given ---------------------------------------------------------------------------------

EDGE = 0.41  # of the peak: ink from here on counts for the box, be the edge sharp or soft. No multiple of 1/255, lest rounding decide
SOFTNESS = (
    0.6  # pixels of blur that make a board look like a 28x28 of MNIXEL: least difference over 200 drawings
)


def normalise(ink: np.ndarray) -> np.ndarray:
    """Crop, scale and centre ink (H, W) 0..1: float32 (28, 28), 0 background .. 1 ink.

    The longer side of the ink's box becomes 20 pixels, the centre of mass goes to the centre, as MNIST was made (LeCun et al.
    1998), all in one resampling from the resolution that came in. Sharp sources are softened to what a 28x28 of MNIXEL is.
    """
    mask = ink >= EDGE
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(bottom - top, right - left)
    pixel = side / BOX  # source pixels per pixel of the result

    mass = np.where(ink >= 0.1, ink, 0)
    by_row, by_column = mass.sum(axis=1, dtype=np.float64), mass.sum(axis=0, dtype=np.float64)
    del mass
    total = by_row.sum()
    centre_y = float(by_row @ (np.arange(ink.shape[0]) + 0.5) / total)
    centre_x = float(by_column @ (np.arange(ink.shape[1]) + 0.5) / total)
    # A long tail must not push the box over the edge.
    half = INPUT / 2 * pixel
    centre_y = min(max(centre_y, bottom - half), top + half)
    centre_x = min(max(centre_x, right - half), left + half)

    margin = int(np.ceil(half + 2 * pixel)) + 1  # so that the window and its filter lie inside
    y, x = int(centre_y), int(centre_x)
    window = _cut(ink, y - margin, x - margin, 2 * margin)
    image = Image.fromarray(window, "F")
    box_y, box_x = centre_y - y + margin, centre_x - x + margin
    box = (box_x - half, box_y - half, box_x + half, box_y + half)
    small = np.asarray(image.resize((INPUT, INPUT), Image.Resampling.BILINEAR, box=box))
    blur = _blur_matrix(SOFTNESS * min(max((pixel - 1) / 3, 0), 1))  # a 28x28 is soft already, a board is not
    small = blur @ small @ blur.T
    return np.clip(small / small.max(), 0, 1).astype(np.float32)


def _blur_matrix(sigma: float) -> np.ndarray:
    """The (28, 28) matrix of a Gaussian blur along one axis, `sigma` in pixels; ink that leaves the picture is lost."""
    distance = np.arange(INPUT)[:, None] - np.arange(INPUT)
    weights = np.exp(-0.5 * np.square(distance / max(sigma, 0.05)))
    return (weights / np.exp(-0.5 * np.square(np.arange(-INPUT, INPUT + 1) / max(sigma, 0.05))).sum()).astype(
        np.float32
    )


def _cut(ink: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    """A square of `side` from row `top`, column `left`; what lies outside `ink` is background."""
    window = np.zeros((side, side), dtype=np.float32)
    y0, y1 = max(top, 0), min(top + side, ink.shape[0])
    x0, x1 = max(left, 0), min(left + side, ink.shape[1])
    window[y0 - top : y1 - top, x0 - left : x1 - left] = ink[y0:y1, x0:x1]
    return window


# --- the network ------------------------------------------------------------------------------------------------------

LABELS = tuple("0123456789")


@dataclass(frozen=True)
class Config:
    """All that is needed beside the tensors to use a network; config.json holds it."""

    channels: tuple[int, int, int] = (8, 32, 80)  # of the three blocks
    places: int = 3  # a side: the last block is averaged over so many by so many parts of the picture
    dropout: float = 0.2  # share of features that the dense layer does without while training
    temperature: float = 1.0  # logits are divided by it (Guo et al. 2017), fitted on validation images
    threshold: float = 0.0  # of the logit margin (see `predict`): below it the answer is "not sure"
    # The memory (see `adapt`). Chosen by the digits of writers who were looked at, with bench/memory.py.
    strength: float = 18.0  # what a remembered drawing adds to its digit's logit when it comes again
    focus: float = 4.0  # exponent of the cosine similarity: how quickly that fades as drawings differ
    standing: float = 0.2  # share of that which a digit nobody has taught gets, times its own probability
    known: float = 0.45  # similarity from which a remembered drawing is recognised, whatever the margin
    sha256: str = ""  # of model.safetensors; checked on loading
    format: int = FORMAT


def _block(inputs: int, outputs: int) -> list[nn.Module]:
    """3x3 convolution that keeps the size, batch normalisation (which brings the bias), ReLU: 9*in*out + 2*out parameters."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class DigitCNN(nn.Module):
    """A small convolutional network for digits, with the preprocessing that belongs to it.

    Five 3x3 convolutions in three blocks, pooled between, averages over nine parts of the picture, one dense layer: 42,738
    parameters with the default 8, 32 and 80 channels.
    """

    POOLED = 14  # layers of `features` up to the second pooling, whose maps the memory compares
    lessons: Tensor  # (N, 1568): what `_remembered` makes of the drawings that were taught
    taught: Tensor  # (N,): the digits that they are

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
        # What `adapt` teaches is not a weight, so files do not hold it.
        self.register_buffer("lessons", torch.zeros(0, b * 7 * 7), persistent=False)
        self.register_buffer("taught", torch.zeros(0, dtype=torch.int64), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) from `preprocess` -> (N, 10) logits."""
        return self.dense(self.dropout(self.features(x)))

    # --- picture -> probabilities -------------------------------------------------------------------------------------

    def preprocess(self, image: Image.Image | np.ndarray) -> Tensor:
        """What the network is given for a picture: float32 (1, 28, 28), 0 background .. 1 ink.

        `image` is a PIL image or a numpy array (H, W), (H, W, 3) or (H, W, 4), 8 to 4096 a side, uint8 0..255 or float 0..1,
        light on dark or dark on light. Raises EmptyDrawing when there is no ink in it, ValueError for anything else.
        """
        return torch.from_numpy(normalise(to_ink(trimmed(image))))[None]

    def predict(self, inputs: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and logit margins for (N, 1, 28, 28) from `preprocess`.

        Probabilities: calibrated float32 (N, 10), rows sum to 1. Margins: float32 (N,), how far the best logit stands above the
        mean one; under `config.threshold` the picture is hardly a digit. Drawings that are no digits were taught to have equal
        logits (Hendrycks et al. 2019), and the gap tells them from digits better than the best probability does.
        """
        if self.training:
            self.eval()
        with torch.inference_mode():
            logits = self(inputs)
            margin = logits.amax(dim=1) - logits.mean(dim=1)
            if len(self.lessons):
                logits, margin = self._recall(inputs, logits, margin)
            return torch.softmax(logits / self.config.temperature, dim=1).numpy(), margin.numpy()

    def probabilities(self, images: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        """Calibrated float32 (N, 10) probabilities of the digits 0..9 for N pictures; rows sum to 1."""
        if isinstance(images, (Image.Image, np.ndarray, str)):
            raise ValueError("probabilities() takes a list of pictures; put a single one into a list.")
        if len(images) == 0:
            return np.zeros((0, len(LABELS)), np.float32)
        return self.predict(torch.stack([self.preprocess(image) for image in images]))[0]

    def classify(self, image: Image.Image | np.ndarray, top_k: int = 3) -> list[tuple[str, float]]:
        """The `top_k` (1..10) most probable digits of a picture with their probabilities, most probable first."""
        return ranked(self.probabilities([image])[0], top_k)

    # --- learning a hand ----------------------------------------------------------------------------

    def adapt(self, images: Sequence[Image.Image | np.ndarray], labels: Sequence[str | int]) -> DigitCNN:
        """A network that also knows these pictures, labelled "0".."9" or 0..9; this one is unchanged.

        It remembers them beside the frozen weights (a cache model, Zhang et al. 2022), along with what it had
        learnt before. Files do not hold what was learnt. Raises ValueError when there are more pictures than
        labels or fewer, or a label is not a digit, and EmptyDrawing for a picture without ink.
        """
        if isinstance(images, (Image.Image, str)) or isinstance(labels, str) or len(images) != len(labels):
            raise ValueError("adapt() takes a list of pictures and a list of as many labels.")
        digits = [str(label.item() if hasattr(label, "item") else label) for label in labels]
        if wrong := [digit for digit in digits if digit not in LABELS]:
            raise ValueError(f"A label is a digit from 0 to 9; {wrong[0]!r} is not.")
        inputs = [self.preprocess(image) for image in images]
        return (
            self.with_lessons(torch.stack(inputs), [int(d) for d in digits])
            if inputs
            else copy.deepcopy(self)
        )

    def with_lessons(self, inputs: Tensor, labels: Sequence[int] | np.ndarray) -> DigitCNN:
        """As `adapt`, for inputs (N, 1, 28, 28) that `preprocess` gave and labels 0..9."""
        mine = copy.deepcopy(self)
        mine.lessons = torch.cat([self.lessons, self._remembered(inputs).to(self.lessons)])
        mine.taught = torch.cat([self.taught, torch.as_tensor(labels).to(self.taught)])
        return mine

    def _remembered(self, inputs: Tensor) -> Tensor:
        """What the memory compares drawings by: float32 (N, 1568) of length 1.

        The maps after the second pooling, standardised. Each map's mean and deviation follow from its batch
        normalisation: those of max(0, x) for x normal with mean `bias` and deviation `weight`.
        """
        self.eval()
        with torch.inference_mode():
            maps = self.features[: self.POOLED](inputs.to(self.dense.weight)).float()
            norm = self.features[self.POOLED - 3]
            assert isinstance(norm, nn.BatchNorm2d)
            centre, spread = norm.bias.double(), norm.weight.double().abs() + 1e-3
            share = torch.sigmoid(
                1.702 * centre / spread
            )  # of a normal distribution that lies above 0, nearly
            bell = spread * torch.exp(-((centre / spread) ** 2) / 2) / math.sqrt(2 * math.pi)
            mean = centre * share + bell
            variance = (centre**2 + spread**2) * share + centre * bell - mean**2
            deviation = variance.clamp(min=1e-6).sqrt()
            maps = (maps - mean[:, None, None].float()) / deviation[:, None, None].float()
            return nn.functional.normalize(maps.flatten(1))

    def _recall(self, inputs: Tensor, logits: Tensor, margin: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 10) and margins (N,) of the network's own reading, changed by what was taught.

        Each digit gains `strength` times the similarity of its most similar lesson to the power of `focus`. A
        digit without a lesson gains a little by its own probability, so that the taught ones do not outdo it.
        What the network itself refuses gains nothing so, and is read only when similar enough to a lesson.
        """
        similar = (self._remembered(inputs) @ self.lessons.float().T).clamp(min=0)
        nearest = similar.new_zeros(len(similar), len(LABELS)).scatter_reduce(
            1, self.taught.expand(len(similar), -1), similar, "amax"
        )
        logits = logits.float()
        untaught = torch.bincount(self.taught, minlength=len(LABELS)) == 0
        standing = self.config.standing * torch.softmax(logits / self.config.temperature, dim=1)
        standing = standing * (margin >= self.config.threshold)[:, None]
        gain = torch.where(untaught, standing, nearest**self.config.focus)
        logits = logits + self.config.strength * gain
        best, digit = logits.max(dim=1)
        both = best - logits.mean(dim=1)
        is_known = nearest.gather(1, digit[:, None])[:, 0] >= self.config.known
        return logits, torch.where(is_known, both + self.config.threshold, torch.minimum(both, margin))

    # --- files --------------------------------------------------------------------------------------------------------

    def save_pretrained(self, folder: str | Path) -> str:
        """Write model.safetensors and config.json to a folder; returns the SHA-256 of the weights, which config.json keeps."""
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / WEIGHTS
        tensors = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        save_file(tensors, path, metadata={"format": "pt"})
        self.config = replace(self.config, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        (folder / CONFIG).write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        return self.config.sha256

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        revision: str | None = None,
        token: str | None = None,
        local_files_only: bool = False,
    ) -> DigitCNN:
        """A trained network from a folder or a Hub repository "OWNER/NAME" (at `revision`: a branch, a tag or a commit).

        Nothing is guessed: weights come from safetensors, the shape of the network from config.json, every tensor must be
        there and no other, and the weights must have the SHA-256 that config.json states. A cached file of the Hub that has
        not is fetched once more. With `local_files_only` no request is made: what the cache has, or FileNotFoundError.

        Raises FileNotFoundError when there is no such folder, repository, revision or file, PermissionError when it is not
        open to you, ConnectionError when the Hub cannot be asked, ValueError when a file is not what it should be.
        """
        if not isinstance(source, (str, os.PathLike)) or not str(source).strip():
            raise ValueError(
                f"The source of a network is a folder or a Hub repository OWNER/NAME, not {source!r}."
            )
        if Path(source).is_dir():
            return cls._load(Path(source), str(source))
        return cls.from_hub(str(source), revision=revision, token=token, local_files_only=local_files_only)

    @classmethod
    def from_hub(
        cls,
        name: str,
        *,
        revision: str | None = None,
        token: str | None = None,
        local_files_only: bool = False,
    ) -> DigitCNN:
        """As `from_pretrained`, but `name` is a Hub repository even where a folder has the same name."""
        if name.count("/") != 1 or not all(name.split("/")):
            raise FileNotFoundError(f"{name} is neither a folder nor a Hub repository OWNER/NAME.")
        if token is not None and (not token.isascii() or not token.isprintable() or " " in token):
            raise PermissionError(
                "The token has characters that no token has, perhaps a space or a line break: copy it again."
            )
        folder = _download(name, revision, token, local_files_only)
        try:
            return cls._load(folder, f"{name}@{folder.name}")
        except ValueError as spoilt:  # perhaps only on the way here
            if local_files_only:
                raise
            try:
                folder = _download(name, folder.name, token, again=True)
            except ConnectionError:
                raise spoilt from None
            return cls._load(folder, f"{name}@{folder.name}")

    @classmethod
    def _load(cls, folder: Path, source: str) -> DigitCNN:
        """The network in a folder, whose `source` is what messages and `net.source` say. See `from_pretrained`."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        for name in (CONFIG, WEIGHTS):
            if not (folder / name).is_file():
                raise FileNotFoundError(
                    f"There is no {name} in {source}; a model folder has {CONFIG} and {WEIGHTS}."
                )
        net = cls(_read_config(folder / CONFIG, source))
        weights = (folder / WEIGHTS).read_bytes()  # once: what is hashed is what is loaded
        if hashlib.sha256(weights).hexdigest() != net.config.sha256:
            raise AlteredWeights(
                f"The {WEIGHTS} of {source} is not the file that {CONFIG} was written for: its SHA-256 differs. "
                "It was cut short or changed; take both files from where they were published."
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


WEIGHTS, CONFIG = "model.safetensors", "config.json"


def ranked(probabilities: np.ndarray, top_k: int) -> list[tuple[str, float]]:
    """The `top_k` (1..10) labels of one row of probabilities with their values, most probable first."""
    if isinstance(top_k, bool) or not isinstance(top_k, (int, np.integer)) or not 1 <= top_k <= len(LABELS):
        raise ValueError(f"top_k is a whole number from 1 to {len(LABELS)}; this one is {top_k!r}.")
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    return [(LABELS[i], float(probabilities[i])) for i in order]


def _download(
    name: str, revision: str | None, token: str | None, offline: bool = False, again: bool = False
) -> Path:
    """The cache's folder with config.json and weights of a Hub repository, both of one commit, which names the folder.

    With `again` both are fetched even if they are there. Raises what `DigitCNN.from_pretrained` says.
    """
    import httpx2  # huggingface_hub's own transport
    from huggingface_hub import errors, hf_hub_download

    folder = Path()
    try:
        for file in (CONFIG, WEIGHTS):
            pinned = folder.name or revision
            fetched = hf_hub_download(
                name, file, revision=pinned, token=token, local_files_only=offline, force_download=again
            )
            folder = Path(fetched).parent
    except errors.HFValidationError as error:
        raise FileNotFoundError(
            f"{name!r} is no name that a Hub repository can have: OWNER/NAME is expected."
        ) from error
    except errors.GatedRepoError as error:
        raise PermissionError(
            f"{name} is gated: ask for access on its page, then log in with `hf auth login` or give token=."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"There is no model repository {name} that you may see. Check the name; if it is private, log in with "
            "`hf auth login` or give token=."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{name} has no revision {revision!r}: give a branch, a tag or a full commit."
        ) from error
    except errors.LocalEntryNotFoundError as error:
        if offline:
            raise FileNotFoundError(f"{name} is not in the Hub's cache on this machine.") from error
        raise ConnectionError(
            f"The Hub cannot be asked for {name}, and it is not in the cache: check the network and try again."
        ) from error
    except errors.EntryNotFoundError as error:
        raise FileNotFoundError(
            f"There is no {file} in {name}: it holds no weights of this network."
        ) from error
    except (
        httpx2.HTTPError,
        OSError,
        RuntimeError,
        ValueError,
        ImportError,
    ) as error:  # a transfer that broke, a full disk, ...
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise PermissionError(
                f"The Hub does not let you read {name}: log in with `hf auth login`, or mend the token."
            ) from error
        reason = f"status {status}" if status else str(error).strip().split("\n")[0] or type(error).__name__
        raise ConnectionError(f"The Hub could not send {name} ({reason}): try again later.") from error
    return folder


def _read_config(path: Path, source: str) -> Config:
    """config.json of `source` as a Config. Raises ValueError when it is another file, or another version's."""
    try:
        raw = json.loads(path.read_text())
        version = raw["format"]
        if version == FORMAT:
            if missing := {field.name for field in fields(Config)} - set(raw):
                raise ValueError(f"it has no {', '.join(sorted(missing))}")
            config = Config(**{**raw, "channels": tuple(raw["channels"])})
            if len(config.channels) != 3 or not all(
                type(c) is int and 1 <= c <= 256 for c in config.channels
            ):
                raise ValueError("three channels of 1 to 256 are expected")
            if type(config.places) is not int or not 1 <= config.places <= 7:
                raise ValueError("1 to 7 places are expected")
            if not (0 <= config.strength <= 1000 and 1 <= config.focus <= 100):
                raise ValueError("a strength of 0 to 1000 and a focus of 1 to 100 are expected")
            if not (0 <= config.standing <= 1 and 0 <= config.known <= 1):
                raise ValueError("standing and known of 0 to 1 are expected")
            DigitCNN(config)  # refuses what is no shape of a network
            if not (0.01 <= config.temperature <= 100 and 0 <= config.threshold <= 1000):
                raise ValueError("a temperature of 0.01 to 100 and a threshold of 0 to 1000 are expected")
            return config
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"The {CONFIG} of {source} is not the configuration of this network ({error})."
        ) from error
    raise ValueError(
        f"The {CONFIG} of {source} is of format {version!r}; this model.py reads {FORMAT}. Take the model.py beside it."
    )
