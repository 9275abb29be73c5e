"""The half of SQLite that runs in the connection's own thread: plain, synchronous, one at a time.

Faults leave here as the driver raised them; `storage/sqlite.py` puts them into words.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine

from storage.database import Prepared, Rows, Work

T = TypeVar("T")
Call = tuple[Prepared, tuple[Any, ...]]

PRAGMAS = (
    "busy_timeout = 5000",
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

    def settle(self) -> None:
        """Empty the log: it holds what was overwritten, and which pages were written together."""
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def compact(self) -> None:
        """Give freed pages back; `secure_delete` has overwritten them."""
        self._raw.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page
        self.settle()

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
