"""The network: its size, its files, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import board
from model import Config, DigitCNN, EmptyDrawing
from tests.harness import ROOT
from tests.harness.person import DRAWINGS
from training.upstream import PARAMETERS, UpstreamCNN


def picture(digit: str) -> np.ndarray:
    return board.render([board.Stroke(np.array(stroke), 14.0) for stroke in DRAWINGS[digit]])


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
    assert parameters == 42_738 <= 60_000  # as the docstring says
    kinds = {type(layer).__name__ for layer in DigitCNN().modules()}
    assert {"Conv2d", "BatchNorm2d", "MaxPool2d", "Dropout", "Linear"} <= kinds
    statistics = sum(b.numel() for b in UpstreamCNN().buffers() if b.ndim)
    assert sum(p.numel() for p in UpstreamCNN().parameters()) + statistics == PARAMETERS == 351_770


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
    with pytest.raises(ValueError, match="takes a list"):
        net.probabilities(pictures[0])
    with pytest.raises(EmptyDrawing):
        net.probabilities([pictures[0], np.zeros((28, 28), np.uint8)])
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


def test_classifying_leaves_a_training_network_usable(net):
    net.train()
    first = net.probabilities([picture("2")])
    assert np.array_equal(first, net.probabilities([picture("2")])), "dropout or batch statistics were in use"


def test_each_layer_keeps_its_own_mode(net):
    net.train()
    net.features[1].eval()
    modes = [layer.training for layer in net.modules()]
    net.classify(picture("2"))
    assert [layer.training for layer in net.modules()] == modes


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (Path("seven.png"), ["7"]),
        ({"composite": picture("7")}, ["7"]),
        ([picture("7")], 7),
        ([picture("7")], None),
        ([picture("7")], "7"),
        ([picture("7")], torch.tensor(7)),
        ((picture("7") for _ in range(2)), ["7"]),
    ],
    ids=["path", "dictionary", "number", "None", "string", "tensor of no axis", "more"],
)
def test_adapt_takes_two_lists_of_one_length(net, images, labels):
    with pytest.raises(ValueError, match="takes a list of pictures and a list of as many labels"):
        net.adapt(images, labels)


def test_adapt_takes_what_can_be_gone_through(net):
    mine = net.adapt((picture(digit) for digit in "27"), (digit for digit in "27"))
    assert mine.taught.tolist() == [2, 7]


def spoil_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    config.update(changes)
    (folder / "config.json").write_text(json.dumps(config))


def rewrite_weights(folder, change):
    import hashlib

    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    spoil_config(folder, sha256=hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest())


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


SPOILED = {
    "no weights": (lambda f: (f / "model.safetensors").unlink(), FileNotFoundError, "no model.safetensors"),
    "no config": (lambda f: (f / "config.json").unlink(), FileNotFoundError, "no config.json"),
    "other version": (lambda f: spoil_config(f, format=1), ValueError, "format 1; this model.py reads 3"),
    "unknown key": (lambda f: spoil_config(f, depth=9), ValueError, "not the configuration"),
    "wrong kind": (lambda f: spoil_config(f, channels="abc"), ValueError, "not the configuration"),
    "no channels": (lambda f: spoil_config(f, channels=[1]), ValueError, "not the configuration"),
    "no places": (lambda f: spoil_config(f, places=0), ValueError, "1 to 7 places"),
    "no temperature": (lambda f: spoil_config(f, temperature=0), ValueError, "not the configuration"),
    "text temperature": (lambda f: spoil_config(f, temperature="1"), ValueError, "not the configuration"),
    "not json": (lambda f: (f / "config.json").write_text("weights"), ValueError, "not the configuration"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), ValueError, "not the configuration"),
    "binary": (
        lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"),
        ValueError,
        "not the configuration",
    ),
    "altered": (
        lambda f: (f / "model.safetensors").write_bytes(flipped((f / "model.safetensors").read_bytes())),
        ValueError,
        "SHA-256",
    ),
    "truncated": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:100]),
        ValueError,
        "SHA-256",
    ),
    "a tensor short": (lambda f: rewrite_weights(f, lambda t: t.pop("dense.bias")), ValueError, "tensors"),
    "a tensor more": (
        lambda f: rewrite_weights(f, lambda t: t.update(x=torch.zeros(1))),
        ValueError,
        "tensors",
    ),
    "other shape": (
        lambda f: rewrite_weights(f, lambda t: t.update({"dense.bias": torch.zeros(9)})),
        ValueError,
        "tensors",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_files_are_refused(folder, name):
    spoil, kind, words = SPOILED[name]
    spoil(folder)
    with pytest.raises(kind, match=words):
        DigitCNN.from_pretrained(folder)


def test_no_such_source():
    with pytest.raises(FileNotFoundError, match="neither a folder nor a Hub repository"):
        DigitCNN.from_pretrained("no/such/folder")
    with pytest.raises(FileNotFoundError, match="neither a folder nor a Hub repository"):
        DigitCNN.from_pretrained("nowhere")
    for nothing in ("", " ", None, 5):
        with pytest.raises(ValueError, match="a folder or a Hub repository OWNER/NAME, not"):
            DigitCNN.from_pretrained(nothing)


def test_model_travels_alone(folder, tmp_path_factory):
    """model.py beside the weights, in a folder with nothing else of the project."""
    alone = tmp_path_factory.mktemp("alone")
    (alone / "model.py").write_bytes((ROOT / "model.py").read_bytes())
    code = (
        "import numpy, sys; from model import DigitCNN\n"
        f"net = DigitCNN.from_pretrained({str(folder)!r})\n"
        "print(len(net.classify(numpy.pad(numpy.eye(40), 9))))\n"
        "print([m for m in ('gradio', 'datasets', 'board', 'data') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=alone, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("3\n[]\n", 0), done.stderr
