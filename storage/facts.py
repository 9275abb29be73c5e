"""Numbers that survive a restart and only ever grow, such as the highest roster epoch."""

from sqlalchemy import Connection, select

from storage.database import Database
from storage.dialects import upsert
from storage.tables import facts


class Facts:
    """Numbers by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> int | None:
        """The number as last raised, or None if it never was."""
        return await self._database.read(lambda connection: fact(connection, key))

    async def raise_to(self, key: str, value: int) -> int:
        """Raise the number to `value` unless it is higher already. Returns what it is now."""
        return await self._database.write(lambda connection: raise_to(connection, key, value))


def fact(connection: Connection, key: str) -> int | None:
    """`Facts.get` as a step of a larger unit of work."""
    return connection.execute(select(facts.c.value).where(facts.c.key == key)).scalar()


def raise_to(connection: Connection, key: str, value: int) -> int:
    """`Facts.raise_to` as a step of a larger unit of work."""
    clause = upsert(facts, connection.dialect).values(key=key, value=value)
    clause = clause.on_conflict_do_update(
        index_elements=[facts.c.key],
        set_={"value": clause.excluded.value},
        where=facts.c.value < clause.excluded.value,
    )
    connection.execute(clause)
    return fact(connection, key) or value
