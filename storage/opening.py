"""From an address to an open storage. The address is an operator's; so are the errors."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.cases import Cases
from storage.counts import Counts
from storage.database import Database
from storage.drafts import Drafts
from storage.errors import StorageUnavailable
from storage.facts import Facts
from storage.inboxes import Inboxes
from storage.ledger import Ledger
from storage.links import Links
from storage.nonces import Nonces
from storage.outbox import Outbox
from storage.rekeying import Rekeying
from storage.rosters import Rosters
from storage.wrapping import Wrapping

BAD_ADDRESS = (
    "DATABASE_URL is not understood. Write sqlite:///FILE for a file beside the server, or"
    " postgresql://USER:PASSWORD@HOST/NAME for a PostgreSQL server."
)


@dataclass(frozen=True, slots=True)
class Storage:
    """Everything that is kept. The same object serves again after a fault has passed."""

    drafts: Drafts
    cases: Cases
    inboxes: Inboxes
    outbox: Outbox
    links: Links
    counts: Counts
    nonces: Nonces
    facts: Facts
    ledger: Ledger
    rosters: Rosters
    rekeying: Rekeying
    wrapping: Wrapping
    database: Database

    async def settle(self) -> bool:
        """Empty the database's log, which holds what was erased; False: try again later.

        To be called at the start, since a server that was killed left its log, and now and then.
        """
        return await self.database.settle(again=True)

    async def lay_anew(self) -> bool:
        """Let the file forget where erased rows lay; False: try again later. Once an hour."""
        return await self.database.lay_anew()

    async def close(self) -> None:
        """Finish what is under way and let go of files and connections."""
        await self.database.close()


def sqlite_file(url: str) -> Path | None:
    """The file that `url` leads to, None for a PostgreSQL server. Raises StorageUnavailable."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database is None:
        return None
    return Path(parsed.database)


async def open_storage(url: str) -> Storage:
    """Open the database at `url`; raises StorageUnavailable if it cannot be reached now.

    Tables are not made here: see `storage.migrations.upgrade`.
    """
    database = await open_database(url)
    return Storage(
        Drafts(database),
        Cases(database),
        Inboxes(database),
        Outbox(database),
        Links(database),
        Counts(database),
        Nonces(database),
        Facts(database),
        Ledger(database),
        Rosters(database),
        Rekeying(database),
        Wrapping(database),
        database,
    )


async def open_database(url: str) -> Database:
    """The database alone, without its repositories."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return await _open_sqlite(parsed)
    return await _open_postgres(parsed)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        kind = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise StorageUnavailable(BAD_ADDRESS, "BadAddress")
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StorageUnavailable(BAD_ADDRESS, "BadAddress")  # memory would forget at a restart
    return parsed


async def _open_sqlite(url: URL) -> Database:
    from storage.sqlite import SqliteDatabase

    assert url.database is not None
    database = SqliteDatabase(Path(url.database))
    await database.open()
    return database


async def _open_postgres(url: URL) -> Database:
    # Imported only where it is used: with SQLite asyncpg costs no memory.
    from storage.postgres import PostgresDatabase

    database = PostgresDatabase(url.set(drivername="postgresql+asyncpg"))
    await database.open()
    return database
