"""The queue: which cases wait for a member, and who holds one. One conditional write decides.

A member is known by the id of her sealing key, which is also what a case names as its holder.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, select, update

from intake.case import LEASE, CaseHeader, State, to_the_hour
from storage.database import Database
from storage.errors import HeldByOther, UnknownCase
from storage.headers import COLUMNS, from_row
from storage.rows import Record, StoredCase, to_seconds, up_to_the_hour
from storage.tables import cases, records, slot_of, wraps

UNKNOWN = "There is no such case for you: it was erased, or it is not sealed to your key."
HELD = "Another member holds this case. Ask her to give it back, or wait until her lease ends."
NOT_YOURS = "You do not hold this case. Take it first."


def _is(case_id: bytes) -> ColumnElement[bool]:
    return (cases.c.slot == slot_of(case_id)) & (cases.c.id == case_id)


def _sealed_to(key_id: str) -> ColumnElement[bool]:
    mine = (wraps.c.case_slot == cases.c.slot) & (wraps.c.key_id == key_id)
    return select(wraps.c.slot).where(mine).exists()


def _free_for(key_id: str, now: datetime) -> ColumnElement[bool]:
    """Waiting, held by herself, or held by somebody whose lease has ended."""
    lapsed = cases.c.leased_until <= to_seconds(now)
    held = (cases.c.state == State.TAKEN.value) & ((cases.c.holder == key_id) | lapsed)
    return (cases.c.state == State.WAITING.value) | held


class Queue:
    """The half of `Cases` that members use."""

    _database: Database

    async def queue(self, key_id: str, now: datetime) -> list[CaseHeader]:
        """What this member could take or holds: most urgent first, then longest waiting."""
        clause = (
            select(*COLUMNS)
            .where(_free_for(key_id, now), _sealed_to(key_id))
            .order_by(cases.c.level, cases.c.received, cases.c.slot)
        )
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [_as_of(from_row(row), now) for row in found]

    async def held(self, key_id: str, now: datetime) -> list[bytes]:
        """The ids of the cases on which this member's lease runs at `now`."""
        running = (cases.c.state == State.TAKEN.value) & (cases.c.leased_until > to_seconds(now))
        clause = select(cases.c.id).where(running, cases.c.holder == key_id)
        return await self._database.read(lambda connection: list(connection.scalars(clause)))

    async def untaken_since(self, before: datetime, now: datetime) -> list[CaseHeader]:
        """Cases received at or before `before` that nobody holds at `now`: for an alarm."""
        clause = (
            select(*COLUMNS)
            .where(cases.c.received <= to_seconds(before), _free_for("", now))
            .order_by(cases.c.level, cases.c.received, cases.c.slot)
        )
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [_as_of(from_row(row), now) for row in found]

    async def take(self, case_id: bytes, key_id: str, now: datetime) -> CaseHeader:
        """Hold the case for `LEASE` from now, to the end of that hour; taking again renews it.

        Of two members in the same instant one gets it. Raises UnknownCase or HeldByOther.
        """
        until = to_seconds(up_to_the_hour(now + LEASE))
        lease = update(cases).values(state=State.TAKEN.value, holder=key_id, leased_until=until)
        return await self._change(lease, case_id, key_id, _free_for(key_id, now), HELD)

    async def give_back(self, case_id: bytes, key_id: str) -> CaseHeader:
        """Return a case that this member holds to the queue. Raises UnknownCase or HeldByOther."""
        free = update(cases).values(state=State.WAITING.value, holder=None, leased_until=None)
        return await self._change(free, case_id, key_id, cases.c.holder == key_id, NOT_YOURS)

    async def close(self, case_id: bytes, key_id: str, now: datetime) -> CaseHeader:
        """Close a case that this member holds. Raises UnknownCase or HeldByOther.

        A closed case has no lease; the column then keeps the hour of closing, from which the
        thirty days until erasure count.
        """
        closed = update(cases).values(
            state=State.CLOSED.value, holder=None, leased_until=to_seconds(to_the_hour(now))
        )
        return await self._change(closed, case_id, key_id, cases.c.holder == key_id, NOT_YOURS)

    async def fetch(self, case_id: bytes, key_id: str) -> StoredCase:
        """Everything of a case that a member needs to open it. Raises UnknownCase."""

        def work(connection: Connection) -> StoredCase:
            case = connection.execute(select(cases).where(_is(case_id))).first()
            wrap = connection.execute(_wrap(case_id, key_id)).scalar()
            if case is None or wrap is None:
                raise UnknownCase(UNKNOWN)
            parts = connection.execute(_parts(case_id)).all()
            listed = tuple(Record(*part) for part in parts)
            return StoredCase(from_row(case), case.public_key, listed, wrap)

        return await self._database.read(work)

    async def _change(
        self, how: Update, case_id: bytes, key_id: str, only_if: ColumnElement[bool], why: str
    ) -> CaseHeader:
        mine = _is(case_id) & _sealed_to(key_id)

        def work(connection: Connection) -> CaseHeader:
            row = connection.execute(how.where(mine, only_if).returning(*COLUMNS)).first()
            if row is not None:
                return from_row(row)
            if connection.execute(select(cases.c.slot).where(mine)).first() is None:
                raise UnknownCase(UNKNOWN)
            raise HeldByOther(why)

        return await self._database.write(work)


def _wrap(case_id: bytes, key_id: str) -> Any:
    mine = (wraps.c.case_slot == slot_of(case_id)) & (wraps.c.key_id == key_id)
    return select(wraps.c.sealed).where(mine)


def _parts(case_id: bytes) -> Any:
    columns = (records.c.number, records.c.kind, records.c.sealed)
    return (
        select(*columns).where(records.c.case_slot == slot_of(case_id)).order_by(records.c.number)
    )


def _as_of(header: CaseHeader, now: datetime) -> CaseHeader:
    """A lease that has ended is no lease."""
    until = header.leased_until
    if header.state is State.TAKEN and until is not None and until <= now:
        return replace(header, state=State.WAITING, holder=None, leased_until=None)
    return header
