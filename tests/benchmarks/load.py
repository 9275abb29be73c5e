"""The load generator: taps at a rate, and how long each card took to change.

It only speaks to the sandbox's control API, and little: taps that are due together travel in one
request, and nothing is read while the run lasts but which cards have changed. The instants are the
sandbox's own (monotonic, the same clock for every process of a machine).
"""

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.client import Json, Sandbox
from tests.benchmarks.people import Tapper
from tests.benchmarks.processes import Running

PATIENCE = 8.0
"""Seconds to wait, after the last tap, for cards that have not changed yet."""

STEP = 0.004
"""Taps that are due within so many seconds travel together."""


@dataclass(frozen=True)
class Run:
    """`waits`: seconds from each tap to its card; `lags`: seconds the generator was late."""

    waits: list[float]
    lags: list[float]
    missing: int
    cpu: float

    @property
    def cpu_per_tap(self) -> float:
        """Seconds of the bot's CPU."""
        return self.cpu / (len(self.waits) or 1)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not below `percent` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def arrivals(rate: float, seconds: float, dice: random.Random) -> list[float]:
    """A Poisson process: people do not know of one another."""
    times, now = list[float](), dice.expovariate(rate)
    while now < seconds:
        times.append(now)
        now += dice.expovariate(rate)
    return times


async def offer(
    sandbox: Sandbox, bot: Running, crowd: Sequence[Tapper], times: Sequence[float], seed: int
) -> Run:
    """Tap at `times` (seconds from now), each time somebody drawn from `crowd` by the die."""
    dice = random.Random(seed)
    before, seq = bot.cpu(), await _now(sandbox)
    lags = await _tap(sandbox, crowd, times, dice)
    await _until_drawn(sandbox, seq, len(times))
    await asyncio.sleep(0.05)
    spent = bot.cpu() - before
    bot.check()
    seen = await sandbox.events(seq, kinds=("tapped", "edited"), brief=True)
    found = waits(seen)
    return Run(found, lags, len(times) - len(found), spent)


async def _tap(
    sandbox: Sandbox, crowd: Sequence[Tapper], times: Sequence[float], dice: random.Random
) -> list[float]:
    """One request at a time: two could overtake each other, and a person's taps with them."""
    begun, lags, waiting = time.monotonic(), list[float](), deque(times)
    while waiting:
        await asyncio.sleep(max(0.0, begun + waiting[0] - time.monotonic()))
        now, due = time.monotonic() - begun, list[Json]()
        while waiting and waiting[0] <= now + STEP / 2:
            lags.append(max(0.0, now - waiting.popleft()))
            due.append(dice.choice(crowd).tap())
        await sandbox.batch(due)
    return lags


async def _now(sandbox: Sandbox) -> int:
    return int((await sandbox.ask("events", since=2**60))["seq"])


async def _until_drawn(sandbox: Sandbox, since: int, wanted: int) -> None:
    """Wait until as many cards have changed as there were taps, or nothing comes any more."""
    drawn, last = 0, time.monotonic()
    while drawn < wanted and time.monotonic() - last < PATIENCE:
        found = await sandbox.events(since, kinds=("edited",), brief=True)
        if found:
            drawn, since, last = drawn + len(found), found[-1]["seq"], time.monotonic()
        else:
            await asyncio.sleep(0.05)


def waits(seen: Sequence[Json]) -> list[float]:
    """A tap changes its card once and a chat keeps its order: the n-th edit is of the n-th tap."""
    tapped: dict[int, deque[float]] = defaultdict(deque)
    waits = []
    for event in seen:
        if event["kind"] == "tapped":
            tapped[event["chat"]].append(event["at"])
        elif tapped[event["chat"]]:
            waits.append(event["at"] - tapped[event["chat"]].popleft())
    return waits
