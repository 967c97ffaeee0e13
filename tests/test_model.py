"""The network: its size, its files, and what it says."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model import Config, DigitCNN
from tests.harness import ROOT, python
from tests.harness.calls import picture
from tests.harness.person import DRAWINGS
from training.upstream import UpstreamCNN


@pytest.fixture
def net() -> DigitCNN:
    torch.manual_seed(3)
    return DigitCNN(Config(channels=(4, 6, 8), temperature=1.3, threshold=0.4))


@pytest.fixture
def folder(net, tmp_path):
    net.save_pretrained(tmp_path)
    return tmp_path


def test_size():
    parameters = sum(p.numel() for p in DigitCNN().parameters())
    assert parameters == 42_738 <= 60_000
    kinds = {type(layer).__name__ for layer in DigitCNN().modules()}
    assert {"Conv2d", "BatchNorm2d", "MaxPool2d", "Dropout", "Linear"} <= kinds
    statistics = sum(b.numel() for b in UpstreamCNN().buffers() if b.ndim)
    assert sum(p.numel() for p in UpstreamCNN().parameters()) + statistics == 351_770


def test_weights_reload_bit_for_bit(net, folder):
    again = DigitCNN.from_pretrained(folder)
    assert again.config == net.config
    assert again.source == str(folder)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    pictures = [picture(digit) for digit in DRAWINGS]
    assert np.array_equal(net.probabilities(pictures), again.probabilities(pictures))
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}


def test_shipped_weights_read_the_examples():
    shipped = DigitCNN.from_pretrained(ROOT / "weights")
    assert [shipped.classify(picture(digit), top_k=1)[0][0] for digit in DRAWINGS] == list(DRAWINGS)


def test_probabilities(net):
    pictures = [picture(digit) for digit in DRAWINGS]
    rows = net.probabilities(pictures)
    assert rows.shape == (6, 10)
    assert rows.dtype == np.float32
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert net.probabilities([pictures[2]])[0] == pytest.approx(rows[2], abs=1e-6)
    assert net.probabilities([]).shape == (0, 10)
    hot, cold = DigitCNN(replace(net.config, temperature=3.0)), DigitCNN(replace(net.config, temperature=0.5))
    hot.load_state_dict(net.state_dict())
    cold.load_state_dict(net.state_dict())
    assert hot.probabilities(pictures).max() < rows.max() < cold.probabilities(pictures).max()


def test_classify(net):
    best = net.classify(picture("4"), top_k=10)
    assert sorted(label for label, _ in best) == list("0123456789")
    assert [p for _, p in best] == sorted((p for _, p in best), reverse=True)
    assert net.classify(picture("4")) == best[:3]
    assert all(type(label) is str and type(p) is float for label, p in best)


@pytest.mark.parametrize("top_k", [0, 11, -1, 2.5, "3", None, True])
def test_bad_top_k(net, top_k):
    with pytest.raises(ValueError, match="top_k is a whole number from 1 to 10"):
        net.classify(picture("4"), top_k=top_k)


def test_predict_takes_no_pictures(net):
    with pytest.raises(ValueError, match="classify\\(\\) takes pictures"):
        net.predict(picture("4"))


def test_a_network_in_training_is_read_from_and_stays_so(net):
    net.train()
    net.features[1].eval()
    modes = [layer.training for layer in net.modules()]
    first = net.probabilities([picture("2")])
    assert np.array_equal(first, net.probabilities([picture("2")])), "dropout or batch statistics were in use"
    assert [layer.training for layer in net.modules()] == modes


WEIGHTS, CONFIG = "model.safetensors", "config.json"


def configured(**changes):
    """Change config.json of a folder."""

    def change(folder):
        config = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps(config | changes))

    return change


def without(key):
    """Take a key out of config.json of a folder."""

    def change(folder):
        config = json.loads((folder / CONFIG).read_text())
        del config[key]
        (folder / CONFIG).write_text(json.dumps(config))

    return change


def written(name, change):
    """Change the bytes of a file."""
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def tensors(change):
    """Change the tensors, and the SHA-256 in config.json."""

    def both(folder):
        changed = load_file(folder / WEIGHTS)
        change(changed)
        save_file(changed, folder / WEIGHTS)
        configured(sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())(folder)

    return both


NO_CONFIG = "is not the configuration of this network"
# test_engine.py has more configurations that both Python and the browser refuse.
SPOILED = {
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "There is no model.safetensors in"),
    "no config": (lambda f: (f / CONFIG).unlink(), "There is no config.json in"),
    "other version": (configured(format=1), "format 1; this model.py reads 3"),
    "missing key": (without("known"), "known missing or not expected"),
    "unknown key": (configured(depth=9), NO_CONFIG),
    "wrong kind": (configured(channels="abc"), NO_CONFIG),
    "no channels": (configured(channels=[1]), NO_CONFIG),
    "many channels": (configured(channels=[8, 32, 257]), NO_CONFIG),
    "half a place": (configured(places=2.5), NO_CONFIG),
    "too cold": (configured(temperature=0), NO_CONFIG),
    "no number": (configured(threshold=float("nan")), NO_CONFIG),
    "text": (configured(known="0.5"), NO_CONFIG),
    "not json": (written(CONFIG, lambda _: b"weights"), NO_CONFIG),
    "a list": (written(CONFIG, lambda _: b"[]"), NO_CONFIG),
    "binary": (written(CONFIG, lambda _: b"\xff\xfe\x00"), NO_CONFIG),
    "altered": (written(WEIGHTS, lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])), "SHA-256"),
    "truncated": (written(WEIGHTS, lambda raw: raw[:100]), "SHA-256"),
    "a pointer": (
        written(WEIGHTS, lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "is a Git LFS pointer, not the weights: run `git lfs pull`",
    ),
    "a tensor short": (tensors(lambda t: t.pop("dense.bias")), "tensors"),
    "a tensor more": (tensors(lambda t: t.update(x=torch.zeros(1))), "tensors"),
    "other shape": (tensors(lambda t: t.update({"dense.bias": torch.zeros(9)})), "tensors"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_files_are_refused(folder, name):
    spoil, words = SPOILED[name]
    spoil(folder)
    kind = FileNotFoundError if words.startswith("There is no") else ValueError
    with pytest.raises(kind, match=words):
        DigitCNN.from_pretrained(folder)


def test_no_such_source(folder):
    for nowhere in ("no/such/folder", "nowhere", folder / "none"):
        with pytest.raises(FileNotFoundError, match="neither a folder nor a Hub repository"):
            DigitCNN.from_pretrained(nowhere)
    for nothing in ("", " ", None, 5):
        with pytest.raises(ValueError, match="a folder or a Hub repository OWNER/NAME, not"):
            DigitCNN.from_pretrained(nothing)
    with pytest.raises(ValueError, match="is a file; give the folder that holds config.json"):
        DigitCNN.from_pretrained(folder / WEIGHTS)


def test_an_uncached_repository_while_offline(tmp_path):
    code = (
        "from model import DigitCNN\n"
        "try: DigitCNN.from_pretrained('somebody/something')\n"
        "except ConnectionError as error: print(error)"
    )
    done = python("-c", code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert "not in the cache: HF_HUB_OFFLINE is set; unset it" in done.stdout, done.stderr


def test_model_travels_alone(folder, tmp_path_factory):
    """In a folder that has nothing else of the project."""
    alone = tmp_path_factory.mktemp("alone")
    (alone / "model.py").write_bytes((ROOT / "model.py").read_bytes())
    code = (
        "import numpy, sys; from model import DigitCNN\n"
        f"net = DigitCNN.from_pretrained({str(folder)!r})\n"
        "print(len(net.classify(numpy.pad(numpy.eye(40), 9))))\n"
        "print([m for m in ('gradio', 'datasets', 'board', 'data') if m in sys.modules])"
    )
    done = python("-c", code, cwd=alone)
    assert (done.stdout, done.returncode) == ("3\n[]\n", 0), done.stderr
