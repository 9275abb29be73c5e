"""The half of SQLite that runs in the connection's own thread: plain, synchronous, one at a time.

Faults leave here as the driver raised them; `storage/sqlite.py` puts them into words.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine

from storage.database import Prepared, Rows, Work

T = TypeVar("T")
Call = tuple[Prepared, tuple[Any, ...]]

PATIENCE = 5.0
"""Seconds that a call waits for another program to let go of the file, waiting in line included."""

LEAST_PATIENCE = 0.02
"""Seconds for a call that used its patience up in the line: time for one short commit."""

LOG_PATIENCE = 0.1
"""Seconds for emptying the log, which can be tried again: everybody else waits meanwhile."""

LAID_ANEW_AT_ONCE = 8 << 20
"""Bytes of a database that is laid anew whenever something is erased: in it that takes no longer
than a few commits. A larger one waits for the hour."""

MOST_LAID_ANEW = 512 << 20
"""Bytes of a database that are held in memory, and in the log, while it is laid anew: some fifteen
thousand cases. A larger one keeps its signposts until others take their place."""

PRAGMAS = (
    f"busy_timeout = {PATIENCE * 1000:.0f}",
    "auto_vacuum = INCREMENTAL",  # takes effect in a new file only, and before the next line
    "journal_mode = WAL",
    "synchronous = FULL",  # an acknowledged answer survives the loss of power
    "secure_delete = ON",  # what is deleted is overwritten, not only unlinked
    "temp_store = MEMORY",  # no sorted copies in temporary files
    "foreign_keys = ON",
)


class Session:
    """A connection as its thread sees it, with SQLAlchemy's synchronous face on top."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        for pragma in PRAGMAS:
            raw.execute(f"PRAGMA {pragma}").fetchall()
        engine = create_engine(
            "sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True
        )
        self._raw = raw
        self._core: Connection = engine.connect()

    def commit(self, batch: Sequence[Call]) -> list[Rows]:
        """All statements of `batch` in one transaction, hence with one flush of the disk."""
        if len(batch) == 1:
            return [self._execute(*batch[0])]
        writes = any(statement.writes for statement, _ in batch)
        self._raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            results = [self._execute(*call) for call in batch]
            self._raw.execute("COMMIT")
        except BaseException:
            self._raw.rollback()
            raise
        return results

    def read(self, work: Work[T]) -> T:
        return self._transaction("BEGIN", work)

    def write(self, work: Work[T]) -> T:
        # IMMEDIATE: a transaction that reads first and writes later could not wait its turn.
        return self._transaction("BEGIN IMMEDIATE", work)

    def settle(self) -> bool:
        """Empty the log: it holds what was overwritten, and which pages were written together.

        False: another program is reading what stands in it, and it is as it was.
        """
        with self.patience(LOG_PATIENCE):
            [(busy, *_)] = self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy

    def compact(self) -> bool:
        """Overwrite in the file what was deleted, then cut freed pages off it. False: see `settle`.

        A small file is laid anew instead: of one row in some thousand, SQLite leaves a copy in the
        unused part of a page that it filled and emptied again, which `secure_delete` passes over.

        In this order, since a page that is cut off is not written any more. A page that was in use
        at the end of the file is moved, and its old blocks, sealed rows as they were, are then the
        file system's. Against that only encryption of the whole disk helps.
        """
        if not self.settle():
            return False
        if self._size() <= LAID_ANEW_AT_ONCE:
            with suppress(sqlite3.OperationalError):  # a full disk, another writer: in an hour then
                return self.lay_anew()
        self._raw.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page
        return self.settle()

    def lay_anew(self) -> bool:
        """Write all rows into new pages, in the order in which they lie. False: see `settle`.

        The tree of a table goes by signposts: keys of rows as they were when a page was divided. A
        row that is deleted leaves its key behind in them, and that is half of a case's random id.
        """
        if self._size() > MOST_LAID_ANEW:
            return True
        with self.patience(LOG_PATIENCE):
            self._raw.execute("VACUUM")
        return self.settle()

    def _size(self) -> int:
        [[pages]] = self._raw.execute("PRAGMA page_count").fetchall()
        [[size]] = self._raw.execute("PRAGMA page_size").fetchall()
        return int(pages * size)

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Wait at most so long for other programs, but no longer than usual."""
        [[usual]] = self._raw.execute("PRAGMA busy_timeout").fetchall()
        self._raw.execute(f"PRAGMA busy_timeout = {min(usual, int(seconds * 1000))}")
        try:
            yield
        finally:
            self._raw.execute(f"PRAGMA busy_timeout = {usual}")

    def close(self) -> None:
        self._core.close()
        self._core.engine.dispose()

    def _execute(self, statement: Prepared, values: tuple[Any, ...]) -> Rows:
        cursor = self._raw.execute(statement.sql, values)
        return [()] * cursor.rowcount if statement.writes else cursor.fetchall()

    def _transaction(self, begin: str, work: Work[T]) -> T:
        self._raw.execute(begin)
        with self._core.begin():  # the driver leaves beginning to us; this one only ends it
            return work(self._core)
