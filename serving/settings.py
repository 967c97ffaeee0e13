"""Every environment variable that the server reads; a wrong value is one sentence."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

# The environment as it was before `prepare_gradio` changed it.
ENVIRONMENT = dict(os.environ)
PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
CHECKS = {
    "MODEL_ID": (r"[^/\s]+/[^/\s]+", "the name of a model repository, OWNER/NAME"),
    "MODEL_REFRESH": (r"\d{1,9}(\.\d+)?", "a number of seconds, 0 to look once"),
    "GRADIO_SERVER_PORT": (PORT, "a number from 1 to 65535"),
}
# Windows has no module `resource`, so the processes that open pictures have no limits there.
HAS_LIMITS = importlib.util.find_spec("resource") is not None
NO_LIMITS = (
    "This system cannot limit the processor time and the memory that a picture takes, "
    "so the page is served on 127.0.0.1 only, to this machine."
)


@dataclass(frozen=True)
class Settings:
    """What the environment says about this server. (`contributions` reads its own variables.)"""

    model_id: str | None = None  # MODEL_ID, "OWNER/NAME"; None serves the embedded weights
    model_revision: str = "main"  # MODEL_REVISION: a branch, a tag or a full commit
    model_refresh: float = 600.0  # MODEL_REFRESH: seconds between two looks for newer weights; 0 looks once
    name: str = "127.0.0.1"  # GRADIO_SERVER_NAME
    port: int = 7860  # GRADIO_SERVER_PORT
    space_id: str | None = None  # SPACE_ID and SPACE_HOST, which the Hub sets on a Space
    space_host: str | None = None
    behind_proxy: bool = False  # BEHIND_PROXY=1, or a Space: X-Forwarded-For says where visitors come from
    allow_frames: bool = False  # ALLOW_FRAMES=1: other sites may show the page in a frame

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError with one sentence for a variable that cannot be used."""
        read = {name: value for name, value in ENVIRONMENT.items() if value}.get
        for variable, (pattern, wanted) in CHECKS.items():
            if (value := read(variable)) and not re.fullmatch(pattern, value):
                raise ValueError(f"{variable} is {value!r}; it must be {wanted}.")
        space = read("SPACE_ID")
        name = read("GRADIO_SERVER_NAME", "0.0.0.0" if space else cls.name)
        # Gradio makes an address of the name, and an IPv6 address has brackets.
        if ":" in name:
            name = f"[{name.strip('[]')}]"
        return cls(
            model_id=read("MODEL_ID"),
            model_revision=read("MODEL_REVISION", cls.model_revision),
            model_refresh=float(read("MODEL_REFRESH", cls.model_refresh)),
            name=name if HAS_LIMITS else cls.name,
            port=int(read("GRADIO_SERVER_PORT", cls.port)),
            space_id=space,
            space_host=read("SPACE_HOST"),
            behind_proxy=bool(space) or read("BEHIND_PROXY") == "1",
            allow_frames=read("ALLOW_FRAMES") == "1",
        )


def prepare_gradio() -> tempfile.TemporaryDirectory:
    """Set what Gradio reads while it is imported; returns the folder for its files, of this process alone."""
    folder = tempfile.TemporaryDirectory(prefix="draw-a-digit-", ignore_cleanup_errors=True)
    os.environ |= {"GRADIO_TEMP_DIR": folder.name, "GRADIO_ANALYTICS_ENABLED": "False"}
    # `launch` is given both. Gradio's own reading ends in a traceback for a bad port, or an IPv6 name.
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        os.environ.pop(name, None)
    logging.setLogRecordFactory(without_words)
    return folder


def without_words(name, level, path, line, message, args, exc_info, *_, **__) -> logging.LogRecord:
    """A log record that says only where something happened: libraries quote what visitors sent."""
    kind = f" ({exc_info[0].__name__})" if exc_info and exc_info[0] else ""
    return logging.LogRecord(name, level, path, line, f"{name}, {Path(path).name}:{line}{kind}", (), None)


def log_failure(error: BaseException) -> None:
    """A fault of our own: its type and where it arose, without its message, which may quote a visitor."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    print(f"failure: {type(error).__name__} at {' '.join(places)}", file=sys.stderr, flush=True)
