"""Every environment variable that the server reads, in one place; a wrong one is told in one sentence."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass

ENVIRONMENT = dict(os.environ)  # as it was before anything of ours changed it
REFRESH = 600.0  # seconds between two looks for newer weights


@dataclass(frozen=True)
class Settings:
    """What the environment says about this server."""

    model_id: str | None = None  # MODEL_ID, "OWNER/NAME"; None serves the embedded weights
    model_revision: str = "main"  # MODEL_REVISION: a branch, a tag or a full commit
    model_refresh: float = REFRESH  # MODEL_REFRESH, seconds; 0 never looks again
    name: str = "127.0.0.1"  # GRADIO_SERVER_NAME
    port: int | None = None  # GRADIO_SERVER_PORT; None takes the first free one
    metrics_token: str | None = None  # METRICS_TOKEN: the bearer of it may read /metrics
    space_id: str | None = None  # SPACE_ID, which the Hub sets on a Space
    space_host: str | None = None  # SPACE_HOST, too
    behind_proxy: bool = False  # BEHIND_PROXY=1, or a Space: X-Forwarded-For tells where visitors come from
    contributions: bool = True  # CONTRIBUTIONS=off takes none
    contributions_dir: str | None = None  # CONTRIBUTIONS_DIR
    contributions_repo: str | None = None  # CONTRIBUTIONS_REPO
    contributions_licence: str | None = None  # CONTRIBUTIONS_LICENCE

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = ENVIRONMENT) -> Settings:
        """The settings in `environ`. Raises ValueError with one sentence for one that cannot be."""
        read = lambda name: environ.get(name) or None  # noqa: E731
        model, port, space = read("MODEL_ID"), read("GRADIO_SERVER_PORT"), read("SPACE_ID")
        if model and not re.fullmatch(r"[^/\s]+/[^/\s]+", model):
            raise ValueError(f"MODEL_ID is {model!r}; it must be the name of a model repository, OWNER/NAME.")
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError(f"GRADIO_SERVER_PORT is {port!r}; it must be a number from 1 to 65535.")
        refresh = read("MODEL_REFRESH") or str(REFRESH)
        try:
            seconds = float(refresh)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= threading.TIMEOUT_MAX:
            raise ValueError(f"MODEL_REFRESH is {refresh!r}; it must be a number of seconds, 0 for never.")
        return cls(
            model_id=model,
            model_revision=read("MODEL_REVISION") or "main",
            model_refresh=seconds,
            name=read("GRADIO_SERVER_NAME") or ("0.0.0.0" if space else "127.0.0.1"),
            port=int(port) if port else None,
            metrics_token=read("METRICS_TOKEN"),
            space_id=space,
            space_host=read("SPACE_HOST"),
            behind_proxy=bool(space) or read("BEHIND_PROXY") == "1",
            contributions=(read("CONTRIBUTIONS") or "").lower() not in ("0", "off", "no", "false"),
            contributions_dir=read("CONTRIBUTIONS_DIR"),
            contributions_repo=read("CONTRIBUTIONS_REPO"),
            contributions_licence=read("CONTRIBUTIONS_LICENCE"),
        )


def prepare_gradio() -> tempfile.TemporaryDirectory:
    """Set what Gradio reads while it is imported: it calls nobody, and its uploads go into a folder of this process alone.

    Returns that folder, which is deleted with the object.
    """
    folder = tempfile.TemporaryDirectory(prefix="draw-a-digit-", ignore_cleanup_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = folder.name
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.pop("GRADIO_SERVER_PORT", None)  # a bad one would be a traceback at import
    return folder
