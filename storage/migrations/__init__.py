"""Migrations, run from the program itself: no configuration file, no working directory.

`versions/` holds one module a step. SQLite and PostgreSQL both undo a step that fails halfway.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text

from storage.errors import StorageUnavailable
from storage.opening import open_database
from storage.tables import metadata

_LOCK = 0x7470726F6F  # any number of our own: two servers that start together take turns

Plan = Callable[[ScriptDirectory, Any], Any]

NEWER = (
    "The database was made by a newer version of this program. Install that version again, or"
    " restore a backup from before."
)


def steps() -> list[str]:
    """The names of all steps, oldest first."""
    return [step.revision for step in _scripts().walk_revisions()][::-1]


async def upgrade(url: str, target: str = "head") -> None:
    """Bring the database at `url` up to `target`. Raises StorageUnavailable."""
    await _migrate(url, lambda scripts, applied: scripts._upgrade_revs(target, applied))


async def downgrade(url: str, target: str) -> None:
    """Take the database at `url` back to `target` ("base" for nothing). Data may be lost."""
    await _migrate(url, lambda scripts, applied: scripts._downgrade_revs(target, applied))


async def pending(url: str) -> list[str]:
    """The steps that the database at `url` still lacks, oldest first; empty if it is up to date."""
    database = await open_database(url)
    try:
        applied = await database.read(_applied)
    finally:
        await database.close()
    missing = _scripts().iterate_revisions("heads", applied or "base")
    with _newer_told():
        return [step.revision for step in missing][::-1]


async def _migrate(url: str, plan: Plan) -> None:
    database = await open_database(url)
    try:
        await database.write(lambda connection: _run(connection, plan))
    finally:
        await database.close()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def _applied(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def _run(connection: Connection, plan: Plan) -> None:
    scripts = _scripts()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    context = EnvironmentContext(Config(), scripts, fn=lambda applied, _: plan(scripts, applied))
    with context, _newer_told():
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        context.run_migrations()


@contextmanager
def _newer_told() -> Iterator[None]:
    try:
        yield
    except (CommandError, RevisionError) as fault:
        raise StorageUnavailable(NEWER, type(fault).__name__) from None
