"""The seam between the repositories and the two databases.

A unit of work is a plain function of a SQLAlchemy `Connection`; where it runs (SQLite's own
thread, or a greenlet over asyncpg) is the database's affair. Single statements on the way of
a tap are compiled by SQLAlchemy once and handed to the driver as they are.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.selectable import Select

T = TypeVar("T")
Work = Callable[[Connection], T]
Rows = list[Any]


class Prepared:
    """One statement, compiled for one dialect. Its values must be bytes, int or str as they are."""

    __slots__ = ("order", "sql", "writes")

    def __init__(self, clause: ClauseElement, dialect: Dialect) -> None:
        compiled = clause.compile(dialect=dialect)
        self.sql = str(compiled)
        self.order: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())
        self.writes = not isinstance(clause, Select)


@lru_cache(maxsize=64)
def _prepared(clause: ClauseElement, dialect: Dialect) -> Prepared:
    return Prepared(clause, dialect)


def at_once(connection: Connection, clause: ClauseElement, rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement, a constant of its module, for many rows, whose values are bytes, int or str.

    They stand in the order in which the statement names them. They go to the driver as they are:
    for ten thousand cases SQLAlchemy's own way with each value costs more than the writing.
    """
    statement = _prepared(clause, connection.dialect)
    connection.exec_driver_sql(statement.sql, list(rows))


class Database(Protocol):
    """What a repository may ask of a database. Every method raises `StorageUnavailable`."""

    @property
    def dialect(self) -> Dialect:
        """The dialect that statements are to be compiled for."""

    async def one(self, statement: Prepared, values: dict[str, Any]) -> Rows:
        """One statement by itself, committed and durable when this returns.

        Returns the rows found; for a statement that writes, an empty row for each row changed
        (RETURNING would cost SQLite as much as the writing).
        """

    async def read(self, work: Work[T]) -> T:
        """A unit of work that sees one state of the database and writes nothing."""

    async def write(self, work: Work[T]) -> T:
        """A unit of work, all or nothing, durable when this returns."""

    async def settle(self, *, again: bool = False) -> bool:
        """Let the disk forget which rows were written together, as far as the database can.

        False: another program kept it from that; to be tried again. `again`: so it is, and no row
        was replaced for it.
        """

    def replaced(self) -> None:
        """Rows were deleted or replaced, many of them and not for the last time: `settle`, as it is
        called now and then, and `lay_anew` will let them disappear."""

    async def compact(self) -> bool:
        """Let what was deleted disappear from the disk, as far as the database can.

        False: another program kept it from that; `settle` is to be tried again.
        """

    async def lay_anew(self) -> bool:
        """Where rows were erased or replaced since the last time: let nothing be left of them.

        Costs time and memory by the size of the database. False: see `compact`.
        """

    async def ends_log(self) -> bool:
        """Whether `lay_anew` leaves nothing of before in the database's log either, as the database
        is set up."""

    async def close(self) -> None:
        """Finish what is under way and let go of files and connections."""
