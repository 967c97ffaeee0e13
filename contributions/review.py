"""A maintainer's review: sheets of the waiting drawings with a network's predictions, and the decisions.

A sheet shows everything of a drawing that would be published. A drawing can be accepted only if the latest
sheet showed it as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import board
from contributions.rows import Drawing, drawn, to_line
from contributions.store import Declined, Store

if TYPE_CHECKING:
    from model import DigitCNN

# Fully inked pixels of 28x28: less is not a digit. A MNIXEL digit has 30 to 150.
BLANK = 3.0
# So many characters of an id are shown.
SHORT = 8
# A sheet has so many drawings, in so many columns.
MOST, COLUMNS = 60, 5
# The side of each of the 28x28 pixels.
ENLARGED = 4  # pixels
# Pixels: the height of the time line, the gap between cells, and the room beside a board.
STRIP, GAP, ASIDE = 24, 12, 150
# The width and height of a cell.
CELL = (board.SIZE + ASIDE + 3 * GAP, board.SIZE + STRIP + 3 * GAP)
FRAMES = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}
RULES = ("all", "good", "blank", "duplicate", *FRAMES)
# The file in the store's folder that lists what the latest sheet showed: id -> [hash of the row, rules].
SHOWN = "shown.json"


@dataclass(frozen=True)
class Facts:
    """What a sheet shows of a waiting drawing.

    The prediction is None when the network is not sure. The confidence, 0..1, is that of the most probable
    digit. The flags are "blank", and "duplicate" when the same picture came earlier.
    """

    drawing: Drawing
    prediction: str | None
    confidence: float
    flags: list[str]

    @property
    def verdict(self) -> str:
        """Whether the network "agrees" or "disagrees" with the label, or is "unsure"."""
        if self.prediction is None:
            return "unsure"
        return "agrees" if self.prediction == self.drawing.label else "disagrees"

    @property
    def rules(self) -> list[str]:
        """Those of RULES that choose this drawing."""
        good = ["good"] if self.verdict == "agrees" and not self.flags else []
        return ["all", self.verdict, *self.flags, *good]


def sha256_of(drawing: Drawing) -> str:
    return hashlib.sha256(to_line(drawing).encode()).hexdigest()


def waiting(store: Store, net: DigitCNN, most: int = MOST) -> list[Facts]:
    """The earliest waiting drawings with their facts."""
    seen, duplicates = set(), set()
    for id, pixels in store.pages("id, json_extract(row, '$.pixels')"):
        digest = hashlib.sha256(pixels.encode()).digest()
        if digest in seen:
            duplicates.add(id)
        seen.add(digest)
    shown = []
    for drawing, _ in islice(store.each("state = 'waiting'"), most):
        ink = np.frombuffer(drawing.image, dtype=np.uint8).sum() / 255
        flags = ["blank"] if ink < BLANK else []
        flags += ["duplicate"] if drawing.id in duplicates else []
        shown.append(Facts(drawing, *predict(net, drawing), flags))
    return shown


def predict(net: DigitCNN, drawing: Drawing) -> tuple[str | None, float]:
    """The predicted digit (None when the network is not sure), and the confidence 0..1."""
    try:
        (probabilities,), (margin,) = net.predict(net.preprocess(drawn(drawing.strokes))[None])
    except ValueError:
        # There is nothing to read, or more than one digit.
        return None, 0.0
    best = int(probabilities.argmax())
    return (str(best) if margin >= net.config.threshold else None), float(probabilities[best])


# --- decisions ----------------------------------------------------------------------------------------------


def remember(store: Store, shown: Sequence[Facts]) -> None:
    """Note in the store's folder what the sheet shows."""
    noted = {facts.drawing.id: [sha256_of(facts.drawing), facts.rules] for facts in shown}
    (store.folder / SHOWN).write_text(json.dumps(noted), encoding="utf-8")


def judge(store: Store, accept: Sequence[str], reject: Sequence[str]) -> tuple[int, int]:
    """Accept and reject by rules for the latest sheet, and by ids or their beginnings; what both name is
    rejected.

    Returns how many were accepted and rejected. Raises Declined, and changes nothing, for a word that is
    neither a rule nor an id, and for an accepted drawing that the latest sheet did not show as it is.
    """
    try:
        shown = json.loads((store.folder / SHOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        shown = {}
    states = dict(store.pages("id, state"))
    still = {id: rules for id, (_, rules) in shown.items() if states.get(id) == "waiting"}
    rejected = _chosen(reject, still, states)
    accepted = _chosen(accept, still, states) - rejected
    for id in accepted:
        if [sha256_of(drawing) for drawing, _ in store.each("id = ?", id)] != shown.get(id, ())[:1]:
            look = "look at it with `python -m contributions review` before you accept it"
            raise Declined(f"{id[:SHORT]!r} was not on the latest sheet as it is now: {look}")
    return store.judge(accepted, "accepted"), store.judge(rejected, "rejected")


def _chosen(words: Sequence[str], shown: dict[str, list[str]], every: Iterable[str]) -> set[str]:
    """The ids that `words` name, by rules for `shown` or by beginnings of `every` id. Raises Declined."""
    ids: set[str] = set()
    for word in words:
        if word in RULES:
            ids |= {id for id, rules in shown.items() if word in rules}
            continue
        matching = {id for id in every if id.startswith(word)}
        if len(matching) != 1:
            many = f"{len(matching)} drawings begin with it" if matching else "no drawing begins with it"
            raise Declined(f"{word!r} is not a rule ({', '.join(RULES)}) and not an id: {many}")
        ids |= matching
    return ids


def summary(shown: Sequence[Facts], waiting: int) -> str:
    """How many drawings wait and are shown, and how many each rule chooses."""
    if not shown:
        return "No drawing waits for review."
    counts = Counter(rule for facts in shown for rule in facts.rules)
    chosen = ", ".join(f"{counts[rule]} {rule}" for rule in RULES[1:] if counts[rule])
    return f"{waiting} waiting, {len(shown)} shown: {chosen}"


# --- the sheet ----------------------------------------------------------------------------------------------


def sheet(shown: Sequence[Facts]) -> Image.Image:
    """One picture with a cell for each drawing."""
    picture = Image.new("RGB", (COLUMNS * CELL[0], -(-len(shown) // COLUMNS) * CELL[1]), "white")
    for number, facts in enumerate(shown):
        picture.paste(cell(facts), (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
    return picture


def cell(facts: Facts) -> Image.Image:
    """A drawing at board size: its ink with every point, from blue (first) to red (last), times and facts."""
    drawing, size = facts.drawing, board.SIZE
    picture = Image.new("RGB", CELL, "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((GAP - 4, GAP - 4, GAP + size + 3, GAP + size + 3), fill=FRAMES[facts.verdict])
    # Half as bright, so that the points stand out.
    picture.paste(Image.fromarray(drawn(drawing.strokes) // 2).convert("RGB"), (GAP, GAP))
    points = [point for stroke in drawing.strokes for point in stroke["points"]]
    times = [time for stroke in drawing.strokes for time in stroke["times"]]
    for number, (x, y) in enumerate(points):
        pen.circle((GAP + x, GAP + y), 1.5, fill=_colour(number / len(points)))
    below = size + 2 * GAP
    pen.rectangle((GAP, below, GAP + size, below + STRIP), fill="#edf2f7")
    for number, time in enumerate(times):
        x = GAP + round(time / max(times[-1], 1) * (size - 1))
        pen.line((x, below, x, below + STRIP), fill=_colour(number / len(times)))
    beside = size + 2 * GAP
    small = Image.fromarray(np.frombuffer(drawing.image, np.uint8).reshape(28, 28)).convert("RGB")
    picture.paste(small.resize((28 * ENLARGED, 28 * ENLARGED), Image.Resampling.NEAREST), (beside, GAP))
    radii = sorted({stroke["radius"] for stroke in drawing.strokes})
    words = [
        f"asked for: {drawing.label}",
        f"network: {facts.prediction or 'not sure'}, {100 * facts.confidence:.0f} %",
        f"strokes: {len(drawing.strokes)}, points: {len(points)}",
        f"radius {', '.join(f'{radius:g}' for radius in radii)}"[:22],
        f"{times[-1] / 1000:.1f} s" if times else "no times",
        f"{drawing.utc[:10]}, {drawing.source}",
        drawing.licence[:22],
        f"writer {drawing.writer[:SHORT]}",
        f"id {drawing.id[:SHORT]}",
        " ".join(facts.flags).upper(),
    ]
    where, font = (beside, 28 * ENLARGED + 2 * GAP), ImageFont.load_default(14)
    pen.multiline_text(where, "\n".join(words), fill="black", font=font, spacing=6)
    return picture


def _colour(share: float) -> str:
    """Blue at 0, over green to red at 1."""
    return f"hsv({240 * (1 - share):.0f}, 100%, 100%)"
