"""web/read/digit.js alone in a real browser: it reads as Python does, and refuses the same."""

import hashlib
import json
import re
from dataclasses import asdict

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file, save

import board
import model
from bench import pendigits
from model import Config, DigitCNN
from tests.harness import ROOT, parity, without
from tests.harness.calls import encoded
from tests.harness.parity import Engine, Row, compare, generated

CONFIG, WEIGHTS = "weights/config.json", "weights/model.safetensors"
LINE = [{"points": [[200, 100], [220, 340]], "radius": 15}]


def refusal(page, script: str, argument: object = None) -> str:
    """The name and message of the error with which a promise is rejected."""
    return page.evaluate(
        f"""async (given) => {{
          try {{ await ({script})(given); }} catch (e) {{ return `${{e.name}}: ${{e.message}}`; }}
          return "";
        }}""",
        argument,
    )


# --- it reads as Python does ---


def check(row: Row) -> None:
    assert row.total
    assert row.agrees, "\n".join([str({**asdict(row), "differences": ""}), *row.differences])


def test_drawings_of_the_generator(net, engine):
    check(compare("generator", net, engine, generated(100)))


def test_drawings_at_the_limits(net, engine):
    for name, drawing in parity.odd().items():
        check(compare(name, net, engine, [drawing]))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "sizes", [None, pendigits.NATURAL, pendigits.SMALL], ids=["drawn", "natural", "small"]
)
def test_thousands_of_drawings(net, engine, sizes):
    drawings = parity.unseen(2000, sizes) if sizes else generated(2000, seed=1)
    if not drawings:
        without("unseen writers' strokes not found; set FREEHAND_DIR")
    check(compare("drawings", net, engine, drawings))


def test_pictures(net, engine):
    """Decoders of JPEG differ a little, and Python reduces pictures of more than 448 pixels a side."""
    rim = np.zeros((448, 448), np.uint8)
    rim[[0, -1]] = rim[:, [0, -1]] = 255
    for name, files in (parity.pictures(2) | {"a rim": [encoded(Image.fromarray(rim))]}).items():
        row = compare(name, net, engine, files)
        check(row)
        if not name.startswith(("JPEG", "2304")):
            assert row.tensor < parity.TENSOR, name


def test_the_comparison_notices_when_one_of_the_two_is_changed(net, engine, monkeypatch):
    monkeypatch.setattr(model, "SOFTNESS", model.SOFTNESS * 1.02)
    assert not compare("changed", net, engine, generated(20)).agrees


def test_classify_and_probabilities(net, engine):
    best, rows, none = engine.page.evaluate(
        """async (line) => [
          await net.classify(line, 3),
          (await net.probabilities([line, line])).map((row) => [...row]),
          await net.probabilities([]),
        ]""",
        LINE,
    )
    ours = net.classify(board.render(board.parse_strokes(LINE)), top_k=3)
    assert [each["label"] for each in best] == [label for label, _ in ours]
    assert [each["confidence"] for each in best] == pytest.approx([p for _, p in ours], abs=1e-5)
    values = np.array(rows)
    assert values.shape == (2, 10)
    assert values.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert best[0]["confidence"] == values.max()
    assert none == []


def test_activations(engine, net):
    layers = engine.page.evaluate(
        """async (line) => {
          const of = (layers) => layers.map((layer) => ({ ...layer, data: [...layer.data] }));
          const tensor = await net.preprocess(line), { logits } = net.predict(tensor);
          const last = of(net.activations());
          return { tensor: [...tensor], logits: [...logits], last };
        }""",
        LINE,
    )
    first, *shown, logits = layers["last"]
    assert (first["name"], first["data"]) == ("input", layers["tensor"])
    assert (logits["name"], logits["data"]) == ("logits", layers["logits"])
    x = torch.tensor(layers["tensor"], dtype=torch.float32).reshape(1, 1, 28, 28)
    expected = []
    with torch.inference_mode():
        for module in net.features:
            x = module(x)
            if isinstance(module, (torch.nn.ReLU, torch.nn.MaxPool2d, torch.nn.AdaptiveAvgPool2d)):
                expected.append(x)
        dense = net.dense(x.flatten(1))
    for layer, ours in zip(shown, expected, strict=True):
        assert (layer["channels"], layer["height"], layer["width"]) == tuple(ours.shape[1:])
        assert np.abs(ours.numpy().ravel() - layer["data"]).max() < 1e-4, layer["name"]
    assert np.abs(dense.numpy()[0] - logits["data"]).max() < 1e-4


@pytest.mark.parametrize(("channels", "places"), [((3, 5, 7), 4), ((8, 32, 80), 2), ((1, 1, 1), 7)])
def test_networks_of_another_shape(browser, tmp_path, channels, places):
    """Channels that are not a multiple of four, other places, another temperature and threshold."""
    other = DigitCNN(Config(channels=channels, places=places, threshold=0.1, temperature=1.7))
    other.save_pretrained(tmp_path)
    names = ("config.json", "model.safetensors")
    files = parity.site() | {f"weights/{name}": (tmp_path / name).read_bytes() for name in names}
    with parity.served(files) as url:
        engine = Engine(browser, url)
        check(compare("another shape", DigitCNN.from_pretrained(tmp_path), engine, generated(20)))
        engine.page.close()


# --- it refuses drawings and arguments ---

STROKES = [
    ({"points": []}, ""),
    *(([stroke], "A stroke is") for stroke in (7, {}, {"points": []})),
    *(
        ([{"points": [[1, 2], point]}], "A point is a pair of finite numbers")
        for point in ([3], [1, 2, 3], [1, "2"], [1, None], [1, 1e6], [1, True], [[0], 0])
    ),
    *(
        ([{"points": [[1, 2]], "radius": radius}], "The brush radius is a number from 5 to 25")
        for radius in (4.9, 25.1, 0, None)
    ),
    ([{"points": [[1, 2]]}] * 201, "A drawing has at most 200 strokes; this one has 201."),
    ([{"points": [[1, 2]] * 5001}] * 2, "A drawing has at most 10000 points"),
    ([{"points": [[0, 0], [448, 0]] * 101}], "A drawing has at most 200 board widths of line"),
]


def test_drawings_are_refused_with_pythons_sentences(engine):
    for strokes, sentence in STROKES:
        theirs = refusal(engine.page, "(s) => net.preprocess(s)", strokes)
        assert theirs and sentence in theirs, str(strokes)[:60]
        theirs = refusal(engine.page, "async (s) => digit.parseStrokes(s)", strokes)
        with pytest.raises(ValueError) as ours:
            board.parse_strokes(strokes)
        assert theirs.removeprefix("Error: ") == str(ours.value)


def test_drawings_at_the_limits_are_taken(engine):
    for limit in (
        [{"points": [[1, 2]]}] * 200,
        [{"points": [[1, 2]] * 5000, "radius": 5}] * 2,
        [{"points": [[0, 0], [448, 0]] * 100, "radius": 25}],
        [{"points": [[200.0, 200.0], [-999_999, 999_999]], "radius": 15.0}],
    ):
        (theirs,) = engine.read([board.parse_strokes(limit)])
        assert theirs.board == hashlib.sha256(board.render(board.parse_strokes(limit)).tobytes()).hexdigest()


def test_arguments_are_refused(engine):
    thin = refusal(engine.page, "() => net.preprocess(new ImageData(8, 9000))")
    assert "at most 512 times the short one" in thin
    for number in ("NaN", "Infinity"):
        theirs = refusal(engine.page, f"() => net.preprocess([{{ points: [[{number}, 1]] }}])")
        assert "finite numbers" in theirs
    for top_k in ("0", "11", "true", "2.5", "'3'", "NaN"):
        theirs = refusal(engine.page, f"(s) => net.classify(s, {top_k})", LINE)
        assert "top_k is a whole number from 1 to 10" in theirs
    for single in ("(s) => net.probabilities(s)", "() => net.probabilities(new ImageData(28, 28))"):
        assert "takes a list of pictures" in refusal(engine.page, single, LINE)


# --- it refuses weights ---

RAW, FILE = (ROOT / WEIGHTS).read_bytes(), (ROOT / CONFIG).read_bytes()
FIELDS = json.loads(FILE)
FORMAT = FIELDS["format"]


def files(weights: bytes = RAW, **changes: object) -> dict[str, bytes]:
    """Weights and a config.json that agrees with them, except for the changes."""
    fields = FIELDS | {"sha256": hashlib.sha256(weights).hexdigest()} | changes
    return {CONFIG: json.dumps(fields).encode(), WEIGHTS: weights}


def biased(bias: np.ndarray | None) -> dict[str, bytes]:
    """Weights with another bias in the last layer, or without one."""
    tensors = load_file(ROOT / WEIGHTS)
    del tensors["dense.bias"]
    return files(save(tensors if bias is None else tensors | {"dense.bias": bias}))


NO_CONFIG = r"The config.json of NAME/ is not the configuration of this network \("
NO_TENSORS = r"does not hold the tensors of the network in config.json \("
REFUSED: list[tuple[dict[str, bytes], str]] = [
    *((files() | {CONFIG: raw}, NO_CONFIG) for raw in (b"", b"{", b"[]", b"7", b"null", b"<html>")),
    (files(format=FORMAT + 1), NO_CONFIG + f"it is of format {FORMAT + 1}; this digit.js reads {FORMAT}"),
    (
        files() | {CONFIG: FILE.replace(b'"known"', b'"knew"')},
        NO_CONFIG + "knew, known missing or not expected",
    ),
    (files() | {CONFIG: FILE.replace(b'"focus": 4.0', b'"focus": 1e999')}, NO_CONFIG),
    *(
        (files(**{name: raw}), NO_CONFIG)
        for name in ("places", "known", "dropout")
        for raw in ("3", None, [1])
    ),
    *((files(temperature=raw), NO_CONFIG) for raw in (0, -1)),
    (files(channels=[8, 32, "80"]), NO_CONFIG),
    (files(channels=[8, 32, 81]), NO_TENSORS),
    (files(channels=8), NO_TENSORS),
    ({WEIGHTS: RAW}, "There is no config.json in NAME/;"),
    ({CONFIG: files()[CONFIG]}, "There is no model.safetensors in NAME/;"),
    (
        files() | {WEIGHTS: RAW[:-1] + bytes([RAW[-1] ^ 1])},
        "^AlteredWeights: The model.safetensors of NAME/ is not the file that config.json",
    ),
    *((files(RAW[:end]), NO_TENSORS) for end in (0, 4, 100, -4)),
    (biased(None), NO_TENSORS),
    (biased(np.zeros(9, np.float16)), NO_TENSORS + r"dense.bias is F16 \[9\] instead of F16 \[10\]"),
    (biased(np.zeros(10)), NO_TENSORS + r"dense.bias is F64 \[10\] instead of F16 \[10\]"),
]


def test_models_are_refused_in_a_sentence(browser, tmp_path):
    """Python refuses the same configurations."""
    served = parity.site()
    for number, (case, _) in enumerate(REFUSED):
        served |= {name.replace("weights", f"case{number}"): content for name, content in case.items()}
    load = "async (folder) => (await import('./digit.js')).DigitCNN.fromPretrained(folder)"
    with parity.served(served) as url:
        page = browser.new_page()
        page.goto(url)
        for number, (case, sentence) in enumerate(REFUSED):
            theirs = refusal(page, load, f"case{number}/")
            assert re.search(sentence.replace("NAME", f"case{number}"), theirs, re.DOTALL), (sentence, theirs)
            if sentence.startswith(NO_CONFIG):
                for name, content in case.items():
                    (tmp_path / name.removeprefix("weights/")).write_bytes(content)
                with pytest.raises(ValueError, match="is not the configuration of this network"):
                    DigitCNN.from_pretrained(tmp_path)
        for folder in ("weights", ""):
            assert "ends in a slash" in refusal(page, load, folder)
        for folder in ("http://[/", "http://127.0.0.1:9/"):
            theirs = refusal(page, load, folder)
            assert f"config.json cannot be fetched from {folder}" in theirs
        page.close()


def test_a_cached_file_that_does_not_fit_is_fetched_once_more(browser):
    """After a new version, the browser may still have an old file."""

    class Stale(dict):
        served = 0

        def get(self, path, default=None):
            right = super().get(path, default)
            if path == WEIGHTS:
                self.served += 1
                return right[:-8] + b"\0" * 8 if self.served == 1 else right
            return right

    stale = Stale(parity.site())
    with parity.served(stale) as url:
        Engine(browser, url).page.close()
    assert stale.served == 2


def test_an_error_of_the_server_does_not_name_weights(browser):
    """Whatever it sends with the error, the page says that the weights are away, and asks again later."""
    web = ROOT / "web"
    files = {path.relative_to(web).as_posix(): path.read_bytes() for path in web.rglob("*.js")}
    with parity.served(parity.site() | files) as url:
        page = browser.new_page()
        page.route("**/current", lambda route: route.fulfill(status=503, json={"bases": ["weights/"]}))
        page.goto(url)
        state = page.evaluate(
            """async () => {
              const { engine } = await import('./read/engine.js');
              const changed = new Promise((done) => engine.addEventListener('change', done));
              engine.open('current');
              await changed;
              return [engine.state, engine.problem, engine.weights];
            }"""
        )
        assert state == ["loading", "weights.away", None]
        page.close()
