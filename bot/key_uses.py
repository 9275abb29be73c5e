"""Until which day each return key sealed: noted in the database by the server that used it.

The file says when a key was replaced; the server seals with it until it is restarted. When an older
key may go depends on the later of the two.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Protocol

from bot.keyring import ReturnKeys
from crypto.tally import TallyKey
from intake.clock import Clock

AHEAD: Final = timedelta(hours=2)
"""Noted for so long in advance: it is noted every hour."""


class Facts(Protocol):
    """The few numbers a server must never forget."""

    async def get(self, key: str) -> int | None: ...
    async def raise_to(self, key: str, value: int) -> int: ...


class KeyUses:
    """The notes of the keys that this server has."""

    def __init__(self, facts: Facts, keys: ReturnKeys, clock: Clock) -> None:
        self._facts = facts
        self._keys = keys
        self._clock = clock

    async def begin(self) -> None:
        """At the start. An older key of which nothing is noted may have been used until now."""
        for key in self._keys.older:
            if await self._facts.get(_name(key)) is None:
                await self._facts.raise_to(_name(key), self._clock().date().toordinal())
        await self.note()

    async def note(self) -> None:
        """The first key is in use now."""
        day = (self._clock() + AHEAD).date()
        await self._facts.raise_to(_name(self._keys.current), day.toordinal())


async def last_days(facts: Facts, keys: Sequence[bytes]) -> list[date | None]:
    """The last day on which each key sealed, as far as a server has noted it."""
    noted = [await facts.get(_name(key)) for key in keys]
    return [None if day is None else date.fromordinal(day) for day in noted]


def _name(key: bytes) -> str:
    """As a tally names its key: whoever reads it learns nothing of the key."""
    return f"return key {TallyKey(key).name.hex()}"
