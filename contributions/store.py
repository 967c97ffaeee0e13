"""The store of contributed drawings: one SQLite file. A drawing is on the disk before the page says "saved".

SQLite syncs its rollback journal also after truncating it, so a saved drawing survives a power cut.
docs/operations.md says why the journal is not a write-ahead log.
"""

import hashlib
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from contributions import rows
from contributions.rows import Drawing

FILE = "contributions.sqlite"
# How many rows are read at a time.
PAGE = 50
# The most drawings of one writer.
PER_WRITER = 5_000
# This much of the disk stays free, because deleting a writer's drawings needs room for their journal.
FREE_BYTES = 200_000_000

# A writer's `version` counts the drawings that were added. Each drawing keeps the version that it made. It is
# on the Hub once `sent` has reached that version. `shown` has the drawings on the latest sheet of a review.
SCHEMA = """
PRAGMA journal_mode=TRUNCATE;
PRAGMA synchronous=FULL;
PRAGMA secure_delete=ON;
PRAGMA foreign_keys=ON;
CREATE TABLE IF NOT EXISTS writers (
  receipt_hash TEXT PRIMARY KEY, writer TEXT NOT NULL UNIQUE, consent TEXT NOT NULL, licence TEXT NOT NULL,
  utc TEXT NOT NULL, version INTEGER NOT NULL, sent INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS drawings (
  id TEXT PRIMARY KEY, receipt_hash TEXT NOT NULL, row TEXT NOT NULL, version INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting');
CREATE TABLE IF NOT EXISTS deleted_receipts (receipt_hash TEXT PRIMARY KEY, sent INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shown (
  id TEXT PRIMARY KEY REFERENCES drawings ON DELETE CASCADE, verdict TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS drawings_by_writer ON drawings (receipt_hash);
"""
INSERT = "INSERT OR IGNORE INTO drawings (id, receipt_hash, row, version) VALUES (?, ?, ?, ?)"
NO_ROOM, LATER = "The server has no room left for drawings.", "The server cannot do that just now; try again."
UNKNOWN = "Nothing is kept under this receipt; check the code for typing mistakes."


class Declined(ValueError):
    """A request cannot be met, or the store cannot be used.

    The message is a sentence; `code` and `values` find it in web/words.json.
    """

    def __init__(self, sentence: str, code: str = "refused", **values):
        super().__init__(sentence)
        self.code, self.values = code, values


def hashed(receipt: object) -> str:
    """The hash of a receipt code, which is all that is stored of it."""
    return hashlib.sha256(f"draw-a-digit {receipt}".encode(errors="replace")).hexdigest()


def new_receipt() -> str:
    """A code of 80 random bits that is easy to copy by hand: no 0, 1, I or O."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


class Store:
    """The drawings in `folder`. Safe for many threads and processes. Methods raise Declined.

    Rows are added, accepted or rejected by a maintainer, and deleted by their writers.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._lock = threading.RLock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self.folder / FILE, check_same_thread=False, timeout=30, isolation_level=None
            )
            self._database.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            sentence = f"Contributions cannot be kept in {self.folder} ({error})."
            raise Declined(sentence, code="nowhere") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: either all of it is stored, or nothing."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                if "full" in str(error):
                    raise Declined(NO_ROOM, code="no-room") from error
                raise Declined(LATER, code="later") from error
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def ask(self, question: str, *values) -> list[tuple]:
        """The rows that an SQL query gives."""
        with self._lock:
            try:
                return self._database.execute(question, values).fetchall()
            except sqlite3.Error as error:
                raise Declined(LATER, code="later") from error

    def pages(self, columns: str, where: str = "1", *values) -> Iterator[tuple]:
        """Columns of drawings in their order of arrival, read in pages, so that nobody waits long."""
        where, last = f"{where} AND rowid > ? ORDER BY rowid LIMIT {PAGE}", 0
        while page := self.ask(f"SELECT rowid, {columns} FROM drawings WHERE {where}", *values, last):
            last = page[-1][0]
            yield from (row[1:] for row in page)

    # --- writers and their drawings -----------------------------------------------------------------------

    def register(self, consent: str, licence: str) -> str:
        """Add a writer who has agreed; returns the receipt code, of which only the hash is stored."""
        receipt, now = new_receipt(), datetime.now(UTC).isoformat(timespec="seconds")
        row = (hashed(receipt), secrets.token_hex(8), consent, licence, now)
        self._check_room()
        with self.writing() as database:
            database.execute("INSERT INTO writers VALUES (?, ?, ?, ?, ?, 0, 0)", row)
        return receipt

    def _check_room(self) -> None:
        """Raises Declined when the disk is nearly full."""
        if shutil.disk_usage(self.folder).free < FREE_BYTES:
            raise Declined(NO_ROOM, code="no-room")

    def writer(self, receipt: object) -> dict[str, str] | None:
        """The writer with that receipt code, or None. The keys are fields of a drawing."""
        names = ("writer", "receipt_hash", "consent", "licence")
        question = f"SELECT {', '.join(names)} FROM writers WHERE receipt_hash = ?"
        found = self.ask(question, hashed(receipt))
        return dict(zip(names, found[0], strict=True)) if found else None

    def add(self, drawing: Drawing) -> None:
        """Store a drawing on the disk, unless one with its id is there.

        Raises Declined, and stores nothing, when a limit is reached, the disk is full or the writer is gone.
        """
        mine = (drawing.receipt_hash,)
        with self.writing() as database:
            if self.ask("SELECT 1 FROM drawings WHERE id = ?", drawing.id):
                return
            version = "UPDATE writers SET version = version + 1 WHERE receipt_hash = ? RETURNING version"
            known = database.execute(version, mine).fetchone()
            if not known:
                raise Declined(UNKNOWN, code="unknown")
            self._check_room()
            if self.ask("SELECT count(*) FROM drawings WHERE receipt_hash = ?", *mine)[0][0] >= PER_WRITER:
                sentence = f"You have given {PER_WRITER:,} drawings, the most from one person; thank you."
                raise Declined(sentence, code="yours-full", most=PER_WRITER)
            database.execute(INSERT, (drawing.id, *mine, rows.to_line(drawing), *known))

    def counts(self, receipt: str) -> tuple[int, int]:
        """How many drawings of a receipt are stored here, and how many of those are on the Hub, too."""
        question = (
            "SELECT count(*), coalesce(sum(d.version <= w.sent), 0) FROM drawings d "
            "JOIN writers w USING (receipt_hash) WHERE receipt_hash = ?"
        )
        return self.ask(question, hashed(receipt))[0]

    def delete(self, receipt_hash: str, on_hub: bool = False) -> int:
        """Delete the writer with that hash and their drawings; returns how many drawings that were.

        The Hub gets the deletion, too, unless it has it already (`on_hub`). The hash is kept, so that no copy
        brings the drawings back.
        """
        with self.writing() as database:
            gone = "DELETE FROM writers WHERE receipt_hash = ? RETURNING version"
            version = database.execute(gone, (receipt_hash,)).fetchone()
            known = "INSERT OR IGNORE INTO deleted_receipts VALUES (?, ?)"
            database.execute(known, (receipt_hash, on_hub or version == (0,)))
            return database.execute("DELETE FROM drawings WHERE receipt_hash = ?", (receipt_hash,)).rowcount

    def is_deleted(self, receipt_hash: str) -> bool:
        """Whether the writer with that hash was deleted."""
        return bool(self.ask("SELECT 1 FROM deleted_receipts WHERE receipt_hash = ?", receipt_hash))

    # --- the copy on the Hub ------------------------------------------------------------------------------

    def unsent(self) -> dict[str, int]:
        """The writers of whom the Hub lacks drawings or the deletion: receipt hash -> version."""
        return dict(
            self.ask(
                "SELECT receipt_hash, version FROM writers WHERE sent < version "
                "UNION ALL SELECT receipt_hash, 1 FROM deleted_receipts WHERE sent = 0"
            )
        )

    def lines(self, receipt_hash: str) -> Iterator[bytes]:
        """The rows of a writer, each a line of JSON."""
        return (row.encode() + b"\n" for (row,) in self.pages("row", "receipt_hash = ?", receipt_hash))

    def mark_sent(self, versions: dict[str, int], deleted: Iterable[str]) -> None:
        """Note that the Hub has these versions of writers, and these deletions."""
        with self.writing() as database:
            writers = [(version, receipt_hash) for receipt_hash, version in versions.items()]
            database.executemany("UPDATE writers SET sent = ? WHERE receipt_hash = ?", writers)
            question = "UPDATE deleted_receipts SET sent = 1 WHERE receipt_hash = ?"
            database.executemany(question, [(receipt_hash,) for receipt_hash in deleted])

    def take(self, owner: str, lines: Iterable[bytes]) -> int:
        """Take over the rows of a file from the Hub; `owner` is the receipt hash of its writer.

        Rows that are not drawings of that writer are left out; returns how many. Nothing of a deleted writer
        is taken, and the Hub gets the deletion once more.
        """
        drawings, faults = [], 0
        for line in lines:
            try:
                drawings.append(rows.parse(line))
            except ValueError:
                faults += 1
        mine = [drawing for drawing in drawings if drawing.receipt_hash == owner]
        with self.writing() as database:
            again = "UPDATE deleted_receipts SET sent = 0 WHERE receipt_hash = ?"
            is_deleted = database.execute(again, (owner,)).rowcount
            for drawing in [] if is_deleted else mine:
                database.execute(
                    "INSERT OR IGNORE INTO writers VALUES (?, ?, ?, ?, ?, 1, 1)",
                    (owner, drawing.writer, drawing.consent, drawing.licence, drawing.utc),
                )
                database.execute(INSERT, (drawing.id, owner, rows.to_line(drawing), 0))
        return faults + len(drawings) - len(mine)

    def each(self, where: str = "1", *values) -> Iterator[Drawing]:
        """The drawings that meet an SQL condition, in their order of arrival."""
        return (rows.parse(row) for (row,) in self.pages("row", where, *values))

    def judge(self, ids: Iterable[str], state: str) -> int:
        """Set the state of drawings ("accepted", "rejected"); returns how many there were."""
        with self.writing() as database:
            return sum(
                database.execute("UPDATE drawings SET state = ? WHERE id = ?", (state, id)).rowcount
                for id in ids
            )
