"""The doors of the HTTP sites, against somebody who opens connections and says nothing."""

import asyncio
import gc
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from weakref import WeakKeyDictionary

import pytest
from aiohttp import web

from bot import doors
from bot.doors import ROOM, open_door, raise_file_limit
from handlers.callers import STAYS
from tests.organisation import free_port

HALF = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: "
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

Wires = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def served(stack: AsyncExitStack, answer: bytes = b"here", stay: float = 60) -> int:
    """The port of a site that answers every GET."""

    async def get(_: web.Request) -> web.Response:
        return web.Response(body=answer)

    application = web.Application()
    application.router.add_get("/", get)
    port = free_port()
    await open_door(stack, application, "127.0.0.1", port, stay)
    return port


async def connected(stack: AsyncExitStack, port: int) -> Wires:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    return reader, writer


async def ended(wires: Wires, within: float) -> bool:
    """Whether the server ends the connection in time, having said nothing."""
    try:
        async with asyncio.timeout(within):
            return await wires[0].read() == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def answered(wires: Wires) -> bool:
    wires[1].write(WHOLE)
    with suppress(ConnectionError):
        async with asyncio.timeout(60):
            return (await wires[0].readline()).startswith(b"HTTP/1.1 200")
    return False


async def test_who_comes_when_the_room_is_full_is_turned_away_and_nobody_else(
    stack: AsyncExitStack,
) -> None:
    port = await served(stack)
    inside = [await connected(stack, port) for _ in range(ROOM)]
    await asyncio.sleep(0.1)  # the loop has made them all
    late = [await connected(stack, port) for _ in range(40)]
    assert all([await ended(wires, 30) for wires in late])
    assert await answered(inside[0])
    inside[1][1].close()
    async with asyncio.timeout(60):
        # The door may not have seen yet that one is gone.
        while not await answered(await connected(stack, port)):  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.05)


async def test_who_does_not_finish_the_head_of_a_request_is_turned_out(
    stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SAY", 0.3)
    port = await served(stack)
    silent, slow = await connected(stack, port), await connected(stack, port)
    slow[1].write(HALF)
    assert await ended(silent, 30)
    assert await ended(slow, 30)
    assert await answered(await connected(stack, port))


async def test_who_does_not_read_the_answer_is_turned_out(stack: AsyncExitStack) -> None:
    port = await served(stack, bytes(64_000_000), stay=0.6)
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(WHOLE)
        await asyncio.sleep(1.5)
        wire.settimeout(5)
        taken = 0
        with suppress(ConnectionError):
            while part := await asyncio.to_thread(wire.recv, 1_000_000):
                taken += len(part)
        assert taken < 64_000_000


async def test_whom_the_site_gives_longer_is_not_turned_out_with_the_others(
    stack: AsyncExitStack,
) -> None:
    application, port = web.Application(), free_port()
    application[STAYS] = WeakKeyDictionary()

    async def get(request: web.Request) -> web.Response:
        if "long" in request.query:
            assert request.transport is not None
            application[STAYS][request.transport] = asyncio.get_running_loop().time() + 60
        return web.Response()

    application.router.add_get("/", get)
    await open_door(stack, application, "127.0.0.1", port, stay=0.6)
    usual, known = await connected(stack, port), await connected(stack, port)
    known[1].write(WHOLE.replace(b"GET /", b"GET /?long"))
    assert b"200" in await known[0].readuntil(b"\r\n\r\n")
    assert await ended(usual, 5)
    assert await answered(known)
    known[1].close()
    await known[1].wait_closed()
    async with asyncio.timeout(5):
        while application[STAYS]:  # nothing is kept of a connection that is gone
            await asyncio.sleep(0.05)
            gc.collect()


def test_the_server_asks_for_as_many_files_as_it_may_have() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = 256 if soft > 256 else soft - 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
    try:
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
