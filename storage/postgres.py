"""PostgreSQL through asyncpg: a small pool, and single statements without a transaction's frame.

What does not happen here: retries, migrations, and any reading of what is stored.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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

LOCK_PATIENCE = 3
"""Seconds for which everybody waits until a table can be had alone; then it is tried later."""

LAID_ANEW = 600.0
"""Seconds that writing the tables anew may take."""

SESSION = {"application_name": "tropa", "synchronous_commit": "on", "jit": "off"}

ONE_STATE: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_EMPTIED = (
    *("drafts", "records", "wraps", "withdrawn", "replies", "locks", "links", "cases"),
    "tallies",  # each change leaves a former one behind
)

_REKEYED = "records, wraps, withdrawn, replies, cases"

_ALONE = f"SET lock_timeout = '{LOCK_PATIENCE}s'", "RESET lock_timeout"

_LOG_ENDS = ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")

_LOG_CAN_END = """
SELECT current_setting('wal_recycle') = 'off'
    AND has_function_privilege('pg_switch_wal()', 'EXECUTE')
    AND EXISTS (
        SELECT FROM pg_roles WHERE rolname IN ('pg_checkpoint', current_user)
            AND (rolsuper OR rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE'))
    )
"""

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
        self._replaced = False
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
        self._replaced = True

    async def compact(self) -> bool:
        """Mark the room of deleted rows as free. Nothing is overwritten by that.

        The bytes stay in the table's file until other rows take their room, and in the server's
        log until it is recycled. Where that matters: SQLite, and an encrypted disk.
        """
        async with self._raw() as raw:
            await raw.execute(f"VACUUM {', '.join(_EMPTIED)}")
        return True

    async def lay_anew(self) -> bool:
        """After cases were re-keyed, and for nothing less: everybody waits while a table is written
        anew. The old files go, and so does what the server's log holds of before, where this user
        may ask for that (`ends_log`); what their blocks held is the file system's."""
        if not self._replaced:
            return True
        async with self._raw() as raw:
            await raw.execute(_ALONE[0])
            try:
                await raw.execute(f"VACUUM FULL {_REKEYED}", timeout=LAID_ANEW)
            except asyncpg.LockNotAvailableError:  # somebody reads all of it: a backup is made
                return False
            finally:
                await raw.execute(_ALONE[1])
            with suppress(asyncpg.InsufficientPrivilegeError):
                for statement in _LOG_ENDS:
                    await raw.execute(statement, timeout=LAID_ANEW)
        self._replaced = False
        return True

    async def ends_log(self) -> bool:
        async with self._raw() as raw:
            return bool(await raw.fetchval(_LOG_CAN_END))

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
