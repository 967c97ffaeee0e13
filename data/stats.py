"""How many drawings of each digit there are: as a table, and as pictures."""

from pathlib import Path

import numpy as np

from .archives import CONFIGS
from .mnixel import DIGITS, Arrays, arrays


def per_digit(digits: Arrays) -> dict[str, np.ndarray]:
    """Drawings per digit: split name -> (10,) integers."""
    splits = {"train": digits.y_train, "test": digits.y_test}
    return {split: np.bincount(labels, minlength=len(DIGITS)) for split, labels in splits.items()}


def all_counts(folder: str | Path | None = None) -> dict[str, dict[str, np.ndarray]]:
    """`per_digit` of every configuration. `folder` and errors as in `arrays`."""
    return {config: per_digit(arrays(config, folder)) for config in CONFIGS}


def table(counts: dict[str, dict[str, np.ndarray]]) -> str:
    """What `all_counts` returns as a Markdown table, aligned so that it also reads well in a terminal."""
    lines = [f"| configuration | split | {' | '.join(f'{digit:>2}' for digit in DIGITS)} | total |"]
    lines.append(f"| ------------- | ----- | {' | '.join(['-:'] * len(DIGITS))} | ----: |")
    for config, splits in counts.items():
        for split, each in splits.items():
            lines.append(
                f"| {config:13} | {split:5} | {' | '.join(f'{n:2}' for n in each)} | {each.sum():5} |"
            )
    return "\n".join(lines)


def draw(out: Path, folder: str | Path | None = None) -> list[Path]:
    """Write the charts of both splits and the sheet of samples to the folder `out`; returns what was written.

    Raises DataError and OSError, and ImportError without matplotlib, when the sheet is written already.
    """
    from .pictures import chart, sheet

    out.mkdir(parents=True, exist_ok=True)
    clean, written = arrays("clean", folder), [out / "data-samples.png"]
    sheet(clean.x_train, clean.y_train).save(written[0])
    each = all_counts(folder)
    for split in ("train", "test"):
        written.append(out / f"data-{split}.png")
        chart(split, each["clean"][split], each["raw"][split], written[-1])
    return written
