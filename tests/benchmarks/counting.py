"""Figures of the counts: what counting adds to a submission, and what five years cost to release.

The past is filled in by adding up: so many requests, drawn from a year's, each counted in every
cell it counts in. The cases themselves are long erased, and nothing here depends on them.
"""

import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from bot.cases import CaseMaker
from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.tally import TallyKey
from handlers.ports import Submission
from intake.answers import Answers
from intake.case import CaseHeader
from intake.counting import (
    Cell,
    Tally,
    first_day,
    month_after,
    of_closing,
    of_first_answer,
    of_request,
)
from intake.counts import Rules
from storage import DraftRow, Storage
from storage.rows import Count
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.people import storage_at
from tests.benchmarks.plan import Plan
from tests.benchmarks.rivals import house_in, roster_of
from tests.benchmarks.script import finished
from tests.organisation import House
from tools.year import Request, a_year

MONTHS = 60
FIRST = "2022-01"
NOTHING = Count(FIRST, b"", lambda _month, _sealed: b"")


async def counting_figures(folder: Path, plan: Plan) -> list[Figure]:
    house = house_in(folder / "house")
    past = _past(house, plan.past)
    return [
        await _submissions(house, past, folder, plan.submissions),
        *await _five_years(house, past, folder, plan.releases),
    ]


def _past(house: House, requests: int) -> dict[str, Tally]:
    """Five years and the month that runs; in all so many requests, answered and closed."""
    dice, months = random.Random(1), [FIRST]
    while len(months) <= MONTHS:
        months.append(month_after(months[-1]))
    pool = [_cells(house, one) for one in a_year(house.form, datetime(2026, 1, 1, tzinfo=UTC), 0.2)]
    found = {}
    for month in months:
        cells: Counter[Cell] = Counter()
        for one in dice.choices(pool, k=round(requests / len(months))):
            cells.update(one)
        found[month] = Tally(cells)
    return found


def _cells(house: House, one: Request) -> list[Cell]:
    found = [*of_request(house.form, one.answers, one.header, one.at.date())]
    if one.answered is not None:
        found += of_first_answer(one.header, one.answered)
    if one.closed is not None:
        found += of_closing(one.outcome)
    return found


@asynccontextmanager
async def _filled(house: House, past: dict[str, Tally], path: Path) -> AsyncIterator[Storage]:
    key = TallyKey(house.return_key)
    async with storage_at(f"sqlite:///{path}") as storage:
        for month, tally in past.items():
            sealed = key.seal(month, tally.to_bytes(), os.urandom)
            await storage.counts.add(Count(month, key.name, partial(_kept, sealed)))
        yield storage


def _kept(sealed: bytes, _month: str, _before: bytes | None) -> bytes:
    return sealed


# A submission.


class _Silent(Counting):
    """Counts nothing."""

    def request(self, answers: Answers, header: CaseHeader, now: datetime) -> Count:
        return NOTHING


async def _submissions(house: House, past: dict[str, Tally], folder: Path, times: int) -> Figure:
    """CPU of making a case for eight recipients and committing it, without the receipt's code."""
    roster, last = roster_of(house), max(past)
    now = datetime.combine(first_day(last), datetime.min.time(), UTC) + timedelta(hours=1)
    counting = house.maker(lambda: roster, lambda: now)
    silent = _Silent(house.form, TallyKey(house.return_key), os.urandom)
    taken = []
    async with _filled(house, past, folder / "submissions.db") as storage:
        for _ in range(times + 2):
            ours = await _cpu(partial(_submit, storage, counting, house))
            floor = await _cpu(partial(_submit, storage, replace(counting, counting=silent), house))
            taken.append((ours, floor))
        [(_, sealed)] = await storage.counts.tallies(last)
        counted = counting.counting.opened(last, sealed).count("requests", "all")
        assert counted == past[last].count("requests", "all") + times + 2
    return _figure("submission_1m", taken[2:])  # what is read or compiled once is not counted


async def _submit(storage: Storage, maker: CaseMaker, house: House) -> None:
    secret, draft = DraftSecret.new(os.urandom), finished(house.form)
    row = DraftRow(secret.id, 1, maker.clock() + timedelta(hours=24), b"a draft")
    await storage.drafts.put(row, None)
    submission = Submission(secret.text, draft, 1, 7_000_000_001, 1, early=False)
    case = maker.make(submission, InboxSecret.of(secret))
    if case.counted is NOTHING:
        case = replace(case, counted=None)
    assert await storage.cases.submit(replace(row, revision=2), 1, case)


async def _cpu(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of CPU, the database's thread included."""
    before = time.process_time()
    await work()
    return 1e3 * (time.process_time() - before)


# Releases.


async def _five_years(
    house: House, past: dict[str, Tally], folder: Path, times: int
) -> list[Figure]:
    """Medians of releasing every month at once, and of what a coordinator is then given.

    A release's floor opens each tally and writes it down as it is; that of what is shown reads the
    rows.
    """
    releases, shown = [], []
    for turn in range(times):
        async with _filled(house, past, folder / f"releases{turn}.db") as storage:
            desk = _desk(house, storage, max(past))
            ours = await _ms(desk.release_due())
            assert len((await desk.shown()).releases) == MONTHS
            for _ in range(5):
                pair = await _ms(desk.shown()), await _ms(storage.counts.released())
                shown.append(pair)
        async with _filled(house, past, folder / f"floor{turn}.db") as storage:
            releases.append((ours, await _ms(_written_down(house, storage, past))))
    return [
        _figure("release_5y", releases),
        _figure("shown_5y", shown),
    ]


def _desk(house: House, storage: Storage, month: str) -> CountsDesk:
    now = datetime.combine(first_day(month), datetime.min.time(), UTC) + timedelta(days=20)
    roster, counting = house.roster(), Counting(house.form, TallyKey(house.return_key), os.urandom)
    return CountsDesk(storage.counts, storage.cases, counting, Rules(), lambda: roster, lambda: now)


async def _written_down(house: House, storage: Storage, past: dict[str, Tally]) -> None:
    opener = Counting(house.form, TallyKey(house.return_key), os.urandom)
    for month in sorted(past)[:MONTHS]:
        await storage.counts.release(month, partial(_as_it_is, opener, month))
    await storage.counts.forget()


def _as_it_is(opener: Counting, month: str, rows: list[tuple[bytes, bytes]]) -> bytes:
    return opener.opened(month, rows[0][1]).to_bytes()


async def _ms(work: Awaitable[object]) -> float:
    begun = time.perf_counter()
    await work
    return 1e3 * (time.perf_counter() - begun)


def _figure(name: str, pairs: list[tuple[float, float]]) -> Figure:
    ours, theirs = zip(*pairs, strict=True)
    return figure(name, median(ours), "ms", median(theirs))
