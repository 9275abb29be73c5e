"""The record of key events: one chain, whoever adds to it, in the transaction of what it tells."""

import asyncio

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event

from intake.ledger import GENESIS, Event, Kind, chained, mark
from storage import Storage, UnknownCase, open_storage
from storage.ledger import record
from storage.parts import erase
from storage.tables import cases
from tests.storage.keys import DAY_OF_NOW, take_up, told
from tests.storage.samples import ANNA, DAY, EVA, NOW, OLGA, a_case, a_header
from tests.storage.test_cases import submitted


async def test_nothing_is_told_of_before_anything_happened(storage: Storage) -> None:
    page = await storage.ledger.page(0)
    assert (page.after, page.head, page.total, page.events) == (0, GENESIS, 0, ())
    assert await told(storage) == []


async def test_handing_over_and_asking_are_told_where_they_change_something(
    storage: Storage,
) -> None:
    case = (await submitted(storage)).header.id
    await storage.cases.take(case, ANNA, NOW, 9)
    await storage.cases.ask(case, ANNA, OLGA, None, None, DAY_OF_NOW)  # she could open it
    await storage.cases.ask(case, ANNA, EVA, b"wrap", None, DAY_OF_NOW)
    await storage.cases.ask(case, ANNA, EVA, b"wrap", None, DAY_OF_NOW)
    await storage.cases.hand_over(case, ANNA, OLGA, None, None, NOW, 9)
    found = await told(storage)
    assert [(one.kind, one.by, one.to) for one in found] == [
        (Kind.ADVICE, ANNA, EVA),
        (Kind.HAND_OVER, ANNA, OLGA),
    ]
    assert {one.case for one in found} == {mark(case)}
    assert {one.day for one in found} == {DAY_OF_NOW}


async def test_every_erasure_is_told_and_by_whom_where_a_desk_did_it(storage: Storage) -> None:
    made = [await submitted(storage) for _ in range(4)]
    old = await submitted(storage, a_case(a_header(waited=31 * DAY)))
    await storage.cases.take(made[0].header.id, ANNA, NOW, 9)
    await storage.cases.erase_held(made[0].header.id, ANNA, False, DAY_OF_NOW)
    await storage.inboxes.erase(made[1].inbox, day=DAY_OF_NOW)
    await storage.cases.erase_draft_and_inbox(b"d" * 16, made[2].inbox, DAY_OF_NOW)
    await storage.cases.erase(made[3].header.id, DAY_OF_NOW)
    await storage.cases.erase_due(NOW)
    await storage.cases.erase(made[3].header.id, DAY_OF_NOW)  # nothing is there: nothing is told
    with pytest.raises(UnknownCase):
        await storage.cases.erase_held(made[3].header.id, ANNA, True, DAY_OF_NOW)
    found = await told(storage)
    assert {one.kind for one in found} == {Kind.ERASED}
    assert [one.by for one in found] == [ANNA, None, None, None, None]
    assert [one.case for one in found] == [mark(case.header.id) for case in (*made, old)]


async def test_many_are_erased_in_few_statements(storage: Storage) -> None:
    for _ in range(40):
        await submitted(storage)
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    def work(connection: Connection) -> int:
        sqlalchemy_event.listen(connection, "before_cursor_execute", note)
        try:
            return erase(connection, cases.c.level != "none", DAY_OF_NOW)
        finally:
            sqlalchemy_event.remove(connection, "before_cursor_execute", note)

    assert await storage.database.write(work) == 40
    assert len(asked) < 15
    assert len(await told(storage)) == 40


async def test_whoever_adds_at_once_adds_to_one_chain(storage: Storage, address: str) -> None:
    others = [storage, *[await open_storage(address) for _ in range(3)]]
    made = [await submitted(storage) for _ in range(24)]
    for case in made[:12]:
        await storage.cases.take(case.header.id, ANNA, NOW, 99)
    acts = [
        others[number % 4].cases.hand_over(case.header.id, ANNA, OLGA, None, None, NOW, 99)
        for number, case in enumerate(made[:12])
    ]
    erased = [
        others[number % 4].cases.erase(case.header.id, DAY_OF_NOW)
        for number, case in enumerate(made[12:])
    ]
    await asyncio.gather(*acts, *erased, *(take_up(one, 1, ANNA, OLGA) for one in others))
    found = await told(storage)
    assert sorted(one.kind for one in found) == [
        Kind.EPOCH,
        *[Kind.ERASED] * 12,
        *[Kind.HAND_OVER] * 12,
    ]
    for other in others[1:]:
        await other.close()


async def test_what_fails_is_not_told(storage: Storage) -> None:
    case = (await submitted(storage)).header.id

    def work(connection: Connection) -> None:
        record(connection, [Event(kind=Kind.ERASED, day=DAY_OF_NOW, case=mark(case))])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await storage.database.write(work)
    assert await told(storage) == []


async def test_pages_follow_each_other_and_end(storage: Storage) -> None:
    events = [Event(kind=Kind.ERASED, day=DAY_OF_NOW, case=f"{n:032x}") for n in range(7)]
    await storage.database.write(lambda connection: record(connection, events))
    bodies = [event.to_bytes() for event in events]
    page = await storage.ledger.page(0, limit=5)
    assert (page.total, list(page.events)) == (7, bodies[:5])
    head = GENESIS
    for body in bodies[:5]:
        head = chained(head, body)
    page = await storage.ledger.page(5, limit=5)
    assert (page.after, page.head, list(page.events)) == (5, head, bodies[5:])
    past = await storage.ledger.page(99)
    assert (past.after, past.total, past.events) == (7, 7, ())


async def test_a_signature_is_added_once(storage: Storage, address: str) -> None:
    other = await open_storage(address)
    event = Event(kind=Kind.MANDATE, day=DAY_OF_NOW, by=ANNA, signed="e30=")
    erased = Event(kind=Kind.ERASED, day=DAY_OF_NOW, case="0" * 32)
    await storage.database.write(lambda connection: record(connection, [erased]))
    done = await asyncio.gather(
        *(one.ledger.sign(event, lambda it: it == event) for one in (storage, other, storage))
    )
    assert sorted(done) == [False, False, True]
    assert await storage.ledger.mandates() == [event]
    assert await storage.ledger.sign(event, lambda _: False)
    await other.close()
