"""What goes to the Hub: the files of the model, the dataset and the Space repository, laid out in a folder."""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from publishing import cards, pins
from web import build, charts

ROOT = Path(__file__).parent.parent
MODEL = ("model.safetensors", "config.json", "metrics.json")
ENTRY = "app.py"  # what the Space runs; the rest follows from its imports
PAGE = (".html", ".css", ".js", ".json", ".png", ".svg")  # of web/, what browsers get
PACKAGES = (  # what the Space imports, and what its server is faster with
    "gradio",
    "httptools",
    "huggingface_hub",
    "numpy",
    "pillow",
    "prometheus_client",
    "pyarrow",
    "safetensors",
    "torch",
    "uvloop",
)
TORCH_CPU = "https://download.pytorch.org/whl/cpu"  # where PyTorch publishes builds without CUDA's gigabytes


class BundleError(ValueError):
    """Something that should be published is not fit for it. The message is one sentence."""


def model(out: Path, weights: Path, name: str, dataset: str) -> None:
    """The model repository `name` from a folder that train.py wrote; the card names the repository `dataset`.

    Raises BundleError when a file is missing or the weights are not those that config.json and metrics.json speak of.
    """
    from model import DigitCNN

    try:
        net = DigitCNN.from_pretrained(weights.resolve(strict=True))
        metrics = json.loads((weights / "metrics.json").read_text())
        if metrics["sha256"] != net.config.sha256:
            raise BundleError(f"metrics.json in {weights} is of other weights: run train.py again.")
        card = cards.model_card(metrics, name, dataset)
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        known = isinstance(error, (OSError, ValueError))
        reason = str(error).rstrip(".") if known else "metrics.json is not what train.py writes"
        raise BundleError(
            f"{weights} cannot be published ({reason}): `python train.py` writes a whole folder."
        ) from error
    out.mkdir(parents=True, exist_ok=True)
    for file in MODEL:
        shutil.copyfile(weights / file, out / file)
    shutil.copyfile(ROOT / "model.py", out / "model.py")
    (out / "README.md").write_text(card)


def dataset(out: Path, archives: Path | None, name: str, contributed: Path) -> None:
    """The dataset repository `name`: every configuration as parquet, card and sheet of samples. Raises data.DataError."""
    import datasets

    from contribute.merge import refresh
    from data.parquet import build

    refresh(contributed)
    datasets.disable_progress_bars()  # four files of a hundred kilobytes
    build(out, archives, contributed=contributed)
    card = out / "README.md"
    card.write_text(card.read_text().replace("OWNER/mnixel", name))


def space(out: Path, weights: Path, name: str, model_name: str, dataset_name: str, hardware: str | None = None) -> None:
    """The Space repository `name`, which serves `model_name`: the page's code, the embedded weights, pins and front matter.

    On CPU hardware (the default) the pins ask for PyTorch's CPU build. Raises BundleError as `model` and `requirements`.
    """
    with tempfile.TemporaryDirectory() as unused:  # the same checks
        model(Path(unused), weights, model_name, dataset_name)
    files = [path.relative_to(ROOT) for path in needed(ROOT / ENTRY)]
    served = [*sorted((ROOT / "web").iterdir()), ROOT / "web" / "static" / "icon.svg"]
    files += [path.relative_to(ROOT) for path in served if path.suffix in PAGE]
    files += [file.relative_to(ROOT) for file in map(charts.RESULTS.joinpath, charts.FILES) if file.is_file()]
    for file in [*files, Path("LICENSE")]:
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, out / file)
    (out / "weights").mkdir()
    for file in MODEL:
        shutil.copyfile(weights / file, out / "weights" / file)
    on_cpu = hardware is None or hardware.startswith("cpu")
    (out / "requirements.txt").write_text(requirements(on_cpu))
    front = yaml.safe_load((ROOT / "README.md").read_text().split("---\n")[1])
    front |= {
        "models": [model_name],
        "datasets": [dataset_name],
        "preload_from_hub": [f"{model_name} {','.join(MODEL)}"],  # into the image, so that a start needs no Hub
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    (out / "README.md").write_text(f"---\n{head}---\n\n{cards.space_card(name, model_name, dataset_name)}")


def static(out: Path, weights: Path, names: dict[str, str], commit: str | None, gradio: str | None) -> None:
    """The static Space `names["static"]`: the page for any web server, its weights those of the model repository at `commit`.

    Without `commit` it takes them from the copy beside it; `gradio` is a Space that takes contributions. Raises BundleError.
    """
    published = build.Published(names["model"], commit, build.endpoint()) if commit else None
    contribute = f"{build.endpoint()}/spaces/{gradio}" if gradio else None
    try:
        build.build(out, weights, published, contribute)
    except build.BuildError as error:
        raise BundleError(str(error)) from error
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE")
    front = yaml.safe_load((ROOT / "README.md").read_text().split("---\n")[1])
    front = {key: front[key] for key in ("title", "emoji", "colorFrom", "colorTo", "pinned", "license", "tags")}
    front |= {
        "sdk": "static",
        "app_file": "index.html",
        "short_description": "Draw a digit: a small CNN reads it in your browser",
        "datasets": [names["dataset"]],
        **({"models": [names["model"]]} if commit else {}),
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    (out / "README.md").write_text(f"---\n{head}---\n\n{cards.static_card(names, commit, gradio)}")


def needed(entry: Path) -> list[Path]:
    """The project's own modules that the file `entry` imports, directly or not, itself included."""
    found: set[Path] = set()
    todo = [entry]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    package = path.parent.relative_to(ROOT).parts
                    base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
                names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
            else:
                continue
            todo += [module for name in names for module in modules(name)]
    return sorted(found)


def modules(name: str) -> list[Path]:
    """The files that importing `name` ("handwriting.curves") runs, as far as they are the project's own."""
    parts = name.split(".")
    files = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.is_file()]


def requirements(on_cpu: bool) -> str:
    """The Space's pins: PACKAGES and everything that they bring in, as constraints.txt has them.

    The Space's image installs them in one go with gradio of the front matter's `sdk_version`, which is the one that is pinned.
    Raises BundleError when a package is not installed or has no pin.
    """
    try:
        known = pins.written(ROOT / pins.PINS)
        names = list(pins.closure(Requirement(package) for package in PACKAGES))
        lines = [f"{name}=={known[name]}" for name in names]
    except pins.PinsError as error:
        raise BundleError(str(error)) from error
    except KeyError as error:
        raise BundleError(f"{pins.PINS} is stale ({error.args[0]}): run `python -m publishing.pins`.") from error
    if on_cpu:
        lines = [f"--extra-index-url {TORCH_CPU}", *(f"{x}+cpu" if x.startswith("torch==") else x for x in lines)]
    return "\n".join(lines) + "\n"
