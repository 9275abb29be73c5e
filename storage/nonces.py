"""Nonces of signed requests, hashed: each is good for one use until it expires."""

from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Database, Prepared
from storage.dialects import insert_if_absent
from storage.rows import to_seconds
from storage.tables import nonces


class Nonces:
    """The nonces that were used lately."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = Prepared(insert_if_absent(nonces, database.dialect), database.dialect)

    async def use(self, digest: bytes, expires: datetime) -> bool:
        """Mark a nonce as used. False: it was used before, so the request is a replay."""
        values = {"hash": digest, "expires": to_seconds(expires)}
        return bool(await self._database.one(self._insert, values))

    async def used(self, digest: bytes) -> bool:
        """Whether a nonce was used; asking does not use it."""
        clause = select(nonces.c.hash).where(nonces.c.hash == digest)
        return await self._database.read(
            lambda connection: connection.execute(clause).first() is not None
        )

    async def expire(self, now: datetime) -> int:
        """Forget nonces that no request could use any more. Returns how many."""
        clause = delete(nonces).where(nonces.c.expires <= to_seconds(now))
        return await self._database.write(lambda connection: connection.execute(clause).rowcount)
