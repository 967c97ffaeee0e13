"""What the environment says about contributions: the one place where it is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from contributions import LICENCE
from contributions.database import FILE

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Settings:
    """Where drawings are kept and under which licence."""

    folder: Path  # of the store
    repository: str | None = None  # "OWNER/NAME", a private dataset repository that gets every drawing, too
    licence: str = LICENCE
    off: bool = False  # the page takes no drawings
    persistent: bool = True  # the folder outlives a restart


def from_environment() -> Settings:
    """As CONTRIBUTIONS, CONTRIBUTIONS_DIR, CONTRIBUTIONS_REPO and CONTRIBUTIONS_LICENCE say.

    On a Space no folder counts as persistent: its disk is emptied by a restart, and a mounted Storage Bucket gets what is written
    when a file is closed or later, has no locks, and so cannot hold a database that is open for as long as the page runs.
    """
    former = ROOT / "contributions"  # where version 1 kept its store
    default = former if (former / FILE).is_file() else ROOT / "data" / "submissions"
    folder = os.environ.get("CONTRIBUTIONS_DIR")
    return Settings(
        folder=Path(folder).expanduser() if folder else default,
        repository=os.environ.get("CONTRIBUTIONS_REPO") or None,
        licence=os.environ.get("CONTRIBUTIONS_LICENCE") or LICENCE,
        off=os.environ.get("CONTRIBUTIONS", "").lower() in ("0", "off", "no", "false"),
        persistent=not os.environ.get("SPACE_ID"),
    )
