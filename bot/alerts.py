"""Alerts: urgent cases that nobody was told of, told to linked volunteers whom they fit.

A case is marked only after everybody was told, so that each is told at least once; within one
process nobody is told twice. The message names level, language and skills, and no case. It takes
the place of the volunteer's last card or alert, and rings: that is what she linked her chat for.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.links import Told, VolunteerLinks
from bot.waking import Waking
from crypto.linked import LinkedChat
from handlers import volunteer_cards as cards
from handlers.case_files import as_of
from handlers.chats import Chat, Chats
from handlers.layout import Pen
from handlers.painter import Painter
from handlers.ports import Busy, Card, Messenger, Unreachable
from handlers.stored import Stored
from handlers.texts import Texts
from intake.case import CaseHeader, Level
from intake.clock import Clock
from intake.errors import LineClosed
from intake.questions import Form
from intake.roster import Member
from intake.routing import Needs, recipients
from storage.errors import UnknownCase

log = logging.getLogger("tropa.alerts")

EVERY: Final = timedelta(seconds=10)
URGENT: Final = (Level.P0, Level.P1)


class Cases(Protocol):
    """The stored cases, as far as alerts need them."""

    async def unalerted(self, levels: tuple[Level, ...]) -> list[CaseHeader]: ...
    async def alerted(self, case_id: bytes) -> None: ...
    async def fetch(self, case_id: bytes, key_id: str) -> Stored: ...


@dataclass(slots=True)
class _News:
    """What one chat is to be told: new cases, and those that she holds."""

    fresh: list[CaseHeader] = field(default_factory=list)
    own: list[CaseHeader] = field(default_factory=list)


class Alerts(Waking):
    """One round tells everybody of everything that is due."""

    def __init__(
        self,
        cases: Cases,
        links: VolunteerLinks,
        form: Form,
        messenger: Messenger,
        painter: Painter,
        chats: Chats,
        texts: Texts,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._cases = cases
        self._links = links
        self._form = form
        self._messenger = messenger
        self._painter = painter
        self._chats = chats
        self._texts = texts
        self._clock = clock
        super().__init__(pause)
        self._told: set[tuple[bytes, bytes]] = set()
        self._not_before: dict[bytes, datetime] = {}
        self._unreachable: set[bytes] = set()
        self._nobody: set[bytes] = set()

    async def tell(self) -> None:
        """One round. While no roster is in force, nobody can be chosen, and all wait."""
        try:
            everybody = self._links.members()
        except LineClosed:
            return
        # Whoever became a coordinator may still hold cases, or have keys to them.
        now = self._clock()
        members = {
            name: one for name, one in everybody.items() if one.opens_cases and one.in_force(now)
        }
        due = await self._cases.unalerted(URGENT)
        if not due:
            self._told.clear()
            return
        linked = await self._links.of(members)
        news = await self._news(due, linked, members)
        left = self._nobodys(due, news, members)
        for told in linked:
            left |= await self._told_all(told, news[told.row], members[told.key_id])
        for header in due:
            if header.id not in left:
                with suppress(UnknownCase):  # erased meanwhile
                    await self._cases.alerted(header.id)
                self._told = {pair for pair in self._told if pair[0] != header.id}

    def _holder(self, header: CaseHeader, members: Mapping[str, Member]) -> str | None:
        """Whoever left, or opens no cases any more, holds nothing that anybody could wait for."""
        holder = as_of(header, self._clock()).holder
        return holder if holder in members else None

    def _nobodys(
        self, due: list[CaseHeader], news: Mapping[bytes, _News], members: Mapping[str, Member]
    ) -> set[bytes]:
        """The ids of what can be told to nobody: the operator hears of each once, and whoever links
        a chat while it still waits is told."""
        told = {pair[0] for pair in self._told}
        told |= {header.id for one in news.values() for header in (*one.fresh, *one.own)}
        # Whoever holds one has it on her desk.
        left = {one.id for one in due if self._holder(one, members) is None} - told
        if left - self._nobody:
            log.warning(
                "an urgent case waits, and no volunteer who could open it has linked a chat: "
                "somebody has to look at the queue"
            )
        self._nobody = left
        return set(left)

    async def _news(
        self, due: list[CaseHeader], linked: list[Told], members: Mapping[str, Member]
    ) -> dict[bytes, _News]:
        """What each linked chat was not told yet, by its row."""
        news = {told.row: _News() for told in linked}
        for header in due:
            holder = self._holder(header, members)
            chosen = await self._addressees(header, holder, linked, members)
            for told in linked:
                if told.key_id in chosen and (header.id, told.row) not in self._told:
                    one = news[told.row]
                    (one.fresh if holder is None else one.own).append(header)
        return news

    async def _addressees(
        self,
        header: CaseHeader,
        holder: str | None,
        linked: list[Told],
        members: Mapping[str, Member],
    ) -> set[str]:
        """Key ids: its holder alone where it is held; else whom of those who can open it the
        routing would choose."""
        openers = await self._openers(header, linked)
        if holder is not None:
            return openers & {holder}
        able = {name: members[name] for name in openers if name in members}
        needs = Needs(header.skills, frozenset({header.language}), header.country)
        chosen = recipients(list(able.values()), needs, early=False)
        return {name for name, member in able.items() if member in chosen}

    async def _openers(self, header: CaseHeader, linked: list[Told]) -> set[str]:
        """Who has a wrap of the case; nobody where none of the linked members has."""
        for name in dict.fromkeys(told.key_id for told in linked):
            try:
                return set((await self._cases.fetch(header.id, name)).openers)
            except UnknownCase:
                continue
        return set()

    async def _told_all(self, told: Told, news: _News, member: Member) -> set[bytes]:
        """Tell one chat everything; returns the ids of what is left for a later round."""
        headers = [*news.fresh, *news.own]
        if not headers:
            return set()
        ids, now = {header.id for header in headers}, self._clock()
        if self._not_before.get(told.row, now) > now:
            return ids
        self._not_before.pop(told.row, None)
        try:
            await self._tell(told, news, member)
        except Busy as busy:
            self._not_before[told.row] = now + timedelta(seconds=busy.retry_after)
            return ids
        except Unreachable:
            self._note_unreachable(told)
        else:
            self._unreachable.discard(told.row)
        self._told |= {(case, told.row) for case in ids}
        return set()

    async def _tell(self, told: Told, news: _News, member: Member) -> None:
        number = told.chat.chat_id
        chat = self._chats.known(number) or self._chats.touch(number, self._clock())
        async with chat.lock:
            if not await self._links.stands(told):
                return  # unlinked meanwhile: it is told nothing, and stays forgotten
            chat.language = chat.language or self._language(member)
            pen = Pen(self._texts.say(chat.language), chat.language, chat.secret, chat.revision)
            sent = await self._put(chat, cards.alert(pen, self._form, news.fresh, news.own))
            if told.chat.message_id not in (0, sent):
                self._painter.remove(chat, told.chat.message_id)
            # So that the next alert finds this one, whatever process sends it.
            where = LinkedChat(told.chat.chat_id, sent)
            await self._links.keep(Told(told.row, told.key_id, where))

    def _language(self, member: Member) -> str:
        """The first of the line's languages that she speaks, until she writes herself."""
        spoken = [one for one in self._form.languages if one in member.languages]
        return self._texts.closest(spoken[0] if spoken else "", self._form.languages)

    async def _put(self, chat: Chat, card: Card) -> int:
        """In place of her card; beside one that stands for an interview or a case of her own, which
        an alert does not count as touched."""
        if chat.secret is not None or chat.asleep:
            return await self._messenger.send(chat.id, card, silent=False)
        self._chats.touch(chat.id, self._clock())
        sent = await self._painter.announce(chat, card, silent=False)
        chat.hidden, chat.showing = False, None
        return sent

    def _note_unreachable(self, told: Told) -> None:
        """Her link stays: she may have blocked the bot for an hour."""
        if told.row not in self._unreachable:
            self._unreachable.add(told.row)
            log.warning("a linked volunteer's chat cannot be reached")
