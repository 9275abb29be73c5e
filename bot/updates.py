"""The way in for updates: at least once, in order for each chat, confirmed only when handled.

Telegram forgets an update when a later offset is asked for, or when a webhook call is answered
with 200. Both happen here only after everything that the update changes is committed, so that a
crash brings the update back instead of losing it. That a redelivery changes nothing is the
business of drafts and their revisions, not of this module.

An update that cannot be handled is tried a few times, then set aside: it must not hold up the
others. Of such an update only its kind and the place of the error are logged, never its content.
"""

import asyncio
import hmac
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from aiohttp import web

from intake.errors import StorageUnavailable

log = logging.getLogger("tropa.updates")

Update = Mapping[str, Any]

TRIES: Final = 3
PATIENCE: Final = 1.0
"""Seconds that one slow update may hold up the next request for updates."""
BREATH: Final = 0.6
"""Seconds between two requests with the same offset: asked sooner, Telegram answers with one
update alone."""
CROWDED: Final = 50
"""Telegram gives a hundred updates from the offset on. When so many lie there, those that are
handled are confirmed although something is left to do in their chats: they must not crowd out
the others."""
WEBHOOK_SECONDS: Final = 50.0


class Handler(Protocol):
    """What is done with an update."""

    async def handle(self, update: Update) -> None:
        """May raise `StorageUnavailable`: then the same update is brought again, later."""

    async def finish(self, update: Update) -> None:
        """Wait until Telegram has taken what a crash must not leave undone.

        The update is not confirmed before that; others of the same chat go on meanwhile.
        """

    async def give_up(self, update: Update) -> None:
        """Answer what must be answered of an update that could not be handled."""


class Way(NamedTuple):
    """An update under way: `handled` when what it changes is committed, `task` when nothing is
    left to do for it."""

    task: "asyncio.Task[None]"
    handled: "asyncio.Future[None]"


class Updates:
    """Updates on their way through the handler, by id; each is taken up once at a time."""

    def __init__(self, handler: Handler, pause: Callable[[float], Awaitable[None]]) -> None:
        self._handler = handler
        self._pause = pause
        self._under_way: dict[int, Way] = {}
        self._last_text: dict[int, asyncio.Future[None]] = {}

    def accept(self, update: Update) -> Way | None:
        """The update's way, begun now or before; None for one without a number.

        Tasks begin in the order of this call, and the chat's own lock keeps that order.
        """
        number = update.get("update_id")
        if isinstance(number, bool) or not isinstance(number, int):
            return None
        way = self._under_way.get(number)
        if way is None:
            way = self._under_way[number] = self._begin(update)
        return way

    def take_up(self, batch: Sequence[Update]) -> "list[asyncio.Task[None]]":
        """The tasks of those that were not under way already."""
        fresh = [update for update in batch if update.get("update_id") not in self._under_way]
        return [way.task for update in fresh if (way := self.accept(update)) is not None]

    def settle(self, number: int) -> None:
        """Forget an update that Telegram will not bring again."""
        self._under_way.pop(number, None)

    def settle_below(self, offset: int) -> None:
        for number in [n for n in self._under_way if n < offset]:
            self.settle(number)

    def lowest_open(self, beyond: int, *, crowded: bool) -> int:
        """The offset up to which nothing is left to do, or, where it is crowded, up to which
        everything is handled at least; `beyond` when nothing is open."""
        ends = ((n, way.handled if crowded else way.task) for n, way in self._under_way.items())
        return min((number for number, end in ends if not end.done()), default=beyond)

    def _begin(self, update: Update) -> Way:
        """Typed texts of one chat wait for each other: one that is tried again for want of a
        database must not be overtaken. Taps and commands wait for nobody: *Hide* cannot."""
        handled = asyncio.get_running_loop().create_future()
        chat = _typed_in(update)
        before = None
        if chat is not None:
            before, self._last_text[chat] = self._last_text.get(chat), handled
            handled.add_done_callback(lambda done: self._forget_text(chat, done))
        task = asyncio.create_task(self._see_through(update, before, handled))
        task.add_done_callback(lambda _: _resolve(handled))
        return Way(task, handled)

    def _forget_text(self, chat: int, done: "asyncio.Future[None]") -> None:
        if self._last_text.get(chat) is done:
            del self._last_text[chat]

    async def _see_through(
        self,
        update: Update,
        before: "asyncio.Future[None] | None",
        handled: "asyncio.Future[None]",
    ) -> None:
        if before is not None:
            await asyncio.wait((before,))
        failures = outages = 0
        while failures < TRIES:
            try:
                await self._handler.handle(update)
                break
            except StorageUnavailable as error:
                log.warning("%s", error)
                outages += 1
                await self._pause(min(2.0**outages, 30.0))
            except Exception as error:  # whatever it is, it must not stop the line
                failures += 1
                log.warning("update of kind %s failed: %s", kind(update), where(error))
        else:
            await self._set_aside(update)
            return
        handled.set_result(None)
        await self._handler.finish(update)

    async def _set_aside(self, update: Update) -> None:
        log.error("update of kind %s set aside after %d tries", kind(update), TRIES)
        try:
            await self._handler.give_up(update)
        except Exception as error:
            log.warning("an answer to it failed too: %s", where(error))


def _resolve(handled: "asyncio.Future[None]") -> None:
    """For a task that ended otherwise than by handling: nobody waits for it any longer."""
    if not handled.done():
        handled.set_result(None)


def _typed_in(update: Update) -> int | None:
    """The chat in which this is a typed text; None for whatever else it is."""
    message = update.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(chat, dict) or not isinstance(text, str) or text.startswith("/"):
        return None
    number = chat.get("id")
    return number if isinstance(number, int) else None


def kind(update: Update) -> str:
    """The update's kind as Telegram names it: a fixed list, so that content cannot slip out."""
    known = ("message", "edited_message", "callback_query", "my_chat_member")
    return next((name for name in known if name in update), "other")


def where(error: BaseException) -> str:
    """The error's type and place. Its text may quote a person, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} in {place}"


class Source(Protocol):
    """Where polling gets its updates from."""

    async def fetch(self, offset: int | None, seconds: int) -> Sequence[Update]:
        """Updates from `offset` on; waits up to `seconds` for one. Rides out every fault."""

    async def confirm(self, offset: int) -> None:
        """Tell that everything below `offset` is handled; a failure only means a redelivery."""


async def poll(source: Source, updates: Updates, stop: asyncio.Event) -> None:
    """Ask for updates until `stop` is set; then confirm what is handled."""
    offset: int | None = None
    while not stop.is_set():
        batch = await _until_stopped(source.fetch(offset, 30), stop)
        fresh = updates.take_up(batch)
        numbered = [u["update_id"] for u in batch if updates.accept(u) is not None]
        if not numbered:
            continue
        if fresh:
            await asyncio.wait(fresh, timeout=PATIENCE)
        else:
            await asyncio.sleep(BREATH)  # what is left unconfirmed makes Telegram answer at once
        beyond = max(numbered) + 1
        offset = updates.lowest_open(beyond, crowded=len(numbered) >= CROWDED)
        updates.settle_below(offset)
    if offset is not None:
        await source.confirm(offset)


async def _until_stopped(fetch: Awaitable[Sequence[Update]], stop: asyncio.Event) -> list[Update]:
    """The fetched updates; nothing as soon as `stop` is set, for a long poll lasts long."""
    fetching = asyncio.ensure_future(fetch)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((fetching, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if fetching.done():
        return list(fetching.result())
    fetching.cancel()
    return []


def webhook(updates: Updates, secret: str) -> web.Application:
    """The web application that takes updates by webhook; 200 only once they are handled."""

    async def take(request: web.Request) -> web.Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
            return web.Response(status=403)
        try:
            update = await request.json()
        except (ValueError, LookupError, RecursionError):
            return web.Response(status=400)
        way = updates.accept(update) if isinstance(update, dict) else None
        if way is None:
            return web.Response(status=400)
        done, _ = await asyncio.wait((way.task,), timeout=WEBHOOK_SECONDS)
        if not done:
            return web.Response(status=503)
        updates.settle(update["update_id"])
        return web.Response(status=200)

    application = web.Application(client_max_size=1 << 20)
    application.router.add_post("/", take)
    return application
