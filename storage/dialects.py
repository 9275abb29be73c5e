"""The one place where the two SQL dialects are spelt differently."""

from hashlib import blake2b
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

Insert = Any  # the two dialects' Insert share methods but no class


def upsert(table: Table, dialect: Dialect) -> Insert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def insert_if_absent(table: Table, dialect: Dialect) -> Insert:
    """An INSERT that does nothing where the key is taken."""
    return upsert(table, dialect).on_conflict_do_nothing()


def in_turn(connection: Connection, name: str, *, together: bool = False) -> None:
    """Until this transaction ends, no other that asked for the same name goes on from here.

    Those that ask `together` go on beside each other, but beside none that asks alone. SQLite has
    one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        lock = func.pg_advisory_xact_lock_shared if together else func.pg_advisory_xact_lock
        connection.execute(select(lock(key)))


def holds_bytes(column: Column[bytes], part: bytes, dialect: Dialect) -> ColumnElement[bool]:
    """Whether the bytes of a column have these among them."""
    if dialect.name == "sqlite":
        return func.instr(column, part) > 0
    return func.position(literal(part, column.type).op("IN")(column)) > 0
