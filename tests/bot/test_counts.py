"""Counting and releasing on a real database: months, keys, and what the disk is left with."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.tally import TallyKey
from intake.answers import Answers
from intake.case import CaseHeader, Level
from intake.counts import Rules, Shown
from intake.records import Outcome
from intake.roster import Roster
from storage import Storage, open_storage
from storage.migrations import upgrade
from tests.intake.test_counting import header
from tests.organisation import House

ANSWERS: Answers = {"consent": "yes", "status": "contract", "situation": "left"}


@dataclass
class Line:
    """The counting half of a server, with a clock of its own."""

    storage: Storage
    house: House
    roster: Roster
    now: datetime = datetime(2026, 10, 3, 12, tzinfo=UTC)
    key: bytes | None = None
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        self.started()

    def started(self) -> None:
        """As after a start of the server."""
        key = TallyKey(self.key or self.house.return_key)
        self.counting = Counting(self.house.form, key, os.urandom)
        self.desk = CountsDesk(
            self.storage.counts,
            self.storage.cases,
            self.counting,
            self.rules,
            lambda: self.roster,
            lambda: self.now,
        )

    async def asked(self, times: int = 1, level: Level = Level.P1) -> None:
        """So many requests, now."""
        for _ in range(times):
            await self.storage.counts.add(
                self.counting.request(ANSWERS, self.header(level), self.now)
            )

    def header(self, level: Level = Level.P1) -> CaseHeader:
        return header(level)

    async def exact(self, month: str) -> int:
        """The requests of a month that is not released, as they were counted."""
        rows = await self.storage.counts.tallies(month)
        return sum(self.counting.opened(month, row).count("requests", "all") for _, row in rows)

    async def at(self, moment: str) -> Shown:
        """What is shown at this instant, the hourly job done."""
        self.now = datetime.fromisoformat(f"{moment}T12:00:00+00:00")
        await self.desk.release_due()
        return await self.desk.shown()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    await upgrade(f"sqlite:///{tmp_path / 'tropa.db'}")
    storage = await open_storage(f"sqlite:///{tmp_path / 'tropa.db'}")
    house = House(tmp_path)
    yield Line(storage, house, house.roster(timedelta(days=9000)))
    await storage.close()


def shown_months(shown: Shown) -> list[str]:
    return [release.month for release in shown.releases]


async def test_a_month_is_released_when_it_ended_and_shown_a_fortnight_later(line: Line) -> None:
    await line.asked(120)
    assert await line.storage.counts.released() == []
    assert shown_months(await line.at("2026-10-31")) == []
    assert await line.exact("2026-10") == 120
    assert shown_months(await line.at("2026-11-01")) == []
    assert await line.storage.counts.tallies("2026-10") == []
    assert shown_months(await line.at("2026-11-14")) == []
    shown = await line.at("2026-11-15")
    assert shown_months(shown) == ["2026-10"]
    requests = shown.releases[0].totals["requests"]
    assert requests is not None
    assert 80 <= requests <= 160


async def test_which_month_is_shown_next_is_told(line: Line) -> None:
    nexts = []
    for day in ("2026-10-03", "2026-11-01", "2026-11-15"):
        shown = await line.at(day)
        nexts.append((shown.next_month, f"{shown.next_from}"))
    assert nexts == [("2026-10", "2026-11-15")] * 2 + [("2026-11", "2026-12-15")]


async def test_no_month_overtakes_one_that_was_to_wait_longer(line: Line) -> None:
    line.rules = Rules(shown_after=60)
    line.started()
    await line.asked(120)
    assert shown_months(await line.at("2026-11-20")) == []
    line.rules = Rules()
    line.started()
    shown = await line.at("2026-12-20")
    assert shown_months(shown) == []
    assert (shown.next_month, f"{shown.next_from}") == ("2026-10", "2026-12-31")
    assert shown_months(await line.at("2026-12-31")) == ["2026-10", "2026-11"]


async def test_a_release_is_the_same_ever_after(line: Line) -> None:
    await line.asked(120)
    first = (await line.at("2026-11-15")).releases
    await line.asked(50)
    line.now = datetime(2026, 10, 20, tzinfo=UTC)  # somebody put the clock back
    await line.asked(5)
    line.started()
    assert (await line.at("2026-11-20")).releases == first
    assert await line.exact("2026-11") == 55


async def test_a_month_without_anything_is_released_like_any_other(line: Line) -> None:
    assert shown_months(await line.at("2026-10-03")) == []
    await line.at("2027-01-10")
    await line.asked(60)
    shown = await line.at("2027-02-20")
    assert shown_months(shown) == ["2026-10", "2026-11", "2026-12", "2027-01"]
    assert {release.totals["requests"] for release in shown.releases[:3]} == {None}


async def test_a_month_of_another_return_key_waits_for_it_and_not_for_ever(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await line.asked(60)
    line.key = os.urandom(32)
    line.started()
    await line.asked(60)
    with caplog.at_level(logging.WARNING):
        await line.at("2026-11-14")
    assert "Put that key back below the first one before 2026-11-15" in caplog.text
    assert await line.storage.counts.released() == []
    caplog.clear()
    shown = await line.at("2026-11-15")
    assert "cannot be opened: all of that month is hidden" in caplog.text
    (release,) = shown.releases
    assert set(release.totals.values()) == {None}  # half of it would be told as the whole
    assert {cell.count for table in release.tables for cell in table.cells} == {None}
    assert await line.storage.counts.tallies("2026-10") == []


async def test_a_server_begun_with_a_wrong_key_spoils_no_month(line: Line) -> None:
    line.key = os.urandom(32)
    line.started()
    await line.at("2026-10-03")
    line.key = None
    line.started()
    await line.asked(120)
    (release,) = (await line.at("2026-11-15")).releases
    assert release.totals["requests"] is not None


async def test_what_is_damaged_begins_anew_and_keeps_nobody_from_asking(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await line.asked(3)
    ((_, sealed),) = await line.storage.counts.tallies("2026-10")
    count = line.counting.request(ANSWERS, line.header(), line.now)
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    await line.storage.counts.add(replace(count, change=lambda *_: broken))
    with caplog.at_level(logging.ERROR):
        await line.asked(2)
    assert "2026-10" in caplog.text
    assert await line.exact("2026-10") == 2


async def test_first_answers_and_closings_count_beside_requests(line: Line) -> None:
    asked, later = line.header(), line.now + timedelta(hours=3)
    await line.storage.counts.add(line.counting.first_answer(later)(asked))
    await line.storage.counts.add(line.counting.closing(Outcome.SAFE, later))
    ((_, sealed),) = await line.storage.counts.tallies("2026-10")
    tally = line.counting.opened("2026-10", sealed)
    assert tally.count("outcome", "safe") == tally.count("answers", "all") == 1


async def test_figures_of_today_are_made_once_a_day(line: Line) -> None:
    first, again = await asyncio.gather(line.desk.shown(), line.desk.shown())
    assert first.today == again.today
    assert first.today is not None
    line.now += timedelta(hours=11)
    assert (await line.desk.shown()).today == first.today
    line.now += timedelta(hours=2)
    tomorrow = (await line.desk.shown()).today
    assert tomorrow is not None
    assert tomorrow.at == datetime(2026, 10, 4, tzinfo=UTC)
    line.now -= timedelta(hours=2)  # somebody put the clock back
    assert (await line.desk.shown()).today == tomorrow


async def test_load_is_what_the_roster_gives(line: Line) -> None:
    shown = await line.desk.shown()
    assert shown.today is not None
    members = [one for one in line.roster.members if one.opens_cases]
    for load in shown.today.load:
        able = [one for one in members if load.skill in one.skills]
        assert (load.members, load.capacity) == (len(able), sum(one.capacity for one in able))


async def test_every_cell_has_a_name_in_every_language(line: Line) -> None:
    await line.asked(60)
    (release,) = (await line.at("2026-11-20")).releases
    for table in release.tables:
        for label in (table.label, *(cell.label for cell in table.cells)):
            assert set(label) == {"en", "ru"}
            assert all(label.values())
