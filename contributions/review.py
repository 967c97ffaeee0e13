"""A maintainer's review: sheets of the drawings that wait, with a network's predictions, and decisions to accept or reject.

A sheet shows everything of a drawing that would be published. A drawing can be accepted only if the latest sheet showed it as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import board
from contributions.rows import Drawing, drawn, to_line
from contributions.store import Declined, Store

if TYPE_CHECKING:
    from model import DigitCNN

BLANK = 3.0  # fully inked pixels of 28x28: less is no digit; a MNIXEL digit has 30 to 150
SHORT = 8  # characters of an id that are shown
COLUMNS, LINES = 3, 4  # of a page
SMALL = 4  # times 28: the picture beside the board
STRIP = 24  # pixels: height of the time line
GAP, ASIDE = 12, 150  # pixels between cells, and beside a board
CELL = (board.SIZE + ASIDE + 3 * GAP, board.SIZE + STRIP + 3 * GAP)  # width, height
FRAMES = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}
RULES = ("all", "good", "blank", "duplicate", "agrees", "unsure", "disagrees")
SHOWN = "shown.json"  # in the store's folder: what was on the latest sheet


@dataclass(frozen=True)
class Facts:
    """What a sheet shows of a waiting drawing, without its strokes."""

    id: str
    sha256: str  # of the row
    label: str
    prediction: str | None  # None when the network is not sure
    confidence: float  # of the most probable digit, 0..1
    margin: float  # of the best logit over the mean one
    blank: bool
    duplicate: bool  # the same picture came earlier

    @property
    def verdict(self) -> str:
        """Whether the network "agrees" or "disagrees" with the label, or is "unsure"."""
        if self.prediction is None:
            return "unsure"
        return "agrees" if self.prediction == self.label else "disagrees"

    @property
    def flags(self) -> list[str]:
        return [name for name in ("blank", "duplicate") if getattr(self, name)]

    @property
    def rules(self) -> set[str]:
        """Those of RULES that choose this drawing."""
        good = ["good"] if self.verdict == "agrees" and not self.flags else []
        return {"all", self.verdict, *self.flags, *good}


def sha256_of(drawing: Drawing) -> str:
    return hashlib.sha256(to_line(drawing).encode()).hexdigest()


def waiting(store: Store, net: DigitCNN, most: int | None = None) -> list[tuple[Drawing, Facts]]:
    """The earliest `most` waiting drawings, or all, with their facts."""
    duplicates, shown = _duplicates(store), []
    for drawing, _ in islice(store.each("state = 'waiting'"), most):
        blank = bool(np.frombuffer(drawing.image, dtype=np.uint8).sum() / 255 < BLANK)
        id, predicted = drawing.id, predict(net, drawing)
        shown.append(
            (drawing, Facts(id, sha256_of(drawing), drawing.label, *predicted, blank, id in duplicates))
        )
    return shown


def _duplicates(store: Store) -> set[str]:
    """The ids of drawings whose picture came earlier."""
    seen, duplicates = set(), set()
    for id, pixels in store.pages(
        "id, CASE WHEN json_valid(row) THEN json_extract(row, '$.pixels') END", "1"
    ):
        digest = hashlib.sha256(str(pixels).encode()).digest()
        if digest in seen:
            duplicates.add(id)
        seen.add(digest)
    return duplicates


def predict(net: DigitCNN, drawing: Drawing) -> tuple[str | None, float, float]:
    """The predicted digit (None when the network is not sure), the confidence 0..1 and the logit margin."""
    from model import EmptyDrawing

    try:
        (probabilities,), (margin,) = net.predict(net.preprocess(drawn(drawing.strokes))[None])
    except EmptyDrawing:
        return None, 0.0, 0.0
    best = int(probabilities.argmax())
    prediction = str(best) if margin >= net.config.threshold else None
    return prediction, round(float(probabilities[best]), 4), round(float(margin), 2)


# --- decisions --------------------------------------------------------------------------------------------------------


def remember(store: Store, shown: Sequence[Facts]) -> None:
    """Note in the store's folder what the sheet shows."""
    (store.folder / SHOWN).write_text(json.dumps([asdict(facts) for facts in shown]), encoding="ascii")


def remembered(store: Store) -> list[Facts]:
    """What the latest sheet showed; [] when there was none."""
    try:
        return [Facts(**facts) for facts in json.loads((store.folder / SHOWN).read_text(encoding="ascii"))]
    except (OSError, ValueError, TypeError):
        return []


def judge(store: Store, accept: Sequence[str], reject: Sequence[str]) -> tuple[int, int]:
    """Accept and reject by rules for the latest sheet, and by ids or their beginnings; what both name is rejected.

    Returns how many were accepted and rejected. Raises Declined, and changes nothing, for a word that is neither rule nor id, and for an
    accepted drawing that the latest sheet did not show as it is.
    """
    states = dict(store.pages("id, state", "1"))
    shown = remembered(store)
    hashes = {facts.id: facts.sha256 for facts in shown}
    still = [facts for facts in shown if states.get(facts.id) == "waiting"]
    rejected = _chosen(reject, still, list(states))
    accepted = [id for id in _chosen(accept, still, list(states)) if id not in rejected]
    for id in accepted:
        if [sha256_of(drawing) for drawing, _ in store.each("id = ?", id)] != [hashes.get(id)]:
            look = "look at it with `python -m contributions review` before you accept it"
            raise Declined(f"{id[:SHORT]!r} was not on the latest sheet as it is now: {look}")
    return store.judge(accepted, "accepted"), store.judge(rejected, "rejected")


def _chosen(words: Sequence[str], shown: Sequence[Facts], every: Sequence[str]) -> list[str]:
    """The ids that `words` name: by a rule, of those `shown`; by their beginning, of `every` id. Raises Declined."""
    ids: dict[str, None] = {}
    for word in words:
        if word in RULES:
            matching = [facts.id for facts in shown if word in facts.rules]
        else:
            matching = [id for id in every if id.startswith(word)]
            if len(matching) != 1:
                many = f"{len(matching)} drawings begin with it" if matching else "no drawing begins with it"
                raise Declined(f"{word!r} is no rule ({', '.join(RULES)}) and no id: {many}")
        ids.update(dict.fromkeys(matching))
    return list(ids)


def table(shown: Sequence[tuple[Drawing, Facts]], more: int = 0) -> str:
    """One line a drawing, for the terminal; `more` wait and are not shown."""
    if not shown and not more:
        return "No drawing waits for review."
    lines = [f"{'id':<{SHORT}}  label  network        margin  writer    flags"]
    for drawing, facts in shown:
        prediction = f"{facts.prediction or '?'} {100 * facts.confidence:3.0f} % {facts.verdict}"
        line = f"{facts.id[:SHORT]:<{SHORT}}  {facts.label:<5}  {prediction:<13}  {facts.margin:6.2f}"
        lines.append(f"{line}  {drawing.writer[:SHORT]}  {' '.join(facts.flags)}".rstrip())
    verdicts = Counter(facts.verdict for _, facts in shown)
    summary = ", ".join(f"{verdict} {count}" for verdict, count in sorted(verdicts.items())) or "saw none"
    lines.append(f"{len(shown) + more} waiting, {len(shown)} shown: the network {summary}")
    return "\n".join(lines)


# --- sheets -----------------------------------------------------------------------------------------------------------


def save_sheets(shown: Sequence[tuple[Drawing, Facts]], path: Path) -> list[Path]:
    """Write pages of 12 drawings to `path`, and to name-2, name-3, ... beside it; returns their paths."""
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
    """One drawing at board size: its ink with every point, from blue (first) to red (last); its times; its 28x28; its facts."""
    picture = Image.new("RGB", CELL, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    left, top, size = GAP, GAP, board.SIZE
    pen.rectangle((left - 4, top - 4, left + size + 3, top + size + 3), fill=FRAMES[facts.verdict])
    ink = drawn(drawing.strokes) // 2  # darker, so that the points on it stand out
    picture.paste(Image.fromarray(ink).convert("RGB"), (left, top))
    points = [point for stroke in drawing.strokes for point in stroke["points"]]
    times = [time for stroke in drawing.strokes for time in stroke["times"]]
    last = max([*times, 1])
    for number, (x, y) in enumerate(points):
        pen.circle((left + x, top + y), 1.5, fill=_colour(number / len(points)))
    below = top + size + GAP
    pen.rectangle((left, below, left + size, below + STRIP), fill="#edf2f7")
    for number, time in enumerate(times):
        x = left + round(time / last * (size - 1))
        pen.line((x, below, x, below + STRIP), fill=_colour(number / len(times)))
    beside = left + size + GAP
    small = Image.fromarray(np.frombuffer(drawing.image, np.uint8).reshape(28, 28))
    picture.paste(
        small.resize((28 * SMALL, 28 * SMALL), Image.Resampling.NEAREST).convert("RGB"), (beside, top)
    )
    strokes = len(drawing.strokes)
    words = [
        f"asked for: {drawing.label}",
        f"network: {facts.prediction or 'not sure'}, {100 * facts.confidence:.0f} %",
        f"margin: {facts.margin:.2f}",
        f"{strokes} stroke{'s' * (strokes != 1)}, {len(points)} points",
        f"radius {', '.join(f'{radius:g}' for radius in sorted({s['radius'] for s in drawing.strokes}))}"[
            :22
        ],
        f"{last / 1000:.1f} s" if times else "no times",
        f"{drawing.utc[:10]}, {drawing.source}",
        drawing.licence[:22],
        f"writer {drawing.writer[:SHORT]}",
        f"id {drawing.id[:SHORT]}",
        " ".join(facts.flags).upper(),
    ]
    pen.multiline_text((beside, top + 28 * SMALL + GAP), "\n".join(words), fill="black", font=font, spacing=6)
    return picture


def _colour(share: float) -> str:
    """Blue at 0, over green to red at 1."""
    return f"hsv({240 * (1 - share):.0f}, 100%, 100%)"
