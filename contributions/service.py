"""The contribution service: it answers the page's questions about contributed drawings."""

from __future__ import annotations

import base64
import io
import os
from itertools import islice
from pathlib import Path

import numpy as np

import board
from contributions import CONSENT, LICENCE
from contributions.mirror import Mirror
from contributions.rows import DIGITS, ID, MAX_BYTES, SOURCES, Drawing, clean, drawn, to_line
from contributions.store import UNKNOWN, Declined, Store, hashed

# The longest time that a deletion, or the end of the page, waits for the Hub.
FLUSH = 6.0  # seconds
# The most accepted drawings that the page shows.
MOST_ACCEPTED = 200
ROOT = Path(__file__).parent.parent


def store_location() -> tuple[Path, str | None]:
    """The store's folder, and the repository that mirrors it or None, as the environment names them."""
    folder = os.environ.get("CONTRIBUTIONS_DIR") or ROOT / "data" / "submissions"
    return Path(folder).expanduser(), os.environ.get("CONTRIBUTIONS_REPO") or None


def refusal(error: Exception) -> dict:
    """The answer for an error: its sentence, and the code and values that find it in web/words.json."""
    return {"error": str(error), "code": getattr(error, "code", "refused"), **getattr(error, "values", {})}


class ContributionService:
    """Serves contributors from a store, which `mirror` copies to the Hub.

    With a mirror, only drawings on the Hub count as saved. Each drawing carries `app`, the page's version.
    The methods that answer the page's questions block, so call them from a thread. They raise ValueError with
    one sentence.
    """

    def __init__(self, store: Store, mirror: Mirror | None = None, app: str = ""):
        self.store, self.mirror, self.app = store, mirror, app

    @classmethod
    def from_environment(cls, app: str = "") -> tuple[ContributionService | None, dict]:
        """The service that the environment asks for, and the terms: their licence and version.

        Where nothing can be taken, None and the `refusal` that says why.
        """
        folder, repository = store_location()
        try:
            if os.environ.get("CONTRIBUTIONS") == "off":
                raise Declined("Contributions are switched off here.", code="off")
            # docs/operations.md says why no folder of a Space outlives a restart.
            if os.environ.get("SPACE_ID") and not repository:
                raise Declined(
                    "This Space has no disk that outlives a restart and no repository to keep drawings in, "
                    "so it takes none.",
                    code="no-disk",
                )
            store = Store(folder)
        except Declined as error:
            return None, refusal(error)
        mirror = Mirror(store, repository) if repository else None
        if mirror:
            mirror.start()
        return cls(store, mirror, app), {"licence": LICENCE, "version": CONSENT}

    def close(self) -> None:
        """Send the Hub what it lacks before the page stops, within a few seconds."""
        if self.mirror:
            self.mirror.flush(FLUSH)

    def answer(self, name: str, question: dict) -> dict | bytes:
        """The answer of the method with that name, or the `refusal` when it raises ValueError."""
        try:
            return getattr(self, name)(question)
        except ValueError as error:
            return refusal(error)

    def consent(self, question: dict) -> dict:
        """{"version"} -> {"receipt"}: a visitor agrees to that version of the terms."""
        if question.get("version") != CONSENT:
            sentence = "The terms have changed since this page was opened; load it again to read them."
            raise Declined(sentence, code="changed")
        return {"receipt": self.store.register(CONSENT, LICENCE)}

    def submit(self, question: dict) -> dict:
        """{"receipt", "id", "label", "strokes", "source"} -> the counts of `status`.

        Then the drawing is on the disk. If it is sent again under the same id, it is stored once.
        """
        writer = self._writer(question)
        id, label = str(question.get("id")), str(question.get("label"))
        source = str(question.get("source", "collector"))
        if not ID.fullmatch(id) or label not in DIGITS or source not in SOURCES:
            raise ValueError(
                'A drawing has an id of 8 to 64 letters, digits and dashes, a label from "0" to "9", and the '
                'source "collector" or "recognise".'
            )
        strokes = clean(question.get("strokes"))
        levels = np.rint(board.reduce(drawn(strokes))).astype(np.uint8)
        # The shortest line that the page takes has more ink than one full pixel of 28x28.
        if levels.sum() < 255:
            raise ValueError(f"The board is empty. Draw {'an' if label == '8' else 'a'} {label}, or skip it.")
        pixels = base64.b64encode(levels.tobytes()).decode()
        drawing = Drawing(id, label, strokes, pixels, source, self.app, **writer)
        if len(to_line(drawing)) > MAX_BYTES or len(strokes) > board.MAX_STROKES:
            sentence = "This drawing has more points than can be kept. Draw it again with fewer lines."
            raise Declined(sentence, code="too-long")
        self.store.add(drawing)
        return self.status(question)

    def status(self, question: dict) -> dict:
        """{"receipt"} -> {"saved", "waiting"}: how many drawings are saved, and how many the Hub lacks."""
        self._writer(question)
        stored, on_hub = self.store.counts(question["receipt"])
        saved = on_hub if self.mirror else stored
        return {"saved": saved, "waiting": stored - saved}

    def accepted(self, question: dict) -> dict:
        """{} -> {"digits": [[label, its 28x28 in base64], ...]}: the first accepted drawings."""
        drawings = islice(self.store.each("state = 'accepted'"), MOST_ACCEPTED)
        return {"digits": [[drawing.label, drawing.pixels] for drawing in drawings]}

    def collection(self, question: dict) -> bytes:
        """{"receipt"} -> the receipt's drawings as the file `MNIST.npz`, in the format of MNIXEL's collector.

        It holds `X`, float64 (n, 28, 28) 0..255, and `y`, int32 (n,).
        """
        mine = list(self.store.each("receipt_hash = ?", self._writer(question)["receipt_hash"]))
        levels = np.frombuffer(b"".join(drawing.image for drawing in mine), dtype=np.uint8)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            X=levels.reshape(-1, board.SMALL, board.SMALL).astype("<f8"),
            y=np.array([int(drawing.label) for drawing in mine], dtype=np.int32),
        )
        return file.getvalue()

    def delete(self, question: dict) -> dict:
        """{"receipt"} -> {"code", "count", "again"}: delete all drawings of a receipt, here and on the Hub.

        `again` is true when the Hub did not answer. The visitor should then delete again later, because this
        disk may not last.
        """
        receipt_hash = hashed(question.get("receipt"))
        if not self.store.is_deleted(receipt_hash):
            self._writer(question)
        count = self.store.delete(receipt_hash)
        on_hub = not self.mirror or self.mirror.flush(FLUSH, receipt_hash)
        return {"code": "gone" if on_hub else "gone-later", "count": count, "again": not on_hub}

    def _writer(self, question: dict) -> dict[str, str]:
        """The writer with this receipt. Raises Declined when the store does not know it."""
        if writer := self.store.writer(question.get("receipt")):
            return writer
        if self.mirror and not self.mirror.restored:
            sentence = "The server is still fetching its drawings; try again in a minute. Nothing is lost."
            raise Declined(sentence, code="restoring")
        raise Declined(UNKNOWN, code="unknown")
