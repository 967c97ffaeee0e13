"""The contribution service: the page's calls to register, submit, count, export and delete."""

from __future__ import annotations

import base64
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeGuard

import numpy as np

import board
from contributions import CONSENT, LICENCE, export
from contributions.database import FILE, Declined
from contributions.mirror import Mirror
from contributions.rows import ID, MAX_BYTES, SOURCES, Drawing, clean, drawn, limited, to_line
from contributions.store import Store, StoreError, Writer, hashed

FLUSH = 6.0  # seconds that a deletion waits for the Hub
SHOWN = 200  # accepted drawings that everybody may see
COLLECTING = 5.0  # seconds that one visitor's export waits for another's
ROOT = Path(__file__).parent.parent
FILES = {"npz": "MNIST.npz", "parquet": "my-digits.parquet"}  # to take home


def place() -> tuple[Path, str | None]:
    """The store's folder (CONTRIBUTIONS_DIR), and the private dataset repository that mirrors it (CONTRIBUTIONS_REPO) or None."""
    former = ROOT / "contributions"  # the store's folder in earlier releases
    default = former if (former / FILE).is_file() else ROOT / "data" / "submissions"
    folder = os.environ.get("CONTRIBUTIONS_DIR") or default
    return Path(folder).expanduser(), os.environ.get("CONTRIBUTIONS_REPO") or None


def refusal(error: Exception) -> dict:
    """The answer for an error: its sentence, and the code and values of the same sentence in web/words.json (`server.CODE`)."""
    return {"error": str(error), "code": getattr(error, "code", "refused"), **getattr(error, "values", {})}


class ContributionService:
    """Serves contributors from a store, which `mirror` copies to the Hub.

    `persistent`: the store outlives a restart; if it does not, only drawings on the Hub count as saved. `app` is the page's version, which
    each drawing carries. Methods block (on the disk, `delete` on the Hub): call them from a thread.
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
        self._collecting = threading.Lock()

    @classmethod
    def from_environment(cls, app: str = "") -> tuple[ContributionService | None, dict | None]:
        """The service that the environment asks for and None; or None and the `refusal` for the page."""
        folder, repository = place()
        persistent = not os.environ.get("SPACE_ID")  # docs/operations.md says why no folder of a Space is
        try:
            if os.environ.get("CONTRIBUTIONS", "").lower() in ("0", "off", "no", "false"):
                raise Declined("Contributions are switched off here.", code="off")
            if not persistent and not repository:
                sentence = "This Space has no disk that outlives a restart and no repository to keep drawings in, so it takes none."
                raise Declined(sentence, code="no-disk")
            store, mirror = Store(folder), None
        except Declined as error:
            return None, refusal(error)
        if repository:
            mirror = Mirror(store, repository, restore=not persistent)
            mirror.start()
        return cls(store, mirror, os.environ.get("CONTRIBUTIONS_LICENCE") or LICENCE, persistent, app), None

    def close(self) -> None:
        """Send the Hub what it lacks, for a few seconds at most, before the page stops."""
        if self.mirror:
            self.mirror.flush(FLUSH)

    @property
    def functions(self) -> dict[str, Callable[[dict], dict]]:
        """The page's questions: each takes and returns a dictionary, that of `refusal` after an error."""
        named = {"consent": self.register, "submit": self.submit, "status": self.status, "delete": self.delete}
        return {name: self._safe(name, function) for name, function in {**named, "accepted": self.accepted}.items()}

    def _safe(self, name: str, function: Callable[[dict], dict]) -> Callable[[dict], dict]:
        def asked(question: dict) -> dict:
            try:
                return function(question if isinstance(question, dict) else {})
            except ValueError as error:
                return refusal(error)

        asked.__name__ = name
        return asked

    # --- register, submit ---------------------------------------------------------------------------------------------

    def register(self, question: dict) -> dict:
        """{"version"} -> {"receipt"}: a visitor agrees to that version of the terms."""
        if question.get("version") != CONSENT:
            sentence = "The terms have changed since this page was opened; load it again to read them."
            raise Declined(sentence, code="changed")
        return {"receipt": self.store.register(CONSENT, self.licence)}

    def submit(self, question: dict) -> dict:
        """{"receipt", "id", "label", "strokes", "source"} -> the counts of `status`, once the drawing is on the disk.

        The page asks beforehand whether the drawing is the right digit. {"error": ..., "consent": True} when nobody has agreed under
        that receipt. A drawing that is sent again under the same id is stored once.
        """
        writer = self._writer(question)
        if writer is None:
            return {"error": "Please agree to the terms first.", "consent": True}
        id, label, source = question.get("id"), question.get("label"), question.get("source", "collector")
        if not isinstance(id, str) or not ID.fullmatch(id):
            raise ValueError("A drawing is sent with an id of 8 to 64 letters, digits and dashes.")
        if not isinstance(label, str) or label not in list("0123456789"):
            raise ValueError('The label is one of "0" to "9".')
        if source not in SOURCES:
            raise ValueError('The source is "collector" or "recognise".')
        strokes = limited(clean(question.get("strokes")))
        if not strokes:
            raise ValueError(f"The board is empty. Draw {'an' if label == '8' else 'a'} {label}, or skip it.")
        pixels = base64.b64encode(np.rint(board.reduce(drawn(strokes))).astype(np.uint8).tobytes()).decode()
        drawing = Drawing(id, label, strokes, pixels, source, self.app, **asdict(writer))
        if len(to_line(drawing)) > MAX_BYTES:
            sentence = "This drawing has more points than can be kept. Draw it again with fewer lines."
            raise Declined(sentence, code="too-long")
        self.store.add(drawing)
        if self.mirror:
            self.mirror.wake()
        try:
            return self.status(question)
        except StoreError:  # the drawing is stored, whatever the count is
            return {"kept": True}

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def status(self, question: dict) -> dict:
        """{"receipt"} -> {"saved", "waiting"}: drawings that are safe, and those that a restart would lose.

        With a mirror also "on_hub", and "problem", a sentence, while the Hub does not take them.
        """
        if self._writer(question) is None:
            return {"error": "Nothing is kept under this receipt.", "consent": True}
        stored, on_hub = self.store.counts(question["receipt"])
        counts = {
            "saved": stored if self.persistent else on_hub,
            "waiting": 0 if self.persistent else stored - on_hub,
        }
        if not self.mirror:
            return counts
        problem = self.mirror.problem if on_hub < stored else None
        return {**counts, "on_hub": on_hub, **({"problem": problem} if problem else {})}

    def accepted(self, question: dict) -> dict:
        """{} -> {"digits": [[label, its 28x28 in base64], ...]}: the first SHOWN accepted drawings."""
        drawings = islice(self.store.each("state = 'accepted'"), SHOWN)
        return {"digits": [[drawing.label, drawing.pixels] for drawing, _ in drawings]}

    def download_drawings(self, question: dict) -> tuple[str, BinaryIO]:
        """{"receipt", "format": "npz" or "parquet"} -> file name, and an open file with all drawings of the receipt.

        The file has no name on the disk; close it to free its space. One is written at a time. Raises ValueError with one sentence.
        """
        question = question if isinstance(question, dict) else {}
        format = question.get("format", "npz")
        if not isinstance(format, str) or format not in FILES:
            raise ValueError('The format is "npz" or "parquet".')
        if not self._writer(question) or not self.store.counts(question["receipt"])[0]:
            raise Declined("Nothing is kept under this receipt yet.", code="nothing-kept")
        if not self._collecting.acquire(timeout=COLLECTING):
            raise StoreError(
                "Others are downloading their digits just now; try again in a moment.", code="queue"
            )
        file = tempfile.TemporaryFile()
        try:
            mine = (
                drawing for drawing, _ in self.store.each("receipt_hash = ?", hashed(question["receipt"]))
            )
            (export.write_npz if format == "npz" else export.write_parquet)(mine, file)
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                sentence = "The server has no room to write your digits just now; try again later."
                raise StoreError(sentence, code="later") from error
            raise
        finally:
            self._collecting.release()
        return FILES[format], file

    def delete(self, question: dict) -> dict:
        """{"receipt"} -> {"said", "code", "count", "again"}: delete everything under a receipt, here and on the Hub.

        `again`: the Hub did not answer and the disk does not last, so the visitor should delete once more later.
        """
        receipt = question.get("receipt")
        if not receipt:
            raise ValueError("Enter your receipt code.")
        deleted = _like_a_receipt(receipt) and self.store.was_deleted(receipt)
        if not deleted and self._writer(question) is None:
            raise Declined(
                "Nothing is kept under this receipt; check the code for typing mistakes.", code="unknown"
            )
        count, batches = self.store.delete(receipt)
        drawings = "1 drawing was" if count == 1 else f"{count} drawings were"
        sentence, code, hub = (
            f"{drawings} deleted" if count else "Nothing is left under this receipt",
            "gone",
            "",
        )
        if self.mirror and not self.mirror.flush(FLUSH, batches or None):
            code, hub = "gone-here", " here; the copy on the Hub goes as soon as the Hub answers"
            if not self.persistent:
                code, hub = (
                    "gone-later",
                    " here; the copy on the Hub is not deleted yet, because the Hub does not answer. ",
                )
                hub += "Keep the code and delete again later"
        return {"said": f"{sentence}{hub}.", "code": code, "count": count, "again": code == "gone-later"}

    def _writer(self, question: dict) -> Writer | None:
        """Whose receipt it is. Raises Declined while the store is still being filled, when an unknown one may be good."""
        receipt = question.get("receipt")
        writer = self.store.writer(receipt) if _like_a_receipt(receipt) else None
        if not writer and self.mirror and not self.mirror.restored:
            sentence = (
                "The server is still fetching what it had kept; try again in a minute. Nothing is lost."
            )
            raise Declined(sentence, code="restoring")
        return writer


def _like_a_receipt(receipt: object) -> TypeGuard[str]:
    return isinstance(receipt, str) and len(receipt) <= 40 and receipt.isascii()
