"""Replies that wait to be announced: when, once, and what is left of them."""

import os
from datetime import datetime

import pytest

from intake.case import ContactRule
from storage import NewCase, Storage, UnknownCase
from storage.rows import ReplyState
from tests.storage.samples import ANNA, NOW, a_case, answered
from tests.storage.test_cases import submitted

ALLOWED = NOW.replace(hour=8)


async def waiting(storage: Storage, replies: int = 1) -> NewCase:
    """A case with replies that may be announced from seven to nine, and from eight at night."""
    case = await submitted(storage, a_case())
    for number in range(1, replies + 1):
        await answered(storage, case, b"letter", b"token %d" % number)
    return case


async def states(storage: Storage, case: NewCase) -> dict[int, ReplyState]:
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    return {reply.number: reply.state for reply in seen.replies}


async def due_at(storage: Storage, moment: datetime) -> list[bytes]:
    return [due.case_id for due in await storage.outbox.due(moment)]


async def test_one_line_tells_of_all_replies_that_wait(storage: Storage) -> None:
    case = await waiting(storage, replies=2)
    (due,) = await storage.outbox.due(ALLOWED)
    assert (due.case_id, due.numbers, due.token) == (case.header.id, (1, 2), b"token 2")
    assert due.header.id == case.header.id
    assert not due.doubtful


async def test_nothing_is_due_outside_the_hours_that_were_allowed(storage: Storage) -> None:
    case = await waiting(storage)
    hours = [hour for hour in range(24) if await due_at(storage, NOW.replace(hour=hour))]
    assert hours == [7, 8, 20]
    await storage.inboxes.set_contact(case.inbox, ContactRule(frozenset({0})))
    assert await due_at(storage, ALLOWED) == []
    assert await due_at(storage, NOW.replace(hour=0)) == [case.header.id]


async def test_what_was_begun_is_doubtful_until_it_is_known_to_have_arrived(
    storage: Storage,
) -> None:
    case = await waiting(storage)
    first = await storage.outbox.begin(case.header.id)
    assert first is not None
    assert not first.doubtful
    again = await storage.outbox.begin(case.header.id)
    assert again is not None
    assert again.doubtful
    assert [due.doubtful for due in await storage.outbox.due(ALLOWED)] == [True]


async def test_whoever_begins_is_told_how_it_stands_in_that_instant(storage: Storage) -> None:
    case = await waiting(storage, replies=2)
    await storage.inboxes.set_contact(case.inbox, ContactRule(frozenset({1})))
    await storage.inboxes.mark_read(case.inbox, 1)
    begun = await storage.outbox.begin(case.header.id)
    assert begun is not None
    assert begun.numbers == (2,)
    assert begun.header.contact == ContactRule(frozenset({1}))
    await storage.inboxes.mark_read(case.inbox, 2)
    assert await storage.outbox.begin(case.header.id) is None
    await storage.inboxes.erase(case.inbox, day=NOW.date())
    assert await storage.outbox.begin(case.header.id) is None


async def test_what_arrived_is_sent_and_the_way_back_is_the_new_one(storage: Storage) -> None:
    case = await waiting(storage, replies=2)
    await storage.outbox.begin(case.header.id)
    await storage.inboxes.mark_read(case.inbox, 1)
    await storage.outbox.delivered(case.header.id, (1, 2), lambda _: b"new token", case.place)
    assert await states(storage, case) == {1: ReplyState.READ, 2: ReplyState.SENT}
    assert (await storage.cases.fetch(case.header.id, ANNA)).token == b"new token"
    assert await due_at(storage, ALLOWED) == []


async def test_a_reply_that_came_during_the_sending_waits_for_the_next_line(
    storage: Storage,
) -> None:
    case = await waiting(storage)
    begun = await storage.outbox.begin(case.header.id)
    assert begun is not None
    await answered(storage, case, b"letter", b"later")
    await storage.outbox.delivered(case.header.id, begun.numbers, lambda _: b"new", begun.place)
    (due,) = await storage.outbox.due(ALLOWED)
    assert (due.numbers, due.token, due.doubtful) == ((2,), b"later", False)


async def test_what_was_tried_where_the_person_is_no_more_says_nothing(storage: Storage) -> None:
    case = await waiting(storage)
    begun = await storage.outbox.begin(case.header.id)
    assert begun is not None
    await storage.inboxes.set_place(case.inbox, lambda _: b"token there", b"there", b"opened there")
    tried = (case.header.id, begun.numbers)
    await storage.outbox.delivered(*tried, lambda _: b"token here", begun.place)
    await storage.outbox.undeliverable(*tried, begun.place)
    await storage.outbox.left(*tried, begun.place)
    (due,) = await storage.outbox.due(ALLOWED)
    assert (due.numbers, due.token, due.place) == ((1,), b"opened there", b"there")
    assert (await storage.cases.fetch(case.header.id, ANNA)).token == b"token there"


async def test_what_cannot_be_delivered_lies_in_the_inbox(storage: Storage) -> None:
    case = await waiting(storage)
    await storage.outbox.undeliverable(case.header.id, (1,), case.place)
    assert await states(storage, case) == {1: ReplyState.UNREACHABLE}
    assert await due_at(storage, ALLOWED) == []
    await storage.inboxes.mark_read(case.inbox, 1)
    assert await states(storage, case) == {1: ReplyState.READ}


async def test_of_an_erased_case_nothing_can_be_noted(storage: Storage) -> None:
    with pytest.raises(UnknownCase):
        await storage.outbox.delivered(os.urandom(16), (1,), lambda _: b"token", None)
    with pytest.raises(UnknownCase):
        await storage.outbox.undeliverable(os.urandom(16), (1,), None)
