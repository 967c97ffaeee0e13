"""Where contributed drawings are kept: one SQLite file, written through to the disk before "saved" is said.

Rows are only added, judged by a maintainer, and deleted by whoever drew them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contributions import rows
from contributions.database import PAGE, Database, StoreError
from contributions.rows import Drawing

STATES = ("waiting", "accepted", "rejected")  # of a row, set by a maintainer
PIECE = 1_000_000  # bytes of rows that one transaction deletes: its journal must fit into the reserve
DIGITS = tuple("0123456789")
LABEL, PIXELS = (f"CASE WHEN json_valid(row) THEN json_extract(row, '$.{name}') END" for name in ("label", "pixels"))


@dataclass(frozen=True)
class Limits:
    """How much is kept. How fast it may come is the server's to limit, by address: a new receipt costs nothing."""

    per_writer: int = 5_000  # drawings
    total: int = 1_000_000
    newcomers: int = 10_000  # who have agreed and drawn nothing yet; beyond that the earliest of them must agree again
    free_bytes: int = 50_000_000  # that stay free on the disk


@dataclass(frozen=True)
class Writer:
    """Somebody who has agreed to the terms."""

    writer: str
    receipt_hash: str
    consent: str
    licence: str


def hashed(receipt: str) -> str:
    """What is kept of a receipt code: it cannot be turned back."""
    return hashlib.sha256(f"draw-a-digit {receipt}".encode()).hexdigest()


def new_receipt() -> str:
    """A code of 80 random bits that can be noted by hand: no 0, 1, I or O."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


class Store(Database):
    """The drawings in `folder`. Safe for many threads, and for other processes beside it. Methods raise StoreError."""

    def __init__(self, folder: str | Path, limits: Limits = Limits()):
        super().__init__(folder)
        self.limits = limits
        self._sweep()

    # --- visitors -----------------------------------------------------------------------------------------------------

    def register(self, consent: str, licence: str) -> str:
        """A new writer who has agreed; returns the receipt code, of which only the hash is kept."""
        receipt = new_receipt()
        now = datetime.now(UTC)
        self._room()
        with self.writing() as database:
            # Who agreed and drew nothing in a day, or before very many others, agrees again with one press.
            day_ago = (now - timedelta(days=1)).isoformat(timespec="seconds")
            database.execute("DELETE FROM newcomers WHERE utc < ?", (day_ago,))
            database.execute(
                "DELETE FROM newcomers WHERE rowid IN (SELECT rowid FROM newcomers ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
                (self.limits.newcomers - 1,),
            )
            database.execute(
                "INSERT INTO newcomers VALUES (?, ?, ?, ?, ?)",
                (hashed(receipt), secrets.token_hex(8), consent, licence, now.isoformat(timespec="seconds")),
            )
        return receipt

    def _room(self) -> None:
        """Raises StoreError when the disk is nearly full."""
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise StoreError("The server cannot keep drawings just now; try again.", code="later") from error
        if free < self.limits.free_bytes:
            raise StoreError("The server has no room left for drawings.", code="no-room")

    def writer(self, receipt: str) -> Writer | None:
        """Who has that receipt code; None for nobody."""
        found = self.ask(
            "SELECT writer, receipt_hash, consent, licence FROM writers WHERE receipt_hash = ?1 UNION ALL "
            "SELECT writer, receipt_hash, consent, licence FROM newcomers WHERE receipt_hash = ?1",
            hashed(receipt),
        )
        return Writer(*found[0]) if found else None

    def add(self, drawing: Drawing) -> bool:
        """Keep a drawing; when this returns it is on the disk. False when it was there already.

        Raises StoreError when a limit is reached or the disk is full; then nothing has changed.
        """
        with self.writing() as database:

            def count(where: str, *values) -> int:
                return database.execute(f"SELECT count(*) FROM drawings WHERE {where}", values).fetchone()[0]

            there = database.execute("SELECT receipt_hash FROM drawings WHERE id = ?", (drawing.id,)).fetchone()
            if there and there[0] == drawing.receipt_hash:
                return False
            if there:
                raise StoreError("Another drawing has this id; send yours under a new one.")
            mine = (drawing.receipt_hash,)
            database.execute("INSERT OR IGNORE INTO writers SELECT * FROM newcomers WHERE receipt_hash = ?", mine)
            database.execute("DELETE FROM newcomers WHERE receipt_hash = ?", mine)
            if not database.execute("SELECT 1 FROM writers WHERE receipt_hash = ?", mine).fetchone():
                raise StoreError(
                    "Your contributions were deleted, so nothing more is kept under this receipt.", code="deleted"
                )
            self._room()
            if count("receipt_hash = ?", drawing.receipt_hash) >= self.limits.per_writer:
                most = self.limits.per_writer
                sentence = f"You have given {most:,} drawings, which is the most from one person; thank you."
                raise StoreError(sentence, code="yours-full", most=most)
            if count("1") >= self.limits.total:
                raise StoreError("The collection is full; thank you.", code="full")
            database.execute(
                "INSERT INTO drawings (id, receipt_hash, utc, row) VALUES (?, ?, ?, ?)",
                (drawing.id, drawing.receipt_hash, drawing.utc, rows.to_line(drawing)),
            )
        return True

    def counts(self, receipt: str) -> tuple[int, int]:
        """How many drawings of a receipt are kept here, and how many of those are on the Hub too."""
        found = self.ask(
            "SELECT count(*), count(b.name) FROM kept k LEFT JOIN batches b ON b.name = k.batch AND b.sent = b.version "
            "WHERE k.receipt_hash = ?",
            hashed(receipt),
        )
        return found[0]

    def of(self, receipt: str) -> Iterator[Drawing]:
        """The drawings of a receipt, oldest first."""
        return _drawings(self.pages("row", "receipt_hash = ?", hashed(receipt)))

    def pictures(self, receipt: str) -> Iterator[tuple[str, bytes]]:
        """Label and 784 grey levels of each drawing of a receipt, oldest first; the strokes are not read."""
        for label, pixels in self.pages(f"{LABEL}, {PIXELS}", "receipt_hash = ?", hashed(receipt)):
            try:
                picture = base64.b64decode(pixels)
            except (ValueError, TypeError):
                continue
            if label in DIGITS and len(picture) == 784:  # as in `_drawings`
                yield label, picture

    # --- deleting -----------------------------------------------------------------------------------------------------

    def delete(self, receipt: str) -> tuple[int, list[str]]:
        """Delete the writer with that receipt and every drawing of theirs: how many, and the batches that the Hub must hear of.

        The hash of the receipt stays, so that no copy from elsewhere brings the drawings back. May be repeated. Works on a full disk.
        """
        mine = hashed(receipt)
        try:
            result = self.with_reserve(lambda: self._mark_deleted(mine))
            self._delete_marked()
        finally:
            self.make_reserve()
        return result

    def _mark_deleted(self, mine: str) -> tuple[int, list[str]]:
        """From here on nobody sees the drawings of the receipt hash `mine`, whatever happens to the process."""
        with self.writing() as database:
            (count,) = database.execute("SELECT count(*) FROM kept WHERE receipt_hash = ?", (mine,)).fetchone()
            found = database.execute(
                "SELECT DISTINCT batch FROM kept WHERE receipt_hash = ? AND batch IS NOT NULL", (mine,)
            )
            batches = [row[0] for row in found]
            database.executemany(
                "UPDATE batches SET version = version + 1 WHERE name = ?", [(name,) for name in batches]
            )
            for table in ("writers", "newcomers"):
                database.execute(f"DELETE FROM {table} WHERE receipt_hash = ?", (mine,))
            database.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (mine,))
        return count, batches

    def _delete_marked(self) -> None:
        """Delete the rows of forgotten receipts, in transactions that fit into the reserve."""
        while True:
            found = self.ask(
                "SELECT id, length(row) FROM drawings WHERE receipt_hash IN (SELECT receipt_hash FROM forgotten) LIMIT ?",
                PAGE,
            )
            if not found:
                return
            ids: list[tuple[str]] = []
            size = 0
            for id, length in found:
                if ids and size + length > PIECE:
                    break
                ids.append((id,))
                size += length
            self.with_reserve(functools.partial(self._delete, ids))

    def _delete(self, ids: list[tuple[str]]) -> None:
        with self.writing() as database:
            database.executemany("DELETE FROM drawings WHERE id = ?", ids)

    def _sweep(self) -> None:
        """Finish what a crash has interrupted."""
        try:
            self._delete_marked()
        except StoreError:  # hidden already; the next start or deletion tries again
            pass

    def was_deleted(self, receipt: str) -> bool:
        """Whether somebody has deleted everything under that receipt before."""
        return bool(self.ask("SELECT 1 FROM forgotten WHERE receipt_hash = ?", hashed(receipt)))

    # --- the maintainer -----------------------------------------------------------------------------------------------

    def drawings(self, state: str | None = None) -> list[tuple[Drawing, str]]:
        """All drawings with their state, in the order in which they came; only those of `state` if it is given."""
        return list(self.each(state))

    def each(self, state: str | None = None) -> Iterator[tuple[Drawing, str]]:
        """The same, one after the other."""
        where, values = ("state = ?", (state,)) if state else ("1", ())
        for row, found in self.pages("row, state", where, *values):
            for drawing in _drawings([(row,)]):
                yield drawing, found

    def get(self, id: str) -> Drawing | None:
        """The drawing with that id; None when there is none."""
        return next(_drawings(self.pages("row", "id = ?", id)), None)

    def judge(self, ids: Iterable[str], state: str) -> int:
        """Set the state of drawings; returns how many there were."""
        if state not in STATES:
            raise ValueError(f"{state!r} is no state; it is one of {', '.join(STATES)}.")
        with self.writing() as database:
            return sum(
                database.execute("UPDATE drawings SET state = ? WHERE id = ?", (state, id)).rowcount for id in ids
            )


def _drawings(found: Iterable[tuple[str]]) -> Iterator[Drawing]:
    """Rows as drawings; without those that an earlier version took over from the Hub though they are none."""
    for (row,) in found:
        try:
            yield rows.parse(row)
        except ValueError:
            continue
