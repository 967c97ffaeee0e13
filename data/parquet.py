"""The dataset as a folder of parquet files with its card, ready for `load_dataset` and for the Hub."""

import shutil
from pathlib import Path

from .archives import CONFIGS, locate
from .mnixel import SHARD, arrays, load
from .stats import sheet

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "dataset_card.md"
# The card of a dataset without MNIXEL's drawings, and the sections about the other configurations.
CARDS = ROOT / "data" / "cards"
CHARTS = ("data-train.png", "data-test.png")
# `python -m contributions merge` writes here. Git ignores the folder, because it holds other people's work.
CONTRIBUTED = ROOT / "data" / "contributed"


def build(out: Path, folder: str | Path | None = None, contributed: Path = CONTRIBUTED) -> None:
    """Write MNIXEL and the contributed drawings into the new folder `out`. Raises DataError and OSError."""
    for archive in CONFIGS.values():
        locate(archive, folder)
    out.mkdir(parents=True)
    write_mnixel(out, folder)
    add(out, "contributed", contributed)


def write_mnixel(out: Path, folder: str | Path | None = None) -> None:
    """Write the configurations `clean` and `raw` and their card into the empty folder `out`."""
    import datasets

    # Files of a hundred kilobytes need no progress bars.
    datasets.disable_progress_bars()
    for config in CONFIGS:
        (out / config).mkdir()
        for split, rows in load(config, folder).items():
            rows.to_parquet(out / config / SHARD.format(split=split))
    clean = arrays("clean", folder)
    sheet(clean.x_train, clean.y_train).save(out / "data-samples.png")
    for name in CHARTS:
        shutil.copyfile(ROOT / "docs" / "images" / name, out / name)
    shutil.copyfile(CARD, out / "README.md")


def add(out: Path, config: str, folder: Path) -> None:
    """Copy the parquet files of another configuration into the dataset in `out`, and describe it on the card.

    Without such files in `folder`, nothing changes. `load_dataset` loads the first configuration by default.
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
