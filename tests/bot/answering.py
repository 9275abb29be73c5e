"""A case on real storage, and a desk that answers it: for tests of what lies between the two."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.drafts import SealedDrafts
from bot.inboxes import SealedInboxes
from bot.locks import Locks
from bot.tokens import Tokens
from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.opening import open_record
from crypto.sealing import Context, SealedRecord, seal_record
from handlers.ports import Sent, Submission
from intake.case import to_the_hour
from intake.draft import Draft
from intake.records import LETTER, REPLY, Letter
from storage import Storage, open_storage
from storage.migrations import upgrade
from storage.rows import Record, StoredCase
from tests.line import case_key, opened, token_of
from tests.organisation import House

LOCKS = Locks(os.urandom)
"""One for all tests: its thread is never given back."""


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Kept:
    """Storage with the two parts that people reach it through, and Anna's desk beside it."""

    storage: Storage
    house: House
    clock: Clock
    drafts: SealedDrafts
    inboxes: SealedInboxes
    tokens: Tokens

    async def sent(self, chat: int = 5, card: int = 6, **answers: Any) -> Sent:
        """Somebody's case, sent from this card of this chat."""
        secret = DraftSecret.new(os.urandom).text
        draft = Draft("en", "", answers={"consent": "yes", **answers})
        await self.drafts.save(secret, draft, None)
        submission = Submission(secret, draft, 1, chat, card, early=False)
        done = await self.drafts.submit(submission)
        assert isinstance(done, Sent)
        return done

    async def case(self, inbox: str) -> StoredCase:
        """The case behind an inbox, as Anna fetches it."""
        row = await self.storage.inboxes.get(InboxSecret.parse(inbox).id)
        assert row is not None
        return await self.storage.cases.fetch(row.header.id, self.house.anna.key_id)

    async def reply(
        self, inbox: str, text: str, codeword: str | None = None, token: bytes | None = None
    ) -> int:
        """Anna takes the case and answers; the number of her reply."""
        anna, now = self.house.anna.key_id, self.clock()
        case = await self.case(inbox)
        header = case.header
        await self.storage.cases.take(header.id, anna, now, 100)
        to = opened(case, self.house)[0].inbox
        assert to is not None
        letter = Letter(at=to_the_hour(now), text=text, codeword=codeword)
        number = len(case.records)

        def sealed(public: bytes, kind: str, plain: bytes) -> bytes:
            context = Context(header.id, number, kind, header.form, header.epoch)
            return seal_record(public, context, plain).data

        record = Record(number, REPLY, sealed(case.public_key, REPLY, text.encode()))
        await self.storage.cases.reply(
            header.id,
            anna,
            now,
            record,
            sealed(to, LETTER, letter.to_bytes()),
            token or token_of(case, self.house),
        )
        return number

    async def read(self, inbox: str, number: int) -> bytes:
        """One record of the case, as Anna opens it."""
        case = await self.case(inbox)
        header, record = case.header, case.records[number]
        context = Context(header.id, number, record.kind, header.form, header.epoch)
        return open_record(case_key(case, self.house), context, SealedRecord(record.sealed))

    async def states(self, inbox: str) -> list[str]:
        """What became of the replies, in order."""
        row = await self.storage.inboxes.get(InboxSecret.parse(inbox).id)
        assert row is not None
        return [reply.state.value for reply in row.replies]


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[Kept]:
    """A new database in `folder`, and an organisation with Anna in it."""
    house, clock = House(folder), Clock()
    house.sign(house.roster(timedelta(days=9000)))
    address = f"sqlite:///{folder / 'kept.db'}"
    await upgrade(address)
    storage = await open_storage(address)
    tokens = Tokens(house.return_key, os.urandom)
    maker = house.maker(house.roster, clock)
    try:
        yield Kept(
            storage,
            house,
            clock,
            SealedDrafts(
                storage.drafts, storage.cases, storage.inboxes, maker, LOCKS, clock, os.urandom
            ),
            SealedInboxes(
                storage.inboxes, storage.drafts, house.form, tokens, LOCKS, clock, os.urandom
            ),
            tokens,
        )
    finally:
        await storage.close()
