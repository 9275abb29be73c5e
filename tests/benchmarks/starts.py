"""Figures of the process: how soon it answers, and what it holds in memory."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

from sandbox.client import Sandbox
from tests.benchmarks import people
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import MIB, Running, bare_bot, our_bot
from tests.benchmarks.rivals import LEAN, OURS, START, house_in, our_rival, sandbox_in
from tests.organisation import House

Start = Callable[[Sandbox], AbstractContextManager[Running]]

LEAST_RECORD = 64
"""Bytes that one must know of an open chat: its id, its card's id, a secret, a time, a number."""

WARM = 200
AT_ONCE = 40


async def cold(folder: Path, plan: Plan) -> list[Figure]:
    """Each bot in turn: start it on an empty database with one /start waiting, and let it rest."""
    seconds: dict[str, list[float]] = {OURS: [], LEAN: []}
    memory: dict[str, list[float]] = {OURS: [], LEAN: []}
    for turn in range(plan.starts):
        for name in (OURS, LEAN):
            here = folder / f"{name}{turn}"
            async with sandbox_in(here) as sandbox:
                took, holds = await _started(sandbox, _starter(name, here), plan.settle)
            seconds[name].append(took)
            memory[name].append(holds)
    return [
        figure("cold_start", 1e3 * median(seconds[OURS]), "ms", 1e3 * median(seconds[LEAN])),
        figure("rss_idle", median(memory[OURS]), "MiB", median(memory[LEAN])),
    ]


def _starter(name: str, folder: Path) -> Start:
    if name == LEAN:
        return lambda sandbox: bare_bot(LEAN, folder, sandbox.url)
    house: House = house_in(folder)
    return lambda sandbox: our_bot(house, sandbox.url)


async def _started(sandbox: Sandbox, start: Start, settle: float) -> tuple[float, float]:
    """Seconds from the start of the process to its first message; MiB held a while later."""
    person = await sandbox.person()
    await person.send("/start", wait=None)
    with start(sandbox) as bot:
        sent = await sandbox.events(kinds=("sent",), timeout=START)
        bot.check()
        if not sent:
            raise AssertionError("the bot did not answer")
        await asyncio.sleep(settle)
        return sent[0]["at"] - bot.started, bot.rss()


async def ten_thousand(folder: Path, plan: Plan) -> Figure:
    """What a warm bot's memory grows by while `plan.open_drafts` people come and tap.

    In the brief plan fewer come, and what they add is scaled up.
    """
    async with our_rival(house_in(folder), plan.open_drafts + WARM) as rival:
        warm, rest = rival.crowd[:WARM], rival.crowd[WARM:]
        for _ in range(3):
            await _each_taps(rival.sandbox, warm)
        await asyncio.sleep(1.0)
        before = rival.bot.rss()
        await _each_taps(rival.sandbox, rest)
        await asyncio.sleep(1.0)
        rival.bot.check()
        added = (rival.bot.rss() - before) * 10_000 / plan.open_drafts
    return figure("rss_10k_drafts", max(added, 0.0), "MiB", 10_000 * LEAST_RECORD / MIB)


async def _each_taps(sandbox: Sandbox, crowd: Sequence[people.Tapper]) -> None:
    """Everybody once, as fast as the bot keeps up with."""
    for start in range(0, len(crowd), AT_ONCE):
        some = crowd[start : start + AT_ONCE]
        seq = int((await sandbox.ask("events", since=2**60))["seq"])
        await sandbox.batch([person.tap() for person in some])
        await _drawn(sandbox, seq, len(some))


async def _drawn(sandbox: Sandbox, seq: int, wanted: int) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if len(await sandbox.events(seq, kinds=("edited",), brief=True)) >= wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("some cards have not changed")
