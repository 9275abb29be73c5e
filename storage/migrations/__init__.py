"""Migrations, run from the program itself: no configuration file, no working directory.

`versions/` holds one module a step. SQLite and PostgreSQL both undo a step that fails halfway.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.opening import open_database
from storage.tables import metadata

_LOCK = 0x7470726F6F  # any number of our own: two servers that start together take turns

Steps = Callable[[ScriptDirectory, Any], Any]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def _run(connection: Connection, target: str, steps: Steps) -> None:
    scripts = _scripts()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    context = EnvironmentContext(
        Config(), scripts, fn=lambda revision, _: steps(scripts, revision), destination_rev=target
    )
    with context:
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        context.run_migrations()


def _applied(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


async def upgrade(url: str, target: str = "head") -> None:
    """Bring the database at `url` up to `target`. Raises StorageUnavailable."""
    database = await open_database(url)
    try:
        await database.write(
            lambda connection: _run(
                connection, target, lambda scripts, now: scripts._upgrade_revs(target, now)
            )
        )
    finally:
        await database.close()


async def downgrade(url: str, target: str) -> None:
    """Take the database at `url` back to `target` ("base" for nothing). Data may be lost."""
    database = await open_database(url)
    try:
        await database.write(
            lambda connection: _run(
                connection, target, lambda scripts, now: scripts._downgrade_revs(target, now)
            )
        )
    finally:
        await database.close()


async def pending(url: str) -> list[str]:
    """The steps that the database at `url` still lacks, oldest first; empty if it is up to date."""
    database = await open_database(url)
    try:
        applied = await database.read(_applied)
    finally:
        await database.close()
    scripts = _scripts()
    missing = scripts.iterate_revisions("heads", applied or "base")
    return [step.revision for step in missing][::-1]
