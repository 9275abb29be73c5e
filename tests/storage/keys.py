"""Rosters that are taken up, and cases under fresh keys. Storage must not care what is sealed."""

import os
from collections.abc import Collection
from datetime import datetime

from handlers.key_ports import NewCaseKey
from intake.ledger import GENESIS, Event, Kind, chained
from intake.wire import state_of
from storage import Storage, StoredCase
from storage.rosters import Withdrawn
from tests.storage.samples import NOW

DAY_OF_NOW = NOW.date()


async def take_up(
    storage: Storage,
    epoch: int,
    *members: str,
    revoked: Collection[str] = (),
    now: datetime = NOW,
) -> Withdrawn:
    """A roster of this epoch, with these key ids on it, is in force."""
    event = Event(kind=Kind.EPOCH, day=now.date(), epoch=epoch, roster=f"{epoch:064x}")
    return await storage.rosters.take_up(event, {"roster epoch": epoch}, members, revoked, now)


async def told(storage: Storage) -> list[Event]:
    """The whole record, its chain checked."""
    found, head, after = list[Event](), GENESIS, 0
    while True:
        page = await storage.ledger.page(after)
        assert (page.after, page.head) == (after, head)
        for body in page.events:
            head = chained(head, body)
            found.append(Event.from_bytes(body))
        after = len(found)
        if after == page.total:
            return found


def fresh(case: StoredCase, epoch: int, *members: str) -> NewCaseKey:
    """The case as a desk would send it: other bytes, as long as they were."""
    records = [(number, kind, os.urandom(len(sealed))) for number, kind, sealed in case.records]
    return NewCaseKey(
        id=case.header.id,
        was=state_of(case.public_key, case.token, len(records), case.openers),
        epoch=epoch,
        public_key=os.urandom(1216),
        records=[*records, (len(records), "note", os.urandom(900))],
        wraps={name: os.urandom(1168) for name in case.openers if name in members},
        token=None if case.token is None else os.urandom(len(case.token)),
    )
