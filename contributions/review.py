"""A maintainer's review: sheets of the waiting drawings with the network's predictions, and the decisions.

A sheet shows everything of a drawing that would be published. Only what was on the latest sheet can be
accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

import board
from contributions.rows import Drawing, drawn, to_line
from contributions.store import Declined, Store

if TYPE_CHECKING:
    from model import DigitCNN

# How many characters of an id are shown.
SHORT = 8
# How many drawings a sheet has, and in how many columns.
MOST, COLUMNS = 60, 5
# How much larger the 28x28 is shown.
ENLARGED = 4
# The gap between two parts of a cell, and the room beside a board.
GAP, ASIDE = 12, 150  # pixels
# The width and height of a cell.
CELL = (board.SIZE + ASIDE + 3 * GAP, board.SIZE + 2 * GAP)
FRAMES = {"agrees": "#2f855a", "unsure": "#b7791f", "disagrees": "#c53030"}
RULES = ("all", *FRAMES)


@dataclass(frozen=True)
class Facts:
    """A waiting drawing, and the network's prediction, which is None when the network is not sure.

    The confidence, 0..1, belongs to the most probable digit.
    """

    drawing: Drawing
    prediction: str | None
    confidence: float

    @property
    def verdict(self) -> str:
        """Whether the network "agrees" or "disagrees" with the label, or is "unsure"."""
        if self.prediction is None:
            return "unsure"
        return "agrees" if self.prediction == self.drawing.label else "disagrees"


def waiting(store: Store, net: DigitCNN, most: int = MOST) -> list[Facts]:
    """The earliest waiting drawings."""
    drawings = islice(store.each("state = 'waiting'"), most)
    return [Facts(drawing, *predict(net, drawing)) for drawing in drawings]


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
    """Note in the store what the latest sheet shows."""
    noted = [(facts.verdict, facts.drawing.id, to_line(facts.drawing)) for facts in shown]
    with store.writing() as database:
        database.execute("DELETE FROM shown")
        # Another drawing may have the id by now, if the first was deleted in between.
        database.executemany("INSERT INTO shown SELECT id, ? FROM drawings WHERE id = ? AND row = ?", noted)


def judge(store: Store, accept: Sequence[str], reject: Sequence[str]) -> tuple[int, int]:
    """Accept and reject by rules for the latest sheet, and by ids or their beginnings.

    A drawing that both name is rejected. Returns how many were accepted and rejected. Raises Declined, and
    changes nothing, for a word that is neither a rule nor an id, and for accepting what the latest sheet did
    not show.
    """
    states, shown = dict(store.pages("id, state")), dict(store.ask("SELECT id, verdict FROM shown"))
    still = {id: verdict for id, verdict in shown.items() if states[id] == "waiting"}
    rejected = _chosen(reject, still, states)
    accepted = _chosen(accept, still, states) - rejected
    if unseen := accepted - {*shown}:
        look = "look at it with `python -m contributions review` before you accept it"
        raise Declined(f"{min(unseen)[:SHORT]!r} was not on the latest sheet: {look}")
    return store.judge(accepted, "accepted"), store.judge(rejected, "rejected")


def _chosen(words: Sequence[str], shown: dict[str, str], every: Iterable[str]) -> set[str]:
    """The ids that `words` name, by rules for `shown` or by the beginnings of `every` id. Raises Declined."""
    ids: set[str] = set()
    for word in words:
        if word in RULES:
            ids |= {id for id, verdict in shown.items() if word in ("all", verdict)}
            continue
        matching = {id for id in every if id.startswith(word)}
        if len(matching) != 1:
            many = f"{len(matching)} drawings begin with it" if matching else "no drawing begins with it"
            raise Declined(f"{word!r} is not a rule ({', '.join(RULES)}) and not an id: {many}")
        ids |= matching
    return ids


def summary(store: Store, shown: Sequence[Facts]) -> str:
    """How many drawings wait, how many are shown, and how many have each verdict."""
    if not shown:
        return "No drawing waits for review."
    [(waiting,)] = store.ask("SELECT count(*) FROM drawings WHERE state = 'waiting'")
    counts = Counter(facts.verdict for facts in shown)
    return f"{waiting} waiting, {len(shown)} shown: {', '.join(f'{counts[each]} {each}' for each in FRAMES)}"


# --- the sheet ----------------------------------------------------------------------------------------------


def sheet(shown: Sequence[Facts]) -> Image.Image:
    """One picture with a cell for each drawing."""
    picture = Image.new("RGB", (COLUMNS * CELL[0], -(-len(shown) // COLUMNS) * CELL[1]), "white")
    for number, facts in enumerate(shown):
        picture.paste(cell(facts), (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
    return picture


def cell(facts: Facts) -> Image.Image:
    """A drawing at board size, with every point in red; beside it the 28x28, and the other facts in words."""
    drawing, size = facts.drawing, board.SIZE
    picture = Image.new("RGB", CELL, "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((GAP - 4, GAP - 4, GAP + size + 3, GAP + size + 3), fill=FRAMES[facts.verdict])
    # Half as bright, so that the points stand out.
    picture.paste(Image.fromarray(drawn(drawing.strokes) // 2).convert("RGB"), (GAP, GAP))
    points = [point for stroke in drawing.strokes for point in stroke["points"]]
    times = [time for stroke in drawing.strokes for time in stroke["times"]]
    for x, y in points:
        pen.circle((GAP + x, GAP + y), 1.5, fill="red")
    beside = size + 2 * GAP
    small = Image.frombytes("L", (board.SMALL, board.SMALL), drawing.image).convert("RGB")
    side = ENLARGED * board.SMALL
    picture.paste(small.resize((side, side), Image.Resampling.NEAREST), (beside, GAP))
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
    ]
    where, font = (beside, side + 2 * GAP), ImageFont.load_default(14)
    pen.multiline_text(where, "\n".join(words), fill="black", font=font, spacing=6)
    return picture
