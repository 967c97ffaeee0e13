"""A maintainer's look at what waits, and what they say about it.

`waiting` gives the earliest drawings that wait for a sheet: everything of them that would be published, and what a network takes them for.
Only drawings that were on the latest sheet, and are still what it showed, can be accepted.
"""

from __future__ import annotations

import colorsys
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import board
from contributions.database import Declined
from contributions.rows import Drawing, drawn, to_line
from contributions.store import Store

if TYPE_CHECKING:
    from model import DigitCNN

BLANK = 3.0  # of 28x28, in fully inked pixels: less is no digit. A MNIXEL digit has 30 to 150
SHORT = 8  # letters of an id that are shown
COLUMNS, LINES = 3, 4  # of a page
SMALL = 4  # times 28: the picture beside the board
STRIP = 24  # pixels: the times of the points, from left to right
GAP, ASIDE = 12, 150  # pixels between cells, and beside a board
CELL = (board.SIZE + ASIDE + 3 * GAP, board.SIZE + STRIP + 3 * GAP)  # width, height
FRAMES = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}
SHOWN = "shown.json"  # in the store's folder: what was on the latest sheet


@dataclass(frozen=True)
class Facts:
    """What speaks about a drawing that waits, as far as it was on the sheet."""

    id: str
    sha256: str  # of the row
    label: str
    opinion: str | None  # what the network takes it for, None when it is not sure
    confidence: float  # of the most probable digit, 0..1
    margin: float  # how far the best logit stands above the mean one
    blank: bool
    duplicate: bool  # the same picture came earlier

    @property
    def verdict(self) -> str:
        """ "agrees", "unsure" or "disagrees": the network, with the label."""
        if self.opinion is None:
            return "unsure"
        return "agrees" if self.opinion == self.label else "disagrees"

    @property
    def flags(self) -> str:
        """What else speaks against it."""
        return " ".join(name for name in ("blank", "duplicate") if getattr(self, name))


RULES: dict[str, Callable[[Facts], bool]] = {
    "all": lambda facts: True,
    "good": lambda facts: facts.verdict == "agrees" and not facts.flags,
    "blank": lambda facts: facts.blank,
    "duplicate": lambda facts: facts.duplicate,
    "agrees": lambda facts: facts.verdict == "agrees",
    "unsure": lambda facts: facts.verdict == "unsure",
    "disagrees": lambda facts: facts.verdict == "disagrees",
}


def sha256_of(drawing: Drawing) -> str:
    """What a row is recognised by."""
    return hashlib.sha256(to_line(drawing).encode()).hexdigest()


def waiting(store: Store, net: DigitCNN, most: int | None = None) -> list[tuple[Drawing, Facts]]:
    """The earliest `most` drawings that wait (else all), and what speaks about them."""
    again, shown = _duplicates(store), []
    for drawing, _ in islice(store.each("state = 'waiting'"), most):
        blank = bool(np.frombuffer(drawing.image, dtype=np.uint8).sum() / 255 < BLANK)
        opinion = judged(net, drawing)
        shown.append(
            (drawing, Facts(drawing.id, sha256_of(drawing), drawing.label, *opinion, blank, drawing.id in again))
        )
    return shown


def _duplicates(store: Store) -> set[str]:
    """The ids of drawings whose picture came earlier."""
    seen, again = set(), set()
    for id, pixels in store.pages("id, CASE WHEN json_valid(row) THEN json_extract(row, '$.pixels') END", "1"):
        digest = hashlib.sha256(str(pixels).encode()).digest()
        if digest in seen:
            again.add(id)
        seen.add(digest)
    return again


def judged(net: DigitCNN, drawing: Drawing) -> tuple[str | None, float, float]:
    """What the network takes a drawing for (None when it is not sure), its confidence 0..1 and the margin of its logits."""
    from model import EmptyDrawing

    try:
        (probabilities,), (margin,) = net.predict(net.preprocess(drawn(drawing.strokes))[None])
    except EmptyDrawing:
        return None, 0.0, 0.0
    best = int(probabilities.argmax())
    opinion = str(best) if margin >= net.config.threshold else None
    return opinion, round(float(probabilities[best]), 4), round(float(margin), 2)


# --- what was shown ---------------------------------------------------------------------------------------------------


def remember(store: Store, shown: Sequence[Facts]) -> None:
    """Note in the store's folder what was on the sheet."""
    (store.folder / SHOWN).write_text(json.dumps([asdict(facts) for facts in shown]), encoding="ascii")


def remembered(store: Store) -> list[Facts]:
    """What was on the latest sheet; [] when there was none."""
    try:
        return [Facts(**facts) for facts in json.loads((store.folder / SHOWN).read_text(encoding="ascii"))]
    except (OSError, ValueError, TypeError):
        return []


def judge(store: Store, accept: Sequence[str], reject: Sequence[str]) -> tuple[int, int]:
    """Accept and reject by rules, which speak of the latest sheet, and by ids or their beginnings; what both name is rejected.

    Returns how many were accepted and rejected. Raises Declined, and then nothing has changed: for a word that is neither, and for an
    accepted drawing that the latest sheet did not show as it is.
    """
    states = dict(store.pages("id, state", "1"))
    shown = remembered(store)
    hashes = {facts.id: facts.sha256 for facts in shown}
    still = [facts for facts in shown if states.get(facts.id) == "waiting"]
    refused = _chosen(reject, still, list(states))
    taken = [id for id in _chosen(accept, still, list(states)) if id not in refused]
    for id in taken:
        if [sha256_of(drawing) for drawing, _ in store.each("id = ?", id)] != [hashes.get(id)]:
            look = "look at it with `python -m contributions review` before you accept it"
            raise Declined(f"{id[:SHORT]!r} was not on the latest sheet as it is now: {look}")
    return store.judge(taken, "accepted"), store.judge(refused, "rejected")


def _chosen(words: Sequence[str], shown: Sequence[Facts], every: Sequence[str]) -> list[str]:
    """The ids that `words` mean: rules, for what was `shown`; ids or beginnings that fit one of `every` id. Raises Declined."""
    ids: dict[str, None] = {}
    for word in words:
        if word in RULES:
            matching = [facts.id for facts in shown if RULES[word](facts)]
        else:
            matching = [id for id in every if id.startswith(word)]
            if len(matching) != 1:
                many = f"{len(matching)} drawings begin with it" if matching else "no drawing begins with it"
                raise Declined(f"{word!r} is no rule ({', '.join(RULES)}) and no id: {many}")
        ids.update(dict.fromkeys(matching))
    return list(ids)


def table(shown: Sequence[tuple[Drawing, Facts]], more: int = 0) -> str:
    """One line a drawing, to be read in a terminal; `more` wait and are not shown."""
    if not shown and not more:
        return "No drawing waits for review."
    lines = [f"{'id':<{SHORT}}  label  network        margin  writer    flags"]
    for drawing, facts in shown:
        took = f"{facts.opinion or '?'} {100 * facts.confidence:3.0f} % {facts.verdict}"
        known = f"{facts.id[:SHORT]:<{SHORT}}  {facts.label:<5}  {took:<13}  {facts.margin:6.2f}"
        lines.append(f"{known}  {drawing.writer[:SHORT]}  {facts.flags}".rstrip())
    verdicts = Counter(facts.verdict for _, facts in shown)
    summary = ", ".join(f"{what} {count}" for what, count in sorted(verdicts.items())) or "saw none"
    lines.append(f"{len(shown) + more} waiting, {len(shown)} shown: the network {summary}")
    return "\n".join(lines)


# --- on sheets of pictures, at board size, with everything that would be published ------------------------------------


def save_sheets(shown: Sequence[tuple[Drawing, Facts]], path: Path) -> list[Path]:
    """Write pages of 12 drawings to `path`, name-2, name-3 and so on beside it; returns where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for first in range(0, len(shown), COLUMNS * LINES):
        part = shown[first : first + COLUMNS * LINES]
        sheet = Image.new("RGB", (COLUMNS * CELL[0], -(-len(part) // COLUMNS) * CELL[1]), "white")
        for number, (drawing, facts) in enumerate(part):
            sheet.paste(cell(drawing, facts), (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
        paths.append(path.with_stem(f"{path.stem}-{first // (COLUMNS * LINES) + 1}") if first else path)
        sheet.save(paths[-1])
    return paths


def cell(drawing: Drawing, facts: Facts) -> Image.Image:
    """One drawing: its ink with every point, coloured from the first (blue) to the last (red); its 28x28; its times; what is known."""
    picture = Image.new("RGB", CELL, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    left, top, size = GAP, GAP, board.SIZE
    pen.rectangle((left - 4, top - 4, left + size + 3, top + size + 3), fill=FRAMES[facts.verdict])
    ink = drawn(drawing.strokes) // 2  # darker, so that the points on it can be seen
    picture.paste(Image.fromarray(ink).convert("RGB"), (left, top))
    points = [point for stroke in drawing.strokes for point in stroke["points"]]
    times = [time for stroke in drawing.strokes for time in stroke["times"]]
    last = max([*times, 1])
    for number, (x, y) in enumerate(points):
        colour = _colour(number / len(points))
        pen.ellipse((left + x - 1.5, top + y - 1.5, left + x + 1.5, top + y + 1.5), fill=colour)
    below = top + size + GAP
    pen.rectangle((left, below, left + size, below + STRIP), fill="#edf2f7")
    for number, time in enumerate(times):
        x = left + round(time / last * (size - 1))
        pen.line((x, below, x, below + STRIP), fill=_colour(number / len(times)))
    beside = left + size + GAP
    small = Image.fromarray(np.frombuffer(drawing.image, np.uint8).reshape(28, 28))
    picture.paste(small.resize((28 * SMALL, 28 * SMALL), Image.Resampling.NEAREST).convert("RGB"), (beside, top))
    strokes = len(drawing.strokes)
    words = [
        f"asked for: {drawing.label}",
        f"network: {facts.opinion or 'not sure'}, {100 * facts.confidence:.0f} %",
        f"margin: {facts.margin:.2f}",
        f"{strokes} stroke{'s' * (strokes != 1)}, {len(points)} points",
        f"radius {', '.join(f'{radius:g}' for radius in sorted({s['radius'] for s in drawing.strokes}))}"[:22],
        f"{last / 1000:.1f} s" if times else "no times",
        f"{drawing.utc[:10]}, {drawing.source}",
        drawing.licence[:22],
        f"writer {drawing.writer[:SHORT]}",
        f"id {drawing.id[:SHORT]}",
        facts.flags.upper(),
    ]
    pen.multiline_text((beside, top + 28 * SMALL + GAP), "\n".join(words), fill="black", font=font, spacing=6)
    return picture


def _colour(share: float) -> tuple[int, int, int]:
    """Blue at 0, over green to red at 1."""
    red, green, blue = colorsys.hsv_to_rgb(2 / 3 * (1 - share), 1, 1)
    return round(255 * red), round(255 * green), round(255 * blue)
