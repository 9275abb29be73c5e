"""A roster is taken up: whoever is not on it can open nothing more, and nothing is lost by it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Connection, select

from intake.case import State
from intake.ledger import Kind
from storage import NewCase, Storage, UnknownCase, open_storage
from storage.rosters import Withdrawn
from storage.tables import cases, slot_of, withdrawn, wraps
from tests.databases import prepared_address
from tests.storage.keys import DAY_OF_NOW, take_up, told
from tests.storage.samples import ANNA, DAY, EVA, HOUR, NOW, OLGA, a_case, queued
from tests.storage.test_cases import submitted

ROOT = Path(__file__).parents[2]


async def openers(storage: Storage) -> dict[bytes, set[str]]:
    """Who has a wrap, by the id of the case."""

    def work(connection: Connection) -> dict[bytes, set[str]]:
        joined = select(cases.c.id, wraps.c.key_id).join_from(
            cases, wraps, wraps.c.case_slot == cases.c.slot, isouter=True
        )
        found: dict[bytes, set[str]] = {}
        for case_id, key_id in connection.execute(joined):
            found.setdefault(case_id, set()).update({key_id} if key_id else set())
        return found

    return await storage.database.read(work)


async def left(storage: Storage) -> set[str]:
    """Of whom a wrap was withdrawn."""
    clause = select(withdrawn.c.key_id)
    return await storage.database.read(lambda connection: set(connection.scalars(clause)))


async def test_whoever_is_not_on_it_loses_her_wraps_and_what_she_held_waits(
    storage: Storage,
) -> None:
    case = (await submitted(storage, a_case(members=(ANNA, OLGA, EVA)))).header.id
    await storage.cases.take(case, OLGA, NOW, 9)
    assert await take_up(storage, 7, ANNA, EVA) == Withdrawn(1, 0)
    assert await openers(storage) == {case: {ANNA, EVA}}
    assert await left(storage) == {OLGA}
    with pytest.raises(UnknownCase):
        await storage.cases.fetch(case, OLGA)
    header = (await storage.cases.fetch(case, ANNA)).header
    assert (header.state, header.holder, header.leased_until) == (State.WAITING, None, None)
    assert len(await queued(storage, ANNA, NOW)) == 1
    [event] = await told(storage)
    assert (event.kind, event.epoch, event.day) == (Kind.EPOCH, 7, DAY_OF_NOW)
    assert await storage.facts.get("roster epoch") == 7


async def test_the_hour_from_which_she_held_it_no_more_counts_for_its_end(
    storage: Storage,
) -> None:
    running, lapsed = [(await submitted(storage)).header.id for _ in range(2)]
    await storage.cases.take(running, OLGA, NOW, 9)
    await storage.cases.take(lapsed, OLGA, NOW - 20 * DAY, 9)
    await take_up(storage, 2, ANNA)
    assert await storage.cases.erase_due(NOW + 11 * DAY) == 1
    assert await storage.cases.erase_due(NOW + 30 * DAY - HOUR) == 0
    assert await storage.cases.erase_due(NOW + 30 * DAY) == 1


async def test_what_is_done_is_not_done_again(storage: Storage) -> None:
    await submitted(storage)
    assert await take_up(storage, 3, ANNA) == Withdrawn(1, 0)
    assert await take_up(storage, 3, ANNA) == Withdrawn(0, 0)
    assert [event.epoch for event in await told(storage)] == [3]
    late = (await submitted(storage)).header.id  # made by the roster of before
    assert await take_up(storage, 3, ANNA) == Withdrawn(1, 0)
    assert (await openers(storage))[late] == {ANNA}
    assert [event.epoch for event in await told(storage)] == [3]
    await take_up(storage, 4, ANNA)
    assert [event.epoch for event in await told(storage)] == [3, 4]
    await take_up(storage, 3, ANNA, OLGA)  # another process was faster: nothing is told
    assert [event.epoch for event in await told(storage)] == [3, 4]


async def test_the_last_wrap_of_a_case_is_kept_and_of_two_the_one_that_may_come_back(
    storage: Storage,
) -> None:
    alone = (await submitted(storage, a_case(members=(OLGA,)))).header.id
    two = (await submitted(storage, a_case(members=(OLGA, EVA)))).header.id
    fine = (await submitted(storage, a_case(members=(OLGA, EVA, ANNA)))).header.id
    assert await take_up(storage, 2, ANNA, revoked={EVA}) == Withdrawn(3, 2)
    assert await openers(storage) == {alone: {OLGA}, two: {OLGA}, fine: {ANNA}}
    assert await take_up(storage, 2, ANNA, revoked={EVA}) == Withdrawn(0, 2)
    assert await storage.rosters.outlook({ANNA}) == (2, 2)
    # She is put back, hands them over, and is removed again.
    assert await take_up(storage, 3, ANNA, OLGA, revoked={EVA}) == Withdrawn(0, 0)
    assert await storage.rosters.outlook({ANNA, OLGA}) == (2, 0)
    for case in (alone, two):
        await storage.cases.take(case, OLGA, NOW, 9)
        await storage.cases.hand_over(case, OLGA, ANNA, b"wrap", None, NOW, 9)
    assert await take_up(storage, 4, ANNA, revoked={EVA}) == Withdrawn(2, 0)
    assert await openers(storage) == {alone: {ANNA}, two: {ANNA}, fine: {ANNA}}


async def test_whoever_is_given_a_wrap_again_is_not_one_who_left(storage: Storage) -> None:
    case = (await submitted(storage)).header.id
    await take_up(storage, 2, ANNA)
    await take_up(storage, 3, ANNA, OLGA)
    assert await left(storage) == {OLGA}
    await storage.cases.take(case, ANNA, NOW, 9)
    await storage.cases.ask(case, ANNA, OLGA, b"wrap", None, DAY_OF_NOW)
    assert await left(storage) == set()
    assert await take_up(storage, 4, ANNA) == Withdrawn(1, 0)
    assert await left(storage) == {OLGA}


async def test_what_is_erased_leaves_no_name_of_who_left(storage: Storage) -> None:
    case = await submitted(storage)
    await take_up(storage, 2, ANNA)
    await storage.inboxes.erase(case.inbox, day=DAY_OF_NOW)
    assert await left(storage) == set()


async def test_many_take_one_roster_up_and_others_erase_meanwhile(
    storage: Storage, address: str
) -> None:
    others = [await open_storage(address) for _ in range(3)]
    for epoch in range(1, 6):
        made = [await submitted(storage) for _ in range(10)]
        await asyncio.gather(
            *(take_up(one, epoch, ANNA) for one in (storage, *others)),
            *(others[0].inboxes.erase(case.inbox, day=DAY_OF_NOW) for case in made[:5]),
            *(others[1].cases.take(case.header.id, ANNA, NOW, 99) for case in made[5:]),
        )
        found = await openers(storage)
        assert {frozenset(able) for able in found.values()} == {frozenset({ANNA})}
    kinds = [event.kind for event in await told(storage)]
    assert (kinds.count(Kind.EPOCH), kinds.count(Kind.ERASED)) == (5, 25)
    for other in others:
        await other.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_killed_in_between_all_of_it_was_done_or_nothing(kind: str, tmp_path: Path) -> None:
    address = await prepared_address(kind, tmp_path)
    storage = await open_storage(address)
    made: list[NewCase] = [await submitted(storage) for _ in range(150)]
    ended = set()
    for epoch, after in enumerate([0.0, 0.002, 0.005, 0.01, 0.02, 0.04, 120.0], 1):
        taker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.storage.taker", address, str(epoch), ANNA),
            cwd=ROOT,
            stdout=PIPE,
        )
        assert taker.stdout is not None
        assert await taker.stdout.readline() == b"ready\n"
        try:
            await asyncio.wait_for(taker.wait(), after)
        except TimeoutError:
            taker.kill()
            await taker.wait()
        epochs = [event.epoch for event in await told(storage)]
        gone = await left(storage) == {OLGA}
        assert gone == (epochs != [])
        able = {frozenset(some) for some in (await openers(storage)).values()}
        assert able == {frozenset({ANNA} if gone else {ANNA, OLGA})}
        ended.add(gone)
    assert True in ended
    assert len(await openers(storage)) == len(made)
    await storage.close()


async def test_one_that_is_older_than_the_one_in_force_takes_nothing_away(
    storage: Storage,
) -> None:
    """Of two servers on a database one may still have the roster of before."""
    case = await submitted(storage, a_case(members=(ANNA, OLGA)))
    await storage.cases.take(case.header.id, OLGA, NOW, 9)
    await take_up(storage, 9, ANNA, OLGA)
    assert await take_up(storage, 8, ANNA) == Withdrawn(0, 0)
    assert (await storage.cases.fetch(case.header.id, OLGA)).header.holder == OLGA
    assert [event.epoch for event in await told(storage)] == [9]


async def _waits(connection: asyncpg.Connection) -> None:
    """Until somebody waits for a lock."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    blocked += " AND datname = current_database()"
    while not await connection.fetchval(blocked):
        await connection.execute("SELECT pg_sleep(0.01)")


async def test_it_waits_for_whoever_erases_many_and_nobody_waits_for_it_in_turn(
    tmp_path: Path,
) -> None:
    address = await prepared_address("postgresql", tmp_path)
    storage = await open_storage(address)
    first, second = sorted(
        [await submitted(storage, a_case(members=(ANNA, OLGA))) for _ in range(2)],
        key=lambda case: slot_of(case.header.id),
    )
    await storage.cases.take(second.header.id, OLGA, NOW, 9)  # as it is given back, it is locked
    eraser, onlooker = await asyncpg.connect(address), await asyncpg.connect(address)
    lock = "SELECT 1 FROM cases WHERE slot = $1 FOR UPDATE"
    async with eraser.transaction():
        await eraser.execute(lock, slot_of(first.header.id))
        taking_up = asyncio.create_task(take_up(storage, 8, ANNA))
        await _waits(onlooker)
        await eraser.execute(lock, slot_of(second.header.id))
    assert await taking_up == Withdrawn(2, 0)
    for connection in (eraser, onlooker):
        await connection.close()
    await storage.close()


async def test_a_case_that_came_and_went_meanwhile_holds_nothing_up(tmp_path: Path) -> None:
    address = await prepared_address("postgresql", tmp_path)
    storage = await open_storage(address)
    first = await submitted(storage, a_case(members=(ANNA, OLGA)))
    holder, eraser = await asyncpg.connect(address), await asyncpg.connect(address)
    onlooker = await asyncpg.connect(address)
    async with eraser.transaction():
        async with holder.transaction():
            await holder.execute(
                "SELECT 1 FROM cases WHERE slot = $1 FOR UPDATE", slot_of(first.header.id)
            )
            taking_up = asyncio.create_task(take_up(storage, 8, ANNA))
            await _waits(onlooker)
            later = await submitted(storage, a_case(members=(ANNA, OLGA)))
            slot = slot_of(later.header.id)
            await eraser.execute("SELECT 1 FROM cases WHERE slot = $1 FOR UPDATE", slot)
        assert await taking_up == Withdrawn(1, 0)
        for table in ("wraps", "records", "cases"):
            column = "slot" if table == "cases" else "case_slot"
            await eraser.execute(f"DELETE FROM {table} WHERE {column} = $1", slot)
    assert await take_up(storage, 8, ANNA) == Withdrawn(0, 0)
    for connection in (holder, eraser, onlooker):
        await connection.close()
    await storage.close()
