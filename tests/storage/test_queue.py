"""The queue: who sees which case in which order, and who gets it."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from intake.case import LEASE, CaseHeader, Level, State, Turn
from storage import HeldByOther, Listing, Record, Storage, UnknownCase, open_storage
from storage.rows import up_to_the_hour
from tests.databases import prepared_address
from tests.storage.samples import (
    ANNA,
    DAY,
    EVA,
    HOUR,
    NOW,
    OLGA,
    a_case,
    a_draft,
    a_header,
    after,
    bare,
    queued,
)
from tests.storage.test_cases import submitted


async def put_in(storage: Storage, header: CaseHeader, *members: str) -> CaseHeader:
    return (await submitted(storage, a_case(header, members or (ANNA, OLGA)))).header


async def held(storage: Storage, now: datetime) -> list[bytes]:
    """What Anna holds."""
    return [listed.header.id for listed in (await storage.cases.queue(ANNA, now)).mine]


async def test_the_most_urgent_comes_first_then_who_waited_longest(storage: Storage) -> None:
    ranks = ((Level.P3, 9), (Level.P0, 0), (Level.P1, 1), (Level.P1, 5), (Level.P0, 2))
    headers = [await put_in(storage, a_header(level, hours * HOUR)) for level, hours in ranks]
    assert await queued(storage, ANNA, NOW) == [headers[n] for n in (4, 1, 3, 2, 0)]


async def test_a_member_sees_only_what_is_sealed_to_her(storage: Storage) -> None:
    both = await put_in(storage, a_header())
    await put_in(storage, a_header(), OLGA)
    assert await queued(storage, ANNA, NOW) == [both]
    assert await queued(storage, EVA, NOW) == []


async def test_a_held_case_is_in_the_queue_of_its_holder_alone(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    taken = await storage.cases.take(header.id, ANNA, NOW, 9)
    assert taken.state is State.TAKEN
    assert taken.holder == ANNA
    assert taken.leased_until == up_to_the_hour(NOW + LEASE)
    assert taken.leased_until.minute == taken.leased_until.second == 0
    assert await queued(storage, ANNA, NOW) == [taken]
    assert await queued(storage, OLGA, NOW) == []


async def test_a_case_whose_lease_ended_waits_again(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    await storage.cases.take(header.id, ANNA, NOW, 9)
    assert await queued(storage, OLGA, NOW + LEASE) == []
    later = NOW + LEASE + HOUR
    assert await queued(storage, OLGA, later) == [header]
    assert (await storage.cases.take(header.id, OLGA, later, 9)).holder == OLGA


async def test_a_case_held_by_another_is_refused(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    await storage.cases.take(header.id, ANNA, NOW, 9)
    with pytest.raises(HeldByOther):
        await storage.cases.take(header.id, OLGA, NOW + LEASE - HOUR, 9)
    with pytest.raises(HeldByOther):
        await storage.cases.give_back(header.id, OLGA)
    with pytest.raises(HeldByOther):
        await storage.cases.close(header.id, OLGA, None, NOW)


async def test_taking_again_renews_the_lease(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    await storage.cases.take(header.id, ANNA, NOW, 9)
    renewed = await storage.cases.take(header.id, ANNA, NOW + 2 * HOUR, 9)
    assert renewed.leased_until == up_to_the_hour(NOW + LEASE) + 2 * HOUR


async def test_what_a_member_holds_is_counted_while_the_lease_runs(storage: Storage) -> None:
    mine, given_back, closed, other = [await put_in(storage, a_header()) for _ in range(4)]
    for header in (mine, given_back, closed):
        await storage.cases.take(header.id, ANNA, NOW, 9)
    await storage.cases.take(other.id, OLGA, NOW, 9)
    await storage.cases.give_back(given_back.id, ANNA)
    await storage.cases.close(closed.id, ANNA, None, NOW)
    assert await held(storage, NOW) == [mine.id]
    assert await held(storage, NOW + LEASE + HOUR) == []


async def test_what_was_given_back_waits_again(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    await storage.cases.take(header.id, ANNA, NOW, 9)
    assert await storage.cases.give_back(header.id, ANNA) == header
    assert await queued(storage, OLGA, NOW) == [header]


async def test_a_closed_case_cannot_be_taken(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    await storage.cases.take(header.id, ANNA, NOW, 9)
    await storage.cases.close(header.id, ANNA, None, NOW)
    for member in (ANNA, OLGA):
        with pytest.raises(HeldByOther):
            await storage.cases.take(header.id, member, NOW + LEASE + HOUR, 9)


async def test_who_is_not_routed_to_a_case_learns_nothing_of_it(storage: Storage) -> None:
    header = await put_in(storage, a_header())
    for case_id in (header.id, a_header().id):
        with pytest.raises(UnknownCase, match="no such case for you"):
            await storage.cases.take(case_id, EVA, NOW, 9)
        with pytest.raises(UnknownCase, match="no such case for you"):
            await storage.cases.give_back(case_id, EVA)


async def test_of_two_members_in_the_same_instant_one_gets_the_case(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for _ in range(15):
        header = await put_in(storage, a_header())
        taken = await asyncio.gather(
            *(
                place.cases.take(header.id, member, NOW, 99)
                for place, member in ((storage, ANNA), (other, OLGA), (storage, OLGA))
            ),
            return_exceptions=True,
        )
        holders = {result.holder for result in taken if isinstance(result, CaseHeader)}
        assert len(holders) == 1
        assert any(isinstance(result, HeldByOther) for result in taken)
    await other.close()


async def test_an_alarm_lists_what_nobody_has_taken_for_a_week(storage: Storage) -> None:
    old = await put_in(storage, a_header(waited=8 * DAY))
    held = await put_in(storage, a_header(waited=8 * DAY))
    await put_in(storage, a_header(waited=6 * DAY))
    await storage.cases.take(held.id, ANNA, NOW, 9)
    assert await storage.cases.untaken_since(NOW - 7 * DAY, NOW) == [old]


async def test_an_empty_contact_rule_and_country_survive(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    header = await put_in(storage, bare(a_header()))
    assert await queued(storage, ANNA, NOW) == [header]
    assert await storage.drafts.put(after(draft), 1)


async def test_the_filter_is_for_the_page_and_the_counts_are_of_everything(
    storage: Storage,
) -> None:
    law = replace(a_header(Level.P1), skills=frozenset({"law", "escape"}), language="ru")
    lawless = replace(a_header(Level.P0), skills=frozenset({"law_less"}), language="uk")
    psych = replace(a_header(Level.P1), skills=frozenset({"psych"}), language="uk")
    for header in (law, lawless, psych):
        await put_in(storage, header)
    await put_in(storage, a_header(), OLGA)

    async def found(**wanted: Level | str) -> Listing:
        return await storage.cases.queue(ANNA, NOW, **wanted)  # type: ignore[arg-type]

    for wanted, expected in (
        ({}, [lawless, law, psych]),
        ({"level": Level.P1}, [law, psych]),
        ({"skill": "law"}, [law]),
        ({"skill": "la%"}, []),
        ({"skill": "law less"}, []),
        ({"language": "uk"}, [lawless, psych]),
        ({"language": "uk", "skill": "psych", "level": Level.P1}, [psych]),
        ({"language": "uk", "skill": "law"}, []),
    ):
        listing = await found(**wanted)
        assert {one.header.id for one in listing.cases} == {one.id for one in expected}
        assert listing.matching == len(expected)
        assert listing.counts == {Level.P0: 1, Level.P1: 2, Level.P2: 0, Level.P3: 0}


async def test_pages_follow_each_other_without_gap_or_repetition(storage: Storage) -> None:
    headers = [await put_in(storage, a_header(waited=hours * HOUR)) for hours in range(5)]
    pages = [await storage.cases.queue(ANNA, NOW, start=start, limit=2) for start in (0, 2, 4, 6)]
    ids = [[one.header.id for one in page.cases] for page in pages]
    assert [len(page) for page in ids] == [2, 2, 1, 0]
    assert list(chain(*ids)) == [header.id for header in reversed(headers)]
    assert {page.matching for page in pages} == {5}


async def test_a_page_is_the_same_however_it_is_looked_up(storage: Storage) -> None:
    """Of many cases the first pages are looked up case by case, the others in a list."""
    headers = [await put_in(storage, a_header(waited=hours * HOUR)) for hours in range(20)]
    await put_in(storage, a_header(waited=DAY), OLGA)
    listings = [await storage.cases.queue(ANNA, NOW, start=at, limit=1) for at in range(20)]
    found = [one.header.id for listing in listings for one in listing.cases]
    assert found == [header.id for header in reversed(headers)]


async def test_what_she_holds_is_listed_apart_where_the_person_waits_first(
    storage: Storage,
) -> None:
    theirs = await put_in(storage, replace(a_header(Level.P0), turn=Turn.THEIRS))
    late, soon = (
        await put_in(storage, a_header(Level.P2)),
        await put_in(storage, a_header(Level.P1)),
    )
    for header in (theirs, late, soon):
        await storage.cases.take(header.id, ANNA, NOW, 3)
    waits = await put_in(storage, a_header())
    listing = await storage.cases.queue(ANNA, NOW)
    assert [one.header.id for one in listing.mine] == [soon.id, late.id, theirs.id]
    assert [one.header for one in listing.cases] == [waits]
    assert listing.counts[Level.P2] == 1


async def test_each_case_in_a_list_tells_how_many_records_it_has(storage: Storage) -> None:
    one, two = await put_in(storage, a_header()), await put_in(storage, a_header(waited=HOUR))
    await storage.cases.note(two.id, ANNA, Record(1, "note", b"sealed"))
    listing = await storage.cases.queue(ANNA, NOW)
    assert [(each.header.id, each.records) for each in listing.cases] == [(two.id, 2), (one.id, 1)]
    assert not any(each.asked for each in listing.cases)


async def test_a_lead_sees_whose_promise_is_about_to_be_broken(storage: Storage) -> None:
    broken = await put_in(storage, _promised(-HOUR))
    held = await put_in(storage, _promised(timedelta(minutes=30)))
    not_hers = await put_in(storage, _promised(timedelta(minutes=40)), OLGA)
    await put_in(storage, _promised(2 * HOUR))
    await put_in(storage, replace(_promised(-HOUR), turn=Turn.THEIRS))
    closed = await put_in(storage, _promised(-HOUR))
    await storage.cases.take(closed.id, OLGA, NOW, 1)
    await storage.cases.close(closed.id, OLGA, None, NOW)
    await storage.cases.take(held.id, OLGA, NOW, 1)
    due = (await storage.cases.queue(ANNA, NOW, lead=True)).due
    assert [one.header.id for one in due] == [broken.id, held.id, not_hers.id]
    assert due[1].header.holder == OLGA
    assert (await storage.cases.queue(ANNA, NOW)).due == ()


async def test_a_list_is_counted_in_indexes_and_read_for_one_page(tmp_path: Path) -> None:
    """What the queue asks of SQLite reads no table from end to end, nor sorts what waits."""
    storage = await open_storage(await prepared_address("sqlite", tmp_path))
    said: list[tuple[str, tuple[object, ...]]] = []

    def listen(connection: Connection) -> None:
        event.listen(
            connection.engine,
            "after_cursor_execute",
            lambda _, __, statement, values, *___: said.append((statement, values)),
        )

    await storage.database.read(listen)
    await put_in(storage, a_header())
    said.clear()
    await storage.cases.queue(ANNA, NOW, lead=True, language="ru", skill="law")
    asked = [(query, values) for query, values in said if query.startswith("SELECT")]
    await storage.close()
    with closing(sqlite3.connect(tmp_path / "tropa.sqlite3")) as database:
        plans = [
            [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            for query, values in asked
        ]
    counts, page = plans[0], plans[1]
    assert counts[0] == "SCAN cases USING COVERING INDEX ix_cases_level"
    assert page[0] == "SCAN cases USING INDEX ix_cases_level"
    assert not [line for line in counts + page if "TEMP B-TREE" in line or "CORRELATED" in line]
    scans = [line for plan in plans[2:] for line in plan if line.startswith("SCAN")]
    assert scans == []


def _promised(after_now: timedelta) -> CaseHeader:
    return replace(a_header(), promised_by=NOW + after_now)
