"""A maintainer's look at what waits: a table, a sheet of pictures, and accepting or rejecting by id or by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from contribute.export import images
from contribute.store import Drawing, Store

BLANK = 3.0  # of 28x28, in fully inked pixels: less is no digit. A MNIXEL digit has 30 to 150
SHORT = 8  # letters of an id that are shown


class ReviewError(ValueError):
    """An id or rule that does not fit. The message is one sentence."""


@dataclass(frozen=True)
class Row:
    """One waiting drawing and what speaks about it."""

    drawing: Drawing
    blank: bool
    duplicate: bool  # the same picture came earlier

    @property
    def opinion(self) -> str:
        """ "agrees", "unsure" or "disagrees": the network, with the label."""
        if self.drawing.opinion is None:
            return "unsure"
        return "agrees" if self.drawing.opinion == self.drawing.label else "disagrees"


RULES: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "good": lambda row: row.opinion == "agrees" and not row.blank and not row.duplicate,
    "blank": lambda row: row.blank,
    "duplicate": lambda row: row.duplicate,
    "agrees": lambda row: row.opinion == "agrees",
    "unsure": lambda row: row.opinion == "unsure",
    "disagrees": lambda row: row.opinion == "disagrees",
}


def waiting(store: Store) -> list[Row]:
    """What waits, oldest first."""
    seen, rows = set(), []
    for drawing, state in store.drawings():
        if state == "waiting":
            ink = np.frombuffer(drawing.image, dtype=np.uint8).sum() / 255
            rows.append(Row(drawing, bool(ink < BLANK), drawing.pixels in seen))
        seen.add(drawing.pixels)
    return rows


def chosen(rows: Sequence[Row], every: Sequence[str], words: Sequence[str]) -> list[str]:
    """The ids that `words` mean: names of rules, for the waiting `rows`; ids or beginnings that fit one of `every` id.

    Raises ReviewError.
    """
    ids: dict[str, None] = {}
    for word in words:
        if word in RULES:
            found = [row.drawing.id for row in rows if RULES[word](row)]
        else:
            found = [id for id in every if id.startswith(word)]
            if len(found) != 1:
                many = f"{len(found)} drawings begin with it" if found else "no drawing begins with it"
                raise ReviewError(f"{word!r} is no rule ({', '.join(RULES)}) and no id: {many}")
        ids.update(dict.fromkeys(found))
    return list(ids)


def table(rows: Sequence[Row]) -> str:
    """One line a drawing, to be read in a terminal."""
    lines = [f"{'id':<{SHORT}}  label  network        writer    flags"]
    for row in rows:
        drawing = row.drawing
        took = f"{drawing.opinion or '?'} {100 * drawing.confidence:3.0f} % {row.opinion}"
        flags = " ".join(name for name in ("blank", "duplicate") if getattr(row, name))
        lines.append(
            f"{drawing.id[:SHORT]:<{SHORT}}  {drawing.label:<5}  {took:<13}  {drawing.writer[:8]}  {flags}".rstrip()
        )
    found = Counter(row.opinion for row in rows)
    lines.append(
        f"{len(rows)} waiting: the network {', '.join(f'{what} {count}' for what, count in sorted(found.items())) or 'saw none'}"
    )
    return "\n".join(lines)


COLOURS = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}


def sheet(rows: Sequence[Row], columns: int = 12, scale: int = 3) -> Image.Image:
    """The drawings with id, label and the network's opinion, framed green, yellow or red."""
    side, text = 28 * scale, 26
    cell_w, cell_h = side + 10, side + text + 10
    lines = max(1, -(-len(rows) // columns))
    page = Image.new("RGB", (columns * cell_w + 10, lines * cell_h + 10), "white")
    pen = ImageDraw.Draw(page)
    for number, (row, image) in enumerate(zip(rows, images([row.drawing for row in rows]), strict=True)):
        left, top = 10 + number % columns * cell_w, 10 + number // columns * cell_h
        pen.rectangle((left - 3, top - 3, left + side + 2, top + side + 2), fill=COLOURS[row.opinion])
        page.paste(Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST), (left, top))
        flags = "!" * (row.blank or row.duplicate)
        pen.text((left, top + side + 2), f"{row.drawing.label} ({row.drawing.opinion or '?'}) {flags}", fill="black")
        pen.text((left, top + side + 13), row.drawing.id[:SHORT], fill="#4a5568")
    return page


PAGE = 600  # drawings on a sheet


def save_sheets(rows: Sequence[Row], path: Path) -> list[Path]:
    """Write the sheet to `path`, a further one beside it for each further 600 drawings; returns where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for first in range(0, len(rows), PAGE):
        paths.append(path.with_stem(f"{path.stem}-{first // PAGE + 1}") if first else path)
        sheet(rows[first : first + PAGE]).save(paths[-1])
    return paths
