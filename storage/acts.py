"""What members do to a case: each act is one transaction, together with the record it adds.

A record is added only as the next of its case, since its number is bound into its seal. An act
whose record is there already, byte for byte, was done before: it changes nothing and is no fault,
so that a desk that lost the answer may ask again. A case without a wrap for her is unknown to a
member. Nothing here can open what it stores.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from intake import ledger
from intake.case import LEASE, CaseHeader, ContactRule, Level, State, Turn, to_the_hour
from intake.ledger import Event, Kind
from storage.counts import raise_count
from storage.database import Database
from storage.dialects import in_turn
from storage.errors import Full, HeldByOther, Moved, NoWrap, UnknownCase
from storage.headers import COLUMNS, from_row
from storage.ledger import record as record_events
from storage.parts import (
    Fits,
    always,
    change,
    erase,
    insert_record,
    insert_wrap,
    is_case,
    locked,
    next_number,
    was_answered,
)
from storage.queue import holds
from storage.rows import (
    Answered,
    AnyRecord,
    Count,
    Record,
    ReplyState,
    StoredCase,
    to_seconds,
    up_to_the_hour,
)
from storage.tables import cases, records, replies, slot_of, slot_within, wraps

UNKNOWN = "There is no such case for you: it was erased, or it is not sealed to your key."
HELD = "Another member holds this case. Ask her to give it back, or wait until her lease ends."
CLOSED = "This case is closed. It opens again when the person writes."
NOT_YOURS = "You do not hold this case. Take it first."
MOVED = "Something was added to this case meanwhile. Fetch it again."
NO_WRAP = "This case is not sealed to the colleague's key yet. Seal it to her first."

Values = dict[str, Any]
Step = Callable[[Connection, Row[Any]], Values]
"""Checks whether it may be done, does what is to be done beside the case, and says what changes."""


class Acts:
    """The half of `Cases` that members act through.

    Every method raises UnknownCase; those that ask for the case to be hers raise HeldByOther.
    Where the time is given, a lease of hers that has ended does not count.
    """

    _database: Database

    async def fetch(self, case_id: bytes, key_id: str) -> StoredCase:
        """Everything of a case that a member needs to open it."""
        return await self._database.read(lambda connection: _whole(connection, case_id, key_id))

    async def take(self, case_id: bytes, key_id: str, now: datetime, capacity: int) -> CaseHeader:
        """Hold the case for `LEASE` from now, to the end of that hour; taking again renews it.

        Of two members in the same instant one gets it. Raises Full.
        """

        def step(connection: Connection, case: Row[Any]) -> Values:
            header = from_row(case)
            if header.held_by_other(key_id, now):
                raise HeldByOther(HELD)
            if header.state is State.CLOSED:
                raise HeldByOther(CLOSED)
            _ask(connection, case, key_id, 0)
            return _lease(connection, case, key_id, now, capacity)

        return await self._act(case_id, key_id, None, step, waits_for=key_id)

    async def give_back(
        self, case_id: bytes, key_id: str, record: AnyRecord | None = None
    ) -> CaseHeader:
        """Return a case that this member holds to the queue, with a word or without."""

        def step(_: Connection, case: Row[Any]) -> Values:
            _must(_holds(case, key_id))
            return {"state": State.WAITING.value, "holder": None}

        return await self._act(case_id, key_id, record, step)

    async def note(self, case_id: bytes, key_id: str, record: AnyRecord) -> CaseHeader:
        """Add a record, whoever holds the case. Her advice is not wanted any more: here it is."""

        def step(connection: Connection, case: Row[Any]) -> Values:
            _ask(connection, case, key_id, 0)
            return {}

        return await self._act(case_id, key_id, record, step)

    async def reply(
        self,
        case_id: bytes,
        key_id: str,
        now: datetime,
        record: AnyRecord,
        letter: bytes,
        token: bytes | None,
        counted: Callable[[CaseHeader], Count] | None = None,
    ) -> CaseHeader:
        """Answer the person: `record` for the desks, `letter` for him. It is his turn then.

        Without `token`, or where nobody may write first, it lies in his inbox until he looks, and
        no token is kept. `counted`: what the first answer to this case counts in.
        """

        def step(connection: Connection, case: Row[Any]) -> Values:
            _must(_holds(case, key_id, now))
            # Before the letter: another reply may have this number already, and its row the place.
            _check_next(connection, case_id, record)
            if counted is not None and not was_answered(connection, case.slot):
                raise_count(connection, counted(from_row(case)))
            told = token is not None and ContactRule.parse(case.contact).hours is not None
            connection.execute(
                insert(replies).values(
                    slot=slot_within(case_id, f"reply {record[0]}"),
                    case_slot=case.slot,
                    number=record[0],
                    sealed=letter,
                    state=(ReplyState.WAITING if told else ReplyState.INBOX).value,
                    token=token if told else None,
                    doubtful=0,
                )
            )
            return {"turn": Turn.THEIRS.value}

        return await self._act(case_id, key_id, record, step)

    async def hand_over(
        self,
        case_id: bytes,
        key_id: str,
        to: str,
        wrap: bytes | None,
        record: AnyRecord | None,
        now: datetime,
        capacity_of_to: int,
        lead: bool = False,
        fits: Fits = always,
    ) -> CaseHeader:
        """The colleague holds it from now on, and can open it. Raises NoWrap, Full; Moved, where
        the wrap does not fit the case as it is.

        A lead hands over what another holds as well.
        """
        told: list[Event] = []

        def step(connection: Connection, case: Row[Any]) -> Values:
            _must(_holds(case, key_id, now) or (lead and case.state == State.TAKEN.value))
            added = _open_to(connection, case, to, wrap, fits)
            if added or case.holder != to:
                told.append(_to(Kind.HAND_OVER, key_id, to, case_id, now.date()))
            _ask(connection, case, to, 0)
            return _lease(connection, case, to, now, capacity_of_to)

        return await self._act(case_id, key_id, record, step, waits_for=to, told=told)

    async def ask(
        self,
        case_id: bytes,
        key_id: str,
        to: str,
        wrap: bytes | None,
        record: AnyRecord | None,
        day: date,
        fits: Fits = always,
    ) -> CaseHeader:
        """The colleague can open it, and is shown that her advice is wanted. Raises NoWrap; Moved,
        where the wrap does not fit the case as it is."""
        told: list[Event] = []

        def step(connection: Connection, case: Row[Any]) -> Values:
            _must(_holds(case, key_id))
            if _open_to(connection, case, to, wrap, fits):
                told.append(_to(Kind.ADVICE, key_id, to, case_id, day))
            _ask(connection, case, to, 1)
            return {}

        return await self._act(case_id, key_id, record, step, told=told)

    async def set_level(
        self,
        case_id: bytes,
        key_id: str,
        lead: bool,
        level: Level,
        record: AnyRecord,
        now: datetime,
        promised_by: datetime,
    ) -> CaseHeader:
        """Another urgency, by the one who holds the case or a lead. A higher one is told of."""

        def step(_: Connection, case: Row[Any]) -> Values:
            _must(lead or _holds(case, key_id, now))
            told: Values = {"alerted": 0} if level.value < case.level else {}
            return {"level": level.value, "promised_by": to_seconds(promised_by)} | told

        return await self._act(case_id, key_id, record, step)

    async def close(
        self,
        case_id: bytes,
        key_id: str,
        record: AnyRecord | None,
        now: datetime,
        counted: Count | None = None,
    ) -> CaseHeader:
        """Close a case that this member holds. What waits to be sent is sent all the same.

        A closed case has no lease; the column then keeps the hour of closing, from which the
        thirty days until erasure count. `counted`: what its first closing counts in; a case that
        was opened again is not another person.
        """

        def step(connection: Connection, case: Row[Any]) -> Values:
            _must(_holds(case, key_id, now))
            _ask(connection, case, None, 0)
            hour = to_seconds(to_the_hour(now))
            closed = {"state": State.CLOSED.value, "holder": None, "leased_until": hour}
            if counted is None or case.concluded:
                return closed
            raise_count(connection, counted)
            return closed | {"concluded": 1}

        return await self._act(case_id, key_id, record, step)

    async def erase_held(self, case_id: bytes, key_id: str, lead: bool, day: date) -> None:
        """Erase a case, by the one who holds it or a lead; afterwards nothing is on the disk."""

        def work(connection: Connection) -> None:
            case = _opened(connection, case_id, key_id)
            _must(lead or _holds(case, key_id))
            erase(connection, is_case(case_id), day, by=key_id)

        await self._database.write(work)
        await self._database.compact()

    async def _act(
        self,
        case_id: bytes,
        key_id: str,
        record: AnyRecord | None,
        step: Step,
        waits_for: str | None = None,
        told: Sequence[Event] = (),
    ) -> CaseHeader:
        """`told`: what the step adds there stands in the record of key events with the act."""

        def work(connection: Connection) -> CaseHeader:
            if waits_for is not None:
                in_turn(connection, waits_for)  # she might take two cases in the same instant
            case = _opened(connection, case_id, key_id)
            if record is None or not _there(connection, case_id, record):
                values = step(connection, case)
                if record is not None:
                    _add(connection, case_id, record)
                if values:
                    change(connection, case_id, values)
            clause = select(*COLUMNS).where(is_case(case_id))
            header = from_row(connection.execute(clause).one())
            record_events(connection, told)
            return header

        return await self._database.write(work)


def _opened(connection: Connection, case_id: bytes, key_id: str) -> Row[Any]:
    """The case, its row locked, if it is sealed to her."""
    if connection.execute(_wrap(case_id, key_id)).first() is None:
        raise UnknownCase(UNKNOWN)
    return locked(connection, is_case(case_id))


def _holds(case: Row[Any], key_id: str, now: datetime | None = None) -> bool:
    if case.state != State.TAKEN.value or case.holder != key_id:
        return False
    return now is None or case.leased_until > to_seconds(now)


def _must(hers: bool) -> None:
    if not hers:
        raise HeldByOther(NOT_YOURS)


def _lease(
    connection: Connection, case: Row[Any], key_id: str, now: datetime, capacity: int
) -> Values:
    """A lease of hers, if she has room for it; one that runs on this case takes none."""
    if not _holds(case, key_id, now):
        clause = select(func.count()).select_from(cases).where(holds(key_id, now))
        held: int = connection.execute(clause).scalar_one()
        if held >= capacity:
            raise Full(held)
    until = to_seconds(up_to_the_hour(now + LEASE))
    return {"state": State.TAKEN.value, "holder": key_id, "leased_until": until}


def _open_to(
    connection: Connection, case: Row[Any], key_id: str, wrap: bytes | None, fits: Fits
) -> bool:
    """Her wrap, where she has none yet: she may be able to open the case already. Whether it was
    added."""
    if connection.execute(_wrap(case.id, key_id)).first() is not None:
        return False
    if wrap is None:
        raise NoWrap(NO_WRAP)
    if not fits(case.id, case.epoch, wrap):
        raise Moved(MOVED)  # of the key of before: the case was re-keyed meanwhile
    insert_wrap(connection, case.id, key_id, wrap)
    return True


def _to(kind: Kind, by: str, to: str, case_id: bytes, day: date) -> Event:
    return Event(kind=kind, day=day, by=by, to=to, case=ledger.mark(case_id))


def _ask(connection: Connection, case: Row[Any], key_id: str | None, asked: int) -> None:
    """Whether advice is wanted of one member, or of all."""
    which = (wraps.c.case_slot == case.slot) & (wraps.c.asked != asked)
    if key_id is not None:
        which &= wraps.c.key_id == key_id
    connection.execute(update(wraps).where(which), {"asked": asked})


def _there(connection: Connection, case_id: bytes, record: AnyRecord) -> bool:
    """Whether this very record is one of the case's already."""
    number, kind, sealed = record
    clause = select(records.c.kind, records.c.sealed).where(
        records.c.case_slot == slot_of(case_id), records.c.number == number
    )
    found = connection.execute(clause).first()
    return found is not None and tuple(found) == (kind, sealed)


def _check_next(connection: Connection, case_id: bytes, record: AnyRecord) -> None:
    if record[0] != next_number(connection, case_id):
        raise Moved(MOVED)


def _add(connection: Connection, case_id: bytes, record: AnyRecord) -> None:
    _check_next(connection, case_id, record)
    insert_record(connection, case_id, record)


def _whole(connection: Connection, case_id: bytes, key_id: str) -> StoredCase:
    case = connection.execute(select(cases).where(is_case(case_id))).first()
    wrap = connection.execute(_wrap(case_id, key_id)).scalar()
    if case is None or wrap is None:
        raise UnknownCase(UNKNOWN)
    own = slot_of(case_id)
    parts = select(records.c.number, records.c.kind, records.c.sealed)
    answered = select(replies.c.number, replies.c.state)
    openers = select(wraps.c.key_id).where(wraps.c.case_slot == own).order_by(wraps.c.key_id)
    return StoredCase(
        from_row(case),
        case.public_key,
        tuple(
            Record(*part)
            for part in connection.execute(
                parts.where(records.c.case_slot == own).order_by(records.c.number)
            )
        ),
        wrap,
        case.token,
        tuple(connection.scalars(openers)),
        tuple(
            Answered(*reply)
            for reply in connection.execute(
                answered.where(replies.c.case_slot == own).order_by(replies.c.number)
            )
        ),
    )


def _wrap(case_id: bytes, key_id: str) -> Any:
    mine = (wraps.c.case_slot == slot_of(case_id)) & (wraps.c.key_id == key_id)
    return select(wraps.c.sealed).where(mine)
