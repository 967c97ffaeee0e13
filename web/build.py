"""Writes the static edition into a folder: the page, the network and its weights, for any web server."""

import hashlib
import html
import json
import os
from dataclasses import dataclass
from pathlib import Path

from web import charts
from web.assets import HERE, STATIC, assets, head
from web.words import worded

WEIGHTS = ("config.json", "model.safetensors")
WORKER = "service-worker.js"
# A copy of this file is at the top, beside weights/, for other people's pages.
ENGINE = "digit.js"
# The page does not need these files offline.
NOT_KEPT = {WORKER, ENGINE, "index.html", "card.png"}
# The Hub redirects browsers to these addresses for large files.
HUB_FILES = " https://*.hf.co https://*.huggingface.co"


class BuildError(ValueError):
    """The static edition cannot be built. The message is one sentence."""


@dataclass(frozen=True)
class Published:
    """A commit of a model repository. The page takes its weights from there, or else from its own copy."""

    # OWNER/NAME
    name: str
    # The full SHA.
    commit: str
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
    """Write the static edition into the folder `out`; returns the names of its files.

    Files of the same names are replaced, and others are left alone.

    `weights` is a folder that train.py wrote. `contribute` is the address of a page that takes contributions.
    `address` is that of this page and ends in a slash; other sites need it to show the page's picture.

    Raises BuildError if the weights are missing or are not those of config.json, and OSError if a file cannot
    be written.
    """
    origin = f"{published.name}@{published.commit}" if published else "embedded"
    # The page tries these addresses for its weights, in this order.
    bases = [*([published.base] if published else []), "weights/"]
    current = {"bases": bases, "weights": origin, **_about(weights)}
    static = {path.name: path for path in STATIC.iterdir()}
    copied = {**assets(), **static, ENGINE: assets()[f"read/{ENGINE}"]}
    copied |= {f"weights/{name}": weights / name for name in WEIGHTS}
    files = {name: path.read_bytes() for name, path in copied.items()}
    files["weights/current.json"] = f"{json.dumps(current)}\n".encode()
    files["index.html"] = _page(weights, published, contribute, address).encode()
    # The address of index.html is "./".
    kept = ["./", *sorted(files.keys() - NOT_KEPT)]
    version = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:16]
    worker = files[WORKER].decode().replace("{version}", version)
    files[WORKER] = worker.replace('"{files}"', json.dumps(kept)).encode()
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    return sorted(files)


def markup(weights: Path, contribute: str | None = None) -> str:
    """index.html with its words and with figures about the network in the folder `weights`.

    `contribute` is the address of a page that takes contributions, to link to. Raises ValueError, LookupError
    or TypeError for a folder that train.py did not write.
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
    """Parameters and accuracy of the weights in a folder. Raises BuildError if its files do not match."""
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
    """The Hub's address: HF_ENDPOINT, as for the Hub's own clients, or the public one."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
