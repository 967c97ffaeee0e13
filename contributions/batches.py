"""The store's drawings on their way to the Hub and back: gathered in batches that are named once and keep their name.

So a batch that is sent twice is still there once. A batch is a page of JSON Lines; its version is raised when something goes from it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from contributions.rows import Drawing, to_line
from contributions.store import Store

ROWS, BYTES = 500, 4_000_000  # of a batch at most
NAME = re.compile(r"[0-9A-Za-z-]{1,64}")


class Batches:
    """What of `store` the Hub has, and what it has not. Methods raise StoreError."""

    def __init__(self, store: Store):
        self.store = store

    # --- to the Hub ---------------------------------------------------------------------------------------------------

    def gather(self) -> None:
        """Put drawings that are in no batch into new ones."""
        while True:
            with self.store.writing() as database:
                unbatched = database.execute(
                    "SELECT id, length(row) FROM kept WHERE batch IS NULL ORDER BY rowid LIMIT ?", (ROWS,)
                ).fetchall()
                if not unbatched:
                    return
                name = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}"
                database.execute("INSERT INTO batches (name, version) VALUES (?, 1)", (name,))
                size = 0
                for id, length in unbatched:
                    size += length
                    if size > BYTES and length < size:
                        break
                    database.execute("UPDATE drawings SET batch = ? WHERE id = ?", (name, id))

    def dirty(self) -> set[str]:
        """The names of the batches whose present content the Hub has not."""
        return {row[0] for row in self.store.ask("SELECT name FROM batches WHERE sent < version")}

    def clean(self) -> dict[str, int]:
        """Name and version of the batches that the Hub has as they are here."""
        return dict(self.store.ask("SELECT name, version FROM batches WHERE sent = version"))

    def unsent(self, most: int) -> list[tuple[str, int]]:
        """Name and version of up to `most` batches that the Hub has not."""
        return self.store.ask("SELECT name, version FROM batches WHERE sent < version ORDER BY name LIMIT ?", most)

    def lines(self, name: str) -> Iterator[str]:
        """The rows of a batch; none when all were deleted. What goes meanwhile raises the version that `unsent` told."""
        return (row for (row,) in self.store.pages("row", "batch = ?", name))

    def sent(self, batches: Iterable[tuple[str, int]]) -> None:
        """The Hub has these batches in these versions."""
        with self.store.writing() as database:
            for name, version in batches:
                database.execute("UPDATE batches SET sent = ? WHERE name = ?", (version, name))

    # --- back from the Hub --------------------------------------------------------------------------------------------

    def take_over(
        self, name: str, drawings: Iterable[Drawing], before: dict[str, int], spare: Collection[str] = ()
    ) -> tuple[int, int]:
        """Make a sent batch what the Hub has. Returns how many drawings came and how many went.

        `before` is what `clean` returned before the Hub was asked: a batch that has changed since, or waits to be sent, is left alone, and so
        are the states that were set here. Who has deleted their drawings gets none back, and the Hub is told again. `spare` are ids of
        rows that the Hub has and that cannot be read, looked at last: what is here of them stays.
        """
        came = 0
        with self.store.writing() as database:
            state = database.execute("SELECT version, sent FROM batches WHERE name = ?", (name,)).fetchone()
            if state and not (state[0] == state[1] == before.get(name)):
                return 0, 0
            database.execute("INSERT OR IGNORE INTO batches VALUES (?, 1, 1)", (name,))
            gone = {row[0] for row in database.execute("SELECT id FROM drawings WHERE batch = ?", (name,))}
            raised = False
            for drawing in drawings:
                if database.execute(
                    "SELECT 1 FROM forgotten WHERE receipt_hash = ?", (drawing.receipt_hash,)
                ).fetchone():
                    raised = True
                    continue
                gone.discard(drawing.id)
                came += database.execute(
                    "INSERT OR IGNORE INTO drawings (id, receipt_hash, utc, batch, row) VALUES (?, ?, ?, ?, ?)",
                    (drawing.id, drawing.receipt_hash, drawing.utc, name, to_line(drawing)),
                ).rowcount
                database.execute(
                    "INSERT OR IGNORE INTO writers VALUES (?, ?, ?, ?, ?)",
                    (drawing.receipt_hash, drawing.writer, drawing.consent, drawing.licence, drawing.utc),
                )
            if raised:
                database.execute("UPDATE batches SET version = version + 1 WHERE name = ?", (name,))
            went = _remove(database, gone - set(spare))
        return came, went

    def drop_missing(self, names: set[str], before: dict[str, int]) -> int:
        """Delete the batches that were on the Hub `before` and are not among `names` any more; returns how many drawings went."""
        went = 0
        for name, version in before.items():
            if name in names:
                continue
            with self.store.writing() as database:
                now = database.execute("SELECT version, sent FROM batches WHERE name = ?", (name,)).fetchone()
                if now == (version, version):
                    ids = {row[0] for row in database.execute("SELECT id FROM drawings WHERE batch = ?", (name,))}
                    went += _remove(database, ids)
                    database.execute("DELETE FROM batches WHERE name = ?", (name,))
        return went


def _remove(database, ids: set[str]) -> int:
    """Delete drawings, and the writers of whom none is left."""
    for id in ids:
        row = database.execute("DELETE FROM drawings WHERE id = ? RETURNING receipt_hash", (id,)).fetchone()
        database.execute(
            "DELETE FROM writers WHERE receipt_hash = ?1 AND NOT EXISTS (SELECT 1 FROM drawings WHERE receipt_hash = ?1)",
            row,
        )
    return len(ids)
