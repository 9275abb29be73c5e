"""Keeps the one living message of each chat: draws it, replaces it, clears away the rest.

Drawing follows the commit and never holds it up: what Telegram does not take now is tried again
later, and only the newest card of a chat is. What the person sent is removed just as stubbornly.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from handlers.chats import Chat, Chats
from handlers.ports import Busy, Card, Lost, Messenger, Unreachable

log = logging.getLogger("tropa.painter")

BLANK: Final = Card("\u00b7")
"""What is too old to delete is blanked: an edit has no age limit."""

SWEEP: Final = 100
"""Ids one `deleteMessages` may name. The ids of a bot's chats come from one counter, so a lost
card of a moment ago is most likely among the hundred before a new message."""

TRIES: Final = 8
"""For a card: by then somebody has most likely tapped, and a newer one is drawn."""

REMOVAL_TRIES: Final = 60
"""For what a person sent: the better part of an hour, since nobody else will remove it."""

LONGEST_WAIT: Final = 60.0


class Painter:
    """Draws cards in chats. `pause` waits for seconds; tests pass in one that does not."""

    def __init__(
        self, messenger: Messenger, chats: Chats, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._messenger = messenger
        self._chats = chats
        self._pause = pause
        self._later: set[asyncio.Task[None]] = set()
        self._removals: dict[int, set[asyncio.Task[None]]] = {}

    async def draw(self, chat: Chat, card: Card) -> None:
        """Show `card` as the chat's one message, in place if there is one."""
        chat.drawing += 1
        await self._stubbornly(chat, chat.drawing, lambda: self._draw(chat, card))

    async def answer_and_draw(self, query: str, chat: Chat, card: Card) -> None:
        """Both at once: the spinner stops while the card changes."""
        await asyncio.gather(self.answer(query), self.draw(chat, card))

    async def remove_and_draw(self, chat: Chat, message: int, card: Card) -> None:
        """Both at once: what was typed goes while the card shows it sealed."""
        await asyncio.gather(self.remove(chat, message), self.draw(chat, card))

    async def draw_anew(self, chat: Chat, card: Card, below: int) -> None:
        """Show `card` at the end of the chat, as the person asked for it there.

        `below` is the id of the message that asked; with it goes what may be left of ours.
        """
        chat.drawing += 1
        old, chat.card = chat.card, None
        if old is None:
            await self.sweep(chat, below)
        else:
            await self.remove(chat, old, below)
        await self._stubbornly(chat, chat.drawing, lambda: self._draw(chat, card))

    async def remove(self, chat: Chat, *messages: int) -> None:
        """Delete messages from the chat; those of ours that are too old are blanked."""
        await self._stubbornly(chat, None, lambda: self._remove(chat, messages))

    async def sweep(self, chat: Chat, below: int) -> None:
        """Delete `below` and whatever of this chat lies near it: a card that a process before this
        one drew and that nobody remembers. It may lie shortly after: where that process ended
        before it could say that it had answered, the same command comes again."""
        try:
            if await self._messenger.delete(chat.id, _up_to(below + SWEEP // 2)):
                return
        except (Busy, Unreachable):
            pass  # the one message that is known to be there is removed all the same
        await self.remove(chat, below)

    async def answer(self, query: str, text: str = "", alert: bool = False) -> None:
        """Stop the spinner on the tapped button; an answer that is lost is not tried again."""
        try:
            await self._messenger.answer(query, text, alert)
        except (Busy, Unreachable):
            return

    async def removed(self, chat: int) -> None:
        """Wait until nothing in this chat is left to be removed, or it was given up."""
        while removals := self._removals.get(chat):
            await asyncio.wait(removals)

    async def close(self) -> None:
        """Stop trying what was put off."""
        for task in list(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def _draw(self, chat: Chat, card: Card) -> None:
        if chat.card is not None:
            try:
                await self._messenger.edit(chat.id, chat.card, card)
            except Lost:
                chat.card = None
        if chat.card is None:
            await self._send(chat, card)

    async def _send(self, chat: Chat, card: Card) -> None:
        """A new message. Where the answer to an earlier sending was lost, that message may be in
        the chat all the same, under an id that nobody told us: it goes."""
        doubtful, chat.doubtful = chat.doubtful, True
        sent = chat.card = await self._messenger.send(chat.id, card)
        chat.doubtful = False
        if doubtful:
            await self._stubbornly(chat, None, lambda: self._clear_below(chat, sent))

    async def _clear_below(self, chat: Chat, message: int) -> None:
        below = [number for number in _up_to(message - 1) if number != chat.card]
        await self._messenger.delete(chat.id, below)

    async def _remove(self, chat: Chat, unwanted: tuple[int, ...]) -> None:
        """A card whose removal was put off, and that was tapped meanwhile, is the card again."""
        messages = [message for message in unwanted if message != chat.card]
        if not messages or await self._messenger.delete(chat.id, messages):
            return
        for message in messages:  # one of them is too old, and Telegram refuses them together
            if not await self._messenger.delete(chat.id, [message]):
                await self._blank(chat, message)

    async def _blank(self, chat: Chat, message: int) -> None:
        try:
            await self._messenger.edit(chat.id, message, BLANK)
        except Lost:
            return

    async def _stubbornly(
        self, chat: Chat, drawing: int | None, act: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            await act()
        except Unreachable:
            self._chats.forget(chat.id)
        except Busy as busy:
            task = self._put_off(self._retry(chat, drawing, act, busy.retry_after))
            if drawing is None:
                self._owe(chat.id, task)

    def _put_off(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return task

    def _owe(self, chat: int, removal: "asyncio.Task[None]") -> None:
        removals = self._removals.setdefault(chat, set())
        removals.add(removal)

        def done(_: "asyncio.Task[None]") -> None:
            removals.discard(removal)
            if not removals and self._removals.get(chat) is removals:
                del self._removals[chat]

        removal.add_done_callback(done)

    async def _retry(
        self, chat: Chat, drawing: int | None, act: Callable[[], Awaitable[None]], first: float
    ) -> None:
        """Try again in growing steps, until it works or a newer card has been drawn."""
        wait, tries = first or 1.0, REMOVAL_TRIES if drawing is None else TRIES
        for _ in range(tries):
            await self._pause(wait)
            async with chat.lock:
                if drawing is not None and drawing != chat.drawing:
                    return
                try:
                    await act()
                except Unreachable:
                    self._chats.forget(chat.id)
                except Busy as busy:
                    wait = busy.retry_after or min(wait * 2, LONGEST_WAIT)
                    continue
                return
        what = "a message could not be removed" if drawing is None else "a card could not be drawn"
        log.warning("%s in %d tries", what, tries)


def _up_to(message: int) -> list[int]:
    return [number for number in range(message, message - SWEEP, -1) if number > 0]
