"""Cases: submission together with the end of the draft, further records, erasure."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from intake.case import ContactRule, State
from storage import DraftRow, NewCase, Record, Storage, UnknownCase, open_storage
from storage.rows import Sealing
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
    blank,
    queued,
)


async def submitted(storage: Storage, case: NewCase | None = None) -> NewCase:
    case = case or a_case()
    draft = a_draft()
    await storage.drafts.put(draft, None)
    assert await storage.cases.submit(after(draft), 1, case)
    return case


async def test_a_submitted_case_comes_back_whole(storage: Storage) -> None:
    case = await submitted(storage)
    kept = await storage.cases.fetch(case.header.id, OLGA)
    assert kept.header == case.header
    assert kept.public_key == case.public_key
    assert list(kept.records) == case.records
    assert kept.wrap == case.wraps[OLGA]


async def test_submission_leaves_the_tombstone_in_the_place_of_the_draft(
    storage: Storage,
) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    await storage.cases.submit(after(draft), 1, a_case())
    assert await storage.drafts.get(draft.id) == after(draft)


async def test_a_submission_from_an_old_revision_writes_nothing(storage: Storage) -> None:
    draft, case = a_draft(), a_case()
    await storage.drafts.put(draft, None)
    assert not await storage.cases.submit(after(draft), 7, case)
    assert await storage.drafts.get(draft.id) == draft
    assert await queued(storage, ANNA, NOW) == []


async def test_of_two_submissions_of_one_draft_one_becomes_a_case(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    cases = [a_case() for _ in range(6)]
    done = await asyncio.gather(*(storage.cases.submit(after(draft), 1, case) for case in cases))
    assert done.count(True) == 1
    assert await queued(storage, ANNA, NOW) == [cases[done.index(True)].header]


async def test_a_submission_that_fails_halfway_leaves_the_draft(storage: Storage) -> None:
    first = await submitted(storage)
    draft = a_draft()
    await storage.drafts.put(draft, None)
    with pytest.raises(Exception, match="database reported a fault"):
        await storage.cases.submit(after(draft), 1, a_case(first.header))  # the id is taken
    assert await storage.drafts.get(draft.id) == draft
    assert await storage.cases.submit(after(draft), 1, a_case())


async def test_records_are_sealed_for_the_number_they_get(storage: Storage) -> None:
    case = await submitted(storage)
    numbers = [
        await storage.cases.append(case.header.id, kind, lambda _, number: b"sealed %d" % number)
        for kind in ("note", "reply")
    ]
    assert numbers == [1, 2]
    kept = await storage.cases.fetch(case.header.id, ANNA)
    assert kept.records[1:] == (Record(1, "note", b"sealed 1"), Record(2, "reply", b"sealed 2"))


async def test_records_added_at_once_get_numbers_of_their_own(storage: Storage) -> None:
    case = await submitted(storage)
    adding = (storage.cases.append(case.header.id, "note", blank) for _ in range(12))
    assert sorted(await asyncio.gather(*adding)) == list(range(1, 13))


async def test_a_record_that_cannot_be_sealed_is_not_added(storage: Storage) -> None:
    case = await submitted(storage)

    def refuse(_: Sealing, __: int) -> bytes:
        raise ValueError("not sealed")

    with pytest.raises(ValueError, match="not sealed"):
        await storage.cases.append(case.header.id, "note", refuse)
    assert await storage.cases.append(case.header.id, "note", blank) == 1


async def test_the_answers_after_an_early_send_end_the_draft(storage: Storage) -> None:
    case = await submitted(storage)
    draft = a_draft(revision=8)
    await storage.drafts.put(draft, None)
    send = _sending(storage, draft, case.header.id)
    assert not await send(7)
    assert await send(8)
    assert not await send(8)
    kept = await storage.cases.fetch(case.header.id, ANNA)
    assert [(part.number, part.kind) for part in kept.records] == [(0, "answers"), (1, "answers")]
    assert await storage.drafts.get(draft.id) == after(draft)


async def test_answers_to_an_erased_case_leave_the_draft(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    with pytest.raises(UnknownCase):
        await _sending(storage, draft, a_header().id)(1)
    assert await storage.drafts.get(draft.id) == draft


async def test_an_erased_case_is_gone_and_others_stay(storage: Storage) -> None:
    gone, kept = await submitted(storage), await submitted(storage)
    await storage.cases.erase(gone.header.id, NOW.date())
    await storage.cases.erase(gone.header.id, NOW.date())
    assert await queued(storage, ANNA, NOW) == [kept.header]
    with pytest.raises(UnknownCase):
        await storage.cases.fetch(gone.header.id, ANNA)
    with pytest.raises(UnknownCase):
        await storage.cases.append(gone.header.id, "note", blank)
    assert (await storage.cases.fetch(kept.header.id, ANNA)).wrap == kept.wraps[ANNA]


async def test_whoever_knows_the_inbox_may_erase_the_case(storage: Storage) -> None:
    gone, kept = await submitted(storage), await submitted(storage)
    assert await storage.inboxes.erase(gone.inbox, day=NOW.date())
    assert not await storage.inboxes.erase(gone.inbox, day=NOW.date())
    assert await queued(storage, ANNA, NOW) == [kept.header]


async def test_a_draft_and_its_case_are_erased_in_one(storage: Storage) -> None:
    draft, case, kept = a_draft(), a_case(), await submitted(storage)
    await storage.drafts.put(draft, None)
    await storage.cases.submit(after(draft), 1, case)
    assert await storage.cases.erase_draft_and_inbox(draft.id, case.inbox, NOW.date())
    assert not await storage.cases.erase_draft_and_inbox(draft.id, case.inbox, NOW.date())
    assert await storage.drafts.get(draft.id) is None
    assert await queued(storage, ANNA, NOW) == [kept.header]


async def test_what_is_sent_elsewhere_while_it_is_erased_is_erased_too(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for _ in range(20):
        draft, case = a_draft(), a_case()
        await storage.drafts.put(draft, None)
        await asyncio.gather(
            other.cases.submit(after(draft), 1, case),
            storage.cases.erase_draft_and_inbox(draft.id, case.inbox, NOW.date()),
            other.cases.submit(after(draft), 1, case),
        )
        assert await storage.drafts.get(draft.id) is None
    assert await queued(storage, ANNA, NOW) == []
    await other.close()


async def test_a_member_without_a_wrap_cannot_fetch(storage: Storage) -> None:
    case = await submitted(storage)
    with pytest.raises(UnknownCase):
        await storage.cases.fetch(case.header.id, EVA)


async def test_what_was_nobodys_for_thirty_days_is_erased(storage: Storage) -> None:
    old, lapsed, lately, held, young = [
        await submitted(storage, a_case(a_header(waited=waited)))
        for waited in (31 * DAY, 61 * DAY, 61 * DAY, 31 * DAY, 29 * DAY)
    ]
    await storage.cases.take(lapsed.header.id, ANNA, NOW - 31 * DAY, 9)
    await storage.cases.take(lately.header.id, ANNA, NOW - 30 * DAY, 9)
    await storage.cases.take(held.header.id, ANNA, NOW, 9)
    assert await storage.cases.erase_due(NOW) == 2
    left = {header.id for header in await queued(storage, ANNA, NOW)}
    assert left == {lately.header.id, held.header.id, young.header.id}
    assert old.header.id not in left


async def test_a_closed_case_is_erased_thirty_days_after_closing(storage: Storage) -> None:
    case = await submitted(storage, a_case(a_header(waited=20 * DAY)))
    await storage.cases.take(case.header.id, ANNA, NOW, 9)
    closed = await storage.cases.close(case.header.id, ANNA, None, NOW)
    assert closed.state is State.CLOSED
    assert await queued(storage, ANNA, NOW) == []
    assert await storage.cases.erase_due(NOW + 30 * DAY - HOUR) == 0
    assert await storage.cases.erase_due(NOW + 30 * DAY) == 1


def _sending(storage: Storage, draft: DraftRow, case_id: bytes) -> Callable[[int], Awaitable[bool]]:
    return lambda expected: storage.cases.append_with_draft(
        after(draft),
        expected,
        case_id,
        "answers",
        lambda _, number: b"all %d" % number,
        ContactRule.never(),
    )
