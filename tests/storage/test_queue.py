"""The queue: who sees which case in which order, and who gets it."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from intake.case import LEASE, CaseHeader, ContactRule, Level, State
from storage import HeldByOther, Storage, UnknownCase, open_storage
from storage.rows import up_to_the_hour
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
    header = await put_in(storage, _bare(a_header()))
    assert await queued(storage, ANNA, NOW) == [header]
    assert await storage.drafts.put(after(draft), 1)


def _bare(header: CaseHeader) -> CaseHeader:
    return replace(header, country=None, skills=frozenset(), contact=ContactRule.never())
