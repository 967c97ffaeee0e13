"""The dataset as a folder of parquet files with its card, ready for `load_dataset` and for the Hub."""

import shutil
import tempfile
from pathlib import Path

from .archives import CONFIGS, DataError
from .mnixel import arrays, load
from .pictures import sheet
from .stats import CARD, all_counts, updated

SAMPLES = "data-samples.png"
SAMPLES_LINE = "<!-- python -m data build puts the sheet of samples here. -->"
SPLITS = ("train", "test")
SHARD = "{config}/{split}-00000-of-00001.parquet"  # the Hub's own way to name the files of a split
ADDED = {f"contributed/{split}-00000-of-00001.parquet" for split in SPLITS}  # there if anybody has contributed
CONTRIBUTED = Path(__file__).resolve().parent / "contributed"  # what `python -m contributions merge` wrote
FILES = {"README.md", SAMPLES} | {SHARD.format(config=config, split=split) for config in CONFIGS for split in SPLITS}


def build(
    out: str | Path,
    folder: str | Path | None = None,
    force: bool = False,
    card: str | Path = CARD,
    contributed: str | Path = CONTRIBUTED,
) -> Path:
    """Writes the dataset to the folder `out`, whole or not at all, and returns its path.

    An earlier build at `out` is replaced. Any other folder that is not empty is left alone, or with `force` renamed to
    `out`.before: nothing that this function did not write is ever deleted.

    Args:
        out: the folder to make.
        folder: where the archives are, as in `arrays`.
        force: build even if `out` holds other things.
        card: the dataset card that becomes README.md.
        contributed: folder with the parquet files of contributed drawings; if there are any they become a configuration.

    Raises:
        DataError: `out` is not a folder, or holds other things; or the archives cannot be had (see `arrays`).
        OSError: the place of `out` cannot be written.
    """
    out = Path(out).expanduser().resolve()  # a link's target is replaced, not the link
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file: name a folder to build the dataset in")
    present = (
        {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()} if out.exists() else set()
    )
    ours = not present or (FILES <= present and present - FILES <= ADDED)
    before = None if ours else out.with_name(f"{out.name}.before")
    if before and not force:
        raise DataError(f"{out} holds other things than an earlier build: name another folder, or use --force")
    if before and before.exists():
        raise DataError(f"{out} should be moved to {before}, but that exists already: remove one of the two")

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        new = Path(work, "new")
        new.mkdir()
        _write(new, folder, Path(card), Path(contributed))
        if out.exists():
            old = out.rename(before or Path(work, "old"))
            try:
                new.rename(out)
            except OSError:
                old.rename(out)
                raise
        else:
            new.rename(out)
    return out


def _write(out: Path, folder: str | Path | None, card: Path, contributed: Path) -> None:
    """Every file of the dataset, into the empty folder `out`."""
    for config in CONFIGS:
        (out / config).mkdir()
        for split, rows in load(config, folder).items():
            rows.to_parquet(out / SHARD.format(config=config, split=split))
    clean = arrays("clean", folder)
    sheet(clean.x_train, clean.y_train).save(out / SAMPLES)
    samples = f"![Ten rows of handwritten digits, white on black: sixteen drawings of each digit]({SAMPLES})"
    text = updated(card.read_text(encoding="utf-8"), all_counts(folder)).replace(SAMPLES_LINE, samples)
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

The configuration `contributed` holds drawings that visitors of a page made for this purpose, under the licence that their rows name
(`licence`), each accepted by a maintainer. They agreed to that before they drew. A row has the picture as MNIXEL would have stored it, the digit
that was asked for, the lines with their brush radius and times (`strokes`, JSON, board units of 448 a side, milliseconds in steps of 4), the day, and a
random number for the writer: no writer is in both train and test. `margin` says how far the published model's best logit stood above the mean one on the
picture, so that what it finds hard can be looked up; a sitting is what one writer drew on one day. Who drew them can have them deleted, from the next version on.

"""


def with_contributed(card: str, splits: list[str]) -> str:
    """The card with the configuration `contributed`, of these splits, in its YAML and in its text."""
    files = "".join(f"  - split: {split}\n    path: contributed/{split}-*\n" for split in sorted(splits, reverse=True))
    configuration = f"- config_name: contributed\n  data_files:\n{files}"
    return card.replace("dataset_info:\n", f"{configuration}dataset_info:\n", 1).replace(
        "## Limits\n", f"{CONTRIBUTED_SECTION}## Limits\n", 1
    )
