"""What the page may ask about contributions: agree, look, keep, count, take home, delete. Answers are dictionaries, errors sentences."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable

import numpy as np

import board
from contribute import CONSENT, LICENCE, export, terms
from contribute.mirror import Mirror
from contribute.store import Drawing, Store, StoreError, Writer, default_folder, is_persistent
from page import VERSION
from page.recognise import answer
from page.served import Served

SURE = 0.9  # calibrated probability from which the network's other opinion is worth a question
DOT = 20.0  # board units: less line than that is a dot
ID = re.compile(r"[0-9A-Za-z-]{8,64}")
FLUSH = 6.0  # seconds that a deletion waits for the Hub's copy to go, too
LATEST = 10_000_000  # milliseconds: nobody draws a digit for three hours


class Desk:
    """Serves contributors from a store, and carries what it keeps to the Hub if `mirror` is given.

    `persistent` says whether the store outlives a restart; if not, only what the mirror has counts as saved.
    """

    def __init__(
        self, served: Served, store: Store, mirror: Mirror | None, licence: str = LICENCE, persistent: bool = True
    ):
        self.served, self.store, self.mirror = served, store, mirror
        self.licence, self.persistent = licence, persistent

    @classmethod
    def from_environment(cls, served: Served) -> tuple[Desk | None, str]:
        """As CONTRIBUTIONS, CONTRIBUTIONS_DIR, CONTRIBUTIONS_REPO and CONTRIBUTIONS_LICENCE say; or None and why not."""
        if os.environ.get("CONTRIBUTIONS", "").lower() in ("0", "off", "no", "false"):
            return None, "Contributions are switched off here."
        folder, repository = default_folder(), os.environ.get("CONTRIBUTIONS_REPO")
        persistent = is_persistent(folder)
        if not persistent and not repository:
            return (
                None,
                "This Space has no disk that outlives a restart and no repository to keep drawings in, so it takes none.",
            )
        try:
            store = Store(folder)
        except StoreError as error:
            return None, str(error)
        mirror = Mirror(store, repository, restore=not persistent) if repository else None
        return cls(served, store, mirror, os.environ.get("CONTRIBUTIONS_LICENCE") or LICENCE, persistent), ""

    def close(self) -> None:
        """The page stops: give the Hub what it has not got yet, for a few seconds."""
        if self.mirror:
            self.mirror.flush(list(self.store.dirty()), FLUSH)

    @property
    def functions(self) -> list[Callable[[dict], dict]]:
        """For the page: each takes and gives a dictionary."""
        return [self._safe(f) for f in (self.consent, self.look, self.keep, self.status, self.collection, self.forget)]

    def _safe(self, function: Callable[[dict], dict]) -> Callable[[dict], dict]:
        def asked(question: dict) -> dict:
            try:
                return function(question if isinstance(question, dict) else {})
            except (StoreError, ValueError) as error:
                return {"error": str(error)}

        asked.__name__ = function.__name__
        return asked

    # --- agree, look, keep --------------------------------------------------------------------------------------------

    @property
    def terms(self) -> str:
        return terms(self.licence)

    def consent(self, question: dict) -> dict:
        """{"version"} -> {"receipt"}: somebody agrees to the terms of that version."""
        if question.get("version") != CONSENT:
            raise ValueError("The terms have changed since this page was opened; load it again to read them.")
        return {"receipt": self.store.enrol(CONSENT, self.licence)}

    def look(self, question: dict) -> dict:
        """{"strokes"} -> {"pixels"}: the 28x28 that would be kept, 784 numbers 0..255."""
        return {"pixels": small(board.parse_strokes(question.get("strokes"))).ravel().tolist()}

    def keep(self, question: dict) -> dict:
        """Keep a drawing, or ask about it.

        {"receipt", "id", "label", "strokes", "confirmed", "source"} -> the counts of `status` once it is kept, or
        {"ask": sentence, "may_keep": bool} when it is blank, a dot or surely another digit and not `confirmed`.
        """
        writer = self._writer(question)
        if writer is None:
            self._restored()
            return {"error": "Please agree to the terms first.", "consent": True}
        id, label, source = question.get("id"), question.get("label"), question.get("source", "collector")
        if not isinstance(id, str) or not ID.fullmatch(id):
            raise ValueError("A drawing is sent with an id of 8 to 64 letters, digits and dashes.")
        if label not in list("0123456789"):
            raise ValueError('The label is one of "0" to "9".')
        if source not in ("collector", "recognise"):
            raise ValueError('The source is "collector" or "recognise".')
        strokes = board.parse_strokes(question.get("strokes"))
        times = stroke_times(question["strokes"])
        picture = board.render(strokes)
        if not strokes or not picture.any():
            return {"ask": f"The board is empty. Draw {article(label)}, or skip it.", "may_keep": False}
        now = self.served.current
        found = answer(now.net, picture)
        best = found["confidences"][0]
        if question.get("confirmed") is not True:
            line = sum(float(np.hypot(*np.diff(s.points, axis=0).T).sum()) for s in strokes)
            if line < DOT:
                return {"ask": f"That is only a dot. Keep it as {article(label)}?", "may_keep": True}
            if found["digit"] not in (None, label) and best["confidence"] >= SURE:
                return {
                    "ask": f"This looks like {article(found['digit'])}. Keep it as {article(label)}?",
                    "may_keep": True,
                }
        self.store.add(
            Drawing(
                id=id,
                label=label,
                strokes=[
                    {"points": stroke.points.round(1).tolist(), "radius": stroke.radius, "times": time}
                    for stroke, time in zip(strokes, times, strict=True)
                ],
                pixels=base64.b64encode(small(strokes, picture).tobytes()).decode(),
                source=source,
                opinion=found["digit"],
                confidence=round(best["confidence"], 4),
                weights=now.origin,
                app=VERSION,
                writer=writer.writer,
                receipt_hash=writer.receipt_hash,
                consent=writer.consent,
                licence=writer.licence,
            )
        )
        if self.mirror:
            self.mirror.wake()
        try:
            return self.status(question)
        except StoreError:  # it is kept, whatever the count is
            return {"kept": True}

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def status(self, question: dict) -> dict:
        """{"receipt"} -> {"saved", "waiting"}: drawings that are safe, and those that a restart could still cost."""
        if self._writer(question) is None:
            self._restored()
            return {"error": "Nothing is kept under this receipt.", "consent": True}
        kept, on_hub = self.store.counts(question["receipt"])
        counts = {"saved": kept if self.persistent else on_hub, "waiting": 0 if self.persistent else kept - on_hub}
        if not self.mirror:
            return counts
        problem = self.mirror.problem if on_hub < kept else None
        return {**counts, "on_hub": on_hub, **({"problem": problem} if problem else {})}

    def collection(self, question: dict) -> dict:
        """{"receipt", "format": "npz" or "parquet"} -> {"name", "data"}: all drawings of a receipt, base64."""
        drawings = self.store.of(question["receipt"]) if self._writer(question) else []
        if not drawings:
            return {"error": "Nothing is kept under this receipt yet."}
        if question.get("format") == "parquet":
            name, content = "my-digits.parquet", export.as_parquet(drawings)
        else:
            name, content = "MNIST.npz", export.as_npz(drawings)
        return {"name": name, "data": base64.b64encode(content).decode()}

    def forget(self, question: dict) -> dict:
        """{"receipt"} -> {"said", "again"}: delete everything under a receipt, here and on the Hub.

        `again` when the Hub could not be told yet; on a disk that does not last it should then be asked once more.
        """
        receipt = question.get("receipt")
        if not receipt:
            raise ValueError("Enter your receipt code.")
        if self._writer(question) is None and not (
            isinstance(receipt, str) and receipt.isascii() and self.store.forgot(receipt)
        ):
            self._restored()
            raise ValueError("Nothing is kept under this receipt; check the code for a slip.")
        count, batches = self.store.forget(receipt)
        drawings = "1 drawing was" if count == 1 else f"{count} drawings were"
        said = f"{drawings} deleted" if count else "Nothing is left under this receipt"
        if self.mirror and not self.mirror.flush(batches or list(self.store.dirty()), FLUSH):
            if self.persistent:
                return {"said": f"{said} here; the copy on the Hub goes as soon as the Hub answers.", "again": False}
            return {
                "said": f"{said} here; the copy on the Hub is not deleted yet, because the Hub does not answer. "
                "Keep the code and delete again later.",
                "again": True,
            }
        return {"said": f"{said}.", "again": False}

    def _restored(self) -> None:
        """Raises ValueError while the store is still being filled: then nobody can be told that they are unknown."""
        if self.mirror and not self.mirror.restored:
            raise ValueError("The server is still fetching what it has kept; try again in a minute. Nothing is lost.")

    def _writer(self, question: dict) -> Writer | None:
        receipt = question.get("receipt")
        return (
            self.store.writer(receipt)
            if isinstance(receipt, str) and len(receipt) <= 40 and receipt.isascii()
            else None
        )


def article(digit: str) -> str:
    return f"{'an' if digit == '8' else 'a'} {digit}"


def small(strokes: list[board.Stroke], picture: np.ndarray | None = None) -> np.ndarray:
    """MNIXEL's 28x28 of strokes: uint8."""
    return np.rint(board.reduce(board.render(strokes) if picture is None else picture)).astype(np.uint8)


def stroke_times(payload: list[dict]) -> list[list[int]]:
    """The times of each stroke's points in milliseconds, [] where a stroke has none. Raises ValueError when they cannot be."""
    found = []
    for raw in payload:
        times = raw.get("times", [])
        good = isinstance(times, list) and all(type(t) is int and 0 <= t <= LATEST for t in times)
        if not good or len(times) not in (0, len(raw["points"])):
            raise ValueError("The times of a stroke are whole milliseconds, one for each point.")
        found.append(times)
    return found
