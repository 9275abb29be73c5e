"""Chats that volunteers linked: a keyed hash of the chat, whose it is, and the chat, sealed.

Which chat it is, and under which keys it is named and sealed, is not known here. When a row gets
another name, no other is named or forgotten meanwhile: a chat that is unlinked in that instant
would come back.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from storage.database import Database
from storage.dialects import in_turn, insert_if_absent, upsert
from storage.tables import links

_TURN = "links"
_ROW = (links.c.id, links.c.key_id, links.c.chat)


class Renamed(NamedTuple):
    """A row that is to be named anew, and sealed anew under that name."""

    old: bytes
    new: bytes
    key_id: str
    chat: bytes


class Links:
    """All linked chats. `key_id` names the member; one member may have several."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, link_id: bytes, key_id: str, chat: bytes) -> None:
        """Link a chat, in place of whatever was kept of it."""
        new = {"key_id": key_id, "chat": chat}
        clause = upsert(links, self._database.dialect).values(id=link_id, **new)
        clause = clause.on_conflict_do_update(index_elements=[links.c.id], set_=new)
        await self._database.write(lambda connection: connection.execute(clause).close())

    async def get(self, link_id: bytes) -> tuple[str, bytes] | None:
        """Whose the chat is, and the sealed chat."""
        clause = select(links.c.key_id, links.c.chat).where(links.c.id == link_id)
        row = await self._database.read(lambda connection: connection.execute(clause).first())
        return None if row is None else (row.key_id, row.chat)

    async def all(self) -> list[tuple[bytes, str, bytes]]:
        """Every linked chat, as in `of`."""
        clause = select(*_ROW).order_by(links.c.id)
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [(row.id, row.key_id, row.chat) for row in found]

    async def rename(self, rows: Sequence[Renamed]) -> None:
        """Keep chats under other names, all in one step: each is under the one or the other.

        What is there under the new name came later, and stays.
        """
        insert = insert_if_absent(links, self._database.dialect)

        def work(connection: Connection) -> None:
            in_turn(connection, _TURN)
            for old, new, key_id, chat in rows:
                if connection.execute(delete(links).where(links.c.id == old)).rowcount:
                    connection.execute(insert.values(id=new, key_id=key_id, chat=chat))

        await self._database.write(work)
        await self._database.compact()

    async def of(self, key_ids: Sequence[str]) -> list[tuple[bytes, str, bytes]]:
        """The linked chats of these members, each with its row's id and whose it is."""
        clause = select(*_ROW).where(links.c.key_id.in_(key_ids)).order_by(links.c.id)
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [(row.id, row.key_id, row.chat) for row in found]

    async def delete(self, *link_ids: bytes) -> int:
        """Forget a chat, also on disk, by every name it may have. Returns how many there were."""
        return await self._forget(links.c.id.in_(link_ids))

    async def keep(self, key_ids: Collection[str]) -> int:
        """Forget the chats of all others, also on disk. Returns how many there were."""
        return await self._forget(links.c.key_id.not_in(key_ids))

    async def _forget(self, which: Any) -> int:
        clause = delete(links).where(which)

        def work(connection: Connection) -> int:
            in_turn(connection, _TURN)
            return connection.execute(clause).rowcount

        gone = await self._database.write(work)
        if gone:
            await self._database.compact()
        return gone
