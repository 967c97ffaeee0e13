"""Where contributed drawings are kept: SQLite in WAL mode, one file, written through to the disk before "saved" is said.

Rows are only added, judged by a maintainer, and deleted by whoever drew them. For the way to the Hub, rows are gathered in
batches that are named once and keep their name, so that a batch that is sent twice is still there once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

STATES = ("waiting", "accepted", "rejected")  # of a row, set by a maintainer

SCHEMA = """
CREATE TABLE IF NOT EXISTS writers (
  receipt_hash TEXT PRIMARY KEY, writer TEXT NOT NULL UNIQUE, consent TEXT NOT NULL, licence TEXT NOT NULL, utc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS drawings (
  id TEXT PRIMARY KEY, receipt_hash TEXT NOT NULL, utc TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', batch TEXT, row TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS drawings_of ON drawings (receipt_hash, utc);
CREATE INDEX IF NOT EXISTS drawings_by_batch ON drawings (batch);
CREATE INDEX IF NOT EXISTS drawings_by_time ON drawings (utc);
CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, version INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS forgotten (receipt_hash TEXT PRIMARY KEY);
"""


class StoreError(RuntimeError):
    """A drawing cannot be kept. The message is one sentence for whoever drew it."""


@dataclass(frozen=True)
class Limits:
    """How much is taken, so that one visitor cannot fill the disk of all."""

    per_writer_hour: int = 400  # drawings
    per_writer: int = 5_000
    per_hour: int = 20_000
    writers_per_hour: int = 2_000
    total: int = 1_000_000
    free_bytes: int = 50_000_000  # that stay free on the disk


@dataclass(frozen=True)
class Drawing:
    """One contributed drawing, as it is kept, sent to the Hub and reviewed."""

    id: str
    label: str  # the digit that was asked for, "0".."9"
    strokes: list[dict]  # {"points": [[x, y], ...], "radius": r, "times": [ms, ...]}
    pixels: str  # MNIXEL's 28x28, 784 bytes, base64
    source: str  # "collector", or "recognise" for an answer that was judged
    opinion: str | None  # what the network took it for, None when it was not sure
    confidence: float  # of that, 0..1
    weights: str  # whose opinion it was
    app: str  # version of the page
    writer: str  # random
    receipt_hash: str
    consent: str  # version of the terms
    licence: str
    utc: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def image(self) -> bytes:
        """784 grey levels 0..255, row by row."""
        return base64.b64decode(self.pixels)


@dataclass(frozen=True)
class Writer:
    writer: str
    receipt_hash: str
    consent: str
    licence: str


def _line(drawing: Drawing) -> str:
    return json.dumps(asdict(drawing), separators=(",", ":"))


def _parsed(line: str) -> Drawing | None:
    try:
        return Drawing(**json.loads(line))
    except (ValueError, TypeError):
        return None


def hashed(receipt: str) -> str:
    """What is kept of a receipt code: it cannot be turned back."""
    return hashlib.sha256(f"draw-a-digit {receipt}".encode()).hexdigest()


def new_receipt() -> str:
    """A code of 80 random bits that can be noted by hand: no 0, 1, I or O."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


class Store:
    """The drawings in `folder`. Safe for many threads, and for other processes beside it. Methods raise StoreError."""

    def __init__(self, folder: str | Path, limits: Limits = Limits()):
        self.folder, self.limits = Path(folder), limits
        self._lock = threading.RLock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self.folder / "contributions.sqlite", check_same_thread=False, timeout=30, isolation_level=None
            )
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")  # "saved" survives a power cut, not only a crash
            self._database.execute("PRAGMA secure_delete=ON")  # what was deleted by receipt does not linger in the file
            self._database.executescript(SCHEMA)
            self._clean_log()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"Contributions cannot be kept in {self.folder} ({error}).") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                full = "full" in str(error)
                raise StoreError(
                    "The server has no room left for drawings."
                    if full
                    else "The server cannot keep drawings just now; try again."
                ) from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _ask(self, question: str, *values) -> list[tuple]:
        with self._lock:
            try:
                return self._database.execute(question, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError("The server cannot look into its drawings just now; try again.") from error

    # --- visitors -----------------------------------------------------------------------------------------------------

    def enrol(self, consent: str, licence: str) -> str:
        """A new writer who has agreed; returns the receipt code, of which only the hash is kept."""
        hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
        day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
        receipt = new_receipt()
        if shutil.disk_usage(self.folder).free < self.limits.free_bytes:
            raise StoreError("The server has no room left for drawings.")
        with self._writing() as database:
            # Who agreed a day ago and drew nothing will not miss it, and agreeing again costs one press.
            database.execute(
                "DELETE FROM writers WHERE utc < ? AND receipt_hash NOT IN (SELECT receipt_hash FROM drawings)",
                (day_ago,),
            )
            (recent,) = database.execute("SELECT count(*) FROM writers WHERE utc > ?", (hour_ago,)).fetchone()
            if recent >= self.limits.writers_per_hour:
                raise StoreError("Very many people have started within this hour; please come back in the next.")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            database.execute(
                "INSERT INTO writers VALUES (?, ?, ?, ?, ?)",
                (hashed(receipt), secrets.token_hex(8), consent, licence, now),
            )
        return receipt

    def writer(self, receipt: str) -> Writer | None:
        """Who has that receipt code; None for nobody."""
        rows = self._ask(
            "SELECT writer, receipt_hash, consent, licence FROM writers WHERE receipt_hash = ?", hashed(receipt)
        )
        return Writer(*rows[0]) if rows else None

    def add(self, drawing: Drawing) -> bool:
        """Keep a drawing; when this returns it is on the disk. False when one with its id was there already.

        Raises StoreError when a limit is reached or the disk is full; then nothing has changed.
        """
        limits, hour_ago = self.limits, (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise StoreError("The server cannot keep drawings just now; try again.") from error
        with self._writing() as database:

            def count(where: str, *values) -> int:
                return database.execute(f"SELECT count(*) FROM drawings WHERE {where}", values).fetchone()[0]

            there = database.execute("SELECT receipt_hash FROM drawings WHERE id = ?", (drawing.id,)).fetchone()
            if there and there[0] == drawing.receipt_hash:
                return False
            if there:
                raise StoreError("Another drawing has this id; send yours under a new one.")
            if not database.execute("SELECT 1 FROM writers WHERE receipt_hash = ?", (drawing.receipt_hash,)).fetchone():
                raise StoreError("Your contributions were deleted, so nothing more is kept under this receipt.")
            if free < limits.free_bytes:
                raise StoreError("The server has no room left for drawings.")
            if count("receipt_hash = ? AND utc > ?", drawing.receipt_hash, hour_ago) >= limits.per_writer_hour:
                raise StoreError(
                    f"You have given {limits.per_writer_hour} drawings within an hour, which is the most; thank you, come back later."
                )
            if count("receipt_hash = ?", drawing.receipt_hash) >= limits.per_writer:
                raise StoreError(
                    f"You have given {limits.per_writer} drawings, which is the most from one person; thank you."
                )
            if count("utc > ?", hour_ago) >= limits.per_hour:
                raise StoreError("Very many drawings came within this hour; please come back in the next.")
            if database.execute("SELECT count(*) FROM drawings").fetchone()[0] >= limits.total:
                raise StoreError("The collection is full; thank you.")
            database.execute(
                "INSERT INTO drawings (id, receipt_hash, utc, row) VALUES (?, ?, ?, ?)",
                (drawing.id, drawing.receipt_hash, drawing.utc, _line(drawing)),
            )
        return True

    def counts(self, receipt: str) -> tuple[int, int]:
        """How many drawings of a receipt are kept here, and how many of those are on the Hub too."""
        rows = self._ask(
            "SELECT count(*), count(b.name) FROM drawings d LEFT JOIN batches b ON b.name = d.batch AND b.sent = b.version "
            "WHERE d.receipt_hash = ?",
            hashed(receipt),
        )
        return rows[0]

    def of(self, receipt: str) -> list[Drawing]:
        """The drawings of a receipt, oldest first."""
        rows = self._ask("SELECT row FROM drawings WHERE receipt_hash = ? ORDER BY utc, rowid", hashed(receipt))
        return [Drawing(**json.loads(row)) for (row,) in rows]

    def forget(self, receipt: str) -> tuple[int, list[str]]:
        """Delete the writer with that receipt and every drawing of theirs: how many, and the batches that the Hub must hear of.

        The hash of the receipt stays, so that no copy from elsewhere brings the drawings back. May be repeated.
        """
        mine = hashed(receipt)
        with self._writing() as database:
            found = database.execute(
                "SELECT DISTINCT batch FROM drawings WHERE receipt_hash = ? AND batch IS NOT NULL", (mine,)
            )
            batches = [row[0] for row in found]
            database.executemany(
                "UPDATE batches SET version = version + 1 WHERE name = ?", [(name,) for name in batches]
            )
            count = database.execute("DELETE FROM drawings WHERE receipt_hash = ?", (mine,)).rowcount
            database.execute("DELETE FROM writers WHERE receipt_hash = ?", (mine,))
            database.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (mine,))
        self._clean_log()
        return count, batches

    def forgot(self, receipt: str) -> bool:
        """Whether somebody has deleted everything under that receipt before."""
        return bool(self._ask("SELECT 1 FROM forgotten WHERE receipt_hash = ?", hashed(receipt)))

    def _clean_log(self) -> None:
        """Take what was deleted out of SQLite's log, too; when somebody is reading just now, a later deletion or start does."""
        with self._lock:
            try:
                self._database.execute("PRAGMA busy_timeout = 200")
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error:
                pass
            finally:
                self._database.execute("PRAGMA busy_timeout = 30000")

    # --- the maintainer -----------------------------------------------------------------------------------------------

    def drawings(self, state: str | None = None) -> list[tuple[Drawing, str]]:
        """All drawings with their state, oldest first; only those of `state` if it is given."""
        where, values = ("WHERE state = ?", (state,)) if state else ("", ())
        rows = self._ask(f"SELECT row, state FROM drawings {where} ORDER BY utc, rowid", *values)
        return [(Drawing(**json.loads(row)), found) for row, found in rows]

    def judge(self, ids: Iterable[str], state: str) -> int:
        """Set the state of drawings; returns how many there were."""
        if state not in STATES:
            raise ValueError(f"{state!r} is no state; it is one of {', '.join(STATES)}.")
        with self._writing() as database:
            return sum(
                database.execute("UPDATE drawings SET state = ? WHERE id = ?", (state, id)).rowcount for id in ids
            )

    # --- on the way to the Hub ----------------------------------------------------------------------------------------

    def gather(self, most: int = 500) -> None:
        """Put drawings that are in no batch into new ones, each named once and for all."""
        while True:
            with self._writing() as database:
                ids = [
                    row[0]
                    for row in database.execute(
                        "SELECT id FROM drawings WHERE batch IS NULL ORDER BY rowid LIMIT ?", (most,)
                    )
                ]
                if not ids:
                    return
                name = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}"
                database.execute("INSERT INTO batches (name, version) VALUES (?, 1)", (name,))
                database.executemany("UPDATE drawings SET batch = ? WHERE id = ?", [(name, id) for id in ids])

    def dirty(self) -> set[str]:
        """The names of the batches whose present content the Hub has not."""
        return {row[0] for row in self._ask("SELECT name FROM batches WHERE sent < version")}

    def clean(self) -> dict[str, int]:
        """Name and version of the batches that the Hub has as they are here."""
        return dict(self._ask("SELECT name, version FROM batches WHERE sent = version"))

    def unsent(self, most: int = 20) -> list[tuple[str, int, str]]:
        """Up to `most` batches that the Hub has not: name, version, rows as JSON Lines ("" when all were deleted)."""
        with self._lock:
            found = self._ask("SELECT name, version FROM batches WHERE sent < version ORDER BY name LIMIT ?", most)
            return [
                (
                    name,
                    version,
                    "".join(
                        f"{row}\n" for (row,) in self._ask("SELECT row FROM drawings WHERE batch = ? ORDER BY id", name)
                    ),
                )
                for name, version in found
            ]

    def sent(self, batches: Iterable[tuple[str, int]]) -> None:
        """The Hub has these batches in these versions."""
        with self._writing() as database:
            for name, version in batches:
                database.execute("UPDATE batches SET sent = ? WHERE name = ?", (version, name))

    def take_over(self, batches: dict[str, str], before: dict[str, int]) -> tuple[int, int]:
        """Make sent batches what the Hub has: name -> JSON Lines. Returns how many drawings came and how many went.

        `before` is what `clean` said before the Hub was asked: a batch that has changed since, or waits to be sent, is left alone.
        So are the states that were set here. Who has deleted their drawings gets none back, and the Hub is told again. Lines
        that are no drawings are left out.
        """
        came = went = 0
        with self._writing() as database:
            versions = dict(database.execute("SELECT name, version FROM batches WHERE sent = version"))
            known = {row[0] for row in database.execute("SELECT name FROM batches")}
            forgotten = {row[0] for row in database.execute("SELECT receipt_hash FROM forgotten")}
            unchanged = {name for name, version in before.items() if versions.get(name) == version}
            writers: set[str] = set()  # of whom something went

            def remove(id: str) -> int:
                row = database.execute("DELETE FROM drawings WHERE id = ? RETURNING receipt_hash", (id,)).fetchone()
                writers.add(row[0])
                return 1

            for name in unchanged - set(batches):
                for (id,) in database.execute("SELECT id FROM drawings WHERE batch = ?", (name,)).fetchall():
                    went += remove(id)
                database.execute("DELETE FROM batches WHERE name = ?", (name,))
            for name, lines in batches.items():
                if name in known and name not in unchanged:
                    continue
                drawings = [drawing for drawing in map(_parsed, lines.splitlines()) if drawing]
                wanted = {drawing.id: drawing for drawing in drawings if drawing.receipt_hash not in forgotten}
                here = {row[0] for row in database.execute("SELECT id FROM drawings WHERE batch = ?", (name,))}
                for id in here - set(wanted):
                    went += remove(id)
                database.execute("INSERT OR IGNORE INTO batches VALUES (?, 1, 1)", (name,))
                if len(wanted) < len(drawings):
                    database.execute("UPDATE batches SET version = version + 1 WHERE name = ?", (name,))
                for drawing in wanted.values():
                    came += database.execute(
                        "INSERT OR IGNORE INTO drawings (id, receipt_hash, utc, batch, row) VALUES (?, ?, ?, ?, ?)",
                        (drawing.id, drawing.receipt_hash, drawing.utc, name, _line(drawing)),
                    ).rowcount
                    database.execute(
                        "INSERT OR IGNORE INTO writers VALUES (?, ?, ?, ?, ?)",
                        (drawing.receipt_hash, drawing.writer, drawing.consent, drawing.licence, drawing.utc),
                    )
            database.executemany(
                "DELETE FROM writers WHERE receipt_hash = ?1 AND NOT EXISTS (SELECT 1 FROM drawings WHERE receipt_hash = ?1)",
                [(writer,) for writer in writers],
            )
        return came, went

    def close(self) -> None:
        with self._lock:
            self._database.close()


def default_folder() -> Path:
    """CONTRIBUTIONS_DIR, else a Space's persistent disk, else a folder of the project that git ignores."""
    named = os.environ.get("CONTRIBUTIONS_DIR")
    if named:
        return Path(named).expanduser()
    disk = Path("/data")
    if os.environ.get("SPACE_ID") and disk.is_dir() and os.access(disk, os.W_OK):
        return disk / "contributions"
    return Path(__file__).parent.parent / "contributions"


def is_persistent(folder: Path) -> bool:
    """Whether `folder` outlives a restart: always, except on a Space outside its persistent disk."""
    return not os.environ.get("SPACE_ID") or folder.resolve().is_relative_to("/data")
