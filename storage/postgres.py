"""PostgreSQL through asyncpg: a small pool, and single statements without a transaction's frame.

What does not happen here: retries, migrations, and any reading of what is stored.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import Prepared, Rows, Work
from storage.errors import explain

T = TypeVar("T")

CONNECTIONS = 8
PATIENCE = 15.0
"""Seconds until a connection or a statement counts as lost."""

SESSION = {"application_name": "tropa", "synchronous_commit": "on", "jit": "off"}

ONE_STATE: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_EMPTIED = (
    *("drafts", "records", "wraps", "withdrawn", "replies", "locks", "links", "cases"),
    "tallies",  # each change leaves a former one behind
)

_FAULTS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    asyncio.TimeoutError,
)


class PostgresDatabase:
    """One database on a PostgreSQL server. A lost connection is replaced at the next use."""

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            hide_parameters=True,
            connect_args={
                "timeout": PATIENCE,
                "command_timeout": PATIENCE,
                "server_settings": SESSION,
            },
        )
        self.dialect: Dialect = self._engine.dialect
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)

    async def open(self) -> None:
        async with _faults(), self._engine.connect():
            pass

    async def close(self) -> None:
        async with _faults():
            await self._engine.dispose()

    async def one(self, statement: Prepared, values: dict[str, Any]) -> Rows:
        """Straight to asyncpg: outside a transaction PostgreSQL commits each statement itself."""
        arguments = [values[name] for name in statement.order]
        async with self._raw() as raw:
            return await _one(raw, statement, arguments)

    async def read(self, work: Work[T]) -> T:
        """By itself each statement would see what others committed since the one before it."""
        async with _faults(), self._engine.connect() as connection:
            await connection.execution_options(**ONE_STATE)
            async with connection.begin():
                return await connection.run_sync(work)

    async def write(self, work: Work[T]) -> T:
        async with _faults(), self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def settle(self, *, again: bool = False) -> bool:
        """The server's log is its own affair; for what rows tell, see `Drafts.expire`."""
        return True

    def replaced(self) -> None:
        """Its own vacuum comes by when there is enough to do."""

    async def compact(self) -> bool:
        """Mark the room of deleted rows as free. Nothing is overwritten by that.

        The bytes stay in the table's file until other rows take their room, and in the server's
        log until it is recycled. Where that matters: SQLite, and an encrypted disk.
        """
        async with self._raw() as raw:
            await raw.execute(f"VACUUM {', '.join(_EMPTIED)}")
        return True

    async def lay_anew(self) -> bool:
        """Not here: it would hold everybody up, and the old file would be the file system's."""
        return True

    @asynccontextmanager
    async def _raw(self) -> AsyncIterator[Any]:
        """A connection of asyncpg's own. One that failed is not used again."""
        async with _faults(), self._engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            try:
                yield raw
            except BaseException:
                await connection.invalidate()
                raise


async def _one(raw: Any, statement: Prepared, values: list[Any]) -> Rows:
    if not statement.writes:
        rows: Rows = await raw.fetch(statement.sql, *values)
        return rows
    status: str = await raw.execute(statement.sql, *values)  # such as "UPDATE 1", "INSERT 0 1"
    return [()] * int(status.rsplit(" ", 1)[1])


def _refuse_closed(connection: Any, *_: object) -> None:
    """What the server closed while it lay in the pool is replaced before anybody uses it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@asynccontextmanager
async def _faults() -> AsyncIterator[None]:
    try:
        yield
    except _FAULTS as fault:
        raise explain(fault) from None
