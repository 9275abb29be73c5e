"""Members in Telegram: linking a chat, what waits, a case as a file, and the counts.

A chat is a member's if it was linked with a text that her key signed. To any other chat nothing
here answers, nor tells that it is here. A case is sent as it is stored, sealed: neither Telegram
nor this process could read it.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from handlers import volunteer_cards as cards
from handlers.boundary import Command
from handlers.case_files import case_file
from handlers.chats import Chat, Chats
from handlers.coordinators import Coordinators
from handlers.handing import Handed, Handing
from handlers.layout import Pen
from handlers.painter import Painter
from handlers.ports import Card, Document
from handlers.queue_parts import Faults
from handlers.stored import Listing, Stored
from handlers.texts import Texts
from intake.bundle import BUNDLE_SUFFIX, Bundle
from intake.case import Turn
from intake.clock import Clock
from intake.errors import LineClosed
from intake.roster import Member, Role

log = logging.getLogger("tropa.volunteers")

NAMES: Final = frozenset({"link", "unlink", "queue", "take", "counts"})
"""The commands that may be a member's."""

SHORT: Final = 8
"""Digits of a case's id that she is shown."""

_DIGITS: Final = re.compile(r"[0-9a-f]{1,32}", re.ASCII)


class Linking(Enum):
    """What became of a text that should link a chat."""

    LINKED = "linked"
    LATE = "late"  # a member's own, but used before, or too old
    NONE = "none"  # nothing that a member's key signed


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Whose chat it is."""

    key_id: str
    member: Member

    @property
    def lead(self) -> bool:
        return self.member.role is Role.LEAD


class Links(Protocol):
    """Which chats are linked, and which update made a volunteer take which case.

    All may raise `StorageUnavailable`.
    """

    async def link(self, chat: int, text: str) -> Linking:
        """Link the chat if the text allows it. Raises `LineClosed`."""

    async def unlink(self, chat: int) -> bool:
        """Whether it was linked."""

    async def volunteer(self, chat: int) -> Volunteer | None:
        """Whose chat it is; None for everybody else. Raises `LineClosed` for a linked chat."""

    async def takes(self, chat: int, update: int, case: bytes) -> None:
        """Remember, for a day, that this update takes this case."""

    async def took(self, chat: int, update: int, case: bytes) -> bool:
        """Whether this update took this case before: then it comes again."""


class Cases(Protocol):
    """The stored cases, as far as a chat needs them."""

    async def queue(self, key_id: str, now: datetime, *, lead: bool, start: int = 0) -> Listing: ...
    async def take(self, case_id: bytes, key_id: str, now: datetime, capacity: int) -> object: ...
    async def fetch(self, case_id: bytes, key_id: str) -> Stored: ...


class Queue(Protocol):
    """The part of `handlers.queue_parts.Parts` that a chat needs: the same queue and rules."""

    @property
    def cases(self) -> Cases: ...
    @property
    def envelope(self) -> Callable[[], bytes | None]: ...
    @property
    def form(self) -> Callable[[str], bytes | None]: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def faults(self) -> Faults: ...


class Volunteers:
    """Answers the commands of linked chats, one chat at a time."""

    def __init__(
        self,
        links: Links,
        queue: Queue,
        coordinators: Coordinators,
        painter: Painter,
        handing: Handing,
        chats: Chats,
        texts: Texts,
        languages: tuple[str, ...],
    ) -> None:
        self._links = links
        self._queue = queue
        self._coordinators = coordinators
        self._painter = painter
        self._handing = handing
        self._chats = chats
        self._texts = texts
        self._languages = languages

    async def answer(self, event: Command) -> bool:
        """Whether the command was a volunteer's, and is done; nothing was changed otherwise."""
        if event.name not in NAMES:
            return False
        chat = self._chats.touch(event.chat, self._queue.clock())
        async with chat.lock:
            if chat.asleep:
                return False  # the card holds a secret that this process forgot: it stays
            chat.language = chat.language or self._texts.closest(event.language, self._languages)
            found = await self._found(chat, event)
            if found is None:
                return False
            chat.hidden, chat.showing = False, None
            card = found.card if isinstance(found, Handed) else found
            self._painter.draw_anew(chat, card, event.message)
            if isinstance(found, Handed):
                self._handing.owe(event.update, chat, found)
        return True

    async def finish(self, update: int) -> None:
        """Send what the update asked for. It is handled by then, and the chat is free: nothing
        else that comes in waits until Telegram takes a file, or a chart is drawn."""
        await self._handing.hand_out(update)

    async def _found(self, chat: Chat, event: Command) -> Card | Handed | None:
        """What the command is answered with; None for one that is not a volunteer's."""
        match event.name:
            case "link":
                return await self._link(chat, event)
            case "unlink":
                unlinked = await self._links.unlink(chat.id)
                return cards.unlinked(self._pen(chat)) if unlinked else None
        try:
            volunteer = await self._links.volunteer(chat.id)
            if volunteer is None:
                return None
            return await self._served(chat, volunteer, event)
        except LineClosed:
            return cards.line_closed(self._pen(chat))

    async def _link(self, chat: Chat, event: Command) -> Card | None:
        try:
            # A line of this length is wrapped where it is copied from.
            linking = await self._links.link(chat.id, "".join(event.argument.split()))
        except LineClosed:
            return None
        match linking:
            case Linking.LINKED:
                volunteer = await self._links.volunteer(chat.id)
                return (
                    None if volunteer is None else cards.linked(self._pen(chat), volunteer.member)
                )
            case Linking.LATE:
                return cards.out_of_date(self._pen(chat))
            case Linking.NONE:
                return None

    async def _served(self, chat: Chat, volunteer: Volunteer, event: Command) -> Card | Handed:
        if not volunteer.member.in_force(self._queue.clock()):
            return cards.time_over(self._pen(chat))
        if event.name == "counts":
            return await self._coordinators.answer(self._pen(chat), volunteer.member)
        if not volunteer.member.opens_cases:
            return cards.opens_none(self._pen(chat), volunteer.member)
        listing = await self._listing(volunteer)
        if event.name == "queue":
            return self._counts(chat, volunteer, listing)
        return await self._take(chat, volunteer, listing, event)

    def _counts(self, chat: Chat, volunteer: Volunteer, listing: Listing) -> Card:
        waits = cards.Waits(
            counts=listing.counts,
            held=len(listing.mine),
            most=volunteer.member.capacity,
            unanswered=sum(one.header.turn is Turn.OURS for one in listing.mine),
            asked=len(listing.asked),
        )
        return cards.queue(self._pen(chat), waits)

    async def _take(
        self, chat: Chat, volunteer: Volunteer, listing: Listing, event: Command
    ) -> Card | Handed:
        """Take one. An update that comes again takes nothing more: what it took is sent again."""
        for listed in listing.mine:
            if await self._links.took(chat.id, event.update, listed.header.id):
                found = await self._packed(chat, volunteer, listed.header.id)
                return found or cards.nothing_waits(self._pen(chat))
        beginning = event.argument.strip().lower()
        if beginning:
            return await self._take_named(chat, volunteer, listing, event, beginning)
        mine = {listed.header.id for listed in listing.mine}
        for listed in listing.cases:
            if listed.header.id not in mine:
                found = await self._take_one(chat, volunteer, listed.header.id, event)
                if found is not None:
                    return found
        return cards.nothing_waits(self._pen(chat))

    async def _take_named(
        self, chat: Chat, volunteer: Volunteer, listing: Listing, event: Command, beginning: str
    ) -> Card | Handed:
        meant = await self._beginning_with(beginning, volunteer, listing)
        if len(meant) > 1:
            return cards.several(self._pen(chat), beginning)
        for case in meant:
            found = await self._take_one(chat, volunteer, case, event)
            if found is not None:
                return found
        return cards.no_such_case(self._pen(chat), beginning[:SHORT])

    async def _beginning_with(
        self, beginning: str, volunteer: Volunteer, listing: Listing
    ) -> set[bytes]:
        """The cases that she holds or could take and that begin so, on all pages of the queue."""
        if not _DIGITS.fullmatch(beginning):
            return set()
        ids = {listed.header.id for listed in (*listing.mine, *listing.cases)}
        start = len(listing.cases)
        while listing.cases and start < listing.matching:
            listing = await self._listing(volunteer, start)
            ids |= {listed.header.id for listed in listing.cases}
            start += len(listing.cases)
        return {case for case in ids if case.hex().startswith(beginning)}

    async def _take_one(
        self, chat: Chat, volunteer: Volunteer, case: bytes, event: Command
    ) -> Card | Handed | None:
        """None where somebody was faster, or it is gone."""
        queue, most = self._queue, volunteer.member.capacity
        await self._links.takes(chat.id, event.update, case)
        try:
            await queue.cases.take(case, volunteer.key_id, queue.clock(), most)
        except (queue.faults.held_by_other, queue.faults.unknown_case):
            return None
        except queue.faults.full:
            held = len((await self._listing(volunteer)).mine)
            return cards.full(self._pen(chat), held, most)
        return await self._packed(chat, volunteer, case)

    async def _packed(self, chat: Chat, volunteer: Volunteer, case: bytes) -> Card | Handed | None:
        """The sealed case, with what a machine that is never online needs beside it."""
        queue, now, name = self._queue, self._queue.clock(), case.hex()[:SHORT]
        try:
            stored = await queue.cases.fetch(case, volunteer.key_id)
        except queue.faults.unknown_case:
            return None  # erased in this moment
        whole = case_file(stored, volunteer.key_id, now, lead=volunteer.lead)
        roster, form = queue.envelope(), queue.form(whole.header.form)
        if roster is None or form is None:
            log.error("a case cannot be sent as a file: its form or the roster is not here")
            return cards.not_sent(self._pen(chat), name)
        file = f"case-{name}{BUNDLE_SUFFIX}"
        return Handed(
            cards.taken(self._pen(chat), name, whole.header.leased_until or now, file),
            Document(file, Bundle.of(whole, roster, form).to_bytes()),
            cards.not_sent(self._pen(chat), name),
        )

    async def _listing(self, volunteer: Volunteer, start: int = 0) -> Listing:
        queue = self._queue
        return await queue.cases.queue(
            volunteer.key_id, queue.clock(), lead=volunteer.lead, start=start
        )

    def _pen(self, chat: Chat) -> Pen:
        """Its keys lead back to whatever else the chat stands for."""
        say = self._texts.say(chat.language)
        return Pen(say, chat.language, chat.secret, chat.revision)
