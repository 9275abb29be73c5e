"""Figures of single taps: CPU, waiting at thirty a second, and the highest rate that holds."""

import random
import sys
from collections.abc import Sequence
from statistics import median

from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.load import Run, arrivals, offer, percentile
from tests.benchmarks.plan import Plan
from tests.benchmarks.rivals import LEAN, OURS, STOCK, Rival

RATE = 30.0
"""Telegram lets a bot send about so many messages a second."""

HOLDS = 0.250
"""Seconds: a rate holds while 99 of 100 taps change their card sooner."""


async def load(rivals: Sequence[Rival], plan: Plan, rate: float, seconds: float, seed: int) -> None:
    """One round: each rival in turn under the same taps at the same instants."""
    for rival in rivals:
        times = arrivals(rate, seconds, random.Random(seed))
        rival.runs.append(await offer(rival.sandbox, rival.bot, rival.crowd, times, seed))


async def at_thirty(rivals: Sequence[Rival], plan: Plan) -> list[Figure]:
    """CPU by the median of the rounds; waiting over all taps of all rounds."""
    await load(rivals, plan, RATE, 2.0, 0)
    for rival in rivals:  # the first taps fill caches and open connections
        rival.runs.clear()
    for turn in range(1, plan.rounds + 1):
        await load(rivals, plan, RATE, plan.round_seconds, turn)
    runs = {rival.name: rival.runs for rival in rivals}
    for name, done in runs.items():
        lost = sum(run.missing for run in done)
        if lost:
            print(f"{name}: {lost} taps changed no card", file=sys.stderr)
    cpu = {name: 1e3 * median(run.cpu_per_tap for run in done) for name, done in runs.items()}
    ours, lean = _all_waits(runs[OURS]), _all_waits(runs[LEAN])
    return [
        figure("tap_cpu", cpu[OURS], "ms", cpu[STOCK]),
        figure("tap_cpu_lean", cpu[OURS], "ms", cpu[LEAN]),
        figure("tap_p50_at_30", percentile(ours, 50), "ms", percentile(lean, 50)),
        figure("tap_p99_at_30", percentile(ours, 99), "ms", percentile(lean, 99)),
    ]


def _all_waits(runs: Sequence[Run]) -> list[float]:
    return [1e3 * wait for run in runs for wait in run.waits]


class Search:
    """The highest rate that holds: up or down by a third, then halving what is left, in steps.

    A rate that does not hold is tried again before that is believed: something else may have
    had the machine for a moment.
    """

    def __init__(self, first: float) -> None:
        self.rate = first
        self._held = 0.0
        self._broke = float("inf")
        self._doubted = 0.0

    def learn(self, holds: bool) -> None:
        if not holds and self._doubted != self.rate:
            self._doubted = self.rate
            return
        if holds:
            self._held = max(self._held, self.rate)
        else:
            self._broke = min(self._broke, self.rate)
        self.rate = self._next()

    def _next(self) -> float:
        if self._broke == float("inf"):
            return self._held * 1.33
        if self._held == 0.0:
            return self._broke / 1.33
        return float((self._held * self._broke) ** 0.5)

    @property
    def found(self) -> float:
        """The highest rate seen to hold; below the lowest tried, where none did."""
        return self._held or self._broke / 1.33


async def highest_rates(rivals: Sequence[Rival], plan: Plan) -> list[Figure]:
    """A search for each rival, a step of each in turn. The first guess follows from its CPU."""
    searches = {rival.name: Search(_guess(rival)) for rival in rivals}
    for step in range(plan.rate_steps):
        for rival in rivals:
            search = searches[rival.name]
            times = arrivals(search.rate, plan.step_seconds, random.Random(step))
            run = await offer(rival.sandbox, rival.bot, rival.crowd, times, step)
            search.learn(_holds(run))
    found = {name: search.found for name, search in searches.items()}
    return [
        figure("max_rate", found[OURS], "taps/s", found[STOCK]),
        figure("max_rate_lean", found[OURS], "taps/s", found[LEAN]),
    ]


def _guess(rival: Rival) -> float:
    return 0.6 / median(run.cpu_per_tap for run in rival.runs)


def _holds(run: Run) -> bool:
    """What the generator was late is counted too: a machine that is full sustains nothing."""
    if run.missing or not run.waits:
        return False
    return percentile(run.waits, 99) + percentile(run.lags, 99) < HOLDS
