"""A file or a picture below a card, in a chat that is a member's: sent, and taken out again.

It leaves the chat after a while, since it can be sent again. A picture shows what its card says,
and goes already when another card takes that one's place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple

from handlers.chats import HIDE_AFTER, Chat
from handlers.painter import AT_ONCE, Painter
from handlers.ports import Busy, Card, Document, Messenger, Picture, Unreachable
from intake.clock import Clock

STAYS: Final = HIDE_AFTER
"""How long what was handed out stays in a chat."""

TRIES: Final = 4
"""Attempts at sending, some seconds apart."""

PATIENCE: Final = 15.0
"""Seconds that the card is waited for before the file goes out."""


Make = Callable[[], Awaitable[Picture | None]]


class Handed(NamedTuple):
    """What is handed out, the card above it, and the card where it could not be sent.

    A picture is made only once its card is there; None where it cannot be made.
    """

    card: Card
    what: Document | Make
    without: Card


class Handing:
    """Remembers in memory alone what is to be taken out of which chat."""

    def __init__(
        self,
        messenger: Messenger,
        painter: Painter,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._messenger = messenger
        self._painter = painter
        self._clock = clock
        self._pause = pause
        self._owed: dict[int, tuple[Chat, Handed]] = {}
        self._out: list[tuple[datetime, Chat, int]] = []

    def owe(self, update: int, chat: Chat, handed: Handed) -> None:
        """Its card is wanted in the chat, which is held; the rest is for `hand_out`."""
        chat.expects = update
        self._owed[update] = chat, handed

    async def hand_out(self, update: int) -> None:
        """What is owed for the update, below its card: drawing may sweep away what stands near
        that. The chat is not held."""
        if update not in self._owed:
            return
        chat, handed = self._owed.pop(update)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._painter.settled(chat.id), PATIENCE)
        if isinstance(handed.what, Document):
            await self._file(chat, handed.what, handed.without)
        else:
            await self._picture(update, chat, handed.what, handed.without)

    async def _file(self, chat: Chat, file: Document, without: Card) -> None:
        message = await self._stubbornly(chat, lambda: self._messenger.send_document(chat.id, file))
        if message is not None:
            self._out.append((self._clock(), chat, message))
            return
        async with chat.lock:
            if not chat.hidden:
                self._painter.draw(chat, without)

    async def _picture(self, update: int, chat: Chat, make: Make, without: Card) -> None:
        """Not where another card took the place of its own meanwhile."""
        if chat.expects != update:
            return
        made = await make()
        if chat.expects != update:
            return
        message = None
        if made is not None:
            message = await self._stubbornly(
                chat, lambda: self._messenger.send_picture(chat.id, made), swept=True
            )
        if message is not None:
            self._out.append((self._clock(), chat, message))
        async with chat.lock:
            if message is None:
                if chat.expects == update:
                    self._painter.draw(chat, without)
            elif chat.expects == update:
                chat.beside.add(message)
            else:
                self._painter.remove(chat, message)

    async def clear(self) -> None:
        """Take out of the chats what was sent to them a while ago."""
        before = self._clock() - STAYS
        due = [one for one in self._out if one[0] <= before]
        self._out = [one for one in self._out if one[0] > before]
        for _, chat, message in due:
            self._painter.remove(chat, message)

    async def _stubbornly(
        self, chat: Chat, send: Callable[[], Awaitable[int]], *, swept: bool = False
    ) -> int | None:
        """The message's id, once Telegram took it.

        Where an answer is lost, it may stand there twice. `swept`: what may be the first goes.
        """
        for attempt in range(TRIES):
            try:
                message = await send()
            except Busy as busy:
                await self._pause(busy.retry_after or 2.0**attempt)
            except Unreachable:
                break
            else:
                if swept and attempt and chat.card is not None:
                    known = {sent for _, where, sent in self._out if where is chat}
                    between = range(max(chat.card + 1, message - AT_ONCE), message)
                    self._painter.remove(chat, *(set(between) - known))
                return message
        return None
