"""What people bring: arrays and files of every kind, photographs of sheets and forms, two digits at once."""

import base64
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import board
from bench import pendigits, unipen
from bench.pictures import KINDS, pair, strangers
from model import MAX_PIXELS, MIN_SIDE, REDUCED, THIN, DigitCNN, EmptyDrawing, SeveralDigits
from serving import decoder
from tests.harness import ROOT, parity, without
from tests.harness.calls import encoded
from tests.harness.person import DRAWINGS, HEART

NET = DigitCNN.from_pretrained(ROOT / "weights")


def drawn(digit: str, side: int = board.SIZE, scale: float = 0.7, at=(224, 224)) -> np.ndarray:
    """A digit as uint8 (side, side), white on black."""
    strokes = [(np.array(stroke) - 224) * scale + at for stroke in DRAWINGS[digit]]
    return board.render([board.Stroke(stroke, 14 * scale) for stroke in strokes], side)


SMALL = np.asarray(Image.fromarray(drawn("2")).resize((28, 28), Image.Resampling.BOX))


def png(picture: np.ndarray) -> bytes:
    return encoded(Image.fromarray(picture))


# --- what Python takes ---

SAME = {
    "float 0..1": SMALL / 255,
    "float 0..255": SMALL.astype(np.float32),
    "float16": (SMALL / 255).astype(np.float16),
    "big-endian": (SMALL / 255).astype(">f8"),
    "overshoot": np.where(SMALL == SMALL.max(), 1.0000001, SMALL / 255 - 1e-9),
    "int64": SMALL.astype(np.int64),
    "uint16 of 16 bits": SMALL.astype(np.uint16) * 257,
    "(28, 28, 1)": SMALL[..., None],
    "(1, 28, 28)": SMALL[None],
    "(1, 1, 28, 28)": SMALL[None, None],
    "(784,)": SMALL.ravel(),
    "(28, 28, 3)": np.dstack([SMALL] * 3),
    "(3, 28, 28)": np.stack([SMALL] * 3),
    "(28, 28, 4)": np.dstack([SMALL] * 3 + [np.full_like(SMALL, 255)]),
    "list of lists": SMALL.tolist(),
    "tensor": torch.from_numpy(SMALL.copy()),
    "tensor (1, 28, 28)": torch.from_numpy(SMALL.copy())[None] / 255,
    "bfloat16": torch.from_numpy(SMALL.copy()).bfloat16(),
    "gradient": torch.from_numpy(SMALL / 255).requires_grad_(),
    "bytes": png(SMALL),
    "open file": io.BytesIO(png(SMALL)),
    "PIL": Image.fromarray(SMALL),
    "Sketchpad": {"background": None, "layers": [], "composite": SMALL},
    "row of a data set": {"image": Image.fromarray(SMALL), "label": 2},
    "not contiguous": np.asfortranarray(SMALL)[::-1][::-1],
}


@pytest.mark.parametrize("form", SAME)
def test_every_form_of_a_picture_is_the_same_picture(form):
    assert NET.preprocess(SAME[form]).numpy() == pytest.approx(NET.preprocess(SMALL).numpy(), abs=0.02)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32])
def test_a_mask_of_zeros_and_ones_is_ink(kind):
    assert NET.classify((SMALL > 99).astype(kind), 1)[0][0] == "2"
    with pytest.raises(EmptyDrawing):
        NET.preprocess(np.zeros((28, 28), kind))


MODES = "1 L P RGB RGBA CMYK YCbCr LAB HSV I F LA PA RGBX RGBa La I;16 I;16L I;16B I;16N".split()


def in_mode(mode: str) -> Image.Image:
    grey = Image.fromarray(SMALL)
    if mode == "LAB":
        return Image.merge("LAB", [grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128)])
    if mode.startswith("I;16"):
        order = ">" if mode.endswith("B") else "<"
        return Image.frombytes(mode, grey.size, (SMALL.astype(order + "u2") * 257).tobytes())
    for step in {"RGBa": "RGBA", "La": "LA", "PA": "P", "HSV": "RGB"}.get(mode, "L"), mode:
        grey = grey.convert(step)
    return grey


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pillow(mode):
    assert NET.classify(in_mode(mode), 1)[0][0] == "2"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (b"garbage", r"cannot be opened \(cannot identify image file\): expected a path"),
        (SMALL.astype(complex), "Cannot read a ndarray as a picture"),
        (torch.zeros(28, 28, dtype=torch.complex64), "Cannot read a Tensor as a picture"),
        (np.stack([SMALL] * 3)[:, None], r"Cannot read an array of shape \(3, 1, 28, 28\) as one picture"),
        ({}, "Cannot read a NoneType as a picture"),
        ({"composite": None, "layers": [], "background": None}, "sketch pad is empty"),
        (np.full((300, 300), 255, np.uint8), "one even colour: there is no ink"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_not_a_picture_says_so(what, sentence):
    with pytest.raises(ValueError, match=sentence):
        NET.preprocess(what)


def test_a_picture_of_the_caller_is_not_changed():
    image = Image.open(io.BytesIO(encoded(Image.new("L", (3000, 2400), 255), "JPEG")))
    with pytest.raises(EmptyDrawing):
        NET.classify({"image": image})
    assert image.size == (3000, 2400)


@pytest.mark.parametrize(("kind", "clear"), [("PNG", False), ("JPEG", False), ("TIFF", False), ("PNG", True)])
def test_large_colours_are_read_alike_by_the_server(kind, clear):
    share = np.asarray(Image.fromarray(drawn("4")).resize((2600, 2100)))[..., None] / 255
    red, green = np.array([200, 20, 20]), np.array([20, 112, 20])
    coloured = Image.fromarray((red * share + green * (1 - share)).astype(np.uint8))
    if clear:
        ink = (share * 255).astype(np.uint8)
        coloured = Image.fromarray(np.dstack([ink * 0, ink * 0, ink, ink]))
    file = encoded(coloured, kind)
    opened = decoder.open_picture(file)
    assert max(opened.size) <= REDUCED
    assert NET.classify(opened, 1)[0][0] == NET.classify(file, 1)[0][0] == "4"
    assert NET.preprocess(opened).numpy() == pytest.approx(NET.preprocess(file).numpy(), abs=0.02)
    assert (decoder.MAX_PIXELS, decoder.SIDE, decoder.MIN_SIDE) == (MAX_PIXELS, REDUCED, MIN_SIDE)
    assert decoder.THIN == THIN


def test_paths(tmp_path):
    path = tmp_path / "zwei Ziffern.png"
    path.write_bytes(png(255 - drawn("5")))
    assert NET.classify(path, 1) == NET.classify(str(path), 1)
    assert NET.classify(path, 1)[0][0] == "5"
    with pytest.raises(ValueError, match="There is no file .*none.png"):
        NET.classify(tmp_path / "none.png")


@pytest.mark.parametrize(
    "batch",
    [
        [SMALL, SMALL],
        (SMALL, SMALL),
        (SMALL for _ in range(2)),
        np.stack([SMALL] * 2),
        np.stack([SMALL.ravel()] * 2),
        torch.from_numpy(np.stack([SMALL] * 2))[:, None] / 255,
        np.stack([np.dstack([SMALL] * 3)] * 2),
    ],
    ids=["list", "tuple", "generator", "(2, 28, 28)", "(2, 784)", "(2, 1, 28, 28)", "(2, 28, 28, 3)"],
)
def test_batches(batch):
    rows = NET.probabilities(batch)
    assert rows.shape == (2, 10)
    assert rows[0] == pytest.approx(NET.probabilities([SMALL])[0], abs=1e-4)


@pytest.mark.parametrize(
    "one", [SMALL, np.dstack([SMALL] * 3), Image.fromarray(SMALL), "a.png", b"", {}, None]
)
def test_one_picture_is_not_a_batch(one):
    with pytest.raises(ValueError, match="takes a list of pictures"):
        NET.probabilities(one)


def test_any_precision_and_the_mode_of_training_stays():
    right = NET.probabilities([SMALL])
    for change in (torch.nn.Module.half, torch.nn.Module.double, torch.nn.Module.bfloat16):
        net = change(DigitCNN.from_pretrained(ROOT / "weights")).train()
        rows = net.probabilities([SMALL])
        assert (rows.dtype, net.training) == (np.float32, True)
        assert rows == pytest.approx(right, abs=0.02)


# --- files ---


def photographed(ink: np.ndarray, paper: float = 210, pen: float = 50, seed: int = 0) -> np.ndarray:
    """Ink 0..1 on grainy paper that is a little darker to one side: uint8 (H, W)."""
    grain = np.random.default_rng(seed).normal(0, 3, ink.shape)
    light = np.linspace(1, 0.85, ink.shape[1])
    return ((paper + (pen - paper) * ink) * light + grain).clip(0, 255).astype(np.uint8)


def large(kind: str, width: int, height: int) -> bytes:
    """A file of so many pixels with a 4 in its middle."""
    image = Image.new("RGB", (width, height), (215, 212, 205))
    digit = Image.fromarray(255 - (drawn("4", 1200) * 0.8).astype(np.uint8)).convert("RGB")
    image.paste(digit, ((width - 1200) // 2, (height - 1200) // 2))
    return encoded(image, kind)


@pytest.mark.parametrize(("kind", "width", "height"), [("JPEG", 5712, 4284), ("PNG", 1400, 9000)])
def test_large_pictures_are_reduced(kind, width, height):
    assert NET.classify(large(kind, width, height), 1)[0][0] == "4"


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_64_megapixels_within_400_megabytes(kind, tmp_path):
    (tmp_path / "large").write_bytes(large(kind, 9248, 6936))
    code = (
        "import resource, sys; from model import DigitCNN; net = DigitCNN.from_pretrained('weights')\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); print(net.classify(sys.argv[1], 1)[0][0], (peak() - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "large")], cwd=ROOT, capture_output=True, text=True
    )
    digit, megabytes = done.stdout.split()
    assert digit == "4"
    assert int(megabytes) < 400


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.fromarray(255 - drawn("4")).resize((300, 400))
    stored = upright.transpose(turns[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(NET.preprocess(encoded(stored, exif=exif)), NET.preprocess(upright))


def test_damaged_exif_neither_turns_nor_refuses_a_picture():
    image = Image.fromarray(drawn("4"))
    damaged = encoded(image, exif=b"Exif\0\0damaged")
    assert np.array_equal(NET.preprocess(damaged), NET.preprocess(image))
    assert decoder.open_picture(damaged).tobytes() == image.tobytes()


# --- what is round the digit ---


def framed(digit: str, shape: str) -> Image.Image:
    ink = drawn(digit, 600, 0.55) / 255
    paper = photographed(ink)
    image = Image.fromarray(paper)
    draw = ImageDraw.Draw(image)
    if shape == "strip":
        draw.rectangle((0, 540, 600, 600), fill=70)
    elif shape == "slanted edge":
        draw.polygon([(0, 500), (0, 600), (600, 600), (600, 560)], fill=90)
    elif shape in ("card", "slate"):
        if shape == "slate":
            paper = photographed(ink, paper=50, pen=220)
        desk = Image.fromarray(photographed(np.zeros((900, 900)), paper=100 if shape == "card" else 190))
        return Image.composite(
            Image.fromarray(np.pad(paper, 150)).rotate(8),
            desk,
            Image.new("L", (600, 600), 255).crop((-150, -150, 750, 750)).rotate(8),
        )
    elif shape == "frame":
        draw.rounded_rectangle((30, 40, 565, 560), 30, outline=60, width=8)
    elif shape == "cell":
        draw.rectangle((0, 0, 600, 9), fill=60)
        draw.rectangle((591, 0, 600, 600), fill=60)
    elif shape == "squared":
        for at in range(20, 600, 55):
            draw.line((0, at, 600, at + 12), fill=110, width=3)
            draw.line((at, 0, at - 12, 600), fill=110, width=3)
    elif shape == "finger":
        draw.ellipse((440, 470, 720, 740), fill=60)
    return image


SHAPES = ["strip", "slanted edge", "card", "slate", "frame", "cell", "squared", "finger"]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_round_the_digit_is_not_its_ink(shape):
    named = [NET.classify(framed(digit, shape), 1)[0][0] for digit in DRAWINGS]
    assert named == list(DRAWINGS)


def test_half_transparent_ink_and_colours_of_one_luminance():
    for digit in DRAWINGS:
        ink = drawn(digit)
        for colour in (0, 255):
            layer = np.dstack([np.full((*ink.shape, 3), colour, np.uint8), (ink * 0.4).astype(np.uint8)])
            assert NET.classify(layer, 1)[0][0] == digit
        share = ink[..., None] / 255
        red, green = np.array([200, 20, 20]), np.array([20, 112, 20])
        assert NET.classify((red * share + green * (1 - share)).astype(np.uint8), 1)[0][0] == digit


def test_a_digit_that_was_cropped_closely_keeps_its_ink():
    for digit in DRAWINGS:
        ink = drawn(digit, 600) / 255
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        close = photographed(ink)[rows[0] + 3 : rows[-1] - 2, columns[0] + 3 : columns[-1] - 2]
        assert NET.classify(close, 1)[0][0] == digit


@pytest.mark.parametrize(("side", "paper", "line"), [(300, 255, 40), (448, 0, 255), (448, 255, 0)])
def test_only_a_frame_is_said(side, paper, line):
    """At the size of a board, too."""
    frame = np.full((side, side), paper, np.uint8)
    frame[:3] = frame[-3:] = frame[:, :3] = frame[:, -3:] = line
    with pytest.raises(ValueError, match="leave some paper around the digit|no ink"):
        NET.preprocess(frame)


def test_a_drawing_that_runs_over_the_edge_of_a_board_is_taken_as_it_is():
    ink = board.render([board.Stroke(np.array(half) + (140, 0), 8.0) for half in HEART])
    # A network without a threshold takes every picture as it is.
    assert ink[:, -1].any() and torch.equal(NET.preprocess(ink), DigitCNN().preprocess(ink))


# --- several digits ---


def beside(left: str, right: str, gap: float, slant: float = 0.0) -> list[board.Stroke]:
    """Two digits with `gap` board units of ground between their ink."""
    strokes: list[np.ndarray] = []
    for digit in (left, right):
        parts = [np.array(stroke, float) * 0.5 for stroke in DRAWINGS[digit]]
        start = min(part[:, 0].min() for part in parts)
        end = max((stroke[:, 0].max() for stroke in strokes), default=40 - gap - 16)
        strokes += [part + (end + gap + 16 - start, 110) for part in parts]
    return [board.Stroke(stroke - np.outer(stroke[:, 1] - 224, (slant, 0)), 8.0) for stroke in strokes]


@pytest.mark.parametrize("slant", [0.0, 0.25])
@pytest.mark.parametrize("gap", [14, 40])
def test_two_digits_are_never_named_as_one(gap, slant):
    for left, right in ("24", "52", "75", "32"):
        ink = board.render(beside(left, right, gap, slant))
        for picture in (ink, Image.fromarray(photographed(ink / 255))):
            with pytest.raises(SeveralDigits, match="more than one digit in the picture; crop it to one"):
                NET.preprocess(picture)


def test_a_digit_far_from_another_drawing_is_not_alone():
    """Even if the network does not know the other one."""
    lines = [(line, 20) for line in DRAWINGS["2"]] + [(line, 250) for line in HEART]
    ink = board.render([board.Stroke(np.array(line) * 0.4 + (x, 130), 8.0) for line, x in lines])
    with pytest.raises(SeveralDigits):
        NET.preprocess(ink)


def one_and_seven(height: int) -> np.ndarray:
    """A bare 1, so many board units tall, beside a 7 of 100."""
    one, seven = [(100, 0), (98, height)], [(180, 0), (260, 0), (220, 100)]
    lines = [np.array(line, float) + (60, 180) for line in (one, seven)]
    return 255 - board.render([board.Stroke(line, 6.0) for line in lines])[120:380]


@pytest.mark.parametrize("height", [90, 110, 140])
def test_a_one_beside_a_digit_is_not_a_line_of_the_paper(height):
    with pytest.raises(SeveralDigits):
        NET.preprocess(one_and_seven(height))


ONE = {
    "5 with its bar apart": (
        "5",
        [[(150, 100), (140, 210), (240, 200), (270, 280), (220, 350), (130, 340)], [(190, 85), (300, 80)]],
    ),
    "4 in two strokes": ("4", [[(170, 90), (130, 240), (290, 235)], [(262, 120), (255, 370)]]),
    "dashed 7": (
        "7",
        [
            [(130, 110), (200, 110)],
            [(240, 110), (300, 110)],
            [(285, 150), (258, 220)],
            [(243, 258), (210, 340)],
        ],
    ),
    "stray dot": ("7", [[(130, 110), (300, 110), (200, 350)], [(400, 400)]]),
}


@pytest.mark.parametrize("name", ONE)
def test_one_digit_in_parts_stays_one(name):
    label, strokes = ONE[name]
    ink = board.render([board.Stroke(np.array(stroke, float), 14) for stroke in strokes])
    assert NET.classify(ink, 1)[0][0] == label


@pytest.mark.parametrize("gap", [0, 24, 36])
def test_a_heart_in_two_strokes_is_one_drawing(gap):
    halves = [np.array(half) + (side * gap / 2, 0) for half, side in zip(HEART, (-1, 1), strict=True)]
    NET.preprocess(board.render([board.Stroke(half, 8.0) for half in halves]))


# --- digit.js ---


def same(engine, files: list[bytes], share: float = 0.0) -> None:
    """digit.js gives Python's answers to picture files, but for a share of them."""
    theirs, ours = list(engine.read(files)), [parity.in_python(NET, file) for file in files]
    different = [
        i
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True))
        if (a.problem, a.digit) != (b.problem, b.digit) or (not share and abs(a.margin - b.margin) > 0.5)
    ]
    assert len(different) <= share * len(files), different


def test_the_browser_finds_the_same_digits(engine):
    pictures = [np.asarray(framed(digit, shape)) for digit, shape in zip("23475724", SHAPES, strict=True)]
    ink = drawn("3")
    pictures += [
        np.dstack([np.zeros((*ink.shape, 3), np.uint8), ink // 3]),
        np.where(ink[..., None] > 99, [200, 20, 20], [20, 112, 20]).astype(np.uint8),
        photographed(board.render(beside("2", "4", 20)) / 255),
        board.render(beside("2", "4", 20)),
        one_and_seven(110),
        SMALL,
        photographed(np.zeros((300, 300))),
        # A pale card.
        127 + np.asarray(framed("4", "card")) // 2,
        # Half of its edge is of one grey, and half of another.
        np.maximum(ink, np.where(np.arange(448) < 224, 0, 90)).astype(np.uint8),
    ]
    # A sheet that leaves just half of the picture black is not a board.
    sheet = np.zeros((448, 448), np.uint8)
    sheet[96:352, 28:420] = 255 - drawn("4", scale=0.5)[96:352, 28:420] * 0.8
    # A mark just as far from a digit as what does not belong to it.
    marked = drawn("2", 240, 0.45, (224, 300))
    marked[64:104, 106:116] = 255
    # Parts that are almost as far apart as two digits.
    halves = [np.array(half) + (side * 18, 0) for half, side in zip(HEART, (-1, 1), strict=True)]
    pictures += [sheet, marked, board.render([board.Stroke(half, 8.0) for half in halves])]
    same(engine, [png(picture) for picture in pictures])


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [*KINDS, "two digits"])
def test_the_browser_reads_every_kind_as_python_does(engine, kind):
    """A thousand answers in all, of which one may differ."""
    folder, root = pendigits.folder(), unipen.folder()
    if folder is None or root is None:
        without("strokes of strangers not found; set FREEHAND_DIR and UNIPEN_DIR")
    files = []
    digits = strangers(folder, root, 80)
    for i, (_, strokes) in enumerate(digits):
        rng = np.random.default_rng([4, i])
        if kind == "24 megapixels" and i >= 4:
            break
        made = (
            KINDS[kind](strokes, rng) if kind in KINDS else pair(strokes, digits[i - 1][1], rng, i % 2 == 0)
        )
        files.append(png(np.asarray(made)))
    same(engine, files, 0.02)


TAKEN = {
    "image": "const i = new Image(); i.src = url; return i;",
    "blob": "return (await fetch(url)).blob();",
    "file": "return new File([await (await fetch(url)).blob()], 'five.png');",
    "canvas": "const c = document.createElement('canvas'); c.width = c.height = 448;"
    " c.getContext('2d').drawImage(await bitmap(), 0, 0); return c;",
    "video frame": "return new VideoFrame(await bitmap(), { timestamp: 0 });",
    "ImageData of a frame": "const f = document.body.appendChild(document.createElement('iframe'));"
    " const c = new OffscreenCanvas(448, 448).getContext('2d'); c.drawImage(await bitmap(), 0, 0);"
    " const d = c.getImageData(0, 0, 448, 448); return new f.contentWindow.ImageData("
    "new f.contentWindow.Uint8ClampedArray(d.data), 448, 448);",
}


@pytest.mark.parametrize("kind", TAKEN)
def test_the_browser_takes_what_can_be_drawn(engine, kind):
    url = "data:image/png;base64," + base64.b64encode(png(255 - drawn("5"))).decode()
    best = engine.page.evaluate(
        f"""async (url) => {{
          const bitmap = async () => createImageBitmap(await (await fetch(url)).blob());
          const picture = await (async () => {{ {TAKEN[kind]} }})();
          return net.classify(picture, 1);
        }}""",
        url,
    )
    assert best[0]["label"] == "5"


def test_node_reads_a_folder(tmp_path):
    node = shutil.which("node")
    if node is None:
        without("Node is not installed")
    (tmp_path / "digit.mjs").write_bytes((ROOT / "web" / "read" / "digit.js").read_bytes())
    (tmp_path / "ask.mjs").write_text(
        "import { DigitCNN } from './digit.mjs';\n"
        f"const net = await DigitCNN.fromPretrained({json.dumps(str(ROOT / 'weights') + '/')});\n"
        "console.log((await net.classify([{ points: [[220, 90], [224, 350]] }], 1))[0].label);\n"
        "const say = (promise) => promise.catch((error) => console.log(error.message));\n"
        "await say(DigitCNN.fromPretrained('nowhere/'));\n"
        "await say(net.classify(new Blob(['7'])));\n"
        "await say(net.classify({ width: 28, height: 28, data: new Float32Array(28 * 28 * 4) }));\n"
        "await say(net.adapt([[{ points: [[220, 90], [224, 350]] }]], '7'));"
    )
    done = subprocess.run([node, tmp_path / "ask.mjs"], capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "1", done.stderr
    assert "There is no config.json in nowhere/" in done.stdout
    assert done.stdout.count("This is not a picture (createImageBitmap is not defined): expected") == 2
    assert "adapt() takes a list of pictures and a list of as many labels." in done.stdout
