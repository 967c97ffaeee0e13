"""The SQLite database of contributed drawings: tables, transactions, and disk space reserved for deletions.

Its rollback journal is synced again after it was truncated, so a drawing that was called saved survives a power cut. docs/operations.md
says why it is no write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

FILE = "contributions.sqlite"
RESERVE = 4_000_000  # bytes that are freed to delete something when the disk is full
PAGE = 50  # rows that are read at a time

# Whoever agrees is a newcomer until their first drawing is stored. `forgotten` holds the receipts whose owners have deleted everything;
# until their rows are gone from the file, `visible` hides them. `secure_delete`: deleted rows do not linger in the file.
SCHEMA = """
PRAGMA journal_mode=TRUNCATE;
PRAGMA synchronous=FULL;
PRAGMA secure_delete=ON;
PRAGMA temp_store=MEMORY;
CREATE TABLE IF NOT EXISTS writers (
  receipt_hash TEXT PRIMARY KEY, writer TEXT NOT NULL UNIQUE, consent TEXT NOT NULL, licence TEXT NOT NULL, utc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS newcomers (
  receipt_hash TEXT PRIMARY KEY, writer TEXT NOT NULL UNIQUE, consent TEXT NOT NULL, licence TEXT NOT NULL, utc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS drawings (
  id TEXT PRIMARY KEY, receipt_hash TEXT NOT NULL, utc TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', batch TEXT, row TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS drawings_by_writer ON drawings (receipt_hash);
CREATE INDEX IF NOT EXISTS drawings_by_batch ON drawings (batch);
CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, version INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS forgotten (receipt_hash TEXT PRIMARY KEY);
CREATE TEMP VIEW visible AS
  SELECT rowid, * FROM drawings WHERE receipt_hash NOT IN (SELECT receipt_hash FROM forgotten);
"""

Result = TypeVar("Result")


class Declined(ValueError):
    """A request cannot be met. The message is one sentence for the visitor; `code` and `values` find it in web/words.json."""

    def __init__(self, sentence: str, code: str = "refused", **values):
        super().__init__(sentence)
        self.code, self.values = code, values


class StoreError(Declined):
    """A drawing cannot be stored, or the store cannot be read."""


class Database:
    """The database file in `folder`, and its reserve. Safe for many threads and processes. Methods raise StoreError."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._lock = threading.RLock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / FILE
            self._database = sqlite3.connect(path, check_same_thread=False, timeout=30, isolation_level=None)
            self._database.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"Contributions cannot be kept in {self.folder} ({error}).", code="nowhere"
            ) from error
        self.make_reserve()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                if "full" in str(error):
                    raise StoreError("The server has no room left for drawings.", code="no-room") from error
                raise StoreError(
                    "The server cannot keep drawings just now; try again.", code="later"
                ) from error
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def ask(self, question: str, *values) -> list[tuple]:
        """The rows of an SQL query."""
        with self._lock:
            try:
                return self._database.execute(question, values).fetchall()
            except sqlite3.Error as error:
                sentence = "The server cannot look into its drawings just now; try again."
                raise StoreError(sentence, code="later") from error

    def pages(self, columns: str, where: str, *values) -> Iterator[tuple]:
        """Rows of `visible` in their order of arrival, read a page at a time, so that writers need not wait."""
        question = (
            f"SELECT rowid, {columns} FROM visible WHERE {where} AND rowid > ? ORDER BY rowid LIMIT {PAGE}"
        )
        last = 0
        while page := self.ask(question, *values, last):
            last = page[-1][0]
            yield from (row[1:] for row in page)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def with_reserve(self, act: Callable[[], Result]) -> Result:
        """The result of `act`; if it fails, it runs again with the reserved space freed."""
        try:
            return act()
        except StoreError:
            with suppress(OSError):
                (self.folder / "reserve").unlink()
            return act()

    def make_reserve(self) -> None:
        """Reserve disk space, unless the disk is full."""
        path = self.folder / "reserve"
        try:
            if not path.exists():
                with open(path, "wb") as file:
                    os.posix_fallocate(file.fileno(), 0, RESERVE)
        except OSError:
            path.unlink(missing_ok=True)
