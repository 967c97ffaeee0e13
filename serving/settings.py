"""Every environment variable that the server reads; a wrong one is told in one sentence. (`contributions` reads its own.)"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass

ENVIRONMENT = dict(os.environ)  # as it was before `prepare_gradio` changed it
CHECKS = {
    "MODEL_ID": (
        lambda text: re.fullmatch(r"[^/\s]+/[^/\s]+", text),
        "the name of a model repository, OWNER/NAME",
    ),
    "MODEL_REFRESH": (
        lambda text: re.fullmatch(r"\d{1,9}(\.\d+)?", text),
        "a number of seconds, 0 to look once",
    ),
    "GRADIO_SERVER_PORT": (
        lambda text: text.isdecimal() and 0 < int(text) < 65536,
        "a number from 1 to 65535",
    ),
}
ON_ZEROGPU = ENVIRONMENT.get("SPACES_ZERO_GPU", "").lower() in (
    "1",
    "t",
    "true",
)  # as the package `spaces` reads it


@dataclass(frozen=True)
class Settings:
    """What the environment says about this server."""

    model_id: str | None = None  # MODEL_ID, "OWNER/NAME"; None serves the embedded weights
    model_revision: str = "main"  # MODEL_REVISION: a branch, a tag or a full commit
    model_refresh: float = 600.0  # MODEL_REFRESH: seconds between two looks for newer weights; 0 looks once
    name: str = "127.0.0.1"  # GRADIO_SERVER_NAME
    port: int = 7860  # GRADIO_SERVER_PORT
    metrics_token: str | None = None  # METRICS_TOKEN: who bears it may read /metrics
    space_id: str | None = None  # SPACE_ID and SPACE_HOST, which the Hub sets on a Space
    space_host: str | None = None
    behind_proxy: bool = False  # BEHIND_PROXY=1, or a Space: X-Forwarded-For tells where visitors come from

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError with one sentence for a variable that cannot be."""
        read = {name: value for name, value in ENVIRONMENT.items() if value}.get
        for name, (good, wanted) in CHECKS.items():
            if read(name) and not good(read(name)):
                raise ValueError(f"{name} is {read(name)!r}; it must be {wanted}.")
        space = read("SPACE_ID")
        return cls(
            model_id=read("MODEL_ID"),
            model_revision=read("MODEL_REVISION", cls.model_revision),
            model_refresh=float(read("MODEL_REFRESH", cls.model_refresh)),
            name=read("GRADIO_SERVER_NAME", "0.0.0.0" if space else cls.name),
            port=int(read("GRADIO_SERVER_PORT", cls.port)),
            metrics_token=read("METRICS_TOKEN"),
            space_id=space,
            space_host=read("SPACE_HOST"),
            behind_proxy=bool(space) or read("BEHIND_PROXY") == "1",
        )


def prepare_gradio() -> tempfile.TemporaryDirectory:
    """Set what Gradio reads while it is imported; returns the folder for its files, of this process alone."""
    folder = tempfile.TemporaryDirectory(prefix="draw-a-digit-", ignore_cleanup_errors=True)
    os.environ |= {"GRADIO_TEMP_DIR": folder.name, "GRADIO_ANALYTICS_ENABLED": "False"}
    os.environ.pop("GRADIO_SERVER_PORT", None)  # a bad one would be a traceback
    return folder
