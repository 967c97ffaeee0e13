"""How many drawings of each digit there are, as a table, and that table in the dataset card."""

from pathlib import Path

import numpy as np

from .archives import CONFIGS, DataError
from .mnixel import DIGITS, Arrays, arrays

CARD = Path(__file__).resolve().parent.parent / "dataset_card.md"
BEGIN = '<!-- Written by "python -m data stats --card"; do not edit. -->'
END = "<!-- End of what that command wrote. -->"


def per_digit(digits: Arrays) -> dict[str, np.ndarray]:
    """Drawings per digit: split name -> (10,) integers."""
    return {
        "train": np.bincount(digits.y_train, minlength=len(DIGITS)),
        "test": np.bincount(digits.y_test, minlength=len(DIGITS)),
    }


def all_counts(folder: str | Path | None = None) -> dict[str, dict[str, np.ndarray]]:
    """`per_digit` of every configuration. `folder` and errors as in `arrays`."""
    return {config: per_digit(arrays(config, folder)) for config in CONFIGS}


def table(counts: dict[str, dict[str, np.ndarray]]) -> str:
    """What `all_counts` returns as a Markdown table, aligned so that it also reads well in a terminal."""
    rows = [["configuration", "split", *DIGITS, "total"]]
    for config, splits in counts.items():
        for split, each in splits.items():
            rows.append([config, split, *map(str, each), str(each.sum())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        words = [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        lines.append(f"| {' | '.join(words)} |")
    rule = ["-" * w if i < 2 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines.insert(1, f"| {' | '.join(rule)} |")
    return "\n".join(lines)


def updated(card: str, counts: dict[str, dict[str, np.ndarray]]) -> str:
    """The text of the card with the table between its two markers replaced.

    Raises:
        DataError: the card does not have both markers, once each and in order.
    """
    if card.count(BEGIN) != 1 or card.count(END) != 1 or card.index(BEGIN) > card.index(END):
        raise DataError(f"the dataset card should have the lines {BEGIN!r} and {END!r} once each, around the table")
    before, rest = card.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table(counts)}\n\n{END}{rest.split(END)[1]}"


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
