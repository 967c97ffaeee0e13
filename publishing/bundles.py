"""Lays out the files of each repository on the Hub in a folder."""

import json
import re
import shutil
from importlib import metadata
from modulefinder import ModuleFinder
from pathlib import Path

import jinja2
import yaml
from packaging.requirements import Requirement

from data import parquet
from publishing import pins
from publishing.hub import PublishError
from reports import cards
from web import build, charts
from web.assets import assets

ROOT = Path(__file__).parent.parent
MODEL = ("model.safetensors", "config.json", "metrics.json")
# The drawing that the cards' snippets read.
SAMPLE = ROOT / "docs" / "images" / "digit.png"
# The picture that a link to a Space shows.
THUMBNAIL = ROOT / "docs" / "images" / "page.png"
# The kinds of files in web/ that browsers get.
PAGE = (".html", ".css", ".js", ".json", ".png", ".svg")
# The packages that the Space imports. `requirements` adds their dependencies.
PACKAGES = ("gradio[mcp]", "huggingface_hub", "numpy", "pillow", "pyarrow", "safetensors", "torch")
# PyTorch's index of builds without CUDA.
TORCH_CPU = "https://download.pytorch.org/whl/cpu"
# ZeroGPU has Python 3.10, which is too old for numpy and others, and 3.12. It knows some versions of PyTorch.
# The newest was 2.11 in August 2026, which does not take a later setuptools.
ZERO_PYTHON, ZERO_PINS = "3.12", {"torch": "2.11.0", "setuptools": "81.0.0"}


def model(out: Path, weights: Path, name: str, dataset: str | None) -> None:
    """The model repository `name` from a folder that train.py wrote. The card links to `dataset`.

    Raises PublishError as `checked`.
    """
    measured = checked(weights)
    out.mkdir(parents=True, exist_ok=True)
    write(out / "README.md", cards.model_card(measured, name, dataset))
    for file in (*(weights / file for file in MODEL), ROOT / "model.py", assets()["read/digit.js"], SAMPLE):
        shutil.copyfile(file, out / file.name)
    if dataset:
        write(out / "notebook.ipynb", cards.notebook(name, dataset))


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def checked(weights: Path) -> dict:
    """The metrics in a folder that train.py wrote.

    Raises PublishError unless they belong to the weights beside them and can fill the card.
    """
    from model import DigitCNN

    try:
        net = DigitCNN.from_pretrained(weights.resolve(strict=True))
        measured = json.loads((weights / "metrics.json").read_text(encoding="utf-8"))
        if measured["sha256"] != net.config.sha256:
            raise ValueError("metrics.json is of other weights")
        cards.model_card(measured)
    except (OSError, LookupError, ValueError, TypeError, jinja2.UndefinedError) as error:
        reason = str(error).rstrip(".")
        raise PublishError(
            f"{weights} cannot be published ({reason}): `python train.py` writes a whole folder."
        ) from error
    return measured


def dataset(
    out: Path, name: str, drawn: Path, contributed: Path, mnixel: bool = False, archives: Path | None = None
) -> None:
    """The dataset repository `name`: the digits in the folders `drawn` and `contributed`, and the card.

    With `mnixel`, MNIXEL's drawings from the folder `archives` join them. Raises data.DataError.
    """
    out.mkdir(parents=True, exist_ok=True)
    card = out / "README.md"
    if mnixel:
        parquet.write_mnixel(out, archives)
    else:
        shutil.copyfile(parquet.CARDS / "drawn-only.md", card)
    parquet.add(out, "drawn", drawn)
    parquet.add(out, "contributed", contributed)
    text = card.read_text(encoding="utf-8").replace("OWNER/mnixel", name).replace("n<1K", "10K<n<100K", 1)
    if (out / "contributed").is_dir():
        # Visitors give their drawings under another licence than the program's CC0.
        text = text.replace("license: cc0-1.0\n", "license: other\nlicense_name: by-configuration\n", 1)
    write(card, text)


def space(
    out: Path, weights: Path, name: str, model: str, dataset: str | None, hardware: str = "cpu-basic"
) -> None:
    """The Gradio Space `name`: the page's code, embedded weights, pins and card. It serves `model`.

    Pins and Python are those of the hardware. Raises PublishError as `checked` and `requirements`.
    """
    zero = hardware.startswith("zero")
    checked(weights)
    files = needed(ROOT / "app.py")
    files += [path for path in sorted((ROOT / "web").rglob("*")) if path.suffix in PAGE]
    files += [file for file in map(charts.RESULTS.joinpath, charts.FILES) if file.is_file()]
    copies = {out / file.relative_to(ROOT): file for file in files}
    copies |= {out / "weights" / file: weights / file for file in MODEL}
    for copy, file in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    write(out / "requirements.txt", requirements(hardware))
    front = front_matter(out, name, [model], dataset)
    # With these files in its image the Space can start without the Hub.
    front["preload_from_hub"] = [f"{model} {','.join(MODEL)}"]
    if zero:
        front["python_version"] = ZERO_PYTHON
    address = f"https://{subdomain(name)}.hf.space"
    links = {"name": name, "model": model, "dataset": dataset, "zero": zero, "url": address}
    write(out / "README.md", cards.fill("space.md", front, **links))


def front_matter(out: Path, name: str, models: list[str], dataset: str | None) -> dict:
    """README.md's front matter for the Space `name`. Copies licence and thumbnail into `out`."""
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE")
    shutil.copyfile(THUMBNAIL, out / "thumbnail.png")
    front = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    picture = f"{build.endpoint()}/spaces/{name}/resolve/main/thumbnail.png"
    return front | {"thumbnail": picture, "models": models, "datasets": [dataset] if dataset else []}


def subdomain(name: str) -> str:
    """The Hub's host name for the Space OWNER/NAME."""
    return re.sub("[^a-z0-9]", "-", name.lower())


def static(
    out: Path,
    weights: Path,
    name: str,
    model: str,
    dataset: str | None,
    commit: str | None,
    gradio: str | None,
) -> None:
    """The static Space `name`: the page, and the weights of the repository `model` at `commit`.

    Without `commit`, browsers get the copy beside the page. The Space `gradio` takes contributions.
    Raises web.build.BuildError.
    """
    published = build.Published(model, commit, build.endpoint()) if commit else None
    contribute = f"{build.endpoint()}/spaces/{gradio}" if gradio else None
    address = f"https://{subdomain(name)}.static.hf.space/"
    build.build(out, weights, published, contribute, address)
    front = front_matter(out, name, [model] if commit else [], dataset) | {
        "sdk": "static",
        "app_file": "index.html",
        "short_description": "Draw a digit: a small CNN reads it in your browser",
    }
    for key in ("sdk_version", "python_version"):
        del front[key]
    links = {"model": model, "dataset": dataset, "commit": commit, "gradio": gradio}
    write(out / "README.md", cards.fill("static.md", front, **links))


def needed(entry: Path) -> list[Path]:
    """The file `entry` and the project's modules that it imports, directly or indirectly."""
    finder = ModuleFinder([str(ROOT)])
    finder.run_script(str(entry))
    return sorted({Path(module.__file__) for module in finder.modules.values() if module.__file__})


def requirements(hardware: str) -> str:
    """The Space's requirements.txt: PACKAGES and their dependencies, as constraints.txt pins them.

    On CPU it has PyTorch's build without CUDA, on ZeroGPU a version that ZeroGPU knows. Raises PublishError
    when a package is not installed or has no pin.
    """
    zero = hardware.startswith("zero")
    known = pins.written(ROOT / "constraints.txt") | (ZERO_PINS if zero else {})
    try:
        names = pins.closure(map(Requirement, [*PACKAGES, *(["spaces"] if zero else [])]))
        lines = [f"{name}=={known[name]}" for name in names]
    except (metadata.PackageNotFoundError, KeyError) as error:
        raise PublishError(
            f"{error.args[0]} is not installed, or is not in constraints.txt: run `pip install -r "
            "tests/requirements.txt`, or write that file again, as CONTRIBUTING.md says."
        ) from error
    if hardware.startswith("cpu"):
        lines = [f"{line}+cpu" if line.startswith("torch==") else line for line in lines]
        lines.insert(0, f"--extra-index-url {TORCH_CPU}")
    return "\n".join(lines) + "\n"
