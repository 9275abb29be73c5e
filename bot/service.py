"""Running the server: everything starts in order, and stops in the opposite one.

Refuses to start where intake could not be safe; once running, rides out what can pass.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from aiohttp import web
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.alerts import EVERY as ALERTS_EVERY
from bot.compose import Pause, Server, compose, utc_now
from bot.content import load_content
from bot.doors import STAY, open_door, raise_file_limit
from bot.logs import quiet_loop
from bot.outbox import EVERY
from bot.settings import Settings, address
from bot.source import introduce
from bot.updates import poll, webhook, where
from crypto.process import keep_memory
from handlers.boundary import ALLOWED_UPDATES
from handlers.queue import queue_app
from intake.clock import Clock
from intake.errors import StorageUnavailable, TropaError
from storage.migrations import pending, steps, upgrade
from storage.opening import Storage, open_storage

log = logging.getLogger("tropa")

KEPT = 16 * 1024 * 1024
"""Bytes: a page of cases that are re-keyed, and what is made of it; little on a small machine."""

TELL_AFTER = 4
"""Vain attempts at emptying the database's log until the operator is told."""

UNTAKEN = timedelta(days=7)
"""After so long the operator hears of a case that nobody takes."""

Job = Callable[[], Awaitable[object]]


class CannotStart(TropaError):
    """The server does not start; the text says what to do."""


async def serve(
    settings: Settings,
    stop: asyncio.Event | None = None,
    clock: Clock = utc_now,
    pause: Pause = asyncio.sleep,
) -> None:
    """Run until told to stop. Raises a `TropaError` where it cannot start."""
    raise_file_limit()
    content = load_content(settings)
    await _bring_up_to_date(settings.database_url)
    storage = await open_storage(settings.database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        await storage.settle()  # a server that was killed left its log, which tells too much
        server = compose(settings, content, storage, clock, pause)
        await server.line.start()  # no roster, no start
        gc.freeze()  # what was loaded stays: no search for rings goes through it again
        keep_memory(KEPT)
        await _take_over(server)
        await _run(server, stack, stop or _stopped_by_signals())


async def _bring_up_to_date(url: str) -> None:
    lacking = await pending(url)
    told = 0 < len(lacking) < len(steps())  # none of it is done: there is no database yet
    if told:
        log.info(
            "The database is brought up to date (%d steps). A large one takes minutes. Whatever "
            "ends it before its time changes nothing: the next start begins with it again.",
            len(lacking),
        )
    await upgrade(url)
    if told:
        log.info("The database is up to date.")


async def _take_over(server: Server) -> None:
    """What keys of before sealed, as far as it can be sealed anew: before anything uses it."""
    await server.uses.begin()
    await server.counts.gather()
    await server.links.renew()


async def _run(server: Server, stack: AsyncExitStack, stop: asyncio.Event) -> None:
    quiet_loop(asyncio.get_running_loop())
    await server.request.initialize()
    stack.push_async_callback(server.request.shutdown)
    stack.push_async_callback(server.painter.close)
    stack.push_async_callback(server.delivery.close)
    await _listen(stack, queue_app(server.queue), server.settings.queue_listen, "QUEUE_LISTEN")
    for every, job in _jobs(server):
        _keep_doing(stack, server.pause, every, job)
    _keep_doing(stack, server.delivery.rest, EVERY, server.delivery.begin)
    _keep_doing(stack, server.alerts.rest, ALERTS_EVERY, server.alerts.tell)
    languages = server.line.form.languages
    introducing = asyncio.create_task(introduce(server.bot, server.texts, languages))
    stack.callback(introducing.cancel)
    log.info("Tropa is running; the queue is at %s", server.settings.queue_listen)
    if server.settings.webhook_url:
        await _receive(server, stack, stop)
    else:
        await _told(server, stop, server.bot.delete_webhook)
        await poll(server.source, server.updates, stop)
    log.info("Tropa stops")


async def _told(server: Server, stop: asyncio.Event, tell: Callable[[], Awaitable[bool]]) -> None:
    """Tell Telegram how updates are to come; it may be out of reach for a while."""
    while not stop.is_set():
        try:
            await tell()
            return
        except InvalidToken:
            raise CannotStart(
                "Telegram does not know this token. Check TELEGRAM_TOKEN and TELEGRAM_API_URL."
            ) from None
        except BadRequest as error:
            raise CannotStart(f"Telegram refuses WEBHOOK_URL: {error.message}.") from None
        except TelegramError:
            log.warning("Telegram cannot be reached. Trying again.")
            await server.pause(5.0)


async def _receive(server: Server, stack: AsyncExitStack, stop: asyncio.Event) -> None:
    settings = server.settings
    secret = settings.webhook_secret.get_secret_value()
    if not secret:
        raise CannotStart("WEBHOOK_SECRET is not set. Make one with: openssl rand -hex 32")
    # Telegram, or the proxy before us, keeps its connections: no end in the midst of an update.
    site = webhook(server.updates, secret)
    await _listen(stack, site, settings.webhook_listen, "WEBHOOK_LISTEN", stay=None)
    tell = partial(
        server.bot.set_webhook,
        settings.webhook_url or "",
        secret_token=secret,
        allowed_updates=list(ALLOWED_UPDATES),
        max_connections=40,
    )
    await _told(server, stop, tell)
    await stop.wait()


def _jobs(server: Server) -> list[tuple[timedelta, Job]]:
    """What is done in the background, and how often."""
    drafts, cases, nonces = server.storage.drafts, server.storage.cases, server.storage.nonces
    return [
        (timedelta(seconds=5), server.line.refresh),
        (timedelta(seconds=15), server.conversation.hide_untouched),
        (timedelta(seconds=15), server.handing.clear),
        (timedelta(seconds=30), _Settling(server.storage)),
        (timedelta(minutes=1), server.links.drop_strangers),
        (timedelta(minutes=10), lambda: drafts.expire(server.clock())),
        (timedelta(minutes=10), lambda: nonces.expire(server.clock())),
        (timedelta(hours=1), lambda: cases.erase_due(server.clock())),
        (timedelta(hours=1), server.counts.release_due),
        (timedelta(hours=1), server.uses.note),
        (timedelta(hours=1), server.line.sweep),
        (timedelta(hours=1), server.storage.lay_anew),
        (timedelta(days=1), lambda: _tell_untaken(server)),
        (timedelta(days=1), server.line.tell_endings),
    ]


async def _tell_untaken(server: Server) -> None:
    """Cases that came long ago and nobody holds; in time they are erased."""
    now = server.clock()
    waiting = await server.storage.cases.untaken_since(now - UNTAKEN, now)
    if waiting:
        log.warning(
            "%d cases have waited for %d days and nobody holds them: tell the organisation",
            len(waiting),
            UNTAKEN.days,
        )


class _Settling:
    """Empties the database's log; says once when another program keeps it from that."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._failed = 0

    async def __call__(self) -> None:
        self._failed = 0 if await self._storage.settle() else self._failed + 1
        if self._failed == TELL_AFTER:
            log.warning(
                "Another program is reading the database: what was erased stays on the disk until "
                "that program closes it."
            )


def _keep_doing(stack: AsyncExitStack, rest: Pause, every: timedelta, job: Job) -> None:
    async def again_and_again() -> None:
        while True:
            try:
                await job()
            except StorageUnavailable as error:
                log.warning("%s", error)
            except Exception as error:  # a job that fails once is tried again next time
                log.error("a background job failed: %s", where(error))
            await rest(every.total_seconds())

    task = asyncio.create_task(again_and_again())
    stack.callback(task.cancel)


async def _listen(
    stack: AsyncExitStack,
    application: web.Application,
    listen: str,
    setting: str,
    stay: float | None = STAY,
) -> None:
    host, port = address(listen, setting)
    try:
        await open_door(stack, application, host, port, stay)
    except OSError:
        raise CannotStart(
            f"{setting}: {listen} cannot be listened on. Is another Tropa running, or another "
            "program on this port?"
        ) from None


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
