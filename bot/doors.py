"""The doors of the HTTP sites: no stranger may hold so many connections that the line closes.

Each connection costs a file descriptor, which the roster, the database and Telegram need as well.
So a door has room for a number of connections, and each has little time to say what it wants and
some time to be done. What is asked through a door is not known here.
"""

import asyncio
import resource
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Final, cast
from weakref import WeakKeyDictionary

from aiohttp import web

from handlers.callers import STAYS

ROOM: Final = 128
"""Connections that one door holds at once; the next is closed as soon as it is accepted."""

SAY: Final = 10.0
"""Seconds until the head of a request must be there, from the connection or the last answer."""

STAY: Final = 120.0
"""Seconds until a connection ends, whatever it is doing: who does not read holds nothing up. Those
whom the site itself knows may be given longer (`handlers.callers.STAYS`)."""

BACKLOG: Final = 64


def raise_file_limit() -> None:
    """As many open files as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # where it may not be raised, the old limit serves
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def open_door(
    stack: AsyncExitStack,
    application: web.Application,
    host: str,
    port: int,
    stay: float | None = STAY,
) -> None:
    """Serve `application` until `stack` unwinds. Raises OSError where it cannot be listened.

    `stay` None lets a connection live as long as requests come over it.
    """
    runner = web.AppRunner(application, access_log=None, keepalive_timeout=SAY)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None  # made by `setup`
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(_Door(runner.server), host, port, backlog=BACKLOG)
    stack.callback(listening.close)
    if stay is not None:
        longer = application.get(STAYS, WeakKeyDictionary())
        usher = asyncio.create_task(_see_out(runner.server, stay, longer))
        stack.callback(usher.cancel)


class _Door:
    """What the event loop asks for a protocol at each accepted connection."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    def __call__(self) -> asyncio.BaseProtocol:
        return self._server() if len(self._server.connections) < ROOM else _NoRoom()


class _NoRoom(asyncio.Protocol):
    """Ends the connection it is given, without a word: a word could be left unread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _end(transport)


async def _see_out(
    server: web.Server, stay: float, longer: Mapping[asyncio.BaseTransport, float]
) -> None:
    """End each connection that has been there for `stay` seconds, or a third of that later; one
    that may stay `longer`, at the time that is named there."""
    since: dict[web.RequestHandler, float] = {}
    while True:
        await asyncio.sleep(stay / 6)
        now = asyncio.get_running_loop().time()
        since = {guest: since.get(guest, now) for guest in server.connections}
        _end_those(
            now, longer, [one.transport for one, came in since.items() if now - came >= stay]
        )


def _end_those(
    now: float,
    longer: Mapping[asyncio.BaseTransport, float],
    transports: Iterable[asyncio.BaseTransport | None],
) -> None:
    for transport in transports:
        if transport is not None and now >= longer.get(transport, 0.0):
            _end(transport)


def _end(transport: asyncio.BaseTransport) -> None:
    # `close` would wait until the other side has read what is still to be sent to it.
    cast(asyncio.Transport, transport).abort()
