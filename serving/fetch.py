"""Brings a model repository's files into the Hub's cache: `python -m serving.fetch OWNER/NAME [REVISION]` prints the commit.

A process of its own, because it can be ended whatever the Hub does: the Hub's clients wait for ever for a server that accepts
and then keeps silent, or that sends a byte now and then. It imports nothing heavy. `serving/weights.py` starts it.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys

from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

LIMIT = 120  # seconds, then it ends: the files are under a megabyte
SIZES = {"config.json": 64 * 2**10, "model.safetensors": 16 * 2**20, "metrics.json": 2**20}  # bytes at most
NEEDED = ("config.json", "model.safetensors")  # the third says how good they are; weights can be served without it


class TooLarge(ValueError):
    """A file is larger than any of this network's. The message is one sentence."""


def fetch(repository: str, revision: str = "main", again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns the commit they are of.

    Files that the cache has are not sent, unless `again`. Raises TooLarge before such a file is asked for, and what
    huggingface_hub raises.
    """
    hub.limit_silence()
    commit = revision
    for name, most in SIZES.items():
        try:
            about = get_hf_file_metadata(
                hf_hub_url(repository, name, revision=commit), token=get_token(), timeout=hub.SILENCE
            )
            commit = about.commit_hash
            if about.size is not None and about.size > most:
                raise TooLarge(f"The {name} of {repository} has {about.size:,} bytes; at most {most:,} are read.")
            hf_hub_download(repository, name, revision=commit, force_download=again and name in NEEDED)
        except Exception:
            if name in NEEDED:
                raise
    return commit


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("repository", metavar="OWNER/NAME")
    parser.add_argument("revision", nargs="?", default="main", help="a branch, a tag or a full commit (default main)")
    parser.add_argument("--again", action="store_true", help="fetch what the cache already has, too")
    options = parser.parse_args()
    signal.alarm(LIMIT)  # also when whoever started this is gone
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error instead, for a server that sends more than it says
    most = 4 * max(SIZES.values())
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    disable_progress_bars()
    try:
        print(fetch(options.repository, options.revision, options.again))
    except TooLarge as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # the Hub's clients raise many kinds
        print(hub.explain(error, options.repository, reading=True), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
