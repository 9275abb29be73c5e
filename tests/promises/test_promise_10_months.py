"""Promise 10: counts point at nobody. A month is released once, and no two looks differ.

Whatever could be subtracted from something else in time: months that are empty, months at the edge
of what is shown, what comes late, clocks that are put back, servers that were down, settings that
change, and a page that is loaded every minute.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Final

import pytest
import pytest_asyncio

from bot.counting import Counting
from bot.counts import _standing
from crypto.tally import TallyKey
from handlers.buttons import Verb
from intake import counts
from intake.case import CaseHeader
from intake.counting import ALL, Tally
from intake.counts import Release, Rules, Shown, Today
from intake.records import Outcome
from tests.intake.made import one, small_form
from tests.journeys.stage import Stage, running_stage
from tests.promises.ledger import Ledger, ledger
from tests.promises.neighbour import Doubt, Record, best
from tests.promises.people import (
    Figures,
    header_of,
    loosened,
    people,
    person,
    published,
    released,
    tally_of,
)

LONER: Final = person({"status": "officer", "situation": "front", "need": ("legal",)})


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with ledger(tmp_path) as kept:
        yield kept


def _bytes(shown: Shown) -> list[str]:
    return [release.model_dump_json() for release in shown.releases]


def _of(shown: Shown, month: str) -> Release:
    return next(release for release in shown.releases if release.month == month)


def _like(release: Release, month: str) -> str:
    return release.model_copy(update={"month": month}).model_dump_json()


async def test_what_the_attacks_are_tried_on_is_what_the_line_releases(
    line: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of sealed tallies and the database, and back out of the stored release."""
    monkeypatch.setattr(counts, "_blur", lambda n, *_: n)
    crowd = people(Random(11), 130)
    await line.asked(crowd)
    really = _of(await line.look("2026-11-20T12:00"), "2026-10")
    made = released(tally_of(crowd), Random(0))
    of_requests = [table for table in made.tables if table.of == "requests"]
    assert [table for table in really.tables if table.of == "requests"] == of_requests
    assert (really.shares, really.totals["requests"]) == (made.shares, made.totals["requests"])
    assert len(of_requests) >= 7


# Empty months.


async def test_a_month_of_nobody_looks_like_a_month_of_one_and_so_does_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without noise, so that they would differ if only noise made them alike."""
    monkeypatch.setattr(counts, "_blur", lambda n, *_: n)
    seen = []
    for first, second in ((0, 0), (1, 0), (0, 1), (1, 1)):
        folder = tmp_path / f"{first}{second}"
        folder.mkdir()
        async with ledger(folder) as line:
            await line.desk.release_due()  # the server starts, and somebody comes or not
            await line.asked([LONER] * first)
            line.set("2026-11-20T12:00")
            await line.desk.release_due()
            await line.asked([LONER] * second)
            seen.append(_bytes(await line.look("2026-12-20T12:00")))
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert len(seen[0]) == 2
    [release] = {_like(Release.model_validate_json(body), "2026-10") for body in seen[0]}
    assert set(published(Release.model_validate_json(release)).values()) == {None}


async def test_months_in_which_the_server_was_down_are_released_as_empty_ones(
    line: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_blur", lambda n, *_: n)
    await line.asked(people(Random(1), 60))
    shown = await line.look("2027-01-20T12:00")
    assert [release.month for release in shown.releases] == ["2026-10", "2026-11", "2026-12"]
    empty, other = _of(shown, "2026-11"), _of(shown, "2026-12")
    assert _like(other, "2026-11") == empty.model_dump_json()
    assert set(published(empty).values()) == {None}


# The edges of a month.


async def test_nothing_is_shown_before_its_day_and_nothing_of_the_month_that_runs(
    line: Ledger,
) -> None:
    line.set("2026-10-31T23:59:59")
    await line.asked(people(Random(2), 80))
    for moment in ("2026-10-31T23:59:59", "2026-11-01T00:00", "2026-11-14T23:59:59"):
        assert (await line.look(moment)).releases == ()
    assert [one.month for one in (await line.look("2026-11-15T00:00")).releases] == ["2026-10"]
    line.set("2026-11-16T00:00")
    await line.asked(people(Random(3), 80))
    assert [one.month for one in (await line.look("2026-11-30T23:59")).releases] == ["2026-10"]


async def test_what_comes_late_or_by_a_clock_put_back_changes_no_month_that_was_released(
    line: Ledger,
) -> None:
    await line.asked(people(Random(4), 90))
    before = _bytes(await line.look("2026-11-15T12:00"))
    line.set("2026-10-31T23:00")  # put back over the end of the month
    await line.asked([LONER])
    await line.answered(LONER, Outcome.SAFE)
    assert _bytes(await line.look("2026-11-15T12:01")) == before
    assert await line.events("2026-11") == 3  # nothing of it is lost either
    assert await line.storage.counts.tallies("2026-10") == []
    line.set("2026-10-31T23:00")
    assert (await line.look("2026-10-31T23:00")).releases == ()  # what is shown is a matter of days
    assert _bytes(await line.look("2026-11-15T12:02")) == before


async def test_a_release_is_the_same_bytes_whatever_becomes_of_settings_form_and_server(
    line: Ledger,
) -> None:
    await line.asked(people(Random(5), 90))
    before = _bytes(await line.look("2026-11-15T12:00"))
    stored = await line.storage.counts.released()
    assert [body.decode() for body in stored] == before
    await line.restart(
        rules=Rules(smallest=40, rounding=20, blur=50, shown_after=30),
        form=small_form(one("status", "yes", "no")),
    )
    assert _bytes(await line.look("2026-11-15T13:00")) == before
    await line.asked([LONER] * 3)
    await line.look("2026-12-02T12:00")
    await line.restart(rules=Rules())
    assert _bytes(await line.look("2027-03-01T12:00"))[0] == before[0]
    assert (await line.storage.counts.released())[0] == stored[0]


async def test_erasing_a_case_lowers_no_count(tmp_path: Path) -> None:
    """On the person's word, through the whole line."""
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        await talk.go_through({"status": "officer"})
        await talk.press(Verb.SEND)
        before = _counted(stage)
        assert before.count("requests", ALL) == before.count("status", "officer") == 1
        await talk.press(Verb.WROTE)
        await talk.press(Verb.ERASE)
        await talk.press(Verb.ERASE_YES)
        assert stage.rows("cases") == []
        assert _counted(stage) == before


def _counted(stage: Stage) -> Tally:
    counting = Counting(stage.house.form, TallyKey(stage.house.return_key), Random(0).randbytes)
    tally = Tally()
    for month, _, sealed in stage.rows("tallies"):
        tally = tally.plus(counting.opened(month, sealed))
    return tally


# A page that is loaded every minute.


async def test_two_days_of_looking_every_minute_show_two_days_and_one_release(
    line: Ledger, full: bool
) -> None:
    await line.asked(people(Random(6), 120))
    await line.look("2026-11-20T00:00")
    days, bodies = set(), set()
    for minute in range(0, 2 * 24 * 60, 1 if full else 10):
        line.now = datetime.fromisoformat("2026-11-20T00:00+00:00") + timedelta(minutes=minute)
        shown = await line.desk.shown()
        assert shown.today is not None
        days.add(shown.today.model_dump_json())
        bodies.add(tuple(_bytes(shown)))
    assert (len(days), len(bodies)) == (2, 1)


WAITING: Final = 147
DAY: Final = datetime.fromisoformat("2026-11-20T12:00+00:00")


def _headers(count: int) -> list[CaseHeader]:
    """Requests that wait, for one to five days."""
    dice = Random(7)
    return [
        header_of(one.answers, one.language, DAY - timedelta(days=dice.randint(1, 5)))
        for one in people(dice, count)
    ]


def test_without_freezing_a_day_of_minutes_gives_the_exact_number(line: Ledger) -> None:
    """Each look its own noise: what is then left of it is a fraction of a person."""
    waiting = _headers(WAITING)
    seen = [line.desk._snapshot(waiting, DAY).waiting or 0 for _ in range(2 * 24 * 60)]
    assert round(fmean(seen)) == WAITING


def test_without_freezing_reloading_a_month_gives_the_exact_number(line: Ledger) -> None:
    crowd, dice = tally_of(people(Random(8), 123)), Random(8)
    seen = [published(released(crowd, dice))["requests", ALL] or 0 for _ in range(1500)]
    assert round(fmean(seen)) == crowd.count("requests", ALL) == 123


def test_without_freezing_two_looks_at_a_month_that_runs_name_the_answers_of_one() -> None:
    """Of a month that is not over, shown again after one more has asked. Noise is off as well:
    with it he would have to look more often."""
    bare, before = loosened(blur=0, rounding=1, smallest=0), tally_of(people(Random(9), 100))
    first = published(released(before, Random(0), bare))
    second = published(released(before.with_(LONER.cells), Random(0), bare))
    assert {cell for cell, n in second.items() if n != first[cell]} == {*LONER.cells}


@pytest.mark.ordeal
@pytest.mark.parametrize("days", [1, 7, 30])
def test_the_figures_of_many_days_tell_no_more_of_one_that_waits_than_their_noise_allows(
    line: Ledger, days: int, full: bool
) -> None:
    """The neighbour again: he knows every other case that waits, on every day."""
    rules, others = line.rules.today, _headers(60)
    rest = _stands(others)
    # As it stands each day, seen from the last one: the others come and go and stay as many.
    ones = [header_of(LONER.answers, "ru", DAY - timedelta(days=day)) for day in range(days)]
    doubts = [Doubt(rest.with_(_standing(one, DAY)), rest) for one in ones]
    weights = []
    for trial in range(600 if full else 60):
        there = trial % 2 == 0
        seen = [line.desk._snapshot([*others, one] if there else others, DAY) for one in ones]
        weight = sum(
            doubt.weight(_day(today), rules) for doubt, today in zip(doubts, seen, strict=True)
        )
        weights.append(weight if there else -weight)
    record = Record(tuple(weights))
    far = sum(doubt.distance for doubt in doubts)
    assert record.right <= best(far, rules.blur) + record.doubt


def _stands(headers: Sequence[CaseHeader]) -> Tally:
    return Tally().with_(cell for header in headers for cell in _standing(header, DAY))


def _day(today: Today) -> Figures:
    cells = {(table.id, cell.id): cell.count for table in today.tables for cell in table.cells}
    return {("waiting", ALL): today.waiting, **cells}
