"""Sealed drafts: what is erased stays erased, whatever another server does at the same time."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.drafts import LIFE, SealedDrafts
from bot.locks import Locks
from handlers.ports import Composed, Sent, Stored, Submission
from intake.draft import Draft
from storage import Storage, open_storage
from storage.cases import Cases
from storage.migrations import upgrade
from tests.bot.answering import Kept, kept
from tests.organisation import House


def now() -> datetime:
    return datetime.now(UTC)


class Interrupted(Cases):
    """Cases at which another server submits right after each erasure."""

    def __init__(self, storage: Storage, other: SealedDrafts, submission: Submission) -> None:
        super().__init__(storage.database)
        self._other = other
        self._submission = submission

    async def erase_draft_and_inbox(self, draft_id: bytes, inbox: bytes, day: date) -> bool:
        done = await super().erase_draft_and_inbox(draft_id, inbox, day)
        await self._other.submit(self._submission)
        return done


async def test_nothing_erased_comes_back_by_a_send_that_was_under_way(tmp_path: Path) -> None:
    house = House(tmp_path)
    address = f"sqlite:///{tmp_path / 'drafts.db'}"
    await upgrade(address)
    storage, other = await open_storage(address), await open_storage(address)
    maker = house.maker(house.roster, now)
    locks = Locks(os.urandom)
    theirs = SealedDrafts(other.drafts, other.cases, other.inboxes, maker, locks, now, os.urandom)
    secret = theirs.new_secret()
    draft = Draft("en", "", answers={"consent": "yes"})
    await theirs.save(secret, draft, None)
    submission = Submission(secret, draft, 1, 5, 6, early=False)
    cases = Interrupted(storage, theirs, submission)
    ours = SealedDrafts(storage.drafts, cases, storage.inboxes, maker, locks, now, os.urandom)
    await ours.erase(secret)
    assert await theirs.open(secret) is None
    listing = await storage.cases.queue(house.anna.key_id, now(), lead=False)
    assert listing.matching == 0
    await storage.close()
    await other.close()


@pytest.fixture(name="line")
async def _line(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


async def test_the_receipt_is_the_same_when_it_is_drawn_again(line: Kept) -> None:
    secret, sent = await _sent(line)
    assert sent.code is not None
    assert await line.drafts.open(secret) == sent


async def test_a_code_that_was_replaced_is_shown_no_more(line: Kept) -> None:
    secret, sent = await _sent(line)
    assert await line.inboxes.issue(sent.inbox, "k1", erase=False)
    assert await line.drafts.open(secret) == Sent("en", sent.inbox)


async def test_an_old_card_still_leads_to_the_inbox_when_the_draft_is_gone(line: Kept) -> None:
    secret, sent = await _sent(line)
    line.clock.now += LIFE + timedelta(hours=1)
    assert await line.drafts.open(secret) == Sent("en", sent.inbox)
    await line.storage.drafts.expire(line.clock())
    assert await line.drafts.open(secret) == Sent("en", sent.inbox)
    await line.inboxes.erase(sent.inbox)
    assert await line.drafts.open(secret) is None


async def test_an_interview_left_after_an_early_send_leads_to_the_inbox_as_well(line: Kept) -> None:
    secret, draft = line.drafts.new_secret(), Draft("en", "", answers={"consent": "yes"})
    await line.drafts.save(secret, draft, None)
    went = await line.drafts.submit(Submission(secret, draft, 1, 5, 6, early=True))
    assert isinstance(went, Stored)
    line.clock.now += LIFE + timedelta(hours=1)
    left = await line.drafts.open(secret)
    assert isinstance(left, Sent)
    assert await line.inboxes.look(left.inbox, 5) is not None


async def test_the_end_of_an_early_sent_interview_shows_the_code_of_its_beginning(
    line: Kept,
) -> None:
    secret, draft = line.drafts.new_secret(), Draft("en", "", answers={"consent": "yes"})
    await line.drafts.save(secret, draft, None)
    went = await line.drafts.submit(Submission(secret, draft, 1, 5, 6, early=True))
    assert isinstance(went, Stored)
    again = Submission(secret, went.draft, went.revision, 5, 6, early=False)
    sent = await line.drafts.submit(again)
    assert isinstance(sent, Sent)
    assert sent.code is not None
    assert await line.inboxes.enter(sent.code) == sent.inbox


async def test_erasing_by_the_draft_takes_the_unfinished_message_along(line: Kept) -> None:
    secret, sent = await _sent(line)
    await line.inboxes.save_text(sent.inbox, "One", 7, 0)
    await line.drafts.erase(secret)
    assert await line.inboxes.compose(sent.inbox) == Composed()
    assert await line.drafts.open(secret) is None


async def _sent(line: Kept) -> tuple[str, Sent]:
    secret, draft = line.drafts.new_secret(), Draft("en", "", answers={"consent": "yes"})
    await line.drafts.save(secret, draft, None)
    sent = await line.drafts.submit(Submission(secret, draft, 1, 5, 6, early=False))
    assert isinstance(sent, Sent)
    return secret, sent
