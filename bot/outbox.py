"""Telling people that there is a reply: one neutral line in the chat, as each of them allows.

A line is sent at least once and stands there once: it is noted before it is sent, and where no
answer came, or the process died, the next one clears away what may be left of the former. Nothing
of a reply is opened here; the line says nothing, and its key brings what opens it. Whether a chat
may be written to at all is read from the case again in the instant of sending.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.drafts import LIFE
from bot.inboxes import token_for
from bot.tokens import Tokens
from bot.updates import where
from bot.waking import Waking
from crypto.draft import DraftSecret
from crypto.errors import CryptoError
from crypto.inbox import InboxSecret
from handlers.announcing import something_new
from handlers.chats import Chat, Chats
from handlers.layout import INBOX
from handlers.painter import Painter
from handlers.ports import Busy, Unreachable
from handlers.texts import Texts
from intake.clock import Clock
from intake.errors import StorageUnavailable
from storage.errors import UnknownCase
from storage.inboxes import Inboxes
from storage.outbox import Outbox
from storage.rows import Due, ReplyState

log = logging.getLogger("tropa.outbox")

EVERY: Final = timedelta(seconds=15)
AT_ONCE: Final = 8
LONGEST_WAIT: Final = timedelta(minutes=10)
SWEPT: Final = 1000
"""Ids before a new line that are cleared where a process died over the former one. All chats of a
bot share one counter, and it goes on with every card that anybody is sent."""

PATIENCE: Final = 5.0
"""Seconds that the removal of the old card is waited for before the line counts as delivered."""

Renew = Callable[[int, str], Awaitable[bool]]
"""Draws the inbox anew where it stands open in a chat: see `Conversation.renew_inbox`."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a reply goes: the chat, the card that stood there, the inbox, and the oldest reply in
    it that was not read."""

    chat: int
    card: int
    inbox: InboxSecret
    first: int


@dataclass(frozen=True, slots=True)
class _Put:
    """A case whose line Telegram did not take: not before `until`."""

    until: datetime
    tries: int


class Delivery(Waking):
    """Delivers what is due, each case by itself: one that is put off holds up no other."""

    def __init__(
        self,
        outbox: Outbox,
        inboxes: Inboxes,
        tokens: Tokens,
        chats: Chats,
        painter: Painter,
        renew: Renew,
        texts: Texts,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._inboxes = inboxes
        self._tokens = tokens
        self._chats = chats
        self._painter = painter
        self._renew = renew
        self._texts = texts
        self._clock = clock
        super().__init__(pause)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[bytes, asyncio.Task[None]] = {}
        self._put_off: dict[bytes, _Put] = {}

    async def begin(self) -> None:
        """One round: begin with everything that is due and not put off."""
        now = self._clock()
        due = {one.case_id: one for one in await self._outbox.due(now)}
        self._put_off = {case: put for case, put in self._put_off.items() if case in due}
        for case_id, one in due.items():
            put = self._put_off.get(case_id)
            if case_id not in self._under_way and (put is None or put.until <= now):
                task = asyncio.create_task(self._safely(one))
                self._under_way[case_id] = task

    async def finish(self) -> None:
        """Wait for what was begun."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    async def close(self) -> None:
        """Leave what is not done; it is noted as doubtful, and taken up at the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _safely(self, due: Due) -> None:
        try:
            async with self._room:
                await self._deliver(due)
            self._put_off.pop(due.case_id, None)
        except Busy as busy:
            self._later(due.case_id, timedelta(seconds=busy.retry_after))
        except UnknownCase:  # erased meanwhile: nobody is to be told of anything
            self._put_off.pop(due.case_id, None)
        except StorageUnavailable as error:
            log.warning("%s", error)
        except Exception as error:
            log.error("a reply could not be announced: %s", where(error))
            self._later(due.case_id, LONGEST_WAIT)
        finally:
            del self._under_way[due.case_id]

    def _later(self, case_id: bytes, asked: timedelta) -> None:
        put = self._put_off.get(case_id)
        tries = 0 if put is None else put.tries
        wait = asked or min(EVERY * 2 ** min(tries, 8), LONGEST_WAIT)
        self._put_off[case_id] = _Put(self._clock() + wait, tries + 1)

    async def _deliver(self, due: Due) -> None:
        way = await self._way(due)
        if way is None:
            await self._outbox.left(due.case_id, due.numbers, due.place)
            return
        if await self._renew(way.chat, way.inbox.text):
            chat = self._chats.known(way.chat)
            message = way.card if chat is None or chat.card is None else chat.card
            await self._delivered(due, way, message)
            return
        chat = self._chats.known(way.chat) or self._chats.touch(way.chat, self._clock())
        async with chat.lock:
            if self._makes_room(chat, way):
                await self._send(chat, due, way)

    async def _way(self, due: Due) -> _Way | None:
        """Where the token leads; None where it does not lead from this case to the chat in which
        its replies are announced now."""
        token = self._tokens.open(due.token)
        if token is None or token.case_id != due.case_id:
            return None
        inbox = InboxSecret(token.inbox_secret)
        case = await self._inboxes.get(inbox.id)
        if case is None or case.header.id != due.case_id:
            return None
        if due.place != inbox.place(token.chat_id):
            return None  # the person reads elsewhere now; that chat may be in other hands
        unread = [one.number for one in case.replies if one.state is not ReplyState.READ]
        first = min(unread, default=due.numbers[0])
        return _Way(token.chat_id, token.message_id, inbox, first)

    def _makes_room(self, chat: Chat, way: _Way) -> bool:
        """Whether the card that is there may go. Never one that the person is at, nor one that may
        hold the only key to other answers, until a day has passed and they are gone."""
        if chat.wanted is not None:
            return False
        if chat.touched <= self._clock() - LIFE:
            return True
        if chat.asleep:
            return chat.card == way.card
        if chat.secret is None:
            return chat.hidden or chat.card is None
        return chat.hidden and _stands_for(chat, way.inbox)

    async def _send(self, chat: Chat, before: Due, way: _Way) -> None:
        due = await self._outbox.begin(before.case_id)
        if due is None or due.token != before.token:
            return  # read or withdrawn meanwhile, or another reply came: the next round has it
        if not due.header.contact.allows(self._clock()):
            return
        chat.doubtful = chat.doubtful or due.doubtful
        if chat.card is None:  # known from the token alone, and nobody is at it
            chat.card, chat.hidden = way.card, True
        language = due.header.language
        say = self._texts.say(language)
        line = something_new(say, language, way.inbox.text, way.first)
        try:
            sent = await self._painter.announce(chat, line)
        except Unreachable:
            await self._outbox.undeliverable(due.case_id, due.numbers, due.place)
            return
        chat.secret, chat.revision, chat.showing = way.inbox.text, INBOX, None
        chat.language = chat.language or language
        chat.hidden, chat.asleep, chat.slip, chat.announced = True, False, None, sent
        if due.doubtful:
            self._painter.remove(chat, *range(max(way.card + 1, sent - SWEPT), sent))
        # The old card goes before the note that would find it does.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._painter.settled(chat.id), PATIENCE)
        await self._delivered(due, way, sent)

    async def _delivered(self, due: Due, way: _Way, message: int) -> None:
        """With a fresh token: who wrote the reply holds the old one opened."""
        token = partial(token_for, self._tokens, due.header, way.inbox, way.chat, message)
        await self._outbox.delivered(due.case_id, due.numbers, token, due.place)


def _stands_for(chat: Chat, inbox: InboxSecret) -> bool:
    """Whether the chat's card is this case's: by its inbox, or by the interview that it was."""
    if chat.revision == INBOX:
        return chat.secret == inbox.text
    try:
        return InboxSecret.of(DraftSecret.parse(chat.secret or "")) == inbox
    except CryptoError:
        return False
