"""Drafts: conditional writes, expiry, and what two taps in the same instant do."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from storage import DraftRow, Storage, open_storage
from tests.storage.samples import HOUR, NOW, a_draft, after


async def test_a_draft_comes_back_as_it_was_put(storage: Storage) -> None:
    draft = a_draft()
    assert await storage.drafts.put(draft, None)
    assert await storage.drafts.get(draft.id) == draft


async def test_an_unknown_draft_is_none(storage: Storage) -> None:
    assert await storage.drafts.get(a_draft().id) is None


async def test_an_expiry_is_kept_rounded_up_to_the_hour(storage: Storage) -> None:
    draft = replace(a_draft(), expires=NOW)
    await storage.drafts.put(draft, None)
    kept = await storage.drafts.get(draft.id)
    assert kept is not None
    assert kept.expires == datetime(2026, 3, 14, 16, tzinfo=UTC)


async def test_a_draft_is_not_begun_twice(storage: Storage) -> None:
    draft = a_draft()
    assert await storage.drafts.put(draft, None)
    assert not await storage.drafts.put(replace(draft, sealed=b"other"), None)
    assert await storage.drafts.get(draft.id) == draft


async def test_a_write_from_an_old_revision_changes_nothing(storage: Storage) -> None:
    draft = a_draft()
    newer = after(draft, b"newer")
    await storage.drafts.put(draft, None)
    assert await storage.drafts.put(newer, 1)
    assert not await storage.drafts.put(after(draft, b"late"), 1)
    assert await storage.drafts.get(draft.id) == newer


async def test_a_write_to_a_draft_that_is_gone_changes_nothing(storage: Storage) -> None:
    draft = a_draft()
    assert not await storage.drafts.put(after(draft), 1)
    assert await storage.drafts.get(draft.id) is None


async def test_ids_that_share_their_first_half_are_still_two_drafts(storage: Storage) -> None:
    draft = a_draft()
    twin = replace(draft, id=draft.id[:8] + bytes(8))
    await storage.drafts.put(draft, None)
    assert not await storage.drafts.put(twin, None)
    assert not await storage.drafts.put(after(twin), 1)
    assert await storage.drafts.get(twin.id) is None
    await storage.drafts.delete(twin.id)
    assert await storage.drafts.get(draft.id) == draft


async def test_of_many_taps_in_one_instant_one_is_written(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    taps = [after(draft, b"tap %d" % number) for number in range(40)]
    done = await asyncio.gather(*(storage.drafts.put(tap, 1) for tap in taps))
    assert done.count(True) == 1
    assert await storage.drafts.get(draft.id) == taps[done.index(True)]


async def test_two_processes_do_not_both_win(storage: Storage, address: str) -> None:
    other = await open_storage(address)
    drafts = [a_draft() for _ in range(30)]
    for draft in drafts:
        await storage.drafts.put(draft, None)
    here, there = await asyncio.gather(
        asyncio.gather(*(storage.drafts.put(after(draft, b"here"), 1) for draft in drafts)),
        asyncio.gather(*(other.drafts.put(after(draft, b"there"), 1) for draft in drafts)),
    )
    assert [a != b for a, b in zip(here, there, strict=True)] == [True] * 30
    for draft, won in zip(drafts, here, strict=True):
        assert await other.drafts.get(draft.id) == after(draft, b"here" if won else b"there")
    await other.close()


async def test_many_drafts_at_once_each_get_their_own_answer(storage: Storage) -> None:
    drafts = [a_draft() for _ in range(100)]
    assert all(await asyncio.gather(*(storage.drafts.put(draft, None) for draft in drafts)))
    mixed = [(after(draft), 1 if number % 3 else 5) for number, draft in enumerate(drafts)]
    done = await asyncio.gather(*(storage.drafts.put(row, at) for row, at in mixed))
    assert done == [at == 1 for _, at in mixed]
    kept = await asyncio.gather(*(storage.drafts.get(draft.id) for draft in drafts))
    expected = [after(old) if ok else old for old, ok in zip(drafts, done, strict=True)]
    assert kept == expected


async def test_a_caller_who_gives_up_does_not_harm_the_others(storage: Storage) -> None:
    drafts = [a_draft() for _ in range(20)]
    tasks = [asyncio.create_task(storage.drafts.put(draft, None)) for draft in drafts]
    await asyncio.sleep(0)
    tasks[3].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [result for number, result in enumerate(done) if number != 3] == [True] * 19
    assert isinstance(done[3], asyncio.CancelledError)


async def test_a_deleted_draft_is_gone_and_may_be_begun_anew(storage: Storage) -> None:
    draft = a_draft()
    await storage.drafts.put(draft, None)
    await storage.drafts.delete(draft.id)
    await storage.drafts.delete(draft.id)
    assert await storage.drafts.get(draft.id) is None
    assert await storage.drafts.put(draft, None)


async def test_drafts_expire_when_their_hour_has_come(storage: Storage) -> None:
    early, late = _expiring_in(1), _expiring_in(5)
    for draft in (early, late):
        await storage.drafts.put(draft, None)
    assert await storage.drafts.expire(NOW) == 0
    assert await storage.drafts.expire(early.expires) == 1
    assert await storage.drafts.get(early.id) is None
    assert await storage.drafts.get(late.id) == late


def _expiring_in(hours: int) -> DraftRow:
    return replace(a_draft(), expires=datetime(2026, 3, 14, 15, tzinfo=UTC) + hours * HOUR)
