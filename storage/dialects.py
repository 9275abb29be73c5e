"""The one place where the two SQL dialects are spelt differently."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

Insert = Any  # the two dialects' Insert share methods but no class


def upsert(table: Table, dialect: Dialect) -> Insert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def insert_if_absent(table: Table, dialect: Dialect) -> Insert:
    """An INSERT that does nothing where the key is taken."""
    return upsert(table, dialect).on_conflict_do_nothing()
