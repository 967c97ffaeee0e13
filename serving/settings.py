"""Every environment variable that the server reads, and what must be set before Gradio is imported."""

from __future__ import annotations

import argparse
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
HELP = """\
environment variables (docs/operations.md has all of them):
  MODEL_ID, MODEL_REVISION  weights from the Hub, OWNER/NAME, instead of the embedded ones
  MODEL_REFRESH             seconds between two looks for newer weights (600; 0 looks once)
  CONTRIBUTIONS             off: the page takes no drawings
  CONTRIBUTIONS_DIR         folder of contributed drawings (data/submissions)
  CONTRIBUTIONS_REPO        private dataset repository that mirrors them
  GRADIO_SERVER_NAME        address to listen on (127.0.0.1)
  GRADIO_SERVER_PORT        port, unless --port is given (7860)
  BEHIND_PROXY=1            a proxy on this machine or network says where visitors come from
  ALLOW_FRAMES=1            other sites may show the page in a frame
"""
# uvicorn takes a visitor's address from X-Forwarded-For if the request comes from one of these networks.
PRIVATE = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1,fc00::/7"


def _read(name: str, default: str = "") -> str:
    """A variable that was set and is not empty, or the default."""
    return ENVIRONMENT.get(name) or default


@dataclass(frozen=True)
class Settings:
    """What the environment says about this server; `contributions` reads its own variables.

    Raises ValueError with one sentence for a value that cannot be used.
    """

    model_id: str = _read("MODEL_ID")
    model_revision: str = _read("MODEL_REVISION", "main")
    model_refresh: str = _read("MODEL_REFRESH", "600")
    # The Hub sets both on a Space.
    space_id: str = _read("SPACE_ID")
    space_host: str = _read("SPACE_HOST")
    name: str = _read("GRADIO_SERVER_NAME", "0.0.0.0" if _read("SPACE_ID") else "127.0.0.1")
    port: str = _read("GRADIO_SERVER_PORT", "7860")
    behind_proxy: bool = _read("BEHIND_PROXY") == "1" or bool(_read("SPACE_ID"))
    allow_frames: bool = _read("ALLOW_FRAMES") == "1"

    def __post_init__(self) -> None:
        is_repository = re.fullmatch(r"([^/\s]+/[^/\s]+)?", self.model_id)
        is_port = re.fullmatch(r"\d{1,5}", self.port) and 0 < int(self.port) < 2**16
        is_time = re.fullmatch(r"\d{1,9}(\.\d+)?", self.model_refresh)
        for variable, value, is_right, wanted in (
            ("MODEL_ID", self.model_id, is_repository, "the name of a model repository, OWNER/NAME"),
            ("The port", self.port, is_port, "a number from 1 to 65535"),
            ("MODEL_REFRESH", self.model_refresh, is_time, "a number of seconds, 0 to look once"),
        ):
            if not is_right:
                raise ValueError(f"{variable} is {value!r}; it must be {wanted}.")


def command_line() -> argparse.Namespace:
    """The options of `python app.py`."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "app.py", description="Serve the page.", epilog=HELP, formatter_class=style
    )
    parser.add_argument("--port", metavar="N", default=Settings.port, help="port to serve on (7860)")
    return parser.parse_args()


def prepare_gradio() -> tempfile.TemporaryDirectory:
    """Set what Gradio and uvicorn read while they start, and keep what visitors send out of the log.

    Returns the folder for Gradio's files, of this process alone.
    """
    folder = tempfile.TemporaryDirectory(prefix="draw-a-digit-", ignore_cleanup_errors=True)
    os.environ |= {"GRADIO_TEMP_DIR": folder.name, "GRADIO_ANALYTICS_ENABLED": "False"}
    os.environ.setdefault("FORWARDED_ALLOW_IPS", PRIVATE if Settings.behind_proxy else "")
    # `launch` is given both. Gradio's own reading ends in a traceback for a bad port, or an IPv6 name.
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        os.environ.pop(name, None)
    logging.setLogRecordFactory(without_words)
    # Gradio's tracebacks hold the arguments of a call.
    traceback.print_exc = lambda *_, **__: log_failure(sys.exc_info()[1])
    return folder


def without_words(name, level, path, line, message, args, exc_info, *_, **__) -> logging.LogRecord:
    """A log record that says only where something happened: libraries quote what visitors sent."""
    kind = f" ({exc_info[0].__name__})" if exc_info and exc_info[0] else ""
    return logging.LogRecord(name, level, path, line, f"{name}, {Path(path).name}:{line}{kind}", (), None)


def log_failure(error: BaseException | None) -> None:
    """Print an error's type and where it arose, without its message, which may quote a visitor."""
    frames = traceback.extract_tb(error.__traceback__)[-6:] if error else []
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    print(f"failure: {type(error).__name__} at {' '.join(places)}", file=sys.stderr, flush=True)
