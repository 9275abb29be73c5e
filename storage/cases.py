"""Cases: submission, further records, and erasure. The queue is in `storage/queue.py`.

Submission and the end of its draft are one transaction: no instant exists at which a case is
there twice, or neither case nor draft. Nothing here can open what it stores.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from intake.case import State
from storage.database import Database
from storage.drafts import remove_draft, replace_draft
from storage.errors import UnknownCase
from storage.headers import to_columns
from storage.queue import Queue
from storage.rows import DraftRow, NewCase, Record, Sealing, to_seconds
from storage.tables import cases, records, slot_of, slot_within, wraps

Seal = Callable[[int], bytes]
"""Makes the sealed bytes of a record from its number, which the seal binds."""

KEPT = timedelta(days=30)
"""How long a case is kept that nobody took, or that was closed."""

LAPSED = timedelta(days=7)
"""How long a case is kept, whatever its age, after a lease on it ended: she may be at it still."""


class Cases(Queue):
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
        self, tombstone: DraftRow, expected: int, case_id: bytes, kind: str, seal: Seal
    ) -> bool:
        """The final answers after an early send: the record and the end of the draft in one.

        False: the draft is not at revision `expected` any more, and nothing was written.
        Raises UnknownCase (and writes nothing) when the case was erased meanwhile.
        """

        def work(connection: Connection) -> bool:
            if not replace_draft(connection, tombstone, expected):
                return False
            _append(connection, case_id, kind, seal)
            return True

        done = await self._database.write(work)
        await self._database.settle()
        return done

    async def erase(self, case_id: bytes) -> None:
        """Wraps first, then records, then the case; afterwards nothing of it is on the disk."""
        await self._database.write(lambda connection: _erase(connection, [slot_of(case_id)]))
        await self._database.compact()

    async def erase_inbox(self, inbox: bytes) -> bool:
        """Erase the case that belongs to this inbox; whether there was one."""
        found = select(cases.c.slot).where(cases.c.inbox == inbox)

        def work(connection: Connection) -> bool:
            slots = list(connection.scalars(found))
            _erase(connection, slots)
            return bool(slots)

        gone = await self._database.write(work)
        if gone:
            await self._database.compact()
        return gone

    async def erase_draft_and_inbox(self, draft_id: bytes, inbox: bytes) -> bool:
        """Erase a draft and the case it became, in one; whether there was a case.

        The draft goes first: whoever submits it at the same instant waits for its row and then
        finds none, or was there before and is found by the inbox.
        """
        found = select(cases.c.slot).where(cases.c.inbox == inbox)

        def work(connection: Connection) -> bool:
            remove_draft(connection, draft_id)
            slots = list(connection.scalars(found))
            _erase(connection, slots)
            return bool(slots)

        gone = await self._database.write(work)
        await self._database.compact()
        return gone

    async def sealing(self, case_id: bytes) -> Sealing:
        """The public half of a case, to add to it. Raises UnknownCase."""
        clause = select(cases.c.public_key, cases.c.form, cases.c.epoch).where(
            cases.c.slot == slot_of(case_id), cases.c.id == case_id
        )
        row = await self._database.read(lambda connection: connection.execute(clause).first())
        if row is None:
            raise UnknownCase("This case does not exist any more.")
        return Sealing(*row)

    async def erase_due(self, now: datetime) -> int:
        """Erase what nobody took for `KEPT`, or was closed that long ago; returns how many.

        What somebody held within the last `LAPSED` was taken, though her lease has ended.
        """
        before, lapsed = to_seconds(now - KEPT), to_seconds(now - LAPSED)
        untaken = (cases.c.received <= before) & (
            (cases.c.state == State.WAITING.value)
            | ((cases.c.state == State.TAKEN.value) & (cases.c.leased_until <= lapsed))
        )
        closed = (cases.c.state == State.CLOSED.value) & (cases.c.leased_until <= before)

        def work(connection: Connection) -> int:
            due = list(connection.scalars(select(cases.c.slot).where(untaken | closed)))
            _erase(connection, due)
            return len(due)

        gone = await self._database.write(work)
        if gone:
            await self._database.compact()
        return gone


def _insert_case(connection: Connection, case: NewCase) -> None:
    header = case.header
    connection.execute(insert(cases), _columns(case))
    for record in case.records:
        _insert_record(connection, header.id, record)
    if case.wraps:
        connection.execute(
            insert(wraps),
            [
                {
                    "slot": slot_within(header.id, key_id),
                    "case_slot": slot_of(header.id),
                    "key_id": key_id,
                    "sealed": sealed,
                }
                for key_id, sealed in sorted(case.wraps.items())
            ],
        )


def _columns(case: NewCase) -> dict[str, Any]:
    own = {"public_key": case.public_key, "inbox": case.inbox}
    return to_columns(case.header) | own


def _insert_record(connection: Connection, case_id: bytes, record: Record) -> None:
    connection.execute(
        insert(records).values(
            slot=slot_within(case_id, str(record.number)),
            case_slot=slot_of(case_id),
            **record._asdict(),
        )
    )


def _append(connection: Connection, case_id: bytes, kind: str, seal: Seal) -> int:
    # The lock on the case's row keeps two appends from taking the same number.
    found = select(cases.c.slot).where(cases.c.slot == slot_of(case_id), cases.c.id == case_id)
    if connection.execute(found.with_for_update()).first() is None:
        raise UnknownCase("This case does not exist any more.")
    last = select(func.max(records.c.number)).where(records.c.case_slot == slot_of(case_id))
    highest = connection.execute(last).scalar()
    number = 0 if highest is None else highest + 1
    _insert_record(connection, case_id, Record(number, kind, seal(number)))
    return number


def _erase(connection: Connection, slots: list[int]) -> None:
    for slot in slots:
        connection.execute(delete(wraps).where(wraps.c.case_slot == slot))
        connection.execute(delete(records).where(records.c.case_slot == slot))
        connection.execute(delete(cases).where(cases.c.slot == slot))
