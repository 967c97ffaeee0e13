"""The contribution service: what the page asks about contributed drawings, and the answers."""

from __future__ import annotations

import base64
import os
import threading
from itertools import islice
from pathlib import Path

import numpy as np

import board
from contributions import CONSENT, LICENCE, export
from contributions.mirror import Mirror
from contributions.rows import ID, LICENCE_NAME, MAX_BYTES, SOURCES, Drawing, clean, drawn, to_line
from contributions.store import Declined, Store, hashed

FLUSH = 6.0  # seconds that a deletion waits for the Hub
MOST_ACCEPTED = 200  # accepted drawings that everybody may see
ROOT = Path(__file__).parent.parent


def store_location() -> tuple[Path, str | None]:
    """CONTRIBUTIONS_DIR, the store's folder; CONTRIBUTIONS_REPO, the repository that mirrors it, or None."""
    folder = os.environ.get("CONTRIBUTIONS_DIR") or ROOT / "data" / "submissions"
    return Path(folder).expanduser(), os.environ.get("CONTRIBUTIONS_REPO") or None


def refusal(error: Exception) -> dict:
    """The answer for an error: its sentence, and that sentence's code and values in web/words.json."""
    return {"error": str(error), "code": getattr(error, "code", "refused"), **getattr(error, "values", {})}


class ContributionService:
    """Serves contributors from a store, which `mirror` copies to the Hub.

    `persistent`: the store outlives a restart; if it does not, only drawings on the Hub count as saved. `app`
    is the page's version, which each drawing carries. Methods block: call them from a thread. Each answers a
    question of the page, and raises ValueError with one sentence.
    """

    def __init__(
        self,
        store: Store,
        mirror: Mirror | None = None,
        licence: str = LICENCE,
        persistent: bool = True,
        app: str = "",
    ):
        self.store, self.mirror = store, mirror
        self.licence, self.persistent, self.app = licence, persistent, app
        self._downloading = threading.Lock()

    @classmethod
    def from_environment(cls, app: str = "") -> tuple[ContributionService | None, dict | None]:
        """The service that the environment asks for and None; or None and the `refusal` for the page."""
        folder, repository = store_location()
        # docs/operations.md says why no folder of a Space outlives a restart.
        persistent = not os.environ.get("SPACE_ID")
        try:
            if os.environ.get("CONTRIBUTIONS", "").lower() in ("0", "off", "no", "false"):
                raise Declined("Contributions are switched off here.", code="off")
            if not persistent and not repository:
                sentence = (
                    "This Space has no disk that outlives a restart and no repository to keep drawings in, "
                    "so it takes none."
                )
                raise Declined(sentence, code="no-disk")
            licence = os.environ.get("CONTRIBUTIONS_LICENCE") or LICENCE
            if not LICENCE_NAME.fullmatch(licence):
                raise Declined("CONTRIBUTIONS_LICENCE must be a name of at most 100 plain letters.")
            store, mirror = Store(folder), None
        except Declined as error:
            return None, refusal(error)
        if repository:
            mirror = Mirror(store, repository, restore=not persistent)
            mirror.start()
        return cls(store, mirror, licence, persistent, app), None

    def close(self) -> None:
        """Send the Hub what it lacks, for a few seconds at most, before the page stops."""
        if self.mirror:
            self.mirror.flush(FLUSH)

    def answer(self, name: str, question: dict) -> dict | bytes:
        """The answer of the method with that name, after an error the `refusal`."""
        try:
            return getattr(self, name)(question)
        except ValueError as error:
            return refusal(error)

    def consent(self, question: dict) -> dict:
        """{"version"} -> {"receipt"}: a visitor agrees to that version of the terms."""
        if question.get("version") != CONSENT:
            sentence = "The terms have changed since this page was opened; load it again to read them."
            raise Declined(sentence, code="changed")
        return {"receipt": self.store.register(CONSENT, self.licence)}

    def submit(self, question: dict) -> dict:
        """{"receipt", "id", "label", "strokes", "source"} -> the counts of `status`, once it is on the disk.

        {"error", "consent": True} when nobody has agreed under that receipt. A drawing that is sent again
        under the same id is stored once.
        """
        writer = self._writer(question)
        if writer is None:
            return {"error": "Please agree to the terms first.", "consent": True}
        id, label, source = question.get("id"), question.get("label"), question.get("source", "collector")
        # The page has asked whether the drawing is the right digit.
        if not isinstance(id, str) or not ID.fullmatch(id):
            raise ValueError("A drawing is sent with an id of 8 to 64 letters, digits and dashes.")
        if not isinstance(label, str) or label not in list("0123456789"):
            raise ValueError('The label is one of "0" to "9".')
        if source not in SOURCES:
            raise ValueError('The source is "collector" or "recognise".')
        strokes = clean(question.get("strokes"))
        if not strokes:
            raise ValueError(f"The board is empty. Draw {'an' if label == '8' else 'a'} {label}, or skip it.")
        pixels = base64.b64encode(np.rint(board.reduce(drawn(strokes))).astype(np.uint8).tobytes()).decode()
        drawing = Drawing(id, label, strokes, pixels, source, self.app, **writer)
        if len(to_line(drawing)) > MAX_BYTES or len(strokes) > board.MAX_STROKES:
            sentence = "This drawing has more points than can be kept. Draw it again with fewer lines."
            raise Declined(sentence, code="too-long")
        self.store.add(drawing)
        if self.mirror:
            self.mirror.wake()
        return self.status(question)

    def status(self, question: dict) -> dict:
        """{"receipt"} -> {"saved", "waiting"}: drawings that are safe, and those that a restart would lose.

        With a mirror also "on_hub", and "problem", a sentence, while the Hub does not take them.
        """
        if self._writer(question) is None:
            return {"error": "Nothing is kept under this receipt.", "consent": True}
        stored, on_hub = self.store.counts(question["receipt"])
        saved = stored if self.persistent else on_hub
        counts = {"saved": saved, "waiting": stored - saved}
        if not self.mirror:
            return counts
        problem = self.mirror.problem if on_hub < stored else None
        return {**counts, "on_hub": on_hub, **({"problem": problem} if problem else {})}

    def accepted(self, question: dict) -> dict:
        """{} -> {"digits": [[label, its 28x28 in base64], ...]}: the first accepted drawings."""
        drawings = islice(self.store.each("state = 'accepted'"), MOST_ACCEPTED)
        return {"digits": [[drawing.label, drawing.pixels] for drawing, _ in drawings]}

    def collection(self, question: dict) -> bytes:
        """{"receipt"} -> the receipt's drawings as `MNIST.npz`."""
        if not self._writer(question) or not self.store.counts(question["receipt"])[0]:
            raise Declined("Nothing is kept under this receipt yet.", code="nothing-kept")
        # The arrays of one visitor take some 30 MB for a moment.
        with self._downloading:
            mine = self.store.each("receipt_hash = ?", hashed(question["receipt"]))
            return export.npz(drawing for drawing, _ in mine)

    def delete(self, question: dict) -> dict:
        """{"receipt"} -> {"code", "count", "again"}: delete all drawings of a receipt, here and on the Hub.

        `again`: the Hub did not answer and the disk does not last, so the visitor has to delete again later.
        """
        receipt = question.get("receipt")
        if not self.store.was_deleted(receipt) and self._writer(question) is None:
            sentence = "Nothing is kept under this receipt; check the code for typing mistakes."
            raise Declined(sentence, code="unknown")
        count = self.store.delete(receipt)
        on_hub = not self.mirror or self.mirror.flush(FLUSH, hashed(receipt))
        code = "gone" if on_hub else "gone-here" if self.persistent else "gone-later"
        return {"code": code, "count": count, "again": code == "gone-later"}

    def _writer(self, question: dict) -> dict[str, str] | None:
        """The writer with this receipt, or None; Declined while the store is being filled from the Hub."""
        writer = self.store.writer(question.get("receipt"))
        if not writer and self.mirror and not self.mirror.restored:
            sentence = (
                "The server is still fetching what it had kept; try again in a minute. Nothing is lost."
            )
            raise Declined(sentence, code="restoring")
        return writer
