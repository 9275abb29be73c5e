"""Our bot and the two bare ones side by side: each with a sandbox and people of its own.

All three run the whole time and are loaded in turns, so that whatever else the machine does at a
moment falls on all alike. A bot that waits costs next to nothing: a long poll without an answer.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from crypto.identity import Identity
from intake.roster import Roster
from sandbox.client import Sandbox
from sandbox.world import DEFAULT_TOKEN
from tests.benchmarks import people
from tests.benchmarks.load import Run
from tests.benchmarks.processes import Running, bare_bot, our_bot, sandbox_process
from tests.organisation import House, free_port, member

OURS, STOCK, LEAN = "ours", "stock", "lean"
RECIPIENTS = 8
START = 30.0


@dataclass
class Rival:
    """A bot that runs, its sandbox, and the people who tap."""

    name: str
    sandbox: Sandbox
    bot: Running
    crowd: list[people.Tapper]
    runs: list[Run] = field(default_factory=list)


def house_in(folder: Path) -> House:
    """An organisation in which eight members can open every case."""
    folder.mkdir(parents=True, exist_ok=True)
    house = House(folder)
    house.sign(roster_of(house))
    return house


def roster_of(house: House) -> Roster:
    names = [f"volunteer {number}" for number in range(3, RECIPIENTS + 1)]
    more = [member(name, Identity.new(os.urandom)) for name in names]
    return house.roster(timedelta(days=90), *more)


@asynccontextmanager
async def sandbox_in(folder: Path) -> AsyncIterator[Sandbox]:
    """A sandbox in a process of its own, without limits, and a connection to it."""
    port = free_port()
    with sandbox_process(folder, port) as running:
        async with Sandbox(f"http://127.0.0.1:{port}", DEFAULT_TOKEN) as sandbox:
            await _until(sandbox, running)
            yield sandbox


async def _until(sandbox: Sandbox, running: Running) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        running.check()
        try:
            await sandbox.state()
        except OSError:
            await asyncio.sleep(0.05)
        else:
            return
    raise TimeoutError("the sandbox does not answer")


async def until_polled(sandbox: Sandbox, bot: Running, before: int) -> None:
    """Wait until the bot asks for updates, which was done `before` times already."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        bot.check()
        if await polls(sandbox) > before:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the bot does not ask for updates")


async def polls(sandbox: Sandbox) -> int:
    """How often updates were asked for so far; the people's arrival asks too."""
    return int((await sandbox.state())["calls"].get("getUpdates", 0))


@asynccontextmanager
async def bare_rival(kind: str, folder: Path, crowd: int) -> AsyncIterator[Rival]:
    async with sandbox_in(folder) as sandbox:
        tappers = people.bare(await people.with_cards(sandbox, crowd))
        before = await polls(sandbox)
        with bare_bot(kind, folder, sandbox.url) as bot:
            await until_polled(sandbox, bot, before)
            yield Rival(kind, sandbox, bot, tappers)


@asynccontextmanager
async def our_rival(house: House, crowd: int) -> AsyncIterator[Rival]:
    """Our bot with `crowd` people in the middle of their interviews."""
    async with sandbox_in(house.folder) as sandbox:
        url = house.settings(sandbox.url, DEFAULT_TOKEN).database_url
        async with people.storage_at(url) as storage:
            secrets = await people.seed(storage, house.form, crowd)
        tappers = people.ours(await people.with_cards(sandbox, crowd), secrets)
        before = await polls(sandbox)
        with our_bot(house, sandbox.url) as bot:
            await until_polled(sandbox, bot, before)
            yield Rival(OURS, sandbox, bot, tappers)


@asynccontextmanager
async def all_rivals(folder: Path, crowd: int) -> AsyncIterator[list[Rival]]:
    async with AsyncExitStack() as stack:
        house = house_in(folder / OURS)
        yield [
            await stack.enter_async_context(our_rival(house, crowd)),
            await stack.enter_async_context(bare_rival(STOCK, folder / STOCK, crowd)),
            await stack.enter_async_context(bare_rival(LEAN, folder / LEAN, crowd)),
        ]
