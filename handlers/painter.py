"""Keeps the one living message of each chat: draws it, replaces it, clears away the rest.

A conversation says what a chat should look like (`draw`, `draw_anew`, `hide`, `remove`) and goes
on; one task a chat brings that about, in as few calls as it takes, and tries again until Telegram
has taken it. Only the newest card of a chat is ever drawn. Nothing is sent to a chat that did not
ask for it, but by `announce`: a card that the person deleted is not brought back by a retry or by
hiding.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.chats import Chat, Wanted
from handlers.ports import Busy, Card, Lost, Messenger, Unreachable

log = logging.getLogger("tropa.painter")

BLANK: Final = Card("\u00b7")
"""What is too old to delete is blanked: an edit has no age limit."""

AT_ONCE: Final = 100
"""Ids that one `deleteMessages` may name. The ids of a bot's chats come from one counter, so a
lost card of a moment ago is most likely among the hundred around a new message."""

TRIES: Final = 60
"""The better part of an hour. What is to be removed then waits for the next event in the chat."""

LONGEST_WAIT: Final = 60.0


@dataclass(slots=True)
class _Work:
    """What goes on for one chat. `woken` ends a wait early, as something new is wanted; `wishes`
    counts what was wanted so far, `waiting` those who wait for one of these wishes."""

    task: "asyncio.Task[None] | None" = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    wishes: int = 0
    waiting: "list[tuple[int, asyncio.Future[None]]]" = field(default_factory=list)

    def fulfilled(self, wish: int) -> None:
        """Everything up to `wish` stands in the chat."""
        left = []
        for number, future in self.waiting:
            if number > wish:
                left.append((number, future))
            elif not future.done():
                future.set_result(None)
        self.waiting = left


class Painter:
    """Draws cards in chats. `pause` waits for seconds; tests pass in one that does not."""

    def __init__(self, messenger: Messenger, pause: Callable[[float], Awaitable[None]]) -> None:
        self._messenger = messenger
        self._pause = pause
        self._work: dict[int, _Work] = {}
        self._answers: dict[int, set[asyncio.Task[None]]] = {}

    def draw(self, chat: Chat, card: Card) -> None:
        """Show `card` as the chat's one message, in place if there is one."""
        self._want(chat, Wanted(card, asked=True))
        self._begin(chat)

    def hide(self, chat: Chat, card: Card) -> None:
        """Show `card` in place of the one that is there; where none is, nothing is sent."""
        self._want(chat, Wanted(card, asked=False))
        self._begin(chat)

    def draw_anew(self, chat: Chat, card: Card, below: int) -> None:
        """Show `card` at the end of the chat, as the person asked for it there.

        `below` is the id of the message that asked. The old card goes only when the new one is
        there: it may hold the only copy of a secret.
        """
        self._want(chat, Wanted(card, asked=True))
        chat.anew = True
        if chat.card is None:
            chat.sweep = below + AT_ONCE // 2
        self.remove(chat, below)

    async def announce(self, chat: Chat, card: Card, *, silent: bool = True) -> int:
        """Send a card that nobody asked for, now or not at all; returns its id.

        It takes the place of the card that is there and of whatever was still to be drawn. Raises
        `Busy` and `Unreachable`: when to try again is for whoever announces to say.
        """
        self._want(chat, None)
        chat.anew = False
        try:
            sent = await self._send(chat, card, silent=silent)
        except Unreachable:
            chat.reset()
            raise
        self._begin(chat)
        return sent

    def remove(self, chat: Chat, *messages: int) -> None:
        """Delete messages from the chat; those of ours that are too old are blanked."""
        chat.unwanted.update(messages)
        self._begin(chat)

    def answer(self, chat: Chat, query: str, text: str = "", alert: bool = False) -> None:
        """Stop the spinner on the tapped button, while other things go on."""
        answers = self._answers.setdefault(chat.id, set())
        task = asyncio.create_task(self.answer_now(query, text, alert))
        answers.add(task)

        def done(_: "asyncio.Task[None]") -> None:
            answers.discard(task)
            if not answers and self._answers.get(chat.id) is answers:
                del self._answers[chat.id]

        task.add_done_callback(done)

    async def answer_now(self, query: str, text: str = "", alert: bool = False) -> None:
        """The same for a tap of no chat. An answer that is lost is not tried again."""
        with suppress(Busy, Unreachable):
            await self._messenger.answer(query, text, alert)

    async def settled(self, chat: int) -> None:
        """Wait until the chat looks as it should by now, or that was given up.

        What is wanted later is not waited for: somebody who taps on and on is never through.
        """
        answers = list(self._answers.get(chat, ()))
        if answers:
            await asyncio.wait(answers)
        work = self._work.get(chat)
        if work is not None:
            future = asyncio.get_running_loop().create_future()
            work.waiting.append((work.wishes, future))
            await future

    async def close(self) -> None:
        """Leave what is not done yet; its updates are not confirmed and come again."""
        tasks = [task for chat in {*self._work, *self._answers} for task in self._open(chat)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open(self, chat: int) -> "list[asyncio.Task[None]]":
        work = self._work.get(chat)
        ours = [work.task] if work is not None and work.task is not None else []
        return [*ours, *self._answers.get(chat, ())]

    def _want(self, chat: Chat, wanted: Wanted | None) -> None:
        """What stands beside the card says what that card says, and goes with it."""
        chat.wanted, chat.expects = wanted, None
        chat.unwanted |= chat.beside
        chat.beside.clear()

    def _begin(self, chat: Chat) -> None:
        work = self._work.get(chat.id)
        if work is None:
            work = self._work[chat.id] = _Work()
            work.task = asyncio.create_task(self._bring_about(chat, work))
        work.wishes += 1
        work.woken.set()

    async def _bring_about(self, chat: Chat, work: _Work) -> None:
        try:
            await self._stubbornly(chat, work)
        except Unreachable:
            chat.reset()
        except Exception as error:  # refused for what it is: trying again would not help
            log.error("a card was refused (%s)", type(error).__name__)
            chat.wanted = None
        finally:
            del self._work[chat.id]
            work.fulfilled(work.wishes)

    async def _stubbornly(self, chat: Chat, work: _Work) -> None:
        tries = 0
        while chat.wanted is not None or chat.unwanted or chat.sweep is not None:
            work.woken.clear()
            wish = work.wishes
            try:
                await self._once(chat, late=tries > 0)
                tries = 0
                if len(chat.unwanted) == 0:
                    work.fulfilled(wish)
            except Busy as busy:
                tries += 1
                if tries > TRIES:
                    log.warning("a chat could not be brought up to date in %d tries", TRIES)
                    chat.wanted = chat.sweep = None
                    return
                await self._wait(busy.retry_after or min(2.0 ** (tries - 1), LONGEST_WAIT), work)

    async def _wait(self, seconds: float, work: _Work) -> None:
        waits: list[Coroutine[Any, Any, Any]] = [_awaited(self._pause(seconds)), work.woken.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _once(self, chat: Chat, *, late: bool) -> None:
        """One round. Sweeping comes before sending: it could not tell a new card from an old."""
        swept = await asyncio.gather(self._sweep(chat), return_exceptions=True)
        done = await asyncio.gather(
            self._clear(chat), self._show(chat, late=late), return_exceptions=True
        )
        for error in [*swept, *done]:
            if isinstance(error, BaseException):
                raise error

    async def _sweep(self, chat: Chat) -> None:
        """Delete what may be left of ours near an id: a card that a process before this one drew
        and that nobody remembers, or one whose sending went unanswered."""
        if chat.sweep is not None:
            around = range(max(chat.sweep - AT_ONCE + 1, 1), chat.sweep + 1)
            await self._messenger.delete(chat.id, [n for n in around if n != chat.card])
            chat.sweep = None

    async def _clear(self, chat: Chat) -> None:
        """A card whose removal was put off, and that was tapped meanwhile, is the card again."""
        chat.unwanted.discard(chat.card or 0)
        unwanted = sorted(chat.unwanted)[:AT_ONCE]
        if unwanted and not await self._messenger.delete(chat.id, unwanted):
            for message in unwanted:  # one is too old, and Telegram refuses them together
                if not await self._messenger.delete(chat.id, [message]):
                    await self._blank(chat, message)
        chat.unwanted.difference_update(unwanted)

    async def _blank(self, chat: Chat, message: int) -> None:
        with suppress(Lost):
            await self._messenger.edit(chat.id, message, BLANK)

    async def _show(self, chat: Chat, *, late: bool) -> None:
        wanted = chat.wanted
        if wanted is None:
            return
        if chat.anew or chat.card is None:
            if wanted.asked:
                await self._send(chat, wanted.card)
        else:
            await self._edit(chat, chat.card, wanted, late=late)
        if chat.wanted is wanted:
            chat.wanted = None

    async def _edit(self, chat: Chat, message: int, wanted: Wanted, *, late: bool) -> None:
        try:
            await self._messenger.edit(chat.id, message, wanted.card)
        except Lost:
            chat.card = None
            if wanted.asked and not late:
                await self._send(chat, wanted.card)

    async def _send(self, chat: Chat, card: Card, *, silent: bool = True) -> int:
        """A new message. Where the answer to an earlier sending was lost, that message may be in
        the chat all the same, under an id that nobody told us: it is swept away."""
        doubtful, chat.doubtful = chat.doubtful, True
        sent = await self._messenger.send(chat.id, card, silent=silent)
        old, chat.card, chat.anew, chat.doubtful = chat.card, sent, False, False
        if old is not None:
            chat.unwanted.add(old)
        if doubtful:
            chat.sweep = sent - 1
        return sent


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable
