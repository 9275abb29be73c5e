"""Cases: submission, further records, alerts and erasure.

What members see of them is in `storage/queue.py`, what they do in `storage/acts.py`.

Submission and the end of its draft are one transaction: no instant exists at which a case is
there twice, or neither case nor draft. Nothing here can open what it stores.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from intake.case import CaseHeader, ContactRule, Level, State, Turn
from storage.acts import Acts
from storage.counts import raise_count
from storage.database import Database
from storage.drafts import remove_draft, replace_draft
from storage.headers import COLUMNS, from_row, to_columns
from storage.parts import (
    Seal,
    allow,
    append,
    erase,
    insert_record,
    insert_wrap,
    is_case,
    locked,
    put_lock,
)
from storage.queue import Queue
from storage.rows import Count, DraftRow, NewCase, to_seconds
from storage.tables import cases, slot_of

UNTOLD, TOLD, TELLING = 0, 1, 2
"""What the column `alerted` says: whether those whom a case concerns were alerted."""

KEPT = timedelta(days=30)
"""How long a case is kept that is nobody's: see `Cases.erase_due`."""

__all__ = ["KEPT", "Cases", "Seal"]


class Cases(Queue, Acts):
    """All submitted cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(self, tombstone: DraftRow, expected: int, case: NewCase) -> bool:
        """Put `tombstone` in the draft's place and the case beside it, both or neither.

        False: the draft is not at revision `expected` any more, and nothing was written.
        """

        def work(connection: Connection) -> bool:
            if not replace_draft(connection, tombstone, expected):
                return False
            _insert_case(connection, case)
            _count(connection, case.counted)
            return True

        done = await self._database.write(work)
        await self._database.settle()
        return done

    async def append(self, case_id: bytes, kind: str, seal: Seal) -> int:
        """Add a record sealed for the number it gets; returns the number. Raises UnknownCase."""
        return await self._database.write(
            lambda connection: _append(connection, case_id, kind, seal)
        )

    async def append_with_draft(
        self,
        tombstone: DraftRow,
        expected: int,
        case_id: bytes,
        kind: str,
        seal: Seal,
        contact: ContactRule,
        counted: Count | None = None,
    ) -> bool:
        """The final answers after an early send: the record and the end of the draft in one, and
        when the person may be written to by what he answered since.

        False: the draft is not at revision `expected` any more, and nothing was written.
        Raises UnknownCase (and writes nothing) when the case was erased meanwhile.
        """

        def work(connection: Connection) -> bool:
            if not replace_draft(connection, tombstone, expected):
                return False
            case = locked(connection, is_case(case_id))
            allow(connection, case, contact)
            append(connection, case, kind, seal)
            _count(connection, counted)
            return True

        done = await self._database.write(work)
        await self._database.settle()
        return done

    async def erase(self, case_id: bytes, day: date) -> None:
        """Wraps first, then records, then the case; afterwards nothing of it is on the disk.

        `day`: what the record of key events is to say of when.
        """
        await self._database.write(lambda connection: erase(connection, is_case(case_id), day))
        await self._database.compact()

    async def erase_draft_and_inbox(self, draft_id: bytes, inbox: bytes, day: date) -> bool:
        """Erase a draft and the case it became, in one; whether there was a case.

        The draft goes first: whoever submits it at the same instant waits for its row and then
        finds none, or was there before and is found by the inbox.
        """

        def work(connection: Connection) -> bool:
            remove_draft(connection, draft_id)
            return bool(erase(connection, cases.c.inbox == inbox, day))

        gone = await self._database.write(work)
        await self._database.compact()
        return gone

    async def unalerted(self, levels: Collection[Level]) -> list[CaseHeader]:
        """Open cases of these levels in which it is our turn and not everybody was told of it.

        They count as being told of from now on: what comes in while they are is told once more.
        """
        clause = (
            select(*COLUMNS)
            .where(
                cases.c.alerted != TOLD,
                cases.c.level.in_([level.value for level in levels]),
                cases.c.state != State.CLOSED.value,
                cases.c.turn == Turn.OURS.value,
            )
            .order_by(cases.c.level, cases.c.received, cases.c.slot)
        )

        def work(connection: Connection) -> list[CaseHeader]:
            found = [from_row(row) for row in connection.execute(clause)]
            slots = [slot_of(header.id) for header in found]
            if slots:
                telling = update(cases).where(cases.c.slot.in_(slots), cases.c.alerted == UNTOLD)
                connection.execute(telling.values(alerted=TELLING))
            return found

        if not await self._database.read(lambda connection: connection.execute(clause).first()):
            return []  # every ten seconds, and mostly so: nothing is written for it
        return await self._database.write(work)

    async def alerted(self, case_id: bytes) -> None:
        """Whom it concerns was told, unless the person wrote again or the level was raised since
        `unalerted` named the case."""
        told = update(cases).where(is_case(case_id), cases.c.alerted == TELLING)
        told = told.values(alerted=TOLD)
        await self._database.write(lambda connection: connection.execute(told))

    async def received_before(self, moment: datetime) -> int:
        """How many cases came before this, whatever became of them since."""
        clause = select(func.count()).where(cases.c.received < to_seconds(moment))
        return await self._database.read(lambda connection: connection.execute(clause).scalar_one())

    async def erase_due(self, now: datetime) -> int:
        """Erase what was nobody's for `KEPT`; returns how many.

        Counted from the end of the last lease, from giving back or closing, or from the person's
        last word to a case that nobody held; of what nobody ever took, from when it came.
        """
        last = func.coalesce(cases.c.leased_until, cases.c.received)
        over = last <= to_seconds(now - KEPT)
        day = now.date()
        gone = await self._database.write(lambda connection: erase(connection, over, day))
        if gone:
            await self._database.compact()
        return gone


def _insert_case(connection: Connection, case: NewCase) -> None:
    case_id = case.header.id
    connection.execute(insert(cases), _columns(case))
    for record in case.records:
        insert_record(connection, case_id, record)
    for key_id, sealed in sorted(case.wraps.items()):
        insert_wrap(connection, case_id, key_id, sealed)
    for lock in case.locks:
        put_lock(connection, case_id, lock)


def _columns(case: NewCase) -> dict[str, Any]:
    own = {"public_key": case.public_key, "inbox": case.inbox, "origin": case.origin}
    return to_columns(case.header) | own | {"token": case.token, "place": case.place}


def _count(connection: Connection, count: Count | None) -> None:
    if count is not None:
        raise_count(connection, count)


def _append(connection: Connection, case_id: bytes, kind: str, seal: Seal) -> int:
    return append(connection, locked(connection, is_case(case_id)), kind, seal)
