"""Linked chats of volunteers: `handlers.volunteers.Links` on cryptography and storage.

A row is named by a keyed hash of the chat and holds the chat sealed. Both keys come from the
return key, which is not in the database: the disk alone tells no chat (promise 1). Rows of a key
of before are named and sealed anew at the start, and wherever one is met until all were: no row
that leaves this module has an old name, so none loses its name while somebody works with it.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crypto.errors import BadFormat, CryptoError, Forged, Stale, UnknownKey
from crypto.kdf import Random, key_id
from crypto.link import read_link
from crypto.linked import LinkedChat, LinkedChats
from handlers.volunteers import Linking, Volunteer
from intake.clock import Clock
from intake.errors import LineClosed
from intake.roster import Member, Role, Roster
from storage.links import Links, Renamed
from storage.nonces import Nonces

log = logging.getLogger("tropa.links")

REMEMBERED: Final = timedelta(days=1)
"""How long an update is known to have taken a case: Telegram brings none that is older."""


SEALED_OTHERWISE: Final = (
    "a linked chat does not open: the RETURN_KEY under which it was linked is not here. Put it "
    "below the first one, or have her link again"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A linked chat, opened to write to it; `row` is where it is kept."""

    row: bytes
    key_id: str
    chat: LinkedChat


class VolunteerLinks:
    """`roster` raises `LineClosed` when none is in force."""

    def __init__(
        self,
        links: Links,
        nonces: Nonces,
        keys: LinkedChats,
        roster: Callable[[], Roster],
        clock: Clock,
        random: Random,
        older: tuple[LinkedChats, ...] = (),
    ) -> None:
        self._links = links
        self._nonces = nonces
        self._keys = keys
        self._roster = roster
        self._clock = clock
        self._random = random
        self._older = older
        self._all_renewed = not older

    async def renew(self) -> None:
        """Name and seal the rows of older keys with the one in use. Killed at any instant, every
        chat is still linked, and the next start goes on."""
        await self._opened(await self._links.all())
        self._all_renewed = True

    async def link(self, chat: int, text: str) -> Linking:
        """See `handlers.volunteers.Links.link`."""
        members = self.members()
        try:
            linked = read_link(text, lambda name: _signing_key(members, name), self._clock())
        except Stale:
            return Linking.LATE
        except (BadFormat, UnknownKey, Forged):
            return Linking.NONE
        digest = hashlib.sha256(f"link {linked.key_id} ".encode() + linked.nonce).digest()
        found = await self._found(chat)  # under an old name it would stand there twice
        if await self._nonces.use(digest, linked.expires):
            await self.keep(Told(self._keys.row(chat), linked.key_id, LinkedChat(chat)))
            return Linking.LINKED
        # The same update, brought again: what it asked for is done.
        return Linking.LINKED if found and found[0] == linked.key_id else Linking.LATE

    async def unlink(self, chat: int) -> bool:
        """See `handlers.volunteers.Links.unlink`."""
        names = [keys.row(chat) for keys in (self._keys, *self._older)]
        if await self._found(chat) is None:
            return False
        await self._links.delete(*names)
        return True

    async def volunteer(self, chat: int) -> Volunteer | None:
        """See `handlers.volunteers.Links.volunteer`."""
        found = await self._found(chat)
        if found is None:
            return None
        member = self.members().get(found[0])
        return None if member is None else Volunteer(found[0], member)

    async def takes(self, chat: int, update: int, case: bytes) -> None:
        """See `handlers.volunteers.Links.takes`."""
        mark = self._keys.mark(chat, update, case)
        await self._nonces.use(mark, self._clock() + REMEMBERED)

    async def took(self, chat: int, update: int, case: bytes) -> bool:
        """See `handlers.volunteers.Links.took`."""
        for keys in (self._keys, *self._older):
            if await self._nonces.used(keys.mark(chat, update, case)):
                return True
        return False

    def members(self) -> dict[str, Member]:
        """Who may link a chat, by key id. Raises `LineClosed`."""
        return {
            key_id(member.sealing_key): member
            for member in self._roster().members
            if member.role is not Role.RECOVERY
        }

    async def of(self, key_ids: Iterable[str]) -> list[Told]:
        """The linked chats of these members; one that does not open is passed over."""
        return await self._opened(await self._links.of(list(key_ids)))

    async def keep(self, told: Told) -> None:
        """Link the chat, or note where it was told last."""
        sealed = self._keys.seal(told.row, told.key_id, told.chat, self._random)
        await self._links.put(told.row, told.key_id, sealed)

    async def stands(self, told: Told) -> bool:
        """Whether the chat is still linked, to the same member."""
        found = await self._links.get(told.row)
        return found is not None and found[0] == told.key_id

    async def drop_strangers(self) -> None:
        """Forget the chats of those who left the roster; while none is in force, nobody left."""
        try:
            members = self.members()
        except LineClosed:
            return
        await self._links.keep(list(members))

    async def _found(self, chat: int) -> tuple[str, bytes] | None:
        """The row of the chat, by whichever name it has."""
        if not self._all_renewed:
            for row in (keys.row(chat) for keys in self._older):
                before = await self._links.get(row)
                if before is not None:
                    await self._opened([(row, *before)])
        return await self._links.get(self._keys.row(chat))

    async def _opened(self, rows: list[tuple[bytes, str, bytes]]) -> list[Told]:
        found, renamed = list[Told](), list[Renamed]()
        for row, name, sealed in rows:
            told, ours = self._read(row, name, sealed)
            if told is None:
                log.warning("%s", SEALED_OTHERWISE)
                continue
            found.append(told)
            if not ours:
                anew = self._keys.seal(told.row, name, told.chat, self._random)
                renamed.append(Renamed(row, told.row, name, anew))
        if renamed:
            await self._links.rename(renamed)
        return found

    def _read(self, row: bytes, name: str, sealed: bytes) -> tuple[Told | None, bool]:
        """The chat by the name that it has under the key in use, and whether it has it already."""
        with suppress(CryptoError):
            return Told(row, name, self._keys.open(row, name, sealed)), True
        for keys in self._older:
            with suppress(CryptoError):
                chat = keys.open(row, name, sealed)
                return Told(self._keys.row(chat.chat_id), name, chat), False
        return None, False


def _signing_key(members: Mapping[str, Member], name: str) -> bytes | None:
    member = members.get(name)
    return None if member is None else member.signing_key
