"""Writes the static edition into a folder: the page, the network and its weights, for any web server."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from web import charts
from web.assets import HERE, STATIC, assets, head
from web.words import worded

WEIGHTS = ("config.json", "model.safetensors")
WORKER = "service-worker.js"
ENGINE = "digit.js"  # is also at the top, beside weights/, for other people's pages
NOT_KEPT = (WORKER, ENGINE, "index.html", "card.png")  # the page works offline without these files
HUB_FILES = " https://*.hf.co https://*.huggingface.co"  # where the Hub sends the browser for a large file


class BuildError(ValueError):
    """The static edition cannot be built. The message is one sentence."""


@dataclass(frozen=True)
class Published:
    """The model repository that the page takes its weights from, or from the copy beside it if that fails."""

    name: str  # OWNER/NAME
    commit: str  # full sha
    endpoint: str = "https://huggingface.co"

    @property
    def base(self) -> str:
        return f"{self.endpoint}/{self.name}/resolve/{self.commit}/"


def build(
    out: Path,
    weights: Path,
    published: Published | None = None,
    contribute: str | None = None,
    address: str | None = None,
) -> list[str]:
    """Write the static edition into `out`, a new folder or an earlier build; returns the names of its files.

    `weights` is a folder that train.py wrote. `contribute` is the address of a page that takes contributions,
    `address` that of this page, ending in a slash: without it, other sites cannot show the page's picture.
    Raises BuildError for weights that are missing or are not those of config.json, OSError when a file cannot
    be written.
    """
    origin = f"{published.name}@{published.commit}" if published else "embedded"
    about = {"weights": origin, **_about(weights)}
    if out.exists() and not out.is_dir():
        raise BuildError(f"{out} is a file; name a folder for the page.")
    if out.is_dir() and any(out.iterdir()) and not _is_build(out):
        raise BuildError(f"{out} holds other files; name a new folder for the page.")
    # The page looks for its weights at these addresses, in this order.
    bases = [*([published.base] if published else []), "weights/"]
    page = _page(weights, published, contribute, address)
    out.parent.mkdir(parents=True, exist_ok=True)
    # It is made beside the earlier build, which stays if this one fails.
    with tempfile.TemporaryDirectory(dir=out.resolve().parent) as work:
        made = Path(work, "page")
        files = _write(made, weights, {"bases": bases, **about}, page)
        shutil.rmtree(out, ignore_errors=True)
        # A link or a mount is still there.
        if out.exists():
            shutil.copytree(made, out, dirs_exist_ok=True)
        else:
            made.replace(out)
    return files


def _write(out: Path, weights: Path, current: dict, page: str) -> list[str]:
    (out / "weights").mkdir(parents=True)
    engine = assets()[f"read/{ENGINE}"]
    for name, path in {**assets(), **{path.name: path for path in STATIC.iterdir()}, ENGINE: engine}.items():
        (out / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, out / name)
    for name in WEIGHTS:
        shutil.copyfile(weights / name, out / "weights" / name)
    (out / "weights" / "current.json").write_text(json.dumps(current) + "\n", encoding="utf-8")
    (out / "index.html").write_text(page, encoding="utf-8")
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    # The address of index.html is "./".
    kept = ["./", *(name for name in files if name not in NOT_KEPT)]
    version = hashlib.sha256(b"".join((out / name).read_bytes() for name in files)).hexdigest()[:16]
    worker = (STATIC / WORKER).read_text(encoding="utf-8")
    worker = worker.replace("{version}", version).replace('"{files}"', json.dumps(kept))
    (out / WORKER).write_text(worker, encoding="utf-8")
    return files


def _is_build(folder: Path) -> bool:
    """Whether every file in a folder is that of an earlier build."""
    try:
        worker = (folder / WORKER).read_text(encoding="utf-8")
        [listed] = re.findall(r"^const FILES = (\[.*\]);$", worker, re.M)
        known = {*json.loads(listed), *NOT_KEPT}
    except (OSError, ValueError, TypeError):
        return False
    return all(path.relative_to(folder).as_posix() in known for path in folder.rglob("*") if path.is_file())


def markup(weights: Path, contribute: str | None = None) -> str:
    """index.html with its words, figures about the network in the folder `weights`, and, if there is one, a
    link to the page that takes contributions.

    Raises ValueError, LookupError or TypeError for a folder that train.py did not write.
    """
    link = f'<p><a href="{html.escape(contribute or "")}" target="_blank" rel="noopener" '
    link += 'data-word="contribute.link"></a></p>'
    page = _filled((HERE / "index.html").read_text(encoding="utf-8"), contribute=link if contribute else "")
    return _filled(worded(page), data=charts.data_tab(weights), model=charts.model_tab(weights))


def _filled(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def _page(weights: Path, published: Published | None, contribute: str | None, address: str | None) -> str:
    connect = f" {published.endpoint}{HUB_FILES}" if published else ""
    policy = (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:; connect-src 'self'{connect}; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )
    try:
        page = markup(weights, contribute)
    except (ValueError, LookupError, TypeError) as error:
        raise BuildError(f"{weights} cannot be drawn ({error!r}); use a folder from train.py.") from error
    return _filled(page, policy=policy, head=head(""), address=html.escape(address or ""))


def _about(weights: Path) -> dict:
    """Parameters and accuracy of the weights in a folder. Raises BuildError when its files do not agree."""
    try:
        files = (weights / name for name in ("config.json", "metrics.json"))
        config, metrics = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        digests = {config["sha256"], metrics["sha256"]}
        digests.add(hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest())
        accuracy = {key: metrics["test"][key] for key in ("right", "total", "interval")}
        about = {"parameters": metrics["parameters"], "accuracy": accuracy, "problem": None}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BuildError(f"{weights} cannot be served ({error}); use a folder from train.py.") from error
    if len(digests) > 1:
        raise BuildError(f"The files in {weights} are not of the same weights: run train.py again.")
    return about


def endpoint() -> str:
    """The Hub's address, as its own clients take it from HF_ENDPOINT."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
