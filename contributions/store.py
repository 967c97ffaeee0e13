"""The store of contributed drawings. A drawing is on the disk before the page says "saved".

Rows are added, accepted or rejected by a maintainer, and deleted by whoever drew them; nothing else changes them.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contributions import rows
from contributions.database import Database, StoreError
from contributions.rows import Drawing

PIECE = 30  # drawings of at most 32 KiB that one transaction deletes: its journal must fit into the reserve


@dataclass(frozen=True)
class Limits:
    """How much is stored. The server limits the rate, by address, because a new receipt costs nothing."""

    per_writer: int = 5_000  # drawings
    total: int = 1_000_000
    newcomers: int = (
        10_000  # people who have agreed and drawn nothing yet; beyond that the earliest must agree again
    )
    free_bytes: int = 50_000_000  # that stay free on the disk


@dataclass(frozen=True)
class Writer:
    """Somebody who has agreed to the terms."""

    writer: str
    receipt_hash: str
    consent: str
    licence: str


def hashed(receipt: str) -> str:
    """The hash of a receipt code, which is all that is stored of it."""
    return hashlib.sha256(f"draw-a-digit {receipt}".encode()).hexdigest()


def new_receipt() -> str:
    """A code of 80 random bits that is easy to copy by hand: no 0, 1, I or O."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


class Store(Database):
    """The drawings in `folder`. Safe for many threads, and for other processes beside it. Methods raise StoreError."""

    def __init__(self, folder: str | Path, limits: Limits = Limits()):
        super().__init__(folder)
        self.limits = limits
        # What a crash has interrupted is hidden already; if this fails, the next start or deletion tries again.
        with suppress(StoreError):
            self._delete_marked()

    # --- visitors -----------------------------------------------------------------------------------------------------

    def register(self, consent: str, licence: str) -> str:
        """Add a writer who has agreed; returns the receipt code, of which only the hash is stored."""
        receipt, now = new_receipt(), datetime.now(UTC)
        row = (hashed(receipt), secrets.token_hex(8), consent, licence, now.isoformat(timespec="seconds"))
        self._room()
        with self.writing() as database:
            # Who agreed and drew nothing in a day, or before very many others, agrees again with one press.
            day_ago = (now - timedelta(days=1)).isoformat(timespec="seconds")
            latest = f"SELECT rowid FROM newcomers ORDER BY rowid DESC LIMIT {self.limits.newcomers - 1}"
            database.execute(f"DELETE FROM newcomers WHERE utc < ? OR rowid NOT IN ({latest})", (day_ago,))
            database.execute("INSERT INTO newcomers VALUES (?, ?, ?, ?, ?)", row)
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
        """The writer with that receipt code, or None."""
        writers = self.ask(
            "SELECT writer, receipt_hash, consent, licence FROM writers WHERE receipt_hash = ?1 UNION ALL "
            "SELECT writer, receipt_hash, consent, licence FROM newcomers WHERE receipt_hash = ?1",
            hashed(receipt),
        )
        return Writer(*writers[0]) if writers else None

    def add(self, drawing: Drawing) -> bool:
        """Store a drawing; when this returns it is on the disk. False when it was there already.

        Raises StoreError when a limit is reached or the disk is full; then nothing has changed.
        """
        mine, most = (drawing.receipt_hash,), self.limits.per_writer
        with self.writing() as database:
            there = database.execute(
                "SELECT receipt_hash FROM drawings WHERE id = ?", (drawing.id,)
            ).fetchone()
            if there == mine:
                return False
            if there:
                raise StoreError("Another drawing has this id; send yours under a new one.")
            database.execute(
                "INSERT OR IGNORE INTO writers SELECT * FROM newcomers WHERE receipt_hash = ?", mine
            )
            database.execute("DELETE FROM newcomers WHERE receipt_hash = ?", mine)
            if not database.execute("SELECT 1 FROM writers WHERE receipt_hash = ?", mine).fetchone():
                sentence = "Your contributions were deleted, so nothing more is kept under this receipt."
                raise StoreError(sentence, code="deleted")
            self._room()
            if (
                database.execute("SELECT count(*) FROM drawings WHERE receipt_hash = ?", mine).fetchone()[0]
                >= most
            ):
                sentence = f"You have given {most:,} drawings, which is the most from one person; thank you."
                raise StoreError(sentence, code="yours-full", most=most)
            if database.execute("SELECT count(*) FROM drawings").fetchone()[0] >= self.limits.total:
                raise StoreError("The collection is full; thank you.", code="full")
            row = (drawing.id, drawing.receipt_hash, drawing.utc, rows.to_line(drawing))
            database.execute("INSERT INTO drawings (id, receipt_hash, utc, row) VALUES (?, ?, ?, ?)", row)
        return True

    def counts(self, receipt: str) -> tuple[int, int]:
        """How many drawings of a receipt are stored here, and how many of those are on the Hub, too."""
        ((stored, on_hub),) = self.ask(
            "SELECT count(*), count(b.name) FROM visible v LEFT JOIN batches b ON b.name = v.batch AND b.sent = b.version "
            "WHERE v.receipt_hash = ?",
            hashed(receipt),
        )
        return stored, on_hub

    # --- deleting -----------------------------------------------------------------------------------------------------

    def delete(self, receipt: str) -> tuple[int, list[str]]:
        """Delete the writer with that receipt and their drawings; returns how many, and the batches to send to the Hub again.

        The hash of the receipt stays, so that no copy from elsewhere brings the drawings back. Idempotent. Works on a full disk.
        """
        try:
            result = self.with_reserve(lambda: self._mark_deleted(hashed(receipt)))
            self._delete_marked()
        finally:
            self.make_reserve()
        return result

    def _mark_deleted(self, mine: str) -> tuple[int, list[str]]:
        """Hide the drawings of the receipt hash `mine`, whatever happens to the process afterwards."""
        with self.writing() as database:
            rows = database.execute("SELECT batch FROM visible WHERE receipt_hash = ?", (mine,)).fetchall()
            batches = sorted({batch for (batch,) in rows if batch})
            for name in batches:
                database.execute("UPDATE batches SET version = version + 1 WHERE name = ?", (name,))
            for table in ("writers", "newcomers"):
                database.execute(f"DELETE FROM {table} WHERE receipt_hash = ?", (mine,))
            database.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (mine,))
        return len(rows), batches

    def _delete_marked(self) -> None:
        """Delete the rows of forgotten receipts, in transactions that fit into the reserve."""
        marked = "SELECT id FROM drawings WHERE receipt_hash IN (SELECT receipt_hash FROM forgotten)"

        def delete_some() -> None:
            with self.writing() as database:
                database.execute(f"DELETE FROM drawings WHERE id IN ({marked} LIMIT {PIECE})")

        while self.ask(f"{marked} LIMIT 1"):
            self.with_reserve(delete_some)

    def was_deleted(self, receipt: str) -> bool:
        """Whether everything under that receipt was deleted before."""
        return bool(self.ask("SELECT 1 FROM forgotten WHERE receipt_hash = ?", hashed(receipt)))

    # --- the maintainer -----------------------------------------------------------------------------------------------

    def each(self, where: str = "1", *values) -> Iterator[tuple[Drawing, str]]:
        """Drawings that meet an SQL condition, with their state, in their order of arrival.

        Rows that are no drawings, which an earlier version may have taken over from the Hub, are left out.
        """
        for row, state in self.pages("row, state", where, *values):
            with suppress(ValueError):
                drawing = rows.parse(row)
                yield drawing, state

    def waiting(self) -> int:
        """How many drawings wait for review."""
        return self.ask("SELECT count(*) FROM visible WHERE state = 'waiting'")[0][0]

    def judge(self, ids: Iterable[str], state: str) -> int:
        """Set the state of drawings, "accepted" or "rejected"; returns how many there were."""
        with self.writing() as database:
            return sum(
                database.execute("UPDATE drawings SET state = ? WHERE id = ?", (state, id)).rowcount
                for id in ids
            )
