"""Brings a model repository's files into the Hub's cache: `python -m publishing.fetch OWNER/NAME REVISION` prints the commit.

A process of its own, which `fetched` starts, because it can be ended whatever the Hub does: the Hub's clients wait for ever for a
server that accepts and then keeps silent, or that sends a byte now and then. It imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

ROOT = Path(__file__).parent.parent
LIMIT = 120  # seconds, then it ends: the files are under a megabyte
SIZES = {"config.json": 64 * 2**10, "model.safetensors": 16 * 2**20, "metrics.json": 2**20}  # bytes at most
NEEDED = ("config.json", "model.safetensors")  # the third says how good they are; weights can be served without it
TOO_LARGE = 2  # exit status: nothing was fetched, and asking again will not help


class TooLarge(ValueError):
    """A file is larger than any of this network's. The message is one sentence."""


def fetch(repository: str, revision: str, again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns the commit they are of.

    Files that the cache has are not sent, unless `again`. Raises TooLarge before such a file is asked for, and what
    huggingface_hub raises.
    """
    hub.limit_silence()
    for name, most in SIZES.items():
        try:
            url = hf_hub_url(repository, name, revision=revision)
            about = get_hf_file_metadata(url, token=get_token(), timeout=hub.SILENCE)
            if about.size is not None and about.size > most:
                raise TooLarge(f"The {name} of {repository} has {about.size:,} bytes; at most {most:,} are read.")
            revision = about.commit_hash  # all files of one commit, whatever is pushed meanwhile
            hf_hub_download(repository, name, revision=revision, force_download=again and name in NEEDED)
        except Exception:
            if name in NEEDED:
                raise
    return revision


def fetched(repository: str, revision: str, *again: str) -> str:
    """`fetch` in a process that ends after LIMIT seconds. Raises ConnectionError with one sentence, ValueError for what is too large."""
    command = [sys.executable, "-P", "-m", "publishing.fetch", repository, revision, *again]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # this project's modules, wherever the server was started
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"The Hub cannot be asked for {repository} ({error}).") from error
    if done.returncode == -signal.SIGALRM:
        raise ConnectionError(f"The Hub did not send {repository} within {LIMIT} seconds.")
    if done.returncode:
        said = done.stderr.strip().split("\n")[-1] or f"{repository} could not be fetched."
        raise (ValueError if done.returncode == TOO_LARGE else ConnectionError)(said)
    return done.stdout.strip().split("\n")[-1]


def point(repository: str, revision: str, commit: str) -> None:
    """Let the cache's `revision`, a branch or a tag, be that commit: what a start without the Hub should find there."""
    if revision != commit:
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs the next start some time
            reference = Path(constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}", "refs", revision)
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit)


def main() -> int:
    """Run the command; returns the exit status."""
    repository, revision, *again = sys.argv[1:]
    signal.alarm(LIMIT)  # also when whoever started this is gone
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error instead, for a server that sends more than it says
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * max(SIZES.values()),) * 2)
    disable_progress_bars()
    try:
        print(fetch(repository, revision, bool(again)))
    except TooLarge as error:
        print(error, file=sys.stderr)
        return TOO_LARGE
    except Exception as error:  # the Hub's clients raise many kinds
        print(hub.explain(error, repository, reading=True), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
