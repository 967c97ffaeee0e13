"""Bundles: the files of each repository on the Hub, laid out in a folder."""

from __future__ import annotations

import json
import re
import shutil
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import jinja2
import yaml
from packaging.requirements import Requirement
from PIL import Image

from publishing import exporter, pins
from reports import cards
from web import build, charts
from web.assets import assets

ROOT = Path(__file__).parent.parent
MODEL = ("model.safetensors", "config.json", "metrics.json")
SAMPLE = ROOT / "docs" / "images" / "digit.png"  # a drawing of the project's own, for what the cards print
SHOWN = ROOT / "docs" / "images" / "page.png"  # what the Hub and other sites show of a Space
ENTRY = "app.py"  # what the Space runs; the rest follows from its imports
PACKAGES = (  # what the Space imports
    *("gradio[mcp]", "huggingface_hub", "numpy", "pillow", "pyarrow", "safetensors", "torch"),
)
TORCH_CPU = "https://download.pytorch.org/whl/cpu"  # where PyTorch publishes builds without CUDA's gigabytes
# ZeroGPU runs Python 3.12 (or 3.10, which numpy and others have left behind) and the PyTorch of its own list, in which 2.11 was the newest in
# August 2026. That one takes no later setuptools.
ZERO_PYTHON, ZERO_PINS = "3.12", {"torch": "2.11.0", "setuptools": "81.0.0"}


class BundleError(ValueError):
    """Something that should be published is not fit for it. The message is one sentence."""


def model(out: Path, weights: Path, name: str, dataset: str | None) -> None:
    """The model repository `name` from a folder that train.py wrote; the card names the repository `dataset`, if there is one.

    Without the package onnx there is no model.onnx, and a sentence on standard error says so. Raises BundleError when a file is
    missing or the weights are not those that config.json and metrics.json speak of.
    """
    net, metrics = checked(weights)
    out.mkdir(parents=True, exist_ok=True)
    opset = None
    try:
        exporter.export(net, out / exporter.FILE)
        opset = exporter.OPSET
    except exporter.ExportError as error:
        print(f"Without {exporter.FILE}: {error}", file=sys.stderr)
    (out / "README.md").write_text(cards.model_card(metrics, name, dataset, opset))
    for file in MODEL:
        shutil.copyfile(weights / file, out / file)
    for file in (ROOT / "model.py", assets()["read/digit.js"], SAMPLE):
        shutil.copyfile(file, out / file.name)
    with Image.open(SAMPLE) as picture:
        pixels = net.preprocess(picture)[0].mul(255).round().byte().numpy()
    Image.fromarray(pixels).save(out / "digit28.png")
    if dataset:
        (out / "notebook.ipynb").write_text(cards.notebook(name, dataset))


def checked(weights: Path):
    """The network in a folder that train.py wrote, and its metrics. Raises BundleError unless they belong together and make a card."""
    from model import DigitCNN

    try:
        net = DigitCNN.from_pretrained(weights.resolve(strict=True))
        metrics = json.loads((weights / "metrics.json").read_text())
        if metrics["sha256"] != net.config.sha256:
            raise ValueError("metrics.json is of other weights")
        cards.model_card(metrics)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, jinja2.UndefinedError) as error:
        known = isinstance(error, (OSError, ValueError))
        reason = str(error).rstrip(".") if known else "metrics.json is not what train.py writes"
        raise BundleError(
            f"{weights} cannot be published ({reason}): `python train.py` writes a whole folder."
        ) from error
    return net, metrics


def dataset(
    out: Path, archives: Path | None, name: str, contributed: Path, weights: Path | None = None
) -> None:
    """The dataset repository `name`: every configuration as parquet, card, sheet of samples and figures.

    Contributed drawings get a column `margin` from the network in `weights`. Raises data.DataError, BundleError as `model`.
    """
    import datasets

    from data.parquet import build

    datasets.disable_progress_bars()  # four files of a hundred kilobytes
    build(out, archives, contributed=contributed)
    if weights and (parts := sorted((out / "contributed").glob("*.parquet"))):
        net, _ = checked(weights)
        for path in parts:
            add_margins(path, net)
    card = out / "README.md"
    card.write_text(card.read_text().replace("OWNER/mnixel", name))


def add_margins(path: Path, net) -> None:
    """Add to a parquet file of drawings the column `margin`: of the network's best logit over the mean one; 0 without ink."""
    import datasets
    import torch

    from model import EmptyDrawing

    def margin(row: dict) -> float:
        try:
            return float(net.predict(net.preprocess(row["image"])[None])[1][0])
        except EmptyDrawing:
            return 0.0

    with torch.inference_mode():
        rows = datasets.Dataset.from_parquet(str(path), keep_in_memory=True)
        rows = rows.add_column("margin", [margin(row) for row in rows], feature=datasets.Value("float32"))
    rows.to_parquet(path)


def space(
    out: Path,
    weights: Path,
    name: str,
    model_name: str,
    dataset_name: str | None,
    hardware: str | None = None,
) -> None:
    """The Space repository `name`, which serves `model_name`: the page's code, the embedded weights, pins and front matter.

    Pins and Python are those of the hardware (CPU unless it is named). Raises BundleError as `model` and `requirements`.
    """
    hardware = hardware or "cpu-basic"
    zero = hardware.startswith("zero")
    checked(weights)
    files = [*needed(ROOT / ENTRY), *assets().values(), ROOT / "web" / "index.html"]
    files += [file for file in map(charts.RESULTS.joinpath, charts.FILES) if file.is_file()]
    for file in [*files, ROOT / "web" / "static" / "icon.svg", ROOT / "LICENSE"]:
        copy = out / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    (out / "weights").mkdir()
    for file in MODEL:
        shutil.copyfile(weights / file, out / "weights" / file)
    (out / "requirements.txt").write_text(requirements(hardware))
    front = readme_front() | {
        **thumbnail(out, name),
        "models": [model_name],
        "datasets": [dataset_name] if dataset_name else [],
        "preload_from_hub": [
            f"{model_name} {','.join(MODEL)}"
        ],  # into the image, so that a start needs no Hub
        **({"python_version": ZERO_PYTHON} if zero else {}),
    }
    address = f"https://{re.sub('[^a-z0-9]', '-', name.lower())}.hf.space"
    card = cards.fill(
        "space.md", front, name=name, model=model_name, dataset=dataset_name, zero=zero, url=address
    )
    (out / "README.md").write_text(card)


def readme_front() -> dict:
    """The front matter of the project's README, which is a Space's."""
    return yaml.safe_load((ROOT / "README.md").read_text().split("---\n")[1])


def thumbnail(out: Path, name: str) -> dict[str, str]:
    """Lay the picture that a link to the Space shows into its folder; returns the lines of the front matter."""
    shutil.copyfile(SHOWN, out / "thumbnail.png")
    return {"thumbnail": f"{build.endpoint()}/spaces/{name}/resolve/main/thumbnail.png"}


def static(
    out: Path, weights: Path, names: dict[str, str | None], commit: str | None, gradio: str | None
) -> None:
    """The static Space `names["static"]`: the page for any web server, its weights those of the model repository at `commit`.

    Without `commit` it takes them from the copy beside it; `gradio` is a Space that takes contributions. Raises web.build.BuildError.
    """
    published = build.Published(names["model"], commit, build.endpoint()) if commit else None
    contribute = f"{build.endpoint()}/spaces/{gradio}" if gradio else None
    address = f"https://{re.sub('[^a-z0-9]', '-', str(names['static']).lower())}.static.hf.space/"
    build.build(out, weights, published, contribute, address)
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE")
    front = readme_front()
    front = {
        key: front[key] for key in ("title", "emoji", "colorFrom", "colorTo", "pinned", "license", "tags")
    }
    front |= {
        "sdk": "static",
        "app_file": "index.html",
        "short_description": "Draw a digit: a small CNN reads it in your browser",
        **thumbnail(out, names["static"]),
        "models": [names["model"]] if commit else [],
        "datasets": [names["dataset"]] if names["dataset"] else [],
    }
    links = {"model": names["model"], "dataset": names["dataset"], "commit": commit, "gradio": gradio}
    (out / "README.md").write_text(cards.fill("static.md", front, **links))


def needed(entry: Path) -> list[Path]:
    """The project's own modules that the file `entry` imports, directly or not, itself included."""
    finder = ModuleFinder([str(ROOT)])
    finder.run_script(str(entry))
    return sorted({Path(module.__file__) for module in finder.modules.values() if module.__file__})


def requirements(hardware: str) -> str:
    """The Space's pins for its hardware: PACKAGES and everything that they bring in, as constraints.txt has them.

    The Space's image installs them in one go with gradio of the front matter's `sdk_version`, which is the one that is pinned. On CPU they
    ask for PyTorch's build without CUDA, on ZeroGPU for a version that it knows. Raises BundleError when a package is not
    installed or has no pin.
    """
    zero = hardware.startswith("zero")
    try:
        known = pins.written(ROOT / pins.PINS) | (ZERO_PINS if zero else {})
        names = pins.closure(Requirement(package) for package in [*PACKAGES, *(["spaces"] if zero else [])])
        lines = [f"{name}=={known[name]}" for name in names]
    except pins.PinsError as error:
        raise BundleError(str(error)) from error
    except KeyError as error:
        raise BundleError(
            f"{pins.PINS} has no {error.args[0]}: write it anew, as CONTRIBUTING.md says."
        ) from error
    if hardware.startswith("cpu"):
        lines = [
            f"--extra-index-url {TORCH_CPU}",
            *(f"{x}+cpu" if x.startswith("torch==") else x for x in lines),
        ]
    return "\n".join(lines) + "\n"
