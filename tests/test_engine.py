"""web/digit.js in a real browser, with no other page around it: it reads as Python does, and refuses what is not right."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file, save

import board
from bench import freehand, parity
from bench.parity import Engine, Row, compare
from handwriting import draw
from model import DigitCNN
from tests.harness import ROOT, without

CONFIG, WEIGHTS = "weights/config.json", "weights/model.safetensors"
CHANNELS = json.loads((ROOT / CONFIG).read_text())["channels"][0]  # of the first block
LINE = [{"points": [[200, 100], [220, 340]], "radius": 15}]


@pytest.fixture(scope="module")
def net() -> DigitCNN:
    return DigitCNN.from_pretrained(ROOT / "weights")


@pytest.fixture(scope="module")
def url():
    with parity.served(parity.site()) as url:
        yield url


@pytest.fixture(scope="module")
def engine(browser, url) -> Engine:
    engine = Engine(browser, url)
    yield engine
    engine.page.close()


@pytest.fixture
def files(browser) -> dict[str, bytes]:
    """The files of a model folder, to be changed before `refusal` loads them from `url`."""
    return parity.site()


def refusal(page, script: str, argument: object = None) -> str:
    """The sentence that a promise is rejected with, after the name of the error."""
    return page.evaluate(
        f"async (given) => {{ try {{ await ({script})(given); }} catch (e) {{ return `${{e.name}}: ${{e.message}}`; }} return ''; }}",
        argument,
    )


def refused(browser, files: dict[str, bytes], folder: str = "weights/") -> str:
    """What loading a model folder is refused with."""
    with parity.served(files) as url:
        page = browser.new_page()
        page.goto(url)
        sentence = refusal(
            page, "async (f) => (await import('./digit.js')).DigitCNN.fromPretrained(f)", folder
        )
        page.close()
    assert sentence, "it was loaded"
    return sentence


# --- it reads as Python does ------------------------------------------------------------------------------------------


def check(row: Row) -> None:
    assert row.total
    assert row.agrees, "\n".join([parity.table([row]), *row.differences])


@pytest.mark.parametrize("count", [200, 500])
def test_drawings_of_the_generator(net, engine, count):
    check(compare("generator", net, engine, parity.generated(count)))


@pytest.mark.thorough
@pytest.mark.parametrize("sizes", [freehand.NATURAL, freehand.SMALL], ids=["natural", "small"])
def test_drawings_of_unseen_writers(net, engine, sizes):
    drawings = parity.unseen(250, sizes)
    if not drawings:
        without("unseen writers' strokes not found; set FREEHAND_DIR")
    check(compare("unseen writers", net, engine, drawings))


@pytest.mark.thorough
def test_pictures(net, engine):
    for name, files in parity.pictures(10).items():
        row = compare(name, net, engine, files)
        check(row)
        if not name.startswith(
            ("JPEG", "2304")
        ):  # decoders differ a little; Python halves what is above 2048, this does not
            assert row.tensor < parity.TENSOR, name


def test_an_empty_drawing_and_pictures_without_ink(net, engine):
    even = parity.encoded(parity.Image.new("RGB", (60, 40), (120, 130, 140)))
    clear = parity.encoded(parity.Image.new("RGBA", (60, 40), (255, 0, 0, 0)))
    grain = np.random.default_rng(0).normal(190, 8, (300, 400)).clip(0, 255).astype(np.uint8)
    for item in ([], even, clear, parity.encoded(parity.Image.fromarray(grain))):
        (theirs,) = engine.read([item])
        assert "no ink" in theirs.problem
        assert theirs.problem == parity.in_python(net, item).problem


def test_what_python_and_the_browser_are_given_may_not_drift(net, engine, monkeypatch):
    """The comparison notices when one of the two is changed."""
    import model

    monkeypatch.setattr(model, "SOFTNESS", model.SOFTNESS * 1.02)
    assert not compare("changed", net, engine, parity.generated(20), say=lambda _: None).agrees


def test_a_growing_drawing_is_that_which_is_drawn_at_once(engine):
    rng = np.random.default_rng(5)
    for drawing in ([draw(int(digit), rng) for digit in rng.integers(10, size=20)]) + [
        [
            board.Stroke(np.array([[50.0, 60.0]]), 9.0),
            board.Stroke(np.array([[50.0, 60.0], [70.5, 90.25]]), 9.0),
        ]
    ]:
        different = engine.page.evaluate(
            """(strokes) => {
              const { Board, parseStrokes, render } = digit, board = new Board(), different = [];
              for (let last = 0; last < strokes.length; last += 1) {
                for (let count = 1; count <= strokes[last].points.length; count += 3) {
                  const now = parseStrokes([...strokes.slice(0, last), { ...strokes[last], points: strokes[last].points.slice(0, count) }]);
                  const grown = board.draw(now), whole = render(now);
                  if (grown.some((value, i) => value !== whole[i])) different.push([last, count]);
                }
              }
              board.draw(parseStrokes(strokes));
              const undone = parseStrokes(strokes.slice(1)), whole = render(undone);
              if (board.draw(undone).some((value, i) => value !== whole[i])) different.push("undone");
              return different;
            }""",
            parity._message(drawing),
        )
        assert not different


def test_boards_of_another_size_and_mnixels_reduction(engine):
    rng = np.random.default_rng(6)
    for digit in range(10):
        drawing = draw(digit, rng)
        theirs = engine.page.evaluate(
            "async (s) => { const { parseStrokes, render } = digit, { reduce } = await import('./reduce.js'), d = parseStrokes(s);"
            " return [[...render(d, 224)], [...reduce(render(d))]]; }",
            parity._message(drawing),
        )
        assert theirs[0] == board.render(drawing, 224).ravel().tolist()
        assert theirs[1] == np.rint(board.reduce(board.render(drawing))).ravel().tolist()


def test_what_may_be_given(net, engine):
    """ImageData, canvases, bitmaps, strokes, and a board are one picture."""
    strokes = parity._message(draw(3, np.random.default_rng(1)))
    tensors = engine.page.evaluate(
        """async (strokes) => {
          const board = new digit.Board(), pixels = board.draw(digit.parseStrokes(strokes)), image = new ImageData(448, 448);
          pixels.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
          const canvas = Object.assign(document.createElement("canvas"), { width: 448, height: 448 });
          canvas.getContext("2d").putImageData(image, 0, 0);
          const offscreen = new OffscreenCanvas(448, 448);
          offscreen.getContext("2d").putImageData(image, 0, 0);
          const all = [strokes, board, image, canvas, offscreen, await createImageBitmap(image)];
          return Promise.all(all.map(async (one) => [...await net.preprocess(one)]));
        }""",
        strokes,
    )
    for tensor in tensors[1:]:
        assert np.abs(np.array(tensor) - tensors[0]).max() < 1e-5


def test_classify_and_probabilities(engine):
    best, all_of_them, none = engine.page.evaluate(
        "async (line) => [await net.classify(line, 3), (await net.probabilities([line, line])).map((row) => [...row]), await net.probabilities([])]",
        LINE,
    )
    assert best[0]["label"] == "1"
    assert [one["confidence"] for one in best] == sorted((one["confidence"] for one in best), reverse=True)
    values = np.array(all_of_them)
    assert values.shape == (2, 10)
    assert values.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert best[0]["confidence"] == values.max()
    assert none == []


def test_activations(engine, net):
    layers = engine.page.evaluate(
        """async (line) => {
          const of = (layers) => layers.map((layer) => ({ ...layer, data: [...layer.data] }));
          const tensor = await net.preprocess(line), { logits } = net.predict(tensor), last = of(await net.activations());
          return { tensor: [...tensor], logits: [...logits], last, given: of(await net.activations(line)) };
        }""",
        LINE,
    )
    assert layers["given"] == layers["last"]
    first, *_, features, logits = layers["last"]
    assert (first["name"], first["data"]) == ("input", layers["tensor"])
    assert (logits["name"], logits["data"]) == ("logits", layers["logits"])
    for layer in layers["last"]:
        assert len(layer["data"]) == layer["channels"] * layer["height"] * layer["width"]
    dense = net.dense.weight.detach().numpy() @ np.array(features["data"]) + net.dense.bias.detach().numpy()
    assert np.abs(dense - logits["data"]).max() < 1e-4
    import torch

    x = torch.tensor(layers["tensor"], dtype=torch.float32).reshape(1, 1, 28, 28)
    shown = iter(layers["last"][1:-1])
    with torch.inference_mode():
        for module in net.features:
            x = module(x)
            if isinstance(module, (torch.nn.ReLU, torch.nn.MaxPool2d, torch.nn.AdaptiveAvgPool2d)):
                layer = next(shown)
                assert (layer["channels"], layer["height"], layer["width"]) == tuple(x.shape[1:])
                assert np.abs(x.numpy().ravel() - layer["data"]).max() < 1e-4, layer["name"]


@pytest.mark.parametrize(("channels", "places"), [((3, 5, 7), 4), ((8, 32, 80), 2), ((1, 1, 1), 7)])
def test_networks_of_another_shape(browser, tmp_path, channels, places):
    """Channels that are no multiple of four, and other places."""
    from model import Config

    other = DigitCNN(Config(channels=channels, places=places, threshold=0.1))
    other.save_pretrained(tmp_path)
    files = parity.site() | {
        f"weights/{name}": (tmp_path / name).read_bytes() for name in ("config.json", "model.safetensors")
    }
    with parity.served(files) as url:
        check(
            compare(
                "another shape",
                DigitCNN.from_pretrained(tmp_path),
                Engine(browser, url),
                parity.generated(20),
            )
        )


def test_in_a_worker(engine):
    """As the page runs it: loaded, asked and answered in a module worker."""
    answer = engine.page.evaluate(
        """async (line) => {
          const source = `import { DigitCNN } from "${location.href}digit.js";
            onmessage = async ({ data }) => postMessage(await (await DigitCNN.fromPretrained("${location.href}weights/")).classify(data, 1));`;
          const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
          worker.postMessage(line);
          return new Promise((resolve, reject) => { worker.onmessage = ({ data }) => resolve(data); worker.onerror = reject; });
        }""",
        LINE,
    )
    assert answer[0]["label"] == "1"


def test_size():
    """Engine and worker weigh at most 62 kB as they are."""
    assert (
        sum(file.stat().st_size for file in (ROOT / "web").glob("*.js") if file.stem in ("digit", "worker"))
        <= 62_000
    )


# --- it refuses what is not right -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strokes", "sentence"),
    [
        ({"points": []}, "This is not a picture"),
        ([7], "A stroke is"),
        ([{"points": []}], "A stroke is"),
        ([{"points": [[1, 2], [3]]}], "A point is a pair of finite numbers"),
        ([{"points": [[1, "2"]]}], "A point is a pair of finite numbers"),
        ([{"points": [[1, None]]}], "A point is a pair of finite numbers"),
        ([{"points": [[1, 1e6]]}], "A point is a pair of finite numbers"),
        ([{"points": [[1, True]]}], "A point is a pair of finite numbers"),
        ([{"points": [[1, 2]], "radius": 4.9}], "The brush radius is a number from 5 to 25"),
        ([{"points": [[1, 2]], "radius": None}], "The brush radius is a number from 5 to 25"),
        ([{"points": [[1, 2]]}] * 201, "A drawing has at most 200 strokes; this one has 201."),
        ([{"points": [[1, 2]] * 5001}] * 2, "A drawing has at most 10000 points"),
        ([{"points": [[0, 0], [448, 0]] * 101}], "A drawing has at most 200 board widths of line"),
    ],
)
def test_drawings_that_are_refused(engine, strokes, sentence):
    """With Python's sentences."""
    theirs = refusal(engine.page, "(s) => net.preprocess(s)", strokes)
    assert sentence in theirs
    if isinstance(strokes, list):
        with pytest.raises(ValueError, match=re.escape(theirs.removeprefix("Error: "))):
            board.parse_strokes(strokes)


def test_not_a_number_is_refused(engine):
    assert "finite numbers" in refusal(engine.page, "() => net.preprocess([{ points: [[NaN, 1]] }])")
    assert "finite numbers" in refusal(engine.page, "() => net.preprocess([{ points: [[1, Infinity]] }])")


def test_points_far_outside_are_drawn_at_the_limit(engine):
    far = [{"points": [[200.0, 200.0], [-9e5, 9e5]], "radius": 15.0}]
    theirs = engine.page.evaluate("(s) => [...digit.render(digit.parseStrokes(s))]", far)
    assert theirs == board.render(board.parse_strokes(far)).ravel().tolist()


@pytest.mark.parametrize("picture", ["null", "'digit.png'", "new Float32Array(784)", "{}", "document.body"])
def test_what_is_no_picture(engine, picture):
    assert "This is not a picture" in refusal(engine.page, f"() => net.preprocess({picture})")


@pytest.mark.parametrize(("width", "height"), [(7, 28), (28, 7)])
def test_pictures_of_impossible_sizes(engine, width, height):
    theirs = refusal(engine.page, f"() => net.preprocess(new ImageData({width}, {height}))")
    assert (
        f"The picture is {width}x{height} pixels; it must have at least 8 a side and at most 64 megapixels."
        in theirs
    )


@pytest.mark.parametrize("top_k", ["0", "11", "true", "2.5", "'3'", "NaN"])
def test_top_k(engine, top_k):
    assert "top_k is a whole number from 1 to 10" in refusal(
        engine.page, f"(s) => net.classify(s, {top_k})", LINE
    )


def test_a_single_picture_is_no_list(engine):
    assert "takes a list of pictures" in refusal(engine.page, "(s) => net.probabilities(s)", LINE)
    assert "takes a list of pictures" in refusal(
        engine.page, "() => net.probabilities(new ImageData(28, 28))"
    )


def test_activations_of_no_picture(browser, url):
    page = Engine(browser, url).page
    assert "activations()" in refusal(page, "() => net.activations()")
    page.close()


@pytest.mark.parametrize("folder", ["weights", "", "http://[/"])
def test_urls_that_are_none(browser, files, folder):
    theirs = refused(browser, files, folder)
    assert "ends in a slash" in theirs or "config.json cannot be fetched from http://[/" in theirs


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_is_not_there(browser, files, name):
    del files[f"weights/{name}"]
    assert f"There is no {name} in weights/;" in refused(browser, files)


def test_a_server_that_is_gone(engine):
    theirs = refusal(engine.page, "() => digit.DigitCNN.fromPretrained('http://127.0.0.1:9/')")
    assert (
        "config.json cannot be fetched from http://127.0.0.1:9/: check the network and try again." in theirs
    )


def test_altered_weights(browser, files):
    files[WEIGHTS] = files[WEIGHTS][:-1] + bytes([files[WEIGHTS][-1] ^ 1])
    assert refused(browser, files).startswith(
        "AlteredWeights: The model.safetensors of weights/ is not the file that config.json"
    )


def test_a_cached_file_that_does_not_fit_is_fetched_once_more(browser, files):
    """As after a new version, of which the browser still has one old file."""
    right = files[WEIGHTS]

    class Stale(dict):
        served = 0

        def get(self, path, default=None):
            if path == WEIGHTS:
                self.served += 1
                return right[:-8] + b"\0" * 8 if self.served == 1 else right
            return super().get(path, default)

    stale = Stale(files)
    with parity.served(stale) as url:
        Engine(browser, url).page.close()
    assert stale.served == 2


def with_config(files: dict[str, bytes], **changes: object) -> None:
    """Change fields of config.json; None takes one away."""
    config = json.loads(files[CONFIG]) | changes
    files[CONFIG] = json.dumps({name: value for name, value in config.items() if value is not None}).encode()


def with_tensors(files: dict[str, bytes], change) -> None:
    """Change the tensors, and let config.json agree."""
    tensors = load_file(ROOT / WEIGHTS)
    change(tensors)
    files[WEIGHTS] = save(tensors)
    with_config(files, sha256=hashlib.sha256(files[WEIGHTS]).hexdigest())


@pytest.mark.parametrize(
    "change",
    [
        {"channels": [16, 48]},
        {"channels": [16, 48, 0]},
        {"channels": [16, 48, 1025]},
        {"channels": [16, 48, "96"]},
        {"channels": 16},
        {"places": 0},
        {"places": 8},
        {"places": 2.5},
        {"dropout": 1.5},
        {"dropout": None},
        {"temperature": 0},
        {"temperature": "warm"},
        {"threshold": -1},
        {"threshold": 1001},
        {"strength": -1},
        {"focus": 0.5},
        {"standing": -0.1},
        {"known": 1.5},
        {"sha256": None},
        {"more": 1},
    ],
    ids=str,
)
def test_configurations_that_are_refused(browser, files, tmp_path, change):
    with_config(files, **change)
    assert "The config.json of weights/ is not the configuration of this network (" in refused(browser, files)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes(files[f"weights/{name}"])
    with pytest.raises(ValueError, match="is not the configuration of this network"):
        DigitCNN.from_pretrained(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"null", b"<html>"])
def test_files_that_are_no_configuration(browser, files, content):
    files[CONFIG] = content
    assert "The config.json of weights/ is not the configuration of this network (" in refused(browser, files)


def test_another_format(browser, files):
    with_config(files, format=4)
    assert "is of format 4; this digit.js reads 3. Take the digit.js beside it." in refused(browser, files)


def add(name: str, tensor: np.ndarray):
    return lambda tensors: tensors.__setitem__(name, tensor)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tensors: tensors.pop("dense.bias"), "dense.bias is missing"),
        (add("more", np.zeros(2, np.float32)), "more is unexpected"),
        (add("dense.bias", np.zeros(9, np.float32)), r"dense.bias is F32 \[9\] instead of F32 \[10\]"),
        (add("dense.bias", np.zeros(10, np.float16)), r"dense.bias is F16 \[10\] instead of F32 \[10\]"),
        (add("dense.bias", np.full(10, np.nan, np.float32)), "dense.bias has impossible numbers"),
        (add("dense.bias", np.full(10, np.inf, np.float32)), "dense.bias has impossible numbers"),
        (
            add("features.1.running_var", np.full(CHANNELS, -1, np.float32)),
            "features.1.running_var has impossible numbers",
        ),
    ],
    ids=["missing", "unexpected", "shape", "type", "NaN", "infinity", "variance"],
)
def test_tensors_that_are_refused(browser, files, change, reason):
    with_tensors(files, change)
    assert re.search(
        rf"does not hold the tensors of the network in config.json \({reason}\)", refused(browser, files)
    )


@pytest.mark.parametrize("end", [0, 4, 100, -4], ids=["nothing", "half a length", "half a header", "most"])
def test_weights_that_were_cut_short(browser, files, end):
    """Even if config.json was written for what is left."""
    files[WEIGHTS] = files[WEIGHTS][:end]
    assert refused(browser, files).startswith("AlteredWeights")
    with_config(files, sha256=hashlib.sha256(files[WEIGHTS]).hexdigest())
    assert "does not hold the tensors of the network" in refused(browser, files)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_is_too_large(browser, files, name):
    """It is not read to its end."""
    files[f"weights/{name}"] += b" " * 70_000
    assert f"The {name} of weights/" in (sentence := refused(browser, files))
    assert "is larger than it can be" in sentence
