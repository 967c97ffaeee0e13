"""Brings a model repository's files into the Hub's cache: `python -m publishing.fetch OWNER/NAME REVISION` prints the commit.

A process of its own, because it can be ended whatever the Hub does: the Hub's clients wait for ever for a server that accepts
and then keeps silent, or that sends a byte now and then. It imports nothing heavy. `serving/weights.py` starts it.
"""

from __future__ import annotations

import resource
import signal
import sys

from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

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
