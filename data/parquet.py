"""The dataset as a folder of parquet files with its card, ready for `load_dataset` and for the Hub."""

import shutil
import tempfile
from pathlib import Path

from .archives import CONFIGS, DataError
from .mnixel import load
from .stats import draw

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "dataset_card.md"
SPLITS = ("train", "test")
CHARTS = ("data-train.png", "data-test.png")
# The Hub's own way to name the files of a split.
SHARD = "{config}/{split}-00000-of-00001.parquet"
# The folder that `python -m contributions merge` writes; git ignores it, because it holds other people's
# work.
CONTRIBUTED = ROOT / "data" / "contributed"
FILES = {"README.md", "data-samples.png", *CHARTS}
FILES |= {SHARD.format(config=config, split=split) for config in CONFIGS for split in SPLITS}
# There if anybody has contributed.
ADDED = {SHARD.format(config="contributed", split=split) for split in SPLITS}


def build(out: str | Path, folder: str | Path | None = None, contributed: str | Path = CONTRIBUTED) -> Path:
    """Write the dataset to the folder `out`, whole or not at all, and returns its path.

    An earlier build at `out` is replaced; any other folder that is not empty is left alone.

    Args:
        out: the folder to make.
        folder: where the archives are, as in `arrays`.
        contributed: folder with parquet files of contributed drawings, which become a configuration.

    Raises:
        DataError: `out` is not a folder, or holds other things; or the archives cannot be had (see `arrays`).
        OSError: the place of `out` cannot be written.
    """
    # A link's target is replaced, not the link.
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
        _write(new, folder, Path(contributed))
        if out.exists():
            out.rename(Path(work, "old"))
        new.rename(out)
    return out


def _write(out: Path, folder: str | Path | None, contributed: Path) -> None:
    """Every file of the dataset, into the empty folder `out`."""
    for config in CONFIGS:
        (out / config).mkdir()
        for split, rows in load(config, folder).items():
            rows.to_parquet(out / SHARD.format(config=config, split=split))
    draw(out, folder)
    for name in CHARTS:
        shutil.copyfile(ROOT / "docs" / "images" / name, out / name)
    text = CARD.read_text(encoding="utf-8")
    if parts := sorted(contributed.glob("*.parquet")):
        (out / "contributed").mkdir()
        for path in parts:
            shutil.copyfile(path, out / "contributed" / path.name)
        text = with_contributed(text, [path.name.partition("-")[0] for path in parts])
    (out / "README.md").write_text(text, encoding="utf-8")


CONTRIBUTED_SECTION = """\
## Contributed drawings

```python
contributed = load_dataset("OWNER/mnixel", "contributed")
```

The configuration `contributed` holds drawings that visitors of a page made for this purpose, under the
licence that their rows name (`licence`), each accepted by a maintainer. They agreed to that before they drew,
and can have their drawings deleted, from the next version on.

| feature | what |
| --- | --- |
| `image`, `label` | the picture as MNIXEL would have stored it, and the digit that was asked for |
| `strokes` | JSON: lines of points with radius and times; board units of 448 a side, milliseconds by 4 |
| `writer`, `day` | a random number for the writer, and the date. No writer is in both train and test |
| `source`, `licence` | where it was drawn, and under which licence it was given |

"""


def with_contributed(card: str, splits: list[str]) -> str:
    """The card with the configuration `contributed`, of these splits, in its YAML and in its text."""
    files = "".join(
        f"  - split: {split}\n    path: contributed/{split}-*\n" for split in sorted(splits, reverse=True)
    )
    configuration = f"- config_name: contributed\n  data_files:\n{files}"
    return card.replace("dataset_info:\n", f"{configuration}dataset_info:\n", 1).replace(
        "## Limits\n", f"{CONTRIBUTED_SECTION}## Limits\n", 1
    )
