"""Brings a model repository's files into the Hub's cache: `python -m page.fetch OWNER/NAME [REVISION]` prints the commit.

A process of its own, because it can be ended whatever the Hub does: the Hub's clients wait for ever for a server that accepts
and then keeps silent, or that sends a byte now and then. It imports nothing heavy. `page/served.py` starts it.
"""

from __future__ import annotations

import argparse
import signal
import sys

from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.utils import disable_progress_bars

from publishing import hub

LIMIT = 120  # seconds, then it ends: the files are under a megabyte
NEEDED = ("config.json", "model.safetensors")
WELCOME = "metrics.json"  # how good they are; weights without it can be served too


def fetch(repository: str, revision: str = "main", again: bool = False) -> str:
    """Download the files of `repository` (OWNER/NAME) at `revision` into the cache; returns the commit they are of.

    Files that the cache has are not sent, unless `again`. Raises what huggingface_hub raises.
    """
    hub.limit_silence()
    url = hf_hub_url(repository, NEEDED[0], revision=revision)
    commit = get_hf_file_metadata(url, token=get_token(), timeout=hub.SILENCE).commit_hash
    for name in NEEDED:
        hf_hub_download(repository, name, revision=commit, force_download=again)
    try:
        hf_hub_download(repository, WELCOME, revision=commit)
    except Exception:  # welcome, not needed: served.py does without
        pass
    return commit


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("repository", metavar="OWNER/NAME")
    parser.add_argument("revision", nargs="?", default="main", help="a branch, a tag or a full commit (default main)")
    parser.add_argument("--again", action="store_true", help="fetch what the cache already has, too")
    options = parser.parse_args()
    signal.alarm(LIMIT)  # also when whoever started this is gone
    disable_progress_bars()
    try:
        print(fetch(options.repository, options.revision, options.again))
    except Exception as error:  # the Hub's clients raise many kinds
        print(hub.explain(error, options.repository, reading=True), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
