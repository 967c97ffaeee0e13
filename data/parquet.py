"""The dataset as a folder of parquet files with its card, ready for `load_dataset` and for the Hub."""

import shutil
import tempfile
from pathlib import Path

from .archives import CONFIGS, DataError
from .mnixel import SHARD, load
from .stats import draw

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "dataset_card.md"
# The card of a dataset without MNIXEL's drawings, and the sections about what programs and visitors drew.
CARDS = ROOT / "data" / "cards"
CHARTS = ("data-train.png", "data-test.png")
# The folder of `python -m contributions merge`. Git ignores it, because it holds other people's work.
CONTRIBUTED = ROOT / "data" / "contributed"
FILES = {"README.md", "data-samples.png", *CHARTS}
SHARDS = [SHARD.format(split=split) for split in ("train", "test")]
FILES |= {f"{config}/{shard}" for config in CONFIGS for shard in SHARDS}
# There if anybody has contributed.
ADDED = {f"contributed/{shard}" for shard in SHARDS}


def build(out: str | Path, folder: str | Path | None = None, contributed: Path = CONTRIBUTED) -> Path:
    """Write MNIXEL and the contributed drawings to the folder `out`, whole or not at all; returns its path.

    An earlier build at `out` is replaced. Raises DataError when `out` holds anything else, and as `arrays`.
    """
    # If `out` is a link, its target is replaced.
    out = Path(out).expanduser().resolve()
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file: name a folder to build the dataset in")
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if present and not FILES <= present <= FILES | ADDED:
        raise DataError(f"{out} holds other things than an earlier build: name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        new = Path(work, "new")
        new.mkdir()
        write_mnixel(new, folder)
        add(new, "contributed", contributed)
        if out.exists():
            out.rename(Path(work, "old"))
        new.rename(out)
    return out


def write_mnixel(out: Path, folder: str | Path | None = None) -> None:
    """Write the configurations `clean` and `raw` and their card into the empty folder `out`."""
    import datasets

    # Files of a hundred kilobytes need no progress bars.
    datasets.disable_progress_bars()
    for config in CONFIGS:
        (out / config).mkdir()
        for split, rows in load(config, folder).items():
            rows.to_parquet(out / config / SHARD.format(split=split))
    draw(out, folder)
    for name in CHARTS:
        shutil.copyfile(ROOT / "docs" / "images" / name, out / name)
    shutil.copyfile(CARD, out / "README.md")


def add(out: Path, config: str, folder: Path) -> None:
    """Copy the parquet files of another configuration into the dataset in `out`, and describe it on the card.

    Without such files in `folder` the dataset stays as it is. The first configuration of a card is what
    `load_dataset` loads by default.
    """
    parts = sorted(folder.glob("*.parquet"), reverse=True)
    if not parts:
        return
    (out / config).mkdir()
    lines = [f"- config_name: {config}", "  data_files:"]
    for part in parts:
        shutil.copyfile(part, out / config / part.name)
        split = part.name.partition("-")[0]
        lines += [f"  - split: {split}", f"    path: {config}/{split}-*"]
    card = (out / "README.md").read_text(encoding="utf-8")
    if "- config_name" not in card:
        lines.insert(1, "  default: true")
    section = (CARDS / f"{config}.md").read_text(encoding="utf-8")
    card = card.replace("\n---\n", "\n" + "\n".join(lines) + "\n---\n", 1)
    card = card.replace("## Limits\n", f"{section}## Limits\n", 1)
    (out / "README.md").write_text(card, encoding="utf-8")
