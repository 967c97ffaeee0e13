"""A maintainer's look at what waits, and what they say about it.

`show` puts the earliest drawings that wait on a sheet: everything of them that would be published, and what a network takes them for.
Only drawings that were on the latest sheet, and are still what it showed, can be accepted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

import board
from contributions.rows import Drawing, to_line
from contributions.store import PIXELS, Store

if TYPE_CHECKING:
    from model import DigitCNN

BLANK = 3.0  # of 28x28, in fully inked pixels: less is no digit. A MNIXEL digit has 30 to 150
SHORT = 8  # letters of an id that are shown
SHOWN = "shown.json"  # in the store's folder: what was on the latest sheet


class ReviewError(ValueError):
    """An id or rule that does not fit. The message is one sentence."""


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


RULES: dict[str, Callable[[Facts], bool]] = {
    "all": lambda facts: True,
    "good": lambda facts: facts.verdict == "agrees" and not facts.blank and not facts.duplicate,
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
    drawings: list[Drawing] = []
    for drawing, _ in store.each("waiting"):
        if most is not None and len(drawings) >= most:
            break
        drawings.append(drawing)
    again = _duplicates(store)
    shown = []
    for drawing, (opinion, confidence, margin) in zip(drawings, judged(net, drawings), strict=True):
        ink = np.frombuffer(drawing.image, dtype=np.uint8).sum() / 255
        facts = Facts(
            drawing.id,
            sha256_of(drawing),
            drawing.label,
            opinion,
            round(confidence, 4),
            round(margin, 2),
            bool(ink < BLANK),
            drawing.id in again,
        )
        shown.append((drawing, facts))
    return shown


def _duplicates(store: Store) -> set[str]:
    """The ids of drawings whose picture came earlier."""
    seen, again = set(), set()
    for id, pixels in store.pages(f"id, {PIXELS}", "1"):
        digest = hashlib.sha256(str(pixels).encode()).digest()
        if digest in seen:
            again.add(id)
        seen.add(digest)
    return again


def judged(net: DigitCNN, drawings: Sequence[Drawing]) -> list[tuple[str | None, float, float]]:
    """What the network takes each drawing for (None when it is not sure), its confidence 0..1 and the margin of its logits."""
    import torch

    from model import EmptyDrawing

    opinions: list[tuple[str | None, float, float]] = []
    for drawing in drawings:
        try:
            tensor = net.preprocess(drawn(drawing))
        except EmptyDrawing:
            opinions.append((None, 0.0, 0.0))
            continue
        (probabilities,), (margin,) = net.predict(torch.stack([tensor]))
        best = int(probabilities.argmax())
        sure = margin >= net.config.threshold
        opinions.append((str(best) if sure else None, float(probabilities[best]), float(margin)))
    return opinions


def drawn(drawing: Drawing) -> np.ndarray:
    """The drawing on its board: uint8 (448, 448), 0 background .. 255 ink."""
    strokes = [board.Stroke(np.array(stroke["points"], np.float64), stroke["radius"]) for stroke in drawing.strokes]
    return board.render(strokes)


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

    Returns how many were accepted and rejected. Raises ReviewError, and then nothing has changed: for a word that is neither, and for an
    accepted drawing that the latest sheet did not show as it is.
    """
    shown = remembered(store)
    states = dict(store.pages("id, state", "1"))
    still = [facts for facts in shown if states.get(facts.id) == "waiting"]
    refused = _chosen(reject, still, list(states))
    taken = [id for id in _chosen(accept, still, list(states)) if id not in refused]
    unseen = set(taken) - _unchanged(store, {facts.id: facts.sha256 for facts in shown if facts.id in taken})
    if unseen:
        raise ReviewError(
            f"{min(unseen)[:SHORT]!r} was not on the latest sheet as it is now: look at it with "
            "`python -m contributions review` before you accept it"
        )
    return store.judge(taken, "accepted"), store.judge(refused, "rejected")


def _unchanged(store: Store, hashes: dict[str, str]) -> set[str]:
    """The ids whose rows still have these hashes."""
    return {id for id, wanted in hashes.items() if (drawing := store.get(id)) and sha256_of(drawing) == wanted}


def _chosen(words: Sequence[str], shown: Sequence[Facts], every: Sequence[str]) -> list[str]:
    """The ids that `words` mean: rules, for what was `shown`; ids or beginnings that fit one of `every` id. Raises ReviewError."""
    ids: dict[str, None] = {}
    for word in words:
        if word in RULES:
            matching = [facts.id for facts in shown if RULES[word](facts)]
        else:
            matching = [id for id in every if id.startswith(word)]
            if len(matching) != 1:
                many = f"{len(matching)} drawings begin with it" if matching else "no drawing begins with it"
                raise ReviewError(f"{word!r} is no rule ({', '.join(RULES)}) and no id: {many}")
        ids.update(dict.fromkeys(matching))
    return list(ids)


def table(shown: Sequence[tuple[Drawing, Facts]], more: int = 0) -> str:
    """One line a drawing, to be read in a terminal; `more` wait and are not shown."""
    if not shown and not more:
        return "No drawing waits for review."
    lines = [f"{'id':<{SHORT}}  label  network        margin  writer    flags"]
    for drawing, facts in shown:
        took = f"{facts.opinion or '?'} {100 * facts.confidence:3.0f} % {facts.verdict}"
        flags = " ".join(name for name in ("blank", "duplicate") if getattr(facts, name))
        lines.append(
            f"{facts.id[:SHORT]:<{SHORT}}  {facts.label:<5}  {took:<13}  {facts.margin:6.2f}  {drawing.writer[:8]}  {flags}".rstrip()
        )
    verdicts = Counter(facts.verdict for _, facts in shown)
    summary = ", ".join(f"{what} {count}" for what, count in sorted(verdicts.items())) or "saw none"
    lines.append(f"{len(shown) + more} waiting, {len(shown)} shown: the network {summary}")
    return "\n".join(lines)
