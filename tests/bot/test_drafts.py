"""Sealed drafts: what is erased stays erased, whatever another server does at the same time."""

import os
from datetime import UTC, datetime
from pathlib import Path

from bot.cases import CaseMaker
from bot.drafts import SealedDrafts
from bot.locks import Locks
from handlers.ports import Submission
from intake.draft import Draft
from storage import Storage, open_storage
from storage.cases import Cases
from storage.migrations import upgrade
from tests.organisation import House


def now() -> datetime:
    return datetime.now(UTC)


class Interrupted(Cases):
    """Cases at which another server submits right after each erasure."""

    def __init__(self, storage: Storage, other: SealedDrafts, submission: Submission) -> None:
        super().__init__(storage.database)
        self._other = other
        self._submission = submission

    async def erase_inbox(self, inbox: bytes) -> bool:
        done = await super().erase_inbox(inbox)
        await self._other.submit(self._submission)
        return done

    async def erase_draft_and_inbox(self, draft_id: bytes, inbox: bytes) -> bool:
        done = await super().erase_draft_and_inbox(draft_id, inbox)
        await self._other.submit(self._submission)
        return done


async def test_nothing_erased_comes_back_by_a_send_that_was_under_way(tmp_path: Path) -> None:
    house = House(tmp_path)
    address = f"sqlite:///{tmp_path / 'drafts.db'}"
    await upgrade(address)
    storage, other = await open_storage(address), await open_storage(address)
    maker = CaseMaker(house.form, house.roster, os.urandom(32), now, os.urandom)
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
    assert await storage.cases.queue(house.anna.key_id, now()) == []
    await storage.close()
    await other.close()
