"""Drafts: one sealed row an interview, replaced under a condition at every tap.

`put` is the only way a draft changes, and it names the revision it was made from: of two taps in
the same instant one is refused. What is in a draft, and whose it is, is not known here.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.engine import Dialect

from storage.database import Database, Prepared
from storage.dialects import insert_if_absent
from storage.rows import DraftRow, from_seconds, to_seconds, up_to_the_hour
from storage.tables import drafts, slot_of

_SAME = (drafts.c.slot == bindparam("at")) & (drafts.c.id == bindparam("of"))
_NEW: dict[str, Any] = {
    "revision": bindparam("to"),
    "expires": bindparam("until"),
    "sealed": bindparam("sealed"),
}

GET = select(drafts.c.revision, drafts.c.expires, drafts.c.sealed).where(_SAME)
REPLACE = update(drafts).where(_SAME & (drafts.c.revision == bindparam("expected"))).values(_NEW)


def _insert(dialect: Dialect) -> Prepared:
    clause = insert_if_absent(drafts, dialect)
    return Prepared(clause.values(slot=bindparam("at"), id=bindparam("of"), **_NEW), dialect)


def _values(row: DraftRow, expected: int | None) -> dict[str, object]:
    return {
        "at": slot_of(row.id),
        "of": row.id,
        "to": row.revision,
        "until": to_seconds(up_to_the_hour(row.expires)),
        "sealed": row.sealed,
        "expected": expected,
    }


def replace_draft(connection: Connection, row: DraftRow, expected: int) -> bool:
    """The conditional write as a step of a larger unit of work."""
    return connection.execute(REPLACE, _values(row, expected)).rowcount == 1


def put_draft(connection: Connection, row: DraftRow, expected: int | None) -> bool:
    """`Drafts.put` as a step of a larger unit of work."""
    if expected is not None:
        return replace_draft(connection, row, expected)
    new = {"id": row.id, "revision": row.revision, "sealed": row.sealed}
    place = {"slot": slot_of(row.id), "expires": to_seconds(up_to_the_hour(row.expires))}
    clause = insert_if_absent(drafts, connection.dialect).values(place | new)
    return bool(connection.execute(clause).rowcount)


def drop_draft(connection: Connection, draft_id: bytes, expected: int) -> bool:
    """Deleting under the same condition, as a step of a larger unit of work."""
    clause = delete(drafts).where(_SAME, drafts.c.revision == expected)
    return connection.execute(clause, {"at": slot_of(draft_id), "of": draft_id}).rowcount == 1


def remove_draft(connection: Connection, draft_id: bytes) -> None:
    """Deleting as a step of a larger unit of work; what is not there is no fault."""
    connection.execute(delete(drafts).where(_SAME), {"at": slot_of(draft_id), "of": draft_id})


class Drafts:
    """The drafts of all open interviews."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._get = Prepared(GET, database.dialect)
        self._insert = _insert(database.dialect)
        self._replace = Prepared(REPLACE, database.dialect)

    async def get(self, draft_id: bytes) -> DraftRow | None:
        """The row as last committed, or None: never begun, finished and expired, or deleted."""
        rows = await self._database.one(self._get, {"at": slot_of(draft_id), "of": draft_id})
        if not rows:
            return None
        revision, expires, sealed = rows[0]
        return DraftRow(draft_id, revision, from_seconds(expires), sealed)

    async def put(self, row: DraftRow, expected: int | None) -> bool:
        """Write `row` if the stored revision is `expected` (None: if there is no such row).

        Durable when it returns True. False: somebody was there before, and nothing was written.
        If the caller is cancelled while waiting, the write may or may not have happened.
        """
        statement = self._insert if expected is None else self._replace
        return bool(await self._database.one(statement, _values(row, expected)))

    async def delete(self, draft_id: bytes) -> None:
        """Forget a draft, also on disk. Deleting what is not there is no fault."""
        await self._database.write(lambda connection: remove_draft(connection, draft_id))
        await self._database.compact()

    async def expire(self, now: datetime) -> int:
        """Forget every draft whose hour has come, also on disk. Returns how many there were.

        To be called every hour: on PostgreSQL a row names the transaction that wrote it, which is
        the same for a tombstone and its case. Here all drafts are written anew in one.
        """
        clause = delete(drafts).where(drafts.c.expires <= to_seconds(now))
        rewrite = update(drafts).values(expires=drafts.c.expires)

        def work(connection: Connection) -> int:
            expired = connection.execute(clause).rowcount
            if connection.dialect.name == "postgresql":
                connection.execute(rewrite)
            return expired

        gone = await self._database.write(work)
        if gone or self._database.dialect.name == "postgresql":
            await self._database.compact()
        return gone
