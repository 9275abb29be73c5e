"""The person's side: his messages, codes, rules and erasure, found by the id of the inbox."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest

from intake.case import ContactRule, Level, State, Turn
from intake.errors import NoRoom
from storage import NewCase, Record, Storage, UnknownCase, open_storage
from storage.rows import ReplyState
from tests.storage.samples import (
    ANNA,
    DAY,
    NOW,
    a_case,
    a_draft,
    a_header,
    a_lock,
    after,
    answered,
    blank,
)
from tests.storage.test_cases import submitted


def in_a_day(_: Level) -> datetime:
    return datetime(2026, 3, 20, 15, tzinfo=NOW.tzinfo)


async def writes(storage: Storage, case: NewCase, sealed: bytes = b"message") -> bool:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    return await storage.inboxes.write(
        case.inbox, draft.id, 1, lambda _, number: sealed + b" %d" % number, NOW, in_a_day
    )


async def test_an_inbox_shows_how_things_stand(storage: Storage) -> None:
    case = await submitted(storage, replace(a_case(), place=b"place", token=b"token"))
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert (seen.header, seen.place) == (case.header, b"place")
    assert (seen.replies, seen.locks) == ((), ())
    assert await storage.inboxes.get(os.urandom(16)) is None


async def test_a_message_becomes_a_record_and_its_draft_ends(storage: Storage) -> None:
    case, draft = await submitted(storage), a_draft(revision=4)
    await storage.drafts.put(draft, None)
    write = _writing(storage, case, draft.id)
    assert not await write(3)
    assert await storage.drafts.get(draft.id) == draft
    assert await write(4)
    assert not await write(4)
    kept = await storage.cases.fetch(case.header.id, ANNA)
    assert kept.records[1:] == (Record(1, "message", b"sealed 1"),)
    assert await storage.drafts.get(draft.id) is None


async def test_what_does_not_fit_into_the_case_stays_a_draft(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case travels whole: thousands of messages would take the memory of server and desk."""
    case, draft = await submitted(storage), a_draft()
    await storage.drafts.put(draft, None)
    monkeypatch.setattr("storage.inboxes.ROOM", 3)
    assert await writes(storage, case)
    assert await writes(storage, case)
    with pytest.raises(NoRoom):
        await _writing(storage, case, draft.id)(1)
    assert await storage.drafts.get(draft.id) == draft
    assert len((await storage.cases.fetch(case.header.id, ANNA)).records) == 3


async def test_a_draft_may_end_in_a_tombstone(storage: Storage) -> None:
    case, draft = await submitted(storage), a_draft()
    await storage.drafts.put(draft, None)
    assert await storage.inboxes.write(
        case.inbox, draft.id, 1, blank, NOW, in_a_day, tombstone=after(draft)
    )
    assert await storage.drafts.get(draft.id) == after(draft)


async def test_a_message_to_an_erased_case_leaves_the_draft(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    with pytest.raises(UnknownCase):
        await _writing(storage, a_case(), draft.id)(1)
    assert await storage.drafts.get(draft.id) == draft


async def test_a_message_makes_it_our_turn_by_a_new_promise(storage: Storage) -> None:
    theirs = replace(a_header(), turn=Turn.THEIRS)
    case = await submitted(storage, a_case(theirs))
    assert await writes(storage, case)
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert seen.header == replace(theirs, turn=Turn.OURS, promised_by=in_a_day(Level.P2))


async def test_a_message_leaves_the_case_with_whoever_holds_it(storage: Storage) -> None:
    case = await submitted(storage)
    held = await storage.cases.take(case.header.id, ANNA, NOW, 1)
    assert await writes(storage, case)
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert seen.header == replace(held, promised_by=in_a_day(Level.P2))


async def test_a_message_opens_a_closed_case_again(storage: Storage) -> None:
    case = await submitted(storage, a_case(a_header(waited=50 * DAY)))
    await storage.cases.take(case.header.id, ANNA, NOW - 20 * DAY, 1)
    await storage.cases.close(case.header.id, ANNA, None, NOW - 20 * DAY)
    assert await writes(storage, case)
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert (seen.header.state, seen.header.holder) == (State.WAITING, None)
    assert seen.header.leased_until is None
    assert await storage.cases.erase_due(NOW + 29 * DAY) == 0  # his word counts, not the closing
    assert await storage.cases.erase_due(NOW + 30 * DAY) == 1


async def test_the_contact_rule_is_the_persons(storage: Storage) -> None:
    case = await submitted(storage)
    await storage.inboxes.set_contact(case.inbox, ContactRule(frozenset({3})))
    assert await _contact(storage, case) == ContactRule(frozenset({3}))
    with pytest.raises(UnknownCase):
        await storage.inboxes.set_contact(os.urandom(16), ContactRule.never())


async def test_never_ends_what_waits_to_be_sent(storage: Storage) -> None:
    case = await submitted(storage)
    await answered(storage, case, b"letter", b"token")
    await storage.outbox.begin(case.header.id)
    await storage.inboxes.set_contact(case.inbox, ContactRule.never())
    assert await storage.outbox.begin(case.header.id) is None
    await storage.inboxes.set_contact(case.inbox, ContactRule.any_time())
    assert await storage.outbox.due(NOW) == []
    assert await _states(storage, case) == {1: ReplyState.INBOX}


async def test_token_and_place_move_with_the_card(storage: Storage) -> None:
    case = await submitted(storage, replace(a_case(), token=b"old", place=b"old"))
    await storage.inboxes.set_place(case.inbox, lambda _: b"new token", b"new place", b"opened")
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert seen.place == b"new place"
    assert (await storage.cases.fetch(case.header.id, ANNA)).token == b"new token"


async def test_what_waits_to_be_announced_follows_the_card(storage: Storage) -> None:
    case = await submitted(storage, a_case())
    await storage.inboxes.set_contact(case.inbox, ContactRule.any_time())
    await answered(storage, case, b"letter", b"token")
    await storage.inboxes.set_place(case.inbox, lambda _: b"new token", b"new place", b"opened")
    (due,) = await storage.outbox.due(NOW)
    assert due.token == b"opened"
    await storage.outbox.left(case.header.id, due.numbers, due.place)
    assert await storage.outbox.due(NOW) == []
    assert await _states(storage, case) == {1: ReplyState.INBOX}
    await storage.inboxes.set_place(case.inbox, lambda _: b"newest", b"newest", b"opened")
    assert await storage.outbox.due(NOW) == []


async def test_a_lock_is_found_by_its_locator(storage: Storage) -> None:
    one, other = a_lock("one", "11112222"), a_lock("other", "33334444")
    case = await submitted(storage, replace(a_case(), locks=[one, other]))
    same = await submitted(storage, replace(a_case(), locks=[a_lock("one", "11112222")]))
    found = dict(await storage.inboxes.find_locks("11112222"))
    assert set(found) == {case.inbox, same.inbox}
    assert found[case.inbox] == one._replace(name="")
    assert await storage.inboxes.find_locks("00000000") == []


async def test_a_new_lock_replaces_the_one_of_its_name(storage: Storage) -> None:
    kept, old = a_lock("kept", "11111111"), a_lock("lost", "22222222")
    case = await submitted(storage, replace(a_case(), locks=[kept]))
    await storage.inboxes.put_lock(case.inbox, old)
    await storage.inboxes.put_lock(case.inbox, a_lock("lost", "44444444"))
    assert await storage.inboxes.find_locks(old.locator) == []
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert {lock.locator for lock in seen.locks} == {"11111111", "44444444"}
    with pytest.raises(UnknownCase):
        await storage.inboxes.put_lock(os.urandom(16), old)


async def test_reading_is_noted_once_and_for_all(storage: Storage) -> None:
    case = await submitted(storage)
    await answered(storage, case, b"letter", b"token")
    for _ in range(2):
        await storage.inboxes.mark_read(case.inbox, 1)
        assert await _states(storage, case) == {1: ReplyState.READ}
    assert await storage.outbox.due(NOW) == []
    await storage.inboxes.mark_read(case.inbox, 7)
    with pytest.raises(UnknownCase):
        await storage.inboxes.mark_read(os.urandom(16), 1)


async def test_of_an_erased_inbox_no_row_is_left(storage: Storage) -> None:
    draft, case = a_draft(), replace(a_case(), locks=[a_lock("one", "11112222")])
    await storage.drafts.put(draft, None)
    await submitted(storage, case)
    await answered(storage, case, b"letter", b"token")
    assert await storage.inboxes.erase(case.inbox, draft.id, day=NOW.date())
    assert not await storage.inboxes.erase(case.inbox, day=NOW.date())
    assert await storage.inboxes.get(case.inbox) is None
    assert await storage.drafts.get(draft.id) is None
    assert await storage.inboxes.find_locks("11112222") == []
    assert await storage.outbox.due(NOW) == []


async def test_a_message_and_erasure_in_the_same_instant_leave_nothing(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for _ in range(15):
        draft, case = a_draft(), await submitted(storage)
        await storage.drafts.put(draft, None)
        done = await asyncio.gather(
            _writing(other, case, draft.id)(1),
            storage.inboxes.erase(case.inbox, day=NOW.date()),
            _writing(storage, case, draft.id)(1),
            return_exceptions=True,
        )
        assert done[1] is True
        assert all(isinstance(told, bool | UnknownCase) for told in done)
        assert await storage.inboxes.get(case.inbox) is None
    await other.close()


def _writing(storage: Storage, case: NewCase, draft_id: bytes) -> Callable[[int], Awaitable[bool]]:
    return lambda expected: storage.inboxes.write(
        case.inbox, draft_id, expected, lambda _, number: b"sealed %d" % number, NOW, in_a_day
    )


async def _contact(storage: Storage, case: NewCase) -> ContactRule:
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    return seen.header.contact


async def _states(storage: Storage, case: NewCase) -> dict[int, ReplyState]:
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    return {reply.number: reply.state for reply in seen.replies}


async def test_what_is_begun_and_erased_in_the_same_instant_leaves_nothing(
    storage: Storage, address: str
) -> None:
    another = await open_storage(address)
    for _ in range(20):
        case, letter = await submitted(storage, a_case()), a_draft()
        kept, erased = await asyncio.gather(
            storage.inboxes.keep_text(case.inbox, letter, None),
            another.inboxes.erase(case.inbox, letter.id, day=NOW.date()),
            return_exceptions=True,
        )
        assert kept is True or isinstance(kept, UnknownCase)
        assert erased is True
        assert await storage.drafts.get(letter.id) is None
    await another.close()
